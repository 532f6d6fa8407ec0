"""Basic groups: who is in them, who may do what, and invite links."""
