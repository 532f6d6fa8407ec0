"""Agents as accounts of the messenger: what is written to them, and how they answer."""
