"""What is written to a connection of ``PromptPort``, against sockets of the kernel's."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from teamgram.gnetway.prompt_port import listen


class Accepted(Protocol):
    """Tells when it is there and when it is gone."""

    def __init__(self) -> None:
        self.lost: Deferred[Any] = Deferred()

    def connectionMade(self) -> None:
        factory: Any = self.factory
        factory.accepted.callback(self)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.callback(None)


class PromptPortTests(TestCase):
    timeout = 30

    async def connected(self, host: str = "127.0.0.1") -> tuple[Any, socket.socket]:
        """The server's side, and the client's socket."""
        from twisted.internet import reactor

        self.reactor: Any = reactor
        factory: Any = Factory.forProtocol(Accepted)
        factory.noisy = False
        factory.accepted = Deferred()
        port = listen(reactor, host, 0, factory)
        self.addCleanup(port.stopListening)
        client = socket.create_connection((host, port.getHost().port), timeout=5)
        self.addCleanup(client.close)
        return await factory.accepted, client

    async def test_at_once(self) -> None:
        """It is with the kernel before ``write`` returns."""
        accepted, client = await self.connected()
        accepted.transport.write(b"hello")
        client.setblocking(False)
        self.assertEqual(client.recv(100), b"hello")
        accepted.transport.loseConnection()
        await accepted.lost

    async def test_ipv6(self) -> None:
        """The same over IPv6."""
        accepted, client = await self.connected("::1")
        accepted.transport.write(b"hello")
        self.assertEqual(client.recv(100), b"hello")
        accepted.transport.loseConnection()
        await accepted.lost

    async def test_more_than_the_socket_takes(self) -> None:
        """Nothing is lost, doubled or out of order when the client is slow, and the producer is told to pause."""
        accepted, client = await self.connected()
        client.setblocking(False)
        paused: list[str] = []
        accepted.pauseProducing = lambda: paused.append("pause")
        accepted.resumeProducing = lambda: paused.append("resume")
        accepted.stopProducing = lambda: None
        accepted.transport.registerProducer(accepted, True)
        sent = b"".join(number.to_bytes(4, "big") for number in range(2_000_000))
        size = 70_001
        for start in range(0, len(sent), size):
            accepted.transport.write(sent[start : start + size])
        self.assertEqual(paused[0], "pause")
        accepted.transport.unregisterProducer()
        accepted.transport.loseConnection()
        received = bytearray()
        while True:
            try:
                data = client.recv(1 << 20)
            except BlockingIOError:
                await deferLater(self.reactor, 0.001)
                continue
            if not data:
                break
            received += data
        self.assertEqual(bytes(received), sent)
        await accepted.lost

    async def test_peer_that_is_gone(self) -> None:
        """Writing to it raises nothing; the reactor tells that it is lost."""
        accepted, client = await self.connected()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        for _ in range(3):
            accepted.transport.write(b"hello")
        await accepted.lost
        accepted.transport.write(b"hello")
