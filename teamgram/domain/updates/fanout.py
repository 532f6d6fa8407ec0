"""From "it is committed" to "whoever is there hears of it".

Domain code publishes here; ``bff/live_updates.py`` subscribes, renders per
viewer and tells session (``interfaces.updates.PushedUpdates``). Nothing here
waits, and nothing here is durable: the log that ``updates.getDifference`` reads
is, so a lost publish costs a delay and never a message.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from teamgram.cache.bus import MemoryBus
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


class EventTold(msgspec.Struct, frozen=True, tag=True):
    """A transient event, and the users who are told of it (each once)."""

    user_ids: tuple[int, ...]
    event: TransientEvent
    except_perm_auth_key_id: int = 0


class EntriesTold(msgspec.Struct, frozen=True, tag=True):
    """Log entries that were committed, in order, and the messages that they speak of."""

    entries: tuple[LogEntry, ...]
    messages: dict[tuple[int, int], Message]
    except_perm_auth_key_id: int = 0


class ToldInChannel(msgspec.Struct, frozen=True):
    """A transient event for those members of a channel who are there, but for one of them."""

    channel_id: int
    event: TransientEvent
    except_perm_auth_key_id: int = 0
    except_user_id: int = 0


class ToldElsewhere(msgspec.Struct, frozen=True):
    """What another process told its own subscribers. Those here that draw for clients do not hear it: that one did."""

    told: EventTold | EntriesTold


class FanoutBus(Protocol):
    """What is needed of a bus (``interfaces.bus.Bus``)."""

    def publish(self, event: object) -> None: ...

    def listen(self, kind: type[Any], listener: Callable[[Any], object]) -> None: ...


class Fanout:
    """Publishes events to its subscribers, in the order of the calls.

    Args:
        bus: what carries them; this process's own when none is given.

    Attributes:
        bus: also tells who remembers rows that they changed (``LoadedRows.shared``).
    """

    def __init__(self, bus: FanoutBus | None = None) -> None:
        self.bus: FanoutBus = bus or MemoryBus()

    def subscribe(self, subscriber: FanoutSubscriber) -> None:
        """Every event from now on also goes to ``subscriber``."""
        self.bus.listen(
            EventTold, lambda told: subscriber.transient(told.user_ids, told.event, told.except_perm_auth_key_id)
        )
        self.bus.listen(
            EntriesTold, lambda told: subscriber.logged(told.entries, told.messages, told.except_perm_auth_key_id)
        )

    def subscribe_everywhere(self, subscriber: FanoutSubscriber) -> None:
        """As ``subscribe``, and what other processes tell as well, where this one is told of it."""
        self.subscribe(subscriber)

        def told(elsewhere: ToldElsewhere) -> None:
            one = elsewhere.told
            if isinstance(one, EventTold):
                subscriber.transient(one.user_ids, one.event, one.except_perm_auth_key_id)
            else:
                subscriber.logged(one.entries, one.messages, one.except_perm_auth_key_id)

        self.bus.listen(ToldElsewhere, told)

    def publish(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int = 0) -> None:
        """Tell ``user_ids`` about a transient event; the device that caused it is left out.

        Call it after the change is stored: ``txn.call_after(fanout.publish, ...)``.
        """
        self.bus.publish(EventTold(tuple(user_ids), event, except_perm_auth_key_id))

    def publish_in_channel(
        self, channel_id: int, event: TransientEvent, except_perm_auth_key_id: int = 0, except_user_id: int = 0
    ) -> None:
        """Tell whoever of a channel's members is there about a transient event, but for one device or one of them."""
        self.bus.publish(ToldInChannel(channel_id, event, except_perm_auth_key_id, except_user_id))

    def deliver(self, entries: Sequence[LogEntry], messages: Messages, except_perm_auth_key_id: int = 0) -> None:
        """Tell each entry's user about a logged event that was just committed."""
        self.bus.publish(EntriesTold(tuple(entries), dict(messages), except_perm_auth_key_id))
