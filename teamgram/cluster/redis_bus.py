"""Events between bff processes, by Redis' publish and subscribe.

What one process publishes the others hear in its order, or not at all: while
Redis is away, and when it is back, each of them is told that it may have missed
some (``missed``), every second and once more. A subscription that hears nothing, not even
this process's own sign of life, is given up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.task import LoopingCall
from twisted.logger import Logger

import msgspec

if TYPE_CHECKING:
    from txredisapi import RedisFactory

BUS, TOLD = "bus", "told"
"""Channels: what all bff processes hear, and what only the one hears that does what must be done once."""

BEAT_EVERY, SILENCE = 1.0, 5.0
"""Seconds."""


class Published(msgspec.Struct, frozen=True, array_like=True):
    """One message.

    Attributes:
        origin: the process that sent it.
        kind: of event; "": only a sign of life, "!": its sender may have lost some.
    """

    origin: str
    kind: str
    body: bytes = b""


_MISSED = "!"


class RedisBus:
    """Publishes, and hears what others publish, from ``start`` on.

    Args:
        address: "host:port" of Redis.
        process: this process's name among all.
        heard: called with each message of others.
        missed: called when messages may not have come.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        address: str,
        *,
        process: str,
        heard: Callable[[Published], object],
        missed: Callable[[], object],
        password: str = "",
        namespace: str = "teamgram",
    ) -> None:
        host, _, port = address.rpartition(":")
        self._reactor = reactor
        self._host, self._port = (host or "127.0.0.1").strip("[]"), int(port)
        self._password = password
        self._namespace = namespace
        self._process = process
        self._heard = heard
        self._missed = missed
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Published)
        self._channels = {BUS}
        self._out: RedisFactory | None = None
        self._in: RedisFactory | None = None
        self._publisher: Any = None
        self._subscriber: Any = None
        self._lost = False
        self._last_heard = 0.0
        self._beating = LoopingCall(self._beat)
        self._beating.clock = reactor
        self.published = 0
        self.received = 0

    @property
    def is_whole(self) -> bool:
        """Whether what is published arrives, as far as this process knows."""
        return self._publisher is not None and self._subscriber is not None and not self._lost

    def start(self) -> None:
        """Connect, for as long as it takes."""
        import txredisapi

        bus = self

        class Subscriber(txredisapi.SubscriberProtocol):
            def messageReceived(self, pattern: object, channel: object, message: bytes) -> None:
                bus._received(message)

            def connectionLost(self, why: Any) -> None:
                super().connectionLost(why)
                bus._gone(self)

        class Publisher(txredisapi.RedisProtocol):
            def connectionLost(self, why: Any) -> None:
                super().connectionLost(why)
                bus._gone(self)

        self._last_heard = self._reactor.seconds()
        self._out = self._connect(txredisapi, Publisher, self._can_publish)
        self._in = self._connect(txredisapi, Subscriber, self._can_subscribe)
        self._beating.start(BEAT_EVERY, now=False)

    def _connect(self, txredisapi: Any, spoken: Any, connected: Callable[[Any], object]) -> Any:
        from twisted.internet.endpoints import HostnameEndpoint

        class Factory(txredisapi.RedisFactory):
            protocol = spoken
            maxDelay = 2

            def addConnection(self, connection: Any) -> None:
                super().addConnection(connection)
                connected(connection)

        # charset None: bytes come out as they went in.
        factory = Factory(
            None, None, 1, isLazy=True, charset=None, password=self._password or None, convertNumbers=False
        )
        factory.deferred.addErrback(lambda _: None)
        factory.startConnecting(HostnameEndpoint(self._reactor, self._host, self._port, timeout=5))
        return factory

    def subscribe(self, channel: str) -> None:
        """Hear that channel as well."""
        self._channels.add(channel)
        if self._subscriber is not None:
            self._say(self._subscriber.subscribe([self._name(channel)]))

    def unsubscribe(self, channel: str) -> None:
        """Hear it no more."""
        self._channels.discard(channel)
        if self._subscriber is not None:
            self._say(self._subscriber.unsubscribe([self._name(channel)]))

    def publish(self, channel: str, kind: str, body: bytes) -> None:
        """Tell the others."""
        if self._publisher is None:
            self._lost = True
            return
        self.published += 1
        message = self._encoder.encode(Published(self._process, kind, body))
        self._publisher.publish(self._name(channel), message).addErrback(self._not_published)

    def _not_published(self, _: Any) -> None:
        self._lost = True

    def _say(self, said: Any) -> None:
        said.addErrback(lambda _: None)

    def _name(self, channel: str) -> str:
        return f"{self._namespace}:{channel}"

    def _can_publish(self, connection: Any) -> None:
        self._publisher = connection

    def _can_subscribe(self, connection: Any) -> None:
        self._subscriber = connection
        self._last_heard = self._reactor.seconds()
        self._say(connection.subscribe([self._name(channel) for channel in sorted(self._channels)]))
        # What came before it does not come any more; nothing is missed from here on.
        self._missed()

    def _gone(self, connection: Any) -> None:
        if connection is self._publisher:
            self._publisher = None
            self._lost = True
        if connection is self._subscriber:
            self._subscriber = None
            if self._beating.running:
                self._log.warn("Redis is away: what other processes change may be seen a second later")

    def _received(self, message: bytes) -> None:
        try:
            published = self._decoder.decode(message)
        except msgspec.MsgspecError:
            self._log.warn("something on Redis' channel is no message of ours")
            return
        self._last_heard = self._reactor.seconds()
        if published.origin == self._process:
            return
        if published.kind == _MISSED:
            self._missed()
        elif published.kind:
            self.received += 1
            self._heard(published)

    def _beat(self) -> None:
        if self._subscriber is None:
            self._missed()
        elif self._reactor.seconds() - self._last_heard > SILENCE:
            self._log.warn("Redis says nothing: connecting again")
            self._subscriber.transport.abortConnection()
            self._missed()
        if self._publisher is not None:
            was_lost, self._lost = self._lost, False
            self.publish(BUS, _MISSED if was_lost else "", b"")

    async def stop(self) -> None:
        """Let go of both connections."""
        if self._beating.running:
            self._beating.stop()
        for factory in (self._out, self._in):
            if factory is not None:
                await factory.disconnect()
