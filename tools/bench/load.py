"""The load generator: frames encrypted beforehand, so many in flight, replies counted as they come.

Its own CPU time is not measured; it runs in this process, the server in another.
"""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet import protocol
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint

from trial_tests.peer.calls import PeerSession
from trial_tests.peer.connection import PeerConnection
from trial_tests.peer.session import Received

#: Counts what one frame's messages answer.
Count = Callable[[Sequence[Received]], int]


class Pump:
    """Sends a session's prepared frames with at most ``window`` unanswered; ``done`` fires at the last answer."""

    def __init__(self, session: PeerSession, frames: Sequence[bytes], window: int, count: Count) -> None:
        self._session = session
        self._frames = iter(frames)
        self._left = len(frames)
        self._window = window
        self._count = count
        self.done: Deferred[None] = Deferred()

    def start(self) -> None:
        """Fill the window."""
        self._session.take = self._take  # type: ignore[method-assign]
        self._send(self._window)

    def _send(self, number: int) -> None:
        connection = self._session.connection
        for _, frame in zip(range(number), self._frames, strict=False):
            connection.write(connection.framing.encode(frame))

    def _take(self, messages: Any) -> None:
        answered = self._count(list(messages))
        self._session.core.to_ack.clear()
        self._left -= answered
        if answered:
            self._send(answered)
        if self._left <= 0 and not self.done.called:
            self.done.callback(None)


def sealed(session: PeerSession, bodies: Sequence[bytes]) -> list[bytes]:
    """One frame for each body, encrypted now."""
    core = session.core
    return [core.seal(core.message(body)).frame for body in bodies]


class Counter:
    """Counts what arrives for a session that only listens; ``reached`` fires at ``wanted``."""

    def __init__(self, session: PeerSession, wanted: int, count: Count) -> None:
        self._left = wanted
        self._count = count
        self._session = session
        self.reached: Deferred[None] = Deferred()
        session.take = self._take  # type: ignore[method-assign]

    def _take(self, messages: Any) -> None:
        self._left -= self._count(list(messages))
        self._session.core.to_ack.clear()
        if self._left <= 0 and not self.reached.called:
            self.reached.callback(None)


class Idle(protocol.Protocol):
    """A connection that says which transport it speaks, and then nothing."""

    def connectionMade(self) -> None:
        self.transport.write(b"\xef")  # type: ignore[union-attr]


async def open_idle(reactor: Any, port: int, number: int) -> list[Any]:
    """So many silent connections."""
    factory = protocol.Factory.forProtocol(Idle)
    return [await TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(factory) for _ in range(number)]


__all__ = ["Count", "Counter", "PeerConnection", "Pump", "open_idle", "sealed"]
