"""The agents' control plane on port 18789."""
