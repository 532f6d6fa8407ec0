"""A stream between two processes: batches, signs of life, a peer that says nothing."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from teamgram.cluster import flow
from teamgram.cluster.flow import PeerSilent, StreamQueue, converse


class Pipe:
    """One end of a stream without a network; ``closed`` window: nothing can be sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.coming: asyncio.Queue[Any] = asyncio.Queue()
        self.window = asyncio.Event()
        self.window.set()

    async def send_message(self, message: Any) -> None:
        await self.window.wait()
        self.sent.append(message)

    async def recv_message(self) -> Any:
        return await self.coming.get()


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """On a loop of its own, whatever the test's reactor is."""
    asyncio.run(asyncio.wait_for(coroutine, 10))


async def turns(count: int = 5) -> None:
    """Let the loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


class OutgoingTests(SynchronousTestCase):
    """What leaves in which message."""

    def setUp(self) -> None:
        self.drained = 0

    def outgoing(self) -> "StreamQueue[int]":
        def drained() -> None:
            self.drained += 1

        return StreamQueue(lambda items, leaving: (*items, leaving), drained)

    def test_a_turn_is_a_message(self) -> None:
        """What is put in one turn of the reactor leaves together, in order."""

        async def play() -> None:
            pipe, outgoing = Pipe(), self.outgoing()
            sending = asyncio.ensure_future(outgoing.send_by(pipe))
            await turns()
            for number in range(5):
                outgoing.put(number)
            await turns()
            outgoing.put(5)
            await turns()
            sending.cancel()
            self.assertEqual(pipe.sent, [(0, 1, 2, 3, 4, False), (5, False)])
            self.assertEqual((outgoing.sent_items, outgoing.sent_messages), (6, 2))

        run(play())

    def test_large_items_leave_apart(self) -> None:
        """A message has half a megabyte at most, or one item."""

        async def play() -> None:
            pipe, outgoing = Pipe(), self.outgoing()
            for number in range(3):
                outgoing.put(number, 400 << 10)
            sending = asyncio.ensure_future(outgoing.send_by(pipe))
            await turns()
            sending.cancel()
            self.assertEqual(pipe.sent, [(0, False), (1, False), (2, False)])

        run(play())

    def test_a_closed_window_fills_it(self) -> None:
        """While the peer takes nothing it fills up; when the peer has taken half of it, who was refused is told."""

        async def play() -> None:
            pipe, outgoing = Pipe(), self.outgoing()
            pipe.window.clear()
            sending = asyncio.ensure_future(outgoing.send_by(pipe))
            number = 0
            while not outgoing.is_full:
                outgoing.put(number, 1 << 20)
                number += 1
                await turns(1)
            self.assertLess(outgoing.waiting_bytes, 2 * flow.MAX_WAITING_BYTES)
            self.assertEqual(self.drained, 0)
            pipe.window.set()
            await turns(40)
            sending.cancel()
            self.assertEqual((self.drained, outgoing.waiting_bytes), (1, 0))
            self.assertEqual([sent[0] for sent in pipe.sent], list(range(number)))

        run(play())

    def test_leaving_is_said(self) -> None:
        """At once, in a message of its own."""

        async def play() -> None:
            pipe, outgoing = Pipe(), self.outgoing()
            sending = asyncio.ensure_future(outgoing.send_by(pipe))
            await turns()
            outgoing.leave()
            await turns()
            sending.cancel()
            self.assertEqual(pipe.sent, [(True,)])

        run(play())


class ConverseTests(SynchronousTestCase):
    """Both directions."""

    def setUp(self) -> None:
        self.patch(flow, "HEARTBEAT", 0.01)
        self.patch(flow, "SILENCE", 0.05)
        self.heard: list[Any] = []

    def outgoing(self) -> "StreamQueue[int]":
        return StreamQueue(lambda items, _: tuple(items))

    def test_signs_of_life(self) -> None:
        """Who has nothing to say says that, and hears a silent peer's silence."""

        async def play() -> None:
            pipe = Pipe()
            with self.assertRaises(PeerSilent):
                await converse(pipe, self.outgoing(), self.heard.append)
            self.assertGreaterEqual(len(pipe.sent), 2)
            self.assertEqual(set(pipe.sent), {()})

        run(play())

    def test_the_peers_end(self) -> None:
        """What came is taken; its end is ours."""

        async def play() -> None:
            pipe = Pipe()
            for message in ("a", "b", None):
                pipe.coming.put_nowait(message)
            await converse(pipe, self.outgoing(), self.heard.append)
            self.assertEqual(self.heard, ["a", "b"])

        run(play())

    def test_a_fault_of_ours_does_not_end_it(self) -> None:
        """What cannot be taken is logged, and the next is heard."""

        async def play() -> None:
            pipe = Pipe()
            for message in ("a", "b", None):
                pipe.coming.put_nowait(message)
            taken = mock.Mock(side_effect=[ValueError("no"), None])
            await converse(pipe, self.outgoing(), taken)
            self.assertEqual(taken.call_count, 2)

        run(play())
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_what_cannot_be_sent_ends_it(self) -> None:
        """A connection that broke is seen by whoever receives, too."""

        async def play() -> None:
            pipe, outgoing = Pipe(), self.outgoing()

            async def broken(message: Any) -> None:
                raise ConnectionResetError

            pipe.send_message = broken  # type: ignore[method-assign]
            outgoing.put(1)
            with self.assertRaises(ConnectionResetError):
                await converse(pipe, outgoing, self.heard.append)

        run(play())
