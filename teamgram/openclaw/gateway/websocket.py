"""The server's half of RFC 6455, without I/O: opening request, frames in, frames out.

Ours rather than a library's because of what a frame costs: the same echo
took 100 us of CPU through autobahn's protocol class and 610 us per opening
handshake; the whole request is allowed 60 us here. What is left out on
purpose: extensions (``permessage-deflate`` must not be negotiated) and
subprotocols.

:func:`accept_response` answers the opening request, :class:`FrameReader` takes bytes
and gives :class:`Message`, :class:`Ping`, :class:`Pong`, :class:`Close`, one
at a time.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

NORMAL = 1000
PROTOCOL_ERROR = 1002
INVALID_TEXT = 1007
POLICY = 1008
TOO_BIG = 1009
SERVICE_RESTART = 1012
TRY_AGAIN = 1013

#: A close frame's body is at most 125 bytes, two of them the code.
MAX_CLOSE_REASON = 123

_CODES_FROM_PEERS = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message, unmasked; text is known to be UTF-8."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """The peer wants this echoed in a pong."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """The peer answered a ping, or is merely talkative."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The peer closes; ``code`` is None when its frame was empty."""

    code: int | None
    reason: str


Received = Message | Ping | Pong | Close


class WebSocketError(Exception):
    """The peer broke the rules; ``code`` is what to close with, always without a reason."""

    def __init__(self, code: int, problem: str) -> None:
        super().__init__(problem)
        self.code = code


def accept_response(headers: dict[str, str]) -> bytes:
    """The ``101`` for an opening request.

    Args:
        headers: names in lower case.

    Raises:
        ValueError: the request is no valid opening; the text says why.
    """
    if headers.get("sec-websocket-version") != "13":
        raise ValueError("Sec-WebSocket-Version must be 13")
    if "upgrade" not in {token.strip().lower() for token in headers.get("connection", "").split(",")}:
        raise ValueError("Connection must name Upgrade")
    key = headers.get("sec-websocket-key", "").strip().encode()
    try:
        if len(base64.b64decode(key, validate=True)) != 16:
            raise ValueError("Sec-WebSocket-Key must be 16 bytes")
    except binascii.Error:
        raise ValueError("Sec-WebSocket-Key must be base64") from None
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept
        + b"\r\n\r\n"
    )


def header(length: int, opcode: int = TEXT) -> bytes:
    """The head of an unfragmented server frame for ``length`` payload bytes."""
    if length < 126:
        return bytes((0x80 | opcode, length))
    if length < 65536:
        return bytes((0x80 | opcode, 126, length >> 8, length & 255))
    return bytes((0x80 | opcode, 127)) + length.to_bytes(8, "big")


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One unfragmented server frame."""
    return header(len(payload), opcode) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; the reason is cut to what fits, never inside a character."""
    text = reason.encode()[:MAX_CLOSE_REASON].decode("utf-8", "ignore").encode()
    return frame(code.to_bytes(2, "big") + text, CLOSE)


def unmask(payload: bytes, mask: bytes) -> bytes:
    """``payload`` with the four mask bytes taken off (one big XOR: linear, no Python loop)."""
    length = len(payload)
    if not length or mask == b"\0\0\0\0":
        return payload
    whole = mask * (length // 4) + mask[: length % 4]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(whole, "little")).to_bytes(length, "little")


class FrameReader:
    """Client bytes in, messages and control frames out.

    Attributes:
        max_payload_bytes: of one message, over all its fragments. Judged from
            a frame's header, before any of its body is kept. May be changed
            at any time; the hello does.
    """

    def __init__(self, max_payload_bytes: int) -> None:
        self.max_payload_bytes = max_payload_bytes
        self._buffer = bytearray()
        self._fragments: list[bytes] = []
        self._fragments_bytes = 0
        self._fragments_text = False

    def receive_data(self, data: bytes) -> None:
        """Keep what arrived until :meth:`next_event` asks for it."""
        self._buffer += data

    def next_event(self) -> Received | None:
        """The next whole thing, or None until more bytes come.

        Raises:
            WebSocketError: nothing more can be read from this peer.
        """
        while True:
            parsed = self._next_frame()
            if parsed is None:
                return None
            final, opcode, payload = parsed
            if opcode >= CLOSE:
                return _control(opcode, payload)
            if opcode == 0:
                if not self._fragments:
                    raise WebSocketError(PROTOCOL_ERROR, "continuation of nothing")
            elif self._fragments:
                raise WebSocketError(PROTOCOL_ERROR, "new message inside another")
            elif final:
                return _message(payload, opcode == TEXT)
            else:
                self._fragments_text = opcode == TEXT
            self._fragments.append(payload)
            self._fragments_bytes += len(payload)
            if final:
                whole = b"".join(self._fragments)
                self._fragments.clear()
                self._fragments_bytes = 0
                return _message(whole, self._fragments_text)

    def _next_frame(self) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        have = len(buffer)
        if have < 2:
            return None
        first, second = buffer[0], buffer[1]
        opcode = first & 15
        if first & 0x70 or opcode not in (0, TEXT, BINARY, CLOSE, PING, PONG):
            raise WebSocketError(PROTOCOL_ERROR, "reserved bits or opcode")
        if not second & 0x80:
            raise WebSocketError(PROTOCOL_ERROR, "client frame without a mask")
        length, at = second & 0x7F, 2
        if opcode >= CLOSE and (length > 125 or not first & 0x80):
            raise WebSocketError(PROTOCOL_ERROR, "control frame too long or in fragments")
        if length == 126:
            if have < 4:
                return None
            length, at = int.from_bytes(buffer[2:4], "big"), 4
        elif length == 127:
            if have < 10:
                return None
            length, at = int.from_bytes(buffer[2:10], "big"), 10
        # Each fragment counts for at least one byte, or empty ones could pile up for ever.
        kept = max(self._fragments_bytes, len(self._fragments))
        if opcode < CLOSE and kept + length > self.max_payload_bytes:
            raise WebSocketError(TOO_BIG, f"message of more than {self.max_payload_bytes} bytes")
        end = at + 4 + length
        if have < end:
            return None
        payload = unmask(bytes(buffer[at + 4 : end]), bytes(buffer[at : at + 4]))
        del buffer[:end]
        return bool(first & 0x80), opcode, payload


def _message(payload: bytes, is_text: bool) -> Message:
    if is_text and not payload.isascii():
        try:
            payload.decode()
        except UnicodeDecodeError:
            raise WebSocketError(INVALID_TEXT, "text that is no UTF-8") from None
    return Message(payload)


def _control(opcode: int, payload: bytes) -> Received:
    if opcode == PING:
        return Ping(payload)
    if opcode == PONG:
        return Pong(payload)
    if not payload:
        return Close(None, "")
    if len(payload) < 2:
        raise WebSocketError(PROTOCOL_ERROR, "close frame of one byte")
    code = int.from_bytes(payload[:2], "big")
    if code not in _CODES_FROM_PEERS:
        raise WebSocketError(PROTOCOL_ERROR, "close code that may not be sent")
    try:
        return Close(code, payload[2:].decode())
    except UnicodeDecodeError:
        raise WebSocketError(INVALID_TEXT, "close reason that is no UTF-8") from None
