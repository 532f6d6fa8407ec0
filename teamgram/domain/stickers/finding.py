"""Stickers and sets by what they stand for, and what they are called: those that one has, then everybody's."""

import unicodedata

from teamgram.database import Database, Transaction
from teamgram.domain.files.file import Document
from teamgram.domain.stickers import installed_store, store
from teamgram.domain.stickers.names import bare, words_in
from teamgram.domain.stickers.sticker_set import WholeSet

MAX_FOUND = 200
_MAX_ROWS = 2000
_MAX_WORDS = 5
_LAST = "\U0010ffff"


class StickerSearch:
    """Looks by index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_emoji(self, user_id: int, kind: str, emoji: str) -> list[Document]:
        """Stickers of a kind that stand for an emoji."""
        return await self._database.read("stickers by emoji", _stickers_txn, user_id, kind, bare(emoji.strip()), "")

    async def stickers(self, user_id: int, kind: str, text: str, emoji: str) -> list[Document]:
        """Stickers of a kind with a keyword that begins so, or for one of these emoji."""
        return await self._database.read("search stickers", _stickers_txn, user_id, kind, bare(emoji.strip()), text)

    async def sets(self, user_id: int, kind: str, text: str) -> list[WholeSet]:
        """Sets of a kind in whose titles and short names these words are (or begin), with their first sticker."""
        return await self._database.read("search sticker sets", _sets_txn, user_id, kind, text)

    async def custom_emoji(self, document_ids: list[int]) -> list[Document]:
        """Custom emoji by their ids; others are left out."""
        found = await self._database.read("custom emoji", store.documents_txn, document_ids[:MAX_FOUND])
        return [document for document in found if document.attribute("customEmoji") is not None]


def _words(text: str) -> list[str]:
    return sorted(words_in(unicodedata.normalize("NFC", text)), key=len, reverse=True)[:_MAX_WORDS]


def _rows_txn(txn: Transaction, kind: str, word: str, *, of_sets: bool, begins: bool) -> list[tuple[int, int]]:
    where = "word >= ? AND word < ?" if begins else "word = ?"
    params = (word, word + _LAST) if begins else (word,)
    txn.execute(
        f"SELECT set_id, document_id FROM sticker_words WHERE {where} AND kind = ?"
        f" AND document_id {'=' if of_sets else '<>'} 0 LIMIT {_MAX_ROWS}",
        (*params, kind),
    )
    return [(set_id, document_id) for set_id, document_id in txn.fetchall()]


def _stickers_txn(txn: Transaction, user_id: int, kind: str, emoji: str, text: str) -> list[Document]:
    found: dict[int, int] = {}
    # As many emoji as a client's keyboard suggests may come in one text.
    for one in dict.fromkeys((emoji, *emoji.split())):
        if one:
            found.update((id_, set_) for set_, id_ in _rows_txn(txn, kind, one[:64], of_sets=False, begins=False))
    for word in _words(text):
        found.update((id_, set_) for set_, id_ in _rows_txn(txn, kind, word, of_sets=False, begins=True))
    mine = installed_store.installations_txn(txn, user_id, list(set(found.values()))[:MAX_FOUND])
    ids = sorted(found, key=lambda id_: (found[id_] not in mine, id_))
    return store.documents_txn(txn, ids[:MAX_FOUND])


def _sets_txn(txn: Transaction, user_id: int, kind: str, text: str) -> list[WholeSet]:
    ids: set[int] | None = None
    for word in _words(text):
        having = {set_id for set_id, _ in _rows_txn(txn, kind, word, of_sets=True, begins=True)}
        ids = having if ids is None else ids & having
    mine = installed_store.installations_txn(txn, user_id, sorted(ids or ())[:MAX_FOUND])
    return store.covered_txn(txn, sorted(ids or (), key=lambda id_: (id_ not in mine, id_))[:50])
