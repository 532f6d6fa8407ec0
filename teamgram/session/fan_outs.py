"""One pushed object for many receivers: its form in each layer, and each receiver's part of a turn.

Numbers that are a receiver's own are put into the form of the receiver's layer.
A form is made when somebody of that layer is to get it, and then it is there
for all. What many get is queued and sent receiver by receiver, for a part of
a reactor turn; the rest comes in the next ones.
"""

from collections import OrderedDict
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


_FEW = 30
_SHARE_OF_MANY = 0.4
"""With more receivers waiting than so few, a turn has this of the part for them: they get theirs in parts anyhow."""


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
    """Users who have not got all that was pushed yet, the one who waits longest first.

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
        self._waiting: OrderedDict[int, list[tuple[Forms, Receiver]]] = OrderedDict()
        self._count = 0

    def has(self, user_id: int) -> bool:
        """Whether something waits for the user: what comes after it must wait behind it."""
        return user_id in self._waiting

    def add(self, forms: Forms, receivers: Sequence[Receiver]) -> None:
        """Queue one object for these."""
        if not receivers:
            return
        if not self._waiting:
            self._turns.last(self._go_on)
        self._count += len(receivers)
        for receiver in receivers:
            self._waiting.setdefault(receiver.user_id, []).append((forms, receiver))

    def _go_on(self) -> None:
        until = self._seconds() + self._part_seconds * (1 if len(self._waiting) <= _FEW else _SHARE_OF_MANY)
        while self._waiting:
            self._next()
            if self._seconds() >= until and self._count <= MAX_QUEUED:
                break
        if self._waiting:
            self._turns.last(self._go_on)

    def finish(self) -> None:
        """All of them now."""
        while self._waiting:
            self._next()

    def _next(self) -> None:
        """All that waits for one user leaves together."""
        user_id, waiting = self._waiting.popitem(last=False)
        self._count -= len(waiting)
        ready: dict[ClientSession, None] = {}
        try:
            for forms, receiver in waiting:
                ready.update(dict.fromkeys(self._queue(forms, receiver)))
            for session in ready:
                self._turns.flush(session)
        except Exception:
            self._log.failure("pushing to user {user_id}", user_id=user_id)
