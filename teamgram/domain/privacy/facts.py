"""Whom people let do something, read in the transaction that does it.

What only shows a user (their number, their status, …) is decided where it is
drawn, from what lies in memory: ``contacts.sight``. Both ask ``rules.allows``.
"""

from collections.abc import Iterable

from teamgram.database import Transaction
from teamgram.domain.privacy.privacy import rules_txn
from teamgram.domain.privacy.rules import PrivacyKey, allows

_USERS_PER_QUERY = 500


def allowing_txn(txn: Transaction, key: PrivacyKey, owner_ids: Iterable[int], viewer_id: int) -> set[int]:
    """Those of the owners whose rules let the viewer; who has blocked the viewer does not."""
    ids = sorted(set(owner_ids))
    allowing: set[int] = set()
    for start in range(0, len(ids), _USERS_PER_QUERY):
        part = ids[start : start + _USERS_PER_QUERY]
        marks = ", ".join("?" * len(part))
        rules = rules_txn(txn, part)
        txn.execute(
            f"SELECT owner_id, is_close_friend FROM contacts WHERE contact_id = ? AND owner_id IN ({marks})",
            (viewer_id, *part),
        )
        contacts = {owner_id: bool(is_close_friend) for owner_id, is_close_friend in txn.fetchall()}
        txn.execute(f"SELECT owner_id FROM blocks WHERE blocked_id = ? AND owner_id IN ({marks})", (viewer_id, *part))
        blocking = {row[0] for row in txn.fetchall()}
        for owner_id in part:
            if owner_id == viewer_id or (
                owner_id not in blocking
                and allows(
                    rules[owner_id],
                    key,
                    viewer_id,
                    is_contact=owner_id in contacts,
                    is_close_friend=contacts.get(owner_id, False),
                )
            ):
                allowing.add(owner_id)
    return allowing
