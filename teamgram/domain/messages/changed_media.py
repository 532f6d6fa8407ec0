"""What a message carries after its author has changed that: pure functions over the message and what is to come."""

from dataclasses import dataclass

from msgspec.structs import replace

from teamgram.domain.boxes.media import Media, Place
from teamgram.domain.boxes.message import Message
from teamgram.domain.messages.errors import (
    AlbumMediaInvalid,
    MediaNotChangeable,
    MessageEditTimeExpired,
    NewMediaInvalid,
)


@dataclass(frozen=True, slots=True)
class Move:
    """Where somebody is now whose location is live.

    Attributes:
        place: None keeps it.
        heading, proximity: None keeps what was said.
        stopped: it moves no more.
    """

    place: Place | None = None
    heading: int | None = None
    proximity: int | None = None
    stopped: bool = False


def _kind(media: Media) -> str:
    """What may take another one's place: "visual", "gif", "audio" or "file"; nothing for what stays as it was sent."""
    if media.photo is not None:
        return "visual"
    document = media.document
    if document is None or media.played or document.attribute("sticker") is not None:
        return ""
    if document.attribute("animated") is not None:
        return "gif"
    if document.attribute("video") is not None:
        return "visual"
    return "audio" if document.attribute("audio") is not None else "file"


def check_replaces(message: Message, new: Media) -> None:
    """Put other media in the place of what a message carries, or beside a text.

    Raises:
        MediaNotChangeable: a voice message, a round video, a sticker, a place, a contact or a dice stays what it is.
            A list takes another list's place.
        NewMediaInvalid: one of these, or what ends by itself, cannot come in.
        AlbumMediaInvalid: the others of the album are of another kind.
    """
    old = message.extra.media
    if old is not None and old.todo is not None and new.todo is not None:
        return
    if old is not None and not _kind(old):
        raise MediaNotChangeable(str(message.id))
    if new.ttl or not _kind(new):
        raise NewMediaInvalid(str(message.id))
    if message.extra.grouped_id and old is not None and _kind(old) != _kind(new):
        raise AlbumMediaInvalid(str(message.id))


def with_what_is_done(old: Media | None, new: Media) -> Media:
    """A new list in the place of an old one: what was done of it, and is still in it, is done."""
    if old is None or old.todo is None or new.todo is None:
        return new
    there = {item.id for item in new.todo.items}
    done = tuple(one for one in old.todo.done if one.id in there)
    return replace(new, todo=replace(new.todo, done=done))


def moved(message: Message, move: Move, now: int) -> Media:
    """The live location of a message, moved or stopped.

    Raises:
        MediaNotChangeable: it has none.
        MessageEditTimeExpired: it is over.
    """
    media = message.extra.media
    if media is None or media.place is None or not media.place.period:
        raise MediaNotChangeable(str(message.id))
    place = media.place
    if not place.is_live(message.date, now):
        raise MessageEditTimeExpired(str(message.id))
    if move.place is not None:
        point = move.place
        place = replace(place, latitude=point.latitude, longitude=point.longitude, accuracy=point.accuracy)
    if move.heading is not None:
        place = replace(place, heading=move.heading)
    if move.proximity is not None:
        place = replace(place, proximity=move.proximity)
    if move.stopped:
        # Clients take a period of 0 for broken.
        place = replace(place, period=max(1, now - message.date), proximity=0)
    return replace(media, place=place)
