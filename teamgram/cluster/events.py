"""Events of the bus as messages: the name of the class, and MessagePack of what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from teamgram.cluster.protos import calls_pb2
from teamgram.interfaces.session import KeyBound, KeyDestroyed, UserSignedIn, UserSignedOut
from teamgram.interfaces.updates import (
    DevicesAsked,
    PushedUpdates,
    SessionsGone,
    UpdatesMayBeLost,
    UpdatesSessionChanged,
)

TO_SESSIONS: tuple[type, ...] = (PushedUpdates, UserSignedIn, UserSignedOut, KeyBound, KeyDestroyed, DevicesAsked)
"""What bff tells session processes, by their streams."""

TO_BFFS: tuple[type, ...] = (UpdatesSessionChanged, SessionsGone)
"""What session tells bff processes, by its streams."""

WITHIN_SESSION: tuple[type, ...] = (UpdatesMayBeLost,)
"""What no other process hears."""


class EventCodec:
    """Writes and reads events of some kinds.

    Args:
        kinds: their classes; the name of each is its own.
    """

    def __init__(self, kinds: Iterable[type]) -> None:
        self._decoders: dict[str, msgspec.msgpack.Decoder[Any]] = {
            kind.__name__: msgspec.msgpack.Decoder(kind) for kind in kinds
        }
        self._encoder = msgspec.msgpack.Encoder()

    def encode(self, event: object) -> calls_pb2.BusEvent:
        """The message of an event."""
        return calls_pb2.BusEvent(kind=type(event).__name__, body=self._encoder.encode(event))

    def decode(self, message: calls_pb2.BusEvent) -> Any:
        """The event of a message; None for a kind that is not known here: another version tells it.

        Raises:
            msgspec.MsgspecError: it is none.
        """
        decoder = self._decoders.get(message.kind)
        return decoder.decode(message.body) if decoder is not None else None
