"""How connections begin, idle and end."""

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.conn_context import ConnContext
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.key_cache import CachedKey
from teamgram.gnetway.settings import GnetwaySettings
from trial_tests.gnetway.fakes import FakeLink, FakeSession, perm_key

CLIENT, LOCAL = ("192.0.2.1", 40000), ("127.0.0.1", 10443)


class ConnectionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.session = FakeSession()
        self.connections = Connections(
            self.session,
            GnetwaySettings(max_connections_per_address=2, max_send_buffer_bytes=1000),
            self.clock.seconds,
            lambda: 0.5,
        )

    def open(self, kind: str = "tcp") -> tuple[ConnContext, FakeLink]:
        link = FakeLink()
        conn = self.connections.open(kind, CLIENT, LOCAL, link)
        assert conn is not None
        return conn, link

    def tick_until(self, seconds: float) -> None:
        while self.clock.seconds() < seconds:
            self.clock.advance(1.0)
            self.connections.tick()

    def test_no_valid_frame_for_thirty_seconds(self) -> None:
        """A connection that says nothing valid is closed after 30 s, not before."""
        _, link = self.open()
        self.tick_until(1029)
        self.assertEqual(link.calls, [])
        self.tick_until(1031)
        self.assertEqual(link.calls, ["close"])

    def test_idle_time_by_kind(self) -> None:
        """After a frame TCP stays 300 s and HTTP 60 s, each with its jitter."""
        self.assertEqual(self.open("tcp")[0].idle_seconds, 304.5)
        self.assertEqual(self.open("http")[0].idle_seconds, 64.5)

    def test_frame_moves_the_date(self) -> None:
        """Assigning close_date is enough to stay open for that long."""
        conn, link = self.open()
        conn.close_date = 1000.0 + conn.idle_seconds
        self.tick_until(1304)
        self.assertEqual(link.calls, [])
        self.tick_until(1306)
        self.assertEqual(link.calls, ["close"])

    def test_peer_that_does_not_let_itself_be_closed(self) -> None:
        """What does not go after close is aborted at its deadline."""
        conn, link = self.open()
        self.connections.close(conn, "test")
        self.connections.close(conn, "again")
        self.tick_until(1007)
        self.assertEqual(link.calls, ["close", "abort"])

    def test_loss_closes_every_session_seen_there(self) -> None:
        """Session hears of exactly the (key, session, connection) triples of the lost connection."""
        conn, _ = self.open()
        other, _ = self.open()
        key = CachedKey(perm_key(1))
        for session_id in (5, -7):
            conn.seen(key, session_id)
        other.seen(key, 5)
        self.connections.lost(conn, "gone")
        self.connections.lost(conn, "gone twice")
        key_id = key.auth_key_id
        self.assertEqual(self.session.closed, [(key_id, key_id, 5, conn.ref), (key_id, key_id, -7, conn.ref)])
        self.assertEqual(len(self.connections), 1)
        self.assertEqual(len(self.connections.wheel), 1)

    def test_http_loss_closes_no_session(self) -> None:
        """An HTTP connection that ends takes no session with it."""
        conn, _ = self.open("http")
        key = CachedKey(perm_key(1))
        conn.seen(key, 5)
        self.connections.lost(conn, "gone")
        self.assertEqual(self.session.closed, [])

    def test_limit_by_address(self) -> None:
        """The third connection of an address is refused until one of its first two is gone."""
        first, _ = self.open()
        self.open()
        self.assertIsNone(self.connections.open("tcp", CLIENT, LOCAL, FakeLink()))
        self.assertEqual(self.connections.refused, 1)
        self.connections.lost(first, "gone")
        self.open()

    def test_full_send_buffer_is_told_once_and_its_end_once(self) -> None:
        """Session hears of each change and not of each write."""
        conn, _ = self.open()
        for _ in range(3):
            self.connections.write_blocked(conn)
        for _ in range(3):
            self.connections.write_drained(conn)
        self.assertEqual(self.session.writable, [(conn.ref, False), (conn.ref, True)])

    def test_peer_that_never_reads_is_cut_off(self) -> None:
        """Bytes written past the full buffer are bounded; above the bound the connection is aborted."""
        conn, link = self.open()
        self.connections.write_blocked(conn)
        self.connections.written_while_blocked(conn, 1000)
        self.assertEqual(link.calls, [])
        self.connections.written_while_blocked(conn, 1)
        self.assertEqual(link.calls, ["abort"])
        with capturedLogs() as logs:
            self.connections.lost(conn, "connection aborted")
        self.assertEqual(logs[0]["reason"], "does not read")

    def test_one_line_at_each_end(self) -> None:
        """Opening and closing leave one line each, with number, kind, address and reason."""
        with capturedLogs() as logs:
            conn, _ = self.open()
            self.connections.lost(conn, "peer closed")
        self.assertEqual(len(logs), 2)
        for event in logs:
            self.assertEqual((event["conn_id"], event["kind"], event["client"]), (1, "tcp", "192.0.2.1:40000"))
        self.assertEqual(logs[1]["reason"], "peer closed")
