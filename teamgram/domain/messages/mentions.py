"""Whom a text in a group names."""

from collections.abc import Iterable

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.chats.chat import Chat
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.messages.text import mentioned_names
from teamgram.domain.users.users import Users

MAX_NAMED = 50
"""People whom one message tells that it speaks to them."""


async def users_named(users: Users, text: str, entities: Iterable[Entity]) -> frozenset[int]:
    """The users whom a text names, whether or not they are there; at most ``MAX_NAMED`` by their usernames."""
    entities = tuple(entities)
    ids = {entity.user_id for entity in entities if entity.user_id}
    names = sorted({name.lower() for name in mentioned_names(text, entities)})[:MAX_NAMED]
    if names:
        peers = await users.resolve_usernames(names)
        ids |= {peer.id for peer in peers if peer.kind is PeerKind.USER}
    return frozenset(sorted(ids)[: 2 * MAX_NAMED])


async def members_named(users: Users, chat: Chat, text: str, entities: Iterable[Entity]) -> frozenset[int]:
    """Those of a group's members whom a text names, by their usernames or by an entity with their id."""
    entities = tuple(entities)
    ids = {entity.user_id for entity in entities if entity.user_id}
    names = {name.lower() for name in mentioned_names(text, entities)}
    if not ids and not names:
        return frozenset()
    members = chat.members
    if names:
        found = await users.get(members)
        ids |= {user.id for user in found.values() if user.username.lower() in names}
    return frozenset(ids & set(members))
