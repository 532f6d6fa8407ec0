"""SQL of ``profile_photos``, and of what of them lies in ``users``. Every function runs inside a transaction."""

from teamgram.database import Transaction
from teamgram.domain.files.file import Avatar, Photo, avatar_of, pack_avatar
from teamgram.domain.files.store import decode_photo

_COLUMN = {False: "photo", True: "fallback_photo"}


def photos_txn(txn: Transaction, user_id: int, *, fallback: bool = False) -> list[Photo]:
    """What the user has put up, newest first."""
    txn.execute(
        "SELECT p.details FROM profile_photos x JOIN photos p ON p.id = x.photo_id"
        " WHERE x.user_id = ? AND x.fallback = ? ORDER BY x.position DESC",
        (user_id, int(fallback)),
    )
    return [decode_photo(row[0]) for row in txn.fetchall()]


def put_txn(txn: Transaction, user_id: int, photo: Photo, *, fallback: bool) -> None:
    """Show it from now on; of fallback photos there is one."""
    taken = () if not fallback else _ids_txn(txn, user_id, fallback=True)
    remove_txn(txn, user_id, {photo.id, *taken}, fallback=fallback)
    txn.execute(
        "SELECT COALESCE(MAX(position), 0) FROM profile_photos WHERE user_id = ? AND fallback = ?",
        (user_id, int(fallback)),
    )
    row = txn.fetchone()
    position = (row[0] if row else 0) + 1
    txn.execute(
        "INSERT INTO profile_photos (user_id, fallback, position, photo_id) VALUES (?, ?, ?, ?)",
        (user_id, int(fallback), position, photo.id),
    )
    _show_txn(txn, user_id, avatar_of(photo), fallback)


def remove_txn(txn: Transaction, user_id: int, photo_ids: set[int], *, fallback: bool) -> list[int]:
    """Take photos down; those that were up. The newest of what is left is shown."""
    gone = [photo_id for photo_id in _ids_txn(txn, user_id, fallback=fallback) if photo_id in photo_ids]
    if gone:
        txn.executemany(
            "DELETE FROM profile_photos WHERE user_id = ? AND fallback = ? AND photo_id = ?",
            [(user_id, int(fallback), photo_id) for photo_id in gone],
        )
        left = photos_txn(txn, user_id, fallback=fallback)
        _show_txn(txn, user_id, avatar_of(left[0]) if left else None, fallback)
    return gone


def clear_txn(txn: Transaction, user_id: int) -> None:
    """The account has ended: nothing of it is shown."""
    txn.execute("DELETE FROM profile_photos WHERE user_id = ?", (user_id,))
    for fallback in _COLUMN:
        _show_txn(txn, user_id, None, fallback)


def count_txn(txn: Transaction, user_id: int) -> int:
    """How many photos the user has put up."""
    return len(_ids_txn(txn, user_id, fallback=False))


def _ids_txn(txn: Transaction, user_id: int, *, fallback: bool) -> list[int]:
    txn.execute(
        "SELECT photo_id FROM profile_photos WHERE user_id = ? AND fallback = ? ORDER BY position DESC",
        (user_id, int(fallback)),
    )
    return [row[0] for row in txn.fetchall()]


def _show_txn(txn: Transaction, user_id: int, avatar: Avatar | None, fallback: bool) -> None:
    txn.execute(f"UPDATE users SET {_COLUMN[fallback]} = ? WHERE id = ?", (pack_avatar(avatar), user_id))
