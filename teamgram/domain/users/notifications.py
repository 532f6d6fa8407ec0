"""How each peer, and each kind of peer, notifies a user."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from teamgram.cache.loaded import LoadedRows, RowsBus
from teamgram.database import Database, Transaction
from teamgram.domain.ids.peer import is_chat, is_user

_PREFIX = "notify:"

RINGTONE = "ringtone:"
"""Before the id of a sound that the user uploaded."""

KINDS = frozenset({"users", "chats", "broadcasts"})
"""Scopes that are no peer."""


@dataclass(frozen=True, slots=True)
class Notifications:
    """One scope's choices; None means: not chosen here.

    Attributes:
        mute_until: unix seconds.
        sound: "" for none, "default", ``RINGTONE`` and a document's id, or None.
        stories_muted, stories_hide_sender: of stories.
    """

    show_previews: bool | None = None
    silent: bool | None = None
    mute_until: int | None = None
    sound: str | None = None
    stories_muted: bool | None = None
    stories_hide_sender: bool | None = None

    def over(self, defaults: "Notifications") -> "Notifications":
        """These, and where nothing was chosen the defaults."""
        chosen = {name: value for name, value in asdict(self).items() if value is not None}
        return replace(defaults, **chosen)


UNCHANGED = Notifications()

OF_A_KIND = Notifications(
    show_previews=True, silent=False, mute_until=0, sound="default", stories_muted=False, stories_hide_sender=False
)
"""What holds for a kind of peer before anything was chosen."""


def in_scope(chosen: Mapping[str, Notifications], scope: str) -> Notifications:
    """What holds in a scope: a peer's own choices, for the rest its kind's; a kind's whole."""
    found = chosen.get(scope, UNCHANGED)
    return found.over(OF_A_KIND) if scope in KINDS else found


def kind_of(peer: int) -> str:
    """The kind whose choices hold where a peer (marked id) has none of its own."""
    return "users" if is_user(peer) else "chats" if is_chat(peer) else "broadcasts"


def is_muted(chosen: Mapping[str, Notifications], peer: int, now: int) -> bool:
    """Whether a peer (marked id) makes no sound ``now`` (unix seconds)."""
    of_kind = in_scope(chosen, kind_of(peer))
    return (chosen.get(str(peer), UNCHANGED).over(of_kind).mute_until or 0) > now


class NotificationSettings:
    """Everybody's choices, by scope: a peer's marked id as text, or one of ``KINDS``."""

    def __init__(self, database: Database, bus: RowsBus, *, max_cached: int = 10_000) -> None:
        self._database = database
        self._rows: LoadedRows[int, Mapping[str, Notifications]] = LoadedRows.shared("notifications", bus, max_cached)

    def cached(self, user_id: int) -> Mapping[str, Notifications] | None:
        """A user's choices by scope when they are in memory."""
        return self._rows.get(user_id)

    async def get(self, user_id: int) -> Mapping[str, Notifications]:
        """A user's choices by scope; scopes without any are absent."""
        found = self._rows.get(user_id)
        if found is None:
            ticket = self._rows.start_load()
            try:
                found = await self._database.read("notification settings", _load_txn, user_id)
                self._rows.finish_load(ticket, {user_id: found})
            finally:
                self._rows.abandon_load(ticket)
        return found

    async def change(self, user_id: int, scope: str, **choices: Any) -> None:
        """Change what is named in one scope (fields of ``Notifications``), leave the rest."""
        before = (await self.get(user_id)).get(scope, UNCHANGED)
        await self._database.write("set notifications", self._change_txn, user_id, scope, replace(before, **choices))

    def _change_txn(self, txn: Transaction, user_id: int, scope: str, chosen: Notifications) -> None:
        txn.upsert(
            "account_settings", {"user_id": user_id, "name": _PREFIX + scope}, {"setting": json.dumps(asdict(chosen))}
        )
        txn.call_after(self._rows.invalidate, user_id)

    def forget(self, user_id: int) -> None:
        """Some of the user's choices were changed by another transaction that is committed now."""
        self._rows.invalidate(user_id)

    async def reset(self, user_id: int) -> None:
        """Everything as at the beginning."""
        await self._database.write("reset notifications", self._reset_txn, user_id)

    def _reset_txn(self, txn: Transaction, user_id: int) -> None:
        txn.execute("DELETE FROM account_settings WHERE user_id = ? AND name LIKE ?", (user_id, f"{_PREFIX}%"))
        txn.call_after(self._rows.invalidate, user_id)


def muted_txn(txn: Transaction, user_ids: Sequence[int], scope: str, now: int) -> int:
    """How many of these users have silenced a scope themselves."""
    txn.execute(
        f"SELECT setting FROM account_settings WHERE user_id IN ({', '.join('?' * len(user_ids))}) AND name = ?",
        (*user_ids, _PREFIX + scope),
    )
    return sum((Notifications(**json.loads(row[0])).mute_until or 0) > now for row in txn.fetchall())


FOREVER = 2**31 - 1
"""A ``mute_until`` that does not come."""


def chosen_txn(txn: Transaction, user_id: int, scopes: Sequence[str]) -> dict[str, Notifications]:
    """A user's choices in these scopes; those without any are absent."""
    txn.execute(
        f"SELECT name, setting FROM account_settings WHERE user_id = ? AND name IN ({', '.join('?' * len(scopes))})",
        (user_id, *(_PREFIX + scope for scope in scopes)),
    )
    return {name[len(_PREFIX) :]: Notifications(**json.loads(text)) for name, text in txn.fetchall()}


def mute_txn(txn: Transaction, user_id: int, scope: str) -> None:
    """Silence a scope for good; ``NotificationSettings.forget`` is to be called after the commit."""
    before = chosen_txn(txn, user_id, (scope,)).get(scope, UNCHANGED)
    setting = json.dumps(asdict(replace(before, mute_until=FOREVER)))
    txn.upsert("account_settings", {"user_id": user_id, "name": _PREFIX + scope}, {"setting": setting})


def _load_txn(txn: Transaction, user_id: int) -> dict[str, Notifications]:
    txn.execute(
        "SELECT name, setting FROM account_settings WHERE user_id = ? AND name LIKE ?", (user_id, f"{_PREFIX}%")
    )
    return {name[len(_PREFIX) :]: Notifications(**json.loads(text)) for name, text in txn.fetchall()}
