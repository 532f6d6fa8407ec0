"""Reactions to messages, and the tags of saved ones: who may react, what with, and how the others hear of it."""
