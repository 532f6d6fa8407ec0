"""What was found as apps show it beside a list: where its messages stand, and on which days they were sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyroaring import BitMap64

from teamgram.database import Transaction
from teamgram.domain.boxes.message import Message
from teamgram.domain.messages.history import Page
from teamgram.domain.search.finding import newest_first_txn, place_txn, sent_at_txn

MAX_POSITIONS = 2000
"""What TDLib asks for at most (td_api.tl, getChatSparseMessagePositions)."""

MAX_DAYS = 50
"""Of one calendar."""

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Position:
    """A message, and how many of what was found are newer."""

    id: int
    date: int
    offset: int


@dataclass(frozen=True, slots=True)
class Day:
    """Messages of one day (UTC).

    Attributes:
        newest: the last of them.
        oldest_id: of the first one.
    """

    newest: Message
    oldest_id: int
    count: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days on which something found was sent, newest first.

    Attributes:
        count: of messages on all days there are.
        offset: how many messages are newer than those of the first day here.
    """

    days: tuple[Day, ...]
    count: int
    offset: int


def positions_txn(
    txn: Transaction, owner_id: int, found: BitMap64, offset_id: int, limit: int
) -> tuple[int, list[Position]]:
    """(how many were found, some of those older than the offset, newest first, as evenly apart as may be)."""
    count, limit = len(found), max(0, min(limit, MAX_POSITIONS))
    start = place_txn(txn, owner_id, found, Page(offset_id=offset_id))
    left = count - start
    some = min(limit, left)
    offsets = {found[count - 1 - offset]: offset for offset in (start + at * left // some for at in range(some))}
    messages = newest_first_txn(txn, owner_id, BitMap64(offsets))
    return count, [Position(message.id, message.date, offsets[message.content_id]) for message in messages]


def calendar_txn(txn: Transaction, owner_id: int, found: BitMap64, page: Page) -> Calendar:
    """The days of what is older than the page's offset, at most ``MAX_DAYS``."""
    count = len(found)
    start = place_txn(txn, owner_id, found, page)
    spans: list[tuple[int, int]] = []
    end = count - start
    while end and len(spans) < MAX_DAYS:
        date = sent_at_txn(txn, owner_id, found[end - 1])
        first = _first_since_txn(txn, owner_id, found, end, date - date % _DAY)
        spans.append((first, end))
        end = first
    wanted = BitMap64([found[at] for first, last in spans for at in (first, last - 1)])
    messages = {message.content_id: message for message in newest_first_txn(txn, owner_id, wanted)}
    return Calendar(tuple(_days(found, spans, messages)), count, start)


def _days(found: BitMap64, spans: Sequence[tuple[int, int]], messages: dict[int, Message]) -> list[Day]:
    return [Day(messages[found[last - 1]], messages[found[first]].id, last - first) for first, last in spans]


def _first_since_txn(txn: Transaction, owner_id: int, found: BitMap64, end: int, date: int) -> int:
    """The place of the first of the found that is not from before that date, the one before ``end`` not being so."""
    step, known = 1, end - 1
    while known - step >= 0 and sent_at_txn(txn, owner_id, found[known - step]) >= date:
        known -= step
        step *= 2
    low = max(0, known - step)
    while low < known:
        middle = (low + known) // 2
        if sent_at_txn(txn, owner_id, found[middle]) >= date:
            known = middle
        else:
            low = middle + 1
    return known
