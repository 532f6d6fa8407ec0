"""Containers, packed objects, bounds and service messages of one session."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from teamgram.session import service_messages as wire
from teamgram.session.events import (
    DestroyAuthKeyReceived,
    DestroySessionReceived,
    DisconnectDelayed,
    HttpWaitReceived,
    RpcCancelled,
    RpcReceived,
)
from trial_tests.session.fakes import (
    BOOL_TRUE,
    GET_CONFIG,
    GET_STATE,
    NOW,
    ping,
    unpack,
)
from trial_tests.session.pair import SECOND, Pair, constructors


class ContainerTests(SynchronousTestCase):
    def test_what_a_clock_is_told_is_alone(self) -> None:
        """16, 17 and a new salt leave in frames of their own before all that waits, whatever was queued first."""
        pair = Pair().began()
        request = pair.send(GET_CONFIG)
        pair.events()
        pair.session.reply(request, BOOL_TRUE)
        pair.session.outbox.add_push(b"updt")
        old = pair.send(ping(), msg_id=int(pair.now - 4000) << 32)
        new = pair.send(ping(), msg_id=int(pair.now + 4000) << 32)
        salted = pair.send(ping(), salt=5)
        frames = list(iter(lambda: pair.session.packet(pair.now), None))
        told = [unpack([frame]) for frame in frames]
        self.assertEqual([len(messages) for messages in told[:3]], [1, 1, 1])
        self.assertEqual([messages[0].bad_msg()[::2] for messages in told[:2]], [(old, 16), (new, 17)])
        self.assertEqual(told[2][0].constructor_id, wire.BAD_SERVER_SALT)
        self.assertEqual(struct.unpack_from("<q", told[2][0].body, 4), (salted,))
        for frame in frames[:3]:
            self.assertNotEqual(struct.unpack_from("<I", frame, 16)[0], wire.MSG_CONTAINER)
        self.assertEqual(len(told), 4)
        self.assertEqual(len(told[3]), 2)  # answer and update, together as ever

    def test_answers_ready_together_leave_together(self) -> None:
        """Several answers make one frame, whose id is above those in it and whose seq_no is even."""
        pair = Pair().began()
        ids = [pair.send(GET_CONFIG) for _ in range(3)]
        for msg_id in ids:
            pair.session.reply(msg_id, BOOL_TRUE)
        frame = pair.session.packet(pair.now)
        assert frame is not None
        container_id, seq_no, _ = wire.HEADER.unpack_from(frame)
        messages = unpack([frame])
        self.assertEqual([one.result()[0] for one in messages], ids)
        self.assertTrue(all(one.msg_id < container_id for one in messages))
        self.assertEqual([one.seq_no for one in messages], [3, 5, 7])
        self.assertEqual(seq_no, 8)
        self.assertIsNone(pair.session.packet(pair.now))

    def test_error_is_last_and_alone_of_its_kind(self) -> None:
        """At most one rpc_error in a container, and behind everything else."""
        pair = Pair().began()
        ids = [pair.send(GET_CONFIG) for _ in range(4)]
        pair.session.fail(ids[0], 400, "A")
        pair.session.reply(ids[1], BOOL_TRUE)
        pair.session.fail(ids[2], 400, "B")
        pair.session.reply(ids[3], BOOL_TRUE)
        messages = pair.received()
        self.assertEqual(
            [(one.packet, one.result()[0]) for one in messages], [(0, ids[1]), (0, ids[3]), (0, ids[0]), (1, ids[2])]
        )

    def test_bad_message_fails_alone(self) -> None:
        """A message that cannot be read does not keep the others in its container."""
        pair = Pair().began()
        cut_short = pair.client.message(struct.pack("<I", wire.GET_FUTURE_SALTS))
        query = pair.client.message(GET_CONFIG)
        pair.deliver(pair.client.container(cut_short[1], query[1])[1])
        self.assertEqual(pair.events(), [RpcReceived(query[0], GET_CONFIG)])
        (failed,) = pair.received()
        self.assertEqual((failed.result()[0], failed.error()), (cut_short[0], (400, "INPUT_FETCH_ERROR")))

    def test_malformed_container_is_64(self) -> None:
        """A container is taken or refused whole, before anything in it runs."""
        inner = Pair().client

        def older(seq_no: int, body: bytes, number: int = 0) -> bytes:
            """A message that nothing is wrong with but where it is."""
            return wire.HEADER.pack(int(NOW - 20) * SECOND + 4 * number, seq_no, len(body)) + body

        one = struct.pack("<II", wire.MSG_CONTAINER, 1)
        too_many = wire.MAX_CONTAINER_MESSAGES + 1
        bad = {
            "count": struct.pack("<II", wire.MSG_CONTAINER, 2) + inner.message(GET_CONFIG)[1],
            "too many": struct.pack("<II", wire.MSG_CONTAINER, too_many)
            + b"".join(older(2 * number + 1, GET_CONFIG, number) for number in range(too_many)),
            "length": struct.pack("<II", wire.MSG_CONTAINER, 1) + wire.HEADER.pack(4, 1, 400) + GET_CONFIG,
            "negative length": struct.pack("<II", wire.MSG_CONTAINER, 1) + wire.HEADER.pack(4, 1, -4) + GET_CONFIG,
            "nested": one + older(0, one + older(1, GET_CONFIG)),
            "newer inside": struct.pack("<II", wire.MSG_CONTAINER, 1)
            + wire.HEADER.pack(int(NOW + 20) * SECOND, 1, 4)
            + GET_CONFIG,
        }
        for what, body in bad.items():
            pair = Pair().began()
            msg_id = pair.send(body, content_related=False)
            self.assertEqual([(one, code) for one, _, code in pair.bad_msgs()], [(msg_id, 64)], what)
            self.assertEqual(pair.events(), [], what)

    def test_old_message_in_a_new_container_is_accepted(self) -> None:
        """What waited longer than 300 s comes in a container with a fresh id."""
        pair = Pair().began()
        old, message = pair.client.message(GET_CONFIG)
        pair.now += 310
        pair.deliver(pair.client.container(message)[1])
        self.assertEqual(pair.events(), [RpcReceived(old, GET_CONFIG)])

    def test_msg_copy_is_its_message(self) -> None:
        """msg_copy counts as the message in it, once."""
        pair = Pair().began()
        msg_id, message = pair.client.message(GET_CONFIG)
        for _ in range(2):
            pair.send(struct.pack("<I", wire.MSG_COPY) + message, content_related=False)
        self.assertEqual(pair.events(), [RpcReceived(msg_id, GET_CONFIG)])


class GzipTests(SynchronousTestCase):
    def test_packed_query_is_unpacked(self) -> None:
        """gzip_packed around a query is taken off."""
        pair = Pair().began()
        query = GET_CONFIG + b"abcd" * 300
        msg_id = pair.send(wire.gzip_packed(query))
        self.assertEqual(pair.events(), [RpcReceived(msg_id, query)])

    def test_bomb_is_refused(self) -> None:
        """What unpacks to more than the limit is not unpacked further."""
        pair = Pair(gunzip_limit_bytes=1000).began()
        msg_id = pair.send(wire.gzip_packed(GET_CONFIG + b"\0" * 1_000_000))
        self.assertEqual([(bad, code) for bad, _, code in pair.bad_msgs()], [(msg_id, 64)])

    def test_frame_unpacks_to_so_much_in_all(self) -> None:
        """What one container has packed is bounded together, and the next frame has its own bound."""
        pair = Pair(gunzip_limit_bytes=1000, gunzip_frame_bytes=2500).began()
        query = GET_CONFIG + bytes(896)
        messages = [pair.client.message(wire.gzip_packed(query)) for _ in range(4)]
        pair.deliver(pair.client.container(*[payload for _, payload in messages])[1])
        self.assertEqual(pair.events(), [RpcReceived(msg_id, query) for msg_id, _ in messages[:2]])
        self.assertEqual([(bad, code) for bad, _, code in pair.bad_msgs()], [(one, 64) for one, _ in messages[2:]])
        msg_id = pair.send(wire.gzip_packed(query))
        self.assertEqual(pair.events(), [RpcReceived(msg_id, query)])

    def test_large_result_is_packed_when_smaller(self) -> None:
        """A compressible result over the threshold is packed, others are not."""
        pair = Pair(gzip_threshold_bytes=100).began()
        for result, packed in ((BOOL_TRUE * 50, True), (BOOL_TRUE, False), (bytes(range(256)), False)):
            msg_id = pair.send(GET_CONFIG)
            pair.session.reply(msg_id, result)
            (answer,) = pair.received()
            self.assertEqual(answer.result(), (msg_id, result))
            self.assertIs(struct.unpack_from("<I", answer.body, 12)[0] == wire.GZIP_PACKED, packed)


class BoundTests(SynchronousTestCase):
    def test_updates_past_the_bound_become_updates_too_long(self) -> None:
        """A client that does not read costs no more than the bound, and is told to get the difference."""
        pair = Pair(push_limit=10, push_limit_bytes=100_000).began()
        taken = [pair.session.outbox.add_push(b"updt") for _ in range(100)]
        self.assertEqual(taken.count(True), 10)
        self.assertEqual(pair.session.outbox.queued_bytes, 0)
        (told,) = pair.received()
        self.assertEqual(told.constructor_id, 0xE317AF7E)
        self.assertTrue(pair.session.outbox.add_push(b"updt"))

    def test_updates_are_bounded_in_bytes(self) -> None:
        """The bound counts bytes as well."""
        pair = Pair(push_limit=10, push_limit_bytes=1000).began()
        self.assertTrue(pair.session.outbox.add_push(b"x" * 600))
        self.assertFalse(pair.session.outbox.add_push(b"x" * 600))

    def test_unacknowledged_messages_are_bounded(self) -> None:
        """A client that reads and never acknowledges costs the limit; it hears of it when it reconnects."""
        pair = Pair(unacked_limit=10).began()
        for _ in range(50):
            pair.session.outbox.add_push(b"updt")
            pair.received()
        self.assertLessEqual(len(pair.session.outbox.unacked), 10)
        pair.session.connection_lost()
        self.assertIn(0xE317AF7E, constructors(pair.received()))

    def test_forgotten_answer_is_20(self) -> None:
        """A duplicate whose answer had to make room is refused, not run again."""
        pair = Pair(unacked_limit=2).began()
        msg_id, payload = pair.client.message(GET_CONFIG)
        pair.deliver(payload)
        pair.session.reply(msg_id, BOOL_TRUE)
        for _ in range(3):
            pair.session.reply(pair.send(GET_CONFIG), BOOL_TRUE)
        pair.received()
        pair.events()
        pair.deliver(payload)
        self.assertEqual([(bad, code) for bad, _, code in pair.bad_msgs()], [(msg_id, 20)])
        self.assertEqual(pair.events(), [])


class ServiceMessageTests(SynchronousTestCase):
    def test_states(self) -> None:
        """msgs_state_info has one byte for each id: forgotten, running, answered, not content-related, to come."""
        pair = Pair()
        before = pair.client.msg_id()
        pinged = pair.send(ping())
        missing = pair.client.msg_id()
        running = pair.send(GET_CONFIG)
        answered = pair.send(GET_CONFIG)
        pair.session.reply(answered, BOOL_TRUE)
        pair.received()
        ids = (before, pinged, missing, running, answered, pair.client.msg_id() + 4 * SECOND)
        msg_id = pair.send(struct.pack("<III6q", wire.MSGS_STATE_REQ, wire.VECTOR, 6, *ids))
        (info,) = pair.received()
        self.assertEqual(info.longs(), (msg_id,))
        states, _ = wire.parse_bytes(info.body, 12, len(info.body))
        self.assertEqual(list(states), [1, 4 + 16, 2, 4 + 32, 4 + 8 + 32 + 64, 3])

    def test_drop_running(self) -> None:
        """rpc_drop_answer stops a running request; both it and the request are answered."""
        pair = Pair().began()
        msg_id = pair.send(GET_CONFIG)
        drop_id = pair.send(struct.pack("<Iq", wire.RPC_DROP_ANSWER, msg_id))
        self.assertEqual(pair.events(), [RpcReceived(msg_id, GET_CONFIG), RpcCancelled(msg_id)])
        running = wire.ANSWER_DROPPED_RUNNING
        self.assertEqual([one.result() for one in pair.received()], [(msg_id, running), (drop_id, running)])
        pair.session.reply(msg_id, BOOL_TRUE)
        self.assertEqual(pair.received(), [])

    def test_drop_answered(self) -> None:
        """An answer that was not acknowledged is taken back and described."""
        pair = Pair().began()
        msg_id = pair.send(GET_CONFIG)
        pair.session.reply(msg_id, BOOL_TRUE)
        (answer,) = pair.received()
        pair.send(struct.pack("<Iq", wire.RPC_DROP_ANSWER, msg_id))
        (dropped,) = pair.received()
        self.assertEqual(
            struct.unpack("<Iqii", dropped.result()[1]),
            (wire.RPC_ANSWER_DROPPED, answer.msg_id, answer.seq_no, len(answer.body)),
        )
        pair.ack(dropped.msg_id)
        pair.session.connection_lost()
        self.assertEqual(pair.received(), [])

    def test_drop_unknown(self) -> None:
        """Of a request that is not known nothing is remembered."""
        pair = Pair().began()
        pair.send(struct.pack("<Iq", wire.RPC_DROP_ANSWER, 12344))
        self.assertEqual(pair.received()[0].result()[1], wire.ANSWER_UNKNOWN)

    def test_ping_delay_disconnect(self) -> None:
        """It is a ping, and tells when to close."""
        pair = Pair().began()
        msg_id = pair.send(struct.pack("<Iqi", wire.PING_DELAY_DISCONNECT, 6, 35))
        self.assertEqual(pair.events(), [DisconnectDelayed(35)])
        self.assertEqual(pair.received()[0].longs(count=2), (msg_id, 6))

    def test_told_to_the_owner(self) -> None:
        """What concerns more than this session is an event."""
        pair = Pair().began()
        one = pair.send(struct.pack("<Iq", wire.DESTROY_SESSION, 55))
        two = pair.send(struct.pack("<I", wire.DESTROY_AUTH_KEY))
        pair.send(struct.pack("<Iiii", wire.HTTP_WAIT, 500, 150, 3000), content_related=False)
        self.assertEqual(
            pair.events(),
            [DestroySessionReceived(one, 55), DestroyAuthKeyReceived(two), HttpWaitReceived(500, 150, 3000)],
        )
        pair.session.session_destroyed(one, 55, True)
        pair.session.auth_key_destroyed(two, wire.KEY_DESTROYED)
        self.assertEqual(constructors(pair.received()), [wire.DESTROY_SESSION_OK, wire.DESTROY_AUTH_KEY_OK])

    def test_outcome_for_invoke_after(self) -> None:
        """A request's outcome is remembered through its acknowledgement."""
        pair = Pair().began()
        good, bad = pair.send(GET_CONFIG), pair.send(GET_STATE)
        self.assertEqual((pair.session.inbox.outcome(good), pair.session.inbox.outcome(4)), (None, None))
        pair.session.reply(good, BOOL_TRUE)
        pair.session.fail(bad, 400, "X")
        self.assertEqual((pair.session.inbox.outcome(good), pair.session.inbox.outcome(bad)), (True, False))
        pair.ack(*[one.msg_id for one in pair.received()])
        self.assertEqual((pair.session.inbox.outcome(good), pair.session.inbox.outcome(bad)), (True, False))
