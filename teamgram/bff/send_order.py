"""Sends of one session are stored in the order in which it asked for them.

What must be known first (the peer, who is mentioned, what is answered) may have
to be read for one and not for the next. Apps' offline queues depend on the
order: each send takes its place when it begins and writes when its turn comes.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from twisted.internet.defer import Deferred

from teamgram.interfaces.rpc import RpcMetadata

_Line = tuple[int, int]


class SendOrder:
    """A line for each session that is sending."""

    def __init__(self) -> None:
        self._last: dict[_Line, PlaceInLine] = {}

    def place(self, caller: RpcMetadata) -> "PlaceInLine":
        """The place behind what this session is sending already."""
        line = caller.auth_key_id, caller.session_id
        place = self._last[line] = PlaceInLine(self, line, self._last.get(line))
        return place

    def passed(self, line: _Line, place: "PlaceInLine") -> None:
        """That place is behind; the last one takes the line with it."""
        if self._last.get(line) is place:
            del self._last[line]


class PlaceInLine:
    """One send's place; leaving it lets the next one write, once all before it have left."""

    __slots__ = ("_before", "_line", "_next", "_order", "_passed")

    def __init__(self, order: SendOrder, line: _Line, before: "PlaceInLine | None") -> None:
        self._order = order
        self._line = line
        self._before = before
        self._passed = False
        self._next: list[Callable[[], None]] = []

    async def turn(self) -> None:
        """Until all before it have left."""
        if self._before is not None and not self._before._passed:
            waiting: Deferred[None] = Deferred()
            self._before._next.append(lambda: waiting.callback(None))
            await waiting

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Who gives up before their turn does not let the next one overtake those in front.
        if self._before is None or self._before._passed:
            self._pass()
        else:
            self._before._next.append(self._pass)

    def _pass(self) -> None:
        self._passed, self._before = True, None
        self._order.passed(self._line, self)
        calls, self._next = self._next, []
        for call in calls:
            call()
