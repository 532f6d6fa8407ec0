"""What administrators are told of their channel in numbers: counted from what is stored, when it is asked for.

Nothing is written for it but where posts are sent on to. Of members the rows say when they came and went (the last
time, of who did so more than once), of messages when they were posted, of posts how often they were looked at and sent
on in all, of reactions when.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.channel import Flag, Seat
from teamgram.domain.channels.errors import NotABroadcast, NotASupergroup
from teamgram.domain.chats.chat import Standing
from teamgram.domain.chats.chats import Actor
from teamgram.domain.messages.errors import MessageIdInvalid
from teamgram.domain.statistics import counting
from teamgram.domain.statistics.counting import DAY, CountedDays, Posted
from teamgram.domain.statistics.numbers import BroadcastNumbers, Graph, GroupNumbers, Line, Poster, PostNumbers, Trend

MAX_REACTED = 1_000
"""The newest posts to which reactions are counted by the day."""

MAX_FORWARDS = 100
_RECENT = 30
_TOP = 10


class ChannelStatistics:
    """Counts for administrators; nobody else is told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_broadcast(self, actor: Actor, channel_id: int) -> BroadcastNumbers:
        """A channel's.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, NotABroadcast.
        """
        return await self._database.read("broadcast statistics", _broadcast_txn, actor, channel_id)

    async def of_group(self, actor: Actor, channel_id: int) -> GroupNumbers:
        """A supergroup's.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, NotASupergroup.
        """
        return await self._database.read("group statistics", _group_txn, actor, channel_id)

    async def messages_by_day(self, actor: Actor, channel_id: int) -> Graph:
        """How many messages were posted.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired.
        """
        return await self._database.read("messages by day", _messages_by_day_txn, actor, channel_id)

    async def interactions(self, actor: Actor, channel_id: int) -> Graph:
        """How often the posts of each day were looked at and sent on.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired.
        """
        return await self._database.read("interactions by day", _interactions_txn, actor, channel_id)

    async def reactions(self, actor: Actor, channel_id: int, message_id: int = 0) -> Graph:
        """Which reactions came, to the newest posts or to one.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, MessageIdInvalid.
        """
        return await self._database.read("reactions by day", _reactions_txn, actor, channel_id, message_id)

    async def public_copies(
        self, actor: Actor, channel_id: int, message_id: int, after: tuple[int, int] | None, limit: int
    ) -> tuple[int, list[tuple[int, int]]]:
        """(how many there are, some of them as (channel, message)) of a post that was sent on to public channels.

        Args:
            after: the last one of the page before.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, MessageIdInvalid.
        """
        return await self._database.read("public forwards", _copies_txn, actor, channel_id, message_id, after, limit)


def _seat_txn(txn: Transaction, actor: Actor, channel_id: int) -> Seat:
    seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now)
    rights.check_administers(seat)
    return seat


def _broadcast_txn(txn: Transaction, actor: Actor, channel_id: int) -> BroadcastNumbers:
    seat = _seat_txn(txn, actor, channel_id)
    if not seat.channel.is_broadcast:
        raise NotABroadcast(str(channel_id))
    period = CountedDays(actor.now)
    posts = counting.posted_txn(txn, channel_id, period.before)
    counting.count_txn(txn, posts)
    now = [post for post in posts if post.date >= period.since]
    before = [post for post in posts if post.date < period.since]
    came, left = counting.moves_txn(txn, channel_id, period.since)
    members = seat.channel.members
    counted, muted = counting.silent_txn(txn, channel_id, actor.now)
    return BroadcastNumbers(
        period.since,
        period.until,
        Trend(members, members - sum(came.values()) + sum(left.values())),
        Trend(counting.mean(post.views for post in now), counting.mean(post.views for post in before)),
        Trend(counting.mean(post.forwards for post in now), counting.mean(post.forwards for post in before)),
        Trend(counting.mean(post.reactions for post in now), counting.mean(post.reactions for post in before)),
        counted - muted,
        counted,
        counting.growth(period, members, came, left),
        counting.comings(period, came, left),
        tuple(PostNumbers(post.id, post.views, post.forwards, post.reactions) for post in now[:_RECENT]),
    )


def _group_txn(txn: Transaction, actor: Actor, channel_id: int) -> GroupNumbers:
    seat = _seat_txn(txn, actor, channel_id)
    if seat.channel.is_broadcast:
        raise NotASupergroup(str(channel_id))
    period = CountedDays(actor.now)
    posts = counting.posted_txn(txn, channel_id, period.before)
    now = [post for post in posts if post.date >= period.since]
    before = [post for post in posts if post.date < period.since]
    came, left = counting.moves_txn(txn, channel_id, period.since)
    members = seat.channel.members
    written: dict[int, list[int]] = defaultdict(list)
    for post in now:
        written[post.sender_id].append(post.characters)
    top = sorted(written.items(), key=lambda one: (-len(one[1]), one[0]))[:_TOP]
    return GroupNumbers(
        period.since,
        period.until,
        Trend(members, members - sum(came.values()) + sum(left.values())),
        Trend(len(now), len(before)),
        # Who had read by then nobody remembers.
        Trend(counting.readers_txn(txn, channel_id, now)),
        Trend(len(written), len({post.sender_id for post in before})),
        counting.growth(period, members, came, left),
        counting.comings(period, came, left),
        counting.by_hour(now),
        counting.by_weekday(period, now),
        tuple(Poster(user_id, len(texts), sum(texts) // len(texts)) for user_id, texts in top),
        counting.admins_txn(txn, channel_id, actor.now),
        counting.inviters_txn(txn, channel_id, period.since),
    )


def _by_day(period: CountedDays, posts: Sequence[Posted], **counted: str) -> Graph:
    """Lines by name, each the sum of an attribute of the posts of each day; empty: how many posts."""
    sums: dict[str, Counter[int]] = {name: Counter() for name in counted}
    for post in posts:
        day = post.date - post.date % DAY
        for name, attribute in counted.items():
            sums[name][day] += getattr(post, attribute) if attribute else 1
    return Graph(
        period.days, tuple(Line(name, tuple(sums[name].get(day, 0) for day in period.days)) for name in counted)
    )


def _messages_by_day_txn(txn: Transaction, actor: Actor, channel_id: int) -> Graph:
    _seat_txn(txn, actor, channel_id)
    period = CountedDays(actor.now)
    return _by_day(period, counting.posted_txn(txn, channel_id, period.since), messages="")


def _interactions_txn(txn: Transaction, actor: Actor, channel_id: int) -> Graph:
    _seat_txn(txn, actor, channel_id)
    period = CountedDays(actor.now)
    posts = counting.posted_txn(txn, channel_id, period.since)
    counting.count_txn(txn, posts)
    return _by_day(period, posts, views="views", shares="forwards")


def _reactions_txn(txn: Transaction, actor: Actor, channel_id: int, message_id: int) -> Graph:
    seat = _seat_txn(txn, actor, channel_id)
    period = CountedDays(actor.now)
    if message_id:
        contents = [_content_txn(txn, seat, message_id)]
    else:
        contents = [post.content_id for post in counting.posted_txn(txn, channel_id, period.since)[:MAX_REACTED]]
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for some in chunks(contents):
        txn.execute(
            f"SELECT reaction, reacted_at - reacted_at % {DAY} AS day, COUNT(*) FROM message_reactions"
            f" WHERE content_id IN ({marks(some)}) AND reacted_at >= ? GROUP BY reaction, day",
            (*some, period.since),
        )
        for reaction, day, count in txn.fetchall():
            found[reaction][int(day)] += int(count)
    most = sorted(found, key=lambda reaction: (-found[reaction].total(), reaction))[:_TOP]
    return Graph(
        period.days,
        tuple(Line(reaction, tuple(found[reaction].get(day, 0) for day in period.days)) for reaction in most),
    )


def _content_txn(txn: Transaction, seat: Seat, message_id: int) -> int:
    """The content of a message that the administrator may see."""
    marked = seat.channel.marked
    txn.execute("SELECT content_id FROM messages WHERE owner_id = ? AND id = ?", (marked, message_id))
    row = txn.fetchone()
    if row is None or message_id <= seat.hidden_up_to:
        raise MessageIdInvalid(str(message_id))
    return int(row[0])


def _copies_txn(
    txn: Transaction, actor: Actor, channel_id: int, message_id: int, after: tuple[int, int] | None, limit: int
) -> tuple[int, list[tuple[int, int]]]:
    content_id = _content_txn(txn, _seat_txn(txn, actor, channel_id), message_id)
    # Where the administrator was put out they are shown nothing either; what was deleted is nowhere any more.
    which = (
        "FROM post_copies p JOIN channels c ON c.id = p.channel_id"
        " JOIN messages m ON m.owner_id = p.marked_id AND m.id = p.message_id"
        " LEFT JOIN channel_members k ON k.channel_id = p.channel_id AND k.user_id = ?"
        " WHERE p.content_id = ? AND c.username <> '' AND (c.flags & ?) = 0 AND COALESCE(k.standing, 0) <> ?"
    )
    params = (actor.user_id, content_id, int(Flag.DELETED), int(Standing.REMOVED))
    txn.execute(f"SELECT COUNT(*) {which}", params)
    count = int((txn.fetchone() or (0,))[0])
    further = ""
    bounds: tuple[int, ...] = ()
    if after is not None:
        further, bounds = " AND (p.channel_id > ? OR (p.channel_id = ? AND p.message_id > ?))", (after[0], *after)
    txn.execute(
        f"SELECT p.channel_id, p.message_id {which}{further} ORDER BY p.channel_id, p.message_id LIMIT ?",
        (*params, *bounds, min(max(limit, 1), MAX_FORWARDS)),
    )
    return count, [(int(row[0]), int(row[1])) for row in txn.fetchall()]
