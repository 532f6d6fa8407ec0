"""What one reactor turn leaves to its end: requests in batches, then one write per session.

Frames are taken as they are read; their requests run and their answers leave
once the turn's reads are done. So what became ready together leaves together
(one container, one encryption, one write), a key that sends much is taken a
part at a time, and nothing per message needs a Deferred or a timer.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from teamgram.session.service_messages import GZIP_PACKED

if TYPE_CHECKING:
    from teamgram.session.main_auth import MainAuthWrapper
    from teamgram.session.session_list import ClientSession


_GZIP_PACKED = GZIP_PACKED.to_bytes(4, "little")


class Turns:
    """The one ``callLater(0)`` of the stage and what it has to do.

    Args:
        flush: sends what a session has ready.
        frames_per_turn: frames and
        rpc_batch_size: requests of one key taken before the next key's.
        gunzip_turn_bytes: what may be unpacked in one turn for all keys.

    Attributes:
        unpacked_enough: so much was unpacked in this turn.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        flush: "Callable[[ClientSession, float], None]",
        frames_per_turn: int,
        rpc_batch_size: int,
        gunzip_turn_bytes: int,
    ) -> None:
        self._clock = clock
        self._flush = flush
        self._frames_per_turn = frames_per_turn
        self._rpc_batch_size = rpc_batch_size
        self._gunzip_turn_bytes = gunzip_turn_bytes
        self._unpacked_bytes = 0
        self.unpacked_enough = False
        self._scheduled = False
        self._dirty: list[ClientSession] = []
        self._rpc_ready: deque[MainAuthWrapper] = deque()
        self._backlog: deque[MainAuthWrapper] = deque()
        self._counted: list[MainAuthWrapper] = []
        self._last: list[Callable[[], None]] = []

    def last(self, action: Callable[[], None]) -> None:
        """Do this when all that is ready in this turn has left."""
        self._last.append(action)
        if not self._scheduled:
            self._schedule()

    def dirty(self, session: "ClientSession") -> None:
        """The session may have something to send."""
        if not session.dirty:
            session.dirty = True
            self._dirty.append(session)
            if not self._scheduled:
                self._schedule()

    def rpc_ready(self, wrapper: "MainAuthWrapper") -> None:
        """The wrapper's ``rpc_queue`` has requests."""
        if not wrapper.in_rpc_ready:
            wrapper.in_rpc_ready = True
            self._rpc_ready.append(wrapper)
            if not self._scheduled:
                self._schedule()

    def backlog(self, wrapper: "MainAuthWrapper") -> None:
        """The wrapper's ``session_data_chan`` has frames that can be taken."""
        if not wrapper.in_backlog:
            wrapper.in_backlog = True
            self._backlog.append(wrapper)
            if not self._scheduled:
                self._schedule()

    def may_take(self, wrapper: "MainAuthWrapper") -> bool:
        """Count one frame against the wrapper's part of this turn; False when that is used up."""
        taken = wrapper.frames_this_turn
        if taken >= self._frames_per_turn:
            return False
        if not taken:
            self._counted.append(wrapper)
        wrapper.frames_this_turn = taken + 1
        return True

    def unpacked(self, size: int) -> None:
        """A frame's ``gzip_packed`` became so many bytes: a kilobyte that becomes a megabyte takes its time."""
        self._unpacked_bytes += size
        self.unpacked_enough = self._unpacked_bytes >= self._gunzip_turn_bytes

    def must_wait(self, payload: bytes) -> bool:
        """Whether a frame may have something to unpack, and enough was unpacked in this turn."""
        return self.unpacked_enough and _GZIP_PACKED in payload

    def _schedule(self) -> None:
        self._scheduled = True
        self._clock.callLater(0, self.end)

    def end(self) -> None:
        """Do all of it; what is over somebody's part is left for the next turn."""
        self._scheduled = True  # nothing that happens in here needs another call
        now = self._clock.seconds()
        counted, self._counted = self._counted, []
        for wrapper in counted:
            wrapper.frames_this_turn = 0
        self._unpacked_bytes = 0
        self.unpacked_enough = False
        for _ in range(len(self._backlog)):
            self._take_backlog(self._backlog.popleft(), now)
        if self.unpacked_enough:
            # Who unpacked first in this turn is not the first in the next.
            self._backlog.rotate(-1)
        for _ in range(len(self._rpc_ready)):
            self._run_rpcs(self._rpc_ready.popleft(), now)
        dirty, self._dirty = self._dirty, []
        for session in dirty:
            session.dirty = False
            try:
                self._flush(session, now)
            except Exception:
                self._log.failure("flushing session {session_id}", session_id=session.core.session_id)
        if self._last:
            self._do_last()
        self._scheduled = False
        if self._backlog or self._rpc_ready or self._dirty or self._last:
            self._schedule()

    def _do_last(self) -> None:
        last, self._last = self._last, []
        for action in last:
            try:
                action()
            except Exception:
                self._log.failure("ending a turn")

    # One key's fault must not keep the others waiting, so each is on its own.

    def _take_backlog(self, wrapper: "MainAuthWrapper", now: float) -> None:
        wrapper.in_backlog = False
        try:
            wrapper.run_loop(self._frames_per_turn, now)
        except Exception:
            self._log.failure("taking frames of {wrapper_id}", wrapper_id=wrapper.wrapper_id)
        if wrapper.takes_frames():
            self.backlog(wrapper)

    def _run_rpcs(self, wrapper: "MainAuthWrapper", now: float) -> None:
        wrapper.in_rpc_ready = False
        try:
            more = wrapper.rpc_run_loop(self._rpc_batch_size, now)
        except Exception:
            self._log.failure("running requests of {wrapper_id}", wrapper_id=wrapper.wrapper_id)
            more = wrapper.ready and bool(wrapper.rpc_queue)
        if more:
            self.rpc_ready(wrapper)
