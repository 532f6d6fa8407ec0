"""Invite links."""
