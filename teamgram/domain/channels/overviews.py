"""Channels of somebody from one side or another: quiet ones, left ones, and what others read who read the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.channel import Flag, Kind, Seat
from teamgram.domain.channels.channels import Channels
from teamgram.domain.chats.chat import Standing
from teamgram.domain.ids.peer import channel_id_of, marked_channel

QUIET_SECONDS = 30 * 86_400
"""Without anything new for so long a channel is one that its member may want to leave."""

MAX_LISTED = 100
MAX_SEARCHED = 200
"""Channels whose posts somebody searches at once."""

_ASKED = 200
_SEEDS = 5


@dataclass(frozen=True, slots=True)
class QuietChannel:
    """One in which nothing has happened since ``date`` (unix seconds)."""

    channel_id: int
    date: int


class ChannelOverviews:
    """Lists of channels."""

    def __init__(self, database: Database, channels: Channels) -> None:
        self._database = database
        self._channels = channels

    async def quiet(self, user_id: int, now: int) -> list[QuietChannel]:
        """Those of the user's in which nothing is new, the quietest first."""
        return await self._database.read("quiet channels", _quiet_txn, user_id, now)

    async def public(self, user_id: int, now: int) -> list[Seat]:
        """The user in each of the largest channels that they may look into because everybody may."""
        ids = await self._database.read("public channels", _public_txn)
        await self._channels.get(ids)
        seats = [await self._channels.seat(user_id, channel_id, now) for channel_id in ids]
        return [seat for seat in seats if rights.reads(seat)]

    async def left(self, user_id: int, offset: int) -> tuple[int, list[int]]:
        """(how many the user has left, some of them from the offset on, the latest first)."""
        return await self._database.read("left channels", _left_txn, user_id, max(0, offset))

    async def similar(self, user_id: int, channel_id: int) -> list[int]:
        """Public channels that are read by who reads this one, the most shared first; not those that the user is in.

        Args:
            channel_id: 0: by who reads those that the user reads.
        """
        return await self._database.read("similar channels", _similar_txn, user_id, channel_id)


def _quiet_txn(txn: Transaction, user_id: int, now: int) -> list[QuietChannel]:
    dates: dict[int, int] = {}
    for some in chunks([marked_channel(channel_id) for channel_id in store.channel_ids_of_txn(txn, user_id)]):
        # What a channel shows of its posts is the row whose owner and peer it is.
        txn.execute(
            f"SELECT owner_id, top_sent_at FROM dialogs WHERE owner_id IN ({marks(some)}) AND peer = owner_id", some
        )
        dates.update((channel_id_of(owner_id), date) for owner_id, date in txn.fetchall())
    quiet = [QuietChannel(channel_id, date) for channel_id, date in dates.items() if date <= now - QUIET_SECONDS]
    return sorted(quiet, key=lambda one: (one.date, one.channel_id))[:MAX_LISTED]


def _public_txn(txn: Transaction) -> list[int]:
    txn.execute(
        "SELECT id FROM channels WHERE username <> '' AND kind = ? AND (flags & ?) = 0"
        " ORDER BY members DESC, id LIMIT ?",
        (int(Kind.BROADCAST), int(Flag.DELETED), MAX_SEARCHED),
    )
    return [row[0] for row in txn.fetchall()]


def _left_txn(txn: Transaction, user_id: int, offset: int) -> tuple[int, list[int]]:
    which = (
        "FROM channel_members m JOIN channels c ON c.id = m.channel_id"
        " WHERE m.user_id = ? AND m.standing = ? AND (c.flags & ?) = 0"
    )
    params = (user_id, int(Standing.LEFT), int(Flag.DELETED))
    txn.execute(f"SELECT COUNT(*) {which}", params)
    count = int((txn.fetchone() or (0,))[0])
    txn.execute(
        f"SELECT m.channel_id {which} ORDER BY m.changed_at DESC, m.channel_id DESC LIMIT ? OFFSET ?",
        (*params, MAX_LISTED, offset),
    )
    return count, [row[0] for row in txn.fetchall()]


def _similar_txn(txn: Transaction, user_id: int, channel_id: int) -> list[int]:
    own = store.channel_ids_of_txn(txn, user_id)
    seeds = [channel_id] if channel_id else _broadcasts_txn(txn, own)
    if not seeds:
        return []
    readers: set[int] = set()
    for seed in seeds:
        # The latest who came: who reads it is not asked about one by one.
        txn.execute(
            "SELECT user_id FROM channel_members WHERE channel_id = ? AND standing = ?"
            " ORDER BY joined_at DESC, user_id DESC LIMIT ?",
            (seed, int(Standing.PRESENT), _ASKED // len(seeds)),
        )
        readers |= {row[0] for row in txn.fetchall()}
    readers.discard(user_id)
    if not readers:
        return []
    txn.execute(
        "SELECT m.channel_id, COUNT(*) AS shared FROM channel_members m JOIN channels c ON c.id = m.channel_id"
        f" WHERE m.user_id IN ({marks(readers)}) AND m.standing = ? AND c.kind = ? AND c.username <> ''"
        " AND (c.flags & ?) = 0 GROUP BY m.channel_id ORDER BY shared DESC, m.channel_id LIMIT ?",
        (*sorted(readers), int(Standing.PRESENT), int(Kind.BROADCAST), int(Flag.DELETED), MAX_LISTED + len(own) + 1),
    )
    known = {*own, *seeds}
    found = [row[0] for row in txn.fetchall() if row[0] not in known]
    return _not_put_out_txn(txn, user_id, found)[:MAX_LISTED]


def _broadcasts_txn(txn: Transaction, channel_ids: Sequence[int]) -> list[int]:
    if not channel_ids:
        return []
    txn.execute(
        f"SELECT id FROM channels WHERE id IN ({marks(channel_ids)}) AND kind = ? ORDER BY id DESC LIMIT ?",
        (*channel_ids, int(Kind.BROADCAST), _SEEDS),
    )
    return [row[0] for row in txn.fetchall()]


def _not_put_out_txn(txn: Transaction, user_id: int, channel_ids: Sequence[int]) -> list[int]:
    """Those of the channels that the user was not put out of."""
    if not channel_ids:
        return []
    txn.execute(
        f"SELECT channel_id FROM channel_members WHERE user_id = ? AND standing = ? AND channel_id IN"
        f" ({marks(channel_ids)})",
        (user_id, int(Standing.REMOVED), *channel_ids),
    )
    put_out = {row[0] for row in txn.fetchall()}
    return [channel_id for channel_id in channel_ids if channel_id not in put_out]
