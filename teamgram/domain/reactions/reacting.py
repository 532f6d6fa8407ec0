"""Reacting: the rules and the SQL, one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from teamgram.database import Transaction
from teamgram.domain.boxes import reaction_store
from teamgram.domain.boxes.changes import BoxChanges
from teamgram.domain.boxes.marks import REACTION_UNREAD, add_marks_txn, drop_marks_txn
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.reactions import Reactions, counted
from teamgram.domain.boxes.store import copies_txn
from teamgram.domain.channels.channel import Seat
from teamgram.domain.contacts.relations import Relation
from teamgram.domain.ids.peer import is_user
from teamgram.domain.messages.errors import MessageNotModified
from teamgram.domain.messages.reading_reactions import tell_reactions_txn
from teamgram.domain.messages.seen_message import Where, check_takes_part, seen_message_txn
from teamgram.domain.reactions.allowed import (
    MAX_PER_MESSAGE,
    MAX_PER_USER,
    allowed_txn,
    check_exist_txn,
)
from teamgram.domain.reactions.bots import note_for_bots_txn
from teamgram.domain.reactions.errors import ReactionEmpty, ReactionInvalid, ReactionsTooMany
from teamgram.domain.updates.fanout import Fanout

KEPT = 20
"""So many of those who reacted last are kept with the content."""

NOTHING = Reactions(())


@dataclass(frozen=True, slots=True)
class ReactionRequest:
    """All that a user wants to have reacted with to a message; nothing takes back what they had.

    Attributes:
        peer: marked id of the dialog; ``message_id`` the user's own, in a channel the channel's.
        is_recent: what is new is to be among the user's recent reactions.
    """

    user_id: int
    peer: int
    message_id: int
    reactions: tuple[str, ...]
    now: int
    big: bool = False
    is_recent: bool = False
    perm_auth_key_id: int = 0


@dataclass(frozen=True, slots=True)
class Reacted:
    """What a transaction did.

    Attributes:
        message: the user's, as it is now.
        is_in_channel: it is told to a channel's members otherwise than by the log.
    """

    message: Message
    is_in_channel: bool


def react_txn(txn: Transaction, fanout: Fanout, changes: BoxChanges, request: ReactionRequest) -> Reacted:
    """React, change that or take it back; logged for everybody who has a copy.

    Raises:
        MessageIdInvalid, ChatForbidden, ChannelPrivate, …: see ``seen_message_txn``.
        EditForbidden, UserNotParticipant, …: see ``check_takes_part``.
        ReactionInvalid: it does not exist, or may not be used there.
        ReactionEmpty, MessageNotModified: that changes nothing.
        ReactionsTooMany: see ``MAX_PER_USER`` and ``MAX_PER_MESSAGE``.
    """
    user_id = request.user_id
    message, where = seen_message_txn(txn, user_id, request.peer, request.message_id, request.now)
    check_takes_part(where, user_id)
    wanted = tuple(dict.fromkeys(request.reactions))
    if len(wanted) > MAX_PER_USER:
        raise ReactionsTooMany(str(len(wanted)))
    copies = copies_txn(txn, [message.content_id])
    changes.lock({owner_id for _, owner_id, _, _ in copies})
    had = reaction_store.own_txn(txn, message.content_id, user_id)
    if wanted == had:
        raise MessageNotModified(str(request.message_id)) if had else ReactionEmpty
    new = [reaction for reaction in wanted if reaction not in had]
    before = reaction_store.stored_txn(txn, [message.content_id], txn.engine.for_update).get(message.content_id)
    before = before or NOTHING
    if new:
        _check_new_txn(txn, where, before, new, request.peer)
    gone = [reaction for reaction in had if reaction not in wanted]
    _write_txn(txn, message.content_id, request, wanted, had)
    reactions = _after_txn(txn, message, request, before, gone, new)
    reaction_store.save_txn(txn, message.content_id, reactions)
    _mark_unread_txn(txn, message, copies, before, reactions)
    if request.peer == user_id:
        reaction_store.tag_txn(txn, user_id, message.id, message.saved_peer, wanted)
    if request.is_recent:
        note_used_txn(txn, user_id, new, request.now)
    whose = user_id, request.now
    note_for_bots_txn(txn, fanout, whose, message, where, copies, (had, wanted, reactions))
    if isinstance(where, Seat) and before.counts:
        # Who is there is told apart: a log in which everybody's reaction lay would be all that one reads of a channel.
        return Reacted(replace(message, reactions=reactions, chosen=wanted), True)
    tell_reactions_txn(txn, changes, message.content_id)
    return Reacted(replace(message, reactions=reactions, chosen=wanted), False)


def _check_new_txn(txn: Transaction, where: Where, before: Reactions, new: Sequence[str], peer: int) -> None:
    check_exist_txn(txn, new)
    limit = MAX_PER_MESSAGE
    if not isinstance(where, Relation):
        allowed = allowed_txn(txn, peer)
        limit = allowed.limit
        if not all(map(allowed.has, new)):
            raise ReactionInvalid
    there = {reaction for reaction, _ in before.counts}
    if there.union(new) != there and len(there.union(new)) > limit:
        raise ReactionsTooMany(str(len(there)))


def _write_txn(
    txn: Transaction, content_id: int, request: ReactionRequest, wanted: Sequence[str], had: Sequence[str]
) -> None:
    for reaction in had:
        if reaction not in wanted:
            txn.execute(
                "DELETE FROM message_reactions WHERE content_id = ? AND user_id = ? AND reaction = ?",
                (content_id, request.user_id, reaction),
            )
    for place, reaction in enumerate(wanted):
        if reaction in had:
            txn.execute(
                "UPDATE message_reactions SET place = ? WHERE content_id = ? AND user_id = ? AND reaction = ?",
                (place, content_id, request.user_id, reaction),
            )
        else:
            txn.execute(
                "INSERT INTO message_reactions (content_id, user_id, reaction, place, big, reacted_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (content_id, request.user_id, reaction, place, int(request.big), request.now),
            )


def _after_txn(
    txn: Transaction,
    message: Message,
    request: ReactionRequest,
    before: Reactions,
    gone: Sequence[str],
    new: Sequence[str],
) -> Reactions:
    """What they add up to now."""
    unread = {(one.user_id, one.reaction) for one in before.recent if one.unread}
    if message.sender_id != request.user_id and not message.extra.post:
        unread.update((request.user_id, reaction) for reaction in new)
    recent = reaction_store.newest_txn(txn, message.content_id, KEPT)
    return Reactions(
        counted(before, gone, new),
        tuple(replace(one, unread=True) if (one.user_id, one.reaction) in unread else one for one in recent),
    )


def _mark_unread_txn(
    txn: Transaction,
    message: Message,
    copies: Sequence[tuple[int, int, int, int]],
    before: Reactions,
    after: Reactions,
) -> None:
    """The author's message waits to be looked at, or does so no more."""
    if before.is_unread == after.is_unread:
        return
    author_id = message.sender_id
    for _, owner_id, message_id, peer in copies:
        if owner_id not in (author_id, peer) or (is_user(owner_id) and owner_id != author_id):
            continue
        if after.is_unread:
            add_marks_txn(txn, [(author_id, peer, REACTION_UNREAD, message_id)])
        else:
            drop_marks_txn(txn, author_id, peer, (message_id,), (REACTION_UNREAD,))


def note_used_txn(txn: Transaction, user_id: int, reactions: Sequence[str], now: int) -> None:
    """A user has reacted with these."""
    for reaction in reactions:
        txn.execute(
            "UPDATE used_reactions SET uses = uses + 1, used_at = ? WHERE user_id = ? AND reaction = ?",
            (now, user_id, reaction),
        )
        if not txn.rowcount:
            txn.insert_ignore("used_reactions", {"user_id": user_id, "reaction": reaction, "uses": 1, "used_at": now})
