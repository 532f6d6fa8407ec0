"""BotFather: the account that people write to when they want a bot."""
