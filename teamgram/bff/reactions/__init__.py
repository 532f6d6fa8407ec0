"""Reactions over TL."""
