"""Messages in private chats and basic groups."""
