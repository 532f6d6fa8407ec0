"""Which of somebody's messages have what is asked for.

For each term the contents of the conversations that have it, from sheets, blocks and
rows (``folding``), as one set; these are crossed, the rarest first, with
each other and with what lies in the box (``boxes/contents``). A set knows how
many it has and which is at what place, so counts are exact and a page anywhere
costs the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap64

from teamgram.database import Row, Transaction
from teamgram.domain.boxes.contents import box_contents_txn
from teamgram.domain.boxes.marks import PINNED
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.numbers import numbers_txn, unpack_all
from teamgram.domain.boxes.store import chunks, marks, messages_txn
from teamgram.domain.boxes.talks import talk_of
from teamgram.domain.ids.peer import groups_only, users_only
from teamgram.domain.messages.history import MAX_PAGE, Found, Page, Search, contents_txn
from teamgram.domain.search.folding import END
from teamgram.domain.search.sheets import LEVELS, asked_in, sheet_of, sheets_from
from teamgram.domain.search.terms import SAID, Asked, asked_by, terms_of

_FEW = 400
"""So many messages are read rather than another term's contents."""

_LOOKED_UP = 1000
"""So many contents are looked up in the box one by one."""

_COUNTED = 5000
"""Rows of a term that are read to find out which is the rarest."""

_NEIGHBOURS = 10
"""Messages of which the oldest content is taken for the first one's: a note's is newer (see ``boxes/contents``)."""


@dataclass(slots=True)
class _Place:
    """Where is looked.

    Attributes:
        segments: (id, level).
        unstored: messages of the box that were read one by one.
    """

    txn: Transaction
    owner_id: int
    talks: Sequence[int]
    segments: Sequence[tuple[int, int]] = ()
    box: BitMap64 | None = None
    unstored: int = field(default=0)

    def own_txn(self, found: BitMap64) -> BitMap64:
        """Those that lie in the box."""
        if len(found) > _LOOKED_UP:
            if self.box is None:
                contents = box_contents_txn(self.txn, self.owner_id)
                self.box, self.unstored = contents.ids, contents.unstored
            return found & self.box
        own = BitMap64()
        for some in chunks(found):
            # Left to itself SQLite may walk through the whole box.
            self.txn.execute(
                f"SELECT content_id FROM messages {_by_content(self.txn)} WHERE owner_id = ?"
                f" AND content_id IN ({marks(some)})",
                (self.owner_id, *some),
            )
            own.update([row[0] for row in self.txn.fetchall()])
        return own


def _by_content(txn: Transaction) -> str:
    return txn.engine.by_index.format("messages_by_content")


def page_txn(txn: Transaction, owner_id: int, found: BitMap64, page: Page) -> Found:
    """One page of what was found; see ``history``."""
    count, limit = len(found), max(0, min(page.limit, MAX_PAGE))
    if not count or not limit:
        return Found((), count)
    start = place_txn(txn, owner_id, found, page) + page.add_offset
    window = found[max(0, count - max(0, start + limit)) : max(0, count - max(0, start))]
    messages = [
        message
        for message in newest_first_txn(txn, owner_id, window)
        if (not page.max_id or message.id < page.max_id) and (not page.min_id or message.id > page.min_id)
    ]
    newer = count - found.rank(messages[0].content_id) if messages else 0
    return Found(tuple(messages), count, newer)


def newest_first_txn(txn: Transaction, owner_id: int, contents: BitMap64) -> list[Message]:
    """The owner's messages with these contents."""
    ids: list[int] = []
    for some in chunks(contents):
        txn.execute(
            f"SELECT id FROM messages {_by_content(txn)} WHERE owner_id = ? AND content_id IN ({marks(some)})",
            (owner_id, *some),
        )
        ids += [row[0] for row in txn.fetchall()]
    messages = messages_txn(txn, owner_id, ids)
    return [messages[id_] for id_ in sorted(messages, reverse=True)]


def place_txn(txn: Transaction, owner_id: int, found: BitMap64, page: Page) -> int:
    """How many of the found are at the page's offset or newer."""
    if page.offset_id > 0:
        txn.execute(
            "SELECT content_id FROM messages WHERE owner_id = ? AND id >= ? ORDER BY id LIMIT ?",
            (owner_id, page.offset_id, _NEIGHBOURS),
        )
        first = min((row[0] for row in txn.fetchall()), default=0)
        return len(found) - found.rank(first - 1) if first else 0
    return len(found) - _before_txn(txn, owner_id, found, page.offset_date) if page.offset_date > 0 else 0


def _before_txn(txn: Transaction, owner_id: int, found: BitMap64, date: int) -> int:
    """How many of the found are from before that (unix seconds): dates grow with contents, so few are looked up."""
    low, high = 0, len(found)
    while low < high:
        middle = (low + high) // 2
        if sent_at_txn(txn, owner_id, found[middle]) >= date:
            high = middle
        else:
            low = middle + 1
    return low


def sent_at_txn(txn: Transaction, owner_id: int, content_id: int) -> int:
    txn.execute(
        f"SELECT sent_at FROM messages {_by_content(txn)} WHERE content_id = ? AND owner_id = ?", (content_id, owner_id)
    )
    row = txn.fetchone()
    return int(row[0]) if row else 0


def found_txn(txn: Transaction, text: str, search: Search, is_indexed: bool) -> tuple[BitMap64, int]:
    """Contents of all that is found, and how many messages of the box had to be read one by one.

    Args:
        is_indexed: old messages are; else what has no text to look for is found by reading every message.
    """
    if not text and not is_indexed and not (search.viewer_id and search.mark):
        return BitMap64(contents_txn(txn, search)), 0
    asked = asked_by(text, search)
    if (text and (not asked or not asked[0].beginning)) or not (asked or search.mark or search.tagged):
        return BitMap64(), 0
    unstored = 0
    if asked:
        talks = _talks_txn(txn, search)
        place = _Place(txn, search.owner_id, talks, _segments_txn(txn, talks))
        found, unstored = _crossed_txn(place, asked), place.unstored
        if found and search.mark:
            found &= _marked_txn(txn, search)
    else:
        found = _marked_txn(txn, search) if search.mark else _tagged_txn(txn, search, search.tagged[0])
    for reaction in search.tagged:
        if found:
            found &= _tagged_txn(txn, search, reaction)
    if found and search.min_date:
        found = found[_before_txn(txn, search.owner_id, found, search.min_date) :]
    if found and search.max_date:
        found = found[: _before_txn(txn, search.owner_id, found, search.max_date + 1)]
    return found, unstored


def _tagged_txn(txn: Transaction, search: Search, reaction: str) -> BitMap64:
    """What of Saved Messages has a tag."""
    source = (
        f"FROM saved_tags g {txn.engine.ordered_join} messages m ON m.owner_id = g.owner_id AND m.id = g.id"
        " WHERE g.owner_id = ? AND g.reaction = ?"
    )
    return BitMap64(numbers_txn(txn, ("m.content_id",), source, (search.owner_id, reaction)))


def visible_txn(txn: Transaction, search: Search, found: BitMap64) -> BitMap64:
    """What of it is the reader's to see: contents have their numbers in the order of the messages in a box."""
    if not search.hidden_up_to:
        return found
    txn.execute(
        "SELECT content_id FROM messages WHERE owner_id = ? AND id > ? ORDER BY id LIMIT 1",
        (search.owner_id, search.hidden_up_to),
    )
    row = txn.fetchone()
    return found[found.rank(row[0] - 1) :] if row is not None else BitMap64()


def _marked_txn(txn: Transaction, search: Search) -> BitMap64:
    # In a channel it is each reader's own, to whom a message speaks.
    is_own = search.viewer_id and search.mark != PINNED
    where, params = "k.owner_id = ? AND k.kind = ?", [search.viewer_id if is_own else search.owner_id, search.mark]
    if search.peer is not None:
        where += " AND k.peer = ?"
        params.append(search.peer)
    elif search.peers != "all":
        where += f" AND {users_only('k.peer') if search.peers == 'users' else groups_only('k.peer')}"
    if search.folder_id is not None:
        where += " AND k.peer IN (SELECT d.peer FROM dialogs d WHERE d.owner_id = ? AND d.folder_id = ?)"
        params += [search.owner_id, search.folder_id]
    source = (
        f"FROM message_marks k {txn.engine.ordered_join} messages m"
        f" ON m.owner_id = {'k.peer' if is_own else 'k.owner_id'} AND m.id = k.id"
        f" WHERE {where}"
    )
    return BitMap64(numbers_txn(txn, ("m.content_id",), source, params))


def _talks_txn(txn: Transaction, search: Search) -> list[int]:
    """The conversations to look into."""
    if search.peer is not None:
        talk = talk_of(search.owner_id, search.peer)
        txn.execute("SELECT id FROM search_talks WHERE low = ? AND high = ?", talk)
    else:
        where, params = "d.owner_id = ?", [search.owner_id]
        if search.peers != "all":
            where += f" AND {users_only('d.peer') if search.peers == 'users' else groups_only('d.peer')}"
        if search.folder_id is not None:
            where += " AND d.folder_id = ?"
            params.append(search.folder_id)
        # As ``talk_of``.
        txn.execute(
            f"SELECT t.id FROM dialogs d {txn.engine.ordered_join} search_talks t"
            " ON t.low = CASE WHEN d.peer < d.owner_id THEN d.peer ELSE d.owner_id END"
            " AND t.high = CASE WHEN d.peer < 0 OR d.peer > d.owner_id THEN d.peer ELSE d.owner_id END"
            f" WHERE {where}",
            params,
        )
    return [row[0] for row in txn.fetchall()]


def _segments_txn(txn: Transaction, talks: Sequence[int]) -> list[tuple[int, int]]:
    """(id, level)."""
    found: list[tuple[int, int]] = []
    for some in chunks(talks):
        txn.execute(f"SELECT id, level FROM search_segments WHERE talk IN ({marks(some)})", some)
        found += txn.fetchall()
    return found


@dataclass(slots=True)
class _Term:
    """One thing that is asked for, and the contents that are known to have it.

    Attributes:
        ids: from sheets and blocks and, as far as they were read, from rows.
        is_whole: all rows were read.
    """

    asked: Asked
    ids: BitMap64
    is_whole: bool = False

    def read_txn(self, place: _Place, at_most: int = 0) -> None:
        """Read its rows, all of them or some."""
        if self.is_whole:
            return
        left = at_most + 1
        for talks in chunks(place.talks):
            source, params = _rows_of(talks, self.asked)
            if at_most:
                source = f"FROM (SELECT w.content_id {source} LIMIT {left}) AS w"
            read = numbers_txn(place.txn, ("w.content_id",), source, params)
            self.ids.update(read)
            left -= len(read)
            if at_most and left <= 0:
                return
        self.is_whole = True


def _crossed_txn(place: _Place, asked: Sequence[Asked]) -> BitMap64:
    """What lies in the box and has all that is asked for."""
    terms = _in_blocks_txn(place, asked)
    _add_sheets_txn(place, terms)
    if len(terms) > 1:
        for term in terms:
            term.read_txn(place, _COUNTED)
        terms.sort(key=lambda term: len(term.ids))
    terms[0].read_txn(place)
    found = place.own_txn(terms[0].ids)
    for at, term in enumerate(terms[1:], 1):
        if len(found) <= _FEW and all(other.asked.said for other in terms[at:]):
            return _having_txn(place.txn, found, [other.asked for other in terms[at:]])
        term.read_txn(place)
        found &= term.ids
    return found


def _in_blocks_txn(place: _Place, asked: Sequence[Asked]) -> list[_Term]:
    """What is asked for, with the contents that have it as far as these are in blocks."""
    found = [_Term(one, BitMap64()) for one in asked]
    for segments in chunks(id_ for id_, level in place.segments if level >= LEVELS):
        # Each term as it is, or the block of a beginning that stands for many words.
        keys = {key: at for at, one in enumerate(asked) for key in one.terms or (one.beginning + END,)}
        place.txn.execute(
            "SELECT word, postings, ids, segment FROM search_blocks"
            f" WHERE segment IN ({marks(segments)}) AND word IN ({marks(tuple(keys))})",
            (*segments, *keys),
        )
        rows: list[list[Row]] = [[] for _ in asked]
        for row in place.txn.fetchall():
            rows[keys[row[0]]].append(row)
        for term, known in zip(found, rows, strict=True):
            term.ids |= unpack_all((row[1], row[2]) for row in known)
            left = sorted(set(segments).difference(row[3] for row in known))
            if term.asked.beginning and left:
                term.ids |= _words_txn(place.txn, left, term.asked.beginning)
    return found


def _add_sheets_txn(place: _Place, terms: Sequence[_Term]) -> None:
    """What is asked for from segments that have sheets."""
    # What lies in one sheet of a segment is looked up together: neighbours are in one page of the database.
    alone: dict[bytes, list[_Term]] = {}
    ranges: list[tuple[_Term, tuple[bytes, bytes]]] = []
    for term in terms:
        first, last = _sheets_with(term.asked)
        if first == last:
            alone.setdefault(first, []).append(term)
        else:
            ranges.append((term, (first, last)))
    for segments in chunks(id_ for id_, level in place.segments if level < LEVELS):
        of_segments = f"FROM search_blocks WHERE segment IN ({marks(segments)})"
        if alone:
            place.txn.execute(f"SELECT word, ids {of_segments} AND word IN ({marks(alone)})", (*segments, *alone))
            sheets: dict[bytes, list[bytes]] = {key: [] for key in alone}
            for key, sheet in place.txn.fetchall():
                sheets[key].append(sheet)
            for key, asking in alone.items():
                for term in asking:
                    term.ids |= asked_in(sheets[key], term.asked.beginning, term.asked.terms)
        for term, keys in ranges:
            place.txn.execute(f"SELECT ids {of_segments} AND word >= ? AND word <= ?", (*segments, *keys))
            term.ids |= asked_in([row[0] for row in place.txn.fetchall()], term.asked.beginning, term.asked.terms)


def _sheets_with(asked: Asked) -> tuple[bytes, bytes]:
    """(first, last) key."""
    if not asked.terms:
        return sheets_from(asked.beginning)
    keys = [sheet_of(term) for term in asked.terms]
    return min(keys), max(keys)


def _words_txn(txn: Transaction, segments: Sequence[int], beginning: bytes) -> BitMap64:
    """Contents with words that begin so, from segments in which these are few."""
    txn.execute(
        f"SELECT postings, ids FROM search_blocks WHERE segment IN ({marks(segments)}) AND word >= ? AND word < ?",
        (*segments, beginning, beginning + END),
    )
    return unpack_all(txn.fetchall())


def _rows_of(talks: Sequence[int], asked: Asked) -> tuple[str, tuple[object, ...]]:
    """FROM and WHERE of its rows, and their parameters."""
    where = f"FROM search_words w WHERE w.talk IN ({marks(talks)})"
    if asked.terms:
        return f"{where} AND w.word IN ({marks(asked.terms)})", (*talks, *asked.terms)
    return f"{where} AND w.word >= ? AND w.word < ?", (*talks, asked.beginning, asked.beginning + END)


def _having_txn(txn: Transaction, found: BitMap64, asked: Sequence[Asked]) -> BitMap64:
    having = BitMap64()
    for some in chunks(found):
        txn.execute(f"SELECT id, {SAID} FROM message_contents WHERE id IN ({marks(some)})", some)
        for content_id, *said in txn.fetchall():
            terms = terms_of(*said)
            if all(one.is_in(terms) for one in asked):
                having.add(content_id)
    return having
