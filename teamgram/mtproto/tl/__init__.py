"""The TL codec: every constructor of every layer as a class, to and from bytes.

``tl`` makes objects by literal name, ``decode`` reads any layer's bytes, ``encode`` writes for a given layer,
``registry`` answers about names and ids. See ``docs/tl.md``.
"""

from teamgram.mtproto.tl.classes import TLObject, tl
from teamgram.mtproto.tl.codec import decode, decode_from, decode_result, encode, encode_result
from teamgram.mtproto.tl.errors import BadConstructorError, TLError
from teamgram.mtproto.tl.registry import MIN_LAYER, NEWEST_LAYER, clamp_layer, registry

__all__ = [
    "MIN_LAYER",
    "NEWEST_LAYER",
    "BadConstructorError",
    "TLError",
    "TLObject",
    "clamp_layer",
    "decode",
    "decode_from",
    "decode_result",
    "encode",
    "encode_result",
    "registry",
    "tl",
]
