"""What happened in a channel since a client last looked: as its reader has it."""

from dataclasses import replace

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.difference import MAX_AHEAD, Difference, channel_difference_txn, go_on_above_txn
from teamgram.domain.boxes.message import Message
from teamgram.domain.channels.channel import Seat
from teamgram.domain.messages.channel_view import seen_txn
from teamgram.domain.messages.history import Found, Page, Search, page_txn

MAX_BEHIND = 5000
"""Who is further behind is given the channel's newest messages and goes on from there."""

NEWEST = 30
"""How many those are."""


class ChannelLog:
    """The logs of channels, for who may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def difference(self, seat: Seat, known_pts: int, limit: int) -> Difference:
        """What happened; with ``too_long`` only where the channel stands. See ``channel_difference_txn``.

        Args:
            seat: may see the channel.
            known_pts: as far as the client knows the channel.
            limit: entries of the log that it takes at once.
        """
        found = await self._database.read("channel difference", _difference_txn, seat, known_pts, limit)
        pts, marked = found.state.pts, seat.channel.marked
        if pts < known_pts <= pts + MAX_AHEAD:
            # The database is a backup of before: see ``UpdateLog.difference``.
            await self._database.write("channel goes on", go_on_above_txn, marked, known_pts)
        return found

    async def newest(self, seat: Seat) -> Found:
        """The channel's newest messages, with its pts."""
        marked = seat.channel.marked
        search = Search(marked, marked, viewer_id=seat.user_id, hidden_up_to=seat.hidden_up_to)
        return await self._database.read("newest of channel", page_txn, search, Page(limit=NEWEST))


def _difference_txn(txn: Transaction, seat: Seat, known_pts: int, limit: int) -> Difference:
    found = channel_difference_txn(txn, seat.channel.marked, known_pts, limit, MAX_BEHIND)
    if not found.entries:
        return found
    visible = [message for id_, message in found.messages.items() if id_ > seat.hidden_up_to]
    messages: dict[int, Message] = {message.id: message for message in seen_txn(txn, seat.user_id, visible)}
    # What became of hidden messages is still in the entries, which have their ids alone.
    return replace(found, messages=messages)
