"""How many sockets are read in a turn, against the kernel's epoll and Twisted's reactor."""

from __future__ import annotations

import select
import socket
from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.short_rounds import ShortRounds, shorten


class ShortRoundsTests(SynchronousTestCase):
    """What a look brings when more is ready."""

    def setUp(self) -> None:
        self.epoll = select.epoll()
        self.addCleanup(self.epoll.close)
        self.rounds = ShortRounds(self.epoll, 3)
        self.readers: dict[int, socket.socket] = {}
        for _ in range(8):
            reader, writer = socket.socketpair()
            self.addCleanup(reader.close)
            self.addCleanup(writer.close)
            self.rounds.register(reader.fileno(), select.EPOLLIN)
            writer.send(b"x")
            self.readers[reader.fileno()] = reader

    def test_all_in_their_turn(self) -> None:
        """Some at a time; nobody who has been read comes again before the others, though all stay ready."""
        seen = [fd for _ in range(3) for fd, _ in self.rounds.poll(0, 100)]
        self.assertEqual(len(seen), 9)
        self.assertEqual(len(set(seen)), 8)
        self.assertLess(max(seen.index(fd) for fd in self.readers), 8)

    def test_what_was_read_is_done(self) -> None:
        """What is not ready any more does not come again."""
        seen = []
        while ready := self.rounds.poll(0, 100):
            self.assertLessEqual(len(ready), 3)
            for fd, _ in ready:
                self.readers[fd].recv(10)
                seen.append(fd)
        self.assertEqual(sorted(seen), sorted(self.readers))

    def test_fewer_wanted(self) -> None:
        """Never more than are asked for."""
        self.assertEqual(len(self.rounds.poll(0, 2)), 2)


class ShortenTests(SynchronousTestCase):
    """A reactor that reads so."""

    def test_twisteds(self) -> None:
        """Twisted's reads each socket, some in a turn; done twice it is as done once."""
        from twisted.internet.epollreactor import EPollReactor

        reactor: Any = EPollReactor()
        self.addCleanup(lambda: [one.connectionLost(None) for one in reactor.removeAll()])
        shorten(reactor)
        poller = reactor._poller
        self.assertIsInstance(poller, ShortRounds)
        shorten(reactor)
        self.assertIs(reactor._poller, poller)
        turns: list[list[int]] = []

        class Reader:
            def __init__(self, number: int) -> None:
                self.number = number
                self.socket, self.other = socket.socketpair()
                self.other.send(b"x")

            def fileno(self) -> int:
                return self.socket.fileno()

            def logPrefix(self) -> str:
                return "reader"

            def doRead(self) -> None:
                self.socket.recv(10)
                turns[-1].append(self.number)

            def connectionLost(self, reason: Any) -> None:
                self.socket.close()
                self.other.close()

        for number in range(40):
            reactor.addReader(Reader(number))
        for _ in range(4):
            turns.append([])
            reactor.doIteration(0)
        self.assertEqual([len(turn) for turn in turns], [12, 12, 12, 4])
        self.assertEqual(sorted(number for turn in turns for number in turn), list(range(40)))

    def test_one_fails(self) -> None:
        """What raises is told of its end and leaves; where that raises too it is logged; the others are read."""
        from twisted.internet.epollreactor import EPollReactor

        reactor: Any = EPollReactor()
        self.addCleanup(lambda: [one.connectionLost(None) for one in reactor.removeAll()])
        shorten(reactor)
        ends: list[tuple[str, Any]] = []
        read: list[str] = []

        class Reader:
            def __init__(self, name: str) -> None:
                self.name = name
                self.socket, self.other = socket.socketpair()
                self.other.send(b"x")

            def fileno(self) -> int:
                return self.socket.fileno()

            def doRead(self) -> Exception | None:
                read.append(self.name)
                if self.name == "raises":
                    raise KeyError("in doRead")
                self.socket.recv(10)
                return ConnectionLost("closed") if self.name == "ends" else None

            def connectionLost(self, reason: Any) -> None:
                self.socket.close()
                self.other.close()
                ends.append((self.name, reason.type if reason is not None else None))
                if self.name == "raises":
                    raise ValueError("in connectionLost")

        for name in ("raises", "ends", "stays"):
            reactor.addReader(Reader(name))
        reactor.doIteration(0)
        reactor.doIteration(0)
        self.assertEqual(sorted(read), ["ends", "raises", "stays"])
        self.assertEqual(sorted(ends), [("ends", ConnectionLost), ("raises", KeyError)])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_another(self) -> None:
        """One without epoll is left alone."""
        shorten(object())
