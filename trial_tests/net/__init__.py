"""Tests of what any listener meets."""
