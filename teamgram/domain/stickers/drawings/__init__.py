"""Animations of our own, made of simple shapes: dice of every kind, and a few emoji."""
