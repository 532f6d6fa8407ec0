"""What a message carries besides text, as the Bot API's fields."""

from typing import Any

from teamgram.bots.file_ids import FileId, FileIds
from teamgram.domain.boxes.media import Media, Place
from teamgram.domain.files.file import Document, Photo, PhotoSize

_SQUARES = frozenset("abc")
"""Sizes that are shown as somebody's picture only."""


class MediaViews:
    """Draws them for one bot at a time: a ``file_id`` is its bot's."""

    def __init__(self, file_ids: FileIds) -> None:
        self._ids = file_ids

    def fields(self, bot_id: int, media: Media, *, protected: bool = False) -> dict[str, Any]:
        """The fields of ``Message``; what is ``protected`` cannot be sent on by its ``file_id``."""
        if media.photo is not None:
            told: dict[str, Any] = {"photo": self.sizes(bot_id, media.photo, protected=protected)}
        elif media.document is not None:
            told = self._document_fields(bot_id, media.document, protected)
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

    def _size(self, bot_id: int, file: FileId, size: PhotoSize) -> dict[str, Any]:
        return self._named(bot_id, file, size.size) | {"width": size.w, "height": size.h}

    def _named(self, bot_id: int, file: FileId, size: int) -> dict[str, Any]:
        return {"file_id": self._ids.make(bot_id, file), "file_unique_id": self._ids.unique(file), "file_size": size}

    def _document_fields(self, bot_id: int, document: Document, protected: bool) -> dict[str, Any]:
        told = self._named(bot_id, FileId("document", document.id, "", protected), document.size)
        if document.thumbs:
            largest = max(document.thumbs, key=lambda one: one.w * one.h)
            thumbnail = self._size(bot_id, FileId("document", document.id, largest.type, protected), largest)
            told |= {"thumbnail": thumbnail, "thumb": thumbnail}
        name, video, audio = (document.attribute(kind) for kind in ("filename", "video", "audio"))
        sticker, size = document.attribute("sticker"), document.attribute("imageSize")
        named = {"file_name": name.file_name} if name is not None else {}
        mime = {"mime_type": document.mime_type} if document.mime_type else {}
        if sticker is not None:
            shape = video or size
            return {
                "sticker": told
                | {
                    "width": shape.w if shape is not None else 512,
                    "height": shape.h if shape is not None else 512,
                    "emoji": sticker.alt,
                    "is_animated": document.mime_type == "application/x-tgsticker",
                    "is_video": document.mime_type == "video/webm",
                    "type": "regular",
                }
            }
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
    if not place.title:
        return {"location": location}
    venue: dict[str, Any] = {"location": location, "title": place.title, "address": place.address}
    if place.provider in ("foursquare", "gplaces") and place.venue_id:
        prefix = "foursquare" if place.provider == "foursquare" else "google_place"
        venue |= {f"{prefix}_id": place.venue_id}
        if place.venue_type:
            venue[f"{prefix}_type"] = place.venue_type
    return {"location": location, "venue": venue}
