"""Frames that begin and do not end."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.conn_context import ConnContext
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.settings import GnetwaySettings
from teamgram.gnetway.unfinished import SMALL_BYTES
from trial_tests.gnetway.fakes import FakeLink, FakeSession

LOCAL = ("127.0.0.1", 10443)
LONG = 100_000


class UnfinishedFramesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.connections = Connections(
            FakeSession(),
            GnetwaySettings(max_unfinished_bytes=5 * LONG, max_unfinished_bytes_per_address=3 * LONG),
            Clock().seconds,
            lambda: 0.5,
        )

    def open(self, host: str = "192.0.2.1") -> ConnContext:
        conn = self.connections.open("tcp", (host, 40000), LOCAL, FakeLink())
        assert conn is not None
        return conn

    def begun(self, host: str = "192.0.2.1") -> ConnContext:
        """A connection that holds a long part of a frame."""
        conn = self.open(host)
        self.connections.holds(conn, LONG)
        return conn

    def test_longest_waiting_of_an_address_goes(self) -> None:
        """Not the one that begins now; other addresses have nothing to do with it."""
        stranger = self.begun("192.0.2.9")
        waiting = [self.begun() for _ in range(4)]
        self.assertEqual([bool(conn.closing) for conn in (stranger, *waiting)], [False, True, False, False, False])
        self.assertEqual(self.connections.unfinished.total_bytes, 4 * LONG)

    def test_greediest_address_gives_up(self) -> None:
        """When all together hold too much."""
        first = self.begun("192.0.2.1")
        greedy = [self.begun("192.0.2.2") for _ in range(3)]
        others = [self.begun(f"192.0.2.{host}") for host in (3, 4)]
        self.assertEqual([bool(conn.closing) for conn in (first, *greedy, *others)], [False, True] + [False] * 4)

    def test_frame_that_came_to_its_end_counts_no_more(self) -> None:
        """Nor does a connection that is lost; small ones never did."""
        finished, lost, growing, small = self.begun(), self.begun(), self.open(), self.open()
        for size in range(SMALL_BYTES, LONG, SMALL_BYTES):
            self.connections.holds(growing, size)
        self.connections.holds(small, SMALL_BYTES)
        self.connections.holds(finished, 0)
        self.connections.lost(lost, "peer closed")
        self.assertEqual(self.connections.unfinished.total_bytes, LONG // SMALL_BYTES * SMALL_BYTES)
        self.connections.holds(growing, 10)
        self.assertEqual(self.connections.unfinished.total_bytes, 0)
        self.assertFalse(any(conn.closing for conn in (finished, growing, small)))
