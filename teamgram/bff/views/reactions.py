"""Reactions as TL objects of the newest layer."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.reactions import PeerReaction, Reactions, custom, custom_id
from teamgram.domain.reactions.allowed import ALL, SOME, Allowed
from teamgram.domain.stickers.names import bare
from teamgram.mtproto.tl import tl

MAX_NAMED = 100
"""Reactions that a request may name."""

_SHOWN = 3
"""Of those who reacted last."""


def reaction_view(reaction: str) -> Any:
    """``Reaction``."""
    document_id = custom_id(reaction)
    if document_id:
        return tl.reactionCustomEmoji(document_id=document_id)
    return tl.reactionEmoji(emoticon=reaction)


def reaction_from(view: Any) -> str | None:
    """The reaction that a client means; None for one that costs something, or is none."""
    if view.NAME == "reactionEmoji" and view.emoticon:
        return bare(view.emoticon[:32])
    if view.NAME == "reactionCustomEmoji" and view.document_id > 0:
        return custom(view.document_id)
    return None


def reactions_from(views: list[Any] | None) -> tuple[str, ...]:
    """What a client means, without ``reactionEmpty``.

    Raises:
        RpcError: ``REACTION_INVALID``: one is none, or costs something.
    """
    found = []
    for view in (views or ())[: MAX_NAMED + 1]:
        if view.NAME == "reactionEmpty" or (view.NAME == "reactionEmoji" and not view.emoticon):
            continue
        reaction = reaction_from(view)
        if reaction is None:
            raise bad_request("REACTION_INVALID")
        found.append(reaction)
    return tuple(found)


def shown_reactors(reactions: Reactions, *, is_author: bool) -> list[PeerReaction]:
    """Who reacted last, and to the author everybody whom they have not seen yet."""
    return [one for place, one in enumerate(reactions.recent) if place < _SHOWN or (is_author and one.unread)]


def peer_reaction_view(one: PeerReaction, *, is_author: bool, viewer_id: int) -> Any:
    """``messagePeerReaction``."""
    return tl.messagePeerReaction(
        big=one.big,
        unread=is_author and one.unread,
        my=one.user_id == viewer_id,
        peer_id=tl.peerUser(user_id=one.user_id),
        date=one.date,
        reaction=reaction_view(one.reaction),
    )


def names_reactors(message: Message) -> bool:
    """Whether one sees who reacted to it: not to a channel's posts."""
    return not message.extra.post


def reactions_view(message: Message) -> Any:
    """``messageReactions`` of a message as its viewer has it, or None."""
    reactions = message.reactions
    if reactions is None:
        return None
    viewer_id = message.owner_id if message.owner_id > 0 else 0
    return stands_view(
        reactions,
        message.chosen,
        named=names_reactors(message),
        is_author=message.out,
        viewer_id=viewer_id,
        as_tags=message.peer == message.owner_id and message.peer > 0,
    )


def stands_view(
    reactions: Reactions,
    chosen: tuple[str, ...] | None,
    *,
    named: bool,
    is_author: bool = False,
    viewer_id: int = 0,
    as_tags: bool = False,
) -> Any:
    """``messageReactions``; in its ``min`` form where nobody's own choice is told (``chosen`` is None)."""
    recent = None
    if named and not as_tags:
        shown = shown_reactors(reactions, is_author=is_author)
        recent = [peer_reaction_view(one, is_author=is_author, viewer_id=viewer_id) for one in shown] or None
    places = {reaction: place for place, reaction in enumerate(chosen or ())}
    return tl.messageReactions(
        min=chosen is None,
        can_see_list=named and not as_tags,
        reactions_as_tags=as_tags,
        results=[
            tl.reactionCount(chosen_order=places.get(reaction), reaction=reaction_view(reaction), count=count)
            for reaction, count in reactions.counts
        ],
        recent_reactions=recent,
    )


def no_reactions_view(*, named: bool = True) -> Any:
    """``messageReactions`` of a message that has none."""
    return tl.messageReactions(can_see_list=named, results=[])


def allowed_view(allowed: Allowed) -> Any:
    """``ChatReactions``."""
    if allowed.kind == ALL:
        return tl.chatReactionsAll(allow_custom=allowed.custom)
    if allowed.kind == SOME:
        return tl.chatReactionsSome(reactions=[reaction_view(reaction) for reaction in allowed.reactions])
    return tl.chatReactionsNone()
