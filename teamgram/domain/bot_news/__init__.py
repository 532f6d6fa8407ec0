"""What happens around bots that is no message."""
