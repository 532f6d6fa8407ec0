"""Lists of documents, the newest first, each with an end where the oldest goes."""

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.files.file import Document
from teamgram.domain.updates.events import SavedFilesChanged
from teamgram.domain.updates.fanout import Fanout

LIMITS = {"recent": 200, "attached": 200, "faved": 5, "gifs": 200, "ringtones": 100}
"""How many each list holds (core.telegram.org/api/config#client-configuration, and what ``help.getConfig`` says)."""

_decode_document: Callable[[Any], Document] = msgspec.json.Decoder(Document).decode


class SavedFiles:
    """Everybody's lists."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock

    async def all_of(self, user_id: int, list_: str) -> list[tuple[Document, int]]:
        """(document, when it was saved in unix seconds) of a list, newest first."""
        return await self._database.read("saved files", _all_txn, user_id, list_)

    async def is_saved(self, user_id: int, owner_id: int, document_id: int) -> bool:
        """Whether a user has that document on a list of their own."""
        return owner_id == user_id and await self._database.read("is saved", _is_saved_txn, user_id, document_id)

    async def save(self, user_id: int, list_: str, document: Document, device: int = 0) -> None:
        """Put a document on top of a list."""
        await self._database.write("save file", self._save_txn, user_id, list_, document.id, device)

    def _save_txn(self, txn: Transaction, user_id: int, list_: str, document_id: int, device: int) -> None:
        txn.execute(
            "SELECT document_id, position FROM account_files WHERE user_id = ? AND list = ? ORDER BY position DESC",
            (user_id, list_),
        )
        rows = txn.fetchall()
        if rows and rows[0][0] == document_id:
            return
        txn.upsert(
            "account_files",
            {"user_id": user_id, "list": list_, "document_id": document_id},
            {"position": rows[0][1] + 1 if rows else 1, "saved_at": int(self._clock.seconds())},
        )
        kept = [id_ for id_, _ in rows if id_ != document_id]
        txn.executemany(
            "DELETE FROM account_files WHERE user_id = ? AND list = ? AND document_id = ?",
            [(user_id, list_, id_) for id_ in kept[LIMITS[list_] - 1 :]],
        )
        self._tell_after(txn, user_id, list_, device)

    async def let_go(self, user_id: int, list_: str, document: Document, device: int = 0) -> None:
        """Take a document off a list; not being there is no error."""
        await self._database.write("let file go", self._let_go_txn, user_id, list_, document.id, device)

    def _let_go_txn(self, txn: Transaction, user_id: int, list_: str, document_id: int, device: int) -> None:
        txn.execute(
            "DELETE FROM account_files WHERE user_id = ? AND list = ? AND document_id = ?",
            (user_id, list_, document_id),
        )
        if txn.rowcount:
            self._tell_after(txn, user_id, list_, device)

    async def clear(self, user_id: int, list_: str, device: int = 0) -> None:
        """Nothing is left on a list."""
        await self._database.write("clear saved files", self._clear_txn, user_id, list_, device)

    def _clear_txn(self, txn: Transaction, user_id: int, list_: str, device: int) -> None:
        txn.execute("DELETE FROM account_files WHERE user_id = ? AND list = ?", (user_id, list_))
        if txn.rowcount:
            self._tell_after(txn, user_id, list_, device)

    def _tell_after(self, txn: Transaction, user_id: int, list_: str, device: int) -> None:
        txn.call_after(self._fanout.publish, [user_id], SavedFilesChanged(list_), device)


def _all_txn(txn: Transaction, user_id: int, list_: str) -> list[tuple[Document, int]]:
    txn.execute(
        "SELECT d.details, a.saved_at FROM account_files a JOIN documents d ON d.id = a.document_id"
        " WHERE a.user_id = ? AND a.list = ? ORDER BY a.position DESC",
        (user_id, list_),
    )
    return [(_decode_document(details), saved_at) for details, saved_at in txn.fetchall()]


def _is_saved_txn(txn: Transaction, user_id: int, document_id: int) -> bool:
    txn.execute("SELECT 1 FROM account_files WHERE user_id = ? AND document_id = ? LIMIT 1", (user_id, document_id))
    return txn.fetchone() is not None
