"""Parts and pieces of files on their way through the cipher, beside everybody else's frames.

A frame of half a megabyte takes the cipher two milliseconds, and nothing else
runs meanwhile. So frames over ``LARGE_BYTES`` are opened and sealed piece by
piece: a part of each reactor turn is theirs, and in it all connections that
have such a frame take turns, one piece each. A connection's order stays: while
a frame is opened nothing more is read from it, while one is sealed the session
holds back as if the send buffer were full, and what is sent all the same leaves
behind it.
"""

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from teamgram.gnetway.conn_context import ConnContext
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.key_cache import CachedKey
from teamgram.mtproto.envelope import encrypt
from teamgram.mtproto.piecewise import FrameOpening, FrameSealing

LARGE_BYTES = 64 << 10
"""What is no longer is opened and sealed in one go: a quarter of a millisecond."""
TURN_SECONDS = 0.0005
"""Of a reactor turn, for all large frames together; one piece at least."""
WAITING_BYTES = 32 << 20
"""Frames that wait to be opened. Beyond this they are opened in one go as they come: slow, but bounded."""


class CipherJob(Protocol):
    """A frame that is opened or sealed."""

    def step(self) -> bool:
        """Do a piece; whether there are more."""


class CipherTurns:
    """The part of the reactor's turns that is the cipher's.

    Args:
        seconds: the time that the part is measured by.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, seconds: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._seconds = seconds
        self._jobs: deque[CipherJob] = deque()
        self._scheduled = False

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: CipherJob) -> None:
        """It has its first piece in the next turn."""
        self._jobs.append(job)
        if not self._scheduled:
            self._scheduled = True
            self._clock.callLater(0, self._turn)

    def _turn(self) -> None:
        until = self._seconds() + TURN_SECONDS
        jobs = self._jobs
        while jobs:
            job = jobs.popleft()
            if self._step(job):
                jobs.append(job)
            if self._seconds() >= until:
                break
        self._scheduled = bool(jobs)
        if jobs:
            self._clock.callLater(0, self._turn)

    def _step(self, job: CipherJob) -> bool:
        """One connection's fault must not keep the others waiting."""
        try:
            return job.step()
        except Exception:
            self._log.failure("a large frame")
            return False


class OpeningJob:
    """A client's frame; ``done`` is called when all of it is plain, unless its connection went before."""

    def __init__(self, conn: ConnContext, opening: FrameOpening, done: Callable[[], None], gone: "Freed") -> None:
        self._conn = conn
        self._opening = opening
        self._done = done
        self._gone = gone

    def step(self) -> bool:
        """See ``CipherJob``."""
        if not self._conn.lost and not self._conn.closing:
            if self._opening.step():
                return True
            self._gone(self._opening.size)
            self._done()
        else:
            self._gone(self._opening.size)
        return False


Freed = Callable[[int], None]
"""Told that so many bytes wait no more."""


class LargeFrames:
    """Whoever has a large frame opened or sealed asks here."""

    def __init__(self, clock: IReactorTime, connections: Connections) -> None:
        self.turns = CipherTurns(clock)
        self._connections = connections
        self._waiting_bytes = 0

    def may_open(self, size: int) -> bool:
        """Whether a frame of so many bytes may wait for its turns."""
        return self._waiting_bytes + size <= WAITING_BYTES

    def open(self, conn: ConnContext, opening: FrameOpening, done: Callable[[], None]) -> None:
        """Open it piece by piece; ``done`` is called if the connection is there by then."""
        self._waiting_bytes += opening.size
        self.turns.add(OpeningJob(conn, opening, done, self._opened))

    def _opened(self, size: int) -> None:
        self._waiting_bytes -= size

    def send(self, conn: ConnContext, key: CachedKey, salt: int, session_id: int, payload: bytes) -> bool:
        """Seal a payload and write it, behind what the connection has to seal already.

        Returns:
            False: the connection cannot carry it.
        """
        outgoing = conn.sealing
        if not conn.link.can_carry(1 if outgoing is None else len(outgoing) + 1):
            return False
        if outgoing is not None:
            outgoing.add(key, salt, session_id, payload)
            if conn.kind != "http":
                # There each answers a request, of which only so many are read.
                self._connections.written_while_blocked(conn, len(payload))
            return True
        outgoing = conn.sealing = OutgoingFrames(conn, self._sealed)
        outgoing.add(key, salt, session_id, payload)
        self._connections.room_changed(conn)
        self.turns.add(outgoing)
        return True

    def _sealed(self, conn: ConnContext) -> None:
        conn.sealing = None
        self._connections.room_changed(conn)


class OutgoingFrames:
    """What one connection has to seal, in order; a ``CipherJob`` until there is nothing left.

    Args:
        empty: told when all of it has left.
    """

    def __init__(self, conn: ConnContext, empty: Callable[[ConnContext], None]) -> None:
        self._conn = conn
        self._empty = empty
        self._waiting: deque[tuple[CachedKey, int, int, bytes]] = deque()
        self._sealing: FrameSealing | None = None

    def __len__(self) -> int:
        return len(self._waiting) + (self._sealing is not None)

    def add(self, key: CachedKey, salt: int, session_id: int, payload: bytes) -> None:
        """Behind what is there."""
        self._waiting.append((key, salt, session_id, payload))

    def step(self) -> bool:
        """See ``CipherJob``."""
        conn = self._conn
        if conn.sealing is not self:
            return False  # lost, or finished before it closes
        sealing = self._sealing
        if sealing is None:
            key, salt, session_id, payload = self._waiting.popleft()
            if len(payload) <= LARGE_BYTES:
                conn.link.write_frame(encrypt(key.auth_key, salt, session_id, payload))
                return self._goes_on()
            sealing = self._sealing = FrameSealing(key.auth_key, salt, session_id, payload)
        if sealing.step():
            return True
        self._sealing = None
        conn.link.write_frame(sealing.sealed())
        return self._goes_on()

    def _goes_on(self) -> bool:
        if self._waiting:
            return True
        self._empty(self._conn)
        return False

    def finish(self) -> None:
        """Seal and write all of it now: the connection is about to close."""
        while self.step():
            pass
