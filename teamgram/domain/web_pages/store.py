"""SQL of ``web_pages`` and ``web_page_waits``. Every function runs inside a transaction."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.media import WebPage
from teamgram.domain.boxes.message import pack_extra, unpack_extra
from teamgram.domain.boxes.store import chunks, copies_txn
from teamgram.domain.files.naming import CONTENT, WEB_PAGE, change_uses_txn, drop_uses_txn, note_uses_txn

_encode = msgspec.json.Encoder().encode
_decode: Callable[[Any], WebPage] = msgspec.json.Decoder(WebPage).decode


def _key(url: str) -> str:
    return sha256(url.encode()).hexdigest()


def page_txn(txn: Transaction, url: str) -> tuple[WebPage, int] | None:
    """What is known of an address, and since when (unix seconds; 0: it has not come)."""
    txn.execute("SELECT details, fetched_at FROM web_pages WHERE url_key = ?", (_key(url),))
    row = txn.fetchone()
    return (_decode(row[0]), row[1]) if row else None


def new_page_txn(txn: Transaction, page: WebPage) -> WebPage:
    """A page that is about to be fetched; the one that is there already, if somebody was faster."""
    row = {"id": page.id, "url_key": _key(page.url), "fetched_at": 0, "details": _encode(page)}
    if txn.insert_ignore("web_pages", row):
        return page
    found = page_txn(txn, page.url)
    assert found is not None
    before = msgspec.structs.replace(page, id=found[0].id)
    txn.execute("UPDATE web_pages SET fetched_at = 0, details = ? WHERE id = ?", (_encode(before), before.id))
    return before


def wait_txn(txn: Transaction, page_id: int, content_id: int) -> None:
    """A message that was sent before its page came."""
    txn.insert_ignore("web_page_waits", {"page_id": page_id, "content_id": content_id})


def awaited_txn(txn: Transaction, limit: int) -> list[WebPage]:
    """Pages that messages wait for."""
    txn.execute(
        "SELECT details FROM web_pages WHERE id IN (SELECT page_id FROM web_page_waits) LIMIT ?",
        (limit,),
    )
    return [_decode(details) for (details,) in txn.fetchall()]


def came_txn(txn: Transaction, page: WebPage, now: int) -> tuple[int, ...]:
    """A page came, or there is nothing to show of it: write it into the messages that wait; whose they are."""
    txn.execute("UPDATE web_pages SET fetched_at = ?, details = ? WHERE id = ?", (now, _encode(page), page.id))
    change_uses_txn(txn, WEB_PAGE, page.id, page)
    txn.execute("SELECT content_id FROM web_page_waits WHERE page_id = ?", (page.id,))
    content_ids = [content_id for (content_id,) in txn.fetchall()]
    shown = []
    for some in chunks(content_ids):
        for content_id in some:
            txn.execute("SELECT extra FROM message_contents WHERE id = ?" + txn.engine.for_update, (content_id,))
            row = txn.fetchone()
            extra = unpack_extra(row[0]) if row else None
            if extra is None or extra.preview is None or extra.preview.page.id != page.id:
                # Changed, or gone.
                continue
            preview = None if page.is_empty else msgspec.structs.replace(extra.preview, page=page)
            packed = pack_extra(msgspec.structs.replace(extra, preview=preview))
            txn.execute("UPDATE message_contents SET extra = ? WHERE id = ?", (packed, content_id))
            note_uses_txn(txn, CONTENT, content_id, preview)
            shown.append(content_id)
    txn.execute("DELETE FROM web_page_waits WHERE page_id = ?", (page.id,))
    return tuple(sorted({owner_id for _, owner_id, _, _ in copies_txn(txn, shown)}))


def has_photo_txn(txn: Transaction, page_id: int, photo_id: int) -> bool:
    """Whether that is the picture of that page."""
    txn.execute("SELECT details FROM web_pages WHERE id = ?", (page_id,))
    row = txn.fetchone()
    photo = _decode(row[0]).photo if row else None
    return photo is not None and photo.id == photo_id


def drop_old_txn(txn: Transaction, before: int, at_most: int) -> list[str]:
    """Forget pages that came before then; messages keep what they show of them. Their addresses."""
    txn.execute(
        "SELECT id, details FROM web_pages WHERE fetched_at > 0 AND fetched_at < ? ORDER BY fetched_at LIMIT ?",
        (before, at_most),
    )
    rows = txn.fetchall()
    for page_id, _ in rows:
        txn.execute("DELETE FROM web_pages WHERE id = ?", (page_id,))
    drop_uses_txn(txn, WEB_PAGE, [page_id for page_id, _ in rows])
    return [_decode(details).url for _, details in rows]


def drop_unfetched_txn(txn: Transaction, before: int, at_most: int) -> list[str]:
    """Forget pages that were to be fetched before then for a message that was never sent. Their addresses."""
    txn.execute(
        "SELECT id, details FROM web_pages WHERE fetched_at = 0"
        " AND NOT EXISTS (SELECT 1 FROM web_page_waits w WHERE w.page_id = web_pages.id) LIMIT ?",
        (at_most,),
    )
    pages = [page for page in (_decode(details) for _, details in txn.fetchall()) if page.pending_since < before]
    for page in pages:
        txn.execute("DELETE FROM web_pages WHERE id = ?", (page.id,))
    return [page.url for page in pages]
