"""Polls and to-do lists over TL."""
