"""What a message carries besides text, as the Bot API's fields."""

from collections.abc import Mapping
from typing import Any

from teamgram.bots.file_ids import FileId, FileIds
from teamgram.domain.boxes.media import Media, Place
from teamgram.domain.files.file import BIG, SMALL, Avatar, Document, Photo, PhotoSize
from teamgram.domain.stickers.making import thumb_size
from teamgram.domain.stickers.sticker_set import EMOJI, WholeSet

MASK_POINTS = ("forehead", "eyes", "mouth", "chin")
"""By TL's numbers for them."""

_SQUARES = frozenset("abc")
"""Sizes that are shown as somebody's picture only."""


class MediaViews:
    """Draws them for one bot at a time: a ``file_id`` is its bot's."""

    def __init__(self, file_ids: FileIds) -> None:
        self._ids = file_ids

    def fields(
        self, bot_id: int, media: Media, *, protected: bool = False, sets: Mapping[int, str] | None = None
    ) -> dict[str, Any]:
        """The fields of ``Message``; what is ``protected`` cannot be sent on by its ``file_id``.

        Args:
            sets: names of sticker sets, by id.
        """
        if media.photo is not None:
            told: dict[str, Any] = {"photo": self.sizes(bot_id, media.photo, protected=protected)}
        elif media.document is not None:
            told = self._document_fields(bot_id, media.document, protected, sets or {})
        elif media.place is not None:
            return _place_fields(media.place)
        elif media.contact is not None:
            card = media.contact
            contact = {"phone_number": card.phone, "first_name": card.first_name}
            more = {"last_name": card.last_name, "user_id": card.user_id, "vcard": card.vcard}
            return {"contact": contact | {name: value for name, value in more.items() if value}}
        elif media.dice is not None:
            return {"dice": {"emoji": media.dice.emoticon, "value": media.dice.value}}
        else:
            return {}
        if media.spoiler:
            told["has_media_spoiler"] = True
        return told

    def sizes(self, bot_id: int, photo: Photo, *, protected: bool = False) -> list[dict[str, Any]]:
        """``Array of PhotoSize``."""
        return [
            self._size(bot_id, FileId("photo", photo.id, one.type, protected), one)
            for one in photo.sizes
            if one.type not in _SQUARES or photo.is_portrait
        ]

    def chat_photo(self, bot_id: int, avatar: Avatar) -> dict[str, str]:
        """``ChatPhoto``."""
        told = {}
        for name, letter in (("small", SMALL), ("big", BIG)):
            file = FileId("photo", avatar.photo_id, letter)
            told[f"{name}_file_id"] = self._ids.make(bot_id, file)
            told[f"{name}_file_unique_id"] = self._ids.unique(file)
        return told

    def _size(self, bot_id: int, file: FileId, size: PhotoSize) -> dict[str, Any]:
        return self._named(bot_id, file, size.size) | {"width": size.w, "height": size.h}

    def _named(self, bot_id: int, file: FileId, size: int) -> dict[str, Any]:
        return {"file_id": self._ids.make(bot_id, file), "file_unique_id": self._ids.unique(file), "file_size": size}

    def file_json(self, bot_id: int, document: Document) -> dict[str, Any]:
        """``File`` without a path."""
        return self._named(bot_id, FileId("document", document.id), document.size)

    def sticker_json(
        self, bot_id: int, document: Document, sets: Mapping[int, str], *, protected: bool = False
    ) -> dict[str, Any]:
        """``Sticker``."""
        told, said = self._with_thumb(bot_id, document, protected), document.sticker
        shape = document.attribute("video") or document.attribute("imageSize")
        told |= {
            "width": shape.w if shape is not None else 512,
            "height": shape.h if shape is not None else 512,
            "is_animated": document.mime_type == "application/x-tgsticker",
            "is_video": document.mime_type == "video/webm",
            "type": "regular",
        }
        if said is None:
            return told
        told |= {"emoji": said.alt} if said.alt else {}
        if said.set_id in sets:
            told["set_name"] = sets[said.set_id]
        if said.kind == "customEmoji":
            told |= {"type": "custom_emoji", "custom_emoji_id": str(document.id)}
            return told | ({"needs_repainting": True} if said.text_color else {})
        if said.mask:
            told["type"] = "mask"
            coords = said.mask_coords
            if coords is not None:
                place = {"x_shift": coords.x, "y_shift": coords.y, "scale": coords.zoom}
                told["mask_position"] = {"point": MASK_POINTS[coords.n], **place}
        return told

    def set_json(self, bot_id: int, whole: WholeSet) -> dict[str, Any]:
        """``StickerSet``."""
        set_, names = whole.set, {whole.set.id: whole.set.short_name}
        told: dict[str, Any] = {
            "name": set_.short_name,
            "title": set_.title,
            "sticker_type": {EMOJI: "custom_emoji"}.get(set_.kind, set_.kind),
            "stickers": [self.sticker_json(bot_id, one.document, names) for one in whole.stickers],
        }
        if set_.thumb is not None:
            size = thumb_size(set_.thumb)
            told["thumbnail"] = self._size(bot_id, FileId("document", set_.thumb.id), size)
        return told

    def _with_thumb(self, bot_id: int, document: Document, protected: bool) -> dict[str, Any]:
        told = self._named(bot_id, FileId("document", document.id, "", protected), document.size)
        if document.thumbs:
            largest = max(document.thumbs, key=lambda one: one.w * one.h)
            thumbnail = self._size(bot_id, FileId("document", document.id, largest.type, protected), largest)
            told |= {"thumbnail": thumbnail, "thumb": thumbnail}
        return told

    def _document_fields(
        self, bot_id: int, document: Document, protected: bool, sets: Mapping[int, str]
    ) -> dict[str, Any]:
        if document.sticker is not None:
            return {"sticker": self.sticker_json(bot_id, document, sets, protected=protected)}
        told = self._with_thumb(bot_id, document, protected)
        name, video, audio = (document.attribute(kind) for kind in ("filename", "video", "audio"))
        size = document.attribute("imageSize")
        named = {"file_name": name.file_name} if name is not None else {}
        mime = {"mime_type": document.mime_type} if document.mime_type else {}
        if video is not None and video.round_message:
            return {"video_note": told | {"duration": int(video.seconds), "length": video.w}}
        if document.attribute("animated") is not None:
            shape = video or size
            moving = {
                "duration": int(video.seconds) if video is not None else 0,
                "width": shape.w if shape is not None else 0,
                "height": shape.h if shape is not None else 0,
            }
            return {"animation": told | named | mime | moving, "document": told | named | mime}
        if video is not None:
            shape_of = {"duration": int(video.seconds), "width": video.w, "height": video.h}
            return {"video": told | named | mime | shape_of}
        if audio is not None and audio.voice:
            return {"voice": told | mime | {"duration": int(audio.seconds)}}
        if audio is not None:
            tags = {"title": audio.title, "performer": audio.performer}
            tagged = {key: value for key, value in tags.items() if value}
            return {"audio": told | named | mime | tagged | {"duration": int(audio.seconds)}}
        return {"document": told | named | mime}


def _place_fields(place: Place) -> dict[str, Any]:
    location: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude}
    if place.accuracy:
        location["horizontal_accuracy"] = place.accuracy
    live = {"live_period": place.period, "heading": place.heading, "proximity_alert_radius": place.proximity}
    location |= {name: value for name, value in live.items() if value}
    if not place.title:
        return {"location": location}
    venue: dict[str, Any] = {"location": location, "title": place.title, "address": place.address}
    if place.provider in ("foursquare", "gplaces") and place.venue_id:
        prefix = "foursquare" if place.provider == "foursquare" else "google_place"
        venue |= {f"{prefix}_id": place.venue_id}
        if place.venue_type:
            venue[f"{prefix}_type"] = place.venue_type
    return {"location": location, "venue": venue}
