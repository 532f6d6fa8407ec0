"""``file_id`` and ``file_unique_id``: which file, sealed for one bot, and a name that is the same for all.

A ``file_id`` holds the kind of file, its id, the size that is meant and a mark by the server's key over these and the
bot's id, so that it is the same whenever the same bot is told of the same file and opens nothing for another.
"""

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass

from teamgram.bots.errors import bad_request

KEY_NAME = "bot_files.key"
"""Below the data directory."""

_VERSION = 1
_MARK = 12
_KINDS = {"photo": 1, "document": 2}
_NAMES = {number: kind for kind, number in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class FileId:
    """A file as a bot names it.

    Attributes:
        kind: "photo" or "document".
        size_type: the letter of a photo's size or of a document's thumb, or nothing.
        protected: it came in a message that must not be sent on.
    """

    kind: str
    id: int
    size_type: str = ""
    protected: bool = False


class FileIds:
    """Makes and opens them."""

    def __init__(self, key: bytes) -> None:
        """Args:
        key: the server's own, for these alone.
        """
        self._key = key

    def make(self, bot_id: int, file: FileId) -> str:
        """The ``file_id`` that a bot is told."""
        body = struct.pack("<BBq", _VERSION, _KINDS[file.kind] | file.protected << 7, file.id) + file.size_type.encode()
        return _text(body + self._mark(bot_id, body))

    def unique(self, file: FileId) -> str:
        """The ``file_unique_id``, which opens nothing."""
        body = f"{file.kind}:{file.id}:{file.size_type}".encode()
        return _text(hmac.digest(self._key, b"unique" + body, "sha256")[:9])

    def open(self, bot_id: int, text: str) -> FileId:
        """Which file is meant.

        Raises:
            ApiError: not one of this bot's.
        """
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) < 200 else b""
        except ValueError:
            raw = b""
        body, mark = raw[:-_MARK], raw[-_MARK:]
        if len(body) < 10 or not hmac.compare_digest(mark, self._mark(bot_id, body)):
            raise bad_request("wrong file identifier/HTTP URL specified")
        version, kind, file_id = struct.unpack_from("<BBq", body)
        name = _NAMES.get(kind & 0x7F)
        if version != _VERSION or name is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return FileId(name, file_id, body[10:].decode("ascii", "replace"), bool(kind >> 7))

    def _mark(self, bot_id: int, body: bytes) -> bytes:
        return hmac.digest(self._key, struct.pack("<q", bot_id) + body, hashlib.sha256)[:_MARK]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
