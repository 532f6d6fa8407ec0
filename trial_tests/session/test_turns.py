"""Who has which part of a reactor turn, by a clock that each request moves on."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.session.turns import ReactorTurns

PART = 3
BEHIND = 6


class FakeWrapper:
    """A key with requests, and frames that bring one each; every request takes a while."""

    def __init__(self, case: TurnsTests, name: str, *, requests: int = 0, frames: int = 0, takes: int = 1) -> None:
        self._case = case
        self.wrapper_id = name
        self.requests = requests
        self.frames = frames
        self.takes = takes
        self.broken = False
        self.is_ready = self.is_behind = self.dirty = False
        self.frames_this_turn = 0
        self.core = self
        self.sends_for = 0
        self.session_id = name

    def start_next(self, now: float) -> bool:
        if not self.requests:
            return False
        self.requests -= 1
        self._case.elapsed += self.takes
        if self.broken:
            raise ValueError("broken")
        self._case.did.append(self.wrapper_id)
        self._case.turns.dirty(self)  # type: ignore[arg-type]
        return True

    def take_next(self, now: float) -> bool:
        if not self.frames:
            return False
        self.frames -= 1
        self.requests += 1
        self._case.turns.rpc_ready(self)  # type: ignore[arg-type]
        return True


class FakeWork:
    """Asks the key itself."""

    def __init__(self, case: TurnsTests) -> None:
        self._case = case

    def flush(self, session: Any, now: float) -> None:
        self._case.elapsed += session.sends_for
        self._case.did.append(f"send {session.core.session_id}")

    def sends_much(self, session: Any) -> bool:
        return bool(session.sends_for)

    def take_next(self, wrapper: Any, now: float) -> bool:
        taken: bool = wrapper.take_next(now)
        return taken

    def takes_frames(self, wrapper: Any) -> bool:
        return bool(wrapper.frames)

    def start_next(self, wrapper: Any, now: float) -> bool:
        started: bool = wrapper.start_next(now)
        return started

    def has_more_to_start(self, wrapper: Any) -> bool:
        return bool(wrapper.requests)

    def part_ended(self, wrapper: Any) -> None:
        """Nobody was refused."""


class TurnsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.elapsed = 0.0
        self.did: list[str] = []
        self.turns = ReactorTurns(
            self.clock,
            FakeWork(self),
            frames_per_turn=8,
            part_seconds=PART,
            behind_seconds=BEHIND,
            gunzip_turn_bytes=1000,
            seconds=lambda: self.elapsed,
        )

    def turn(self, *ready: FakeWrapper, behind: tuple[FakeWrapper, ...] = ()) -> list[str]:
        """What one turn did after these have something to do."""
        self.did.clear()
        for wrapper in behind:
            self.turns.behind(wrapper)  # type: ignore[arg-type]
        for wrapper in ready:
            self.turns.rpc_ready(wrapper)  # type: ignore[arg-type]
        # One call only: advance() would go on until nothing is left to do.
        for call in self.clock.getDelayedCalls()[:1]:
            call.cancel()
            self.turns.end()
        return list(self.did)

    def wrapper(self, name: str, **has: Any) -> FakeWrapper:
        return FakeWrapper(self, name, **has)

    def test_together(self) -> None:
        """What became ready together leaves together."""
        self.assertEqual(self.turn(self.wrapper("a", requests=2)), ["a", "a", "send a"])

    def test_part(self) -> None:
        """A key has so long, then the others; what is left comes after them, and the rest in the next turns."""
        a, b = self.wrapper("a", requests=8), self.wrapper("b", requests=2)
        self.assertEqual(self.turn(a, b), ["a", "a", "a", "b", "b", "send a", "send b", "a", "a", "a", "send a"])
        self.assertEqual(self.turn(), ["a", "a", "send a"])
        self.assertEqual(self.turn(), [])

    def test_pieces_of_files_leave_last(self) -> None:
        """One or two in a turn, each session's in its place in line, and never before somebody's small answer."""
        large = [self.wrapper(name, requests=1) for name in "abcd"]
        for wrapper in large:
            wrapper.sends_for = 4
        small = self.wrapper("s", requests=1)
        self.assertEqual(self.turn(*large, small), ["a", "b", "c", "d", "s", "send s", "send a", "send b"])
        small.requests = 1
        self.assertEqual(self.turn(small), ["s", "send s", "send c", "send d"])
        self.assertEqual(self.turn(), [])

    def test_who_asks_little_goes_first(self) -> None:
        """Answered and sent before anything of those that were behind already."""
        a, b = self.wrapper("a", requests=50), self.wrapper("b")
        self.turn(a)
        b.requests = 1
        self.assertEqual(self.turn(b), ["b", "send b", "a", "a", "a", "send a"])

    def test_all_who_are_behind(self) -> None:
        """Together they have so long in a turn, and take turns at it."""
        behind = tuple(self.wrapper(name, frames=9) for name in "abc")
        a3, b3, c3 = ([name] * 3 for name in "abc")
        self.assertEqual(self.turn(behind=behind), [*a3, *b3, "send a", "send b"])
        self.assertEqual(self.turn(), [*c3, *a3, "send c", "send a"])
        self.assertEqual(self.turn(), [*b3, *c3, "send b", "send c"])

    def test_slow_request(self) -> None:
        """One that takes longer than a part is its key's only one in the turn."""
        slow, quick = self.wrapper("slow", frames=3, takes=10), self.wrapper("quick", requests=2)
        self.assertEqual(self.turn(quick, behind=(slow,)), ["quick", "quick", "send quick", "slow", "send slow"])
        self.assertEqual(self.turn(), ["slow", "send slow"])

    def test_one_that_breaks(self) -> None:
        """Is logged and keeps nobody else waiting; its next request runs."""
        broken, other = self.wrapper("broken", requests=2), self.wrapper("other", requests=1)
        broken.broken = True
        self.assertEqual(self.turn(broken, other), ["other", "send other"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)
        self.assertEqual(broken.requests, 0)
