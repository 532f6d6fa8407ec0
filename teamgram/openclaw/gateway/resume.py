"""Clients that lost their socket and want to go on where they were.

Ours, not OpenClaw's: a client that names ``event-resume`` among its ``caps``
gets ``hello.resume.token``. Coming back within ``gateway.resumeSeconds`` with
``resumeFrom: {token, seq}`` it is sent everything after ``seq``, numbered on;
``hello.resume.resumed`` says whether that worked. Its subscriptions go on too.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from teamgram.openclaw.gateway.connection import Connection
from teamgram.openclaw.gateway.events import EventStream, Subscriber
from teamgram.openclaw.gateway.outbox import MAX_BUFFERED, Outbox

#: Kept for one client, sent and unsent together about twice this.
RETAIN_BYTES = 4 * 1024 * 1024
#: Clients that may be away at once; beyond it the longest away is forgotten.
MAX_AWAY = 256
#: An away client's queue beyond this is forgotten: it will have to load everything anyway.
_MAX_WAITING_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class _Away:
    subscriber: Subscriber
    until: float


class Resumable:
    """Places in the event stream whose client may return."""

    def __init__(self, events: EventStream, seconds: Callable[[], float]) -> None:
        self._events = events
        self._seconds = seconds
        self._tokens: dict[Connection, str] = {}
        self._away: dict[str, _Away] = {}

    def offer(self, connection: Connection) -> str:
        """The token with which this client may come back."""
        connection.outbox.retain(RETAIN_BYTES)
        token = secrets.token_urlsafe(24)
        self._tokens[connection] = token
        return token

    def adopt(self, connection: Connection, subscriber: Subscriber, wanted: dict[str, Any]) -> bool:
        """Continue the stream of ``wanted["token"]`` after ``wanted["seq"]`` on this connection.

        Only for the same device (or none, as then) with no more scopes than it had.

        Returns:
            False when that is no longer possible; the client starts at 1.
        """
        token = next((t for t in self._away if hmac.compare_digest(t.encode(), str(wanted["token"]).encode())), None)
        if token is None:
            return False
        old = self._away[token].subscriber
        fits = old.device_id == subscriber.device_id and old.role == subscriber.role
        if not fits or subscriber.granted != old.granted or not old.outbox.rewind(wanted["seq"]):
            return False
        del self._away[token]
        self._events.remove(old)
        subscriber.session_keys, subscriber.all_sessions = old.session_keys, old.all_sessions
        subscriber.outbox = old.outbox
        return True

    def switch(self, connection: Connection) -> None:
        """Hello is queued: behind it comes what the client missed."""
        subscriber = connection.subscriber
        if subscriber is not None and subscriber.outbox is not connection.outbox:
            subscriber.outbox.take_over(connection.outbox)
            connection.outbox = subscriber.outbox
            connection.wake()

    def keep(self, connection: Connection, subscriber: Subscriber, seconds: float) -> bool:
        """A client's socket is gone: let its events pile up for a while if it may resume."""
        token = self._tokens.pop(connection, None)
        if token is None or subscriber.outbox.overflowed or seconds <= 0:
            return False
        # The closing socket may still carry a close frame; what waits here is for the next one.
        connection.outbox = Outbox(MAX_BUFFERED)
        if len(self._away) >= MAX_AWAY:
            self._forget(next(iter(self._away)))
        self._away[token] = _Away(subscriber, self._seconds() + seconds)
        return True

    def expire(self, now: float) -> None:
        """Forget who stayed away too long, or missed too much."""
        for token, away in tuple(self._away.items()):
            if now >= away.until or away.subscriber.outbox.waiting_bytes > _MAX_WAITING_BYTES:
                self._forget(token)

    def _forget(self, token: str) -> None:
        self._events.remove(self._away.pop(token).subscriber)
