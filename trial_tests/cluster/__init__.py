"""Tests of ``teamgram/cluster``."""
