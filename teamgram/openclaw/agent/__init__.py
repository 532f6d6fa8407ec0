"""The agents: sessions' turns, the models that answer, the tools they use."""
