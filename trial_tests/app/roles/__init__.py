"""Tests of ``teamgram/app/roles``."""
