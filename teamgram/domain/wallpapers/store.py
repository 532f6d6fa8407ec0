"""SQL of ``wallpapers`` and ``account_wallpapers``. Every function runs inside a transaction."""

from collections.abc import Callable
from typing import Any

import msgspec

from teamgram.database import Transaction
from teamgram.domain.wallpapers.errors import WallpapersTooMany
from teamgram.domain.wallpapers.wallpaper import DrawnAs, NamedWallpaper, Wallpaper

AT_HAND = 200
"""Wallpapers of one account; the oldest goes."""
MAX_MADE = 1000

_encode = msgspec.json.Encoder().encode
_decode: Callable[[Any], Wallpaper] = msgspec.json.Decoder(Wallpaper).decode
_decode_drawn: Callable[[Any], DrawnAs] = msgspec.json.Decoder(DrawnAs).decode


def add_wallpaper_txn(txn: Transaction, wallpaper: Wallpaper) -> None:
    """One that was made.

    Raises:
        WallpapersTooMany.
    """
    txn.execute("SELECT COUNT(*) FROM wallpapers WHERE owner_id = ?", (wallpaper.owner_id,))
    row = txn.fetchone()
    if row is not None and row[0] >= MAX_MADE:
        raise WallpapersTooMany
    txn.execute(
        "INSERT INTO wallpapers (id, owner_id, slug, document_id, details) VALUES (?, ?, ?, ?, ?)",
        (
            wallpaper.id,
            wallpaper.owner_id,
            wallpaper.slug,
            wallpaper.document.id if wallpaper.document is not None else 0,
            _encode(wallpaper),
        ),
    )


def find_txn(txn: Transaction, named: NamedWallpaper) -> Wallpaper | None:
    """One as a client names it; None also for a wrong access_hash."""
    if named.slug:
        txn.execute("SELECT details FROM wallpapers WHERE slug = ?", (named.slug,))
    else:
        txn.execute("SELECT details FROM wallpapers WHERE id = ?", (named.id,))
    row = txn.fetchone()
    found = _decode(row[0]) if row else None
    if found is None or named.slug:
        return found
    right = found.document is None if named.no_file else named.access_hash == found.access_hash
    return found if right else None


def all_of_txn(txn: Transaction, user_id: int) -> list[Wallpaper]:
    """An account's, newest first, as it wants them drawn."""
    txn.execute(
        "SELECT w.details, a.details FROM account_wallpapers a JOIN wallpapers w ON w.id = a.wallpaper_id"
        " WHERE a.user_id = ? ORDER BY a.position DESC",
        (user_id,),
    )
    return [
        msgspec.structs.replace(_decode(details), drawn_as=_decode_drawn(drawn)) for details, drawn in txn.fetchall()
    ]


def save_txn(txn: Transaction, user_id: int, wallpaper_id: int, drawn_as: DrawnAs) -> None:
    """Put one on top of an account's."""
    txn.execute(
        "SELECT wallpaper_id, position FROM account_wallpapers WHERE user_id = ? ORDER BY position DESC", (user_id,)
    )
    rows = txn.fetchall()
    txn.upsert(
        "account_wallpapers",
        {"user_id": user_id, "wallpaper_id": wallpaper_id},
        {"position": rows[0][1] + 1 if rows else 1, "details": _encode(drawn_as)},
    )
    others = [id_ for id_, _ in rows if id_ != wallpaper_id]
    for id_ in others[AT_HAND - 1 :]:
        let_go_txn(txn, user_id, id_)


def let_go_txn(txn: Transaction, user_id: int, wallpaper_id: int) -> None:
    """Take one off an account's list."""
    txn.execute("DELETE FROM account_wallpapers WHERE user_id = ? AND wallpaper_id = ?", (user_id, wallpaper_id))


def clear_txn(txn: Transaction, user_id: int) -> None:
    """Nothing is left on an account's list."""
    txn.execute("DELETE FROM account_wallpapers WHERE user_id = ?", (user_id,))


def has_picture_txn(txn: Transaction, wallpaper_id: int, document_id: int) -> bool:
    """Whether that is the picture of that wallpaper."""
    txn.execute("SELECT 1 FROM wallpapers WHERE id = ? AND document_id = ?", (wallpaper_id, document_id))
    return txn.fetchone() is not None
