"""Reading marks: what its owner has read, and what others have read of them."""

from collections.abc import Sequence

from teamgram.database import Transaction
from teamgram.domain.boxes.changes import BoxChanges, OwnChange
from teamgram.domain.boxes.events import ContentsRead, InboxRead, OutboxRead
from teamgram.domain.boxes.marks import MENTION_UNREAD, drop_marks_txn
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import chunks, marks, messages_txn
from teamgram.domain.chats import rights
from teamgram.domain.chats.store import chat_txn, is_member_txn
from teamgram.domain.contacts import relations
from teamgram.domain.ids.peer import chat_id_of, is_chat, is_user
from teamgram.domain.messages.ending import begin_txn
from teamgram.domain.messages.errors import MessageIdInvalid, MessageTooOld
from teamgram.domain.messages.reading_reactions import see_reactions_txn
from teamgram.domain.privacy.errors import UserPrivacyRestricted, YourPrivacyRestricted
from teamgram.domain.privacy.facts import allowing_txn
from teamgram.domain.privacy.keys import STATUS_TIMESTAMP
from teamgram.domain.updates.fanout import Fanout

KEEP_READ_DATES = 7 * 86_400
"""Seconds for which it is known when a message was read; ``pm_read_date_expire_period`` in help.getAppConfig."""


def read_history_txn(
    txn: Transaction, fanout: Fanout, owner_id: int, peer: int, max_id: int, now: int, perm_auth_key_id: int
) -> OwnChange:
    """Move the owner's mark up, and the marks of those who wrote what was read.

    Nobody is told by who is not in the group any more, nor across a block.
    """
    told = _is_told_txn(txn, owner_id, peer)
    changes = BoxChanges(txn, now)
    # The newest message first: then everybody who wrote up to it is among the boxes that are locked.
    _, top, _ = _dialog_txn(txn, owner_id, peer)
    changes.lock((owner_id, *(_unread_senders_txn(txn, owner_id, peer) if told else ())))
    before, _, unread = _dialog_txn(txn, owner_id, peer)
    max_id = top if max_id <= 0 else min(max_id, top)
    if max_id <= before and not unread:
        txn.execute("UPDATE dialogs SET unread_mark = 0 WHERE owner_id = ? AND peer = ?", (owner_id, peer))
        return changes.own(owner_id)
    max_id = max(max_id, before)
    still_unread = _count_unread_txn(txn, owner_id, peer, max_id)
    if max_id == before and still_unread == unread:
        return changes.own(owner_id)
    txn.execute(
        "UPDATE dialogs SET read_inbox_max_id = ?, unread_count = ?, unread_mark = 0 WHERE owner_id = ? AND peer = ?",
        (max_id, still_unread, owner_id, peer),
    )
    changes.append(owner_id, InboxRead(peer, max_id, still_unread))
    if told:
        if is_chat(peer):
            _note_date_txn(txn, owner_id, peer, max_id, now)
        for sender_id, message_id in _newest_read_txn(txn, owner_id, peer, before, max_id):
            _tell_sender_txn(txn, changes, sender_id, owner_id if is_user(peer) else peer, message_id, now)
    changes.save(fanout.deliver, perm_auth_key_id)
    return changes.own(owner_id)


def _is_told_txn(txn: Transaction, owner_id: int, peer: int) -> bool:
    """Whether those who wrote in the dialog hear that the owner has read it."""
    if is_chat(peer):
        return is_member_txn(txn, chat_id_of(peer), owner_id)
    return relations.reaches(relations.relation_txn(txn, owner_id, peer))


def _dialog_txn(txn: Transaction, owner_id: int, peer: int) -> tuple[int, int, int]:
    txn.execute(
        "SELECT read_inbox_max_id, top_message_id, unread_count FROM dialogs WHERE owner_id = ? AND peer = ?",
        (owner_id, peer),
    )
    row = txn.fetchone()
    return (row[0], row[1], row[2]) if row else (0, 0, 0)


def _count_unread_txn(txn: Transaction, owner_id: int, peer: int, max_id: int) -> int:
    txn.execute(
        "SELECT COUNT(*) FROM messages WHERE owner_id = ? AND peer = ? AND id > ? AND outgoing = 0",
        (owner_id, peer, max_id),
    )
    row = txn.fetchone()
    return int(row[0]) if row else 0


def _unread_senders_txn(txn: Transaction, owner_id: int, peer: int) -> frozenset[int]:
    if is_user(peer):
        return frozenset({peer})
    before, _, _ = _dialog_txn(txn, owner_id, peer)
    txn.execute(
        "SELECT DISTINCT c.sender_id FROM messages m JOIN message_contents c ON c.id = m.content_id"
        " WHERE m.owner_id = ? AND m.peer = ? AND m.id > ? AND m.outgoing = 0",
        (owner_id, peer, before),
    )
    return frozenset(row[0] for row in txn.fetchall())


def _newest_read_txn(txn: Transaction, owner_id: int, peer: int, before: int, max_id: int) -> list[tuple[int, int]]:
    """(sender, the sender's own id) of the newest message of each that is read now and that the sender still has."""
    txn.execute(
        "SELECT c.sender_id, MAX(s.id) FROM messages m JOIN message_contents c ON c.id = m.content_id"
        " JOIN messages s ON s.content_id = m.content_id AND s.owner_id = c.sender_id"
        " WHERE m.owner_id = ? AND m.peer = ? AND m.id > ? AND m.id <= ? AND m.outgoing = 0"
        " GROUP BY c.sender_id ORDER BY c.sender_id",
        (owner_id, peer, before, max_id),
    )
    return [(row[0], row[1]) for row in txn.fetchall()]


def _tell_sender_txn(
    txn: Transaction, changes: BoxChanges, sender_id: int, peer: int, message_id: int, now: int
) -> None:
    txn.execute(
        "UPDATE dialogs SET read_outbox_max_id = ? WHERE owner_id = ? AND peer = ? AND read_outbox_max_id < ?",
        (message_id, sender_id, peer, message_id),
    )
    if not txn.rowcount:
        return
    changes.append(sender_id, OutboxRead(peer, message_id))
    if is_user(peer):
        _note_date_txn(txn, sender_id, peer, message_id, now)


def _note_date_txn(txn: Transaction, owner_id: int, peer: int, max_id: int, now: int) -> None:
    txn.insert_ignore("read_dates", {"owner_id": owner_id, "peer": peer, "max_id": max_id, "read_at": now})


def read_contents_txn(
    txn: Transaction,
    fanout: Fanout,
    owner_id: int,
    message_ids: Sequence[int],
    now: int,
    perm_auth_key_id: int,
) -> OwnChange:
    """Take the "unseen" mark off these messages; who sent what was played is told so, unless a block is between them.

    What ends by itself begins to.
    """
    changes = BoxChanges(txn, now)
    played = _unplayed_txn(txn, owner_id, message_ids)
    changes.lock((owner_id, *(message.sender_id for message in played)))
    # Again behind the lock: it is not told twice.
    played = _unplayed_txn(txn, owner_id, message_ids)
    found: list[tuple[int, int, int]] = []
    for some in chunks(message_ids):
        txn.execute(
            "SELECT id, peer, mentioned * mention_unread FROM messages WHERE owner_id = ?"
            " AND (mention_unread = 1 OR (media_unread = 1 AND outgoing = 0))"
            f" AND id IN ({marks(some)}) ORDER BY id",
            (owner_id, *some),
        )
        found += txn.fetchall()
    txn.executemany(
        "UPDATE messages SET media_unread = 0 WHERE owner_id = ? AND id = ?",
        [(owner_id, message.id) for message in played],
    )
    see_reactions_txn(txn, changes, owner_id, None, message_ids)
    for message in played:
        _tell_played_txn(txn, changes, message)
        if message.extra.media is not None and message.extra.media.ttl:
            begin_txn(txn, fanout, message.content_id, message.extra.media, now)
    return _read_found_txn(txn, fanout, changes, owner_id, found, perm_auth_key_id)


def _unplayed_txn(txn: Transaction, owner_id: int, message_ids: Sequence[int]) -> list[Message]:
    """Those of the messages that were sent to the owner to be played, and were not yet."""
    found = messages_txn(txn, owner_id, message_ids).values()
    return [message for message in found if message.media_unread and not message.out]


def _tell_played_txn(txn: Transaction, changes: BoxChanges, message: Message) -> None:
    """Take the mark off the sender's copy, whose box is locked."""
    if not _is_told_txn(txn, message.owner_id, message.peer):
        return
    txn.execute(
        "SELECT id FROM messages WHERE content_id = ? AND owner_id = ? AND media_unread = 1",
        (message.content_id, message.sender_id),
    )
    row = txn.fetchone()
    if row is not None:
        txn.execute("UPDATE messages SET media_unread = 0 WHERE owner_id = ? AND id = ?", (message.sender_id, row[0]))
        changes.append(message.sender_id, ContentsRead((row[0],)))


def read_mentions_txn(
    txn: Transaction, fanout: Fanout, owner_id: int, peer: int, now: int, perm_auth_key_id: int
) -> OwnChange:
    """As ``read_contents_txn`` for every unseen mention in a dialog."""
    changes = BoxChanges(txn, now)
    changes.lock((owner_id,))
    txn.execute(
        "SELECT id, peer, 1 FROM message_marks WHERE owner_id = ? AND peer = ? AND kind = ? ORDER BY id",
        (owner_id, peer, MENTION_UNREAD),
    )
    return _read_found_txn(txn, fanout, changes, owner_id, list(txn.fetchall()), perm_auth_key_id)


def _read_found_txn(
    txn: Transaction,
    fanout: Fanout,
    changes: BoxChanges,
    owner_id: int,
    found: list[tuple[int, int, int]],
    perm_auth_key_id: int,
) -> OwnChange:
    if found:
        ids = tuple(row[0] for row in found)
        txn.executemany(
            "UPDATE messages SET mention_unread = 0 WHERE owner_id = ? AND id = ?", [(owner_id, id_) for id_ in ids]
        )
        by_peer: dict[int, list[int]] = {}
        for message_id, peer, _ in found:
            by_peer.setdefault(peer, []).append(message_id)
        for peer, message_ids in sorted(by_peer.items()):
            drop_marks_txn(txn, owner_id, peer, message_ids, (MENTION_UNREAD,))
        txn.executemany(
            "UPDATE dialogs SET unread_mentions = CASE WHEN unread_mentions > 0 THEN unread_mentions - 1 ELSE 0 END"
            " WHERE owner_id = ? AND peer = ?",
            [(owner_id, peer) for _, peer, mentioned in found if mentioned],
        )
        changes.append(owner_id, ContentsRead(ids), len(ids))
    changes.save(fanout.deliver, perm_auth_key_id)
    return changes.own(owner_id)


def _recent_content_txn(txn: Transaction, owner_id: int, peer: int, message_id: int, now: int) -> int:
    """The content id of a message that the owner sent, not too long ago to say who has read it.

    Raises:
        MessageIdInvalid: the owner has sent no such message there.
        MessageTooOld: the dates that could tell are not kept any more.
    """
    txn.execute(
        "SELECT content_id, sent_at FROM messages WHERE owner_id = ? AND id = ? AND peer = ? AND outgoing = 1",
        (owner_id, message_id, peer),
    )
    row = txn.fetchone()
    if row is None:
        raise MessageIdInvalid(str(message_id))
    content_id, sent_at = row
    if sent_at < now - KEEP_READ_DATES:
        raise MessageTooOld(str(message_id))
    return int(content_id)


def outbox_read_date_txn(txn: Transaction, owner_id: int, peer: int, message_id: int, now: int) -> int:
    """When the other side had read up to the message; 0 for not yet.

    Raises:
        MessageIdInvalid, MessageTooOld.
        UserPrivacyRestricted, YourPrivacyRestricted: one of them does not show the other when they were last seen.
    """
    _recent_content_txn(txn, owner_id, peer, message_id, now)
    if not allowing_txn(txn, STATUS_TIMESTAMP, [peer], owner_id):
        raise UserPrivacyRestricted(str(peer))
    if not allowing_txn(txn, STATUS_TIMESTAMP, [owner_id], peer):
        raise YourPrivacyRestricted(str(peer))
    txn.execute(
        "SELECT MIN(read_at) FROM read_dates WHERE owner_id = ? AND peer = ? AND max_id >= ?",
        (owner_id, peer, message_id),
    )
    row = txn.fetchone()
    return int(row[0]) if row and row[0] else 0


def trim_read_dates_txn(txn: Transaction, now: int, limit: int) -> int:
    """Drop at most ``limit`` dates that no answer needs any more; how many went."""
    txn.execute(
        "SELECT owner_id, peer, max_id FROM read_dates WHERE read_at < ? LIMIT ?", (now - KEEP_READ_DATES, limit)
    )
    old = txn.fetchall()
    txn.executemany("DELETE FROM read_dates WHERE owner_id = ? AND peer = ? AND max_id = ?", old)
    return len(old)


def read_participants_txn(
    txn: Transaction, owner_id: int, peer: int, message_id: int, now: int
) -> list[tuple[int, int]]:
    """Who in a group has read a message of the owner's, and when: their mark lies at or over their copy of it.

    Raises:
        MessageIdInvalid, MessageTooOld, ChatNotFound, ChatForbidden.
    """
    rights.check_looks(rights.known(chat_txn(txn, chat_id_of(peer), (owner_id,)), chat_id_of(peer), owner_id), owner_id)
    content_id = _recent_content_txn(txn, owner_id, peer, message_id, now)
    txn.execute(
        "SELECT m.owner_id, MIN(r.read_at) FROM messages m JOIN read_dates r ON r.owner_id = m.owner_id"
        " AND r.peer = m.peer AND r.max_id >= m.id WHERE m.content_id = ? AND m.owner_id <> ?"
        " GROUP BY m.owner_id ORDER BY m.owner_id",
        (content_id, owner_id),
    )
    return [(user_id, read_at) for user_id, read_at in txn.fetchall()]
