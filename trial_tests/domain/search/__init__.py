"""Tests of teamgram.domain.search."""
