"""Texts as bots write them, and entities as they are told. Plain Python."""
