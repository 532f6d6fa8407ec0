"""Searching in the posts of public channels, whoever reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.message import Message
from teamgram.domain.channels.channel import Seat
from teamgram.domain.messages.channel_view import seen_txn
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.search import finding
from teamgram.domain.search.indexing import SearchIndexer

MAX_PAGE = 50
_CUT_AT = 200
"""Posts of one channel that are looked at to find a page of those with a hashtag."""


@dataclass(frozen=True, slots=True)
class PostPlace:
    """The last post of the page before: what is shown next is older, or of the same second and stands behind it.

    Attributes:
        date: unix seconds.
        peer: the channel's marked id.
    """

    date: int
    peer: int
    id: int

    @classmethod
    def of(cls, message: Message) -> "PostPlace":
        return cls(message.date, message.peer, message.id)

    @property
    def order(self) -> tuple[int, int, int]:
        """What comes later in the list is less."""
        return self.date, self.peer, self.id


@dataclass(frozen=True, slots=True)
class FoundPosts:
    """A page of posts, the newest first.

    Attributes:
        count: about how many there are in all.
    """

    messages: tuple[Message, ...]
    count: int
    has_more: bool


class PostSearch:
    """Looks through the boxes of several channels at once."""

    def __init__(self, database: Database, indexer: SearchIndexer) -> None:
        self._database = database
        self._indexer = indexer

    async def page(
        self, hashtag: str, words: str, seats: Sequence[Seat], limit: int, after: PostPlace | None
    ) -> FoundPosts:
        """Posts with all these words, or with that hashtag.

        Args:
            seats: the searcher's in the channels whose posts are looked through.
        """
        await self._indexer.catch_up()
        limit = min(max(limit, 1), MAX_PAGE)
        return await self._database.read(
            "search posts", _page_txn, hashtag, words, tuple(seats), limit, after, not self._indexer.is_behind
        )


def _page_txn(
    txn: Transaction,
    hashtag: str,
    words: str,
    seats: Sequence[Seat],
    limit: int,
    after: PostPlace | None,
    is_indexed: bool,
) -> FoundPosts:
    found: list[Message] = []
    count = 0
    for seat in seats:
        marked = seat.channel.marked
        search = Search(marked, marked, viewer_id=seat.user_id, hidden_up_to=seat.hidden_up_to)
        contents, _ = finding.found_txn(txn, f"{hashtag} {words}".strip(), search, is_indexed)
        contents = finding.visible_txn(txn, search, contents)
        if not contents:
            continue
        # A place of the same second may stand before or behind in this channel: it is cut below.
        page = Page(offset_date=after.date + 1 if after is not None else 0, limit=_CUT_AT if hashtag else limit + 1)
        of_channel = finding.page_txn(txn, marked, contents, page)
        posts = [
            message
            for message in of_channel.messages
            if message.extra.post and (not hashtag or _has_hashtag(message, hashtag))
        ]
        count += of_channel.count
        found += seen_txn(txn, seat.user_id, posts)
    found.sort(key=lambda message: PostPlace.of(message).order, reverse=True)
    if after is not None:
        found = [message for message in found if PostPlace.of(message).order < after.order]
    return FoundPosts(tuple(found[:limit]), count, len(found) > limit)


def _has_hashtag(message: Message, hashtag: str) -> bool:
    """Whether the text has the hashtag as such, and not only its word."""
    sought = hashtag.casefold()
    encoded = message.text.encode("utf-16-le")
    for entity in message.extra.entities:
        if entity.kind in ("hashtag", "cashtag"):
            written = encoded[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le", "replace")
            if written[1:].partition("@")[0].casefold() == sought:
                return True
    return False
