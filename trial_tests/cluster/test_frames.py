"""Frames between a gnetway and session processes: the two ends of streams without a network between them."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.cluster.flow import StreamQueue
from teamgram.cluster.links import MemberLink, MemberLinks
from teamgram.cluster.remote_sessions import CONNECTION_WINDOW, YIELDED_FOR, RemoteSessions
from teamgram.cluster.ring import Ring
from teamgram.cluster.session_server import GatewayStream, RemoteGateways, SessionServer
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.session import ConnRef, DataChannelFull, KeyBound, SessionData

GNETWAY = "gnetway/1"


class Edge:
    """gnetway, as far as the stream knows it."""

    def __init__(self) -> None:
        self.open = {1, 2}
        self.written: list[tuple[int, bytes]] = []
        self.resumed: list[int] = []
        self.closed: list[tuple[int, str]] = []
        self.told: list[object] = []

    def send_data(self, conn: ConnRef, auth_key_id: int, server_salt: int, session_id: int, payload: bytes) -> bool:
        if conn.conn_id not in self.open:
            return False
        self.written.append((conn.conn_id, payload))
        return True

    def resume_reading(self, conn: ConnRef) -> None:
        self.resumed.append(conn.conn_id)

    def close(self, conn: ConnRef, reason: str) -> None:
        self.closed.append((conn.conn_id, reason))

    def forget_auth_key(self, auth_key_id: int) -> None:
        self.told.append(auth_key_id)

    def key_bound(self, bound: KeyBound) -> None:
        self.told.append(bound)


class Sessions:
    """A session stage that takes frames while it has room."""

    def __init__(self) -> None:
        self.room = 1 << 30
        self.taken: list[SessionData] = []
        self.closed: list[tuple[int, int, int, ConnRef]] = []
        self.writable: list[bool] = []

    def send_data(self, data: SessionData) -> None:
        if not self.room:
            raise DataChannelFull
        self.room -= 1
        self.taken.append(data)

    def close_session(self, perm_auth_key_id: int, auth_key_id: int, session_id: int, conn: ConnRef) -> None:
        self.closed.append((perm_auth_key_id, auth_key_id, session_id, conn))

    def set_writable(self, conn: ConnRef, writable: bool) -> None:
        self.writable.append(writable)


class WireLink(MemberLink):
    """A link whose stream leads to a ``GatewayStream`` in this process."""

    def __init__(self, address: str, speaker: RemoteSessions, sessions: Sessions) -> None:
        self.address = address
        self.is_leaving = self.yields = False
        self.stream = GatewayStream(GNETWAY, sessions)
        self.outgoing: StreamQueue[Any] | None = speaker.outgoing(self)

    def __repr__(self) -> str:
        return self.address


class WireLinks(MemberLinks):
    """Those of a test."""

    def __init__(self, links: list[WireLink]) -> None:
        self._links = {link.address: link for link in links}
        self.use(*self._links)

    def use(self, *members: str) -> None:
        """These are the members now."""
        self.ring = Ring(members)


def frame(conn_id: int = 1, session_id: int = 5, payload: bytes = b"x" * 100, **other: Any) -> SessionData:
    """A frame of a client's."""
    told = {"key_type": AuthKeyType.PERM, "perm_auth_key_id": 77, "transport": "tcp", **other}
    return SessionData(
        conn=ConnRef(GNETWAY, conn_id),
        auth_key_id=77,
        session_id=session_id,
        server_salt=-3,
        client_addr="192.0.2.1:5",
        local_addr="127.0.0.1:10443",
        payload=payload,
        dc_id=2,
        **told,
    )


class FramesTests(SynchronousTestCase):
    """One gnetway, one session process unless a test says otherwise."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.edge = Edge()
        self.inbound = RemoteSessions(self.edge, GNETWAY, lambda number: number in self.edge.open, self.clock.callLater)
        self.sessions = {name: Sessions() for name in ("a", "b")}
        self.links = {name: WireLink(name, self.inbound, self.sessions[name]) for name in self.sessions}
        self.wire = WireLinks(list(self.links.values()))
        self.wire.use("a")
        self.inbound.use(self.wire)
        self.a = self.sessions["a"]
        self.stream = self.links["a"].stream
        self.gateways = RemoteGateways()
        self.gateways.streams[GNETWAY] = self.stream

    def carry(self) -> None:
        """Have everything arrive that is on its way."""
        moved = True
        while moved:
            moved = False
            for link in self.links.values():
                for outgoing, received in (
                    (link.outgoing, link.stream.received),
                    (link.stream.outgoing, lambda message, link=link: self.inbound.received(link, message)),
                ):
                    while outgoing is not None and outgoing._items:
                        moved = True
                        message = outgoing._message(outgoing._next_batch(), False)
                        received(type(message).FromString(message.SerializeToString()))

    def test_a_frame_arrives_as_it_was(self) -> None:
        """All of it, also when the connection's addresses came with an earlier one."""
        frames = [frame(payload=b"one"), frame(payload=b"two"), frame(conn_id=2, session_id=-9, payload=b"three")]
        for data in frames:
            self.inbound.send_data(data)
        self.carry()
        self.assertEqual(self.a.taken, frames)

    def test_an_answer_arrives(self) -> None:
        """At its connection; one for a connection that is gone closes the session there."""
        self.inbound.send_data(frame())
        self.carry()
        self.assertTrue(self.gateways.send_data(ConnRef(GNETWAY, 1), 77, -3, 5, b"answer"))
        self.carry()
        self.assertEqual(self.edge.written, [(1, b"answer")])
        self.edge.open.clear()
        self.gateways.send_data(ConnRef(GNETWAY, 1), 77, -3, 5, b"late")
        self.carry()
        self.assertEqual(self.a.closed, [(77, 77, 5, ConnRef(GNETWAY, 1))])
        self.assertFalse(self.gateways.send_data(ConnRef("gnetway/gone", 1), 77, -3, 5, b"late"))

    def test_a_full_channel_pauses_the_client(self) -> None:
        """What is refused waits in order; so much is on its way at most; room lets all of it go on."""
        self.a.room = 2
        sent = []
        with self.assertRaises(DataChannelFull):
            for number in range(10_000):
                data = frame(payload=number.to_bytes(4, "big") * 1000)
                self.inbound.send_data(data)
                sent.append(data)
        self.assertLess(sum(len(data.payload) for data in sent), CONNECTION_WINDOW + 5000)
        self.carry()
        self.assertEqual((self.a.taken, self.edge.resumed), (sent[:2], []))
        self.inbound.send_data(frame(conn_id=2))
        self.a.room = 1 << 30
        self.carry()
        self.assertEqual(len(self.a.taken), 3, "another connection is not held up")
        self.gateways.resume_reading(ConnRef(GNETWAY, 1))
        self.carry()
        self.assertEqual([data for data in self.a.taken if data.conn.conn_id == 1], sent)
        self.assertEqual(self.edge.resumed, [1])
        self.inbound.send_data(frame())

    def test_a_client_that_does_not_read_pauses_session(self) -> None:
        """So much is on its way to it at most; when gnetway has written it, session goes on."""
        self.inbound.send_data(frame())
        self.carry()
        self.inbound.set_writable(ConnRef(GNETWAY, 1), False)
        self.carry()
        self.assertEqual(self.a.writable, [False])
        self.inbound.set_writable(ConnRef(GNETWAY, 1), True)
        self.carry()
        self.assertEqual(self.a.writable, [False, True])
        sent = 0
        while self.a.writable[-1]:
            self.gateways.send_data(ConnRef(GNETWAY, 1), 77, -3, 5, b"y" * 10_000)
            sent += 10_000
        self.assertLess(sent, CONNECTION_WINDOW + 20_000)
        self.carry()
        self.assertTrue(self.a.writable[-1])
        self.assertEqual(sum(len(payload) for _, payload in self.edge.written), sent)

    def test_what_gnetway_has_not_written_counts(self) -> None:
        """While its client does not read gnetway says nothing of what it has written."""
        self.inbound.send_data(frame())
        self.carry()
        self.inbound.set_writable(ConnRef(GNETWAY, 1), False)
        for _ in range(40):
            self.gateways.send_data(ConnRef(GNETWAY, 1), 77, -3, 5, b"y" * 10_000)
        self.carry()
        self.assertEqual(self.a.writable, [False])
        self.inbound.set_writable(ConnRef(GNETWAY, 1), True)
        self.carry()
        self.assertTrue(self.a.writable[-1])

    def test_a_connection_closes(self) -> None:
        """Each of its sessions hears it, behind the frames that wait; nothing is remembered of it."""
        for session_id in (5, 6):
            self.inbound.send_data(frame(session_id=session_id))
        self.carry()
        self.edge.open.discard(1)
        for session_id in (5, 6):
            self.inbound.close_session(77, 77, session_id, ConnRef(GNETWAY, 1))
        self.carry()
        self.assertEqual([closed[2] for closed in self.a.closed], [5, 6])
        self.assertEqual((len(self.stream), self.inbound._carried), (0, {}))

    def test_over_http(self) -> None:
        """Nothing of a connection is remembered but while a frame of it waits."""
        self.inbound.send_data(frame(transport="http"))
        self.carry()
        self.assertEqual((len(self.a.taken), len(self.stream), self.inbound._carried), (1, 0, {}))
        self.a.room = 0
        self.inbound.send_data(frame(transport="http"))
        self.carry()
        self.a.room = 1
        self.gateways.resume_reading(ConnRef(GNETWAY, 1))
        self.assertEqual((len(self.a.taken), len(self.stream)), (2, 0))

    def test_a_key_moves_in_the_ring(self) -> None:
        """What has begun on a connection stays where its answers come from, also when its key is bound or its process
        leaves; the next connection goes to the new owner."""
        self.inbound.send_data(frame())
        self.carry()
        self.wire.use("b")
        self.links["a"].is_leaving = True
        self.inbound.send_data(frame(perm_auth_key_id=99))
        self.inbound.send_data(frame(conn_id=2))
        self.carry()
        self.assertEqual((len(self.a.taken), len(self.sessions["b"].taken)), (2, 1))
        self.assertEqual((self.a.closed, self.edge.closed), ([], []))

    def test_one_process_answers(self) -> None:
        """What another process says in a session of a connection does not reach the client."""
        self.inbound.send_data(frame())
        self.carry()
        other = self.links["b"].stream
        other.send_data(1, 77, -3, 5, b"of the other")
        self.carry()
        self.assertEqual(self.edge.written, [])
        self.gateways.send_data(ConnRef(GNETWAY, 1), 77, -3, 5, b"answer")
        self.carry()
        self.assertEqual(self.edge.written, [(1, b"answer")])

    def test_a_key_is_bound(self) -> None:
        """gnetways hear of it, and the next frame goes by the permanent key."""
        bound = KeyBound(88, AuthKeyType.TEMP, 77, 1_900_000_000, 2)
        self.gateways.key_bound(bound)
        self.gateways.forget_auth_key(-1)
        self.carry()
        self.assertEqual(self.edge.told, [bound, -1])

    def test_the_session_process_dies(self) -> None:
        """The connections that it carried are closed; others are not. Frames go to the next, or wait for one."""
        self.inbound.send_data(frame())
        self.wire.use("b")
        self.inbound.send_data(frame(conn_id=2))
        self.carry()
        self.links["a"].outgoing = None
        self.inbound.lost(self.links["a"])
        self.assertEqual([conn_id for conn_id, _ in self.edge.closed], [1])
        self.links["b"].outgoing = None
        with self.assertRaises(DataChannelFull):
            self.inbound.send_data(frame(conn_id=2))
        self.links["b"].outgoing = self.inbound.outgoing(self.links["b"])
        self.inbound.connected(self.links["b"])
        self.assertEqual(self.edge.resumed, [2])

    def test_who_leaves_gets_nothing_new(self) -> None:
        """As long as somebody else is there."""
        self.wire.use("a", "b")
        self.links["a"].is_leaving = True
        self.inbound.send_data(frame())
        self.links["b"].outgoing = None
        self.inbound.send_data(frame(conn_id=2))
        self.carry()
        self.assertEqual((len(self.sessions["b"].taken), len(self.a.taken)), (0, 1))

    def test_who_may_be_cut_off(self) -> None:
        """What it has goes to another one as soon as there is one that is better; not while there is none."""
        server = SessionServer(self.a, self.gateways, None)  # type: ignore[arg-type]
        a, b = self.links["a"], self.links["b"]
        for conn_id in (1, 2):
            self.inbound.send_data(frame(conn_id=conn_id))
        self.carry()
        self.wire.use("a", "b")
        b.outgoing = None
        server.may_be_cut_off("its lease ends", True)
        server.may_be_cut_off("no bff", True)
        self.say(a)
        self.clock.advance(YIELDED_FOR)
        self.assertEqual((a.yields, self.edge.closed), (True, []))
        self.assertIs(self.wire.owner(77), a, "nobody else is there")
        b.outgoing = self.inbound.outgoing(b)
        self.inbound.connected(b)
        self.assertEqual(self.edge.closed, [])
        self.clock.advance(YIELDED_FOR)
        self.assertEqual([conn_id for conn_id, _ in self.edge.closed], [1, 2])
        self.assertTrue(all(self.wire.owner(key) is b for key in range(100)))
        server.may_be_cut_off("no bff", False)
        self.say(a)
        self.assertTrue(a.yields, "one reason is left")
        server.may_be_cut_off("its lease ends", False)
        self.say(a)
        self.assertFalse(a.yields)

    def test_who_leaves_is_worse_than_who_may_be_cut_off(self) -> None:
        """It will be gone in any case."""
        self.wire.use("a", "b")
        for one, other in (("a", "b"), ("b", "a")):
            self.links[one].is_leaving, self.links[one].yields = True, False
            self.links[other].is_leaving, self.links[other].yields = False, True
            self.assertEqual({self.wire.owner(key << 57) for key in range(-60, 60)}, {self.links[other]})

    def say(self, link: WireLink) -> None:
        """Have its sign of life arrive."""
        self.inbound.received(link, link.stream.outgoing._message([], False))

    def test_the_gnetway_dies(self) -> None:
        """Its connections carry nothing any more; what waited counts as it does for a connection that closed."""
        self.a.room = 1
        for _ in range(3):
            self.inbound.send_data(frame())
        self.carry()
        self.a.room = 10
        self.stream.lost()
        self.assertEqual((len(self.a.taken), self.a.closed), (3, [(77, 77, 5, ConnRef(GNETWAY, 1))]))
