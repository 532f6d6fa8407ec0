"""Telegram's own apps, pointed at this server: what is in a build of one, and ours written over a copy of it."""
