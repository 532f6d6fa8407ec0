"""SQL of ``channels`` and ``channel_members``."""

from collections.abc import Iterable, Sequence

from teamgram.database import Row, Transaction
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels.channel import PLAIN_MEMBER, AdminRight, Channel, Kind, Member, Membership, Seat
from teamgram.domain.channels.errors import ChannelNotFound
from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.files.file import unpack_avatar

_CHANNEL = (
    "id, access_hash, kind, flags, title, about, username, creator_id, created_at, default_banned_rights, members,"
    " slowmode_seconds, ttl_seconds, linked_id, migrated_from_chat_id, migrated_from_max_id, sticker_set_id,"
    " emoji_set_id, photo_id, photo"
)
_PART = "standing, role, admin_rights, banned_rights, banned_until, member_rank, hidden_up_to"
_MEMBER = f"user_id, inviter_id, joined_at, promoted_by, restricted_by, changed_at, {_PART}"

RESTRICTED, PUT_OUT = 1, 2
"""Values of ``listed``."""


def _channel(row: Row) -> Channel:
    return Channel(row[0], row[1], Kind(row[2]), *row[3:19], unpack_avatar(row[19]))  # type: ignore[call-arg]


def _membership(row: Sequence[object]) -> Membership:
    standing, role, *rest = row
    membership = Membership(Standing(standing), Role(role), *rest)  # type: ignore[arg-type]
    return PLAIN_MEMBER if membership == PLAIN_MEMBER else membership


def _member(row: Row) -> Member:
    user_id, inviter_id, joined_at, promoted_by, restricted_by, changed_at = row[:6]
    return Member(user_id, _membership(row[6:]), inviter_id, joined_at, promoted_by, restricted_by, changed_at)


def channels_txn(txn: Transaction, channel_ids: Iterable[int]) -> dict[int, Channel]:
    """Those of the channels that exist, deleted ones included, by id."""
    found: dict[int, Channel] = {}
    for some in chunks(sorted(set(channel_ids))):
        txn.execute(f"SELECT {_CHANNEL} FROM channels WHERE id IN ({marks(some)})", some)
        found.update((row[0], _channel(row)) for row in txn.fetchall())
    return found


def channel_txn(txn: Transaction, channel_id: int, *, lock: bool = False) -> Channel:
    """One channel.

    Args:
        lock: hold the row: nobody comes or goes until this transaction ends. Before locking message boxes.

    Raises:
        ChannelNotFound.
    """
    for_update = txn.engine.for_update if lock else ""
    txn.execute(f"SELECT {_CHANNEL} FROM channels WHERE id = ?{for_update}", (channel_id,))
    row = txn.fetchone()
    if row is None:
        raise ChannelNotFound(str(channel_id))
    return _channel(row)


def seat_txn(txn: Transaction, channel_id: int, user_id: int, now: int, *, lock: bool = False) -> Seat:
    """A channel, and what the user is there.

    Args:
        lock: as for ``channel_txn``.

    Raises:
        ChannelNotFound.
    """
    channel = channel_txn(txn, channel_id, lock=lock)
    membership, linked = membership_txn(txn, channel_id, user_id), None
    if channel.linked_id and not channel.is_broadcast and (membership is None or not membership.is_present):
        linked = membership_txn(txn, channel.linked_id, user_id)
    return Seat.at(channel, user_id, membership, now, linked)


def membership_txn(txn: Transaction, channel_id: int, user_id: int) -> Membership | None:
    """What somebody is in a channel."""
    txn.execute(f"SELECT {_PART} FROM channel_members WHERE channel_id = ? AND user_id = ?", (channel_id, user_id))
    row = txn.fetchone()
    return _membership(row) if row is not None else None


def members_txn(txn: Transaction, channel_id: int, user_ids: Iterable[int]) -> dict[int, Member]:
    """The rows of these users, by id; who has none is missing."""
    found: dict[int, Member] = {}
    for some in chunks(sorted(set(user_ids))):
        txn.execute(
            f"SELECT {_MEMBER} FROM channel_members WHERE channel_id = ? AND user_id IN ({marks(some)})",
            (channel_id, *some),
        )
        found.update((row[0], _member(row)) for row in txn.fetchall())
    return found


def present_txn(txn: Transaction, channel_id: int, user_ids: Iterable[int]) -> set[int]:
    """Those of these users who are in the channel."""
    found: set[int] = set()
    for some in chunks(sorted(set(user_ids))):
        txn.execute(
            f"SELECT user_id FROM channel_members WHERE channel_id = ? AND standing = ? AND user_id IN ({marks(some)})",
            (channel_id, int(Standing.PRESENT), *some),
        )
        found.update(row[0] for row in txn.fetchall())
    return found


def present_ids_txn(txn: Transaction, channel_id: int, limit: int) -> tuple[int, ...]:
    """Those who are in the channel, at most so many."""
    txn.execute(
        "SELECT user_id FROM channel_members WHERE channel_id = ? AND standing = ? ORDER BY joined_at, user_id LIMIT ?",
        (channel_id, int(Standing.PRESENT), limit),
    )
    return tuple(row[0] for row in txn.fetchall())


def admin_ids_txn(txn: Transaction, channel_id: int, right: AdminRight) -> list[int]:
    """Those who administer it with that right, its owner among them."""
    txn.execute(
        "SELECT user_id FROM channel_members WHERE channel_id = ? AND role > 0 AND standing = ?"
        " AND (role = ? OR (admin_rights & ?) <> 0) ORDER BY user_id",
        (channel_id, int(Standing.PRESENT), int(Role.CREATOR), int(right)),
    )
    return [row[0] for row in txn.fetchall()]


def all_leave_txn(txn: Transaction, channel_id: int, now: int) -> None:
    """Nobody is in it any more."""
    txn.execute(
        "UPDATE channel_members SET standing = ?, role = 0, admin_rights = 0, changed_at = ?"
        " WHERE channel_id = ? AND standing = ?",
        (int(Standing.LEFT), now, channel_id, int(Standing.PRESENT)),
    )


def memberships_of_txn(txn: Transaction, user_id: int) -> dict[int, Membership]:
    """What the user is in every channel that knows them, by channel."""
    txn.execute(f"SELECT channel_id, {_PART} FROM channel_members WHERE user_id = ?", (user_id,))
    return {row[0]: _membership(row[1:]) for row in txn.fetchall()}


def channel_ids_of_txn(txn: Transaction, user_id: int) -> list[int]:
    """The channels that the user is in."""
    txn.execute(
        "SELECT channel_id FROM channel_members WHERE user_id = ? AND standing = ? ORDER BY channel_id",
        (user_id, int(Standing.PRESENT)),
    )
    return [row[0] for row in txn.fetchall()]


def count_of_txn(txn: Transaction, user_id: int) -> int:
    """How many channels the user is in."""
    txn.execute(
        "SELECT COUNT(*) FROM channel_members WHERE user_id = ? AND standing = ?", (user_id, int(Standing.PRESENT))
    )
    row = txn.fetchone()
    return int(row[0]) if row else 0


def count_owned_txn(txn: Transaction, user_id: int) -> int:
    """How many channels the user owns."""
    txn.execute(
        "SELECT COUNT(*) FROM channel_members WHERE user_id = ? AND standing = ? AND role = ?",
        (user_id, int(Standing.PRESENT), int(Role.CREATOR)),
    )
    row = txn.fetchone()
    return int(row[0]) if row else 0


def listed_txn(txn: Transaction, limit: int) -> list[Channel]:
    """The newest channels of all."""
    txn.execute("SELECT id FROM channels ORDER BY id DESC LIMIT ?", (limit,))
    ids = [row[0] for row in txn.fetchall()]
    found = channels_txn(txn, ids)
    return [found[channel_id] for channel_id in ids if channel_id in found]


def count_listed_txn(txn: Transaction, channel_id: int, *, listed: int = 0, admins: bool = False) -> int:
    """How many are restricted or put out (``listed``), or administer it."""
    which, params = ("listed = ?", (channel_id, listed)) if listed else ("role > 0", (channel_id,))
    if admins:
        which += f" AND standing = {int(Standing.PRESENT)}"
    txn.execute(f"SELECT COUNT(*) FROM channel_members WHERE channel_id = ? AND {which}", params)
    row = txn.fetchone()
    return int(row[0]) if row else 0


def insert_channel_txn(txn: Transaction, channel: Channel) -> int:
    """A new channel's id; nobody is in it yet."""
    txn.execute(
        "INSERT INTO channels (access_hash, kind, flags, title, about, creator_id, created_at, default_banned_rights,"
        " ttl_seconds, migrated_from_chat_id, migrated_from_max_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            channel.access_hash,
            int(channel.kind),
            channel.flags,
            channel.title,
            channel.about,
            channel.creator_id,
            channel.created_at,
            channel.default_banned_rights,
            channel.ttl_seconds,
            channel.migrated_from_chat_id,
            channel.migrated_from_max_id,
        ),
    )
    return txn.lastrowid


def update_channel_txn(txn: Transaction, channel_id: int, **columns: int | str | bytes | None) -> None:
    """Change columns of one channel."""
    changes = ", ".join(f"{name} = ?" for name in columns)
    txn.execute(f"UPDATE channels SET {changes} WHERE id = ?", (*columns.values(), channel_id))


def count_members_txn(txn: Transaction, channel_id: int, more: int) -> None:
    """So many more (or less) are in it."""
    txn.execute("UPDATE channels SET members = members + ? WHERE id = ?", (more, channel_id))


def put_member_txn(txn: Transaction, channel_id: int, member: Member) -> None:
    """Insert or change somebody's row."""
    membership = member.membership
    listed = 0
    if membership.standing is Standing.REMOVED:
        listed = PUT_OUT
    elif membership.banned_rights:
        listed = RESTRICTED
    txn.upsert(
        "channel_members",
        {"channel_id": channel_id, "user_id": member.user_id},
        {
            "standing": int(membership.standing),
            "role": int(membership.role),
            "admin_rights": membership.admin_rights,
            "banned_rights": membership.banned_rights,
            "banned_until": membership.banned_until,
            "listed": listed,
            "member_rank": membership.rank,
            "inviter_id": member.inviter_id,
            "joined_at": member.joined_at,
            "promoted_by": member.promoted_by,
            "restricted_by": member.restricted_by,
            "changed_at": member.changed_at,
            "hidden_up_to": membership.hidden_up_to,
        },
    )


def public_ids_txn(txn: Transaction, user_id: int) -> list[int]:
    """The public channels that are the user's."""
    txn.execute(
        "SELECT m.channel_id FROM channel_members m JOIN channels c ON c.id = m.channel_id"
        " WHERE m.user_id = ? AND m.standing = ? AND m.role = ? AND c.username <> '' ORDER BY m.channel_id",
        (user_id, int(Standing.PRESENT), int(Role.CREATOR)),
    )
    return [row[0] for row in txn.fetchall()]
