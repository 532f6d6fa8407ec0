"""A person's OpenClaw, brought over: what lies in its state directory is read, and nothing of it changed."""
