"""Formatted texts as TL objects of the newest layer, and back."""

from collections.abc import Sequence
from typing import Any

from teamgram.domain.boxes.entity import Entity
from teamgram.mtproto.tl import tl


def entity_view(entity: Entity) -> Any:
    """``MessageEntity``."""
    kind, offset, length = entity.kind, entity.offset, entity.length
    if kind == "textUrl":
        return tl.messageEntityTextUrl(offset=offset, length=length, url=entity.url)
    if kind == "pre":
        return tl.messageEntityPre(offset=offset, length=length, language=entity.language)
    if kind == "mentionName":
        return tl.messageEntityMentionName(offset=offset, length=length, user_id=entity.user_id)
    if kind == "customEmoji":
        return tl.messageEntityCustomEmoji(offset=offset, length=length, document_id=entity.document_id)
    if kind == "blockquote":
        return tl.messageEntityBlockquote(offset=offset, length=length, collapsed=entity.collapsed)
    return getattr(tl, f"messageEntity{kind[0].upper()}{kind[1:]}")(offset=offset, length=length)


def entity_views(entities: Sequence[Entity]) -> list[Any] | None:
    """``Vector<MessageEntity>``, or None for none."""
    return [entity_view(entity) for entity in entities] if entities else None


def entity_from(view: Any) -> Entity | None:
    """What a client wrote; None for a kind that no client may ask for.

    ``inputMessageEntityMentionName`` names a user that only ``bff/peers`` can check; it is None here.
    """
    name: str = view.NAME
    if not name.startswith("messageEntity"):
        return None
    kind = name[13].lower() + name[14:]
    return Entity(
        kind,
        view.offset,
        view.length,
        url=getattr(view, "url", None) or "",
        language=getattr(view, "language", None) or "",
        user_id=getattr(view, "user_id", None) or 0,
        document_id=getattr(view, "document_id", None) or 0,
        collapsed=bool(getattr(view, "collapsed", False)),
    )


def text_view(text: str, entities: Sequence[Entity]) -> Any:
    """``textWithEntities``."""
    return tl.textWithEntities(text=text, entities=entity_views(entities) or [])
