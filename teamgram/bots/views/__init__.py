"""Facts of the domain as the Bot API's objects."""
