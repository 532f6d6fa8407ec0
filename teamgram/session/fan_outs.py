"""One pushed object for many receivers: its form in each layer, and each receiver's part of a turn.

Numbers that are a receiver's own are put into the form of the receiver's layer.
A form is made when somebody of that layer is to get it, and then it is there
for all. What many get is queued and sent receiver by receiver, for as long in
a reactor turn as everybody has who is behind (``turns``); the rest comes in the
next ones.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from time import perf_counter

from twisted.logger import Logger

from teamgram.interfaces.updates import PushedUpdates, Receiver
from teamgram.mtproto.tl import NEWEST_LAYER
from teamgram.mtproto.tl.places import Places, fill, find_places, marks
from teamgram.session.session_list import ClientSession
from teamgram.session.turns import ReactorTurns

MAX_QUEUED = 20_000
"""Receivers that may wait for their part; what is more goes out without waiting, so that nobody can pile them up."""


class Forms:
    """A pushed object in the layers that are asked for."""

    __slots__ = ("_convert", "_forms", "updates")

    _log = Logger()

    def __init__(self, updates: PushedUpdates, convert: Callable[[bytes, int], bytes]) -> None:
        self.updates = updates
        self._convert = convert
        self._forms: dict[int, tuple[bytes, Places] | None] = {}

    def body(self, layer: int, numbers: Sequence[int]) -> bytes | None:
        """The object in that layer with a receiver's numbers; None for a fault of ours in one layer."""
        if layer not in self._forms:
            self._forms[layer] = self._form(layer)
        form = self._forms[layer]
        if form is None:
            return None
        return fill(form[0], form[1], numbers) if form[1] else form[0]

    def _form(self, layer: int) -> tuple[bytes, Places] | None:
        body, places = self.updates.body, self.updates.places
        if layer >= NEWEST_LAYER:
            return body, places
        try:
            first = self._convert(body, layer)
            if not places:
                return first, ()
            count = max(number for _, number in places) + 1
            return first, find_places(first, self._convert(fill(body, places, marks(count, second=True)), layer))
        except Exception:
            # It must not keep the others from their update.
            self._log.failure("encoding updates for layer {layer}", layer=layer)
            return None


class FanOuts:
    """Receivers who have not got what was pushed yet, in the order of the pushes.

    Args:
        queue: puts one receiver's object into their sessions; those that have something to send now.
        part_seconds: how long all of them have in a turn.
    """

    _log = Logger()

    def __init__(
        self,
        turns: ReactorTurns,
        queue: Callable[[Forms, Receiver], Sequence[ClientSession]],
        part_seconds: float,
        seconds: Callable[[], float] = perf_counter,
    ) -> None:
        self._turns = turns
        self._queue = queue
        self._part_seconds = part_seconds
        self._seconds = seconds
        self._waiting: deque[tuple[Forms, Receiver]] = deque()
        self._of_user: Counter[int] = Counter()

    def has(self, user_id: int) -> bool:
        """Whether something waits for the user: what comes after it must wait behind it."""
        return user_id in self._of_user

    def add(self, forms: Forms, receivers: Sequence[Receiver]) -> None:
        """Queue one object for these."""
        if not receivers:
            return
        if not self._waiting:
            self._turns.last(self._go_on)
        for receiver in receivers:
            self._waiting.append((forms, receiver))
            self._of_user[receiver.user_id] += 1

    def _go_on(self) -> None:
        until = self._seconds() + self._part_seconds
        while self._waiting:
            self._next()
            if self._seconds() >= until and len(self._waiting) <= MAX_QUEUED:
                break
        if self._waiting:
            self._turns.last(self._go_on)

    def finish(self) -> None:
        """All of them now."""
        while self._waiting:
            self._next()

    def _next(self) -> None:
        forms, receiver = self._waiting.popleft()
        user_id = receiver.user_id
        if self._of_user[user_id] > 1:
            self._of_user[user_id] -= 1
        else:
            del self._of_user[user_id]
        try:
            for session in self._queue(forms, receiver):
                self._turns.flush(session)
        except Exception:
            self._log.failure("pushing to user {user_id}", user_id=user_id)
