"""The hash by which a client says which list it has (core.telegram.org/api/offsets#hash-generation)."""

from collections.abc import Iterable

_ALL = (1 << 64) - 1


def list_hash(ids: Iterable[int]) -> int:
    """Of the ids of a list in order, as a signed 64-bit number; clients that count it themselves get the same."""
    found = 0
    for id_ in ids:
        found ^= found >> 21
        found ^= found << 35 & _ALL
        found ^= found >> 4
        found = found + id_ & _ALL
    return found - (1 << 64) if found >> 63 else found
