"""Media that ends by itself: some time after it was opened it is gone, for everybody and from the server.

When that is lies in ``media_ends``, so it happens after a restart, too. What is left of the message says that there
was something.
"""

from twisted.internet.interfaces import IReactorTime

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import BoxChanges
from teamgram.domain.boxes.events import MessageEdited
from teamgram.domain.boxes.media import VIEW_ONCE, Media
from teamgram.domain.boxes.message import Extra, pack_extra, searched_text
from teamgram.domain.boxes.store import copies_txn, message_columns, message_from_row, shown_txn
from teamgram.domain.boxes.talks import note_changes_txn, talk_of
from teamgram.domain.files.naming import CONTENT, change_uses_txn, end_files_txn
from teamgram.domain.messages.due import DueWork
from teamgram.domain.updates.fanout import Fanout

LOADING = 30
"""Seconds for which opened media stays at least: what is looked at once is still to be loaded when it is opened."""

_AT_ONCE = 100


class MediaEnds(msgspec.Struct, frozen=True):
    """Something was opened that ends at that time (unix seconds)."""

    at: int


def begin_txn(txn: Transaction, fanout: Fanout, content_id: int, media: Media, now: int) -> None:
    """Somebody has opened it: from now on it has so long to be."""
    ends_at = now + max(LOADING, 0 if media.ttl == VIEW_ONCE else media.ttl)
    if txn.insert_ignore("media_ends", {"content_id": content_id, "ends_at": ends_at}):
        txn.call_after(fanout.bus.publish, MediaEnds(ends_at))


class EndingMedia:
    """Ends what was opened, at its time by ``clock``."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock
        self._due = DueWork(clock, self._end_due, "media that is over could not be ended")
        fanout.bus.listen(MediaEnds, lambda ends: self._due.falls_due(ends.at))

    def start(self) -> None:
        """End what is due, also what came due while nobody looked, from now on."""
        self._due.start()

    async def stop(self) -> None:
        """Wait for what is being ended; before the database closes."""
        await self._due.stop()

    async def settled(self) -> None:
        """Wait until nothing is being ended."""
        await self._due.settled()

    async def _end_due(self) -> float | None:
        while self._due.running:
            found = await self._database.read("media to end", _first_txn)
            now = int(self._clock.seconds())
            due = [content_id for content_id, ends_at in found if ends_at <= now]
            if not due:
                return float(found[0][1]) if found else None
            for content_id in due:
                await self._database.write("end media", _end_txn, self._fanout, content_id, now)
        return None


def _first_txn(txn: Transaction) -> list[tuple[int, int]]:
    txn.execute("SELECT content_id, ends_at FROM media_ends ORDER BY ends_at LIMIT ?", (_AT_ONCE,))
    return [(content_id, ends_at) for content_id, ends_at in txn.fetchall()]


def _end_txn(txn: Transaction, fanout: Fanout, content_id: int, now: int) -> None:
    txn.execute("DELETE FROM media_ends WHERE content_id = ?", (content_id,))
    changes = BoxChanges(txn, now)
    changes.lock(owner_id for _, owner_id, _, _ in copies_txn(txn, [content_id]))
    of_content = f"SELECT {message_columns} WHERE m.content_id = ?"
    txn.execute(of_content, (content_id,))
    copies = [message_from_row(row) for row in txn.fetchall()]
    if not copies or copies[0].extra.media is None:
        return  # everybody has deleted it
    left = Extra(
        media=copies[0].extra.media.after_its_end(),
        reply=copies[0].extra.reply,
        silent=copies[0].extra.silent,
        ttl_period=copies[0].extra.ttl_period,
    )
    said = searched_text(copies[0].text, copies[0].extra)
    note_changes_txn(txn, [(content_id, talk_of(copies[0].owner_id, copies[0].peer), said)])
    txn.execute(
        "UPDATE message_contents SET message = '', extra = ?, tags = 0 WHERE id = ?", (pack_extra(left), content_id)
    )
    change_uses_txn(txn, CONTENT, content_id, left)
    end_files_txn(txn, copies[0].extra.media)
    txn.execute(of_content, (content_id,))
    for copy in shown_txn(txn, [message_from_row(row) for row in txn.fetchall()]):
        changes.append(copy.owner_id, MessageEdited(copy.id))
        changes.messages[copy.owner_id, copy.id] = copy
    changes.save(fanout.deliver)
