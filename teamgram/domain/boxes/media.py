"""What a message carries besides its text: one of the fields of ``Media``."""

import msgspec

from teamgram.domain.files.file import Document, Photo


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A point on the globe, in degrees; a venue when it has a title."""

    latitude: float
    longitude: float
    accuracy: int = 0
    title: str = ""
    address: str = ""
    provider: str = ""
    venue_id: str = ""
    venue_type: str = ""


class ContactCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody's number and names, as the sender wrote them."""

    phone: str
    first_name: str
    last_name: str = ""
    vcard: str = ""


class Dice(msgspec.Struct, frozen=True):
    """What was thrown, and what this server drew."""

    emoticon: str
    value: int


class Media(msgspec.Struct, frozen=True, omit_defaults=True):
    """Exactly one of these; ``spoiler`` is for pictures and documents."""

    photo: Photo | None = None
    document: Document | None = None
    place: Place | None = None
    contact: ContactCard | None = None
    dice: Dice | None = None
    spoiler: bool = False
