"""Whom a text in a group names."""

from collections.abc import Iterable

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.chats.chat import Chat
from teamgram.domain.messages.text import mentioned_names
from teamgram.domain.users.users import Users


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
