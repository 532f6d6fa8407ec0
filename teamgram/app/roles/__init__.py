"""Processes of one role, beside which others have the others (docs/cluster.md); ``app.server`` is all."""
