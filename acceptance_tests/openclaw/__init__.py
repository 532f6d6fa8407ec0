"""OpenClaw's own programs (npm ``openclaw``) against our gateway; ``make test-openclaw``."""
