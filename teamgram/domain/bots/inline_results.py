"""What somebody asks a bot from another chat, and what it offers them (core.telegram.org/api/bots/inline)."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.media import Media
from teamgram.domain.files.file import Document, Photo

MAX_RESULTS = 50
MAX_RESULT_ID, MAX_OFFSET, MAX_QUERY = 64, 64, 256
"""Bytes of the first two (core.telegram.org/bots/api#answerinlinequery), characters of the last."""
MAX_START_PARAM = 64
MAX_ANSWER = 512 << 10
"""Bytes of all results as they are stored."""

PEER_TYPES = ("sender", "private", "group", "supergroup", "channel")
"""From what kind of chat one asks (core.telegram.org/bots/api#inlinequery)."""


class InlineQuestion(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked.

    Attributes:
        peer_type: one of ``PEER_TYPES``, or nothing.
        point: (latitude, longitude) of who asks, if the bot wants it and they told.
    """

    query: str
    offset: str = ""
    peer_type: str = ""
    point: tuple[float, float] | None = None

    @property
    def hash(self) -> bytes:
        """The same for the same question; where from it is asked is no part of it."""
        said = repr((self.query, self.offset, self.point))
        return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class WebFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file on another server, as the bot describes it."""

    url: str
    mime_type: str
    w: int = 0
    h: int = 0
    seconds: int = 0
    title: str = ""
    performer: str = ""


class InlineMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sent when somebody chooses a result.

    Attributes:
        text: the message, or the caption where there is media.
        auto: the media is the result's own file.
        media: a place, a contact.
        link: the page to be shown under the text, whether it is in it or not; "" for the first link in it.
        no_page: show none.
    """

    text: str = ""
    entities: tuple[Entity, ...] = ()
    tags: int = 0
    reply_markup: bytes = b""
    auto: bool = False
    media: Media | None = None
    link: str = ""
    no_page: bool = False
    large: bool = False
    small: bool = False
    above: bool = False


class InlineResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of what a bot offers.

    Attributes:
        kind: "article", "photo", "gif", "video", … (core.telegram.org/constructor/botInlineResult).
        content: a file that is fetched when the result is chosen; ``photo`` and ``document``: one of this server.
    """

    id: str
    kind: str
    message: InlineMessage
    title: str = ""
    description: str = ""
    url: str = ""
    thumb: WebFile | None = None
    content: WebFile | None = None
    photo: Photo | None = None
    document: Document | None = None


class SwitchButton(msgspec.Struct, frozen=True, omit_defaults=True):
    """A button above the results: into the chat with the bot with ``start_param``, or to the page at ``url``."""

    text: str
    start_param: str = ""
    url: str = ""


class InlineAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that a bot says to one question.

    Attributes:
        gallery: shown as pictures side by side.
        private: for who asked alone.
        cache_seconds: so long the same may be said to the same question.
        next_offset: what to ask with for more; "" when that is all.
        peer_types: of a prepared message, into which chats it may be sent.
    """

    results: tuple[InlineResult, ...]
    gallery: bool = False
    private: bool = False
    cache_seconds: int = 300
    next_offset: str = ""
    switch: SwitchButton | None = None
    peer_types: tuple[str, ...] = ()

    def result(self, result_id: str) -> InlineResult | None:
        """The result of that id."""
        return next((one for one in self.results if one.id == result_id), None)


_encode = msgspec.json.Encoder().encode
_decode_answer: Callable[[Any], InlineAnswer] = msgspec.json.Decoder(InlineAnswer).decode
_decode_question: Callable[[Any], InlineQuestion] = msgspec.json.Decoder(InlineQuestion).decode


def pack(value: InlineAnswer | InlineQuestion) -> bytes:
    """As it is stored."""
    return _encode(value)


def unpack_answer(stored: bytes) -> InlineAnswer:
    """The inverse of ``pack``."""
    return _decode_answer(stored)


def unpack_question(stored: bytes) -> InlineQuestion:
    """The inverse of ``pack``."""
    return _decode_question(stored)
