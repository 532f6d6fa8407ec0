"""The index in the database: which terms (``terms``) the contents of each conversation have.

They are kept by conversation and not by box: a message of a group costs its
words once, however many members have it. Which of the contents lie in somebody's
box is asked of their messages when they search. What is new is written as rows;
``folding`` makes blocks of many.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from teamgram.database import Row, Transaction
from teamgram.domain.boxes.message import Tag
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.boxes.talks import Talk, talk_of
from teamgram.domain.search import folding
from teamgram.domain.search.terms import SAID, TAGS, saved_term, sender_term, terms_of
from teamgram.domain.search.words import words_of

INDEXED_UP_TO = "search_indexed"
"""Name of the server's state: every content up to this id has its terms in the index."""


_ROWS_AT_ONCE = 50
"""Of one statement: on SQLite two thirds of the price of a statement for each."""

_COLUMNS = f"id, peer, {SAID}"

Terms = Mapping[int, tuple[Talk, Collection[bytes]]]
"""By content: its conversation and terms of it."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What one step reads for the index.

    Attributes:
        terms: what there is to find.
        gone: of contents that have changed: terms that they may have had and have no more.
        changes: ids of the changes that this deals with.
        last_id: the newest content that was looked at; 0 for none.
    """

    terms: Terms
    gone: Terms
    changes: Sequence[int]
    last_id: int


@dataclass(frozen=True, slots=True)
class Written:
    """What one step wrote.

    Attributes:
        talks: ids of conversations that were not among the known.
        rows: by id of a conversation: how many rows it got; for those that were not known how many it has, up to
            ``folding.FOLD_ROWS``.
    """

    talks: Mapping[Talk, int]
    rows: Mapping[int, int]


def indexed_up_to_txn(txn: Transaction) -> tuple[int, int]:
    """(content id up to which the index is complete, newest content id)."""
    txn.execute("SELECT value FROM server_state WHERE name = ?", (INDEXED_UP_TO,))
    row = txn.fetchone()
    txn.execute("SELECT MAX(id) FROM message_contents")
    newest = txn.fetchone()
    return int(row[0]) if row else 0, int(newest[0] or 0) if newest else 0


def unindexed_txn(txn: Transaction, after: int, limit: int) -> Indexed:
    """What the index lacks: the next contents after ``after``, and what has changed before them."""
    txn.execute(f"SELECT {_COLUMNS} FROM message_contents WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
    rows = txn.fetchall()
    last_id = rows[-1][0] if rows else 0
    terms = _terms_txn(txn, rows)
    txn.execute("SELECT id, content_id, low, high, message FROM search_changes ORDER BY id LIMIT ?", (limit,))
    changes = txn.fetchall()
    if not changes:
        return Indexed(terms, {}, (), last_id)
    senders: dict[int, int] = {}
    for some in chunks(sorted({change[1] for change in changes})):
        txn.execute(f"SELECT {_COLUMNS} FROM message_contents WHERE id IN ({marks(some)})", some)
        old = txn.fetchall()
        senders |= {row[0]: row[2] for row in old}
        terms |= _terms_txn(txn, old)
    gone: dict[int, tuple[Talk, set[bytes]]] = {}
    for _, content_id, low, high, message in changes:
        before = {*words_of(message), *TAGS.values(), sender_term(senders.get(content_id, 0))}
        if content_id in terms:
            before.difference_update(terms[content_id][1])
        gone.setdefault(content_id, ((low, high), set()))[1].update(before)
    return Indexed(terms, gone, [change[0] for change in changes], last_id)


def late_txn(txn: Transaction, after: int, up_to: int, known: Collection[int]) -> Indexed:
    """Contents of ``after`` < id <= ``up_to`` that were committed after newer ones had been read.

    Waits for transactions that are still writing there (``for_update``).
    """
    txn.execute(
        f"SELECT id FROM message_contents WHERE id > ? AND id <= ? ORDER BY id{txn.engine.for_update}", (after, up_to)
    )
    late = [row[0] for row in txn.fetchall() if row[0] not in known]
    terms: dict[int, tuple[Talk, set[bytes]]] = {}
    for some in chunks(late):
        txn.execute(f"SELECT {_COLUMNS} FROM message_contents WHERE id IN ({marks(some)})", some)
        terms |= _terms_txn(txn, txn.fetchall())
    return Indexed(terms, {}, (), up_to)


def _terms_txn(txn: Transaction, rows: Iterable[Row]) -> dict[int, tuple[Talk, set[bytes]]]:
    found: dict[int, tuple[Talk, set[bytes]]] = {}
    for content_id, peer, sender_id, tags, message, extra in rows:
        if (message or extra) and peer and peer != sender_id:
            found[content_id] = talk_of(sender_id, peer), terms_of(sender_id, tags, message, extra)
            continue
        if not peer and tags & Tag.SERVICE:
            # The note that a history was cleared.
            continue
        # It may have no copy any more; its sender has none, or had none when contents began to know where they were
        # sent; or it is in Saved Messages.
        txn.execute("SELECT owner_id, peer, saved_peer FROM messages WHERE content_id = ? LIMIT 1", (content_id,))
        copy = txn.fetchone()
        if copy is None:
            continue
        terms = terms_of(sender_id, tags, message, extra)
        if copy[2]:
            terms.add(saved_term(copy[2]))
        found[content_id] = talk_of(copy[0], copy[1]), terms
    return found


def index_txn(txn: Transaction, indexed: Indexed, known_talks: Mapping[Talk, int], complete_up_to: int) -> Written:
    """Write it; may be done again.

    Args:
        complete_up_to: content id to remember as ``INDEXED_UP_TO``, 0 for none.
    """
    talks = {talk for talk, _ in indexed.terms.values()} | {talk for talk, _ in indexed.gone.values()}
    new = {talk: _talk_id_txn(txn, talk) for talk in sorted(talks) if talk not in known_talks}
    ids = {talk: new[talk] if talk in new else known_talks[talk] for talk in talks}
    folding.lock_talks_txn(txn, sorted(ids.values()))
    counts = {id_: _row_count_txn(txn, id_) for id_ in new.values()}
    if indexed.gone:
        _remove_txn(txn, indexed, ids)
    # In the order of the table: neighbours cost less.
    rows = sorted(
        (ids[talk], term, content_id) for content_id, (talk, terms) in indexed.terms.items() for term in terms
    )
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[at : at + _ROWS_AT_ONCE]
        sql = txn.engine.upsert_sql("search_words", ("talk", "word", "content_id"), (), len(some))
        txn.execute(sql, [value for row in some for value in row])
    for id_, _, _ in rows:
        counts[id_] = counts.get(id_, 0) + 1
    for changes in chunks(indexed.changes):
        txn.execute(f"DELETE FROM search_changes WHERE id IN ({marks(changes)})", changes)
    if complete_up_to:
        txn.upsert("server_state", {"name": INDEXED_UP_TO}, {"value": complete_up_to})
    return Written(new, counts)


def _remove_txn(txn: Transaction, indexed: Indexed, ids: Mapping[Talk, int]) -> None:
    rows = [(ids[talk], term, content_id) for content_id, (talk, terms) in indexed.gone.items() for term in terms]
    txn.executemany("DELETE FROM search_words WHERE talk = ? AND word = ? AND content_id = ?", sorted(rows))
    by_talk: dict[int, list[tuple[int, Collection[bytes], Collection[bytes]]]] = {}
    for content_id, (talk, terms) in indexed.gone.items():
        kept = indexed.terms[content_id][1] if content_id in indexed.terms else ()
        by_talk.setdefault(ids[talk], []).append((content_id, terms, kept))
    for id_, gone in sorted(by_talk.items()):
        folding.remove_txn(txn, id_, gone)


def _row_count_txn(txn: Transaction, talk: int) -> int:
    txn.execute(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM search_words WHERE talk = ? LIMIT ?) AS some_rows",
        (talk, folding.FOLD_ROWS),
    )
    row = txn.fetchone()
    return int(row[0]) if row else 0


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
