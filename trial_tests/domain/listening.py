"""A subscriber of the fan-out that remembers."""

from collections.abc import Sequence
from typing import Any

from teamgram.domain.updates.fanout import Fanout


class Heard:
    """What was told, and to whom.

    Attributes:
        events: (user ids, event, the device left out), in order.
        entries: the logged ones.
    """

    def __init__(self) -> None:
        self.events: list[tuple[tuple[int, ...], Any, int]] = []
        self.entries: list[Any] = []

    def transient(self, user_ids: Sequence[int], event: Any, except_perm_auth_key_id: int) -> None:
        self.events.append((tuple(user_ids), event, except_perm_auth_key_id))

    def logged(self, entries: Sequence[Any], messages: Any, except_perm_auth_key_id: int) -> None:
        self.entries += entries

    def take(self) -> list[tuple[tuple[int, ...], Any, int]]:
        """The transient ones since the last call."""
        events, self.events = self.events, []
        return events


def listening() -> tuple[Fanout, Heard]:
    """A fan-out and what it tells."""
    fanout, heard = Fanout(), Heard()
    fanout.subscribe(heard)
    return fanout, heard
