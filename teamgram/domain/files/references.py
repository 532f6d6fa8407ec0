"""``file_reference``: what a client shows to get a file's bytes, or to send the file on.

It says where the client was given the file (in which content, or to whom after
an upload) and until when, so that whoever has lost that loses the file. It is signed;
where it was given is covered, for numbers of contents are nobody's business.
"""

import hmac
import secrets
import struct
from functools import lru_cache

import msgspec

from teamgram.domain.files.errors import FileReferenceEmpty, FileReferenceExpired, FileReferenceInvalid

KEY_LENGTH = 32
KEY_NAME = "file_references.key"

IN_CONTENT, TO_UPLOADER, ON_PROFILE, OF_GROUP, OF_CHANNEL = 1, 2, 3, 4, 5
IN_STICKER_SET, SAVED_BY, IN_WALLPAPER, IN_WEB_PAGE = 10, 11, 12, 13
IN_SCHEDULED = 20

_LAYOUT = struct.Struct("<BIq16s")
_NUMBER = struct.Struct("<q")
_SIGNED = struct.Struct("<BIqq")
REMEMBERED = 4096
"""References that are kept at hand."""
_STEPS = 16
"""References of one file given within a sixteenth of their lifetime are equal, so that answers are."""


class Origin(msgspec.Struct, frozen=True):
    """Where a file was given: ``IN_CONTENT`` of that id, or ``TO_UPLOADER`` with that user id.

    Or as a photo ``ON_PROFILE`` of the user, or ``OF_GROUP``, ``OF_CHANNEL``, with that id; ``IN_STICKER_SET``,
    ``SAVED_BY`` a user, …
    """

    kind: int
    id: int


class FileReferences:
    """Signs references with ``key`` and reads them.

    Args:
        lifetime: seconds that a reference holds, at least.
    """

    def __init__(self, key: bytes, lifetime: int) -> None:
        if len(key) != KEY_LENGTH:
            raise ValueError(f"a key has {KEY_LENGTH} bytes")
        # Copied for each reference: with the key hashed already it takes a third of the time.
        self._keyed = hmac.new(key, digestmod="sha256")
        self.lifetime = lifetime
        # A message is drawn for several people, and again whenever somebody looks.
        self._given = lru_cache(REMEMBERED)(self._sign)

    def give(self, file_id: int, origin: Origin, now: int) -> bytes:
        """A reference to a file for whoever is at ``origin``."""
        step = max(1, self.lifetime // _STEPS)
        return self._given(file_id, origin, (now // step + 1) * step + self.lifetime)

    def _sign(self, file_id: int, origin: Origin, expires: int) -> bytes:
        mac = self._mac(origin.kind, expires, origin.id, file_id)
        return _LAYOUT.pack(origin.kind, expires, origin.id ^ self._cover(mac), mac)

    def read(self, reference: bytes, file_id: int, now: int) -> Origin:
        """Where it was given.

        Raises:
            FileReferenceEmpty, FileReferenceInvalid, FileReferenceExpired.
        """
        if not reference:
            raise FileReferenceEmpty
        if len(reference) != _LAYOUT.size:
            raise FileReferenceInvalid
        kind, expires, covered, mac = _LAYOUT.unpack(reference)
        origin_id = covered ^ self._cover(mac)
        if not hmac.compare_digest(mac, self._mac(kind, expires, origin_id, file_id)):
            raise FileReferenceInvalid
        if expires <= now:
            raise FileReferenceExpired
        return Origin(kind, origin_id)

    def _mac(self, kind: int, expires: int, origin_id: int, file_id: int) -> bytes:
        return self._digest(_SIGNED.pack(kind, expires, origin_id, file_id))[:16]

    def _cover(self, mac: bytes) -> int:
        cover: int = _NUMBER.unpack_from(self._digest(b"origin" + mac))[0]
        return cover

    def _digest(self, signed: bytes) -> bytes:
        digest = self._keyed.copy()
        digest.update(signed)
        return digest.digest()


def new_key() -> bytes:
    """A key that nobody knows."""
    return secrets.token_bytes(KEY_LENGTH)
