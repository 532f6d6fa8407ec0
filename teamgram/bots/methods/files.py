"""Photos, documents, places, contacts and dice; albums; fetching files."""

import re
import secrets
from collections.abc import Callable
from typing import Any

from teamgram.bots.downloads import Downloads
from teamgram.bots.errors import bad_request
from teamgram.bots.file_ids import FileIds
from teamgram.bots.methods.sending import BotSending, captioned
from teamgram.bots.parameters import Parameters, UploadedFile
from teamgram.bots.registry import ApiCall, api_method
from teamgram.domain.boxes.media import ContactCard, Media, Place, throw
from teamgram.domain.domain import Domain
from teamgram.domain.files.file import Attribute, Document, Photo
from teamgram.domain.files.settings import MAX_PART
from teamgram.domain.files.uploads import Uploaded

MAX_UPLOAD = 50 << 20
"""Bytes (core.telegram.org/bots/api#sending-files)."""
MAX_PHOTO = 10 << 20

_ATTACHED = "attach://"
_NO_NAME = re.compile(r"[\x00-\x1f\x7f/\\]")
_MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,62}/[a-z0-9][a-z0-9.+_-]{0,62}")
_MAX_SIDE = 65_535


def _video(given: Parameters) -> tuple[Attribute, ...]:
    return (
        Attribute(
            "video",
            w=_side(given, "width"),
            h=_side(given, "height"),
            seconds=_seconds(given),
            supports_streaming=given.flag("supports_streaming"),
        ),
    )


def _animation(given: Parameters) -> tuple[Attribute, ...]:
    return Attribute("animated"), Attribute(
        "video", w=_side(given, "width"), h=_side(given, "height"), seconds=_seconds(given), nosound=True
    )


def _audio(given: Parameters) -> tuple[Attribute, ...]:
    title, performer = given.text("title")[:256], given.text("performer")[:256]
    return (Attribute("audio", seconds=_seconds(given), title=title, performer=performer),)


def _voice(given: Parameters) -> tuple[Attribute, ...]:
    return (Attribute("audio", seconds=_seconds(given), voice=True),)


def _video_note(given: Parameters) -> tuple[Attribute, ...]:
    side = _side(given, "length") or 240
    return (Attribute("video", w=side, h=side, seconds=_seconds(given), round_message=True),)


def _sticker(given: Parameters) -> tuple[Attribute, ...]:
    return Attribute("sticker", alt=given.text("emoji")[:32]), Attribute("imageSize", w=512, h=512)


#: What a document is, by the parameter that it comes in; and the type where it does not say one.
_KINDS: dict[str, tuple[Callable[[Parameters], tuple[Attribute, ...]], str]] = {
    "document": (lambda given: (), ""),
    "video": (_video, "video/mp4"),
    "animation": (_animation, "video/mp4"),
    "audio": (_audio, "audio/mpeg"),
    "voice": (_voice, "audio/ogg"),
    "video_note": (_video_note, "video/mp4"),
    "sticker": (_sticker, "image/webp"),
}


def _side(given: Parameters, name: str) -> int:
    return min(max(given.number(name), 0), _MAX_SIDE)


def _seconds(given: Parameters) -> float:
    return float(min(max(given.number("duration"), 0), 10**7))


class BotFiles:
    """Messages with something in them besides text."""

    def __init__(self, domain: Domain, sending: BotSending, file_ids: FileIds, downloads: Downloads) -> None:
        self._domain = domain
        self._sending = sending
        self._ids = file_ids
        self._downloads = downloads

    @api_method("sendPhoto")
    async def send_photo(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "photo")

    @api_method("sendDocument")
    async def send_document(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "document")

    @api_method("sendVideo")
    async def send_video(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "video")

    @api_method("sendAnimation")
    async def send_animation(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "animation")

    @api_method("sendAudio")
    async def send_audio(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "audio")

    @api_method("sendVoice")
    async def send_voice(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "voice")

    @api_method("sendVideoNote")
    async def send_video_note(self, call: ApiCall) -> Any:
        """Message."""
        return await self._sending.send(call, await self._media(call.bot_id, call.parameters, "video_note"), "")

    @api_method("sendSticker")
    async def send_sticker(self, call: ApiCall) -> Any:
        """Message."""
        return await self._sending.send(call, await self._media(call.bot_id, call.parameters, "sticker"), "")

    async def _captioned(self, call: ApiCall, kind: str) -> Any:
        text, entities, tags = captioned(call.parameters)
        media = await self._media(call.bot_id, call.parameters, kind)
        return await self._sending.send(call, media, text, entities, tags)

    @api_method("sendMediaGroup")
    async def send_media_group(self, call: ApiCall) -> Any:
        """Array of Message."""
        given = call.parameters.object("media")
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise bad_request("can't parse media JSON object: an Array of InputMedia was expected")
        if not 2 <= len(given) <= 10:
            raise bad_request("there must be from 2 to 10 messages in a media group")
        items = []
        for one in given:
            kind = str(one.get("type") or "")
            if kind != "photo" and kind not in ("video", "audio", "document", "animation"):
                raise bad_request("type of the media can't be used in an album")
            inner = call.parameters.inner({**one, kind: one.get("media")})
            items.append((await self._media(call.bot_id, inner, kind), captioned(inner)))
        return await self._sending.send_album(call, items)

    @api_method("sendLocation")
    async def send_location(self, call: ApiCall) -> Any:
        """Message."""
        if call.parameters.has("live_period"):
            raise bad_request("live locations are not available on this server")
        return await self._sending.send(call, Media(place=_place(call.parameters)), "")

    @api_method("sendVenue")
    async def send_venue(self, call: ApiCall) -> Any:
        """Message."""
        given, point = call.parameters, _place(call.parameters)
        title = given.text("title").strip()[:256]
        if not title:
            raise bad_request("title is empty")
        provider = "foursquare" if given.has("foursquare_id") else "gplaces" if given.has("google_place_id") else ""
        prefix = "foursquare" if provider == "foursquare" else "google_place"
        place = Place(
            point.latitude,
            point.longitude,
            point.accuracy,
            title,
            given.text("address")[:256],
            provider,
            given.text(f"{prefix}_id")[:256],
            given.text(f"{prefix}_type")[:256],
        )
        return await self._sending.send(call, Media(place=place), "")

    @api_method("sendContact")
    async def send_contact(self, call: ApiCall) -> Any:
        """Message."""
        given = call.parameters
        phone = given.text("phone_number").strip()[:32]
        if not phone:
            raise bad_request("phone number is empty")
        card = ContactCard(
            phone, given.text("first_name")[:64], given.text("last_name")[:64], given.text("vcard")[:4096]
        )
        return await self._sending.send(call, Media(contact=card), "")

    @api_method("sendDice")
    async def send_dice(self, call: ApiCall) -> Any:
        """Message."""
        dice = throw(call.parameters.text("emoji") or "🎲")
        if dice is None:
            raise bad_request("EMOTICON_INVALID")
        return await self._sending.send(call, Media(dice=dice), "")

    @api_method("getFile")
    async def get_file(self, call: ApiCall) -> Any:
        """File."""
        return await self._downloads.told(call.bot_id, call.parameters.text("file_id"))

    # From what a bot gives to media

    async def _media(self, bot_id: int, given: Parameters, kind: str) -> Media:
        spoiler = given.flag("has_spoiler")
        written = given.text(kind).strip()
        attached = given.files.get(written.removeprefix(_ATTACHED)) if written.startswith(_ATTACHED) else None
        file = attached or given.files.get(kind)
        if file is not None:
            return await self._uploaded(bot_id, given, kind, file, spoiler)
        if not written:
            raise bad_request(f"there is no {kind.replace('_', ' ')} in the request")
        if "://" in written:
            raise bad_request("wrong type of the web page content")
        named = self._ids.open(bot_id, written)
        if named.protected:
            raise bad_request("message can't be forwarded")
        found = await self._downloads.file(named)
        if isinstance(found, Photo) != (kind == "photo"):
            actual = "Photo" if isinstance(found, Photo) else "Document"
            raise bad_request(f"can't use file of type {actual} as {kind.replace('_', ' ').title().replace(' ', '')}")
        if isinstance(found, Photo):
            return Media(photo=found, spoiler=spoiler)
        return Media(document=found, spoiler=spoiler)

    async def _uploaded(self, bot_id: int, given: Parameters, kind: str, file: UploadedFile, spoiler: bool) -> Media:
        if file.size > (MAX_PHOTO if kind == "photo" else MAX_UPLOAD):
            raise bad_request("file is too big")
        kept = await self._kept(bot_id, file)
        files = self._domain.filing.files
        if kind == "photo":
            return Media(photo=await files.make_photo(bot_id, kept), spoiler=spoiler)
        make, usual = _KINDS[kind]
        name = _NO_NAME.sub("_", file.name)[:255]
        attributes = (*make(given), Attribute("filename", file_name=name))
        mime_type = file.content_type.lower()
        if usual and mime_type in ("application/octet-stream", ""):
            mime_type = usual
        if _MIME_TYPE.fullmatch(mime_type) is None:
            mime_type = "application/octet-stream"
        thumb = await self._thumb(bot_id, given)
        document: Document = await files.make_document(bot_id, kept, mime_type, attributes, thumb)
        return Media(document=document, spoiler=spoiler)

    async def _thumb(self, bot_id: int, given: Parameters) -> Uploaded | None:
        written = given.text("thumbnail")
        file = given.files.get(written.removeprefix(_ATTACHED)) if written else given.files.get("thumbnail")
        return await self._kept(bot_id, file) if file is not None and 0 < file.size <= 200 * 1024 else None

    async def _kept(self, bot_id: int, file: UploadedFile) -> Uploaded:
        """The bytes as an upload of the bot's: they count as anybody's."""
        if not file.size:
            raise bad_request("file must be non-empty")
        uploads, file_id, number = self._domain.filing.uploads, secrets.randbits(62) + 1, 0
        while piece := file.content.read(MAX_PART):
            await uploads.save_part(bot_id, file_id, number, piece)
            number += 1
        return await uploads.finish(bot_id, file_id, number)


def _place(given: Parameters) -> Place:
    latitude, longitude = given.decimal("latitude"), given.decimal("longitude")
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise bad_request("wrong location specified")
    accuracy = min(max(given.number("horizontal_accuracy"), 0), 1500)
    return Place(latitude, longitude, accuracy)
