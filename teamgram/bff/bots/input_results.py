"""From what a bot offers over MTProto to results: ``InputBotInlineResult``."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.messages.compose import MAX_REPLY_MARKUP, captioned, composed
from teamgram.bff.shared import Shared
from teamgram.domain.bots.inline_results import InlineMessage, InlineResult, WebFile
from teamgram.domain.boxes.media import FOREVER, ContactCard, Media, Place
from teamgram.domain.files.errors import FileNotFound
from teamgram.domain.files.file import Document, Photo
from teamgram.domain.files.files import Named
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import encode

KINDS = frozenset(
    {"article", "photo", "gif", "video", "audio", "voice", "file", "sticker", "contact", "geo", "venue", "game"}
)
_MAX_TEXT, _MAX_URL, _MAX_SIDE, _MAX_SECONDS = 512, 2048, 65_535, 10**7


class InputResultReader:
    """Reads them; files that are named have to be the bot's to send."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def result(self, caller: RpcMetadata, view: Any) -> InlineResult:
        """One result.

        Raises:
            RpcError: ``RESULT_TYPE_INVALID``, ``SEND_MESSAGE_TYPE_INVALID``, ``DOCUMENT_INVALID``, …
        """
        message = await self._message(caller, view.send_message)
        name = view.NAME
        if name == "inputBotInlineResultGame" or view.type not in KINDS:
            raise bad_request("RESULT_TYPE_INVALID")
        if name == "inputBotInlineResultPhoto":
            photo = await self._file(caller, "photo", view.photo)
            assert isinstance(photo, Photo)
            return InlineResult(view.id, view.type, message, photo=photo)
        title, description = (view.title or "")[:_MAX_TEXT], (view.description or "")[:_MAX_TEXT]
        if name == "inputBotInlineResultDocument":
            document = await self._file(caller, "document", view.document)
            assert isinstance(document, Document)
            return InlineResult(view.id, view.type, message, title, description, document=document)
        return InlineResult(
            view.id,
            view.type,
            message,
            title,
            description,
            (view.url or "")[:_MAX_URL],
            _web_file(view.thumb),
            _web_file(view.content),
        )

    async def _file(self, caller: RpcMetadata, kind: str, view: Any) -> Document | Photo:
        if view.NAME not in ("inputPhoto", "inputDocument"):
            raise bad_request("DOCUMENT_INVALID" if kind == "document" else "PHOTO_INVALID")
        named = Named(kind, view.id, view.access_hash, view.file_reference)
        try:
            return await self._shared.domain.access.open(caller.user_id, named, self._shared.now(), to_send=True)
        except FileNotFound:
            raise bad_request("DOCUMENT_INVALID" if kind == "document" else "PHOTO_INVALID") from None

    async def _message(self, caller: RpcMetadata, view: Any) -> InlineMessage:
        name, markup = view.NAME, inline_markup_from(view.reply_markup)
        if name == "inputBotInlineMessageMediaAuto":
            text, entities, tags = await captioned(self._shared, caller, view.message, view.entities)
            return InlineMessage(text, entities, tags, markup, auto=True, above=view.invert_media)
        if name == "inputBotInlineMessageText":
            text, entities, tags = await composed(self._shared, caller, view.message, view.entities)
            return InlineMessage(text, entities, tags, markup, no_page=view.no_webpage, above=view.invert_media)
        if name == "inputBotInlineMessageMediaWebPage":
            text, entities, tags = await captioned(self._shared, caller, view.message, view.entities)
            return InlineMessage(
                text,
                entities,
                tags,
                markup,
                link=view.url[:_MAX_URL],
                large=view.force_large_media,
                small=view.force_small_media and not view.force_large_media,
                above=view.invert_media,
            )
        if name == "inputBotInlineMessageMediaContact":
            card = ContactCard(
                view.phone_number.strip()[:32], view.first_name[:64], view.last_name[:64], view.vcard[:4096]
            )
            return InlineMessage(reply_markup=markup, media=Media(contact=card))
        if name in ("inputBotInlineMessageMediaGeo", "inputBotInlineMessageMediaVenue"):
            return InlineMessage(reply_markup=markup, media=Media(place=_place(view)))
        raise bad_request("SEND_MESSAGE_TYPE_INVALID")


def _place(view: Any) -> Place:
    point = view.geo_point
    if point.NAME != "inputGeoPoint" or not (abs(point.lat) <= 90 and abs(point.long) <= 180):
        raise bad_request("GEO_POINT_INVALID")
    if view.NAME == "inputBotInlineMessageMediaVenue":
        texts = (view.title, view.address, view.provider, view.venue_id, view.venue_type)
        return Place(point.lat, point.long, 0, *(text[:256] for text in texts))
    period = view.period or 0
    if period and period != FOREVER and not 60 <= period <= 86_400:
        raise bad_request("MEDIA_INVALID")
    heading = min(max(view.heading or 0, 0), 360) if period else 0
    return Place(point.lat, point.long, period=period, heading=heading)


def inline_markup_from(view: Any) -> bytes:
    """The keyboard below a message that somebody sends by way of a bot.

    Raises:
        RpcError: ``BUTTON_TYPE_INVALID``, ``REPLY_MARKUP_TOO_LONG``.
    """
    if view is None:
        return b""
    if view.NAME != "replyInlineMarkup":
        raise bad_request("BUTTON_TYPE_INVALID")
    markup = encode(view)
    if len(markup) > MAX_REPLY_MARKUP:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return markup


def _web_file(view: Any) -> WebFile | None:
    if view is None:
        return None
    if not view.url.startswith(("http://", "https://")) or len(view.url) > _MAX_URL:
        raise bad_request("WEBDOCUMENT_URL_INVALID")
    found: dict[str, Any] = {}
    for attribute in view.attributes[:16]:
        for name in ("w", "h", "title", "performer"):
            found[name] = getattr(attribute, name, None) or found.get(name)
        found["seconds"] = int(getattr(attribute, "duration", 0) or found.get("seconds") or 0)
    return WebFile(
        view.url,
        view.mime_type[:128],
        min(max(found.get("w") or 0, 0), _MAX_SIDE),
        min(max(found.get("h") or 0, 0), _MAX_SIDE),
        min(max(found.get("seconds") or 0, 0), _MAX_SECONDS),
        (found.get("title") or "")[:256],
        (found.get("performer") or "")[:256],
    )
