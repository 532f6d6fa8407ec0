"""Which process owns a key: consistent hashing over the names of those that are there.

Each member stands at many places of a circle of 2**64; a key belongs to the
first member at or behind it. One that comes or goes takes or leaves its own
share and moves no other's. Whoever has the same members has the same ring: nothing
has to be agreed on.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from hashlib import blake2b

PLACES = 128
"""Of each member: shares differ by a tenth then."""

_MASK = (1 << 64) - 1


class Ring:
    """The owners of all 64-bit keys. Keys are ``auth_key_id``s, which are hashes already."""

    __slots__ = ("_owners", "_places", "members")

    def __init__(self, members: Iterable[str]) -> None:
        self.members = tuple(sorted(set(members)))
        placed = sorted((_place(member, number), member) for member in self.members for number in range(PLACES))
        self._places = [place for place, _ in placed]
        self._owners = [member for _, member in placed]

    def owner(self, key: int) -> str:
        """Whose the key is; "" when nobody is there."""
        if not self._owners:
            return ""
        return self._owners[bisect_left(self._places, key & _MASK) % len(self._owners)]

    def in_order(self, key: int) -> Iterator[str]:
        """The owner, then who would be it without those before, each once."""
        start = bisect_left(self._places, key & _MASK)
        seen: set[str] = set()
        for number in range(len(self._owners)):
            member = self._owners[(start + number) % len(self._owners)]
            if member not in seen:
                seen.add(member)
                yield member


def _place(member: str, number: int) -> int:
    return int.from_bytes(blake2b(f"{member}#{number}".encode(), digest_size=8).digest(), "big")
