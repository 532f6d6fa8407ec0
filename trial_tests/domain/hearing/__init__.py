"""Bots: what the domain does by itself."""
