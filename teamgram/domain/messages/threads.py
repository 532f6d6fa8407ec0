"""Threads of a channel's box: what answers a message, at whichever remove, and what was written in a topic.

A message carries its thread in its content; which messages a thread has is an index beside the box, written in the
transaction that posts, and so is how many there are.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from teamgram.database import Transaction
from teamgram.domain.boxes.message import Extra, Message
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels.channel import AdminRight, Flag, Seat
from teamgram.domain.channels.general_topic import GENERAL
from teamgram.domain.ids.peer import channel_id_of, marked_channel
from teamgram.domain.messages.errors import TopicClosed, TopicDeleted

TOPIC_CREATED = "topicCreate"


class Thread(NamedTuple):
    """Where an answer belongs.

    Attributes:
        id: the first message.
        in_topic: it is a topic.
    """

    id: int = 0
    in_topic: bool = False


NO_THREAD = Thread()


def thread_of(answered: Message) -> Thread:
    """The thread of what answers that message."""
    extra = answered.extra
    if extra.action is not None and extra.action.kind == TOPIC_CREATED:
        return Thread(answered.id, True)
    if extra.thread_id:
        return Thread(extra.thread_id, extra.in_topic)
    return Thread(answered.id)


def check_writes_txn(txn: Transaction, seat: Seat, thread: Thread, *, answers: int) -> None:
    """Write in a topic of a forum: those who look after it also where it is closed.

    Args:
        answers: the message that is to be answered, 0 for none: when it is gone, nobody knows in which topic it was.

    Raises:
        TopicClosed, TopicDeleted.
    """
    channel = seat.channel
    if not channel.has(Flag.FORUM):
        return
    if answers and not thread.id:
        raise TopicDeleted(str(answers))
    topic_id = thread.id if thread.in_topic else GENERAL
    txn.execute("SELECT closed, creator_id FROM forum_topics WHERE channel_id = ? AND id = ?", (channel.id, topic_id))
    row = txn.fetchone()
    if row is None:
        if topic_id == GENERAL:
            return
        raise TopicDeleted(str(topic_id))
    closed, creator_id = row
    if closed and not seat.has(AdminRight.MANAGE_TOPICS) and creator_id != seat.user_id:
        raise TopicClosed(str(topic_id))


def in_thread(extra: Extra, thread: Thread) -> Extra:
    """A content as it is in a thread."""
    if not thread.id:
        return extra
    return replace(extra, thread_id=thread.id, in_topic=thread.in_topic)


def note_txn(txn: Transaction, messages: Iterable[Message], *, forum: bool) -> None:
    """Messages have been posted in a channel: they are in their threads, and the topics of a forum have moved."""
    rows: list[tuple[int, int, int, int]] = []
    added: dict[tuple[int, int], tuple[int, int]] = {}
    tops: dict[tuple[int, int], int] = {}
    for message in messages:
        extra = message.extra
        if extra.thread_id:
            rows.append((message.owner_id, extra.thread_id, message.id, int(extra.in_topic)))
            count, _ = added.get((message.owner_id, extra.thread_id), (0, 0))
            added[message.owner_id, extra.thread_id] = count + 1, message.id
        if forum:
            topic = extra.thread_id if extra.in_topic else GENERAL
            tops[channel_id_of(message.owner_id), topic] = message.id
    if rows:
        txn.executemany("INSERT INTO message_threads (owner_id, thread_id, id, in_topic) VALUES (?, ?, ?, ?)", rows)
    for (owner_id, thread_id), (count, last_id) in sorted(added.items()):
        key = {"owner_id": owner_id, "thread_id": thread_id}
        txn.insert_ignore("thread_counts", key | {"replies": 0, "last_id": 0})
        txn.execute(
            "UPDATE thread_counts SET replies = replies + ?, last_id = ? WHERE owner_id = ? AND thread_id = ?",
            (count, last_id, owner_id, thread_id),
        )
    if tops:
        txn.executemany(
            "UPDATE forum_topics SET top_message_id = ? WHERE channel_id = ? AND id = ?",
            [(top, *topic) for topic, top in tops.items()],
        )


def topics_of_txn(txn: Transaction, owner_id: int, message_ids: Sequence[int]) -> dict[int, int]:
    """The topics of these messages of a forum, by the message's id; what is in General is missing."""
    found: dict[int, int] = {}
    for some in chunks(message_ids):
        txn.execute(
            f"SELECT id, thread_id FROM message_threads WHERE owner_id = ? AND in_topic = 1 AND id IN ({marks(some)})",
            (owner_id, *some),
        )
        found.update(txn.fetchall())
    return found


def forget_txn(txn: Transaction, owner_id: int, message_ids: Sequence[int]) -> None:
    """These messages of a channel are gone: they answer nothing any more, and topics end with what they have."""
    lost: dict[int, int] = {}
    for some in chunks(message_ids):
        txn.execute(
            f"SELECT thread_id, COUNT(*) FROM message_threads WHERE owner_id = ? AND id IN ({marks(some)})"
            " GROUP BY thread_id",
            (owner_id, *some),
        )
        for thread_id, count in txn.fetchall():
            lost[thread_id] = lost.get(thread_id, 0) + count
        txn.execute(f"DELETE FROM message_threads WHERE owner_id = ? AND id IN ({marks(some)})", (owner_id, *some))
    for thread_id, count in sorted(lost.items()):
        txn.execute(
            "UPDATE thread_counts SET replies = replies - ? WHERE owner_id = ? AND thread_id = ?",
            (count, owner_id, thread_id),
        )
    channel_id = channel_id_of(owner_id)
    recount_tops_txn(txn, channel_id, [topic_id for topic_id in lost if topic_id != GENERAL])
    txn.execute("SELECT top_message_id FROM forum_topics WHERE channel_id = ? AND id = ?", (channel_id, GENERAL))
    row = txn.fetchone()
    if row is not None and row[0] in message_ids:
        recount_tops_txn(txn, channel_id, [GENERAL])


def recount_tops_txn(txn: Transaction, channel_id: int, topic_ids: Sequence[int] | None = None) -> None:
    """Set which message is the newest of topics, of all if none is named, from those that are there."""
    owner_id = marked_channel(channel_id)
    if topic_ids is None:
        txn.execute("SELECT id FROM forum_topics WHERE channel_id = ?", (channel_id,))
        topic_ids = [row[0] for row in txn.fetchall()]
    for topic_id in topic_ids:
        if topic_id == GENERAL:
            txn.execute(
                "SELECT m.id FROM messages m WHERE m.owner_id = ? AND NOT EXISTS (SELECT 1 FROM message_threads k"
                " WHERE k.owner_id = m.owner_id AND k.id = m.id AND k.in_topic = 1) ORDER BY m.id DESC LIMIT 1",
                (owner_id,),
            )
        else:
            txn.execute(
                "SELECT id FROM message_threads WHERE owner_id = ? AND thread_id = ? ORDER BY id DESC LIMIT 1",
                (owner_id, topic_id),
            )
        row = txn.fetchone()
        txn.execute(
            "UPDATE forum_topics SET top_message_id = ? WHERE channel_id = ? AND id = ?",
            (row[0] if row else topic_id, channel_id, topic_id),
        )
