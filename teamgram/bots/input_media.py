"""From what a bot gives (a ``file_id``, an upload, an address) to what a message carries."""

import re
import secrets
from collections.abc import Callable

from teamgram.bots.downloads import Downloads
from teamgram.bots.errors import bad_request
from teamgram.bots.file_ids import FileIds
from teamgram.bots.parameters import Parameters, UploadedFile
from teamgram.domain.boxes.media import FOREVER, Media, Place
from teamgram.domain.domain import Domain
from teamgram.domain.files.file import Attribute, Document, File, Photo
from teamgram.domain.files.settings import MAX_PART
from teamgram.domain.files.uploads import Uploaded

MAX_UPLOAD = 50 << 20
"""Bytes (core.telegram.org/bots/api#sending-files)."""
MAX_PHOTO = 10 << 20
MAX_THUMB = 200 << 10
MIN_LIVE, MAX_LIVE = 60, 86_400
"""Seconds for which a location may be live (core.telegram.org/bots/api#sendlocation)."""
MAX_PROXIMITY = 100_000

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


class GivenMedia:
    """Opens and keeps the files of calls."""

    def __init__(self, domain: Domain, file_ids: FileIds, downloads: Downloads) -> None:
        self._domain = domain
        self._ids = file_ids
        self._downloads = downloads

    async def media(self, bot_id: int, given: Parameters, kind: str) -> Media:
        """What the parameter ``kind`` means: a photo, or a document of that kind.

        Raises:
            ApiError: nothing that can be sent.
            PhotoTypeInvalid, ImageInvalid, StorageFull, QuotaExceeded, …: see ``Uploads`` and ``Files``.
            ExternalFilesOff, PageNotFetched, …: see ``ExternalFiles``.
        """
        spoiler = given.flag("has_spoiler")
        file = self.upload(given, kind)
        if file is not None:
            return await self._uploaded(bot_id, given, kind, file, spoiler)
        written = given.text(kind).strip()
        if not written:
            raise bad_request(f"there is no {kind.replace('_', ' ')} in the request")
        found: File
        if "://" in written and not written.startswith(_ATTACHED):
            found = await self._fetched(bot_id, given, kind, written)
        else:
            found = await self.named(bot_id, written)
        if isinstance(found, Photo) != (kind == "photo"):
            actual = "Photo" if isinstance(found, Photo) else "Document"
            raise bad_request(f"can't use file of type {actual} as {kind.replace('_', ' ').title().replace(' ', '')}")
        if isinstance(found, Photo):
            return Media(photo=found, spoiler=spoiler)
        return Media(document=found, spoiler=spoiler)

    async def named(self, bot_id: int, file_id: str) -> File:
        """The file of a ``file_id``, to be sent on.

        Raises:
            ApiError: not this bot's, or it came in what must not be sent on.
            FileNotFound: it is gone.
        """
        named = self._ids.open(bot_id, file_id)
        if named.protected:
            raise bad_request("message can't be forwarded")
        return await self._downloads.file(named)

    async def document(self, bot_id: int, given: Parameters, name: str, mime_type: str = "") -> Document:
        """A file as it is, of a parameter: for stickers.

        Args:
            mime_type: what it is taken for; nothing: as its upload says.

        Raises:
            ApiError: there is none, or a photo.
        """
        file = self.upload(given, name)
        if file is not None:
            kept = await self.kept(bot_id, file, MAX_UPLOAD)
            return await self._domain.filing.files.make_document(
                bot_id, kept, mime_type or _mime_type(file, ""), (), None
            )
        written = given.text(name).strip()
        if not written:
            raise bad_request(f"there is no {name} in the request")
        if "://" in written and not written.startswith(_ATTACHED):
            return await self._domain.external.document(bot_id, written)
        found = await self.named(bot_id, written)
        if not isinstance(found, Document):
            raise bad_request("can't use file of type Photo as Sticker")
        return found

    def upload(self, given: Parameters, name: str) -> UploadedFile | None:
        """The file that came with the call for a parameter, by its name or by ``attach://``."""
        written = given.text(name).strip()
        attached = given.files.get(written.removeprefix(_ATTACHED)) if written.startswith(_ATTACHED) else None
        return attached or given.files.get(name)

    async def kept(self, bot_id: int, file: UploadedFile, most: int) -> Uploaded:
        """The bytes as an upload of the bot's: they count as anybody's.

        Raises:
            ApiError: none, or more than ``most``.
        """
        if file.size > most:
            raise bad_request("file is too big")
        if not file.size:
            raise bad_request("file must be non-empty")
        uploads, file_id, number = self._domain.filing.uploads, secrets.randbits(62) + 1, 0
        while piece := file.content.read(MAX_PART):
            await uploads.save_part(bot_id, file_id, number, piece)
            number += 1
        return await uploads.finish(bot_id, file_id, number)

    async def _fetched(self, bot_id: int, given: Parameters, kind: str, url: str) -> File:
        if kind == "photo":
            return await self._domain.external.photo(bot_id, url)
        return await self._domain.external.document(bot_id, url, _KINDS[kind][0](given))

    async def _uploaded(self, bot_id: int, given: Parameters, kind: str, file: UploadedFile, spoiler: bool) -> Media:
        kept = await self.kept(bot_id, file, MAX_PHOTO if kind == "photo" else MAX_UPLOAD)
        files = self._domain.filing.files
        if kind == "photo":
            return Media(photo=await files.make_photo(bot_id, kept), spoiler=spoiler)
        make, usual = _KINDS[kind]
        name = _NO_NAME.sub("_", file.name)[:255]
        attributes = (*make(given), Attribute("filename", file_name=name))
        thumb = self.upload(given, "thumbnail")
        small = await self.kept(bot_id, thumb, MAX_THUMB) if thumb is not None and 0 < thumb.size <= MAX_THUMB else None
        document: Document = await files.make_document(bot_id, kept, _mime_type(file, usual), attributes, small)
        return Media(document=document, spoiler=spoiler)


def _mime_type(file: UploadedFile, usual: str) -> str:
    """What it is taken for: ``usual`` where its bot does not say."""
    mime_type = file.content_type.lower()
    if usual and mime_type in ("application/octet-stream", ""):
        return usual
    return mime_type if _MIME_TYPE.fullmatch(mime_type) is not None else "application/octet-stream"


def point_of(given: Parameters) -> Place:
    """``latitude`` and ``longitude``.

    Raises:
        ApiError: no place on the globe.
    """
    latitude, longitude = given.decimal("latitude"), given.decimal("longitude")
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise bad_request("wrong location specified")
    accuracy = min(max(given.number("horizontal_accuracy"), 0), 1500)
    return Place(latitude, longitude, accuracy)


def live_place_of(given: Parameters) -> Place:
    """A location, live if there is a ``live_period``.

    Raises:
        ApiError: no place on the globe, or no such period.
    """
    point, period = point_of(given), given.number("live_period")
    if not period:
        return point
    if period != FOREVER and not MIN_LIVE <= period <= MAX_LIVE:
        raise bad_request("invalid live period specified")
    return Place(
        point.latitude,
        point.longitude,
        point.accuracy,
        period=period,
        heading=heading_of(given),
        proximity=proximity_of(given),
    )


def heading_of(given: Parameters) -> int:
    """Degrees, 0 for none.

    Raises:
        ApiError: no such direction.
    """
    heading = given.number("heading")
    if heading and not 1 <= heading <= 360:
        raise bad_request("invalid heading specified")
    return heading


def proximity_of(given: Parameters) -> int:
    """Metres, 0 for never.

    Raises:
        ApiError: too far.
    """
    radius = given.number("proximity_alert_radius")
    if not 0 <= radius <= MAX_PROXIMITY:
        raise bad_request("invalid proximity alert radius specified")
    return radius
