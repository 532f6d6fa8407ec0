"""What a message carries besides its text: one of the fields of ``Media``."""

import secrets
import zlib

import msgspec

from teamgram.domain.boxes.poll import Poll, Todo
from teamgram.domain.files.file import Document, Photo

FOREVER = 0x7FFFFFFF
"""The period of a live location that does not end by itself (core.telegram.org/api/live-location)."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A point on the globe, in degrees; a venue when it has a title.

    Attributes:
        period: seconds from the sending for which it moves, or ``FOREVER``; 0: it is not live.
        heading: degrees in which it moves, 1 to 360; 0 when that is not known.
        proximity: metres at which its sender wants to be told of the other one; 0 for never.
    """

    latitude: float
    longitude: float
    accuracy: int = 0
    title: str = ""
    address: str = ""
    provider: str = ""
    venue_id: str = ""
    venue_type: str = ""
    period: int = 0
    heading: int = 0
    proximity: int = 0

    def is_live(self, sent_at: int, now: int) -> bool:
        """Whether it may still move, ``now``, if it was sent at that time (both unix seconds)."""
        return self.period == FOREVER or now < sent_at + self.period


class ContactCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody's number and names, as the sender wrote them.

    Attributes:
        user_id: whose number it is, if the sender could find them by it; else 0.
    """

    phone: str
    first_name: str
    last_name: str = ""
    vcard: str = ""
    user_id: int = 0


class Dice(msgspec.Struct, frozen=True):
    """What was thrown, and what this server drew."""

    emoticon: str
    value: int


VIEW_ONCE = 0x7FFFFFFF
"""The ``ttl_seconds`` of what may be looked at once."""

DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}
"""What can be thrown, and how many values it has (core.telegram.org/api/dice)."""


def throw(emoticon: str) -> Dice | None:
    """One throw of it, None of what cannot be thrown."""
    emoticon = emoticon.removesuffix("\ufe0f")
    return Dice(emoticon, secrets.randbelow(DICE[emoticon]) + 1) if emoticon in DICE else None


class WebPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a page that a link leads to.

    Attributes:
        url: as it was asked for; ``shown_url`` as people read it.
        kind: "photo" when the link leads to a picture, else "article".
        pending_since: unix seconds; it has not come yet. 0: it has.
        large: the page wants its picture to be shown large.
    """

    id: int
    url: str
    shown_url: str = ""
    kind: str = ""
    site_name: str = ""
    title: str = ""
    description: str = ""
    author: str = ""
    photo: Photo | None = None
    pending_since: int = 0
    large: bool = False

    @property
    def hash(self) -> int:
        """Another one when the page says something else."""
        said = (self.site_name, self.title, self.description, self.author, self.photo and self.photo.id)
        return zlib.crc32(repr(said).encode()) & 0x7FFFFFFF

    @property
    def is_empty(self) -> bool:
        """There is nothing to show."""
        return not (self.pending_since or self.title or self.description or self.photo)


class LinkPreview(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page under a message, as the sender wants it shown.

    Attributes:
        manual: the sender chose the link; it need not be in the text.
        safe: the link is in the text, so that opening it needs no question.
    """

    page: WebPage
    force_large: bool = False
    force_small: bool = False
    manual: bool = False
    safe: bool = False


class Media(msgspec.Struct, frozen=True, omit_defaults=True):
    """Exactly one of these; ``spoiler`` is for pictures and documents.

    Attributes:
        ttl: seconds for which it may be looked at once it was opened, or ``VIEW_ONCE``; 0: it does not end.
        ended: what it was, in place of it, once that is over: "photo", "video", "round" or "voice".
    """

    photo: Photo | None = None
    document: Document | None = None
    place: Place | None = None
    contact: ContactCard | None = None
    dice: Dice | None = None
    poll: Poll | None = None
    todo: Todo | None = None
    spoiler: bool = False
    ttl: int = 0
    ended: str = ""

    @property
    def played(self) -> str:
        """What it is if it is played or ends by itself: "photo", "video", "round" or "voice"; else nothing."""
        if self.document is not None:
            audio, video = self.document.attribute("audio"), self.document.attribute("video")
            if audio is not None and audio.voice:
                return "voice"
            if video is not None and video.round_message:
                return "round"
            return "video" if self.ttl and video is not None else ""
        return "photo" if self.ttl and self.photo is not None else ""

    def sent_on(self) -> "Media":
        """What of it is sent on: the place where somebody is, and not where they go from there; a list as it stands."""
        if self.todo is not None:
            return Media(todo=msgspec.structs.replace(self.todo, others_append=False, others_complete=False))
        place = self.place
        if place is None or not place.period:
            return self
        return Media(place=Place(place.latitude, place.longitude, place.accuracy))

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called: a file and what is played in it, a place, a person; what a poll asks and a list is of."""
        if self.document is not None and not self.ttl:
            return tuple(
                name
                for attribute in self.document.attributes
                for name in (attribute.file_name, attribute.title, attribute.performer)
                if name
            )
        if self.place is not None:
            return self.place.title, self.place.address
        if self.contact is not None:
            return self.contact.first_name, self.contact.last_name
        if self.poll is not None:
            return self.poll.question, *(answer.text for answer in self.poll.answers)
        if self.todo is not None:
            return self.todo.title, *(item.text for item in self.todo.items)
        return ()

    def after_its_end(self) -> "Media":
        """What is left of it."""
        return Media(ended=self.played or self.ended, ttl=self.ttl)
