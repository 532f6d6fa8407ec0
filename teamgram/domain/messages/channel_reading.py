"""What has been read in channels: each member's own mark, and what is told to those whose words were read.

Nothing is written for members who do not read. In a supergroup those who wrote what is read now hear of it once: two
marks a group say how far it was read by whom, so that each message is looked at twice at most, however many read it.
Small supergroups keep when each member read what, for whoever asks for the readers of their message.
"""

from collections.abc import Sequence

from teamgram.database import Transaction
from teamgram.domain.boxes.difference import pts_txn
from teamgram.domain.boxes.marks import MENTION_UNREAD, MENTIONED, REACTION_UNREAD, drop_marks_txn
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels.channel import Flag, Seat
from teamgram.domain.channels.rights import check_reads, check_sees_members
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.chats.chat import Standing
from teamgram.domain.ids.peer import channel_id_of
from teamgram.domain.messages.channel_unread import unread_txn
from teamgram.domain.messages.errors import GroupTooLarge, MessageIdInvalid, MessageTooOld
from teamgram.domain.messages.reading import KEEP_READ_DATES
from teamgram.domain.updates.events import ChannelContentsRead, ChannelInboxRead, ChannelOutboxRead
from teamgram.domain.updates.fanout import Fanout

MOST_READERS = 200
"""In a larger supergroup nobody is told who has read what."""

MAX_TOLD = 1000
"""Messages in which one reading looks for who is to hear of it; of older ones nobody hears."""


def read_channel_txn(
    txn: Transaction, fanout: Fanout, user_id: int, peer: int, max_id: int, now: int, perm_auth_key_id: int
) -> None:
    """Move the user's mark in a channel up to ``max_id`` (0: to the newest message). Who is not in it has none.

    Raises:
        ChannelNotFound, ChannelPrivate.
    """
    seat = seat_txn(txn, channel_id_of(peer), user_id, now)
    check_reads(seat)
    txn.execute(
        "SELECT d.read_inbox_max_id, d.unread_mark, d.folder_id, t.top_message_id FROM dialogs d"
        " JOIN dialogs t ON t.owner_id = d.peer AND t.peer = d.peer WHERE d.owner_id = ? AND d.peer = ?",
        (user_id, peer),
    )
    row = txn.fetchone()
    if row is None or not seat.is_present:
        return
    before, unread_mark, folder_id, top = row
    top = max(top, before)
    max_id = min(max_id, top) if max_id > 0 else top
    if max_id <= before:
        if unread_mark:
            txn.execute("UPDATE dialogs SET unread_mark = 0 WHERE owner_id = ? AND peer = ?", (user_id, peer))
        return
    txn.execute(
        "UPDATE dialogs SET read_inbox_max_id = ?, unread_mark = 0 WHERE owner_id = ? AND peer = ?",
        (max_id, user_id, peer),
    )
    unread = unread_txn(txn, user_id, {peer: (top, max_id)})[peer]
    if _says_who_read(seat):
        names = {"owner_id": user_id, "peer": peer, "max_id": max_id}
        txn.insert_ignore("read_dates", {**names, "read_at": now})
    event = ChannelInboxRead(seat.channel.id, max_id, unread, pts_txn(txn, peer), folder_id)
    txn.call_after(fanout.publish, (user_id,), event, perm_auth_key_id)
    if not seat.channel.is_broadcast:
        _tell_writers_txn(txn, fanout, seat, peer, before, max_id)


def _says_who_read(seat: Seat) -> bool:
    channel = seat.channel
    # In a forum one reads topic by topic.
    return not (channel.is_broadcast or channel.has(Flag.FORUM)) and channel.members <= MOST_READERS


def readers_txn(txn: Transaction, user_id: int, peer: int, message_id: int, now: int) -> list[tuple[int, int]]:
    """Who in a small supergroup has read a message of the user's, and when.

    Raises:
        ChannelNotFound, ChannelPrivate, ChatAdminRequired: who is in it is hidden.
        GroupTooLarge (or a forum), MessageIdInvalid, MessageTooOld.
    """
    seat = seat_txn(txn, channel_id_of(peer), user_id, now)
    check_sees_members(seat)
    if not _says_who_read(seat):
        raise GroupTooLarge(str(seat.channel.id))
    txn.execute(
        "SELECT m.sent_at FROM messages m JOIN message_contents c ON c.id = m.content_id"
        " WHERE m.owner_id = ? AND m.id = ? AND c.sender_id = ?",
        (peer, message_id, user_id),
    )
    row = txn.fetchone()
    if row is None:
        raise MessageIdInvalid(str(message_id))
    if row[0] < now - KEEP_READ_DATES:
        raise MessageTooOld(str(message_id))
    txn.execute(
        "SELECT r.owner_id, MIN(r.read_at) FROM channel_members p JOIN read_dates r ON r.owner_id = p.user_id"
        " AND r.peer = ? AND r.max_id >= ? WHERE p.channel_id = ? AND p.standing = ? AND p.user_id <> ?"
        " GROUP BY r.owner_id ORDER BY r.owner_id",
        (peer, message_id, seat.channel.id, int(Standing.PRESENT), user_id),
    )
    return [(reader_id, read_at) for reader_id, read_at in txn.fetchall()]


def _tell_writers_txn(txn: Transaction, fanout: Fanout, seat: Seat, peer: int, before: int, max_id: int) -> None:
    channel_id, user_id = seat.channel.id, seat.user_id
    txn.execute(
        "SELECT first_id, first_user_id, second_id FROM channel_read_marks WHERE channel_id = ?"
        f"{txn.engine.for_update}",
        (channel_id,),
    )
    first_id, first_user_id, second_id = txn.fetchone() or (0, 0, 0)
    if max_id <= second_id:
        return  # two others have read that far: everybody's words are read
    if user_id == first_user_id:
        marks_now = (max(first_id, max_id), user_id, second_id)
    elif max_id > first_id:
        marks_now = (max_id, user_id, first_id)
    else:
        marks_now = (first_id, first_user_id, max_id)
    names = ("first_id", "first_user_id", "second_id")
    txn.upsert("channel_read_marks", {"channel_id": channel_id}, dict(zip(names, marks_now, strict=True)))
    since = max(before, second_id, max_id - MAX_TOLD)
    txn.execute(
        "SELECT c.sender_id, MAX(m.id) FROM messages m JOIN message_contents c ON c.id = m.content_id"
        " WHERE m.owner_id = ? AND m.id > ? AND m.id <= ? AND c.sender_id <> ? GROUP BY c.sender_id",
        (peer, since, max_id, user_id),
    )
    for sender_id, message_id in sorted(txn.fetchall()):
        txn.execute(
            "UPDATE dialogs SET read_outbox_max_id = ? WHERE owner_id = ? AND peer = ? AND read_outbox_max_id < ?",
            (message_id, sender_id, peer, message_id),
        )
        if txn.rowcount:
            txn.call_after(fanout.publish, (sender_id,), ChannelOutboxRead(channel_id, message_id))


def read_contents_txn(
    txn: Transaction,
    fanout: Fanout,
    user_id: int,
    peer: int,
    message_ids: Sequence[int],
    now: int,
    perm_auth_key_id: int,
) -> None:
    """Take the "unseen" mark off messages of a channel that speak to the user; of all of them when none is named.

    Raises:
        ChannelNotFound, ChannelPrivate.
    """
    check_reads(seat_txn(txn, channel_id_of(peer), user_id, now))
    of_user = "SELECT id FROM message_marks WHERE owner_id = ? AND peer = ? AND kind = ?"
    found: list[int] = []
    if message_ids:
        for some in chunks(message_ids):
            txn.execute(f"{of_user} AND id IN ({marks(some)})", (user_id, peer, MENTION_UNREAD, *some))
            found += [row[0] for row in txn.fetchall()]
    else:
        txn.execute(of_user, (user_id, peer, MENTION_UNREAD))
        found = [row[0] for row in txn.fetchall()]
    if not found:
        return
    drop_marks_txn(txn, user_id, peer, found, (MENTION_UNREAD,))
    _count_mentions_txn(txn, user_id, peer)
    event = ChannelContentsRead(channel_id_of(peer), tuple(sorted(found)))
    txn.call_after(fanout.publish, (user_id,), event, perm_auth_key_id)


def forget_marks_txn(txn: Transaction, peer: int, message_ids: Sequence[int]) -> None:
    """These messages of a channel are gone: they speak to nobody any more, and no reactions to them wait."""
    for some in chunks(message_ids):
        txn.execute(
            f"SELECT DISTINCT owner_id FROM message_marks WHERE peer = ? AND owner_id > 0 AND id IN ({marks(some)})",
            (peer, *some),
        )
        for (user_id,) in txn.fetchall():
            drop_marks_txn(txn, user_id, peer, some, (MENTIONED, MENTION_UNREAD, REACTION_UNREAD))
            _count_mentions_txn(txn, user_id, peer)


def _count_mentions_txn(txn: Transaction, user_id: int, peer: int) -> None:
    txn.execute(
        "UPDATE dialogs SET unread_mentions = (SELECT COUNT(*) FROM message_marks k WHERE k.owner_id = dialogs.owner_id"
        " AND k.peer = dialogs.peer AND k.kind = ?) WHERE owner_id = ? AND peer = ?",
        (MENTION_UNREAD, user_id, peer),
    )
