"""What an account wants of its archive (core.telegram.org/constructor/globalPrivacySettings)."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass

from teamgram.database import Transaction

SETTING = "archiving"
"""Its name among the account's settings."""


@dataclass(frozen=True, slots=True)
class Archiving:
    """What goes into the archive by itself, and what comes out of it.

    Attributes:
        new_strangers: conversations that strangers begin, muted.
        keep_unmuted: what is not muted stays there when there is news.
        keep_foldered: so does, of that, what is named in a folder.
    """

    new_strangers: bool = False
    keep_unmuted: bool = False
    keep_foldered: bool = False


DEFAULT = Archiving()


def archiving_txn(txn: Transaction, owner_ids: Collection[int]) -> dict[int, Archiving]:
    """By owner; who has chosen nothing is missing."""
    txn.execute(
        f"SELECT user_id, setting FROM account_settings WHERE name = ? AND user_id IN"
        f" ({', '.join('?' * len(owner_ids))})",
        (SETTING, *owner_ids),
    )
    return {user_id: Archiving(**json.loads(text)) for user_id, text in txn.fetchall()}


def set_archiving_txn(txn: Transaction, owner_id: int, archiving: Archiving) -> None:
    """These are the owner's choices from now on."""
    txn.upsert("account_settings", {"user_id": owner_id, "name": SETTING}, {"setting": json.dumps(asdict(archiving))})
