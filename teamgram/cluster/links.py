"""The neighbours that a process dials: one link each, kept up for as long as somebody says that they are there."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from twisted.logger import Logger

from grpclib.client import Channel
from grpclib.config import Configuration
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

from teamgram.cluster.addresses import split_address
from teamgram.cluster.flow import PeerSilent, StreamQueue, converse
from teamgram.cluster.ring import Ring

WINDOW = 1 << 20
"""HTTP/2's windows: so much may be on its way on a stream before its end takes something."""

CONNECT_TIMEOUT = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0

LINK_ERRORS = (OSError, GRPCError, StreamTerminatedError, ProtocolError, PeerSilent, asyncio.TimeoutError)
"""How a link breaks."""

CONFIGURATION = Configuration(http2_connection_window_size=4 * WINDOW, http2_stream_window_size=WINDOW)


class Speaker(Protocol):
    """What a kind of link says and hears."""

    def open(self, channel: Channel) -> Any:
        """The stream's context manager (``stub.Frames.open()``)."""

    def hello(self) -> Any:
        """The first message."""

    def outgoing(self, link: MemberLink) -> StreamQueue[Any]:
        """For one stream of that link."""

    def connected(self, link: MemberLink) -> None:
        """From now on ``link.outgoing`` takes items."""

    def received(self, link: MemberLink, message: Any) -> None:
        """A message came."""

    def lost(self, link: MemberLink) -> None:
        """The stream is gone; whatever was on its way may or may not have arrived."""


class MemberLink:
    """One neighbour process.

    Attributes:
        address: "host:port", its name in the ring.
        channel: for calls beside the stream.
        outgoing: None while there is no stream.
        is_leaving: it said that it will end: what is new goes to others, as long as there are some.
        yields: it said that it may be cut off: what it has goes to others, too, as long as there are some.
    """

    _log = Logger()

    def __init__(self, address: str, speaker: Speaker, tls: ssl.SSLContext | None) -> None:
        self.address = address
        self.outgoing: StreamQueue[Any] | None = None
        self.is_leaving = False
        self.yields = False
        self._sent = (0, 0)
        self._where = split_address(address)
        self._tls = tls
        self.channel = self._new_channel()
        self._speaker = speaker
        self._closed = False
        self._dialling = asyncio.ensure_future(self._keep_up())

    @property
    def is_good(self) -> bool:
        """Whether it can be spoken to, and others are no better."""
        return self.outgoing is not None and not self.is_leaving and not self.yields

    @property
    def sent_items(self) -> int:
        """On all its streams."""
        return self._sent[0] + (self.outgoing.sent_items if self.outgoing is not None else 0)

    @property
    def sent_messages(self) -> int:
        """On all its streams."""
        return self._sent[1] + (self.outgoing.sent_messages if self.outgoing is not None else 0)

    def __repr__(self) -> str:
        return f"<MemberLink {self.address}{'' if self.outgoing is not None else ' (down)'}>"

    def _new_channel(self) -> Channel:
        host, port = self._where
        return Channel(host, port, ssl=self._tls, config=CONFIGURATION)

    async def _keep_up(self) -> None:
        pause, was_up = _FIRST_PAUSE, True
        while not self._closed:
            try:
                async with self._speaker.open(self.channel) as stream:
                    await asyncio.wait_for(self._greet(stream), CONNECT_TIMEOUT)
                    pause, was_up = _FIRST_PAUSE, True
                    self._log.info("connected to {address}", address=self.address)
                    await self._carry(stream)
                reason = "it ended the stream"
            except LINK_ERRORS as error:
                reason = f"{type(error).__name__}: {error}"
            if self._closed:
                return
            # A connection whose other end is gone, or cannot be reached, would only be found so again.
            self.channel.close()
            self.channel = self._new_channel()
            if was_up:
                was_up = False
                self._log.warn("no connection to {address}: {reason}", address=self.address, reason=reason)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _greet(self, stream: Any) -> None:
        await stream.send_message(self._speaker.hello())
        await stream.recv_initial_metadata()

    async def _carry(self, stream: Any) -> None:
        self.is_leaving = self.yields = False
        self.outgoing = outgoing = self._speaker.outgoing(self)
        try:
            self._speaker.connected(self)
            await converse(stream, outgoing, lambda message: self._speaker.received(self, message))
        finally:
            self._sent = (self.sent_items, self.sent_messages)
            self.outgoing = None
            self._speaker.lost(self)

    async def close(self) -> None:
        """Dial no more."""
        self._closed = True
        self._dialling.cancel()
        await asyncio.wait([self._dialling], timeout=1)
        self.channel.close()


class MemberLinks:
    """Links to all members of a kind, by the ring.

    Args:
        speaker: what is said to them.
    """

    _log = Logger()

    def __init__(self, speaker: Speaker, tls: ssl.SSLContext | None = None) -> None:
        self._speaker = speaker
        self._tls = tls
        self._links: dict[str, MemberLink] = {}
        self._closing: set[asyncio.Future[None]] = set()
        self.ring = Ring(())
        self.moves = 0

    def __iter__(self) -> Iterator[MemberLink]:
        return iter(list(self._links.values()))

    def set_members(self, addresses: frozenset[str]) -> None:
        """These are there now, and no others."""
        if addresses == self._links.keys():
            return
        self._log.info("members: {addresses}", addresses=", ".join(sorted(addresses)) or "none")
        self.moves += 1
        for address in self._links.keys() - addresses:
            closing = asyncio.ensure_future(self._links.pop(address).close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        for address in addresses - self._links.keys():
            self._links[address] = MemberLink(address, self._speaker, self._tls)
        self.ring = Ring(addresses)

    @property
    def reachable(self) -> int:
        """How many can be spoken to."""
        return sum(link.outgoing is not None for link in self._links.values())

    def owner(self, key: int) -> MemberLink | None:
        """The link of the first member in the ring's order for that key that can be spoken to; None: there is none."""
        link = self._links.get(self.ring.owner(key))
        if link is not None and link.is_good:
            return link
        worse: MemberLink | None = None
        for address in self.ring.in_order(key):
            link = self._links[address]
            if link.is_good:
                return link
            # Who is about to end is worse than who does not know how it is with it.
            if link.outgoing is not None and (worse is None or (worse.is_leaving and not link.is_leaving)):
                worse = link
        return worse

    async def ask(self, key: int, call: Callable[[Channel], Any], within: float = 10.0) -> Any:
        """Ask the owner of a key something that may be asked twice; whoever is next if it cannot be asked.

        Raises:
            NobodyAnswers: for so long.
        """
        deadline = asyncio.get_running_loop().time() + within
        while True:
            link = self.owner(key)
            if link is not None:
                try:
                    return await asyncio.wait_for(call(link.channel), within / 2)
                except LINK_ERRORS as error:
                    self._log.debug("{address} does not answer: {error}", address=link.address, error=error)
            if asyncio.get_running_loop().time() > deadline:
                raise NobodyAnswers("no neighbour process answers")
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Let go of all."""
        for link in self:
            await link.close()
        self._links.clear()
        self.ring = Ring(())


class NobodyAnswers(Exception):
    """No process that could answer can be reached."""
