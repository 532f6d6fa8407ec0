"""HTTP requests of one session that wait for something to answer with.

By the page "Service Messages", HTTP wait/long poll: a response leaves when
there is something to say and the client's ``max_delay`` and ``wait_after``
allow it, or empty when ``max_wait`` is over. Any response may carry any
message of the session, so the oldest request is answered first.

A request that calls methods is kept for their answers: were it to leave with
``new_session_created`` alone, a client that polls no more than it asks would
never hear the rest. It is let go, empty, when its answers have left otherwise.
"""

from collections.abc import Callable

from teamgram.interfaces.session import ConnRef

DEFAULT_MAX_DELAY = 0
DEFAULT_WAIT_AFTER = 0
DEFAULT_MAX_WAIT = 25_000
"""Milliseconds, of a request without ``http_wait``."""

MAX_WAIT = 60_000
"""Milliseconds a request waits at most, whatever the client asks."""

MAX_WAITING = 8
"""Requests of one session left waiting; one more and the oldest is answered, empty if need be."""


class _Poll:
    __slots__ = ("asked", "calls", "conn", "max_delay", "max_wait", "since", "wait_after")

    def __init__(self, conn: ConnRef, since: float) -> None:
        self.conn = conn
        self.since = since
        self.max_delay = DEFAULT_MAX_DELAY / 1000
        self.wait_after = DEFAULT_WAIT_AFTER / 1000
        self.max_wait = DEFAULT_MAX_WAIT / 1000
        #: msg_ids of its calls that have no answer yet, and whether it ever had any.
        self.asked: set[int] = set()
        self.calls = False

    def due(self, messages: int, first_message_at: float, last_message_at: float) -> float:
        """When to answer it, the session having so many messages to send."""
        latest = self.since + self.max_wait
        if self.asked:
            return latest
        if messages:
            quiet = last_message_at + self.wait_after
            return min(latest, max(self.since, min(quiet, first_message_at + self.max_delay)))
        return self.since if self.calls else latest


class HttpPolls:
    """The waiting requests, oldest first, and when the next response is due."""

    __slots__ = ("_first_message_at", "_last_message_at", "_messages", "_polls")

    def __init__(self) -> None:
        self._polls: list[_Poll] = []
        self._messages = 0
        self._first_message_at = 0.0
        self._last_message_at = 0.0

    def arrived(self, conn: ConnRef, now: float) -> None:
        """A request came by ``conn``."""
        self._polls.append(_Poll(conn, now))

    def wait(self, max_delay: int, wait_after: int, max_wait: int) -> None:
        """The request that came last carried ``http_wait``; milliseconds."""
        if self._polls:
            poll = self._polls[-1]
            poll.max_delay = min(max_delay, MAX_WAIT) / 1000
            poll.wait_after = min(wait_after, MAX_WAIT) / 1000
            poll.max_wait = min(max_wait, MAX_WAIT) / 1000

    def asks(self, msg_id: int) -> None:
        """The request that came last carried a call."""
        if self._polls:
            self._polls[-1].asked.add(msg_id)
            self._polls[-1].calls = True

    def settle(self, is_answered: Callable[[int], bool]) -> None:
        """Look which of the calls have an answer by now."""
        for poll in self._polls:
            if poll.asked:
                poll.asked = {msg_id for msg_id in poll.asked if not is_answered(msg_id)}

    def __bool__(self) -> bool:
        """Whether any waits."""
        return bool(self._polls)

    def queued(self, messages: int, now: float) -> None:
        """The session has so many messages to send; more than at the last look means that one came ``now``."""
        if messages > self._messages:
            if not self._messages:
                self._first_message_at = now
            self._last_message_at = now
        self._messages = messages

    def take(self, now: float) -> ConnRef | None:
        """The connection whose response is due at ``now``; it counts as answered."""
        due = self.next_timer()
        if due is None or due > now:
            return None
        self._messages = 0
        return self._polls.pop(self._next()).conn

    def let_go(self) -> list[ConnRef]:
        """The connections of all that wait, oldest first; none waits any more."""
        polls, self._polls = self._polls, []
        return [poll.conn for poll in polls]

    def next_timer(self) -> float | None:
        """When a request is to be answered; None when none waits."""
        if not self._polls:
            return None
        if len(self._polls) > MAX_WAITING:
            return self._polls[0].since
        return self._due(self._polls[self._next()])

    def _due(self, poll: _Poll) -> float:
        return poll.due(self._messages, self._first_message_at, self._last_message_at)

    def _next(self) -> int:
        """Which of the waiting requests is answered next: the one due first, of those the oldest."""
        if len(self._polls) > MAX_WAITING:
            return 0
        return min(range(len(self._polls)), key=lambda index: self._due(self._polls[index]))
