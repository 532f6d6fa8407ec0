"""Events of the bus as messages: the name of the class, and MessagePack of what is in it."""

from __future__ import annotations

from teamgram.cluster.bus import CarriedBus
from teamgram.cluster.protos import calls_pb2
from teamgram.interfaces.session import KeyBound, KeyDestroyed, KeyTaken, UserSignedIn, UserSignedOut
from teamgram.interfaces.updates import (
    DevicesAsked,
    PushedUpdates,
    SessionsGone,
    UpdatesSessionChanged,
)

TO_SESSIONS: tuple[type, ...] = (
    PushedUpdates,
    UserSignedIn,
    UserSignedOut,
    KeyBound,
    KeyDestroyed,
    KeyTaken,
    DevicesAsked,
)
"""What bff tells session processes, by their streams."""

TO_BFFS: tuple[type, ...] = (UpdatesSessionChanged, SessionsGone)
"""What session tells bff processes, by its streams."""


def event_message(bus: CarriedBus, event: object) -> calls_pb2.BusEvent:
    """The message of an event."""
    kind, body = bus.written(event)
    return calls_pb2.BusEvent(kind=kind, body=body)


def deliver_message(bus: CarriedBus, message: calls_pb2.BusEvent) -> None:
    """Tell what came in a message to those who listen here; what nobody listens to is passed over.

    Raises:
        msgspec.MsgspecError: it is no event.
    """
    event = bus.read(message.kind, message.body)
    if event is not None:
        bus.deliver(event)
