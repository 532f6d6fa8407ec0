"""What a bot has not taken yet of the channels and supergroups that it is in: their logs hold it until it asks."""

from dataclasses import dataclass

from teamgram.database import Transaction
from teamgram.domain.bot_news.kinds import allows
from teamgram.domain.bots.bot import Bot
from teamgram.domain.bots.update import BotMessage
from teamgram.domain.boxes.difference import channel_difference_txn
from teamgram.domain.boxes.events import LogEntry, MessageEdited, NewMessage
from teamgram.domain.channels.channel import Seat
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.chats.chat import Standing
from teamgram.domain.ids.peer import CHANNEL_MARK, channel_id_of
from teamgram.domain.messages.channel_view import seen_txn

_ENTRIES = 200
MOST_BEHIND = 5000
"""Log entries of one channel; who is further behind goes on from where it stands."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A channel that a bot is in.

    Attributes:
        marked: its marked id.
        pts: where its box stands; ``taken_pts``: as far as the bot has taken it, None: it came since.
    """

    marked: int
    joined_at: int
    pts: int
    taken_pts: int | None

    @property
    def moved(self) -> bool:
        """Whether something happened there that the bot has not taken."""
        return self.taken_pts is None or self.pts > self.taken_pts


def followed_txn(txn: Transaction, bot_id: int) -> list[Followed]:
    """Every channel that the bot is in."""
    txn.execute(
        "SELECT m.channel_id, m.joined_at, x.pts, b.taken_pts, b.joined_at FROM channel_members m"
        " LEFT JOIN bot_channels b ON b.bot_id = m.user_id AND b.channel = ? - m.channel_id"
        " LEFT JOIN message_boxes x ON x.owner_id = ? - m.channel_id"
        " WHERE m.user_id = ? AND m.standing = ? ORDER BY m.channel_id",
        (-CHANNEL_MARK, -CHANNEL_MARK, bot_id, int(Standing.PRESENT)),
    )
    return [
        # Who went and came back goes on from there.
        Followed(-CHANNEL_MARK - row[0], row[1], row[2] or 1, row[3] if row[4] == row[1] else None)
        for row in txn.fetchall()
    ]


def take_channel_txn(txn: Transaction, bot: Bot, followed: Followed, now: int, since: int) -> list[BotMessage]:
    """What is new in one channel for the bot, which has taken it from now on.

    Args:
        since: unix seconds; what is older is passed over.
    """
    taken = followed.taken_pts if followed.taken_pts is not None else _pts_at_txn(txn, followed)
    seat = seat_txn(txn, channel_id_of(followed.marked), bot.user_id, now)
    told: list[BotMessage] = []
    more = True
    while more:
        found = channel_difference_txn(txn, followed.marked, taken, _ENTRIES, MOST_BEHIND)
        messages = seen_txn(txn, bot.user_id, list(found.messages.values()))
        by_id = {one.id: one for one in messages if one.id > seat.hidden_up_to}
        for entry in found.entries:
            event = entry.event
            if entry.date < since or not isinstance(event, NewMessage | MessageEdited) or event.id not in by_id:
                continue
            if allows(bot.details.allowed_updates, _kind(seat, entry)) and not by_id[event.id].out:
                told.append(BotMessage(event.id, isinstance(event, MessageEdited), followed.marked))
        more = not found.complete and not found.too_long and found.reached_pts > taken
        taken = max(taken, found.reached_pts)
    values = {"joined_at": followed.joined_at, "taken_pts": taken}
    txn.upsert("bot_channels", {"bot_id": bot.user_id, "channel": followed.marked}, values)
    return told


def skip_txn(txn: Transaction, bot_id: int) -> None:
    """The bot has taken everything there is in its channels."""
    for one in followed_txn(txn, bot_id):
        if one.moved:
            values = {"joined_at": one.joined_at, "taken_pts": one.pts}
            txn.upsert("bot_channels", {"bot_id": bot_id, "channel": one.marked}, values)


def _pts_at_txn(txn: Transaction, followed: Followed) -> int:
    """Where the channel stood before the bot came, as far as its log tells."""
    txn.execute(
        "SELECT MIN(pts) FROM update_log WHERE owner_id = ? AND pts > ? AND logged_at >= ?",
        (followed.marked, followed.pts - MOST_BEHIND, followed.joined_at),
    )
    row = txn.fetchone()
    return int(row[0]) - 1 if row is not None and row[0] is not None else followed.pts


def _kind(seat: Seat, entry: LogEntry) -> str:
    kind = "channel_post" if seat.channel.is_broadcast else "message"
    return f"edited_{kind}" if isinstance(entry.event, MessageEdited) else kind
