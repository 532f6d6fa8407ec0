"""Polls and to-do lists: what may be asked, who votes and ticks off, and how the others hear of it."""
