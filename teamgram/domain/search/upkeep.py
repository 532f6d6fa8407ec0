"""What keeps searches short, done after the indexing: rows of long conversations are folded, what lies in long boxes
is stored.

Nothing is found by it or lost without it; a search takes longer until it is done.
"""

from collections.abc import Mapping, Sequence

from twisted.internet.interfaces import IReactorTime

from teamgram.database import Database
from teamgram.domain.boxes import contents
from teamgram.domain.boxes.events import LogEntry, MessagesDeleted, NewMessage
from teamgram.domain.search import folding
from teamgram.domain.search.folding import Fold

AT_A_TIME = 0.1
"""Seconds of one round."""

_BLOCKS = 4
"""Of a box stored in one transaction, which holds the box's lock."""

_OWNERS = 100


class Upkeep:
    """Knows what is due, and does it in small transactions; one call at a time."""

    def __init__(self, database: Database, clock: IReactorTime) -> None:
        self._database = database
        self._clock = clock
        # Rows of each conversation that was written to.
        self._rows: dict[int, int] = {}
        # As ordered sets.
        self._talks: dict[int, None] = {}
        self._owners: dict[int, None] = {}
        self._fold: Fold | None = None
        # The owner up to whom boxes were looked at, for those that were long before; None when all were.
        self._looked_at: int | None = -(1 << 62)

    def wrote(self, rows: Mapping[int, int]) -> None:
        """By conversation, how many rows it got (see ``store.Written``)."""
        for talk, count in rows.items():
            total = self._rows[talk] = self._rows.get(talk, 0) + count
            if total >= folding.FOLD_ROWS:
                self._talks[talk] = None

    def forget(self) -> None:
        """Conversations are counted anew from now on."""
        self._rows.clear()

    def boxes_changed(self, entries: Sequence[LogEntry]) -> None:
        """Look at boxes that have filled a block, or lost a message of one."""
        for entry in entries:
            event = entry.event
            if isinstance(event, NewMessage):
                if (event.id + 1) % contents.BLOCK == 0:
                    self._owners[entry.owner_id] = None
            elif isinstance(event, MessagesDeleted):
                self._owners[entry.owner_id] = None

    def box_is_long(self, owner_id: int) -> None:
        """Store what the box holds."""
        self._owners[owner_id] = None

    async def work(self, seconds: float) -> bool:
        """Do what is due, for about as long, or ``AT_A_TIME`` if that is longer; whether something is left."""
        until = self._clock.seconds() + max(seconds, AT_A_TIME)
        while self._clock.seconds() < until:
            if not await self.step():
                return False
        return True

    async def step(self) -> bool:
        """Do one thing; whether there was one."""
        if self._fold is not None:
            self._fold = await self._database.write("fold search index", folding.step_txn, self._fold)
        elif self._talks:
            talk = next(iter(self._talks))
            self._fold = await self._database.write("begin to fold", folding.due_txn, talk)
            del self._talks[talk]
            if self._fold is None:
                self._rows.pop(talk, None)
            else:
                # Behind the others: one in which much is written may always have something due.
                self._talks[talk] = None
        elif self._owners:
            owner_id = next(iter(self._owners))
            due = await self._database.read("blocks of a box", contents.due_blocks_txn, owner_id)
            if not due or not await self._database.write("store box", contents.store_contents_txn, owner_id, _BLOCKS):
                del self._owners[owner_id]
        elif self._looked_at is not None:
            owners = await self._database.read("long boxes", contents.long_boxes_txn, self._looked_at, _OWNERS)
            self._owners.update(dict.fromkeys(owners))
            self._looked_at = owners[-1] if owners else None
        else:
            return False
        return True
