"""Lists of who is in a channel, administers it, or may not."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.store import marks
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.channel import Member, Seat
from teamgram.domain.chats.chat import Standing
from teamgram.domain.chats.errors import UserNotParticipant

MAX_PAGE = 200
"""Members in one answer (core.telegram.org/method/channels.getParticipants)."""

MAX_LISTED = 10_000
"""As far as lists of members go, as on the official server: further than that one searches."""


MAX_COUNTED = 2000
"""In a larger supergroup nobody counts who is online."""


class ListOf(Enum):
    """Which of them."""

    RECENT = "recent"
    ADMINS = "admins"
    PUT_OUT = "put out"
    RESTRICTED = "restricted"
    BOTS = "bots"
    CONTACTS = "contacts"


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of them.

    Attributes:
        count: how many there are in all.
    """

    members: Sequence[Member]
    count: int


class ChannelMembers:
    """Who is in channels, as somebody may see it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, user_id: int, now: int, channel_id: int, which: ListOf, words: str, offset: int, limit: int
    ) -> Listed:
        """Members of a channel.

        Args:
            words: only those whose names or username begin so.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired.
        """
        return await self._database.read(
            "channel members", _page_txn, user_id, now, channel_id, which, words, offset, limit
        )

    async def counted(self, seat: Seat) -> Sequence[int]:
        """Those of whom it is counted who is online: nobody where more than ``MAX_COUNTED`` are, or it is hidden."""
        if seat.channel.members > MAX_COUNTED or not rights.sees_members(seat):
            return ()
        return await self._database.read("present members", store.present_ids_txn, seat.channel.id, MAX_COUNTED)

    async def one(self, seat: Seat, user_id: int) -> Member:
        """Somebody in a channel.

        Raises:
            ChatAdminRequired: who is in it is not theirs to see.
            UserNotParticipant.
        """
        if user_id != seat.user_id:
            rights.check_sees_members(seat)
        members = await self._database.read("channel member", store.members_txn, seat.channel.id, (user_id,))
        member = members.get(user_id)
        seen = member is not None and (
            member.membership.is_present or rights.sees_banned(seat) or (user_id == seat.user_id and seat.is_present)
        )
        if member is None or not seen:
            raise UserNotParticipant(str(user_id))
        return member


def _page_txn(
    txn: Transaction, user_id: int, now: int, channel_id: int, which: ListOf, words: str, offset: int, limit: int
) -> Listed:
    seat = store.seat_txn(txn, channel_id, user_id, now)
    if which is ListOf.PUT_OUT or which is ListOf.RESTRICTED:
        rights.check_sees_banned(seat)
    elif which is ListOf.ADMINS or which is ListOf.BOTS:
        rights.check_sees_admins(seat)
    else:
        rights.check_sees_members(seat)
    limit = max(0, min(limit, MAX_PAGE))
    offset = max(0, offset)
    join, where, order = _list(which)
    params: list[int] = [channel_id]
    if which is ListOf.CONTACTS:
        params.insert(0, user_id)
    body = f"FROM channel_members m{join} WHERE m.channel_id = ? AND {where}"
    if words:
        return _named_txn(txn, channel_id, body, order, params, words, offset, limit)
    count = _count_txn(txn, seat, which, body, params)
    if not limit or offset >= MAX_LISTED:
        return Listed((), count)
    txn.execute(f"SELECT m.user_id {body} ORDER BY {order} LIMIT ? OFFSET ?", (*params, limit, offset))
    return Listed(_rows_txn(txn, channel_id, [row[0] for row in txn.fetchall()]), count)


def _list(which: ListOf) -> tuple[str, str, str]:
    """(joins, condition, order) of a list."""
    present = f"m.standing = {int(Standing.PRESENT)}"
    recent = "m.joined_at DESC, m.user_id DESC"
    if which is ListOf.ADMINS:
        return "", f"m.role > 0 AND {present}", "m.role DESC, m.changed_at, m.user_id"
    if which is ListOf.PUT_OUT:
        return "", f"m.listed = {store.PUT_OUT}", "m.changed_at DESC, m.user_id DESC"
    if which is ListOf.RESTRICTED:
        return "", f"m.listed = {store.RESTRICTED}", "m.changed_at DESC, m.user_id DESC"
    if which is ListOf.BOTS:
        return " JOIN users u ON u.id = m.user_id", f"{present} AND u.is_bot = 1", recent
    if which is ListOf.CONTACTS:
        return " JOIN contacts k ON k.owner_id = ? AND k.contact_id = m.user_id", present, recent
    return "", present, recent


def _count_txn(txn: Transaction, seat: Seat, which: ListOf, body: str, params: Sequence[int]) -> int:
    if which is ListOf.RECENT:
        return seat.channel.members
    txn.execute(f"SELECT COUNT(*) {body}", params)
    row = txn.fetchone()
    return int(row[0]) if row else 0


def _named_txn(
    txn: Transaction,
    channel_id: int,
    body: str,
    order: str,
    params: Sequence[int],
    words: str,
    offset: int,
    limit: int,
) -> Listed:
    """Those among the first ``MAX_LISTED`` whose names begin with the words."""
    txn.execute(f"SELECT m.user_id {body} ORDER BY {order} LIMIT {MAX_LISTED}", params)
    user_ids = [row[0] for row in txn.fetchall()]
    sought = words.casefold().lstrip("@").split()
    found = []
    for start in range(0, len(user_ids), 500):
        some = user_ids[start : start + 500]
        txn.execute(f"SELECT id, first_name, last_name, username FROM users WHERE id IN ({marks(some)})", some)
        names = {row[0]: f"{row[1]} {row[2]} {row[3]}".casefold().split() for row in txn.fetchall()}
        found += [
            user_id
            for user_id in some
            if all(any(name.startswith(word) for name in names.get(user_id, ())) for word in sought)
        ]
    return Listed(_rows_txn(txn, channel_id, found[offset : offset + limit]), len(found))


def _rows_txn(txn: Transaction, channel_id: int, user_ids: Sequence[int]) -> list[Member]:
    rows = store.members_txn(txn, channel_id, user_ids)
    return [rows[user_id] for user_id in user_ids if user_id in rows]
