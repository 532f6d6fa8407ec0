"""Searching in somebody's messages."""

from teamgram.database import Database
from teamgram.domain.boxes.contents import BLOCK
from teamgram.domain.messages.history import Found, Page, Search
from teamgram.domain.search import finding
from teamgram.domain.search.indexing import SearchIndexer


class MessageSearch:
    """What ``Messages.page`` is for a dialog, for messages with words that are asked for."""

    def __init__(self, database: Database, indexer: SearchIndexer) -> None:
        self._database = database
        self._indexer = indexer

    async def page(self, text: str, search: Search, page: Page) -> Found:
        """A page of the messages that ``search`` describes and that have the words of ``text``.

        Each word of it begins one of the message's, in any order (see ``words``).
        """
        await self._indexer.catch_up()
        found, unstored = await self._database.read("search messages", finding.page_txn, text, search, page)
        if unstored > 2 * BLOCK:
            self._indexer.box_is_long(search.owner_id)
        return found
