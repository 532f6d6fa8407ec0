"""Tests with whole products of others, too large for ``make test``."""
