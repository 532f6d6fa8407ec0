"""Framing: bytes of one connection to frames and back, one module a transport.

A codec is fed with ``receive_data`` and asked with ``next_frame``; it never
sees a socket. :func:`teamgram.mtproto.transport.detect.detect` picks one from
a connection's first bytes.
"""

from teamgram.mtproto.transport.codec import Codec, Frame, FrameBuffer, TransportError

__all__ = ["Codec", "Frame", "FrameBuffer", "TransportError"]
