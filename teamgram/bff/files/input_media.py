"""From what a client wants to send to media: uploads are put together, files that are named are opened."""

import math
import re
from typing import Any

from msgspec.structs import replace

from teamgram.bff.errors import bad_request
from teamgram.bff.polls.asking import poll_from, todo_from
from teamgram.bff.shared import Shared
from teamgram.domain.boxes.media import FOREVER, VIEW_ONCE, ContactCard, Media, Place, throw
from teamgram.domain.files.errors import FileNotFound
from teamgram.domain.files.file import Attribute, Document, File, Photo
from teamgram.domain.files.files import Named
from teamgram.domain.files.upload_store import Upload
from teamgram.domain.files.uploads import Uploaded
from teamgram.domain.messages.changed_media import Move
from teamgram.domain.web_pages.errors import PageUrlInvalid
from teamgram.interfaces.rpc import RpcMetadata

MAX_ATTRIBUTES = 16
MAX_TTL = 60
"""Seconds for which media that ends may be looked at (TDLib, ``messageSelfDestructTypeTimer``)."""
MIN_LIVE, MAX_LIVE = 60, 86_400
"""Seconds for which a location may be live (core.telegram.org/api/live-location)."""
MAX_PROXIMITY = 100_000
"""Metres (TDLib, ``inputMessageLocation.proximity_alert_radius``)."""
_MAX_NAME = 255
_MAX_TEXT = 256
_MAX_VCARD = 4096
_MAX_WAVEFORM = 1024
_MAX_SIDE = 65_535
_MAX_SECONDS = 1e7

_MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,62}/[a-z0-9][a-z0-9.+_-]{0,62}")
_NO_NAME = re.compile(r"[\x00-\x1f\x7f/\\]")

_ATTRIBUTES = frozenset({"imageSize", "animated", "hasStickers", "filename", "sticker", "audio", "video"})


class InputMediaReader:
    """Makes media for whoever sends it."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def media(
        self, caller: RpcMetadata, view: Any, made: list[File] | None = None, upload: Upload | None = None
    ) -> Media:
        """What an ``InputMedia`` says.

        Args:
            made: is given the files that were made and are still to be written, with the message that has them;
                None: they are written now.
            upload: what there is of ``view.file``, if that was looked at just now.

        Raises:
            RpcError: it cannot be sent (``MEDIA_EMPTY``, ``MEDIA_INVALID``, ``TTL_MEDIA_INVALID``, …).
            FilePartMissing, ChecksumInvalid, PhotoTypeInvalid, FileReferenceExpired, …: see ``Uploads.finish``,
                ``Files.make_photo`` and ``FileAccess.open``.
        """
        make = getattr(self, f"_{view.NAME}", None)
        if make is None:
            raise bad_request("MEDIA_EMPTY" if view.NAME == "inputMediaEmpty" else "MEDIA_INVALID")
        ttl = getattr(view, "ttl_seconds", None) or 0
        if ttl != VIEW_ONCE and not 0 <= ttl <= MAX_TTL:
            raise bad_request("TTL_MEDIA_INVALID")
        media: Media
        if upload is not None and view.NAME in ("inputMediaUploadedPhoto", "inputMediaUploadedDocument"):
            media = await make(caller, view, made, upload)
        else:
            media = await make(caller, view, made)
        if not ttl:
            return media
        media = replace(media, ttl=ttl)
        if not media.played:
            raise bad_request("TTL_MEDIA_INVALID")
        return media

    async def file(self, caller: RpcMetadata, view: Any, upload: Upload | None = None) -> Uploaded:
        """The bytes of an ``InputFile``.

        Raises:
            RpcError: ``FILE_ID_INVALID``: not one that was uploaded.
            FilePartsInvalid, FilePartMissing, ChecksumInvalid, …: see ``Uploads.finish``.
        """
        if view.NAME not in ("inputFile", "inputFileBig"):
            raise bad_request("FILE_ID_INVALID")
        md5 = view.md5_checksum if view.NAME == "inputFile" else ""
        return await self._shared.domain.filing.uploads.finish(caller.user_id, view.id, view.parts, md5, upload)

    async def _inputMediaUploadedPhoto(
        self, caller: RpcMetadata, view: Any, made: list[File] | None, upload: Upload | None = None
    ) -> Media:
        kept = await self.file(caller, view.file, upload)
        photo = await self._shared.domain.filing.files.make_photo(caller.user_id, kept, made)
        return Media(photo=photo, spoiler=view.spoiler)

    async def _inputMediaUploadedDocument(
        self, caller: RpcMetadata, view: Any, made: list[File] | None, upload: Upload | None = None
    ) -> Media:
        kept = await self.file(caller, view.file, upload)
        thumb = await self.file(caller, view.thumb) if view.thumb is not None else None
        mime_type = view.mime_type.strip().lower()
        if _MIME_TYPE.fullmatch(mime_type) is None:
            mime_type = "application/octet-stream"
        document = await self._shared.domain.filing.files.make_document(
            caller.user_id, kept, mime_type, attributes_from(view.attributes), thumb, made
        )
        return Media(document=document, spoiler=view.spoiler)

    async def _inputMediaPhoto(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        photo = await self._named(caller, "photo", view.id)
        assert isinstance(photo, Photo)
        return Media(photo=photo, spoiler=view.spoiler)

    async def _inputMediaDocument(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        document = await self._named(caller, "document", view.id)
        assert isinstance(document, Document)
        return Media(document=document, spoiler=view.spoiler)

    async def _named(self, caller: RpcMetadata, kind: str, view: Any) -> Document | Photo:
        if view.NAME not in ("inputPhoto", "inputDocument"):
            raise bad_request("MEDIA_EMPTY")
        named = Named(kind, view.id, view.access_hash, view.file_reference)
        try:
            return await self._shared.domain.access.open(caller.user_id, named, self._shared.now(), to_send=True)
        except FileNotFound:
            raise bad_request("DOCUMENT_INVALID" if kind == "document" else "MEDIA_INVALID") from None

    async def _inputMediaGeoPoint(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        return Media(place=_place(view.geo_point))

    async def _inputMediaGeoLive(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        period = view.period or 0
        if period != FOREVER and not MIN_LIVE <= period <= MAX_LIVE:
            raise bad_request("MEDIA_INVALID")
        move = move_from(view)
        if move.place is None or move.stopped:
            raise bad_request("GEO_POINT_INVALID")
        return Media(place=replace(move.place, period=period, heading=move.heading or 0, proximity=move.proximity or 0))

    async def _inputMediaPhotoExternal(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        try:
            photo = await self._shared.domain.external.photo(caller.user_id, view.url)
        except PageUrlInvalid:
            raise bad_request("EXTERNAL_URL_INVALID") from None
        return Media(photo=photo, spoiler=view.spoiler)

    async def _inputMediaDocumentExternal(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        try:
            document = await self._shared.domain.external.document(caller.user_id, view.url)
        except PageUrlInvalid:
            raise bad_request("EXTERNAL_URL_INVALID") from None
        return Media(document=document, spoiler=view.spoiler)

    async def _inputMediaVenue(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        point = _place(view.geo_point)
        title = view.title.strip()[:_MAX_TEXT]
        if not title:
            raise bad_request("MEDIA_INVALID")
        return Media(
            place=Place(
                point.latitude,
                point.longitude,
                point.accuracy,
                title,
                view.address[:_MAX_TEXT],
                view.provider[:_MAX_TEXT],
                view.venue_id[:_MAX_TEXT],
                view.venue_type[:_MAX_TEXT],
            )
        )

    async def _inputMediaContact(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        if not view.phone_number.strip():
            raise bad_request("MEDIA_INVALID")
        found = await self._shared.domain.numbers.find(caller.user_id, view.phone_number)
        return Media(
            contact=ContactCard(
                view.phone_number.strip()[:32],
                view.first_name[:64],
                view.last_name[:64],
                view.vcard[:_MAX_VCARD],
                found.id if found is not None else 0,
            )
        )

    async def _inputMediaDice(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        dice = throw(view.emoticon)
        if dice is None:
            raise bad_request("EMOTICON_INVALID")
        return Media(dice=dice)

    async def _inputMediaPoll(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        return Media(poll=poll_from(caller.user_id, view, self._shared.now()))

    async def _inputMediaTodo(self, caller: RpcMetadata, view: Any, made: list[File] | None) -> Media:
        return Media(todo=todo_from(view))


def move_from(view: Any) -> Move:
    """What an ``inputMediaGeoLive`` says of somebody who is under way.

    Raises:
        RpcError: ``GEO_POINT_INVALID``.
    """
    heading, proximity = view.heading, view.proximity_notification_radius
    return Move(
        None if view.geo_point.NAME == "inputGeoPointEmpty" else _place(view.geo_point),
        None if heading is None else min(max(0, heading), 360),
        None if proximity is None else min(max(0, proximity), MAX_PROXIMITY),
        bool(view.stopped),
    )


def _place(view: Any) -> Place:
    if view.NAME != "inputGeoPoint" or not (abs(view.lat) <= 90 and abs(view.long) <= 180):
        raise bad_request("GEO_POINT_INVALID")
    return Place(view.lat, view.long, min(max(0, view.accuracy_radius or 0), 1500))


def _side(value: int | None) -> int:
    return min(max(0, value or 0), _MAX_SIDE)


def _seconds(value: float) -> float:
    return float(value) if math.isfinite(value) and 0 <= value <= _MAX_SECONDS else 0.0


def attributes_from(views: list[Any]) -> tuple[Attribute, ...]:
    """What a client says of a document, each kind once, within bounds; a name is no path."""
    found: dict[str, Attribute] = {}
    for view in views[:MAX_ATTRIBUTES]:
        kind = view.NAME.removeprefix("documentAttribute")
        kind = kind[0].lower() + kind[1:]
        if kind not in _ATTRIBUTES:
            continue
        file_name = _NO_NAME.sub("_", getattr(view, "file_name", None) or "")[:_MAX_NAME]
        if kind == "filename":
            # Every document has one, and it says no more.
            if file_name:
                found[kind] = Attribute(kind, file_name=file_name)
            continue
        found[kind] = Attribute(
            kind,
            file_name=file_name,
            w=_side(getattr(view, "w", 0)),
            h=_side(getattr(view, "h", 0)),
            seconds=_seconds(getattr(view, "duration", 0)),
            voice=bool(getattr(view, "voice", False)),
            round_message=bool(getattr(view, "round_message", False)),
            supports_streaming=bool(getattr(view, "supports_streaming", False)),
            nosound=bool(getattr(view, "nosound", False)),
            preload_prefix_size=max(0, getattr(view, "preload_prefix_size", 0) or 0),
            title=(getattr(view, "title", None) or "")[:_MAX_TEXT],
            performer=(getattr(view, "performer", None) or "")[:_MAX_TEXT],
            waveform=(getattr(view, "waveform", None) or b"")[:_MAX_WAVEFORM],
            alt=(getattr(view, "alt", None) or "")[:32],
            mask=bool(getattr(view, "mask", False)),
        )
    return tuple(found.values())
