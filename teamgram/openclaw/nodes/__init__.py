"""Devices that lend what they can do: their commands, surfaces and canvas."""
