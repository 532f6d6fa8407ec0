"""Reactions to messages: one call, one transaction.

Peers are marked ids, ids of messages the user's own, in channels the channel's.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from operator import neg

from twisted.internet.interfaces import IReactorTime

from msgspec.structs import replace

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import BoxChanges, OwnChange
from teamgram.domain.boxes.marks import REACTION_UNREAD, marked_txn
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.reactions import PeerReaction
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.ids.peer import channel_id_of, is_channel
from teamgram.domain.messages.history import MAX_PAGE, Found, Page
from teamgram.domain.messages.reading_reactions import see_reactions_txn, told_in_channel
from teamgram.domain.messages.seen_message import seen_message_txn, seen_messages_txn, where_txn
from teamgram.domain.reactions.errors import ReactionListForbidden
from teamgram.domain.reactions.listing import list_txn
from teamgram.domain.reactions.reacting import Reacted, ReactionRequest, react_txn
from teamgram.domain.updates.coalescing import Coalescing
from teamgram.domain.updates.events import MessageReacted, RecentReactionsChanged, SavedTagsChanged
from teamgram.domain.updates.fanout import Fanout, ToldInChannel

REST = 0.5
"""Seconds between two tellings of the reactions to one post."""


@dataclass(frozen=True, slots=True)
class ReactionAnswer:
    """What became of a reaction.

    Attributes:
        change: what it did to the user's own box, or to the channel's; None: nothing is logged.
        message: the user's, as it is now.
    """

    change: OwnChange | None
    message: Message


@dataclass(frozen=True, slots=True)
class ReactionPage:
    """Who reacted, the newest first; ``next_offset`` is empty on the last page."""

    reactions: tuple[PeerReaction, ...]
    count: int
    next_offset: str


class MessageReactions:
    """Everybody's reactions. What changes is told through the fan-out after it is committed."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock
        self._posts: Coalescing[tuple[int, int]] = Coalescing(clock, REST, self._tell)
        # What users have chosen of which nobody was told yet, by post: their other devices want to know.
        self._choices: dict[tuple[int, int], dict[int, tuple[str, ...]]] = {}

    async def stop(self) -> None:
        """Tell nothing more; before the database closes."""
        await self._posts.stop()

    async def settled(self) -> None:
        """Wait until nothing is being told."""
        await self._posts.settled()

    async def react(self, request: ReactionRequest) -> ReactionAnswer:
        """React, change that or take it back.

        Raises:
            MessageIdInvalid, ReactionInvalid, ReactionEmpty, ReactionsTooMany, …: see ``reacting.react_txn``.
        """
        return await self._database.write("react", self._react_txn, request)

    def _react_txn(self, txn: Transaction, request: ReactionRequest) -> ReactionAnswer:
        user_id, device = request.user_id, request.perm_auth_key_id
        changes = BoxChanges(txn, request.now)
        reacted: Reacted = react_txn(txn, self._fanout, changes, request)
        changes.save(self._fanout.deliver, device)
        if request.is_recent:
            txn.call_after(self._fanout.publish, (user_id,), RecentReactionsChanged(), device)
        if request.peer == user_id:
            txn.call_after(self._fanout.publish, (user_id,), SavedTagsChanged())
        if reacted.is_in_channel:
            txn.call_after(self._changed, (request.peer, request.message_id), user_id, reacted.message.chosen or ())
        if not changes.entries:
            return ReactionAnswer(None, reacted.message)
        own = changes.own(request.peer) if is_channel(request.peer) else changes.own(user_id)
        return ReactionAnswer(own, reacted.message)

    def _changed(self, post: tuple[int, int], user_id: int, chosen: tuple[str, ...]) -> None:
        self._choices.setdefault(post, {})[user_id] = chosen
        self._posts.changed(post)

    async def _tell(self, post: tuple[int, int]) -> None:
        choices = self._choices.pop(post, {})
        told = await self._database.read("reactions to a post", _post_txn, *post, tuple(choices.items()))
        if told is not None:
            self._fanout.bus.publish(ToldInChannel(channel_id_of(post[0]), told))

    async def of(self, user_id: int, peer: int, message_ids: Sequence[int]) -> list[Message]:
        """Those of the messages that the user has, with their reactions.

        Raises:
            ChatForbidden, ChannelPrivate, …: they may not look there.
        """
        now = int(self._clock.seconds())
        return await self._database.read("reactions", _of_txn, user_id, peer, tuple(message_ids), now)

    async def who(
        self, user_id: int, peer: int, message_id: int, reaction: str, offset: str, limit: int
    ) -> ReactionPage:
        """A page of who reacted; with one reaction if it is named.

        Raises:
            MessageIdInvalid, ChatForbidden, ChannelPrivate, …: see ``seen_message_txn``.
            ReactionListForbidden: of a channel's post.
        """
        now = int(self._clock.seconds())
        return await self._database.read(
            "who reacted", _who_txn, user_id, peer, message_id, reaction, offset, limit, now
        )

    async def unread(self, user_id: int, peer: int, page: Page) -> Found:
        """A page of the user's messages in a dialog to which there are reactions that they have not seen.

        Raises:
            ChatForbidden, ChannelPrivate, …: they may not look there.
        """
        now = int(self._clock.seconds())
        return await self._database.read("unread reactions", _unread_txn, user_id, peer, page, now)

    async def read(self, user_id: int, peer: int, message_ids: Sequence[int] | None, device: int = 0) -> OwnChange:
        """The user has seen the reactions to what they wrote in a dialog.

        Args:
            message_ids: None: to everything.

        Raises:
            ChatForbidden, ChannelPrivate, …: they may not look there.
        """
        now = int(self._clock.seconds())
        ids = None if message_ids is None else tuple(message_ids)
        return await self._database.write("read reactions", self._read_txn, user_id, peer, ids, now, device)

    def _read_txn(
        self, txn: Transaction, user_id: int, peer: int, message_ids: tuple[int, ...] | None, now: int, device: int
    ) -> OwnChange:
        where_txn(txn, user_id, peer, now)
        changes = BoxChanges(txn, now)
        changes.lock((user_id,))
        for told in see_reactions_txn(txn, changes, user_id, peer, message_ids):
            txn.call_after(self._fanout.publish, (user_id,), told, device)
        changes.save(self._fanout.deliver, device)
        return changes.own(user_id)


def _post_txn(
    txn: Transaction, peer: int, message_id: int, choices: tuple[tuple[int, tuple[str, ...]], ...]
) -> MessageReacted | None:
    message = messages_txn(txn, peer, (message_id,)).get(message_id)
    if message is None:
        return None
    return told_in_channel(peer, message, choices)


def _unread_txn(txn: Transaction, user_id: int, peer: int, page: Page, now: int) -> Found:
    ids = marked_txn(txn, user_id, REACTION_UNREAD, peer)
    start = bisect_left(ids, -page.offset_id, key=neg) if page.offset_id else 0
    if page.offset_id and start < len(ids) and ids[start] == page.offset_id:
        start += 1
    start = max(0, start + page.add_offset)
    some = [
        id_
        for id_ in ids[start : start + max(0, min(page.limit, MAX_PAGE))]
        if (not page.max_id or id_ < page.max_id) and (not page.min_id or id_ > page.min_id)
    ]
    found, _ = seen_messages_txn(txn, user_id, peer, tuple(some), now)
    return Found(tuple(found[id_] for id_ in some if id_ in found), len(ids), start)


def _of_txn(txn: Transaction, user_id: int, peer: int, message_ids: tuple[int, ...], now: int) -> list[Message]:
    found, _ = seen_messages_txn(txn, user_id, peer, message_ids, now)
    return [message for _, message in sorted(found.items())]


def _who_txn(
    txn: Transaction,
    user_id: int,
    peer: int,
    message_id: int,
    reaction: str,
    offset: str,
    limit: int,
    now: int,
) -> ReactionPage:
    message, _ = seen_message_txn(txn, user_id, peer, message_id, now)
    if message.extra.post:
        raise ReactionListForbidden
    unread = message.reactions if message.out else None
    count, reactions, next_offset = list_txn(txn, message.content_id, reaction, offset, limit)
    new = {(one.user_id, one.reaction) for one in unread.recent if one.unread} if unread is not None else set()
    return ReactionPage(
        tuple(replace(one, unread=(one.user_id, one.reaction) in new) for one in reactions), count, next_offset
    )
