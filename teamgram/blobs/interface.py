"""What every engine does. Names are hexadecimal; whatever has another form is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that stay.

    Attributes:
        name: their SHA-256 in hexadecimal; equal bytes are stored once.
        md5: in hexadecimal, which clients send with small files.
    """

    name: str
    size: int
    md5: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies in the store under a name; ``written_at`` in unix seconds."""

    name: str
    size: int
    written_at: float


class Blobs(Protocol):
    """A store of bytes. What a method has answered is on disk.

    Every method may raise ``BlobsAway``: the store cannot be asked now, and later it can.
    """

    @property
    def failing(self) -> str:
        """Why the store did not do what it was asked last; empty while it does."""

    async def check(self) -> None:
        """Ask whether it is there, and say so in ``failing``. Raises nothing."""

    async def stage(self, data: bytes) -> str:
        """Store a piece for a while; the name that it has from now on.

        Raises:
            BlobsFull: there is no room.
        """

    async def discard(self, staged: Sequence[str]) -> None:
        """Drop staged pieces; those that are gone are passed over."""

    async def drop_staged(self, before: float) -> None:
        """Drop the pieces that were staged before then (unix seconds), whoever forgot them."""

    async def join(self, staged: Sequence[str]) -> Kept:
        """Keep staged pieces, one behind the other, as one; they stay staged.

        Raises:
            BlobMissing: one of them is gone; its text is the name.
            BlobsFull: there is no room.
        """

    async def keep(self, data: bytes) -> Kept:
        """Keep bytes that are few enough to be in memory.

        Raises:
            BlobsFull: there is no room.
        """

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """At most ``length`` of the kept bytes from ``offset``; fewer, or none, behind their end.

        Raises:
            BlobMissing: there are none of that name.
        """

    async def hashes(self, name: str, offset: int, length: int, count: int) -> list[tuple[int, int, bytes]]:
        """(offset, length, SHA-256) of the next ``count`` pieces of ``length`` bytes from ``offset``, to the end.

        Raises:
            BlobMissing: there are none of that name.
        """

    async def stored(self, after: str, at_most: int) -> list[Stored]:
        """What is kept under names behind ``after``, in their order; fewer than ``at_most`` at the end only."""

    async def remove(self, name: str) -> None:
        """Drop kept bytes; no error when they are gone. Whoever has the name of them must not be left."""

    async def close(self) -> None:
        """Wait for what is under way."""
