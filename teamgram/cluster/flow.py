"""One long-lived stream between two neighbours: many items in a message, a sign of life when there are none.

What is put in one turn of the reactor leaves in one message, and what is put
while HTTP/2's windows are full waits for the next: so a busy stream costs a
microsecond or two an item (docs/cluster.md has the figures). Both ends send
an empty message when they have had nothing to say for a while, and give a
stream up on which nothing came for longer: a peer that is cut off says
nothing at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from twisted.logger import Logger

Item = TypeVar("Item")

BATCH_ITEMS, BATCH_BYTES = 256, 512 << 10
"""The most of one message: what is sent first does not wait for a megabyte behind it."""

MAX_WAITING_BYTES = 8 << 20
"""Put and not sent; beyond it ``is_full`` holds back whoever can be held back."""

HEARTBEAT, SILENCE = 2.0, 8.0
"""Seconds without an item until an empty message is sent; seconds without a message until the stream is given up."""


class PeerSilent(Exception):
    """Nothing came for ``SILENCE`` seconds: the peer hangs, or the way to it is cut."""


class MessageStream(Protocol):
    """A stream of grpclib's, of either end."""

    async def send_message(self, message: Any) -> None: ...

    async def recv_message(self) -> Any: ...


class StreamQueue(Generic[Item]):
    """What is to leave by one stream, in the order of the calls.

    Args:
        message: makes one of some items, and of whether this end is leaving; of none it is the sign of life.
        drained: called when it is no longer full.

    Attributes:
        sent_items, sent_messages: since the stream began.
    """

    def __init__(self, message: Callable[[list[Item], bool], Any], drained: Callable[[], None] = lambda: None) -> None:
        self._message = message
        self._drained = drained
        self._items: list[tuple[Item, int]] = []
        self._bytes = 0
        self._was_full = False
        self._waiter: asyncio.Future[None] | None = None
        self._last_sent = 0.0
        self._leaving = False
        self.sent_items = 0
        self.sent_messages = 0

    @property
    def waiting_bytes(self) -> int:
        """Put and not sent."""
        return self._bytes

    @property
    def is_full(self) -> bool:
        """Whether so much waits that nothing should be put that can wait elsewhere; ``drained`` is called then."""
        if self._bytes > MAX_WAITING_BYTES:
            self._was_full = True
            return True
        return False

    def put(self, item: Item, size: int = 0) -> None:
        """Send it with what else is put in this turn.

        Args:
            size: about how many bytes of content it has.
        """
        self._items.append((item, size + 64))
        self._bytes += size + 64
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def leave(self) -> None:
        """Say that this end will be gone: the peer sends what is new to others."""
        self._leaving = True
        self.say_again()

    def say_again(self) -> None:
        """Send a message now, though it be empty: how it is with this end has changed."""
        self._last_sent = 0.0
        self.beat(HEARTBEAT)

    def beat(self, now: float) -> None:
        """Say that this end is here, if nothing else said so for a while."""
        if not self._items and now - self._last_sent >= HEARTBEAT and self._waiter is not None:
            if not self._waiter.done():
                self._waiter.set_result(None)

    async def send_by(self, stream: MessageStream) -> None:
        """Send for as long as the stream lives; the task that runs this is cancelled at its end."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._items:
                self._waiter = loop.create_future()
                await self._waiter
                self._waiter = None
            batch = self._next_batch()
            self._last_sent = loop.time()
            await stream.send_message(self._message(batch, self._leaving))
            self.sent_items += len(batch)
            self.sent_messages += 1
            if self._was_full and self._bytes <= MAX_WAITING_BYTES // 2:
                self._was_full = False
                self._drained()

    def _next_batch(self) -> list[Item]:
        size = count = 0
        for _, bytes_ in self._items:
            if count and (count >= BATCH_ITEMS or size + bytes_ > BATCH_BYTES):
                break
            count += 1
            size += bytes_
        batch = [item for item, _ in self._items[:count]]
        del self._items[:count]
        self._bytes -= size
        return batch


async def converse(stream: MessageStream, outgoing: StreamQueue[Any], received: Callable[[Any], None]) -> None:
    """Both directions of a stream, until the peer ends it.

    Args:
        received: takes each message but empty ones; what it raises is logged, and the stream goes on.

    Raises:
        PeerSilent
        Exception: grpclib's, when the connection breaks.
    """
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    assert me is not None
    heard = looked = loop.time()
    silent = False
    timer: asyncio.TimerHandle

    def watch() -> None:
        nonlocal timer, silent, heard, looked
        now = loop.time()
        if now - looked > SILENCE / 2:
            # This process itself has slept: what came meanwhile has not been looked at.
            heard = now
        looked = now
        if now - heard > SILENCE:
            silent = True
            me.cancel()
            return
        outgoing.beat(now)
        timer = loop.call_later(HEARTBEAT / 2, watch)

    def sending_ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            me.cancel()

    sending = loop.create_task(outgoing.send_by(stream))
    sending.add_done_callback(sending_ended)
    timer = loop.call_later(HEARTBEAT / 2, watch)
    try:
        while True:
            message = await stream.recv_message()
            if message is None:
                return
            heard = loop.time()
            try:
                received(message)
            except Exception:
                _log.failure("what a neighbour said could not be taken")
    except asyncio.CancelledError:
        if silent:
            raise PeerSilent(f"silent for {SILENCE:g} s") from None
        if sending.done() and not sending.cancelled() and sending.exception() is not None:
            raise sending.exception() from None  # type: ignore[misc]
        raise
    finally:
        timer.cancel()
        sending.cancel()


_log = Logger()
