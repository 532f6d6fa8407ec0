"""The index in the database: which words the contents of each conversation have.

Rows are kept by conversation and not by box: a message of a group costs its
words once, however many members have it. Which of the contents lie in somebody's
box is asked of their messages when they search.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from teamgram.database import Transaction
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.boxes.talks import Talk, talk_of
from teamgram.domain.search.words import words_of

INDEXED_UP_TO = "search_indexed"
"""Name of the server's state: every content up to this id has its words in the index."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What one step reads for the index.

    Attributes:
        words: by content: its conversation, and the words that it has.
        gone: by content: its conversation, and words that it may have had and has no more.
        changes: ids of the changes that this deals with.
        last_id: the newest content that was looked at; 0 for none.
    """

    words: Mapping[int, tuple[Talk, Collection[bytes]]]
    gone: Sequence[tuple[int, Talk, Collection[bytes]]]
    changes: Sequence[int]
    last_id: int


def indexed_up_to_txn(txn: Transaction) -> tuple[int, int]:
    """(content id up to which the index is complete, newest content id)."""
    txn.execute("SELECT value FROM server_state WHERE name = ?", (INDEXED_UP_TO,))
    row = txn.fetchone()
    txn.execute("SELECT MAX(id) FROM message_contents")
    newest = txn.fetchone()
    return int(row[0]) if row else 0, int(newest[0] or 0) if newest else 0


def unindexed_txn(txn: Transaction, after: int, limit: int) -> Indexed:
    """What the index lacks: the next contents after ``after``, and what has changed before them."""
    txn.execute(
        "SELECT id, sender_id, peer, message FROM message_contents WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
    )
    rows = txn.fetchall()
    last_id = rows[-1][0] if rows else 0
    words = _words_txn(txn, rows)
    txn.execute("SELECT id, content_id, low, high, message FROM search_changes ORDER BY id LIMIT ?", (limit,))
    changes = txn.fetchall()
    if not changes:
        return Indexed(words, (), (), last_id)
    old = sorted({change[1] for change in changes})
    for some in chunks(old):
        txn.execute(f"SELECT id, sender_id, peer, message FROM message_contents WHERE id IN ({marks(some)})", some)
        words |= _words_txn(txn, txn.fetchall())
    gone = [
        (content_id, (low, high), words_of(message) - set(words[content_id][1] if content_id in words else ()))
        for _, content_id, low, high, message in changes
    ]
    return Indexed(words, gone, [change[0] for change in changes], last_id)


def late_txn(txn: Transaction, after: int, up_to: int, known: Collection[int]) -> Indexed:
    """Contents of ``after`` < id <= ``up_to`` that were committed after newer ones had been read.

    Waits for transactions that are still writing there (``for_update``).
    """
    txn.execute(
        f"SELECT id FROM message_contents WHERE id > ? AND id <= ? ORDER BY id{txn.engine.for_update}", (after, up_to)
    )
    late = [row[0] for row in txn.fetchall() if row[0] not in known]
    words: dict[int, tuple[Talk, Collection[bytes]]] = {}
    for some in chunks(late):
        txn.execute(f"SELECT id, sender_id, peer, message FROM message_contents WHERE id IN ({marks(some)})", some)
        words |= _words_txn(txn, txn.fetchall())
    return Indexed(words, (), (), up_to)


def _words_txn(
    txn: Transaction, rows: Iterable[tuple[int, int, int, str]]
) -> dict[int, tuple[Talk, Collection[bytes]]]:
    found: dict[int, tuple[Talk, Collection[bytes]]] = {}
    for content_id, sender_id, peer, message in rows:
        if not message:
            continue
        if peer:
            found[content_id] = talk_of(sender_id, peer), words_of(message)
            continue
        # Its sender has no copy, or had none any more when contents began to know where they were sent.
        txn.execute("SELECT owner_id, peer FROM messages WHERE content_id = ? LIMIT 1", (content_id,))
        copy = txn.fetchone()
        if copy is not None:
            found[content_id] = talk_of(*copy), words_of(message)
    return found


def index_txn(
    txn: Transaction, indexed: Indexed, known_talks: Mapping[Talk, int], complete_up_to: int
) -> dict[Talk, int]:
    """Write it; may be done again. The ids of conversations that were not among the known.

    Args:
        complete_up_to: content id to remember as ``INDEXED_UP_TO``, 0 for none.
    """
    talks = {talk for talk, _ in indexed.words.values()} | {talk for _, talk, _ in indexed.gone}
    new = {talk: _talk_id_txn(txn, talk) for talk in sorted(talks) if talk not in known_talks}

    def id_of(talk: Talk) -> int:
        return new[talk] if talk in new else known_talks[talk]

    gone = [(id_of(talk), word, content_id) for content_id, talk, words in indexed.gone for word in words]
    if gone:
        txn.executemany("DELETE FROM search_words WHERE talk = ? AND word = ? AND content_id = ?", gone)
    # In the order of the table: neighbours cost less.
    rows = sorted(
        (id_of(talk), word, content_id) for content_id, (talk, words) in indexed.words.items() for word in words
    )
    if rows:
        txn.executemany(txn.engine.upsert_sql("search_words", ("talk", "word", "content_id"), ()), rows)
    for some in chunks(indexed.changes):
        txn.execute(f"DELETE FROM search_changes WHERE id IN ({marks(some)})", some)
    if complete_up_to:
        txn.upsert("server_state", {"name": INDEXED_UP_TO}, {"value": complete_up_to})
    return new


def _talk_id_txn(txn: Transaction, talk: Talk) -> int:
    low, high = talk
    txn.execute("SELECT id FROM search_talks WHERE low = ? AND high = ?", talk)
    row = txn.fetchone()
    if row is None:
        txn.insert_ignore("search_talks", {"low": low, "high": high})
        txn.execute("SELECT id FROM search_talks WHERE low = ? AND high = ?", talk)
        row = txn.fetchone()
    assert row is not None
    return int(row[0])
