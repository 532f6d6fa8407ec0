"""Channels and supergroups."""
