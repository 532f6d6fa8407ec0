"""Deleting what was posted in a channel, for all: single messages, what somebody wrote, everything."""

from collections.abc import Sequence

from teamgram.database import Transaction
from teamgram.domain.boxes.around import copies_of_txn
from teamgram.domain.boxes.changes import BoxChanges, OwnChange
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.channels.admin_log import MessageRemoved, log_txn
from teamgram.domain.channels.channel import AdminRight
from teamgram.domain.channels.errors import ChannelTooBig
from teamgram.domain.channels.rights import check_has, check_reads
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.chats.chats import Actor
from teamgram.domain.ids.peer import channel_id_of
from teamgram.domain.messages import rules
from teamgram.domain.messages.deleting import HISTORY_STEP, remove_txn
from teamgram.domain.messages.discussions import discussion_group_txn
from teamgram.domain.updates.fanout import Fanout


def delete_in_channel_txn(
    txn: Transaction,
    fanout: Fanout,
    user_id: int,
    peer: int,
    message_ids: Sequence[int],
    now: int,
    perm_auth_key_id: int,
    *,
    topic_id: int = 0,
) -> OwnChange:
    """Delete messages of a channel (marked id), for all.

    Args:
        topic_id: the topic that is deleted with them, and so is what it was begun with.

    Raises:
        ChannelNotFound, ChannelPrivate.
        MessageDeleteForbidden: see ``rules.check_deletes_for_all``.
    """
    seat = seat_txn(txn, channel_id_of(peer), user_id, now)
    check_reads(seat)
    changes = BoxChanges(txn, now)
    group = discussion_group_txn(txn, seat.channel)
    changes.lock((peer,) if group is None else (peer, group.marked))
    found = messages_txn(txn, peer, [id_ for id_ in sorted(set(message_ids)) if id_ > seat.hidden_up_to])
    for message in found.values():
        rules.check_deletes_for_all(message, seat, topic_id)
    actor = Actor(user_id, now, perm_auth_key_id)
    for message in found.values():
        if message.sender_id != user_id:
            log_txn(txn, actor, seat.channel.id, MessageRemoved(message))
    copied = copies_of_txn(txn, seat.channel.id, list(found)) if group is not None else {}
    _remove_from_channel_txn(txn, changes, peer, list(found.values()))
    if group is not None:
        copies = messages_txn(txn, group.marked, [id_ for group_id, id_ in copied.values() if group_id == group.id])
        _remove_from_channel_txn(txn, changes, group.marked, list(copies.values()))
    changes.save(fanout.deliver, perm_auth_key_id)
    return changes.own(peer, user_id)


def clear_channel_txn(
    txn: Transaction, fanout: Fanout, user_id: int, peer: int, max_id: int, now: int, perm_auth_key_id: int
) -> OwnChange:
    """Delete all that was posted in a channel (marked id) up to ``max_id`` (0: all of it), but how it was founded.

    What topics were begun with stays with them.

    Raises:
        ChannelNotFound, ChannelPrivate, ChatAdminRequired.
        ChannelTooBig: it is more than ``HISTORY_STEP`` messages.
    """
    check_has(seat_txn(txn, channel_id_of(peer), user_id, now), AdminRight.DELETE_MESSAGES)
    txn.execute(
        "SELECT m.id FROM messages m WHERE m.owner_id = ? AND m.id > 1 AND m.id <= ? AND NOT EXISTS (SELECT 1"
        " FROM forum_topics t WHERE t.channel_id = ? AND t.id = m.id) ORDER BY m.id LIMIT ?",
        (peer, max_id or 1 << 31, channel_id_of(peer), HISTORY_STEP + 1),
    )
    message_ids = [row[0] for row in txn.fetchall()]
    if len(message_ids) > HISTORY_STEP:
        raise ChannelTooBig(str(peer))
    return delete_in_channel_txn(txn, fanout, user_id, peer, message_ids, now, perm_auth_key_id)


def delete_written_by_txn(
    txn: Transaction, fanout: Fanout, user_id: int, peer: int, writer_id: int, now: int, perm_auth_key_id: int
) -> tuple[OwnChange, int]:
    """Delete a step of what somebody wrote in a channel (marked id) under their own name, newest first; is there more?

    Raises:
        ChannelNotFound, ChannelPrivate, ChatAdminRequired.
    """
    seat = seat_txn(txn, channel_id_of(peer), user_id, now)
    check_has(seat, AdminRight.DELETE_MESSAGES)
    txn.execute(
        "SELECT m.id FROM messages m JOIN message_contents c ON c.id = m.content_id"
        " WHERE m.owner_id = ? AND m.id > ? AND c.sender_id = ? ORDER BY m.id DESC LIMIT ?",
        (peer, max(1, seat.hidden_up_to), writer_id, 10 * HISTORY_STEP),
    )
    found = messages_txn(txn, peer, [row[0] for row in txn.fetchall()])
    # What was written in the name of the channel or group is not theirs: deleting it would tell who wrote it.
    named = sorted((id_ for id_, one in found.items() if not _is_anothers(one)), reverse=True)
    step = named[:HISTORY_STEP]
    change = delete_in_channel_txn(txn, fanout, user_id, peer, step, now, perm_auth_key_id)
    return change, len(named) - len(step)


def _remove_from_channel_txn(txn: Transaction, changes: BoxChanges, peer: int, messages: Sequence[Message]) -> None:
    if messages:
        remove_txn(txn, changes, [(one.content_id, peer, one.id, peer) for one in messages])


def _is_anothers(message: Message) -> bool:
    return message.extra.post or bool(message.extra.as_peer) or rules.is_beginning(message)
