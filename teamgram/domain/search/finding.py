"""Which of somebody's messages have the words that are asked for.

The rarest word decides which contents are looked up in the box; the others
only cross out. Numbers come from the database as one text (``GROUP_CONCAT``),
which costs a tenth of as many rows.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import chunks, marks, messages_txn
from teamgram.domain.boxes.talks import talk_of
from teamgram.domain.ids.peer import groups_only, users_only
from teamgram.domain.messages.history import MAX_PAGE, Found, Page, Search, condition
from teamgram.domain.search.words import asked_words, match, words_of

_FEW = 400
"""So many messages are read rather than another word's contents."""

_COUNTED = 5000
"""Which of two words that are both more frequent than this is the rarer one is not worth finding out."""

_decode_numbers = msgspec.json.Decoder(list[int]).decode


@dataclass(frozen=True, slots=True)
class _Word:
    """The rows of the index that one word that is asked for stands for, in some conversations."""

    beginning: bytes
    talks: tuple[int, ...]

    @property
    def condition(self) -> str:
        return f"w.talk IN ({marks(self.talks)}) AND w.word >= ? AND w.word < ?"

    @property
    def params(self) -> tuple[object, ...]:
        # No byte of UTF-8 is 255.
        return (*self.talks, self.beginning, self.beginning + b"\xff")


def page_txn(txn: Transaction, text: str, search: Search, page: Page) -> Found:
    """One page of the messages that ``search`` describes and that have the words of ``text``; see ``history``."""
    found = found_ids_txn(txn, text, search)
    limit = max(0, min(page.limit, MAX_PAGE))
    if not found or not limit:
        return Found((), len(found))
    start = _place_txn(txn, search.owner_id, found, page) + page.add_offset
    window = found[max(0, start) : max(0, start + limit)]
    wanted = [
        id_ for id_ in window if (not page.max_id or id_ < page.max_id) and (not page.min_id or id_ > page.min_id)
    ]
    messages = messages_txn(txn, search.owner_id, wanted)
    kept: list[Message] = [messages[id_] for id_ in wanted if id_ in messages]
    return Found(tuple(kept), len(found), found.index(kept[0].id) if kept else 0)


def _place_txn(txn: Transaction, owner_id: int, found: Sequence[int], page: Page) -> int:
    """How many of the found (newest first) are at the page's offset or newer."""
    if page.offset_id > 0:
        return bisect_right(found, -page.offset_id, key=int.__neg__)
    return _since_txn(txn, owner_id, found, page.offset_date) if page.offset_date > 0 else 0


def _since_txn(txn: Transaction, owner_id: int, found: Sequence[int], date: int) -> int:
    """How many of the found (newest first) are from ``date`` on: dates grow with ids, so few are looked up."""

    def is_older(id_: int) -> bool:
        txn.execute("SELECT sent_at FROM messages WHERE owner_id = ? AND id = ?", (owner_id, id_))
        row = txn.fetchone()
        return row is not None and row[0] < date

    return bisect_left(found, True, key=is_older)


def found_ids_txn(txn: Transaction, text: str, search: Search) -> list[int]:
    """The owner's ids of all that is found, newest first."""
    asked = asked_words(text)
    if not asked:
        return []
    found: set[int] = set()
    for talks in chunks(_talks_txn(txn, search)):
        words = [_Word(beginning, talks) for beginning in asked]
        if len(words) > 1:
            words.sort(key=lambda word: _rows_txn(txn, word))
        found.update(_found_in_txn(txn, search, words))
    newest_first = sorted(found, reverse=True)
    if search.min_date:
        del newest_first[_since_txn(txn, search.owner_id, newest_first, search.min_date) :]
    if search.max_date:
        del newest_first[: _since_txn(txn, search.owner_id, newest_first, search.max_date + 1)]
    return newest_first


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


def _rows_txn(txn: Transaction, word: _Word) -> int:
    """How many rows a word has, as far as that matters."""
    txn.execute(
        f"SELECT COUNT(*) FROM"
        f" (SELECT 1 AS one FROM search_words w WHERE {word.condition} LIMIT {_COUNTED}) AS some_rows",
        word.params,
    )
    row = txn.fetchone()
    return int(row[0]) if row else 0


def _found_in_txn(txn: Transaction, search: Search, words: Sequence[_Word]) -> Collection[int]:
    rarest, *others = words
    where, params = condition(replace(search, min_date=0, max_date=0))
    content = ""
    if search.from_id or search.tags:
        content = f" {txn.engine.ordered_join} message_contents c ON c.id = w.content_id"
    # Left to itself SQLite walks through the whole box for each content as soon as more is asked than the index has.
    by_content = txn.engine.by_index.format("messages_by_content")
    source = (
        f"FROM search_words w {txn.engine.ordered_join} messages m {by_content} ON m.content_id = w.content_id{content}"
        f" WHERE {rarest.condition} AND {where}"
    )
    if not others:
        return _numbers_txn(txn, ("m.id",), source, (*rarest.params, *params))
    numbers = _numbers_txn(txn, ("w.content_id", "m.id"), source, (*rarest.params, *params))
    ids = dict(zip(numbers[0::2], numbers[1::2], strict=True))
    for at, word in enumerate(others):
        if len(ids) <= _FEW:
            return _having_txn(txn, ids, [other.beginning for other in others[at:]])
        having = set(_numbers_txn(txn, ("w.content_id",), f"FROM search_words w WHERE {word.condition}", word.params))
        ids = {content_id: id_ for content_id, id_ in ids.items() if content_id in having}
    return ids.values()


def _having_txn(txn: Transaction, ids: dict[int, int], asked: Sequence[bytes]) -> list[int]:
    having: list[int] = []
    for some in chunks(ids):
        txn.execute(f"SELECT id, message FROM message_contents WHERE id IN ({marks(some)})", some)
        having += [ids[content_id] for content_id, message in txn.fetchall() if match(words_of(message), asked)]
    return having


def _numbers_txn(txn: Transaction, columns: Sequence[str], source: str, params: Sequence[object]) -> list[int]:
    """The values of some columns, row after row."""
    expression = " || ',' || ".join(columns)
    txn.execute(f"SELECT COUNT(*), SUM({columns[-1]}), GROUP_CONCAT({expression}) {source}", params)
    count, total, joined = txn.fetchone() or (0, 0, None)
    if not count:
        return []
    text = joined.decode() if isinstance(joined, bytes) else joined
    # A server cuts the text off at its limits (group_concat_max_len, max_allowed_packet): then by rows after all.
    numbers = _decode_numbers(f"[{text.rstrip(',')}]")
    step = len(columns)
    if len(numbers) == count * step and sum(numbers[step - 1 :: step]) == total:
        return numbers
    txn.execute(f"SELECT {', '.join(columns)} {source}", params)
    return [number for row in txn.fetchall() for number in row]
