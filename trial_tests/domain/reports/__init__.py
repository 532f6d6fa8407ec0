"""Tests of teamgram.domain.reports."""
