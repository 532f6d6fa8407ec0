"""Reading a message box: pages of a dialog, or of what it has of a kind.

Paging is Telegram's (core.telegram.org/api/offsets): the matching messages lie
in a row, newest first; the offset names a place in it, ``add_offset`` moves
from there (negative: towards newer ones), ``limit`` messages are taken, and of
those the ones with ``min_id < id < max_id`` are returned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from teamgram.database import Transaction
from teamgram.domain.boxes.difference import pts_txn
from teamgram.domain.boxes.marks import MENTION_UNREAD, MENTIONED, PINNED
from teamgram.domain.boxes.message import Message, Tag
from teamgram.domain.boxes.numbers import numbers_txn
from teamgram.domain.boxes.store import message_columns, message_from_row, shown_txn
from teamgram.domain.ids.peer import groups_only, users_only
from teamgram.domain.messages.channel_view import seen_txn

MAX_PAGE = 100


MAX_COUNTED = 5_000
"""Messages of a channel's whole history are counted up to here: a page costs the same however much was written."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the row is wanted; see the module's text."""

    offset_id: int = 0
    offset_date: int = 0
    add_offset: int = 0
    limit: int = 20
    max_id: int = 0
    min_id: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """Which messages make up the row.

    Attributes:
        peer: marked id of the dialog; None for the whole box.
        tags: any of these (``Tag``).
        min_date, max_date: unix seconds, both included; 0 for no bound.
        peers: "users", "groups" or "all", where ``peer`` is None.
        saved_peer: in Saved Messages, only what was saved from there (marked id).
        tagged: in Saved Messages, only what has all of these tags (``boxes.reactions``).
        viewer_id: who looks, where the box is a channel's.
        hidden_up_to: the last message that is not theirs to see there.
        thread_id: only what belongs to this message or topic of a channel.
        general: only what belongs to no topic of a forum.
    """

    owner_id: int
    peer: int | None
    from_id: int = 0
    tags: int = 0
    pinned: bool = False
    mentioned: bool = False
    unread_mentions: bool = False
    tagged: tuple[str, ...] = ()
    min_date: int = 0
    max_date: int = 0
    peers: str = "all"
    folder_id: int | None = None
    saved_peer: int = 0
    viewer_id: int = 0
    hidden_up_to: int = 0
    thread_id: int = 0
    general: bool = False

    @property
    def mark(self) -> int:
        """The mark (``boxes.marks``) that its messages have; 0 for any."""
        if self.pinned:
            return PINNED
        return MENTION_UNREAD if self.unread_mentions else MENTIONED if self.mentioned else 0

    @property
    def is_of_a_kind(self) -> bool:
        """Whether it asks for more than where and when a message was sent: then it is ``domain/search``'s."""
        return bool(self.from_id or self.tags or self.mark or self.saved_peer or self.tagged)


@dataclass(frozen=True, slots=True)
class Found:
    """A page.

    Attributes:
        messages: newest first.
        count: how long the whole row is.
        offset: how many messages of the row are newer than the page's first.
        pts: of the channel that it is of; else 0.
    """

    messages: tuple[Message, ...]
    count: int
    offset: int = 0
    pts: int = 0


def condition(search: Search) -> tuple[str, list[object]]:
    """What is asked of each message, whichever dialog it lies in: SQL and its parameters.

    It speaks of ``m`` (messages) and, for ``from_id`` and ``tags``, of ``c`` (message_contents).
    """
    parts = ["m.owner_id = ?"]
    params: list[object] = [search.owner_id]
    if search.saved_peer:
        parts.append("m.saved_peer = ?")
        params.append(search.saved_peer)
    if search.thread_id:
        parts.append("m.id IN (SELECT k.id FROM message_threads k WHERE k.owner_id = ? AND k.thread_id = ?)")
        params += [search.owner_id, search.thread_id]
    if search.general:
        parts.append(
            "NOT EXISTS (SELECT 1 FROM message_threads k WHERE k.owner_id = m.owner_id AND k.id = m.id"
            " AND k.in_topic = 1)"
        )
    if search.from_id:
        parts.append("c.sender_id = ? AND (c.tags & ?) = 0")
        params += [search.from_id, int(Tag.NAMELESS)]
    if search.tags:
        parts.append("(c.tags & ?) <> 0")
        params.append(int(search.tags))
    if search.pinned:
        parts.append("m.pinned = 1")
    if search.mentioned or search.unread_mentions:
        parts.append("m.mentioned = 1")
    for reaction in search.tagged:
        parts.append(
            "EXISTS (SELECT 1 FROM saved_tags g WHERE g.owner_id = m.owner_id AND g.id = m.id AND g.reaction = ?)"
        )
        params.append(reaction)
    if search.unread_mentions:
        parts.append("m.mention_unread = 1")
    if search.hidden_up_to:
        parts.append("m.id > ?")
        params.append(search.hidden_up_to)
    if search.min_date:
        parts.append("m.sent_at >= ?")
        params.append(search.min_date)
    if search.max_date:
        parts.append("m.sent_at <= ?")
        params.append(search.max_date)
    return " AND ".join(parts), params


def _in_dialogs(search: Search) -> tuple[str, list[object]]:
    """The condition with the dialogs in it."""
    where, params = condition(search)
    if search.peer is not None:
        where += " AND m.peer = ?"
        params.append(search.peer)
    elif search.peers == "users":
        where += f" AND {users_only('m.peer')}"
    elif search.peers == "groups":
        where += f" AND {groups_only('m.peer')}"
    if search.folder_id is not None:
        where += " AND m.peer IN (SELECT d.peer FROM dialogs d WHERE d.owner_id = ? AND d.folder_id = ?)"
        params += [search.owner_id, search.folder_id]
    return where, params


def contents_txn(txn: Transaction, search: Search) -> list[int]:
    """Contents of all that match, by reading every message there: for what is not indexed yet."""
    within, params = _in_dialogs(search)
    join = " JOIN message_contents c ON c.id = m.content_id" if _needs_content(search) else ""
    return numbers_txn(txn, ("m.content_id",), f"FROM messages m{join} WHERE {within}", params)


def _needs_content(search: Search) -> bool:
    return bool(search.from_id or search.tags)


def count_txn(txn: Transaction, search: Search, where: str = "", extra: Sequence[object] = ()) -> int:
    """How many messages match; of a channel's whole history exactly up to ``MAX_COUNTED``, beyond that by the ids."""
    within, params = _in_dialogs(search)
    if _is_whole_channel(search):
        return _bounded_txn(txn, search, f"{within}{where}", (*params, *extra), extra)
    join = " JOIN message_contents c ON c.id = m.content_id" if _needs_content(search) else ""
    txn.execute(f"SELECT COUNT(*) FROM messages m{join} WHERE {within}{where}", (*params, *extra))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def _is_whole_channel(search: Search) -> bool:
    """Whether every message of a channel is meant, but for those that are hidden from who looks."""
    return replace(search, hidden_up_to=0) == Search(search.owner_id, search.owner_id, viewer_id=search.viewer_id or -1)


def _bounded_txn(
    txn: Transaction, search: Search, where: str, params: Sequence[object], after: Sequence[object]
) -> int:
    txn.execute(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM messages m WHERE {where} LIMIT ?) AS counted", (*params, MAX_COUNTED + 1)
    )
    count = int((txn.fetchone() or (0,))[0])
    if count <= MAX_COUNTED:
        return count
    txn.execute("SELECT MAX(id) FROM messages WHERE owner_id = ? AND peer = ?", (search.owner_id, search.peer))
    newest = int((txn.fetchone() or (0,))[0])
    (after_id,) = [one for one in after if isinstance(one, int)] or [0]
    return max(count, newest - max(search.hidden_up_to, after_id))


def page_txn(txn: Transaction, search: Search, page: Page) -> Found:
    """One page of the matching messages."""
    return as_seen_txn(txn, search, _page_txn(txn, search, page))


def as_seen_txn(txn: Transaction, search: Search, found: Found) -> Found:
    """A page of a channel as its reader has it, with where the channel stands; any other as it is."""
    if not search.viewer_id:
        return found
    messages = seen_txn(txn, search.viewer_id, found.messages)
    return replace(found, messages=tuple(messages), pts=pts_txn(txn, search.owner_id))


def _page_txn(txn: Transaction, search: Search, page: Page) -> Found:
    count = count_txn(txn, search)
    limit = max(0, min(page.limit, MAX_PAGE))
    if not limit or not count:
        return Found((), count)
    # What is newer than the offset, and what starts at it. Dates grow with ids, so a date names a place as well.
    newer, older = "", ""
    place: list[int] = []
    if page.offset_id > 0:
        newer, older, place = " AND m.id >= ?", " AND m.id < ?", [page.offset_id]
    elif page.offset_date > 0:
        newer, older, place = " AND m.sent_at >= ?", " AND m.sent_at < ?", [page.offset_date]
    above = min(limit, max(0, -page.add_offset))
    rows: list[Message] = []
    if above and place:
        # The nearest message over the offset is the first of these, so what the row does not have is cut off.
        rows = _rows(txn, search, newer, place, "ASC", above, -page.add_offset - above)
        rows.reverse()
    if limit > above:
        rows += _rows(txn, search, older, place, "DESC", limit - above, max(0, page.add_offset))
    kept = tuple(
        message
        for message in rows
        if (not page.max_id or message.id < page.max_id) and (not page.min_id or message.id > page.min_id)
    )
    offset = count_txn(txn, search, " AND m.id > ?", [kept[0].id]) if kept and (place or page.add_offset) else 0
    return Found(kept, count, offset)


def _rows(
    txn: Transaction, search: Search, where: str, place: list[int], order: str, limit: int, skip: int
) -> list[Message]:
    within, params = _in_dialogs(search)
    txn.execute(
        f"SELECT {message_columns} WHERE {within}{where} ORDER BY m.id {order} LIMIT ? OFFSET ?",
        (*params, *place, limit, skip),
    )
    return shown_txn(txn, [message_from_row(row) for row in txn.fetchall()])
