"""Teamgram for Twisted: a Telegram server and an agents' control plane in one process."""

__version__ = "0.1.0"
