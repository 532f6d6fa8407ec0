"""The hash by which a client says which list it has (core.telegram.org/api/offsets#hash-generation)."""

from collections.abc import Iterable
from hashlib import md5

_ALL = (1 << 64) - 1


def text_number(text: str) -> int:
    """What stands for a text in such a list: half of its MD5 (core.telegram.org/api/saved-messages#tags)."""
    return int.from_bytes(md5(text.encode(), usedforsecurity=False).digest()[:8], "big")


def list_hash(ids: Iterable[int]) -> int:
    """Of the ids of a list in order, as a signed 64-bit number; clients that count it themselves get the same."""
    found = 0
    for id_ in ids:
        found ^= found >> 21
        found ^= found << 35 & _ALL
        found ^= found >> 4
        found = found + id_ & _ALL
    return found - (1 << 64) if found >> 63 else found
