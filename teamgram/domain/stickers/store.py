"""SQL of ``sticker_sets``, ``sticker_set_items`` and ``sticker_words``. Every function runs inside a transaction."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from teamgram.database import Transaction
from teamgram.domain.files.file import Document
from teamgram.domain.files.naming import SET_THUMB, change_uses_txn, drop_uses_txn, note_uses_txn
from teamgram.domain.files.store import add_txn
from teamgram.domain.stickers.errors import SetNameOccupied
from teamgram.domain.stickers.names import bare, words_in
from teamgram.domain.stickers.sticker_set import Meaning, NamedSet, Sticker, StickerSet, WholeSet

_encode = msgspec.json.Encoder().encode
decode_set: Callable[[Any], StickerSet] = msgspec.json.Decoder(StickerSet).decode
"""A set from its ``details``."""
_decode_meaning: Callable[[Any], Meaning] = msgspec.json.Decoder(Meaning).decode
_decode_document: Callable[[Any], Document] = msgspec.json.Decoder(Document).decode


def is_name_free_txn(txn: Transaction, short_name: str) -> bool:
    """Whether no set has that short name."""
    txn.execute("SELECT 1 FROM sticker_sets WHERE name_key = ?", (short_name.lower(),))
    return txn.fetchone() is None


def owned_count_txn(txn: Transaction, owner_id: int) -> int:
    """How many sets somebody has made."""
    txn.execute("SELECT COUNT(*) FROM sticker_sets WHERE owner_id = ?", (owner_id,))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def create_txn(txn: Transaction, set_: StickerSet, stickers: Sequence[Sticker]) -> None:
    """A new set with its stickers.

    Raises:
        SetNameOccupied.
    """
    if not is_name_free_txn(txn, set_.short_name):
        raise SetNameOccupied
    row = {
        "id": set_.id,
        "owner_id": set_.owner_id,
        "name_key": set_.short_name.lower(),
        "version": set_.version,
        "details": _encode(set_),
    }
    if not txn.insert_ignore("sticker_sets", row):
        raise SetNameOccupied
    note_uses_txn(txn, SET_THUMB, set_.id, set_)
    for position, sticker in enumerate(stickers):
        add_sticker_txn(txn, set_, sticker, position)
    _index_txn(txn, set_, 0, words_in(set_.title, set_.short_name))


def _index_txn(txn: Transaction, set_: StickerSet, document_id: int, words: set[str]) -> None:
    if not set_.owner_id:
        # The server's own are parts of other things, and nobody looks for them.
        return
    txn.execute("DELETE FROM sticker_words WHERE set_id = ? AND document_id = ?", (set_.id, document_id))
    for word in sorted(words):
        row = {"word": word[:64], "kind": set_.kind, "set_id": set_.id, "document_id": document_id}
        txn.insert_ignore("sticker_words", row)


def _words_of(meaning: Meaning) -> set[str]:
    return {bare(emoji) for emoji in meaning.emoji} | words_in(*meaning.keywords)


def add_sticker_txn(txn: Transaction, set_: StickerSet, sticker: Sticker, position: int) -> None:
    """Put a sticker, whose document is new, into a set."""
    add_txn(txn, set_.owner_id, sticker.document)
    txn.execute(
        "INSERT INTO sticker_set_items (set_id, document_id, position, details) VALUES (?, ?, ?, ?)",
        (set_.id, sticker.document.id, position, _encode(sticker.meaning)),
    )
    _index_txn(txn, set_, sticker.document.id, _words_of(sticker.meaning))


def change_sticker_txn(txn: Transaction, set_: StickerSet, sticker: Sticker) -> None:
    """A sticker stands for something else."""
    document_id = sticker.document.id
    txn.execute("UPDATE documents SET details = ? WHERE id = ?", (_encode(sticker.document), document_id))
    txn.execute(
        "UPDATE sticker_set_items SET details = ? WHERE set_id = ? AND document_id = ?",
        (_encode(sticker.meaning), set_.id, document_id),
    )
    _index_txn(txn, set_, document_id, _words_of(sticker.meaning))


def remove_sticker_txn(txn: Transaction, set_id: int, document_id: int) -> None:
    """Take a sticker out of a set; its document stays, for messages have it."""
    txn.execute("DELETE FROM sticker_set_items WHERE set_id = ? AND document_id = ?", (set_id, document_id))
    txn.execute("DELETE FROM sticker_words WHERE set_id = ? AND document_id = ?", (set_id, document_id))


def place_txn(txn: Transaction, set_id: int, document_ids: Sequence[int]) -> None:
    """The order of a set's stickers."""
    txn.executemany(
        "UPDATE sticker_set_items SET position = ? WHERE set_id = ? AND document_id = ?",
        [(position, set_id, document_id) for position, document_id in enumerate(document_ids)],
    )


def save_txn(txn: Transaction, set_: StickerSet) -> None:
    """What changed of a set besides its stickers."""
    txn.execute("UPDATE sticker_sets SET version = ?, details = ? WHERE id = ?", (set_.version, _encode(set_), set_.id))
    change_uses_txn(txn, SET_THUMB, set_.id, set_)
    _index_txn(txn, set_, 0, words_in(set_.title, set_.short_name))


def delete_txn(txn: Transaction, set_id: int) -> None:
    """No more of a set."""
    for table, column in (
        ("sticker_words", "set_id"),
        ("sticker_set_items", "set_id"),
        ("account_sticker_sets", "set_id"),
        ("sticker_sets", "id"),
    ):
        txn.execute(f"DELETE FROM {table} WHERE {column} = ?", (set_id,))
    drop_uses_txn(txn, SET_THUMB, (set_id,))


# Reading


def find_txn(txn: Transaction, named: NamedSet, *, for_update: bool = False) -> StickerSet | None:
    """A set as a client names it; None also for a wrong access_hash."""
    lock = txn.engine.for_update if for_update else ""
    if named.id:
        txn.execute("SELECT details FROM sticker_sets WHERE id = ?" + lock, (named.id,))
    else:
        txn.execute("SELECT details FROM sticker_sets WHERE name_key = ?" + lock, (named.short_name.lower(),))
    row = txn.fetchone()
    set_ = decode_set(row[0]) if row else None
    if set_ is None or (named.id and named.access_hash != set_.access_hash):
        return None
    return set_


def by_ids_txn(txn: Transaction, ids: Sequence[int]) -> list[StickerSet]:
    """Sets in the order of their ids as given; those that are gone are left out."""
    if not ids:
        return []
    txn.execute(f"SELECT id, details FROM sticker_sets WHERE id IN ({', '.join('?' * len(ids))})", tuple(ids))
    found = {id_: decode_set(details) for id_, details in txn.fetchall()}
    return [found[id_] for id_ in ids if id_ in found]


def stickers_txn(txn: Transaction, set_id: int, limit: int = 1000) -> tuple[Sticker, ...]:
    """A set's stickers, in order."""
    txn.execute(
        "SELECT d.details, i.details FROM sticker_set_items i JOIN documents d ON d.id = i.document_id"
        " WHERE i.set_id = ? ORDER BY i.position LIMIT ?",
        (set_id, limit),
    )
    return tuple(Sticker(_decode_document(document), _decode_meaning(meaning)) for document, meaning in txn.fetchall())


def whole_txn(txn: Transaction, named: NamedSet) -> WholeSet | None:
    """A set with its stickers."""
    set_ = find_txn(txn, named)
    return WholeSet(set_, stickers_txn(txn, set_.id)) if set_ is not None else None


def covered_txn(txn: Transaction, ids: Sequence[int]) -> list[WholeSet]:
    """Sets with the first of their stickers."""
    return [WholeSet(set_, stickers_txn(txn, set_.id, 1)) for set_ in by_ids_txn(txn, ids)]


def documents_txn(txn: Transaction, ids: Sequence[int]) -> list[Document]:
    """Documents in the order of their ids as given; those that are gone are left out."""
    if not ids:
        return []
    txn.execute(f"SELECT id, details FROM documents WHERE id IN ({', '.join('?' * len(ids))})", tuple(ids))
    found = {id_: _decode_document(details) for id_, details in txn.fetchall()}
    return [found[id_] for id_ in ids if id_ in found]


def is_of_set_txn(txn: Transaction, set_id: int, document_id: int) -> bool:
    """Whether that document was made for that set."""
    found = documents_txn(txn, [document_id])
    said = found[0].sticker if found else None
    return said is not None and said.set_id == set_id
