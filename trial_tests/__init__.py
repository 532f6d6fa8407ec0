"""Tests, laid out as the package is; run with trial."""
