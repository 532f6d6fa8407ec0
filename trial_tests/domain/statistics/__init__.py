"""Tests of numbers about channels."""
