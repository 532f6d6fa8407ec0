"""What one reactor turn leaves to its end: requests in batches, then one write per session.

Frames are taken as they are read; their requests run and their answers leave
once the turn's reads are done. So what became ready together leaves together
(one container, one encryption, one write), and nothing per message needs a
Deferred or a timer. A key has a part of each turn, measured in time. Who has
more to do than fits into it is behind: its next part comes after everybody
who is not, and the parts of all who are behind make a turn only so long. So
whoever asks little waits for a piece of somebody's flood, not for the flood.
What takes long to encrypt, a piece of a file, leaves after everything else, one or two of them in a turn.
"""

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from teamgram.session.main_auth import MainAuthWrapper
from teamgram.session.service_messages import GZIP_PACKED
from teamgram.session.session_list import ClientSession

_GZIP_PACKED = GZIP_PACKED.to_bytes(4, "little")


class TurnWork(Protocol):
    """What a turn does, one step at a time."""

    def flush(self, session: ClientSession, now: float) -> None:
        """Send what a session has ready."""

    def sends_much(self, session: ClientSession) -> bool:
        """Whether what the session has ready takes long to encrypt: a piece of a file does."""

    def take_next(self, wrapper: MainAuthWrapper, now: float) -> bool:
        """Take a key's next frame; False when none can be taken in this turn."""

    def takes_frames(self, wrapper: MainAuthWrapper) -> bool:
        """Whether ``take_next`` would find one."""

    def start_next(self, wrapper: MainAuthWrapper, now: float) -> bool:
        """Start or answer a key's next request; False when none can start now."""

    def has_more_to_start(self, wrapper: MainAuthWrapper) -> bool:
        """Whether ``start_next`` would find one."""

    def part_ended(self, wrapper: MainAuthWrapper) -> None:
        """A key that was behind had its part of the turn."""


class ReactorTurns:
    """The one ``callLater(0)`` of the stage and what it has to do.

    Args:
        frames_per_turn: frames of one key taken as they are read; more of them put it behind.
        part_seconds: how long one key has in a turn, and
        behind_seconds: all that are behind together.
        gunzip_turn_bytes: what may be unpacked in one turn for all keys.
        seconds: the time that parts are measured by.

    Attributes:
        unpacked_enough: so much was unpacked in this turn.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        work: TurnWork,
        *,
        frames_per_turn: int,
        part_seconds: float,
        behind_seconds: float,
        gunzip_turn_bytes: int,
        seconds: Callable[[], float] = perf_counter,
    ) -> None:
        self._clock = clock
        self._work = work
        self._frames_per_turn = frames_per_turn
        self._part_seconds = part_seconds
        self._behind_seconds = behind_seconds
        self._gunzip_turn_bytes = gunzip_turn_bytes
        self._seconds = seconds
        self._unpacked_bytes = 0
        self.unpacked_enough = False
        self._scheduled = False
        self._dirty: list[ClientSession] = []
        self._sent_much = False
        self._spent_on_much = 0.0
        self._ready: list[MainAuthWrapper] = []
        self._behind: deque[MainAuthWrapper] = deque()
        self._counted: list[MainAuthWrapper] = []
        self._last: list[Callable[[], None]] = []

    def last(self, action: Callable[[], None]) -> None:
        """Do this when all that is ready in this turn has left."""
        self._last.append(action)
        if not self._scheduled:
            self._schedule()

    def flush(self, session: ClientSession) -> None:
        """Send what the session has now, before the turn's end: for work that measures its part."""
        self._work.flush(session, self._clock.seconds())

    def dirty(self, session: ClientSession) -> None:
        """The session may have something to send."""
        if not session.dirty:
            session.dirty = True
            self._dirty.append(session)
            if not self._scheduled:
                self._schedule()

    def rpc_ready(self, wrapper: MainAuthWrapper) -> None:
        """The wrapper has requests that can start."""
        if not wrapper.is_ready and not wrapper.is_behind:
            wrapper.is_ready = True
            self._ready.append(wrapper)
            if not self._scheduled:
                self._schedule()

    def behind(self, wrapper: MainAuthWrapper) -> None:
        """The wrapper has more to do than fitted into its part, or has to begin with what had to wait."""
        if not wrapper.is_behind:
            wrapper.is_behind = True
            self._behind.append(wrapper)
            if not self._scheduled:
                self._schedule()

    def may_take(self, wrapper: MainAuthWrapper) -> bool:
        """Count one frame against what the wrapper may have taken as it is read; False when that is used up."""
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
        self._sent_much, self._spent_on_much = False, 0.0
        ready, self._ready = self._ready, []
        for wrapper in ready:
            wrapper.is_ready = False
            if not wrapper.is_behind and self._run_rpcs(wrapper, now, self._seconds() + self._part_seconds):
                self.behind(wrapper)
        self._send(now)
        if self._behind:
            self._catch_up(now)
            self._send(now)
        if self._last:
            self._do_last()
        self._scheduled = False
        if self._ready or self._behind or self._dirty or self._last:
            self._schedule()

    def _catch_up(self, now: float) -> None:
        """A part for each that is behind, as far as the time for all of them goes."""
        until = self._seconds() + self._behind_seconds
        for _ in range(len(self._behind)):
            wrapper = self._behind.popleft()
            more = self._part(wrapper, now)
            wrapper.is_behind = False
            if more:
                self.behind(wrapper)
            if self._seconds() >= until:
                break
        if self.unpacked_enough:
            # Who unpacked first in this turn is not the first in the next.
            self._behind.rotate(-1)

    def _part(self, wrapper: MainAuthWrapper, now: float) -> bool:
        """Frames that waited, and their requests; whether there is more."""
        until = self._seconds() + self._part_seconds
        work = self._work
        more = self._run_rpcs(wrapper, now, until)
        while not more and self._take_frame(wrapper, now):
            more = self._run_rpcs(wrapper, now, until) or self._seconds() >= until
        work.part_ended(wrapper)
        return more or work.has_more_to_start(wrapper) or work.takes_frames(wrapper)

    def _send(self, now: float) -> None:
        dirty, self._dirty = self._dirty, []
        much: list[ClientSession] = []
        for session in dirty:
            if self._work.sends_much(session):
                much.append(session)
            else:
                self._flush(session, now)
        # As with keys that are behind: one at least, and no more than its time; the others begin the next turn.
        while much and not self._sent_much:
            session = much.pop(0)
            began = self._seconds()
            self._flush(session, now)
            self._spent_on_much += self._seconds() - began
            self._sent_much = self._spent_on_much >= self._behind_seconds
        self._dirty[:0] = much

    def _flush(self, session: ClientSession, now: float) -> None:
        session.dirty = False
        try:
            self._work.flush(session, now)
        except Exception:
            self._log.failure("flushing session {session_id}", session_id=session.core.session_id)

    def _do_last(self) -> None:
        last, self._last = self._last, []
        for action in last:
            try:
                action()
            except Exception:
                self._log.failure("ending a turn")

    # One key's fault must not keep the others waiting, so each is on its own.

    def _take_frame(self, wrapper: MainAuthWrapper, now: float) -> bool:
        try:
            return self._work.take_next(wrapper, now)
        except Exception:
            self._log.failure("taking a frame of {wrapper_id}", wrapper_id=wrapper.wrapper_id)
            return True

    def _run_rpcs(self, wrapper: MainAuthWrapper, now: float, until: float) -> bool:
        """Start the wrapper's requests until then; whether more may start."""
        work = self._work
        try:
            while work.start_next(wrapper, now):
                if self._seconds() >= until:
                    return work.has_more_to_start(wrapper)
        except Exception:
            self._log.failure("running requests of {wrapper_id}", wrapper_id=wrapper.wrapper_id)
            return work.has_more_to_start(wrapper)
        return False
