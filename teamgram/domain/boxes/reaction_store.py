"""SQL of reactions, for whoever reads the messages that have some, and for whoever changes them."""

from collections.abc import Collection, Iterable, Sequence

from teamgram.database import Transaction
from teamgram.domain.boxes.reactions import PeerReaction, Reactions, pack_reactions, unpack_reactions

_PER_QUERY = 500


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def chosen_txn(txn: Transaction, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, ...]]:
    """What viewers reacted with, in their order, by (content, user): those of ``wanted`` that have reacted."""
    by_user: dict[int, list[int]] = {}
    for content_id, user_id in wanted:
        by_user.setdefault(user_id, []).append(content_id)
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    for user_id, contents in by_user.items():
        for start in range(0, len(contents), _PER_QUERY):
            some = contents[start : start + _PER_QUERY]
            txn.execute(
                "SELECT content_id, reaction FROM message_reactions WHERE user_id = ?"
                f" AND content_id IN ({_marks(some)}) ORDER BY content_id, place",
                (user_id, *some),
            )
            for content_id, reaction in txn.fetchall():
                found[content_id, user_id] = (*found.get((content_id, user_id), ()), reaction)
    return found


def own_txn(txn: Transaction, content_id: int, user_id: int) -> tuple[str, ...]:
    """What one user reacted with to one content."""
    return chosen_txn(txn, [(content_id, user_id)]).get((content_id, user_id), ())


def newest_txn(txn: Transaction, content_id: int, limit: int) -> list[PeerReaction]:
    """Who reacted last to a content."""
    txn.execute(
        "SELECT user_id, reaction, reacted_at, place, big FROM message_reactions WHERE content_id = ?"
        " ORDER BY reacted_at DESC, user_id DESC, reaction DESC LIMIT ?",
        (content_id, limit),
    )
    return [PeerReaction(row[0], row[1], row[2], row[3], bool(row[4])) for row in txn.fetchall()]


def stored_txn(txn: Transaction, content_ids: Sequence[int], suffix: str = "") -> dict[int, Reactions]:
    """What the reactions to contents add up to, by content; those without any are missing."""
    txn.execute(
        f"SELECT id, reactions FROM message_contents WHERE id IN ({_marks(content_ids)})"
        f" AND reactions IS NOT NULL{suffix}",
        tuple(content_ids),
    )
    return {content_id: unpack_reactions(stored) for content_id, stored in txn.fetchall()}


def save_txn(txn: Transaction, content_id: int, reactions: Reactions) -> None:
    """Write what they add up to."""
    txn.execute("UPDATE message_contents SET reactions = ? WHERE id = ?", (pack_reactions(reactions), content_id))


def drop_txn(txn: Transaction, content_ids: Sequence[int]) -> None:
    """These contents are gone."""
    txn.execute(f"UPDATE message_contents SET reactions = NULL WHERE id IN ({_marks(content_ids)})", content_ids)
    txn.execute(f"DELETE FROM message_reactions WHERE content_id IN ({_marks(content_ids)})", content_ids)


# Tags of saved messages


def tag_txn(txn: Transaction, owner_id: int, message_id: int, saved_peer: int, reactions: Sequence[str]) -> None:
    """A saved message has these tags, and no others."""
    drop_tags_txn(txn, owner_id, (message_id,))
    txn.executemany(
        "INSERT INTO saved_tags (owner_id, reaction, id, saved_peer) VALUES (?, ?, ?, ?)",
        [(owner_id, reaction, message_id, saved_peer) for reaction in reactions],
    )


def drop_tags_txn(txn: Transaction, owner_id: int, message_ids: Sequence[int]) -> None:
    """These saved messages have none any more."""
    txn.executemany("DELETE FROM saved_tags WHERE owner_id = ? AND id = ?", [(owner_id, id_) for id_ in message_ids])
