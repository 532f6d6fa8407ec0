"""The agents: sessions' runs, the models that answer, the tools they use."""
