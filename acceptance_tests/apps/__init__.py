"""Telegram's own apps against our server, with hands and eyes: ``make test-apps``."""
