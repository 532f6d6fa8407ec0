"""What people send an agent besides words: said in words, and pictures as a model takes them."""

import base64
import re
from collections.abc import Sequence
from typing import Any

from teamgram.domain.boxes.media import Media
from teamgram.domain.boxes.message import Message
from teamgram.domain.files.errors import FileNotFound, StorageAway
from teamgram.domain.files.file import Document, PhotoSize
from teamgram.domain.files.files import Files
from teamgram.domain.messages.messages import Messages

MAX_ALBUM = 10
#: Of the text documents that a message brings: all of them together, and each.
MAX_TEXT_BYTES, MAX_TEXTS = 65_536, 4
_TEXTS = re.compile(r"application/(?:json|xml|yaml|x-yaml|toml|javascript|x-sh|sql|x-ndjson|[\w.+-]+\+(?:json|xml))")
_TEXT_NAMES = re.compile(
    r".*\.(?:md|txt|csv|tsv|json|ya?ml|toml|ini|cfg|log|xml|html?|css|js|ts|py|rs|go|java|c|h|cpp|sh|sql|tex|diff|patch)",
    re.DOTALL | re.IGNORECASE,
)
MAX_IMAGES = 4
MAX_IMAGE_BYTES = 1_500_000
MAX_SIDE = 1280
"""Pixels; models make larger pictures smaller anyway."""


def described(media: Media | None) -> str:
    """In a line of words, in brackets; empty for nothing."""
    if media is None:
        return ""
    if media.photo is not None:
        largest = media.photo.sizes[-1]
        return f"[photo, {largest.w}x{largest.h}]"
    if media.document is not None:
        return f"[{_document(media.document)}]"
    if media.place is not None:
        place = media.place
        name = f"{place.title}, {place.address}".strip(", ")
        kind = "live location" if place.period else "place" if name else "location"
        return f"[{kind}: {', '.join(filter(None, (name, f'{place.latitude:.6f} {place.longitude:.6f}')))}]"
    if media.contact is not None:
        card = media.contact
        return f"[contact: {f'{card.first_name} {card.last_name}'.strip()}, +{card.phone.lstrip('+')}]"
    if media.dice is not None:
        return f"[{media.dice.emoticon} shows {media.dice.value}]"
    if media.poll is not None:
        answers = "; ".join(answer.text for answer in media.poll.answers)
        return f"[{'quiz' if media.poll.is_quiz else 'poll'}: {media.poll.question} ({answers})]"
    if media.todo is not None:
        done = {one.id for one in media.todo.done}
        items = "; ".join(f"{item.text}{' (done)' if item.id in done else ''}" for item in media.todo.items)
        return f"[to-do list: {media.todo.title} ({items})]"
    return f"[{media.ended}, gone]" if media.ended else "[something that cannot be shown here]"


def _document(document: Document) -> str:
    audio, video, sticker = (document.attribute(kind) for kind in ("audio", "video", "sticker"))
    named = document.attribute("filename")
    name = f' "{named.file_name}"' if named is not None else ""
    size = f"{document.size:,} bytes"
    if sticker is not None:
        return f"sticker {sticker.alt}".strip()
    if audio is not None and audio.voice:
        return f"voice message, {audio.seconds:.0f} s"
    if audio is not None:
        title = " - ".join(filter(None, (audio.performer, audio.title)))
        return f"audio{f' {title}' if title else name}, {audio.seconds:.0f} s"
    if video is not None and video.round_message:
        return f"round video message, {video.seconds:.0f} s"
    if document.attribute("animated") is not None:
        return "GIF"
    if video is not None:
        return f"video{name}, {video.seconds:.0f} s, {video.w}x{video.h}"
    return f"file{name}, {document.mime_type}, {size}"


def _picture(media: Media | None) -> PhotoSize | None:
    """The size of what a model might look at; always a JPEG of this server's."""
    if media is None:
        return None
    sizes: tuple[PhotoSize, ...] = ()
    if media.photo is not None:
        sizes = media.photo.sizes
    elif media.document is not None and media.document.mime_type.startswith("image/"):
        sizes = media.document.thumbs
    fitting = [size for size in sizes if max(size.w, size.h) <= MAX_SIDE and size.size <= MAX_IMAGE_BYTES]
    return max(fitting, key=lambda size: size.w * size.h, default=None)


class Attachments:
    """Reads what belongs to a message.

    Args:
        files: without it no picture is read.
    """

    def __init__(self, messages: Messages, files: Files | None) -> None:
        self._messages = messages
        self._files = files

    async def album(self, message: Message) -> list[Message]:
        """The messages that were sent together with it, in order; it alone if it is in no album."""
        grouped_id = message.extra.grouped_id
        if not grouped_id:
            return [message]
        ids = range(max(1, message.id - MAX_ALBUM + 1), message.id + MAX_ALBUM)
        found = await self._messages.get(message.owner_id, ids)
        return [found[id_] for id_ in sorted(found) if found[id_].extra.grouped_id == grouped_id]

    async def images(self, album: Sequence[Message]) -> list[dict[str, Any]]:
        """The pictures as parts of what is said to a model; those whose bytes are gone are left out."""
        parts: list[dict[str, Any]] = []
        for message in album:
            size = _picture(message.extra.media)
            if size is None or self._files is None or len(parts) == MAX_IMAGES:
                continue
            try:
                data = await self._whole(size)
            except (FileNotFound, StorageAway):
                continue
            parts.append({"type": "image", "mimeType": "image/jpeg", "data": base64.b64encode(data).decode()})
        return parts

    async def texts(self, album: Sequence[Message]) -> str:
        """What stands in the text documents, as far as there is room; those whose bytes are gone are left out."""
        found: list[str] = []
        left = MAX_TEXT_BYTES
        for message in album:
            document = message.extra.media.document if message.extra.media is not None else None
            if document is None or self._files is None or not is_text(document) or len(found) == MAX_TEXTS or not left:
                continue
            size = min(document.size, left)
            try:
                data = await self._read(document.blob, size)
            except (FileNotFound, StorageAway):
                continue
            if b"\0" in data:
                continue
            left -= size
            cut = f"\n… (cut; {document.size:,} bytes in all)" if size < document.size else ""
            found.append(f"[what {_name_of(document)} holds]\n{data.decode('utf-8', 'replace')}{cut}\n[end]")
        return "\n".join(found)

    async def _whole(self, size: PhotoSize) -> bytes:
        return await self._read(size.blob, size.size)

    async def _read(self, blob: str, size: int) -> bytes:
        assert self._files is not None
        pieces: list[bytes] = []
        read = 0
        while read < size:
            piece = await self._files.read(blob, read, size - read)
            if not piece:
                raise FileNotFound
            pieces.append(piece)
            read += len(piece)
        return b"".join(pieces)


def _name_of(document: Document) -> str:
    named = document.attribute("filename")
    return f'"{named.file_name}"' if named is not None and named.file_name else "the file"


def is_text(document: Document) -> bool:
    """Whether it is to be read: by its type, else by its name."""
    if any(document.attribute(kind) is not None for kind in ("audio", "video", "sticker", "animated")):
        return False
    if document.mime_type.startswith("text/") or _TEXTS.fullmatch(document.mime_type):
        return True
    named = document.attribute("filename")
    return named is not None and _TEXT_NAMES.fullmatch(named.file_name) is not None


def said(album: Sequence[Message]) -> str:
    """What was written with it, and what it is, in words."""
    lines = [message.text.strip() for message in album]
    lines += [described(message.extra.media) for message in album]
    return "\n".join(filter(None, lines))
