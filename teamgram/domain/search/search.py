"""Searching in somebody's messages."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, TypeVarTuple

from pyroaring import BitMap64

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.contents import BLOCK
from teamgram.domain.messages.channel_view import seen_txn
from teamgram.domain.messages.history import Found, Page, Search, as_seen_txn
from teamgram.domain.search import finding, shared_media
from teamgram.domain.search.indexing import SearchIndexer

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class MessageSearch:
    """What ``Messages.page`` is for a dialog, for messages that have words or are of a kind (``Search.is_of_a_kind``).

    Each word of a text begins one of the message's, in any order (see ``words``); an empty text asks for none.
    """

    def __init__(self, database: Database, indexer: SearchIndexer) -> None:
        self._database = database
        self._indexer = indexer

    async def page(self, text: str, search: Search, page: Page) -> Found:
        """A page of the messages that ``search`` describes and that have the words of ``text``."""
        return await self._of_found("search messages", text, search, finding.page_txn, page)

    async def count(self, search: Search) -> int:
        """How many there are."""
        return await self._of_found("count messages of a kind", "", search, lambda txn, owner_id, found: len(found))

    async def positions(self, search: Search, offset_id: int, limit: int) -> tuple[int, list[shared_media.Position]]:
        """(how many there are, where some of them stand that are older than the offset)."""
        return await self._of_found("positions of messages", "", search, shared_media.positions_txn, offset_id, limit)

    async def calendar(self, search: Search, page: Page) -> shared_media.Calendar:
        """The days on which they were sent, from the page's offset on."""
        return await self._of_found("days of messages", "", search, shared_media.calendar_txn, page)

    async def _of_found(
        self,
        description: str,
        text: str,
        search: Search,
        function: Callable[[Transaction, int, BitMap64, *Ts], T],
        *args: *Ts,
    ) -> T:
        await self._indexer.catch_up()

        def read_txn(txn: Transaction, is_indexed: bool) -> tuple[T, int]:
            found, unstored = finding.found_txn(txn, text, search, is_indexed)
            found = finding.visible_txn(txn, search, found)
            return _as_seen_txn(txn, search, function(txn, search.owner_id, found, *args)), unstored

        result, unstored = await self._database.read(description, read_txn, not self._indexer.is_behind)
        if unstored > 2 * BLOCK:
            self._indexer.box_is_long(search.owner_id)
        return result


def _as_seen_txn(txn: Transaction, search: Search, result: T) -> T:
    """What was found in a channel, as its reader has it."""
    if not search.viewer_id:
        return result
    if isinstance(result, Found):
        return as_seen_txn(txn, search, result)  # type: ignore[return-value]
    if isinstance(result, shared_media.Calendar):
        newest = seen_txn(txn, search.viewer_id, [day.newest for day in result.days])
        days = tuple(replace(day, newest=one) for day, one in zip(result.days, newest, strict=True))
        return replace(result, days=days)
    return result
