"""From what a client typed to what the domain stores: text, entities, mentions, reply."""

from collections.abc import Iterable, Sequence
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.talk import Talk
from teamgram.bff.views.messages import entity_from
from teamgram.domain.boxes.message import Entity, Reply
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.messages import text as texts
from teamgram.domain.messages.errors import ForwardsRestricted
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.mtproto.tl import encode

MAX_QUOTE = 1024
"""Characters of a quote; ``quote_length_max`` in help.getAppConfig."""

MAX_REPLY_MARKUP = 10_000
"""Bytes of a keyboard, encoded."""

# A message that is due so soon is sent at once, as on the official server.
_AT_ONCE = 10


async def entities_from(talk: Talk, caller: RpcMetadata, views: Sequence[Any] | None) -> list[Entity]:
    """The entities that a client asked for, users in them checked.

    Raises:
        RpcError: ``ENTITY_MENTION_USER_INVALID``.
    """
    entities = []
    for view in views or ():
        if view.NAME == "inputMessageEntityMentionName":
            try:
                user = await talk.input_peers.user(caller, view.user_id)
            except RpcError:
                raise bad_request("ENTITY_MENTION_USER_INVALID") from None
            entities.append(Entity("mentionName", view.offset, view.length, user_id=user.id))
        else:
            entity = entity_from(view)
            if entity is not None and entity.kind != "mentionName":
                entities.append(entity)
    return entities


async def composed(
    talk: Talk, caller: RpcMetadata, text: str, views: Sequence[Any] | None
) -> tuple[str, tuple[Entity, ...], int]:
    """``text.clean`` of what a client wrote.

    Raises:
        MessageEmpty, MessageTooLong, EntityBoundsInvalid.
        RpcError: ``ENTITY_MENTION_USER_INVALID``.
    """
    if not text:
        raise bad_request("MESSAGE_EMPTY")
    entities = await entities_from(talk, caller, views) if views else []
    return texts.clean(text, entities)


async def mentioned(
    talk: Talk, caller: RpcMetadata, peer: Peer, text: str, entities: Iterable[Entity]
) -> frozenset[int]:
    """Members of the group whom a text names; nobody in a private chat."""
    if peer.kind is not PeerKind.CHAT:
        return frozenset()
    ids = {entity.user_id for entity in entities if entity.user_id}
    names = {name.lower() for name in texts.mentioned_names(text, entities)}
    if not ids and not names:
        return frozenset()
    members = (await talk.chats.of_member(caller.user_id, peer.id)).members
    if names:
        users = await talk.users.get(members)
        ids |= {user.id for user in users.values() if user.username.lower() in names}
    return frozenset(ids & set(members))


async def reply_from(talk: Talk, caller: RpcMetadata, peer: Peer, query: Any) -> tuple[int, Reply | None]:
    """(id of the message in ``peer`` that is answered or 0, the quote) of a sending query of any layer.

    Raises:
        RpcError, ChatNotFound: the other conversation that it points to is none of the caller's.
        ForwardsRestricted: what it would show elsewhere is protected.
    """
    reply_to = query.reply_to
    if reply_to is None:
        # Up to layer 159 the id stood by itself.
        return getattr(query, "reply_to_msg_id", None) or 0, None
    if reply_to.NAME != "inputReplyToMessage":
        return 0, None
    quote = reply_to.quote_text
    entities = [entity for entity in map(entity_from, reply_to.quote_entities or ()) if entity is not None]
    reply = Reply(
        quoted=bool(quote),
        quote_text=(quote or "")[:MAX_QUOTE],
        quote_entities=tuple(entity for entity in entities if entity.kind in texts.STYLES)[: texts.MAX_ENTITIES],
        quote_offset=reply_to.quote_offset or 0,
    )
    if reply_to.reply_to_peer_id is not None:
        source = await talk.peer(caller, reply_to.reply_to_peer_id)
        if source != peer:
            return 0, await _reply_elsewhere(talk, caller, source, reply_to.reply_to_msg_id, reply)
    return reply_to.reply_to_msg_id, reply if quote else None


async def _reply_elsewhere(
    talk: Talk, caller: RpcMetadata, source: Peer, message_id: int, reply: Reply
) -> Reply | None:
    """The quote from another conversation; None when the message is not there."""
    message = (await talk.messages.get(caller.user_id, [message_id])).get(message_id)
    if message is None or message.peer != source.marked or message.extra.action is not None:
        return None
    protected = source.kind is PeerKind.CHAT and (await talk.chats.of_member(caller.user_id, source.id)).noforwards
    if message.extra.noforwards or protected:
        raise ForwardsRestricted(str(message_id))
    first = message.extra.forward
    return Reply(
        quoted=reply.quoted,
        quote_text=reply.quote_text or message.text[:MAX_QUOTE],
        quote_entities=reply.quote_entities,
        quote_offset=reply.quote_offset,
        from_id=first.from_id if first is not None and first.from_id else message.sender_id,
        date=first.date if first is not None else message.date,
    )


async def reply_markup_from(talk: Talk, caller: RpcMetadata, view: Any) -> bytes:
    """What a bot sends along; persons' keyboards are passed over, as on the official server.

    Raises:
        RpcError: ``REPLY_MARKUP_TOO_LONG``.
    """
    if view is None or not await talk.is_bot(caller.user_id):
        return b""
    markup = encode(view)
    if len(markup) > MAX_REPLY_MARKUP:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return markup


def check_schedule(talk: Talk, query: Any) -> None:
    """Only what is due now can be sent: nothing here would send it later.

    Raises:
        RpcError: ``SCHEDULE_DATE_INVALID``.
    """
    due = query.schedule_date
    if due and due > talk.now() + _AT_ONCE:
        raise bad_request("SCHEDULE_DATE_INVALID")
