"""Channels and supergroups: what they are, who is in them and who may do what there."""
