"""Making the index of a long conversation short: many rows into sets of contents, small sets into larger ones.

What was indexed lately lies in ``search_words``, a row for each posting. When a
conversation has ``FOLD_ROWS`` of these, they become a segment of level 0. When it
has ``FAN_OUT`` segments of one level, they become one of the next, so a posting is
moved a few times however long the conversation gets, and a term lies in a few rows.
Segments of the first levels have a row for all terms that begin alike (``sheets``),
the others a block for each term with all its contents.

A query asks for beginnings of words. Where more than ``MOST_WORDS`` words of a
segment of blocks begin with the same characters, a block has what all of them have; its
key is the beginning and the byte 255, which is in no word.

A posting moves in one transaction, so at every moment it is found: in a row, in a
sheet or in a block, once or twice. Nothing has to be repaired after a crash.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from pyroaring import BitMap64

from teamgram.database import Transaction
from teamgram.domain.boxes.numbers import Packed, pack, unpack, unpack_all
from teamgram.domain.boxes.store import marks
from teamgram.domain.search import sheets
from teamgram.domain.search.terms import is_word

FOLD_ROWS = 2048
FAN_OUT = 16
MOST_LEVELS = 6
MOST_WORDS = 32

STEP_ROWS = 8_000
"""Postings of one transaction, read as rows or from sheets (of these one at least)."""

STEP_BLOCKS = 250
"""Blocks of each segment that one transaction reads."""

END = b"\xff"
"""Ends the key of a block with what all words with a beginning have. No byte of UTF-8 is 255."""

_NO_END = 1 << 62
"""Beyond all contents."""

_Postings = dict[bytes, Packed]
"""Contents by term; the terms in order."""

_Open = tuple[tuple[bytes, int, BitMap64], ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """What is being moved, and how far.

    Attributes:
        into: the new segment.
        sources: segments; none for the rows of the conversation.
        level: of the sources.
        after: key up to which the sources have been moved.
        open: beginnings of the last word: how many words had each, and which contents.
        removals: of the new segment when it was begun.
    """

    talk: int
    into: int
    sources: tuple[int, ...]
    level: int = 0
    after: bytes = b""
    open: _Open = ()
    removals: int = 0


def lock_talks_txn(txn: Transaction, talks: Sequence[int]) -> None:
    """Nobody else, in any process, changes the index of these conversations in this transaction's time."""
    if txn.engine.for_update and talks:
        txn.execute(
            f"SELECT id FROM search_talks WHERE id IN ({marks(talks)}) ORDER BY id{txn.engine.for_update}", talks
        )


def due_txn(txn: Transaction, talk: int) -> Fold | None:
    """Begin what is to be done next in the conversation."""
    lock_talks_txn(txn, (talk,))
    txn.execute("SELECT 1 FROM search_words WHERE talk = ? LIMIT 1 OFFSET ?", (talk, FOLD_ROWS - 1))
    if txn.fetchone() is not None:
        return Fold(talk, _new_segment_txn(txn, talk, 0, (_NO_END, 0)), ())
    txn.execute(
        "SELECT level, COUNT(*) FROM search_segments WHERE talk = ? AND level < ? GROUP BY level ORDER BY level",
        (talk, MOST_LEVELS),
    )
    for level, count in txn.fetchall():
        if count >= FAN_OUT:
            txn.execute(
                "SELECT id, low, high FROM search_segments WHERE talk = ? AND level = ? ORDER BY id LIMIT ?",
                (talk, level, FAN_OUT),
            )
            sources, lows, highs = zip(*txn.fetchall(), strict=True)
            return Fold(talk, _new_segment_txn(txn, talk, level + 1, (min(lows), max(highs))), sources, level)
    return None


def _new_segment_txn(txn: Transaction, talk: int, level: int, contents: tuple[int, int]) -> int:
    txn.execute(
        "INSERT INTO search_segments (talk, level, removals, low, high) VALUES (?, ?, 0, ?, ?)",
        (talk, level, *contents),
    )
    return txn.lastrowid


def step_txn(txn: Transaction, fold: Fold) -> Fold | None:
    """Move the next terms; what is left to do. May be done again with the same argument.

    When postings were taken out meanwhile, or another process has begun to merge the new segment, it stays as it is and
    what is left of the sources is due once more.
    """
    lock_talks_txn(txn, (fold.talk,))
    txn.execute("SELECT removals FROM search_segments WHERE id = ?", (fold.into,))
    if txn.fetchone() != (fold.removals,):
        return None
    if not fold.sources:
        # Rows that are left are due once more.
        _write_txn(txn, fold.into, _rows_txn(txn, fold))
        return None
    _widen_as_sources_txn(txn, fold)
    if fold.level + 1 < sheets.LEVELS:
        found, after, last = _sheets_txn(txn, fold)
        _write_txn(txn, fold.into, sheets.merged(found))
        still: _Open = ()
    else:
        if fold.level < sheets.LEVELS:
            found, after, last = _sheets_txn(txn, fold)
            postings = sheets.postings_of(found)
        else:
            postings, last = _blocks_txn(txn, fold)
            after = max(postings, default=fold.after)
        blocks, still = _shared(postings, fold, last)
        _write_txn(txn, fold.into, postings | blocks)
    if last:
        # Another process may have begun to fill one of them after we had read it.
        txn.execute(
            f"DELETE FROM search_segments WHERE id IN ({marks(fold.sources)})"
            " AND NOT EXISTS (SELECT 1 FROM search_blocks b WHERE b.segment = search_segments.id)",
            fold.sources,
        )
        return None
    return replace(fold, after=after, open=still)


def beginnings(word: bytes, longer_than: int = 0) -> Iterator[bytes]:
    """What a word begins with, a character more each time, the whole word last."""
    for end in range(longer_than + 1, len(word) + 1):
        # Bytes of UTF-8 that go on with a character.
        if end == len(word) or not 0x80 <= word[end] < 0xC0:
            yield word[:end]


def _shared(postings: _Postings, fold: Fold, last: bool) -> tuple[_Postings, _Open]:
    """(blocks of beginnings that more than ``MOST_WORDS`` words have, beginnings that more words may have)."""
    words = [term for term in postings if is_word(term)]
    found: _Postings = {}
    still: list[tuple[bytes, int, BitMap64]] = []

    def united(start: int, end: int) -> BitMap64:
        return unpack_all(postings[word] for word in words[start:end])

    def look_into(start: int, end: int, known: int) -> None:
        """For what more than enough of some words, which begin with as many bytes alike, begin with besides."""
        while end - start > MOST_WORDS:
            beginning = next(beginnings(words[start], known), None)
            if beginning is None:
                # This word is what they begin with.
                start += 1
                continue
            stop = bisect_left(words, beginning + END, start, end)
            if stop - start > MOST_WORDS:
                if beginning not in opened and (last or stop < len(words)):
                    found[beginning + END] = pack(united(start, stop))
                look_into(start, stop, len(beginning))
            start = stop

    opened = {beginning for beginning, _, _ in fold.open}
    for beginning, count, ids in fold.open:
        end = bisect_left(words, beginning + END)
        count += end
        if end == len(words) and not last:
            still.append((beginning, count, ids | united(0, end)))
        elif count > MOST_WORDS:
            found[beginning + END] = pack(ids | united(0, end))
    look_into(0, len(words), 0)
    if not last and words:
        going_on = {beginning for beginning, _, _ in still}
        for beginning in beginnings(words[-1]):
            if beginning not in going_on:
                start = bisect_left(words, beginning)
                still.append((beginning, len(words) - start, united(start, len(words))))
    return found, tuple(still)


def _rows_txn(txn: Transaction, fold: Fold) -> _Postings:
    """The sheets of the first rows, ``STEP_ROWS`` at most. The rows are gone."""
    txn.execute(
        "SELECT word, content_id FROM search_words WHERE talk = ? ORDER BY word, content_id LIMIT ?",
        (fold.talk, STEP_ROWS),
    )
    rows = txn.fetchall()
    if rows:
        contents = [row[1] for row in rows]
        _widen_txn(txn, fold.into, min(contents), max(contents))
        last_word, last_id = rows[-1]
        txn.execute("DELETE FROM search_words WHERE talk = ? AND word < ?", (fold.talk, last_word))
        txn.execute(
            "DELETE FROM search_words WHERE talk = ? AND word = ? AND content_id <= ?", (fold.talk, last_word, last_id)
        )
    return sheets.sheets_of(rows)


def _widen_txn(txn: Transaction, segment: int, low: int, high: int) -> None:
    txn.execute(
        "UPDATE search_segments SET low = CASE WHEN low < ? THEN low ELSE ? END,"
        " high = CASE WHEN high > ? THEN high ELSE ? END WHERE id = ?",
        (low, low, high, high, segment),
    )


def _widen_as_sources_txn(txn: Transaction, fold: Fold) -> None:
    # Another process may have put more into them since they were chosen.
    txn.execute(f"SELECT MIN(low), MAX(high) FROM search_segments WHERE id IN ({marks(fold.sources)})", fold.sources)
    low, high = txn.fetchone() or (None, None)
    if low is not None:
        _widen_txn(txn, fold.into, low, high)


def _sheets_txn(txn: Transaction, fold: Fold) -> tuple[list[bytes], bytes, bool]:
    """(sheets, the last one's key, whether these are all that is left). They are gone."""
    where = f"FROM search_blocks WHERE segment IN ({marks(fold.sources)}) AND word > ?"
    params: list[object] = [*fold.sources, fold.after]
    txn.execute(f"SELECT word, SUM(postings) {where} GROUP BY word ORDER BY word", params)
    there = txn.fetchall()
    total, after = 0, fold.after
    for at, (key, count) in enumerate(there):
        total += int(count)
        if at and total > STEP_ROWS:
            break
        after = key
    params.append(after)
    txn.execute(f"SELECT ids {where} AND word <= ?", params)
    found = [row[0] for row in txn.fetchall()]
    txn.execute(f"DELETE {where} AND word <= ?", params)
    return found, after, not there or after == there[-1][0]


def _blocks_txn(txn: Transaction, fold: Fold) -> tuple[_Postings, bool]:
    """(contents by term, in order; whether these are all that is left). The blocks are gone.

    What words with a beginning have is left out, for it is found out anew.
    """
    up_to: bytes | None = None
    for segment in fold.sources:
        txn.execute(
            "SELECT word FROM search_blocks WHERE segment = ? AND word > ? ORDER BY word LIMIT 1 OFFSET ?",
            (segment, fold.after, STEP_BLOCKS - 1),
        )
        row = txn.fetchone()
        if row is not None and (up_to is None or row[0] < up_to):
            up_to = row[0]
    where = f"FROM search_blocks WHERE segment IN ({marks(fold.sources)}) AND word > ?"
    params: list[object] = [*fold.sources, fold.after]
    if up_to is not None:
        where += " AND word <= ?"
        params.append(up_to)
    txn.execute(f"SELECT word, postings, ids {where}", params)
    found: dict[bytes, list[Packed]] = {}
    for word, count, ids in txn.fetchall():
        if not word.endswith(END):
            found.setdefault(word, []).append((count, ids))
    txn.execute(f"DELETE {where}", params)
    return {
        word: parts[0] if len(parts) == 1 else pack(unpack_all(parts)) for word, parts in sorted(found.items())
    }, up_to is None


def _write_txn(txn: Transaction, segment: int, blocks: _Postings) -> None:
    rows = [(segment, key, *packed) for key, packed in sorted(blocks.items())]
    if rows:
        columns = ("postings", "ids")
        txn.executemany(txn.engine.upsert_sql("search_blocks", ("segment", "word"), columns), rows)


def remove_txn(txn: Transaction, talk: int, gone: Sequence[tuple[int, Collection[bytes], Collection[bytes]]]) -> None:
    """Take postings out of the conversation's segments.

    Args:
        gone: for each content the terms that it has no more, and those that it has.
    """
    ids = [content_id for content_id, _, _ in gone]
    txn.execute(
        "SELECT id, level, low, high FROM search_segments WHERE talk = ? AND high >= ? AND low <= ?",
        (talk, min(ids, default=0), max(ids, default=0)),
    )
    segments = txn.fetchall()
    if not segments:
        return
    # Of all: what another process has begun to merge has them, too.
    txn.execute("UPDATE search_segments SET removals = removals + 1 WHERE talk = ?", (talk,))
    for segment, level, low, high in segments:
        there = [one for one in gone if low <= one[0] <= high]
        if level < sheets.LEVELS:
            _remove_from_sheets_txn(txn, segment, there)
            continue
        by_key = _by_key(there)
        keys = sorted(by_key)
        for at in range(0, len(keys), 500):
            some = keys[at : at + 500]
            txn.execute(
                f"SELECT word, postings, ids FROM search_blocks WHERE segment = ? AND word IN ({marks(some)})",
                (segment, *some),
            )
            for word, count, stored in txn.fetchall():
                _remove_from_txn(txn, segment, word, unpack(count, stored), BitMap64(by_key[word]))


def _remove_from_sheets_txn(
    txn: Transaction, segment: int, gone: Sequence[tuple[int, Collection[bytes], Collection[bytes]]]
) -> None:
    by_sheet: dict[bytes, dict[bytes, list[int]]] = {}
    for content_id, terms, _ in gone:
        for term in terms:
            by_sheet.setdefault(sheets.sheet_of(term), {}).setdefault(term, []).append(content_id)
    keys = sorted(by_sheet)
    for at in range(0, len(keys), 500):
        some = keys[at : at + 500]
        txn.execute(
            f"SELECT word, postings, ids FROM search_blocks WHERE segment = ? AND word IN ({marks(some)})",
            (segment, *some),
        )
        for key, count, sheet in txn.fetchall():
            left = sheets.without(sheet, by_sheet[key])
            if left[0] != count:
                _put_txn(txn, segment, key, left)


def _by_key(gone: Sequence[tuple[int, Collection[bytes], Collection[bytes]]]) -> dict[bytes, list[int]]:
    """Contents by the keys that they are not found by any more."""
    by_key: dict[bytes, list[int]] = {}
    for content_id, terms, kept in gone:
        keys = set(terms)
        for term in terms:
            if is_word(term):
                keys.update(beginning + END for beginning in beginnings(term))
        for term in kept:
            if is_word(term):
                keys.difference_update(beginning + END for beginning in beginnings(term))
        for key in keys:
            by_key.setdefault(key, []).append(content_id)
    return by_key


def _remove_from_txn(txn: Transaction, segment: int, word: bytes, ids: BitMap64, gone: BitMap64) -> None:
    if ids.intersect(gone):
        left = ids - gone
        _put_txn(txn, segment, word, pack(left) if left else (0, b""))


def _put_txn(txn: Transaction, segment: int, word: bytes, packed: Packed) -> None:
    """Write one row again, or take it away when no postings are left."""
    if packed[0]:
        txn.execute(
            "UPDATE search_blocks SET postings = ?, ids = ? WHERE segment = ? AND word = ?", (*packed, segment, word)
        )
    else:
        txn.execute("DELETE FROM search_blocks WHERE segment = ? AND word = ?", (segment, word))
