"""Changing a message that waits: what is allowed is less than to change one that somebody has read. Pure."""

from dataclasses import dataclass, replace

import msgspec

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.media import LinkPreview, Media
from teamgram.domain.boxes.message import Tag
from teamgram.domain.messages.errors import CaptionTooLong, MessageEmpty, MessageNotModified
from teamgram.domain.messages.media import media_tags
from teamgram.domain.messages.text import MAX_CAPTION
from teamgram.domain.scheduled.store import Scheduled


@dataclass(frozen=True, slots=True)
class ScheduledEdit:
    """Another time for a message that waits, and other words or media if they are not None.

    Attributes:
        due_at: unix seconds, or ``WHEN_ONLINE``.
    """

    owner_id: int
    peer: int
    id: int
    due_at: int
    now: int
    text: str | None = None
    entities: tuple[Entity, ...] = ()
    tags: int = 0
    media: Media | None = None
    preview: LinkPreview | None = None
    invert_media: bool = False
    perm_auth_key_id: int = 0


def edited(scheduled: Scheduled, request: ScheduledEdit) -> Scheduled:
    """The message as it waits from now on.

    Raises:
        MessageNotModified: it waits so already.
        MessageEmpty, CaptionTooLong: only beside media may a text be empty, and it is shorter there.
    """
    waiting, extra = scheduled.waiting, scheduled.waiting.extra
    text = waiting.text if request.text is None else request.text
    media = extra.media if request.media is None else request.media
    if not text and media is None:
        raise MessageEmpty
    if media is not None and len(text) > MAX_CAPTION:
        raise CaptionTooLong(str(len(text)))
    says = request.text is not None
    preview = request.preview if says or request.preview is not None else extra.preview
    tags = (request.tags if says else waiting.tags & Tag.URL) | media_tags(media)
    new = msgspec.structs.replace(
        waiting,
        text=text,
        tags=int(tags) if says or request.media is not None else waiting.tags,
        extra=msgspec.structs.replace(
            extra,
            entities=request.entities if says else extra.entities,
            media=media,
            preview=preview if media is None else None,
            invert_media=request.invert_media or extra.invert_media,
        ),
    )
    if new == waiting:
        if request.due_at == scheduled.due_at:
            raise MessageNotModified(str(scheduled.id))
        return replace(scheduled, due_at=request.due_at)
    return replace(scheduled, due_at=request.due_at, waiting=new, edited_at=request.now)
