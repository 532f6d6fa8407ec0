"""``MessageEntity`` (core.telegram.org/bots/api#messageentity) from and to the domain's."""

from collections.abc import Mapping, Sequence
from typing import Any

from teamgram.bots.errors import bad_request
from teamgram.bots.formatting import html, legacy_markdown, markdown_v2
from teamgram.bots.formatting.marked_text import MarkupError, identifier
from teamgram.bots.views.users import user_json
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.messages.text import MAX_ENTITIES
from teamgram.domain.users.user import User

_TYPES = {
    "strike": "strikethrough",
    "textUrl": "text_link",
    "mentionName": "text_mention",
    "customEmoji": "custom_emoji",
    "botCommand": "bot_command",
    "phone": "phone_number",
}
_KINDS = {name: kind for kind, name in _TYPES.items()} | {"expandable_blockquote": "blockquote"}
_FORMATS = {"markdownv2": markdown_v2.parse, "markdown": legacy_markdown.parse, "html": html.parse}


def entities_json(entities: Sequence[Entity], users: Mapping[int, User]) -> list[dict[str, Any]]:
    """``Array of MessageEntity``."""
    return [_entity_json(entity, users) for entity in entities]


def _entity_json(entity: Entity, users: Mapping[int, User]) -> dict[str, Any]:
    kind = _TYPES.get(entity.kind, entity.kind)
    if entity.kind == "blockquote" and entity.collapsed:
        kind = "expandable_blockquote"
    told: dict[str, Any] = {"offset": entity.offset, "length": entity.length, "type": kind}
    if entity.kind == "textUrl":
        told["url"] = entity.url
    elif entity.kind == "pre" and entity.language:
        told["language"] = entity.language
    elif entity.kind == "customEmoji":
        told["custom_emoji_id"] = str(entity.document_id)
    elif entity.kind == "mentionName" and entity.user_id in users:
        told["user"] = user_json(users[entity.user_id])
    return told


def formatted(text: str, parse_mode: str, given: Any) -> tuple[str, list[Entity]]:
    """What a bot wrote, as text and entities; a mode counts before entities that are given.

    Raises:
        ApiError: the mode is unknown, or the text cannot be read in it.
    """
    if parse_mode and parse_mode.lower() != "none":
        parse = _FORMATS.get(parse_mode.lower())
        if parse is None:
            raise bad_request("unsupported parse_mode")
        try:
            return parse(text)
        except MarkupError as error:
            raise bad_request(f"can't parse entities: {error}") from None
    return text, _given(given)


def _given(given: Any) -> list[Entity]:
    if not given:
        return []
    if not isinstance(given, list):
        raise bad_request("can't parse entities: expected an Array of MessageEntity")
    return [entity for one in given[:MAX_ENTITIES] if (entity := _entity(one)) is not None]


def _entity(given: Any) -> Entity | None:
    if not isinstance(given, dict):
        raise bad_request("can't parse MessageEntity: expected an Object")
    kind, offset, length = given.get("type"), given.get("offset"), given.get("length")
    if not isinstance(kind, str) or not isinstance(offset, int) or not isinstance(length, int):
        raise bad_request("can't parse MessageEntity: type, offset and length must be given")
    name = _KINDS.get(kind, kind)
    if name == "textUrl":
        return Entity(name, offset, length, url=str(given.get("url") or ""))
    if name == "pre":
        return Entity(name, offset, length, language=str(given.get("language") or ""))
    if name == "customEmoji":
        return Entity(name, offset, length, document_id=_number(given.get("custom_emoji_id")))
    if name == "mentionName":
        user = given.get("user")
        return Entity(name, offset, length, user_id=_number(user.get("id") if isinstance(user, dict) else None))
    return Entity(name, offset, length, collapsed=kind == "expandable_blockquote")


def _number(value: Any) -> int:
    text = str(value)
    number = identifier(text)
    if number is None:
        raise bad_request("can't parse MessageEntity: an identifier is no number")
    return number
