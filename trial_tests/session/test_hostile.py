"""Bytes and orders that no client sends: no exception but the one, no growth past the limits."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.interfaces.session import DataChannelFull
from teamgram.session import service_messages as wire
from teamgram.session.counts import SessionCounts
from teamgram.session.events import RpcReceived
from teamgram.session.salts import ServerSalts
from teamgram.session.service_messages import MalformedMessage
from teamgram.session.session import Session
from teamgram.session.settings import SessionSettings
from trial_tests import long_play
from trial_tests.session.fakes import GET_CONFIG, KEY, NOW, SALT, Harness, salts, unpack

CONSTRUCTORS = st.sampled_from(
    [value for name, value in vars(wire).items() if name.isupper() and isinstance(value, int) and value > 1 << 16]
    + [0xC4F9186B, 0xDA9B0D0D, 0]
)
BODIES = st.builds(
    lambda constructor, rest: struct.pack("<I", constructor) + rest, CONSTRUCTORS, st.binary(max_size=60)
)
NEAR = int(NOW) << 32
MSG_IDS = st.one_of(
    st.integers(NEAR - (400 << 32), NEAR + (60 << 32)), st.sampled_from([NEAR + 4 * i for i in range(8)])
)
SEQ_NOS = st.integers(-2, 20)
LENGTHS = st.one_of(st.none(), st.integers(-(1 << 31), (1 << 31) - 1))


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A message head and body, its length mostly right."""
    body = draw(BODIES)
    body += bytes(-len(body) & 3)
    length = draw(LENGTHS)
    return wire.HEADER.pack(draw(MSG_IDS), draw(SEQ_NOS), len(body) if length is None else length) + body


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """A message, or a container of some, or noise."""
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return draw(st.binary(max_size=80))
    if kind < 3:
        return draw(messages())
    inner = draw(st.lists(messages(), max_size=5))
    count = draw(st.one_of(st.just(len(inner)), st.integers(0, (1 << 32) - 1)))
    body = struct.pack("<II", wire.MSG_CONTAINER, count) + b"".join(inner)
    return wire.HEADER.pack(draw(MSG_IDS), draw(SEQ_NOS), len(body)) + body


class SessionFuzzTests(SynchronousTestCase):
    @given(st.lists(st.tuples(frames(), st.sampled_from([SALT, 0]), st.sampled_from([0.0, 1.0, 100.0])), max_size=30))
    @settings(max_examples=150 * long_play.TIMES, deadline=None)
    def test_session(self, received: list[tuple[bytes, int, float]]) -> None:
        """A session takes any frames; what it says stays well-formed, its ids grow and its limits hold."""
        limits = SessionSettings(inbox_limit=40, push_limit=5, unacked_limit=10)
        session = Session(1, 2, ServerSalts(salts()), limits, SessionCounts())
        now = NOW
        last_msg_id = 0
        for payload, salt, passed in received:
            now += passed
            try:
                session.receive(payload, salt, now)
            except MalformedMessage:
                continue
            for event in iter(session.next_event, None):
                if isinstance(event, RpcReceived):
                    session.reply(event.msg_id, b"\xb5\x75\x72\x99")
            session.outbox.add_push(b"updt")
            while (packet := session.packet(now)) is not None:
                msg_id = wire.HEADER.unpack_from(packet)[0]
                self.assertGreater(msg_id, last_msg_id)
                last_msg_id = msg_id
                unpack([packet])
        self.assertLessEqual(len(session.inbox.messages), 40)
        self.assertLessEqual(len(session.outbox.unacked), 10)
        self.assertGreaterEqual(session.running, 0)
        self.assertEqual(session.outbox.unacked_bytes, sum(one.size for one in session.outbox.unacked.values()))
        self.assertEqual(session.outbox.queued_bytes, 0)

    @given(
        st.lists(
            st.tuples(st.integers(1, 4), frames(), st.sampled_from(["send", "close", "full", "free", "move", "wait"])),
            max_size=40,
        )
    )
    @settings(max_examples=200, deadline=None)
    def test_stage(self, steps: list[tuple[int, bytes, str]]) -> None:
        """Connections come, go and stall in any order; nothing is raised in a turn and nothing is left behind."""
        harness = Harness(session_data_chan_size=4, retention=5.0, idle_wrapper_retention=5.0, rpc_timeout=5.0)
        harness.bff.slow.add("help.getNearestDc")
        harness.service.startService()
        clients = {number: harness.client(number, transport="http" if number == 4 else "tcp") for number in range(1, 5)}
        for number, payload, what in steps:
            client = clients[number]
            if what == "close" and number != 4:
                client.close()
                client.connect()
            elif what in ("full", "free"):
                harness.service.set_writable(client.conn, what == "free")
            elif what == "move":
                client.connect()
            elif what == "wait":
                harness.clock.advance(1)
            try:
                client.send_frame(payload)
            except DataChannelFull:
                pass
            harness.turn()
        for client in clients.values():
            for conn in range(1, harness.conns + 1):
                client.conn = type(client.conn)("gw", conn)
                client.close()
        harness.clock.pump([1.0] * 40)
        stage = harness.service.stage
        self.assertEqual(
            (stage.keys.lists, stage.keys.wrappers, stage.requests.running, stage.requests.waiting), ({}, {}, {}, {})
        )
        self.assertEqual(
            (stage.delivery._conns, stage.delivery._full, stage.delivery.disconnected, stage.delivery.ack_due),
            ({}, set(), {}, {}),
        )
        self.successResultOf(harness.service.stopService())
        self.assertEqual(harness.clock.getDelayedCalls(), [])
        self.assertEqual(self.flushLoggedErrors(), [])


class FloodTests(SynchronousTestCase):
    def test_fastest_sender_is_slowed_by_its_own_socket(self) -> None:
        """Frames faster than requests finish are refused at a bound, and none of those taken is lost."""
        harness = Harness(max_running_rpcs=16, session_data_chan_size=8, frames_per_turn=8)
        harness.bff.slow.add("help.getNearestDc")
        client = harness.client()
        taken: list[int] = []
        refused = 0
        for _ in range(500):
            try:
                taken.append(client.send(struct.pack("<I", 0x1FB33026)))
            except DataChannelFull:
                refused += 1
                harness.turn()
        self.assertGreater(refused, 400)
        while harness.bff.waiting:
            waiting, harness.bff.waiting = harness.bff.waiting, []
            for _, deferred in waiting:
                deferred.callback(b"\xb5\x75\x72\x99")
            harness.turn()
        self.assertEqual(sorted(client.results()), taken)
        self.assertIn(client.conn, harness.gateway.resumed)

    def test_container_of_a_thousand_requests(self) -> None:
        """One container may overshoot the bound; each of its requests is answered once."""
        harness = Harness()
        client = harness.client()
        made = [client.core.message(GET_CONFIG) for _ in range(1020)]
        client.send_frame(client.core.container(*[payload for _, payload in made])[1])
        answered = [one.result()[0] for one in client.received() if one.constructor_id == wire.RPC_RESULT]
        self.assertEqual(answered, [msg_id for msg_id, _ in made])

    def test_pongs_that_nobody_reads(self) -> None:
        """Tiny answers count for what they cost; a client that reads none is soon not read itself."""
        harness = Harness(unsent_limit_bytes=100_000)
        client = harness.client()
        client.send(struct.pack("<Iq", wire.PING, 1))
        harness.turn()
        harness.service.set_writable(client.conn, False)
        taken = 0
        for _ in range(5000):
            try:
                client.send(struct.pack("<Iq", wire.PING, 1))
            except DataChannelFull:
                break
            taken += 1
            harness.turn()
        self.assertLess(taken, 500)

    def test_content_that_is_never_acknowledged(self) -> None:
        """Messages that want an acknowledgement stop being read when none can leave."""
        harness = Harness()
        client = harness.client()
        client.send(struct.pack("<Iq", wire.PING, 1))
        harness.turn()
        harness.service.set_writable(client.conn, False)
        taken = 0
        for _ in range(wire.MAX_MSG_IDS + 100):
            try:
                client.send(struct.pack("<IIII", wire.MSGS_ALL_INFO, wire.VECTOR, 0, 0))
            except DataChannelFull:
                break
            taken += 1
            harness.turn()
        self.assertEqual(taken, wire.MAX_MSG_IDS + 1)
        harness.clock.advance(1)
        harness.service.set_writable(client.conn, True)
        harness.turn()
        self.assertEqual(harness.gateway.resumed, [client.conn])

    def test_idle_session_is_small(self) -> None:
        """What a session keeps after its first ping, in objects of ours."""
        import tracemalloc

        harness = Harness(sessions_per_key=10_000)
        harness.client(0).send(b"\xec\x77\xbe\x7a" + bytes(8))
        harness.turn()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for session_id in range(1, 501):
            harness.client(session_id).send(b"\xec\x77\xbe\x7a" + bytes(8))
            harness.turn()
            harness.gateway.sent.clear()
        each = (tracemalloc.get_traced_memory()[0] - before) / 500
        tracemalloc.stop()
        self.assertEqual(len(harness.service.stage.keys.lists[KEY].sessions), 501)
        self.assertLess(each, 4000)
