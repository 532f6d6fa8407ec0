"""Real client libraries against a running server: each in its own process and virtual environment."""
