"""``InlineQueryResult`` and ``InputMessageContent`` (core.telegram.org/bots/api#inline-mode) from what a bot gives."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.formatting.composing import Written, captioned, composed
from teamgram.bots.input_media import GivenMedia, heading_of, live_place_of, point_of
from teamgram.bots.link_previews import preview_wishes
from teamgram.bots.parameters import Parameters
from teamgram.bots.views.keyboards import keyboard_from
from teamgram.domain.bots.inline_results import InlineMessage, InlineResult, WebFile
from teamgram.domain.boxes.media import ContactCard, Media, Place
from teamgram.domain.files.file import Document, Photo

_MAX_TEXT, _MAX_URL, _MAX_SIDE, _MAX_SECONDS = 512, 2048, 65_535, 10**7

#: What the result's file is called in it, and how the result is called by others.
_FILES = {
    "photo": ("photo", "photo"),
    "gif": ("gif", "gif"),
    "mpeg4_gif": ("mpeg4", "gif"),
    "video": ("video", "video"),
    "audio": ("audio", "audio"),
    "voice": ("voice", "voice"),
    "document": ("document", "file"),
    "sticker": ("sticker", "sticker"),
}
_MIME_TYPES = {
    "photo": "image/jpeg",
    "gif": "image/gif",
    "mpeg4_gif": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
}


class GivenResults:
    """Reads them for one bot at a time: files by ``file_id`` have to be its own."""

    def __init__(self, conversations: Conversations, given: GivenMedia) -> None:
        self._conversations = conversations
        self._given = given

    async def result(self, bot_id: int, parameters: Parameters, given: Any) -> InlineResult:
        """One result.

        Raises:
            ApiError: none that can be here.
        """
        if not isinstance(given, dict):
            raise bad_request("can't parse inline query result: expected an Object")
        inner = parameters.inner(given)
        kind, result_id = inner.text("type"), inner.text("id")
        if not result_id:
            raise bad_request("can't parse inline query result: result identifier can't be empty")
        title, description = inner.text("title")[:_MAX_TEXT], inner.text("description")[:_MAX_TEXT]
        if kind in _FILES:
            return await self._of_file(bot_id, inner, kind, result_id, title, description)
        if kind == "article":
            message = await self._content(bot_id, inner, required=True)
            url, thumb = inner.text("url")[:_MAX_URL], _thumb(inner)
            return InlineResult(result_id, "article", message, title, description, url, thumb)
        if kind == "contact":
            card = _contact(inner)
            message = await self._content(bot_id, inner, Media(contact=card))
            name = f"{card.first_name} {card.last_name}".strip()
            return InlineResult(result_id, "contact", message, name, card.phone, thumb=_thumb(inner))
        if kind in ("location", "venue"):
            place = live_place_of(inner) if kind == "location" else _venue(inner)
            message = await self._content(bot_id, inner, Media(place=place))
            name = "geo" if kind == "location" else "venue"
            return InlineResult(result_id, name, message, title, place.address, thumb=_thumb(inner))
        if kind == "game":
            raise bad_request("games are not available on this server")
        raise bad_request("can't parse inline query result: invalid inline query result type specified")

    async def _of_file(
        self, bot_id: int, inner: Parameters, kind: str, result_id: str, title: str, description: str
    ) -> InlineResult:
        name, called = _FILES[kind]
        message = await self._content(bot_id, inner)
        file_id, url = inner.text(f"{name}_file_id"), inner.text(f"{name}_url")
        if file_id:
            file = await self._given.named(bot_id, file_id)
            if isinstance(file, Photo) != (kind == "photo"):
                raise bad_request("can't use a file of that type in the result")
            photo, document = (file, None) if isinstance(file, Photo) else (None, file)
            assert document is None or isinstance(document, Document)
            return InlineResult(result_id, called, message, title, description, photo=photo, document=document)
        if kind == "sticker":
            raise bad_request("STICKER_INVALID")
        content = _web_file(inner, name, url, inner.text("mime_type") or _MIME_TYPES.get(kind, ""))
        if content.mime_type == "text/html" and not inner.has("input_message_content"):
            raise bad_request("can't parse inline query result: input_message_content must be specified for text/html")
        return InlineResult(result_id, called, message, title, description, thumb=_thumb(inner), content=content)

    async def _content(
        self, bot_id: int, inner: Parameters, media: Media | None = None, *, required: bool = False
    ) -> InlineMessage:
        """What is sent: as ``input_message_content`` says, else ``media``, else the result's own file."""
        markup = keyboard_from(inner.object("reply_markup"))
        given = inner.object("input_message_content")
        if given is None:
            if required:
                raise bad_request("can't parse inline query result: input_message_content must be specified")
            text, entities, tags = await self._known(bot_id, captioned(inner))
            above = inner.flag("show_caption_above_media")
            return InlineMessage(text, entities, tags, markup, auto=media is None, media=media, above=above)
        if not isinstance(given, dict):
            raise bad_request("can't parse input_message_content: expected an Object")
        content = inner.inner(given)
        if content.has("message_text"):
            text, entities, tags = await self._known(bot_id, composed(content, "message_text", "entities"))
            wishes = preview_wishes(content)
            return InlineMessage(
                text,
                entities,
                tags,
                markup,
                link=wishes.url[:_MAX_URL],
                no_page=wishes.is_off,
                large=wishes.large,
                small=wishes.small,
                above=wishes.above,
            )
        if content.has("phone_number"):
            return InlineMessage(reply_markup=markup, media=Media(contact=_contact(content)))
        if content.has("latitude"):
            place = _venue(content) if content.has("title") else live_place_of(content)
            return InlineMessage(reply_markup=markup, media=Media(place=place))
        raise bad_request("input message content is not available on this server")

    async def _known(self, bot_id: int, written: Written) -> Written:
        text, entities, tags = written
        return text, await self._conversations.without_strangers(bot_id, entities), tags


def _contact(given: Parameters) -> ContactCard:
    phone, first_name = given.text("phone_number").strip()[:32], given.text("first_name")[:64]
    if not phone or not first_name:
        raise bad_request("phone number and first name of a contact must be non-empty")
    return ContactCard(phone, first_name, given.text("last_name")[:64], given.text("vcard")[:4096])


def _venue(given: Parameters) -> Place:
    point, title = point_of(given), given.text("title").strip()[:256]
    heading_of(given)
    if not title:
        raise bad_request("title is empty")
    provider = "foursquare" if given.has("foursquare_id") else "gplaces" if given.has("google_place_id") else ""
    prefix = "google_place" if provider == "gplaces" else "foursquare"
    ids = (given.text(f"{prefix}_id")[:256], given.text(f"{prefix}_type")[:256])
    return Place(point.latitude, point.longitude, point.accuracy, title, given.text("address")[:256], provider, *ids)


def _web_file(given: Parameters, name: str, url: str, mime_type: str) -> WebFile:
    if not url.startswith(("http://", "https://")) or len(url) > _MAX_URL:
        raise bad_request("WEBDOCUMENT_URL_INVALID")
    if not 3 <= len(mime_type) <= 128:
        raise bad_request("WEBDOCUMENT_MIME_INVALID")

    def bounded(field: str, most: int) -> int:
        return min(max(given.number(field), 0), most)

    return WebFile(
        url,
        mime_type,
        bounded(f"{name}_width", _MAX_SIDE),
        bounded(f"{name}_height", _MAX_SIDE),
        bounded(f"{name}_duration", _MAX_SECONDS),
        given.text("title")[:256] if name == "audio" else "",
        given.text("performer")[:256],
    )


def _thumb(given: Parameters) -> WebFile | None:
    url = given.text("thumbnail_url") or given.text("thumb_url")
    if not url.startswith(("http://", "https://")) or len(url) > _MAX_URL:
        return None
    mime_type = given.text("thumbnail_mime_type") or "image/jpeg"
    w, h = (min(max(given.number(f"thumbnail_{side}"), 0), _MAX_SIDE) for side in ("width", "height"))
    return WebFile(url, mime_type[:128], w, h)
