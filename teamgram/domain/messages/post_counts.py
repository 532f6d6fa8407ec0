"""How often posts are looked at.

Somebody who looks again is not counted again as long as this process remembers that they did; the numbers themselves
are stored.
"""

from collections import OrderedDict
from collections.abc import Sequence

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.around import looks_txn
from teamgram.domain.boxes.message import FIRST_VIEWS
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.channels.channel import Seat

MAX_REMEMBERED = 200_000
"""Looks that are remembered, the oldest go first."""

Counts = dict[int, tuple[int, int]]
"""(views, forwards) by message id."""


class PostCounts:
    """Counts, and says how many."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked: OrderedDict[tuple[int, int], None] = OrderedDict()

    async def get(self, seat: Seat, message_ids: Sequence[int], *, look: bool) -> Counts:
        """What is counted of those of these messages that are posts.

        Args:
            seat: may see them.
            look: they are being looked at.
        """
        found = await self._database.read("post counts", _posts_txn, seat, tuple(message_ids))
        fresh = [id_ for id_, (content_id, _, _) in found.items() if look and self._is_first(seat.user_id, content_id)]
        if fresh:
            contents = [found[id_][0] for id_ in fresh]
            await self._database.write("count views", _looked_txn, contents)
        return {id_: (views + (id_ in fresh), forwards) for id_, (_, views, forwards) in found.items()}

    def _is_first(self, user_id: int, content_id: int) -> bool:
        look = user_id, content_id
        if look in self._looked:
            self._looked.move_to_end(look)
            return False
        self._looked[look] = None
        if len(self._looked) > MAX_REMEMBERED:
            self._looked.popitem(last=False)
        return True


def _posts_txn(txn: Transaction, seat: Seat, message_ids: tuple[int, ...]) -> dict[int, tuple[int, int, int]]:
    wanted = [id_ for id_ in dict.fromkeys(message_ids) if id_ > seat.hidden_up_to]
    posts = {
        id_: message.content_id
        for id_, message in messages_txn(txn, seat.channel.marked, wanted).items()
        if message.extra.post
    }
    counts = looks_txn(txn, list(posts.values()))
    return {id_: (content_id, *counts.get(content_id, (FIRST_VIEWS, 0))) for id_, content_id in posts.items()}


def _looked_txn(txn: Transaction, content_ids: Sequence[int]) -> None:
    for content_id in content_ids:
        txn.insert_ignore("post_counts", {"content_id": content_id, "views": FIRST_VIEWS, "forwards": 0})
    txn.executemany("UPDATE post_counts SET views = views + 1 WHERE content_id = ?", [(id_,) for id_ in content_ids])
