"""Conversations that strangers began and that went into the archive at once make no sound, and devices hear of it."""

from collections.abc import Mapping, Sequence

from teamgram.domain.boxes.events import DialogsMoved, LogEntry
from teamgram.domain.boxes.message import Message
from teamgram.domain.updates.events import NotifySettingsChanged, TransientEvent
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.notifications import NotificationSettings


class FiledStrangers:
    """Subscribe it to the ``Fanout`` before whoever draws what happened."""

    def __init__(self, fanout: Fanout, notifications: NotificationSettings) -> None:
        self._fanout = fanout
        self._notifications = notifications

    # --- FanoutSubscriber ---

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        """Nothing of it is a message."""

    def logged(
        self,
        entries: Sequence[LogEntry],
        messages: Mapping[tuple[int, int], Message],
        except_perm_auth_key_id: int,
    ) -> None:
        """Remember no more how these conversations notified before, and say that they do otherwise."""
        for entry in entries:
            event = entry.event
            if type(event) is DialogsMoved and event.muted:
                self._notifications.forget(entry.owner_id)
                for peer in event.peers:
                    self._fanout.publish((entry.owner_id,), NotifySettingsChanged(str(peer)))
