"""SQL of ``account_sticker_sets``. Every function runs inside a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Transaction
from teamgram.domain.stickers.sticker_set import StickerSet


@dataclass(frozen=True, slots=True)
class Installation:
    """That an account has a set at hand, or put it away (``archived``). ``at``: unix seconds."""

    set_id: int
    archived: bool
    at: int


def _top_txn(txn: Transaction, user_id: int, kind: str) -> int:
    txn.execute("SELECT MAX(position) FROM account_sticker_sets WHERE user_id = ? AND kind = ?", (user_id, kind))
    row = txn.fetchone()
    return int(row[0] or 0) if row else 0


def count_txn(txn: Transaction, user_id: int, kind: str) -> int:
    """How many sets of a kind an account has, archived ones too."""
    txn.execute("SELECT COUNT(*) FROM account_sticker_sets WHERE user_id = ? AND kind = ?", (user_id, kind))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def install_txn(txn: Transaction, user_id: int, set_: StickerSet, now: int, *, archived: bool) -> None:
    """Put a set on top, or away."""
    txn.upsert(
        "account_sticker_sets",
        {"user_id": user_id, "set_id": set_.id},
        {
            "kind": set_.kind,
            "archived": int(archived),
            "position": _top_txn(txn, user_id, set_.kind) + 1,
            "installed_at": now,
        },
    )


def uninstall_txn(txn: Transaction, user_id: int, set_id: int) -> bool:
    """Let go of a set; whether it was there."""
    txn.execute("DELETE FROM account_sticker_sets WHERE user_id = ? AND set_id = ?", (user_id, set_id))
    return bool(txn.rowcount > 0)


def archive_txn(txn: Transaction, user_id: int, set_id: int, *, archived: bool) -> bool:
    """Put a set away that is there, or back; whether that changed anything."""
    txn.execute(
        "UPDATE account_sticker_sets SET archived = ? WHERE user_id = ? AND set_id = ? AND archived = ?",
        (int(archived), user_id, set_id, int(not archived)),
    )
    return bool(txn.rowcount > 0)


def raise_txn(txn: Transaction, user_id: int, set_id: int, kind: str) -> bool:
    """Make a set the first, if it is at hand and is not; whether it was done."""
    ids = ids_txn(txn, user_id, kind, archived=False)
    if set_id not in ids or ids[0] == set_id:
        return False
    txn.execute(
        "UPDATE account_sticker_sets SET position = ? WHERE user_id = ? AND set_id = ?",
        (_top_txn(txn, user_id, kind) + 1, user_id, set_id),
    )
    return True


def reorder_txn(txn: Transaction, user_id: int, kind: str, order: Sequence[int]) -> tuple[int, ...]:
    """These first, in that order, then the others as they were; the ids of all."""
    before = ids_txn(txn, user_id, kind, archived=False)
    asked = [set_id for set_id in dict.fromkeys(order) if set_id in set(before)]
    after = asked + [set_id for set_id in before if set_id not in set(asked)]
    top = _top_txn(txn, user_id, kind) + len(after)
    txn.executemany(
        "UPDATE account_sticker_sets SET position = ? WHERE user_id = ? AND set_id = ?",
        [(top - number, user_id, set_id) for number, set_id in enumerate(after)],
    )
    return tuple(after)


def ids_txn(txn: Transaction, user_id: int, kind: str, *, archived: bool) -> list[int]:
    """An account's sets of a kind, first on top."""
    txn.execute(
        "SELECT set_id FROM account_sticker_sets WHERE user_id = ? AND kind = ? AND archived = ?"
        " ORDER BY position DESC, set_id",
        (user_id, kind, int(archived)),
    )
    return [set_id for (set_id,) in txn.fetchall()]


def installations_txn(txn: Transaction, user_id: int, set_ids: Sequence[int]) -> dict[int, Installation]:
    """Which of these sets an account has, by id."""
    if not set_ids:
        return {}
    txn.execute(
        "SELECT set_id, archived, installed_at FROM account_sticker_sets WHERE user_id = ?"
        f" AND set_id IN ({', '.join('?' * len(set_ids))})",
        (user_id, *set_ids),
    )
    return {set_id: Installation(set_id, bool(archived), at) for set_id, archived, at in txn.fetchall()}


def holders_txn(txn: Transaction, set_id: int, at_most: int) -> list[int]:
    """Users who have a set at hand or put away, not more than so many."""
    txn.execute("SELECT user_id FROM account_sticker_sets WHERE set_id = ? LIMIT ?", (set_id, at_most))
    return [user_id for (user_id,) in txn.fetchall()]
