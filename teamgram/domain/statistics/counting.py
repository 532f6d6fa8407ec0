"""Counting what is stored of a channel: its members' rows, its messages, what was done in it.

Each count looks at a bounded number of rows: the newest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from teamgram.database import Transaction
from teamgram.domain.boxes.message import FIRST_VIEWS, Tag
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels.admin_log import KEPT_SECONDS, BanToggled, MessageRemoved, deeds_txn
from teamgram.domain.chats.chat import Standing
from teamgram.domain.ids.peer import marked_channel
from teamgram.domain.statistics.numbers import AdminDeeds, Graph, Line
from teamgram.domain.users.notifications import muted_txn

DAY = 86_400

PERIOD_DAYS = 30

MAX_MESSAGES = 20_000
"""The newest of a channel, of which is counted."""

MAX_MEMBERS = 20_000
"""The latest who came, of whom it is counted who reads and who is muted."""

MAX_DEEDS = 2_000
"""The newest deeds in the log that are counted by who did them."""

_TOP = 10

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(slots=True)
class Posted:
    """One message, as it is counted."""

    id: int
    content_id: int
    date: int
    sender_id: int
    characters: int
    views: int = FIRST_VIEWS
    forwards: int = 0
    reactions: int = 0


@dataclass(frozen=True, slots=True)
class CountedDays:
    """The days that are told of, up to today (``now``: unix seconds)."""

    now: int

    @property
    def until(self) -> int:
        """The end of today, by UTC."""
        return self.now - self.now % DAY + DAY

    @property
    def since(self) -> int:
        """Where it begins."""
        return self.until - PERIOD_DAYS * DAY

    @property
    def before(self) -> int:
        """Where the one before it begins."""
        return self.since - PERIOD_DAYS * DAY

    @property
    def days(self) -> tuple[int, ...]:
        """The beginning of each of its days."""
        return tuple(range(self.since, self.until, DAY))


def mean(values: Iterable[int]) -> float:
    """The middle of some numbers; 0 of none."""
    found = list(values)
    return sum(found) / len(found) if found else 0.0


def posted_txn(txn: Transaction, channel_id: int, since: int) -> list[Posted]:
    """What people posted since then, the newest first, at most ``MAX_MESSAGES``."""
    marked = marked_channel(channel_id)
    txn.execute(
        "SELECT n.id, n.content_id, n.sent_at, c.sender_id, LENGTH(c.message) FROM"
        " (SELECT id, content_id, sent_at FROM messages WHERE owner_id = ? AND peer = ? ORDER BY id DESC LIMIT ?) AS n"
        " JOIN message_contents c ON c.id = n.content_id WHERE n.sent_at >= ? AND (c.tags & ?) = 0 AND c.sender_id > 0"
        " ORDER BY n.id DESC",
        (marked, marked, MAX_MESSAGES, since, int(Tag.SERVICE)),
    )
    return [Posted(*row) for row in txn.fetchall()]


def count_txn(txn: Transaction, posts: Sequence[Posted]) -> None:
    """Put their numbers on posts."""
    by_content = {post.content_id: post for post in posts}
    for some in chunks(by_content):
        txn.execute(f"SELECT content_id, views, forwards FROM post_counts WHERE content_id IN ({marks(some)})", some)
        for content_id, views, forwards in txn.fetchall():
            by_content[content_id].views, by_content[content_id].forwards = views, forwards
        txn.execute(
            f"SELECT content_id, COUNT(*) FROM message_reactions WHERE content_id IN ({marks(some)})"
            " GROUP BY content_id",
            some,
        )
        for content_id, count in txn.fetchall():
            by_content[content_id].reactions = count


def moves_txn(txn: Transaction, channel_id: int, since: int) -> tuple[dict[int, int], dict[int, int]]:
    """How many came and went by day (unix seconds at which it begins)."""
    moves = []
    for standing, column in (("IN (0, 1, 2)", "joined_at"), ("IN (1, 2)", "changed_at")):
        txn.execute(
            f"SELECT {column} - {column} % {DAY} AS day, COUNT(*) FROM channel_members WHERE channel_id = ?"
            f" AND standing {standing} AND {column} >= ? AND joined_at > 0 GROUP BY day",
            (channel_id, since),
        )
        moves.append({int(row[0]): int(row[1]) for row in txn.fetchall()})
    came, left = moves
    return came, left


def growth(period: CountedDays, members: int, came: dict[int, int], left: dict[int, int]) -> Graph:
    """How many were in it at the end of each day."""
    values: list[int] = []
    for day in reversed(period.days):
        values.append(max(0, members))
        members += left.get(day, 0) - came.get(day, 0)
    return Graph(period.days, (Line("members", tuple(reversed(values))),))


def comings(period: CountedDays, came: dict[int, int], left: dict[int, int]) -> Graph:
    """How many came and went each day."""
    joined = Line("joined", tuple(came.get(day, 0) for day in period.days))
    gone = Line("left", tuple(left.get(day, 0) for day in period.days))
    return Graph(period.days, (joined, gone))


def by_hour(posts: Sequence[Posted]) -> Graph:
    """How many messages were written at which hour of the day (UTC)."""
    counts = Counter(post.date % DAY // 3600 for post in posts)
    return Graph(tuple(range(24)), (Line("messages", tuple(counts.get(hour, 0) for hour in range(24))),))


def by_weekday(period: CountedDays, posts: Sequence[Posted]) -> Graph:
    """For each week a value of each of its days."""
    # The first of January 1970 was a Thursday.
    counts = Counter((_week_of(post.date), (post.date // DAY + 3) % 7) for post in posts)
    weeks = tuple(range(_week_of(period.since), period.until, 7 * DAY))
    return Graph(
        weeks,
        tuple(Line(name, tuple(counts.get((week, day), 0) for week in weeks)) for day, name in enumerate(WEEKDAYS)),
    )


def _week_of(date: int) -> int:
    """The Monday (unix seconds at which it begins) of that day's week."""
    day = date // DAY
    return (day - (day + 3) % 7) * DAY


def _latest_txn(txn: Transaction, channel_id: int) -> list[int]:
    txn.execute(
        "SELECT user_id FROM channel_members WHERE channel_id = ? AND standing = ?"
        " ORDER BY joined_at DESC, user_id DESC LIMIT ?",
        (channel_id, int(Standing.PRESENT), MAX_MEMBERS),
    )
    return [row[0] for row in txn.fetchall()]


def silent_txn(txn: Transaction, channel_id: int, now: int) -> tuple[int, int]:
    """(of how many it was counted, how many of them have muted it)."""
    muted, members = 0, _latest_txn(txn, channel_id)
    for some in chunks(members):
        muted += muted_txn(txn, some, str(marked_channel(channel_id)), now)
    return len(members), muted


def readers_txn(txn: Transaction, channel_id: int, posts: Sequence[Posted]) -> int:
    """How many have read some of these messages."""
    if not posts:
        return 0
    found, first = 0, posts[-1].id
    for some in chunks(_latest_txn(txn, channel_id)):
        txn.execute(
            f"SELECT COUNT(*) FROM dialogs WHERE owner_id IN ({marks(some)}) AND peer = ? AND read_inbox_max_id >= ?",
            (*some, marked_channel(channel_id), first),
        )
        found += int((txn.fetchone() or (0,))[0])
    return found


def admins_txn(txn: Transaction, channel_id: int, now: int) -> tuple[AdminDeeds, ...]:
    """What administrators did, as far as the log goes back."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    since = now - KEPT_SECONDS
    for entry in deeds_txn(txn, channel_id, since, (MessageRemoved, BanToggled), MAX_DEEDS):
        event = entry.event
        if isinstance(event, MessageRemoved):
            found[entry.user_id]["deleted"] += 1
        elif isinstance(event, BanToggled) and event.after.membership.standing is Standing.REMOVED:
            found[entry.user_id]["put out"] += 1
        elif isinstance(event, BanToggled) and event.after.membership.banned_rights:
            found[entry.user_id]["restricted"] += 1
    deeds = [AdminDeeds(user_id, did["deleted"], did["put out"], did["restricted"]) for user_id, did in found.items()]
    return tuple(sorted(deeds, key=lambda one: (-(one.deleted + one.put_out + one.restricted), one.user_id))[:_TOP])


def inviters_txn(txn: Transaction, channel_id: int, since: int) -> tuple[tuple[int, int], ...]:
    """(who, how many they brought who are still there), the most first."""
    txn.execute(
        "SELECT inviter_id, COUNT(*) AS brought FROM channel_members WHERE channel_id = ? AND standing = ?"
        " AND joined_at >= ? AND inviter_id <> 0 AND inviter_id <> user_id"
        " GROUP BY inviter_id ORDER BY brought DESC, inviter_id LIMIT ?",
        (channel_id, int(Standing.PRESENT), since, _TOP),
    )
    return tuple((int(row[0]), int(row[1])) for row in txn.fetchall())
