"""What every transport codec offers, and the buffer they share.

Page: "MTProto transports". A codec is one end of one connection: bytes that
arrived go in through ``receive_data``, frames come out of ``next_event`` one
at a time, and what is to be written comes back as bytes. Nothing waits here.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from teamgram.mtproto.transport.errors import WireError

#: The largest frame taken: an upload part of 512 KiB, its TL fields, header and 1024 bytes of padding fit twice.
MAX_FRAME_BYTES = 1 << 20
#: auth_key_id. A frame of four bytes is a transport error, which only servers send.
MIN_FRAME_BYTES = 8

Random = Callable[[int], bytes]
"""``random(n)`` gives ``n`` random bytes; ``os.urandom`` outside tests."""


class FrameReceived(NamedTuple):
    """One MTProto message, encrypted or not.

    Attributes:
        quick_ack: the client wants to be told as soon as it has been taken.
    """

    payload: bytes
    quick_ack: bool


class TransportCodec(Protocol):
    """The server's end of a transport.

    Attributes:
        name: ``abridged``, ``intermediate``, ``padded_intermediate``, ``full`` or ``obfuscated``.
    """

    @property
    def name(self) -> str: ...

    @property
    def buffered_bytes(self) -> int:
        """Bytes that arrived and are in no frame given out yet."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer, cut anywhere."""

    def next_event(self) -> FrameReceived | None:
        """The next whole frame, or None until more bytes come.

        Raises:
            WireError: the peer broke the transport's rules; the codec is of no more use.
        """

    def encode(self, payload: bytes) -> bytes:
        """One frame as it is written. Every result must be written, in order."""

    def encode_quick_ack(self, token: bytes) -> bytes:
        """A quick ack as it is written, empty where the transport has none.

        Args:
            token: 4 bytes, of ``envelope.quick_ack_token``.
        """

    def encode_error(self, code: int) -> bytes:
        """A transport error (-404, -429, -444) as it is written."""


class FrameBuffer:
    """Bytes that arrived and are not parsed yet; the codecs are kinds of it, for there is one for each connection.

    A segment that holds whole frames is never copied as a whole; pieces of a
    large frame are appended to one growing array, so that a peer which sends
    byte by byte costs time and memory in proportion to what it sent.

    Attributes:
        data: what arrived; parsed up to ``offset``.
    """

    __slots__ = ("data", "offset")

    def __init__(self) -> None:
        self.data: bytes | bytearray = b""
        self.offset = 0

    @property
    def buffered_bytes(self) -> int:
        """See ``TransportCodec``."""
        return len(self.data) - self.offset

    def receive_data(self, data: bytes) -> None:
        """See ``TransportCodec``."""
        if self.offset == len(self.data):
            self.data = data
            self.offset = 0
            return
        if not isinstance(self.data, bytearray):
            self.data = bytearray(self.data)
        if self.offset:
            del self.data[: self.offset]
            self.offset = 0
        self.data += data

    def take(self, start: int, end: int, next_offset: int) -> bytes:
        """The bytes from ``start`` to ``end``; parsing goes on at ``next_offset``."""
        data = self.data
        if isinstance(data, bytes):
            taken = data[start:end]
        else:
            # A slice of an array is an array, and another copy would make bytes of it.
            with memoryview(data) as view:
                taken = bytes(view[start:end])
        if next_offset == len(data):
            # Nothing of a connection that waits for its client's next frame stays behind.
            self.data = b""
            self.offset = 0
        else:
            self.offset = next_offset
        return taken


def check_frame_size(size: int, limit_bytes: int) -> None:
    """Refuse a frame by its announced size, before anything is allocated for it.

    Args:
        size: bytes of the payload.

    Raises:
        WireError: outside the bounds.
    """
    if size < MIN_FRAME_BYTES:
        raise WireError(f"frame of {size} bytes")
    if size > limit_bytes:
        raise WireError(f"frame of {size} bytes, {limit_bytes} are allowed")
