"""Some rounds of each kind of fault; ``make faults`` runs thousands (docs/reliability.md)."""

from twisted.internet import reactor
from twisted.trial import unittest

from tools.faults import run_kind


class FaultTests(unittest.TestCase):
    """After each round every request was answered once, every update is there once, and nothing is left behind."""

    timeout = 300.0

    async def rounds(self, kind: str, number: int) -> None:
        counts = await run_kind(reactor, kind, number)
        self.assertEqual(counts["rounds"], number)
        self.assertGreater(counts["messages"], 0)

    async def test_connections_cut_at_any_byte(self) -> None:
        """In either direction."""
        await self.rounds("cut", 12)

    async def test_bytes_one_at_a_time(self) -> None:
        """In every transport."""
        await self.rounds("bytes", 5)

    async def test_frames_reordered_between_two_connections(self) -> None:
        """Of one session."""
        await self.rounds("reorder", 12)

    async def test_duplicate_frames(self) -> None:
        """On the same connection and on another."""
        await self.rounds("duplicate", 12)

    async def test_late_acknowledgements(self) -> None:
        """In part, twice, after the resending."""
        await self.rounds("acks", 12)

    async def test_restarts(self) -> None:
        """kill -9 while requests are under way."""
        await self.rounds("restart", 2)
