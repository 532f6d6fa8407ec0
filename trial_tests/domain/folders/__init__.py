"""Tests of teamgram.domain.folders."""
