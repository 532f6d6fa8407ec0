"""From "it is committed" to "whoever is there hears of it", in one process.

Domain code publishes here; ``bff/views/updates.py`` subscribes, renders per
viewer and hands the result to ``interfaces.updates.UpdatesPush``. Nothing here
waits, and nothing here is durable: the log that ``updates.getDifference`` reads
is, so a lost publish costs a delay and never a message.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from twisted.logger import Logger

from teamgram.domain.boxes.events import LogEntry
from teamgram.domain.boxes.message import Message
from teamgram.domain.updates.events import TransientEvent

Messages = Mapping[tuple[int, int], Message]
"""The messages that entries speak of, by (owner, id), as the transaction left them."""


class FanoutSubscriber(Protocol):
    """Whoever turns events into updates."""

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        """Tell each of ``user_ids`` (each once) about ``event``."""

    def logged(self, entries: Sequence[LogEntry], messages: Messages, except_perm_auth_key_id: int) -> None:
        """Tell each entry's user about it; ``entries`` come in commit order."""


class Fanout:
    """Publishes events to its subscribers, in the order of the calls."""

    _log = Logger()

    def __init__(self) -> None:
        self._subscribers: list[FanoutSubscriber] = []

    def subscribe(self, subscriber: FanoutSubscriber) -> None:
        """Every event from now on also goes to ``subscriber``."""
        self._subscribers.append(subscriber)

    def publish(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int = 0) -> None:
        """Tell ``user_ids`` about a transient event; the device that caused it is left out.

        Call it after the change is stored: ``txn.call_after(fanout.publish, ...)``.
        """
        for subscriber in self._subscribers:
            try:
                subscriber.transient(user_ids, event, except_perm_auth_key_id)
            except Exception:
                # What was told is committed; a rendering bug must not fail the request that caused it.
                self._log.failure("an event could not be told: {kind}", kind=type(event).__name__)

    def deliver(self, entries: Sequence[LogEntry], messages: Messages, except_perm_auth_key_id: int = 0) -> None:
        """Tell each entry's user about a logged event that was just committed."""
        for subscriber in self._subscribers:
            try:
                subscriber.logged(entries, messages, except_perm_auth_key_id)
            except Exception:
                self._log.failure("{count} logged events could not be told", count=len(entries))
