"""Topics of a forum: one transaction a change, told to all members who are there.

A topic is begun by a message of the channel's box and has its id; what is written in it answers that message. General
(``GENERAL``) has what lies in no other topic, and is never deleted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teamgram.database import Database, Row, Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import BoxChanges, DuplicateRandomId, Outgoing, OwnChange
from teamgram.domain.boxes.message import Action, Extra, Message, Tag
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.admin_log import Switched, log_txn
from teamgram.domain.channels.channel import AdminRight, Flag, Seat
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.errors import NotASupergroup
from teamgram.domain.channels.general_topic import GENERAL, GENERAL_COLOUR, add_general_txn
from teamgram.domain.chats.chat import Banned
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import ChatAdminRequired, ChatNotModified
from teamgram.domain.forums.errors import (
    ForumMissing,
    PinnedTopicsTooMany,
    TopicIconInvalid,
    TopicNotFound,
    TopicsTooMany,
    TopicTitleInvalid,
)
from teamgram.domain.messages.channel_deleting import delete_in_channel_txn
from teamgram.domain.messages.sending import sent_before_txn
from teamgram.domain.messages.threads import TOPIC_CREATED, Thread, in_thread, note_txn, recount_tops_txn
from teamgram.domain.updates.events import ChannelTopicPinned, ChannelTopicsReordered
from teamgram.domain.updates.fanout import Fanout

MAX_TITLE = 128
"""Characters (core.telegram.org/method/channels.createForumTopic)."""

MAX_TOPICS = 5_000
"""Of one forum: a page of them says how many there are, and counts them each time."""

MAX_PINNED = 5
"""``topics_pinned_limit`` in help.getAppConfig."""

DELETED_AT_ONCE = 100
"""Messages that go in one transaction."""

COLOURS = (GENERAL_COLOUR, 0xFFD67E, 0xCB86DB, 0x8EEE98, 0xFF93B2, 0xFB6F5F)
"""Of topics that have no picture (core.telegram.org/constructor/forumTopic); the first is General's."""

TOPIC_COLUMNS = (
    "t.id, t.creator_id, t.created_at, t.title, t.icon_color, t.icon_emoji_id, t.closed, t.hidden, t.pinned_order,"
    " t.top_message_id"
)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, as all see it.

    Attributes:
        created_at: unix seconds.
        icon_emoji_id: document id of its picture, 0 for a letter on ``icon_color`` (RGB).
        hidden: only General's: shown to nobody while it is.
        pinned_order: 0 for what is not pinned; the largest comes first.
    """

    id: int
    creator_id: int
    created_at: int
    title: str
    icon_color: int
    icon_emoji_id: int
    closed: bool
    hidden: bool
    pinned_order: int
    top_message_id: int


@dataclass(frozen=True, slots=True)
class NewTopic:
    """What a topic is begun with; see ``Topic``."""

    title: str
    icon_color: int = 0
    icon_emoji_id: int = 0


@dataclass(frozen=True, slots=True)
class TopicChange:
    """What of a topic is to be otherwise; None leaves it."""

    title: str | None = None
    icon_emoji_id: int | None = None
    closed: bool | None = None
    hidden: bool | None = None


class Topics:
    """Topics of all forums."""

    def __init__(self, database: Database, fanout: Fanout, channels: Channels) -> None:
        self._database = database
        self._fanout = fanout
        self._channels = channels

    async def set_forum(self, actor: Actor, channel_id: int, on: bool, tabs: bool) -> None:
        """Let a supergroup have topics, or no longer; what was written stays, in General.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ChatNotModified, NotASupergroup.
        """
        await self._database.write("toggle forum", self._forum_txn, actor, channel_id, on, tabs)

    def _forum_txn(self, txn: Transaction, actor: Actor, channel_id: int, on: bool, tabs: bool) -> None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_owns(seat)
        channel = seat.channel
        if channel.is_broadcast or channel.linked_id:
            raise NotASupergroup(str(channel_id))
        kept = channel.flags & ~int(Flag.FORUM | Flag.FORUM_TABS)
        flags = kept | (int(Flag.FORUM) if on else 0) | (int(Flag.FORUM_TABS) if on and tabs else 0)
        if flags == channel.flags:
            raise ChatNotModified(str(channel_id))
        store.update_channel_txn(txn, channel_id, flags=flags)
        if on:
            add_general_txn(txn, channel_id, actor)
            # They may have moved while nobody saw them.
            recount_tops_txn(txn, channel_id)
        log_txn(txn, actor, channel_id, Switched("FORUM", on))
        self._channels.changed_after(txn, channel_id, tell=True, except_perm_auth_key_id=actor.perm_auth_key_id)

    async def create(self, actor: Actor, channel_id: int, new: NewTopic, random_id: int) -> OwnChange:
        """Begin a topic, once for one ``random_id``; the message that says so.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ForumMissing, TopicTitleInvalid, TopicIconInvalid.
            TopicsTooMany.
            RandomIdDuplicate: it was used elsewhere.
        """
        return await self._database.write("create topic", self._create_txn, actor, channel_id, new, random_id)

    def _create_txn(self, txn: Transaction, actor: Actor, channel_id: int, new: NewTopic, random_id: int) -> OwnChange:
        seat = _forum_seat_txn(txn, actor, channel_id)
        _check_begins(seat)
        txn.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM forum_topics WHERE channel_id = ? LIMIT ?) AS counted",
            (channel_id, MAX_TOPICS),
        )
        if (txn.fetchone() or (0,))[0] >= MAX_TOPICS:
            raise TopicsTooMany(str(channel_id))
        title, colour = checked_title(new.title), new.icon_color or COLOURS[0]
        if colour not in COLOURS:
            raise TopicIconInvalid(str(colour))
        action = Action(TOPIC_CREATED, title, icon_color=colour, icon_emoji_id=new.icon_emoji_id)
        try:
            change, message = self._say_txn(txn, actor, seat, Extra(action=action), random_id)
        except DuplicateRandomId:
            return sent_before_txn(txn, actor.user_id, seat.channel.marked, [random_id]).own
        txn.execute(
            "INSERT INTO forum_topics (channel_id, id, creator_id, created_at, title, icon_color, icon_emoji_id,"
            " top_message_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (channel_id, message.id, actor.user_id, actor.now, title, colour, new.icon_emoji_id, message.id),
        )
        # It is the first of what was written there, and answers nothing.
        txn.execute(
            "INSERT INTO message_threads (owner_id, thread_id, id, in_topic) VALUES (?, ?, ?, 1)",
            (seat.channel.marked, message.id, message.id),
        )
        return change

    def _say_txn(
        self,
        txn: Transaction,
        actor: Actor,
        seat: Seat,
        extra: Extra,
        random_id: int | None = None,
        topic_id: int = 0,
    ) -> tuple[OwnChange, Message]:
        """A service message, in a topic if one is named."""
        marked = seat.channel.marked
        changes = BoxChanges(txn, actor.now)
        changes.lock((marked,))
        said = Outgoing("", extra, int(Tag.SERVICE), random_id, {marked: topic_id} if topic_id else None)
        (copies,) = changes.post(actor.user_id, Audience.channel(marked), [said])
        if topic_id:
            note_txn(txn, copies.values(), forum=True)
        changes.save(self._fanout.deliver, actor.perm_auth_key_id)
        return changes.own(marked, actor.user_id), copies[marked]

    async def edit(self, actor: Actor, channel_id: int, topic_id: int, change: TopicChange) -> OwnChange:
        """Change a topic; the message that says so.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ForumMissing, TopicNotFound, TopicTitleInvalid.
            ChatNotModified.
        """
        return await self._database.write("edit topic", self._edit_txn, actor, channel_id, topic_id, change)

    def _edit_txn(
        self, txn: Transaction, actor: Actor, channel_id: int, topic_id: int, change: TopicChange
    ) -> OwnChange:
        seat = _forum_seat_txn(txn, actor, channel_id)
        topic = topic_txn(txn, channel_id, topic_id)
        check_manages(seat, topic)
        columns: dict[str, int | str] = {}
        if change.title is not None and (title := checked_title(change.title)) != topic.title:
            columns["title"] = title
        if change.icon_emoji_id is not None and change.icon_emoji_id != topic.icon_emoji_id:
            columns["icon_emoji_id"] = change.icon_emoji_id
        if change.closed is not None and change.closed is not topic.closed:
            columns["closed"] = int(change.closed)
        if change.hidden is not None and change.hidden is not topic.hidden:
            if topic_id != GENERAL:
                raise TopicNotFound(str(topic_id))
            columns["hidden"] = int(change.hidden)
            # What nobody sees nobody writes in.
            columns["closed"] = int(change.hidden)
        if not columns:
            raise ChatNotModified(str(topic_id))
        _update_txn(txn, channel_id, topic_id, columns)
        action = Action(
            "topicEdit",
            change.title if "title" in columns and change.title is not None else "",
            icon_emoji_id=change.icon_emoji_id if "icon_emoji_id" in columns else None,
            closed=change.closed if "closed" in columns and "hidden" not in columns else None,
            hidden=change.hidden if "hidden" in columns else None,
        )
        extra = Extra(action=action)
        if topic_id == GENERAL:
            changes, message = self._say_txn(txn, actor, seat, extra)
            note_txn(txn, [message], forum=True)
            return changes
        return self._say_txn(txn, actor, seat, in_thread(extra, Thread(topic_id, True)), None, topic_id)[0]

    async def pin(self, actor: Actor, channel_id: int, topic_id: int, pinned: bool) -> None:
        """Have a topic stand first, or no longer.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ForumMissing, TopicNotFound, ChatNotModified.
            PinnedTopicsTooMany.
        """
        await self._database.write("pin topic", self._pin_txn, actor, channel_id, topic_id, pinned)

    def _pin_txn(self, txn: Transaction, actor: Actor, channel_id: int, topic_id: int, pinned: bool) -> None:
        seat = _forum_seat_txn(txn, actor, channel_id)
        rights.check_has(seat, AdminRight.MANAGE_TOPICS)
        topic = topic_txn(txn, channel_id, topic_id)
        if bool(topic.pinned_order) is pinned:
            raise ChatNotModified(str(topic_id))
        orders = _pinned_txn(txn, channel_id)
        if pinned and len(orders) >= MAX_PINNED:
            raise PinnedTopicsTooMany(str(channel_id))
        order = max(orders.values(), default=0) + 1 if pinned else 0
        _update_txn(txn, channel_id, topic_id, {"pinned_order": order})
        event = ChannelTopicPinned(channel_id, topic_id, pinned)
        txn.call_after(self._fanout.publish_in_channel, channel_id, event, actor.perm_auth_key_id)

    async def reorder_pinned(self, actor: Actor, channel_id: int, topic_ids: Sequence[int], *, force: bool) -> None:
        """Say in which order pinned topics stand.

        Args:
            force: those that are not named are no longer pinned.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ForumMissing, TopicNotFound, PinnedTopicsTooMany.
        """
        await self._database.write("reorder topics", self._reorder_txn, actor, channel_id, tuple(topic_ids), force)

    def _reorder_txn(
        self, txn: Transaction, actor: Actor, channel_id: int, topic_ids: tuple[int, ...], force: bool
    ) -> None:
        seat = _forum_seat_txn(txn, actor, channel_id)
        rights.check_has(seat, AdminRight.MANAGE_TOPICS)
        if len(topic_ids) > MAX_PINNED:
            raise PinnedTopicsTooMany(str(len(topic_ids)))
        before = _pinned_txn(txn, channel_id)
        known = {topic.id for topic in topics_txn(txn, channel_id, topic_ids)}
        if set(topic_ids) - known:
            raise TopicNotFound(str(topic_ids))
        rest = [] if force else [one for one in sorted(before, key=lambda one: -before[one]) if one not in topic_ids]
        order = [*dict.fromkeys(topic_ids), *rest][:MAX_PINNED]
        txn.execute("UPDATE forum_topics SET pinned_order = 0 WHERE channel_id = ? AND pinned_order > 0", (channel_id,))
        for place, topic_id in enumerate(reversed(order), 1):
            _update_txn(txn, channel_id, topic_id, {"pinned_order": place})
        event = ChannelTopicsReordered(channel_id, tuple(order))
        txn.call_after(self._fanout.publish_in_channel, channel_id, event, actor.perm_auth_key_id)

    async def delete(self, actor: Actor, channel_id: int, topic_id: int) -> tuple[OwnChange, bool]:
        """Delete a topic with what was written in it, or as much of that as goes at once.

        Returns:
            what was done, and whether nothing is left.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ForumMissing, TopicNotFound.
        """
        return await self._database.write("delete topic", _delete_txn, self._fanout, actor, channel_id, topic_id)


def _delete_txn(
    txn: Transaction, fanout: Fanout, actor: Actor, channel_id: int, topic_id: int
) -> tuple[OwnChange, bool]:
    seat = _forum_seat_txn(txn, actor, channel_id)
    topic_txn(txn, channel_id, topic_id)
    rights.check_has(seat, AdminRight.DELETE_MESSAGES)
    if topic_id == GENERAL:
        raise TopicNotFound(str(topic_id))
    marked = seat.channel.marked
    txn.execute(
        "SELECT id FROM message_threads WHERE owner_id = ? AND thread_id = ? ORDER BY id DESC LIMIT ?",
        (marked, topic_id, DELETED_AT_ONCE),
    )
    ids = [row[0] for row in txn.fetchall()]
    is_last = len(ids) < DELETED_AT_ONCE
    if is_last:
        ids.append(topic_id)
    device = actor.perm_auth_key_id
    change = delete_in_channel_txn(txn, fanout, actor.user_id, marked, ids, actor.now, device, topic_id=topic_id)
    if is_last:
        txn.execute("DELETE FROM forum_topics WHERE channel_id = ? AND id = ?", (channel_id, topic_id))
        txn.execute("DELETE FROM thread_reads WHERE owner_id = ? AND thread_id = ?", (marked, topic_id))
    return change, is_last


def checked_title(title: str) -> str:
    """A topic's title.

    Raises:
        TopicTitleInvalid.
    """
    title = " ".join(title.split())
    if not title or len(title) > MAX_TITLE:
        raise TopicTitleInvalid(title[:MAX_TITLE])
    return title


def check_manages(seat: Seat, topic: Topic) -> None:
    """Rename, close and open a topic: administrators with that right, and who began it.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    rights.check_reads(seat)
    is_own = topic.id != GENERAL and topic.creator_id == seat.user_id and seat.is_present
    if not is_own:
        rights.check_has(seat, AdminRight.MANAGE_TOPICS)


def _check_begins(seat: Seat) -> None:
    if not seat.has(AdminRight.MANAGE_TOPICS) and (seat.is_admin or not rights.may(seat, Banned.MANAGE_TOPICS)):
        raise ChatAdminRequired(str(seat.channel.id))


def _forum_seat_txn(txn: Transaction, actor: Actor, channel_id: int) -> Seat:
    seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
    rights.check_reads(seat)
    if not seat.channel.has(Flag.FORUM):
        raise ForumMissing(str(channel_id))
    return seat


def topic_from_row(row: Row) -> Topic:
    """A topic from the columns above."""
    return Topic(row[0], row[1], row[2], row[3], row[4], row[5], bool(row[6]), bool(row[7]), row[8], row[9])


def topic_txn(txn: Transaction, channel_id: int, topic_id: int) -> Topic:
    """One topic.

    Raises:
        TopicNotFound.
    """
    found = topics_txn(txn, channel_id, [topic_id])
    if not found:
        raise TopicNotFound(str(topic_id))
    return found[0]


def topics_txn(txn: Transaction, channel_id: int, topic_ids: Sequence[int]) -> list[Topic]:
    """Those of these topics that there are, in the given order."""
    found: dict[int, Topic] = {}
    for some in chunks(topic_ids):
        txn.execute(
            f"SELECT {TOPIC_COLUMNS} FROM forum_topics t WHERE t.channel_id = ? AND t.id IN ({marks(some)})",
            (channel_id, *some),
        )
        found.update((row[0], topic_from_row(row)) for row in txn.fetchall())
    return [found[topic_id] for topic_id in dict.fromkeys(topic_ids) if topic_id in found]


def _update_txn(txn: Transaction, channel_id: int, topic_id: int, columns: Mapping[str, int | str]) -> None:
    changes = ", ".join(f"{name} = ?" for name in columns)
    txn.execute(
        f"UPDATE forum_topics SET {changes} WHERE channel_id = ? AND id = ?",
        (*columns.values(), channel_id, topic_id),
    )


def _pinned_txn(txn: Transaction, channel_id: int) -> dict[int, int]:
    txn.execute("SELECT id, pinned_order FROM forum_topics WHERE channel_id = ? AND pinned_order > 0", (channel_id,))
    return dict(txn.fetchall())
