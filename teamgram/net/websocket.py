"""RFC 6455 without I/O: opening request and answer, frames in, frames out; the server's half, and a client's.

The one core for everything that listens for WebSockets: MTProto of browsers
(``gnetway/websocket.py``) and the control plane. Ours rather than a library's
because of what a frame costs: the same echo took 100 us of CPU through
autobahn's protocol class and 610 us per opening handshake; the whole request
is allowed 60 us here. What is left out on purpose: extensions (neither
encrypted bytes nor the control plane's clients want ``permessage-deflate``).

:func:`accept_response` answers the opening request. :class:`FrameReader` takes
bytes and gives :class:`WholeMessage`, :class:`Ping`, :class:`Pong`, :class:`Close`,
one at a time; :class:`StreamReader` gives ``bytes`` instead of messages, as
they come, for those to whom the messages' borders mean nothing.

A client has :func:`opening_request`, :func:`check_accepted`,
:func:`client_frame` and a :class:`FrameReader` for frames without masks.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

NORMAL = 1000
PROTOCOL_ERROR = 1002
UNSUPPORTED_DATA = 1003
INVALID_TEXT = 1007
POLICY = 1008
TOO_BIG = 1009
SERVICE_RESTART = 1012
TRY_AGAIN = 1013

_NO_MASK = bytes(4)

#: A close frame's body is at most 125 bytes, two of them the code.
MAX_CLOSE_REASON = 123

_CODES_FROM_PEERS = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})


@dataclass(frozen=True, slots=True)
class WholeMessage:
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


Received = WholeMessage | Ping | Pong | Close


class WebSocketError(Exception):
    """The peer broke the rules; ``code`` is what to close with, always without a reason."""

    def __init__(self, code: int, problem: str) -> None:
        super().__init__(problem)
        self.code = code


def accept_response(headers: Mapping[str, str], subprotocol: str = "") -> bytes:
    """The ``101`` for an opening request.

    Args:
        headers: names in lower case.
        subprotocol: selected if the client offers it; browsers drop a connection whose answer names none of theirs.

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
    accept = _accept(key)
    offered = {token.strip() for token in headers.get("sec-websocket-protocol", "").split(",")}
    selected = f"\r\nSec-WebSocket-Protocol: {subprotocol}" if subprotocol and subprotocol in offered else ""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept
        + selected.encode()
        + b"\r\n\r\n"
    )


def _accept(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())


def opening_request(host: str, target: str, nonce: bytes) -> bytes:
    """A client's opening request.

    Args:
        host: with the port, as in a URL.
        target: path and query.
        nonce: 16 random bytes, which :func:`check_accepted` wants again.
    """
    return (
        f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(nonce).decode()}\r\n\r\n"
    ).encode()


def check_accepted(head: bytes, nonce: bytes) -> None:
    """Whether the head of a server's answer opens the WebSocket.

    Raises:
        ValueError: it does not; the text is its status line, or what is wrong.
    """
    status, *lines = head.decode("latin-1").split("\r\n")
    if not status.startswith("HTTP/1.1 101 "):
        raise ValueError(status.partition(" ")[2] or "no HTTP")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("sec-websocket-accept", "").encode() != _accept(base64.b64encode(nonce)):
        raise ValueError("Sec-WebSocket-Accept is not the key's")


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


def client_frame(payload: bytes, mask: bytes, opcode: int = TEXT) -> bytes:
    """One unfragmented client frame; ``mask`` are 4 random bytes."""
    head = bytearray(header(len(payload), opcode))
    head[1] |= 0x80
    return bytes(head) + mask + unmask(payload, mask)


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; the reason is cut to what fits, never inside a character."""
    text = reason.encode()[:MAX_CLOSE_REASON].decode("utf-8", "ignore").encode()
    return frame(code.to_bytes(2, "big") + text, CLOSE)


def unmask(payload: bytes, mask: bytes) -> bytes:
    """``payload`` with the four mask bytes taken off (one big XOR: linear, no Python loop)."""
    length = len(payload)
    if not length or mask == _NO_MASK:
        return payload
    whole = mask * (length // 4) + mask[: length % 4]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(whole, "little")).to_bytes(length, "little")


def whole_frame(data: bytes) -> tuple[bytes, int] | None:
    """(unmasked payload, bytes used) when ``data`` begins with a whole binary message in one short frame.

    Nearly every segment of a client that sends little does. Short is what has
    at most 16 bits of length, written in the fewest bytes; None says nothing
    about what else it may be.
    """
    if len(data) < 6 or data[0] != 0x80 | BINARY or not data[1] & 0x80:
        return None
    length, start = data[1] & 0x7F, 6
    if length == 126:
        length, start = int.from_bytes(data[2:4], "big"), 8
        if length < 126:
            return None
    elif length == 127:
        return None
    end = start + length
    if len(data) < end:
        return None
    return unmask(data[start:end], data[start - 4 : start]), end


class _Head:
    """The head of a client's frame.

    Attributes:
        length: of the payload.
        size: of the head itself.
    """

    __slots__ = ("final", "length", "mask", "opcode", "size")

    def __init__(self, final: bool, opcode: int, length: int, mask: bytes, size: int) -> None:
        self.final = final
        self.opcode = opcode
        self.length = length
        self.mask = mask
        self.size = size


def _read_head(buffer: bytearray, masked: bool = True) -> _Head | None:
    """The head with which ``buffer`` begins, None while it is not whole.

    Args:
        masked: it is a client's.

    Raises:
        WebSocketError: nobody of that side may send it.
    """
    have = len(buffer)
    if have < 2:
        return None
    first, second = buffer[0], buffer[1]
    opcode = first & 15
    if first & 0x70 or opcode not in (0, TEXT, BINARY, CLOSE, PING, PONG):
        raise WebSocketError(PROTOCOL_ERROR, "reserved bits or opcode")
    if bool(second & 0x80) != masked:
        raise WebSocketError(PROTOCOL_ERROR, "client frame without a mask, or server frame with one")
    length, at = second & 0x7F, 2
    if opcode >= CLOSE and (length > 125 or not first & 0x80):
        raise WebSocketError(PROTOCOL_ERROR, "control frame too long or in fragments")
    if length >= 126:
        at = 4 if length == 126 else 10
        if have < at:
            return None
        length = int.from_bytes(buffer[2:at], "big")
    if not masked:
        return _Head(bool(first & 0x80), opcode, length, _NO_MASK, at)
    return _Head(bool(first & 0x80), opcode, length, bytes(buffer[at : at + 4]), at + 4)


class FrameReader:
    """Bytes of the other side in, messages and control frames out.

    Attributes:
        max_payload_bytes: of one message, over all its fragments. Judged from
            a frame's header, before any of its body is kept. May be changed
            at any time; the hello does.
    """

    def __init__(self, max_payload_bytes: int, *, masked: bool = True) -> None:
        """Args:
        masked: the frames are a client's.
        """
        self.max_payload_bytes = max_payload_bytes
        self._masked = masked
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
        head = _read_head(buffer, self._masked)
        if head is None:
            return None
        # Each fragment counts for at least one byte, or empty ones could pile up for ever.
        kept = max(self._fragments_bytes, len(self._fragments))
        if head.opcode < CLOSE and kept + head.length > self.max_payload_bytes:
            raise WebSocketError(TOO_BIG, f"message of more than {self.max_payload_bytes} bytes")
        end = head.size + head.length
        if len(buffer) < end:
            return None
        payload = unmask(bytes(buffer[head.size : end]), head.mask)
        del buffer[:end]
        return head.final, head.opcode, payload


class StreamReader:
    """Client bytes in, the payload of binary messages out as it comes, and control frames between.

    Nothing of a message is kept, so none is too long; what a stream of them
    may hold is its reader's business.
    """

    __slots__ = ("_buffer", "_inside", "_left", "_mask")

    def __init__(self) -> None:
        self._buffer = bytearray()
        #: Between the first and the last frame of a message.
        self._inside = False
        #: Bytes of the current frame that have not come.
        self._left = 0
        self._mask = b""

    @property
    def is_between_messages(self) -> bool:
        """Nothing is begun: the next byte is a frame's first."""
        return not (self._buffer or self._left or self._inside)

    def receive_data(self, data: bytes) -> None:
        """Keep what arrived until :meth:`next_event` asks for it."""
        self._buffer += data

    def next_event(self) -> bytes | Ping | Pong | Close | None:
        """The next piece or control frame, or None until more bytes come.

        Raises:
            WebSocketError: nothing more can be read from this peer.
        """
        buffer = self._buffer
        while True:
            if self._left:
                return self._piece() if buffer else None
            head = _read_head(buffer)
            if head is None or len(buffer) < head.size:
                return None
            if head.opcode >= CLOSE:
                end = head.size + head.length
                if len(buffer) < end:
                    return None
                payload = unmask(bytes(buffer[head.size : end]), head.mask)
                del buffer[:end]
                control = _control(head.opcode, payload)
                assert not isinstance(control, WholeMessage)
                return control
            if head.opcode == TEXT:
                raise WebSocketError(UNSUPPORTED_DATA, "binary messages only")
            if (head.opcode == 0) != self._inside:
                raise WebSocketError(PROTOCOL_ERROR, "continuation of nothing, or a new message inside another")
            del buffer[: head.size]
            self._inside, self._left, self._mask = not head.final, head.length, head.mask

    def _piece(self) -> bytes:
        piece = bytes(self._buffer[: self._left])
        del self._buffer[: self._left]
        self._left -= len(piece)
        plain = unmask(piece, self._mask)
        turned = len(piece) % 4
        self._mask = self._mask[turned:] + self._mask[:turned]
        return plain


def _message(payload: bytes, is_text: bool) -> WholeMessage:
    if is_text and not payload.isascii():
        try:
            payload.decode()
        except UnicodeDecodeError:
            raise WebSocketError(INVALID_TEXT, "text that is no UTF-8") from None
    return WholeMessage(payload)


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
