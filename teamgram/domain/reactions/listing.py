"""Pages of who reacted to a message."""

import re

from teamgram.database import Transaction
from teamgram.domain.boxes.reactions import PeerReaction

MAX_PAGE = 100

_OFFSET = re.compile(r"([0-9]{1,18})_([0-9]{1,18})_(.{1,64})", re.DOTALL)


def list_txn(
    txn: Transaction, content_id: int, reaction: str, offset: str, limit: int
) -> tuple[int, tuple[PeerReaction, ...], str]:
    """(how many there are, some of them, the newest first, and where the next page begins or nothing)."""
    where, params = "content_id = ?", [content_id]
    if reaction:
        where += " AND reaction = ?"
        params.append(reaction)  # type: ignore[arg-type]
    txn.execute(f"SELECT COUNT(*) FROM message_reactions WHERE {where}", params)
    row = txn.fetchone()
    count = int(row[0]) if row else 0
    after = _OFFSET.fullmatch(offset)
    if after is not None:
        date, user_id = int(after[1]), int(after[2])
        where += " AND (reacted_at < ? OR (reacted_at = ? AND (user_id < ? OR (user_id = ? AND reaction < ?))))"
        params += [date, date, user_id, user_id, after[3]]  # type: ignore[list-item]
    limit = max(1, min(limit, MAX_PAGE))
    txn.execute(
        f"SELECT user_id, reaction, reacted_at, place, big FROM message_reactions WHERE {where}"
        " ORDER BY reacted_at DESC, user_id DESC, reaction DESC LIMIT ?",
        (*params, limit + 1),
    )
    found = tuple(PeerReaction(row[0], row[1], row[2], row[3], bool(row[4])) for row in txn.fetchall())
    if len(found) <= limit:
        return count, found, ""
    last = found[limit - 1]
    return count, found[:limit], f"{last.date}_{last.user_id}_{last.reaction}"
