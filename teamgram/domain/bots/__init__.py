"""Bots: accounts with an owner and a token, and what waits for them until it is taken."""
