"""Messages that are sent at a time, or when somebody is online."""
