"""Channels in numbers, for their administrators."""
