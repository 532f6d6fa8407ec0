"""Tests of teamgram.domain.scheduled."""
