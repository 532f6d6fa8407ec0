"""A bus of several processes (``interfaces.bus.Bus``): this process's own, and who carries events on to others.

What can be read here is what is listened to here: a kind of event that a part of the
program brings along needs to be told nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from teamgram.interfaces.bus import Bus

Event = TypeVar("Event")
Carrier = Callable[[Any], object]


class CarriedBus:
    """Hands events to this process's bus, and to who carries their kind to others.

    Args:
        local: this process's own.
    """

    def __init__(self, local: Bus) -> None:
        self._local = local
        self._carriers: dict[type, list[Carrier]] = {}
        self._others: Carrier | None = None
        self._decoders: dict[str, msgspec.msgpack.Decoder[Any]] = {}
        self._encoder = msgspec.msgpack.Encoder()

    def carry(self, kinds: Iterable[type], carrier: Carrier | None) -> None:
        """From now on ``carrier`` gets what is published here of these kinds; None: nobody does."""
        for kind in kinds:
            carriers = self._carriers.setdefault(kind, [])
            if carrier is not None:
                carriers.append(carrier)

    def carry_others(self, carrier: Carrier) -> None:
        """From now on ``carrier`` gets what is published here of all kinds that ``carry`` was not called with."""
        self._others = carrier

    def publish(self, event: object) -> None:
        """Tell all, here and elsewhere."""
        self._local.publish(event)
        carriers = self._carriers.get(type(event))
        if carriers is None:
            if self._others is not None:
                self._others(event)
            return
        for carrier in carriers:
            carrier(event)

    def deliver(self, event: object) -> None:
        """Something was published elsewhere: tell those who listen here."""
        self._local.publish(event)

    def listen(self, kind: type[Event], listener: Callable[[Event], object]) -> None:
        """From now on ``listener`` hears every event of exactly this kind."""
        if kind.__name__ not in self._decoders:
            self._decoders[kind.__name__] = msgspec.msgpack.Decoder(kind)
        self._local.listen(kind, listener)

    def written(self, event: object) -> tuple[str, bytes]:
        """An event as it crosses: its kind's name, and MessagePack."""
        return type(event).__name__, self._encoder.encode(event)

    def read(self, kind: str, body: bytes) -> Any:
        """An event that crossed; None when nobody listens to its kind here.

        Raises:
            msgspec.MsgspecError: it is none: another version wrote it.
        """
        decoder = self._decoders.get(kind)
        return decoder.decode(body) if decoder is not None else None

    @property
    def kinds(self) -> list[str]:
        """The names of those that are listened to."""
        return sorted(self._decoders)
