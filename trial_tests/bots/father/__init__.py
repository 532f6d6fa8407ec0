"""BotFather."""
