"""Folders: which conversations somebody sees together, and the links by which others get the same ones."""
