"""The client's end of every transport, written against the page and not against the server's codecs.

Page: "MTProto transports".
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol
from zlib import crc32

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


@dataclass(frozen=True, slots=True)
class Frame:
    """One MTProto message from the server."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class QuickAck:
    """A quick ack, its four bytes as ``envelope.quick_ack_token`` writes them."""

    token: bytes


@dataclass(frozen=True, slots=True)
class TransportError:
    """A transport error: -404 and the like."""

    code: int


Event = Frame | QuickAck | TransportError


class Transport(Protocol):
    """``opening`` is written first, then what ``encode`` gives; bytes that arrive go to ``receive_data``."""

    def opening(self) -> bytes:
        """The bytes that a connection begins with."""

    def encode(self, payload: bytes, quick_ack: bool = False) -> bytes:
        """One frame; with ``quick_ack`` its length's top bit is set."""

    def receive_data(self, data: bytes) -> None:
        """Bytes from the server, cut anywhere."""

    def next_event(self) -> Event | None:
        """What the server sent next, None while it is not all here."""


class _Buffered:
    tag = b""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def opening(self) -> bytes:
        return self.tag

    def receive_data(self, data: bytes) -> None:
        self.buffer += data

    def cut(self, start: int, end: int) -> bytes | None:
        """Bytes start..end of the buffer when they are here; everything before ``end`` is dropped."""
        if len(self.buffer) < end:
            return None
        taken = bytes(self.buffer[start:end])
        del self.buffer[:end]
        return taken


def _frame_or_error(payload: bytes | None) -> Event | None:
    if payload is None:
        return None
    if len(payload) == 4:
        return TransportError(int.from_bytes(payload, "little", signed=True))
    return Frame(payload)


class Abridged(_Buffered):
    """Length in words: one byte, or 0x7f and three."""

    tag = b"\xef"

    def encode(self, payload: bytes, quick_ack: bool = False) -> bytes:
        words = len(payload) // 4
        head = bytes((words,)) if words < 0x7F else b"\x7f" + words.to_bytes(3, "little")
        if quick_ack:
            head = bytes((head[0] | 0x80,)) + head[1:]
        return head + payload

    def next_event(self) -> Event | None:
        if not self.buffer:
            return None
        first = self.buffer[0]
        if first & 0x80:
            token = self.cut(0, 4)
            # Byte-swapped here, so that the set bit comes first.
            return None if token is None else QuickAck(token[::-1])
        if first == 0x7F:
            if len(self.buffer) < 4:
                return None
            return _frame_or_error(self.cut(4, 4 + 4 * int.from_bytes(self.buffer[1:4], "little")))
        return _frame_or_error(self.cut(1, 1 + 4 * first))


class Intermediate(_Buffered):
    """Length in bytes, four of them."""

    tag = b"\xee" * 4

    def encode(self, payload: bytes, quick_ack: bool = False) -> bytes:
        return (len(payload) | quick_ack << 31).to_bytes(4, "little") + payload

    def next_event(self) -> Event | None:
        if len(self.buffer) < 4:
            return None
        if self.buffer[3] & 0x80:
            token = self.cut(0, 4)
            assert token is not None
            return QuickAck(token)
        return _frame_or_error(self.cut(4, 4 + int.from_bytes(self.buffer[:4], "little")))


class PaddedIntermediate(Intermediate):
    """The same with up to 15 random bytes behind each frame."""

    tag = b"\xdd" * 4

    def __init__(self, padding: Callable[[], bytes] = lambda: os.urandom(os.urandom(1)[0] % 16)) -> None:
        super().__init__()
        self.padding = padding

    def encode(self, payload: bytes, quick_ack: bool = False) -> bytes:
        return super().encode(payload + self.padding(), quick_ack)

    def next_event(self) -> Event | None:
        event = super().next_event()
        if isinstance(event, Frame):
            size = len(event.payload)
            encrypted = any(event.payload[:8])
            return Frame(event.payload[: size - ((size - 24) % 16 if encrypted else size % 4)])
        return event


class Full(_Buffered):
    """Length, sequence number, payload, checksum."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0
        self.received = 0

    def encode(self, payload: bytes, quick_ack: bool = False) -> bytes:
        frame = (len(payload) + 12).to_bytes(4, "little") + self.sent.to_bytes(4, "little") + payload
        self.sent += 1
        return frame + crc32(frame).to_bytes(4, "little")

    def next_event(self) -> Event | None:
        if len(self.buffer) < 4:
            return None
        frame = self.cut(0, int.from_bytes(self.buffer[:4], "little"))
        if frame is None:
            return None
        assert int.from_bytes(frame[4:8], "little") == self.received, "sequence number of the full transport"
        assert int.from_bytes(frame[-4:], "little") == crc32(frame[:-4]), "checksum of the full transport"
        self.received += 1
        return _frame_or_error(frame[8:-4])


class Obfuscated:
    """AES-256-CTR around one of the first three."""

    def __init__(
        self,
        inner: Abridged | Intermediate | PaddedIntermediate,
        *,
        secret: bytes | None = None,
        dc_id: int = 0,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.inner = inner
        header = bytearray(random(64))
        while header[0] == 0xEF or header[4:8] == bytes(4) or bytes(header[:4]) in (
            b"HEAD", b"POST", b"GET ", b"OPTI", b"\x16\x03\x01\x02", b"\xdd" * 4, b"\xee" * 4,
        ):  # fmt: skip
            header = bytearray(random(64))
        header[56:60] = inner.tag * (4 // len(inner.tag))
        header[60:62] = dc_id.to_bytes(2, "little", signed=True)
        self._encrypt = self._cipher(bytes(header[8:56]), secret)
        self._decrypt = self._cipher(bytes(header[8:56][::-1]), secret)
        header[56:] = self._encrypt(bytes(header))[56:]
        self._header = bytes(header)

    @staticmethod
    def _cipher(key_iv: bytes, secret: bytes | None) -> Callable[[bytes], bytes]:
        key = key_iv[:32] if secret is None else sha256(key_iv[:32] + secret).digest()
        return Cipher(algorithms.AES(key), modes.CTR(key_iv[32:])).encryptor().update

    def opening(self) -> bytes:
        return self._header

    def encode(self, payload: bytes, quick_ack: bool = False) -> bytes:
        return self._encrypt(self.inner.encode(payload, quick_ack))

    def receive_data(self, data: bytes) -> None:
        self.inner.receive_data(self._decrypt(data))

    def next_event(self) -> Event | None:
        return self.inner.next_event()


TRANSPORTS: dict[str, Callable[[], Transport]] = {
    "abridged": Abridged,
    "intermediate": Intermediate,
    "padded_intermediate": PaddedIntermediate,
    "full": Full,
    "obfuscated_abridged": lambda: Obfuscated(Abridged()),
    "obfuscated_intermediate": lambda: Obfuscated(Intermediate()),
    "obfuscated_padded_intermediate": lambda: Obfuscated(PaddedIntermediate()),
}
"""Every transport by name, as ``connect`` takes it."""
