"""What administrators do in a channel, and who comes and goes: kept for two days, shown to its administrators.

Each event is written in the transaction that it tells of.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import marks
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.channel import Member, Membership
from teamgram.domain.channels.invite_events import (
    CameByLink,
    CameByRequest,
    InviteChanged,
    InviteEvent,
    InviteForgotten,
    InviteRevoked,
    people_of,
)
from teamgram.domain.chats.chats import Actor
from teamgram.domain.files.file import Photo

KEPT_SECONDS = 48 * 3600
"""How long an event is shown (core.telegram.org/method/channels.getAdminLog)."""

MAX_PAGE = 100
_SEARCHED = 1_000
_TRIMMED = 100


class MemberRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody's row in a channel, as it was."""

    user_id: int
    membership: Membership
    inviter_id: int = 0
    joined_at: int = 0
    promoted_by: int = 0
    restricted_by: int = 0

    @classmethod
    def of(cls, member: Member) -> "MemberRow":
        return cls(
            member.user_id,
            member.membership,
            member.inviter_id,
            member.joined_at,
            member.promoted_by,
            member.restricted_by,
        )

    @property
    def member(self) -> Member:
        """The row."""
        return Member(
            self.user_id, self.membership, self.inviter_id, self.joined_at, self.promoted_by, self.restricted_by
        )


class TitleChanged(msgspec.Struct, frozen=True):
    """The channel has another name."""

    before: str
    after: str


class AboutChanged(msgspec.Struct, frozen=True):
    """It describes itself otherwise."""

    before: str
    after: str


class UsernameChanged(msgspec.Struct, frozen=True):
    """It has another public address; empty for none."""

    before: str
    after: str


class PhotoChanged(msgspec.Struct, frozen=True):
    """It has another picture, or none any more."""

    after: Photo | None


class Switched(msgspec.Struct, frozen=True):
    """A setting (``Flag``, by its name) was switched."""

    flag: str
    on: bool


class SlowModeChanged(msgspec.Struct, frozen=True):
    """Members wait so many seconds between two messages."""

    before: int
    after: int


class LifetimeChanged(msgspec.Struct, frozen=True):
    """Messages end so many seconds after they were written."""

    before: int
    after: int


class LinkChanged(msgspec.Struct, frozen=True):
    """Another channel (bare id, 0 for none) belongs to it."""

    before: int
    after: int


class RightsChanged(msgspec.Struct, frozen=True):
    """Members may not do this (``Banned`` bits)."""

    before: int
    after: int


class StickerSetChanged(msgspec.Struct, frozen=True):
    """The group has other stickers (ids of sets, 0 for none)."""

    before: int
    after: int


class EmojiSetChanged(msgspec.Struct, frozen=True):
    """The group has other custom emoji (ids of sets, 0 for none)."""

    before: int
    after: int


class CameIn(msgspec.Struct, frozen=True):
    """The actor came in by themselves."""


class WentOut(msgspec.Struct, frozen=True):
    """The actor left."""


class Brought(msgspec.Struct, frozen=True):
    """The actor brought somebody in."""

    member: MemberRow


class BanToggled(msgspec.Struct, frozen=True):
    """Somebody was restricted, put out, or let be again."""

    before: MemberRow
    after: MemberRow


class AdminToggled(msgspec.Struct, frozen=True):
    """Somebody became an administrator, one with other rights, or a member again."""

    before: MemberRow
    after: MemberRow


class MessagePinned(msgspec.Struct, frozen=True):
    """A message was pinned, or is no longer (as it says)."""

    message: Message


class MessageChanged(msgspec.Struct, frozen=True):
    """A message has other content."""

    before: Message
    after: Message


class MessageRemoved(msgspec.Struct, frozen=True):
    """A message was taken away."""

    message: Message


AdminEvent: TypeAlias = (
    TitleChanged
    | AboutChanged
    | UsernameChanged
    | PhotoChanged
    | Switched
    | SlowModeChanged
    | LifetimeChanged
    | LinkChanged
    | RightsChanged
    | CameIn
    | WentOut
    | Brought
    | BanToggled
    | AdminToggled
    | MessagePinned
    | MessageChanged
    | MessageRemoved
    | InviteEvent
    | StickerSetChanged
    | EmojiSetChanged
)

# The numbers are stored.
_KINDS: dict[int, type[AdminEvent]] = {
    1: TitleChanged,
    2: AboutChanged,
    3: UsernameChanged,
    4: PhotoChanged,
    5: Switched,
    6: SlowModeChanged,
    7: LifetimeChanged,
    8: LinkChanged,
    9: RightsChanged,
    10: CameIn,
    11: WentOut,
    12: Brought,
    13: BanToggled,
    14: AdminToggled,
    15: MessagePinned,
    16: MessageChanged,
    17: MessageRemoved,
    18: CameByLink,
    19: CameByRequest,
    20: InviteRevoked,
    21: InviteForgotten,
    22: InviteChanged,
    23: StickerSetChanged,
    24: EmojiSetChanged,
}
_KIND_OF = {kind: number for number, kind in _KINDS.items()}
_DECODERS: dict[int, msgspec.json.Decoder[AdminEvent]] = {
    number: msgspec.json.Decoder(kind) for number, kind in _KINDS.items()
}
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class AdminEntry:
    """One event.

    Attributes:
        date: unix seconds.
        user_id: who did it.
    """

    id: int
    date: int
    user_id: int
    event: AdminEvent


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for.

    Attributes:
        words: they must be in a text, a name or a title that the event speaks of; empty for all.
        kinds: events of these classes; empty for all.
        user_ids: done by these; empty for anybody.
        before_id, after_id: ids of events between which they lie, 0 for no bound.
        matches: asked of each event of these kinds besides; None: all of them.
    """

    words: str = ""
    kinds: frozenset[type[AdminEvent]] = frozenset()
    user_ids: tuple[int, ...] = ()
    before_id: int = 0
    after_id: int = 0
    limit: int = MAX_PAGE
    matches: Callable[[AdminEvent], bool] | None = None


def log_txn(txn: Transaction, actor: Actor, channel_id: int, event: AdminEvent) -> None:
    """Write down what the actor did, in the transaction that does it; now and then what is too old goes."""
    txn.execute(
        "INSERT INTO channel_admin_log (channel_id, user_id, logged_at, kind, event) VALUES (?, ?, ?, ?, ?)",
        (channel_id, actor.user_id, actor.now, _KIND_OF[type(event)], _encode(event)),
    )
    if txn.lastrowid % _TRIMMED:
        return
    # Numbers grow with time, whatever channel they are of; as many go as may have come since, and more.
    txn.execute("SELECT id, logged_at FROM channel_admin_log ORDER BY id LIMIT ?", (2 * _TRIMMED,))
    old = [row[0] for row in txn.fetchall() if row[1] < actor.now - KEPT_SECONDS]
    if old:
        txn.execute(f"DELETE FROM channel_admin_log WHERE id IN ({marks(old)})", old)


class AdminLog:
    """What administrators see of what was done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, actor: Actor, channel_id: int, wanted: Wanted) -> list[AdminEntry]:
        """Events, the newest first.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired.
        """
        return await self._database.read("channel admin log", _find_txn, actor, channel_id, wanted)


def deeds_txn(
    txn: Transaction, channel_id: int, since: int, kinds: Sequence[type[AdminEvent]], limit: int
) -> list[AdminEntry]:
    """The newest events of these kinds since then (unix seconds), for whoever counts them."""
    numbers = [_KIND_OF[kind] for kind in kinds]
    txn.execute(
        "SELECT id, logged_at, user_id, kind, event FROM channel_admin_log WHERE channel_id = ? AND logged_at >= ?"
        f" AND kind IN ({marks(numbers)}) ORDER BY id DESC LIMIT ?",
        (channel_id, since, *numbers, limit),
    )
    return [AdminEntry(row[0], row[1], row[2], _DECODERS[row[3]].decode(row[4])) for row in txn.fetchall()]


def _find_txn(txn: Transaction, actor: Actor, channel_id: int, wanted: Wanted) -> list[AdminEntry]:
    rights.check_sees_admin_log(store.seat_txn(txn, channel_id, actor.user_id, actor.now))
    where, params = "channel_id = ? AND logged_at >= ?", [channel_id, actor.now - KEPT_SECONDS]
    for column, values in (
        ("kind", sorted(_KIND_OF[kind] for kind in wanted.kinds)),
        ("user_id", sorted(set(wanted.user_ids))),
    ):
        if values:
            where += f" AND {column} IN ({marks(values)})"
            params += values
    for bound, sign in ((wanted.before_id, "<"), (wanted.after_id, ">")):
        if bound:
            where += f" AND id {sign} ?"
            params.append(bound)
    limit = max(1, min(wanted.limit, MAX_PAGE))
    txn.execute(
        f"SELECT id, logged_at, user_id, kind, event FROM channel_admin_log WHERE {where} ORDER BY id DESC LIMIT ?",
        (*params, _SEARCHED if wanted.words or wanted.matches is not None else limit),
    )
    entries = [AdminEntry(row[0], row[1], row[2], _DECODERS[row[3]].decode(row[4])) for row in txn.fetchall()]
    if wanted.matches is not None:
        entries = [entry for entry in entries if wanted.matches(entry.event)]
    if wanted.words:
        entries = _with_words_txn(txn, entries, wanted.words)
    return entries[:limit]


def _with_words_txn(txn: Transaction, entries: Sequence[AdminEntry], words: str) -> list[AdminEntry]:
    """Those in whose texts, or in whose people's names, the words are."""
    named = {user_id for entry in entries for user_id in people(entry)}
    names: dict[int, str] = {}
    ids = sorted(named)
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        txn.execute(f"SELECT id, first_name, last_name, username FROM users WHERE id IN ({marks(some)})", some)
        names.update((row[0], f"{row[1]} {row[2]} {row[3]}".casefold()) for row in txn.fetchall())
    sought = words.casefold()
    return [
        entry
        for entry in entries
        if any(sought in names.get(user_id, "") for user_id in people(entry))
        or any(sought in text.casefold() for text in _texts(entry.event))
    ]


def people(entry: AdminEntry) -> set[int]:
    """The users whom an event speaks of."""
    event = entry.event
    user_ids = {entry.user_id}
    if isinstance(event, BanToggled | AdminToggled):
        user_ids |= {event.after.user_id, event.after.promoted_by, event.after.restricted_by, event.after.inviter_id}
        user_ids |= {event.before.promoted_by, event.before.restricted_by, event.before.inviter_id}
    elif isinstance(event, Brought):
        user_ids |= {event.member.user_id, event.member.inviter_id}
    elif isinstance(event, InviteEvent):
        user_ids |= people_of(event)
    return user_ids - {0}


def _texts(event: AdminEvent) -> tuple[str, ...]:
    if isinstance(event, TitleChanged | AboutChanged | UsernameChanged):
        return event.before, event.after
    if isinstance(event, MessagePinned | MessageRemoved):
        return (event.message.text,)
    if isinstance(event, MessageChanged):
        return event.before.text, event.after.text
    return ()
