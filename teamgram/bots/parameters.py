"""The parameters of a call, whichever of the ways they came by: query, form, JSON or multipart.

As on the original a number may be text and text a number; what is an object may be JSON text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from teamgram.bots.errors import bad_request
from teamgram.bots.table import Declared

_decode = msgspec.json.Decoder().decode

_MAX_NUMBER = 2**63
_TRUE = frozenset({"true", "yes", "1", "y", "on"})


class Content(Protocol):
    """Bytes that are read from their beginning."""

    def read(self, size: int = -1, /) -> bytes:
        """So many more, or all."""


@dataclass(slots=True)
class UploadedFile:
    """A file that came with a call.

    Attributes:
        content: at its beginning; there while the call lasts.
        size: bytes.
    """

    name: str
    content_type: str
    content: Content
    size: int


class Parameters:
    """What a bot asks with."""

    def __init__(self, declared: Declared, given: Mapping[str, Any], files: Mapping[str, UploadedFile]) -> None:
        self._declared = declared
        self._given = given
        self.files = files

    def inner(self, given: Mapping[str, Any]) -> "Parameters":
        """Those of an object inside the call, with the call's files."""
        return Parameters(self._declared, given, self.files)

    def has(self, name: str) -> bool:
        """Whether it is there at all."""
        return self._given.get(name) not in (None, "") or name in self.files

    def text(self, name: str, default: str = "") -> str:
        """As text."""
        value = self._given.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()

    def number(self, name: str, default: int = 0) -> int:
        """As a whole number; what is none counts as the default, as on the original."""
        value = self._given.get(name)
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        try:
            found = int(value) if isinstance(value, int | str) and value != "" and len(str(value)) < 20 else default
        except ValueError:
            return default
        return found if -(2**63) <= found < 2**63 else default

    def decimal(self, name: str) -> float:
        """As a number.

        Raises:
            ApiError: it is none.
        """
        try:
            found = float(self._given[name])
        except (KeyError, TypeError, ValueError):
            raise bad_request(f"{name} is empty") from None
        return found

    def flag(self, name: str) -> bool:
        """As true or false."""
        value = self._given.get(name)
        return value if isinstance(value, bool) else str(value).strip().lower() in _TRUE

    def object(self, name: str) -> Any:
        """As what its JSON says; None when it is not there.

        Raises:
            ApiError: it is no JSON, or has numbers that nothing here is counted in.
        """
        value = self._given.get(name)
        if isinstance(value, str):
            try:
                value = _decode(value) if value.strip() else None
            except (msgspec.DecodeError, RecursionError):
                raise bad_request(f"can't parse {name} JSON object") from None
        if not _has_bounds(value):
            raise bad_request(f"can't parse {name} JSON object")
        return value

    def user_id(self, name: str = "user_id") -> int:
        """A person's id.

        Raises:
            ApiError: it is none.
        """
        found = self.number(name)
        if found <= 0:
            raise bad_request("invalid user_id specified")
        return found

    def message_id(self, name: str = "message_id") -> int:
        """A message's id.

        Raises:
            ApiError: it is none.
        """
        found = self.number(name)
        if found <= 0:
            raise bad_request("message identifier is not specified")
        return found


def _has_bounds(value: Any) -> bool:
    """Whether all whole numbers in it are of 64 bits, as JSON's need not be."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
        elif isinstance(one, int) and not -_MAX_NUMBER <= one < _MAX_NUMBER:
            return False
    return True
