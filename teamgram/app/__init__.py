"""Configuration, wiring, start and stop, the command line."""
