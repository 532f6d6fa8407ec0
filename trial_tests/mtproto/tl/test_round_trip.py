"""Whatever the newest layer can say comes back as it was, and reads the same with a plain, slow reader."""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.mtproto.tl import NEWEST_LAYER, TLObject, decode, encode, registry
from teamgram.mtproto.tl.classes import attribute_name
from trial_tests.mtproto.tl import plain_reader
from trial_tests.mtproto.tl.random_objects import RandomObjects

BOOLS = frozenset({"boolTrue", "boolFalse"})


def plain(value: Any) -> Any:
    """An object as the plain reader shows it."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, TLObject):
        return value
    fields = {}
    for field in registry.definition_of(value.NAME, NEWEST_LAYER).fields:
        if field.type != "#":
            held = getattr(value, attribute_name(field.name))
            if held is not None and not (field.type == "true" and not held):
                fields[field.name] = plain(held)
    return value.NAME, fields


class RoundTripTests(SynchronousTestCase):
    """encode, then decode."""

    def test_every_definition(self) -> None:
        """Every constructor and function of the newest layer, bare and full."""
        count = 0
        for number in registry.all_ids():
            entry = registry.entry(number)
            if entry.is_in(NEWEST_LAYER) and entry.definition.name not in BOOLS:
                for density in (0.0, 1.0):
                    written = RandomObjects(Random(number), density=density).object(entry.definition, 2)
                    self.assertEqual(decode(encode(written)), written)
                    count += 1
        self.assertGreater(count, 4900)

    @settings(max_examples=150, deadline=None, database=None)
    @given(st.integers(0, 1 << 32))
    def test_random_objects(self, seed: int) -> None:
        """A random object of a random type, and its bytes mean the same to the plain reader."""
        random = Random(seed)
        definition = registry.entry(random.choice(registry.all_ids())).definition
        newest = registry.definition_of(definition.name, NEWEST_LAYER)
        if newest is None or newest.name in BOOLS or any(field.type == "!X" for field in newest.fields):
            return
        written = RandomObjects(random).object(newest, 5)
        data = encode(written)
        self.assertEqual(decode(data), written)
        self.assertEqual(plain_reader.read(data, NEWEST_LAYER), plain(written))
