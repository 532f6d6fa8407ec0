"""From what a client typed to what the domain stores: text, entities, mentions, reply."""

from collections.abc import Sequence
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.shared import Shared
from teamgram.bff.views.entities import entity_from
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.messages import text as texts
from teamgram.domain.messages.mentions import members_named, users_named
from teamgram.domain.messages.replies import Quote
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.mtproto.tl import encode

MAX_REPLY_MARKUP = 10_000
"""Bytes of a keyboard, encoded."""


async def entities_from(shared: Shared, caller: RpcMetadata, views: Sequence[Any] | None) -> list[Entity]:
    """The entities that a client asked for, users in them checked.

    Raises:
        RpcError: ``ENTITY_MENTION_USER_INVALID``.
    """
    entities = []
    for view in views or ():
        if view.NAME == "inputMessageEntityMentionName":
            try:
                user = await shared.input_peers.user(caller, view.user_id)
            except RpcError:
                raise bad_request("ENTITY_MENTION_USER_INVALID") from None
            entities.append(Entity("mentionName", view.offset, view.length, user_id=user.id))
        else:
            entity = entity_from(view)
            if entity is not None and entity.kind != "mentionName":
                entities.append(entity)
    return entities


async def composed(
    shared: Shared, caller: RpcMetadata, text: str, views: Sequence[Any] | None
) -> tuple[str, tuple[Entity, ...], int]:
    """``text.clean`` of what a client wrote.

    Raises:
        MessageEmpty, MessageTooLong, EntityBoundsInvalid.
        RpcError: ``ENTITY_MENTION_USER_INVALID``.
    """
    if not text:
        raise bad_request("MESSAGE_EMPTY")
    entities = await entities_from(shared, caller, views) if views else []
    return texts.clean(text, entities)


async def captioned(
    shared: Shared, caller: RpcMetadata, text: str, views: Sequence[Any] | None
) -> tuple[str, tuple[Entity, ...], int]:
    """``composed``, but of what may be empty, because there is media beside it.

    Raises:
        MessageTooLong, EntityBoundsInvalid.
        RpcError: ``ENTITY_MENTION_USER_INVALID``.
    """
    return await composed(shared, caller, text, views) if text.strip() else ("", (), 0)


async def mentioned(
    shared: Shared, caller: RpcMetadata, peer: Peer, text: str, entities: Sequence[Entity]
) -> frozenset[int]:
    """Members of the group whom a text names; nobody in a private chat."""
    if peer.kind is PeerKind.USER or not entities:
        return frozenset()
    if peer.kind is PeerKind.CHANNEL:
        # Who of them is in it is seen to where it is written down.
        return await users_named(shared.domain.users, text, entities)
    chat = await shared.domain.chats.of_member(caller.user_id, peer.id)
    return await members_named(shared.domain.users, chat, text, entities)


async def reply_from(shared: Shared, caller: RpcMetadata, peer: Peer, query: Any) -> tuple[int, Quote | None]:
    """(the caller's id of the message that is answered or 0, the quote) of a sending query of any layer.

    Raises:
        RpcError, ChatNotFound: the other conversation that it points to is none of the caller's.
    """
    reply_to = query.reply_to
    if reply_to is None:
        # Up to layer 159 the id stood by itself.
        return getattr(query, "reply_to_msg_id", None) or getattr(query, "top_msg_id", None) or 0, None
    if reply_to.NAME != "inputReplyToMessage":
        return 0, None
    source = peer
    if reply_to.reply_to_peer_id is not None:
        source = await shared.peer(caller, reply_to.reply_to_peer_id)
    text = reply_to.quote_text or ""
    if not text and source == peer:
        return reply_to.reply_to_msg_id or reply_to.top_msg_id or 0, None
    entities = [entity_from(view) for view in (reply_to.quote_entities or ())[: texts.MAX_ENTITIES]]
    return reply_to.reply_to_msg_id, Quote(
        text,
        tuple(entity for entity in entities if entity is not None),
        reply_to.quote_offset or 0,
        source.marked if source != peer else 0,
    )


async def reply_markup_from(shared: Shared, caller: RpcMetadata, view: Any) -> bytes:
    """What a bot sends along; persons' keyboards are passed over, as on the official server.

    Raises:
        RpcError: ``REPLY_MARKUP_TOO_LONG``.
    """
    if view is None or not await shared.is_bot(caller.user_id):
        return b""
    markup = encode(view)
    if len(markup) > MAX_REPLY_MARKUP:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return markup
