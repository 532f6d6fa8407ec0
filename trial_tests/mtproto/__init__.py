"""Tests of the wire and of TL."""

from hypothesis import settings

# A limit on single examples would fail them on a machine that is busy with something else.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")
