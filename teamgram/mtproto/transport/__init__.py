"""Framing: how MTProto messages are told apart in a byte stream.

Page: "MTProto transports". ``TransportDetector`` finds out which one a
connection speaks and gives its codec (``TransportCodec``).
"""

from teamgram.mtproto.transport.codec import FrameReceived, TransportCodec
from teamgram.mtproto.transport.detect import TransportDetector
from teamgram.mtproto.transport.errors import WireError

__all__ = ["FrameReceived", "TransportCodec", "TransportDetector", "WireError"]
