"""What a manhole is opened with."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ManholeSettings:
    """A manhole that can be opened.

    Attributes:
        authorized_keys: content of the file of public keys, or empty.
        password: or empty.
    """

    host: str
    port: int
    user: str
    authorized_keys: bytes = b""
    password: bytes = field(default=b"", repr=False)
