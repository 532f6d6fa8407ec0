"""Topics of a forum, and what answers a message, as somebody has them: how far they have read, and what is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.around import answers_txn, copies_of_txn
from teamgram.domain.boxes.message import Message, MessageAnswers
from teamgram.domain.boxes.store import chunks, marks, messages_txn
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.channel import Flag, Seat
from teamgram.domain.channels.general_topic import GENERAL
from teamgram.domain.forums.errors import ForumMissing
from teamgram.domain.forums.topics import TOPIC_COLUMNS, Topic, topic_from_row, topics_txn
from teamgram.domain.ids.peer import marked_channel
from teamgram.domain.messages.channel_unread import COUNTED
from teamgram.domain.messages.channel_view import channel_messages_txn
from teamgram.domain.messages.errors import MessageIdInvalid
from teamgram.domain.messages.threads import Thread, thread_of
from teamgram.domain.updates.events import ThreadInboxRead
from teamgram.domain.updates.fanout import Fanout

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class SeenTopic:
    """A topic as somebody has it.

    Attributes:
        unread: messages of others after ``read_inbox_max_id``; at most ``COUNTED`` are looked at.
    """

    topic: Topic
    read_inbox_max_id: int
    read_outbox_max_id: int
    unread: int


@dataclass(frozen=True, slots=True)
class TopicsPage:
    """Topics in order, with their newest messages.

    Attributes:
        count: how many topics there are.
        pts: of the channel.
    """

    topics: Sequence[SeenTopic]
    messages: Sequence[Message]
    count: int
    pts: int


@dataclass(frozen=True, slots=True)
class SeenThread:
    """What answers a message, as somebody has it.

    Attributes:
        message: the first one, with how many answers it has.
        unread: see ``SeenTopic``.
    """

    message: Message
    read_inbox_max_id: int
    read_outbox_max_id: int
    unread: int


class TopicsSeen:
    """Looks into forums and threads, and remembers how far somebody has."""

    def __init__(self, database: Database, fanout: Fanout) -> None:
        self._database = database
        self._fanout = fanout

    async def page(
        self, user_id: int, now: int, channel_id: int, words: str, before: tuple[int, int], limit: int
    ) -> TopicsPage:
        """Topics, pinned ones first, then those with the newest message first.

        Args:
            words: what their titles have in them.
            before: the newest message and the id of the topic after which the page begins, zeros for the first page.

        Raises:
            ChannelNotFound, ChannelPrivate, ForumMissing.
        """
        return await self._database.read("topics", _page_txn, user_id, now, channel_id, words, before, limit)

    async def get(self, user_id: int, now: int, channel_id: int, topic_ids: Sequence[int]) -> TopicsPage:
        """Those of these topics that there are.

        Raises:
            ChannelNotFound, ChannelPrivate, ForumMissing.
        """
        return await self._database.read(
            "topics by id", _by_id_txn, user_id, now, channel_id, tuple(topic_ids[:MAX_PAGE])
        )

    async def discussion(self, user_id: int, now: int, channel_id: int, message_id: int) -> tuple[int, int]:
        """Where a message is answered: a supergroup's there, a channel's post where its copy lies (group, message).

        Raises:
            ChannelNotFound, ChannelPrivate.
            MessageIdInvalid: nobody may comment on it.
        """
        return await self._database.read("discussion", _discussion_txn, user_id, now, channel_id, message_id)

    async def answers(self, seat: Seat, message_ids: Sequence[int]) -> Mapping[int, MessageAnswers]:
        """How many comments posts of a channel have, or answers messages of a supergroup, by message.

        Those that may not be commented on, have no answers, or are not theirs to see, are missing.
        """
        return await self._database.read("answers", _answers_txn, seat, tuple(message_ids))

    async def thread(self, user_id: int, now: int, channel_id: int, message_id: int) -> SeenThread:
        """What answers a message of a supergroup.

        Raises:
            ChannelNotFound, ChannelPrivate, MessageIdInvalid.
        """
        return await self._database.read("thread", _thread_txn, user_id, now, channel_id, message_id)

    async def read(
        self, user_id: int, now: int, channel_id: int, thread_id: int, max_id: int, perm_auth_key_id: int
    ) -> None:
        """Remember that somebody has read a topic or thread so far. Who is not in the channel has read nothing.

        Raises:
            ChannelNotFound, ChannelPrivate, MessageIdInvalid.
        """
        await self._database.write(
            "read thread", self._read_txn, user_id, now, channel_id, thread_id, max_id, perm_auth_key_id
        )

    def _read_txn(
        self,
        txn: Transaction,
        user_id: int,
        now: int,
        channel_id: int,
        thread_id: int,
        max_id: int,
        perm_auth_key_id: int,
    ) -> None:
        seat = store.seat_txn(txn, channel_id, user_id, now)
        rights.check_reads(seat)
        if not seat.is_present:
            return
        marked = seat.channel.marked
        # A mark is kept for what is there, or one member could have as many kept as there are numbers.
        if thread_id != GENERAL and not messages_txn(txn, marked, [thread_id]):
            raise MessageIdInvalid(str(thread_id))
        txn.execute("SELECT last_message_id FROM message_boxes WHERE owner_id = ?", (marked,))
        row = txn.fetchone()
        max_id = min(max_id, row[0] if row else 0)
        before = max(_read_up_to_txn(txn, seat, [thread_id]).get(thread_id, 0), seat.hidden_up_to)
        if max_id <= before:
            return
        key = {"user_id": user_id, "owner_id": marked, "thread_id": thread_id}
        txn.upsert("thread_reads", key, {"read_inbox_max_id": max_id})
        event = ThreadInboxRead(channel_id, thread_id, max_id)
        txn.call_after(self._fanout.publish, (user_id,), event, perm_auth_key_id)


def _answers_txn(txn: Transaction, seat: Seat, message_ids: tuple[int, ...]) -> Mapping[int, MessageAnswers]:
    wanted = [id_ for id_ in dict.fromkeys(message_ids) if id_ > seat.hidden_up_to]
    found = messages_txn(txn, seat.channel.marked, wanted)
    return {id_: answers for (_, id_), answers in answers_txn(txn, found.values()).items()}


def _look_txn(txn: Transaction, user_id: int, now: int, channel_id: int) -> Seat:
    seat = store.seat_txn(txn, channel_id, user_id, now)
    rights.check_reads(seat)
    if not seat.channel.has(Flag.FORUM):
        raise ForumMissing(str(channel_id))
    return seat


def _page_txn(
    txn: Transaction, user_id: int, now: int, channel_id: int, words: str, before: tuple[int, int], limit: int
) -> TopicsPage:
    seat = _look_txn(txn, user_id, now, channel_id)
    txn.execute("SELECT COUNT(*) FROM forum_topics WHERE channel_id = ?", (channel_id,))
    row = txn.fetchone()
    count = int(row[0]) if row else 0
    where, params = "t.channel_id = ?", [channel_id]
    top, topic_id = before
    if topic_id and (found := topics_txn(txn, channel_id, [topic_id])):
        # After what the client has: it may have moved since, so where it stood then counts.
        order = found[0].pinned_order
        top = top or found[0].top_message_id
        where += (
            " AND (t.pinned_order < ? OR (t.pinned_order = ? AND (t.top_message_id < ?"
            " OR (t.top_message_id = ? AND t.id < ?))))"
        )
        params += [order, order, top, top, topic_id]
    limit = max(1, min(limit, MAX_PAGE))
    txn.execute(
        f"SELECT {TOPIC_COLUMNS} FROM forum_topics t WHERE {where}"
        " ORDER BY t.pinned_order DESC, t.top_message_id DESC, t.id DESC LIMIT ?",
        (*params, 1_000 if words else limit),
    )
    topics = [topic_from_row(row) for row in txn.fetchall()]
    if words:
        sought = words.casefold()
        topics = [topic for topic in topics if sought in topic.title.casefold()]
        count = len(topics)
    return _seen_txn(txn, seat, topics[:limit], count)


def _by_id_txn(txn: Transaction, user_id: int, now: int, channel_id: int, topic_ids: tuple[int, ...]) -> TopicsPage:
    seat = _look_txn(txn, user_id, now, channel_id)
    topics = topics_txn(txn, channel_id, topic_ids)
    return _seen_txn(txn, seat, topics, len(topics))


def _seen_txn(txn: Transaction, seat: Seat, topics: Sequence[Topic], count: int) -> TopicsPage:
    marked, user_id = seat.channel.marked, seat.user_id
    read_outbox = _channel_read_txn(txn, seat)[1]
    read = _read_up_to_txn(txn, seat, [topic.id for topic in topics])
    seen = []
    for topic in topics:
        up_to = max(read[topic.id], seat.hidden_up_to)
        unread = _unread_txn(txn, seat, Thread(topic.id, True), up_to) if topic.top_message_id > up_to else 0
        seen.append(SeenTopic(topic, min(up_to, topic.top_message_id), read_outbox, unread))
    tops = channel_messages_txn(txn, user_id, marked, [topic.top_message_id for topic in topics], seat.hidden_up_to)
    txn.execute("SELECT pts FROM message_boxes WHERE owner_id = ?", (marked,))
    row = txn.fetchone()
    return TopicsPage(seen, list(tops.values()), count, row[0] if row else 1)


def _channel_read_txn(txn: Transaction, seat: Seat) -> tuple[int, int]:
    """How far the channel itself has been read, by them and from them."""
    txn.execute(
        "SELECT read_inbox_max_id, read_outbox_max_id FROM dialogs WHERE owner_id = ? AND peer = ?",
        (seat.user_id, seat.channel.marked),
    )
    inbox, outbox = txn.fetchone() or (0, 0)
    return inbox, outbox


def _read_up_to_txn(txn: Transaction, seat: Seat, thread_ids: Sequence[int]) -> dict[int, int]:
    """How far somebody has read in these threads: no less than in the channel."""
    inbox, _ = _channel_read_txn(txn, seat)
    read = dict.fromkeys(thread_ids, inbox)
    for some in chunks(thread_ids):
        txn.execute(
            "SELECT thread_id, read_inbox_max_id FROM thread_reads WHERE user_id = ? AND owner_id = ?"
            f" AND thread_id IN ({marks(some)})",
            (seat.user_id, seat.channel.marked, *some),
        )
        for thread_id, max_id in txn.fetchall():
            read[thread_id] = max(inbox, max_id)
    return read


def _unread_txn(txn: Transaction, seat: Seat, thread: Thread, up_to: int) -> int:
    """How many of the first ``COUNTED`` messages after the mark are others'."""
    marked = seat.channel.marked
    params: tuple[int, ...]
    if thread == Thread(GENERAL, True):
        ids = (
            "SELECT m.id FROM messages m WHERE m.owner_id = ? AND m.id > ? AND NOT EXISTS (SELECT 1"
            " FROM message_threads k WHERE k.owner_id = m.owner_id AND k.id = m.id AND k.in_topic = 1)"
            " ORDER BY m.id LIMIT ?"
        )
        params = (marked, up_to, COUNTED)
    else:
        ids = (
            "SELECT k.id FROM message_threads k WHERE k.owner_id = ? AND k.thread_id = ? AND k.id > ?"
            " ORDER BY k.id LIMIT ?"
        )
        params = (marked, thread.id, up_to, COUNTED)
    txn.execute(
        f"SELECT COUNT(*) FROM ({ids}) u JOIN messages o ON o.owner_id = ? AND o.id = u.id"
        " JOIN message_contents c ON c.id = o.content_id WHERE c.sender_id <> ?",
        (*params, marked, seat.user_id),
    )
    row = txn.fetchone()
    return int(row[0]) if row else 0


def _discussion_txn(txn: Transaction, user_id: int, now: int, channel_id: int, message_id: int) -> tuple[int, int]:
    seat = store.seat_txn(txn, channel_id, user_id, now)
    rights.check_reads(seat)
    if not seat.channel.is_broadcast:
        return channel_id, message_id
    found = copies_of_txn(txn, channel_id, [message_id]).get(message_id)
    if found is None:
        raise MessageIdInvalid(str(message_id))
    return found


def _thread_txn(txn: Transaction, user_id: int, now: int, channel_id: int, message_id: int) -> SeenThread:
    seat = store.seat_txn(txn, channel_id, user_id, now)
    rights.check_reads(seat)
    marked = marked_channel(channel_id)
    message = channel_messages_txn(txn, user_id, marked, [message_id], seat.hidden_up_to).get(message_id)
    if message is None:
        raise MessageIdInvalid(str(message_id))
    thread = thread_of(message)
    first = message
    if thread.id != message_id:
        first = channel_messages_txn(txn, user_id, marked, [thread.id], seat.hidden_up_to).get(thread.id, message)
    up_to = max(_read_up_to_txn(txn, seat, [thread.id])[thread.id], seat.hidden_up_to)
    unread = _unread_txn(txn, seat, thread, up_to) if seat.is_present else 0
    return SeenThread(first, up_to, _channel_read_txn(txn, seat)[1], unread)
