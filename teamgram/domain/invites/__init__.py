"""Invite links, which let people into basic groups, supergroups and channels alike."""
