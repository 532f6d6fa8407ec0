"""What comes again, and what is sent again, in one session."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from teamgram.session import service_messages as wire
from teamgram.session.events import (
    RpcReceived,
)
from trial_tests.session.fakes import (
    BOOL_TRUE,
    GET_CONFIG,
    NOW,
    ping,
    unpack,
)
from trial_tests.session.pair import Pair, constructors


class DuplicateTests(SynchronousTestCase):
    def test_running_request_is_not_run_twice(self) -> None:
        """Its duplicate is acknowledged, and there is one answer."""
        pair = Pair().began()
        msg_id, payload = pair.client.message(GET_CONFIG)
        pair.deliver(payload)
        pair.deliver(payload)
        self.assertEqual(len(pair.events()), 1)
        pair.session.reply(msg_id, BOOL_TRUE)
        pair.session.reply(msg_id, BOOL_TRUE)
        self.assertEqual(constructors(pair.received()), [wire.RPC_RESULT])

    def test_answered_request_gets_the_stored_result(self) -> None:
        """A duplicate of an answered request gets the same message again, in a container."""
        pair = Pair().began()
        msg_id, payload = pair.client.message(GET_CONFIG)
        pair.deliver(payload)
        pair.session.reply(msg_id, BOOL_TRUE)
        (answer,) = pair.received()
        pair.deliver(payload)
        frame = pair.session.packet(pair.now)
        assert frame is not None
        (again,) = unpack([frame])
        self.assertEqual((again.msg_id, again.seq_no, again.body), (answer.msg_id, answer.seq_no, answer.body))
        self.assertNotEqual(wire.HEADER.unpack_from(frame)[0], answer.msg_id)
        self.assertEqual(pair.events(), [RpcReceived(msg_id, GET_CONFIG)])

    def test_pong_that_may_be_lost_comes_anew(self) -> None:
        """A pong is not kept; a ping that comes again has another one, but only once the connection was lost."""
        pair = Pair().began()
        msg_id, payload = pair.client.message(struct.pack("<Iq", wire.PING, 5))
        _, cut = pair.client.message(struct.pack("<I", wire.PING))
        for _ in range(2):
            pair.deliver(payload)
            pair.deliver(cut)
        self.assertEqual(sorted(constructors(pair.received())), sorted([wire.PONG, wire.RPC_RESULT]))
        pair.session.connection_lost()
        pair.deliver(payload)
        pair.deliver(cut)
        self.assertIn(wire.pong(msg_id, 5), [one.body for one in pair.received()])

    def test_pong_that_has_not_left_is_not_lost(self) -> None:
        """The connection ended before the pong was written: it leaves by the next one, once."""
        pair = Pair().began()
        msg_id, payload = pair.client.message(struct.pack("<Iq", wire.PING, 5))
        for _ in range(3):
            pair.deliver(payload)
            pair.session.connection_lost()
        pair.deliver(payload)
        self.assertEqual([one.body for one in pair.received()], [wire.pong(msg_id, 5)])

    def test_pong_comes_anew_once_for_each_lost_connection(self) -> None:
        """A ping that comes twice over the next connection has one pong there."""
        pair = Pair().began()
        _, payload = pair.client.message(struct.pack("<Iq", wire.PING, 5))
        pair.deliver(payload)
        for _ in range(2):
            self.assertEqual(constructors(pair.received()), [wire.PONG])
            pair.session.connection_lost()
            pair.deliver(payload)
            pair.deliver(payload)
        self.assertEqual(constructors(pair.received()), [wire.PONG])

    def test_large_answer_is_announced(self) -> None:
        """A large answer is not sent again unasked but described."""
        pair = Pair(detailed_info_bytes=100, gzip_threshold_bytes=1 << 20).began()
        msg_id, payload = pair.client.message(GET_CONFIG)
        pair.deliver(payload)
        pair.session.reply(msg_id, BOOL_TRUE * 50)
        (answer,) = pair.received()
        pair.deliver(payload)
        (described,) = pair.received()
        self.assertEqual(
            struct.unpack_from("<Iqqii", described.body),
            (wire.MSG_DETAILED_INFO, msg_id, answer.msg_id, len(answer.body), 0),
        )

    def test_acknowledged_answer_is_forgotten(self) -> None:
        """After the client's ack a duplicate is only acknowledged."""
        pair = Pair().began()
        msg_id, payload = pair.client.message(GET_CONFIG)
        pair.deliver(payload)
        pair.session.reply(msg_id, BOOL_TRUE)
        pair.ack(pair.received()[0].msg_id)
        self.assertEqual((len(pair.session.outbox.unacked), pair.session.outbox.unacked_bytes), (0, 0))
        pair.deliver(payload)
        pair.now += 2
        (ack,) = pair.received()
        self.assertEqual((ack.constructor_id, ack.longs(12)), (wire.MSGS_ACK, (msg_id,)))

    def test_container_sent_again(self) -> None:
        """The same container again brings duplicates, no new requests and no error."""
        pair = Pair().began()
        _, container = pair.client.container(pair.client.message(GET_CONFIG)[1])
        pair.deliver(container)
        pair.deliver(container)
        self.assertEqual(len(pair.events()), 1)
        self.assertEqual(list(pair.bad_msgs()), [])

    def test_memory_is_bounded(self) -> None:
        """Ten thousand messages leave no more than the limit behind."""
        pair = Pair(inbox_limit=256)
        for _ in range(10_000):
            pair.now += 0.001
            pair.send(ping())
            pair.received()
        self.assertLessEqual(len(pair.session.inbox.messages), 256)
        pair.now += 400
        for _ in range(256):
            pair.send(ping())
        self.assertLess(len(pair.session.inbox.messages), 256 + 3)

    def test_running_requests_survive_the_bound(self) -> None:
        """A request under way is never forgotten, or it would run twice."""
        pair = Pair(inbox_limit=40).began()
        msg_id, payload = pair.client.message(GET_CONFIG)
        pair.deliver(payload)
        for _ in range(100):
            pair.send(ping())
        pair.events()
        pair.deliver(payload)
        self.assertEqual(pair.events(), [])
        pair.session.reply(msg_id, BOOL_TRUE)
        self.assertIn(wire.RPC_RESULT, constructors(pair.received()))


class AcknowledgementTests(SynchronousTestCase):
    def test_answer_is_the_acknowledgement(self) -> None:
        """An answered request is not acknowledged again."""
        pair = Pair().began()
        pair.session.reply(pair.send(GET_CONFIG), BOOL_TRUE)
        pair.now += 5
        self.assertFalse(pair.session.handle_timer(pair.now))
        self.assertEqual(constructors(pair.received()), [wire.RPC_RESULT])

    def test_slow_request_is_acknowledged_in_time(self) -> None:
        """Without an answer the acknowledgement leaves alone after its delay, for all that wait."""
        pair = Pair(ack_delay=1.0).began()
        ids = [pair.send(GET_CONFIG) for _ in range(2)]
        self.assertEqual(pair.session.next_timer(), NOW + 1)
        self.assertEqual(pair.received(), [])
        self.assertFalse(pair.session.handle_timer(NOW + 0.9))
        pair.now += 1
        self.assertTrue(pair.session.handle_timer(pair.now))
        (ack,) = pair.received()
        self.assertEqual((ack.constructor_id, ack.longs(12, 2), ack.seq_no & 1), (wire.MSGS_ACK, tuple(ids), 0))
        self.assertIsNone(pair.session.next_timer())

    def test_rides_along(self) -> None:
        """What leaves takes a waiting acknowledgement with it."""
        pair = Pair(ack_piggyback_age=0.1).began()
        slow = pair.send(GET_CONFIG)
        pair.now += 0.2
        pair.send(ping())
        ack, pong = pair.received()
        self.assertEqual((ack.constructor_id, ack.longs(12)), (wire.MSGS_ACK, (slow,)))
        self.assertEqual((pong.constructor_id, pong.packet), (wire.PONG, ack.packet))


class ResendTests(SynchronousTestCase):
    def test_unacknowledged_content_comes_again(self) -> None:
        """After a reconnect answers and updates leave again under their own ids, pongs do not."""
        pair = Pair().began()
        msg_id = pair.send(GET_CONFIG)
        pair.send(ping())
        pair.session.reply(msg_id, BOOL_TRUE)
        pair.session.outbox.add_push(b"updt")
        first = [one for one in pair.received() if one.constructor_id != wire.PONG]
        pair.session.connection_lost()
        again = pair.received()
        self.assertEqual(
            [(one.msg_id, one.seq_no, one.body) for one in again], [(o.msg_id, o.seq_no, o.body) for o in first]
        )

    def test_acknowledged_while_waiting_to_be_resent(self) -> None:
        """An acknowledgement that comes between loss and resend takes the message back."""
        pair = Pair().began()
        pair.session.outbox.add_push(b"updt")
        (update,) = pair.received()
        pair.session.connection_lost()
        pair.ack(update.msg_id)
        self.assertEqual(pair.received(), [])
        self.assertEqual((pair.session.outbox.queued_bytes, pair.session.outbox.pushes), (0, 0))

    def test_old_answer_gets_a_new_id(self) -> None:
        """Clients discard ids older than 300 s, so it comes as a new message."""
        pair = Pair().began()
        pair.session.reply(pair.send(GET_CONFIG), BOOL_TRUE)
        (answer,) = pair.received()
        pair.session.connection_lost()
        pair.now += 250
        (again,) = pair.received()
        self.assertEqual(again.body, answer.body)
        self.assertGreater(again.msg_id, answer.msg_id)
        self.assertGreater(again.seq_no, answer.seq_no)

    def test_old_update_becomes_updates_too_long(self) -> None:
        """Under a new id a client that had received it would see it twice; a younger one comes as it was."""
        pair = Pair().began()
        pair.session.outbox.add_push(b"old.")
        pair.received()
        pair.now += 200
        pair.session.outbox.add_push(b"new.")
        (young,) = pair.received()
        pair.session.connection_lost()
        pair.now += 50
        again = pair.received()
        self.assertEqual([(one.msg_id, one.body) for one in again[:1]], [(young.msg_id, b"new.")])
        self.assertEqual(constructors(again[1:]), [0xE317AF7E])
        self.assertEqual((pair.session.outbox.pushes, pair.session.outbox.queued_bytes), (0, 0))

    def test_ids_grow_and_tell_answers_from_the_rest(self) -> None:
        """msg_ids grow although the clock stands or falls back; 1 modulo 4 for answers, 3 for the rest."""
        pair = Pair().began()
        last = 0
        for step in (0.0, -1.0, 0.5):
            pair.session.outbox.add_push(b"updt")
            pair.session.reply(pair.send(GET_CONFIG), BOOL_TRUE)
            for one in unpack([pair.session.packet(NOW + step) or b""]):
                self.assertGreater(one.msg_id, last)
                self.assertEqual(one.msg_id & 3, 1 if one.constructor_id == wire.RPC_RESULT else 3)
                last = one.msg_id

    def test_msg_resend_req(self) -> None:
        """What is there comes again; with something unknown among it the states of all are told too."""
        pair = Pair().began()
        pair.session.outbox.add_push(b"updt")
        (update,) = pair.received()
        pair.send(struct.pack("<III2q", wire.MSG_RESEND_REQ, wire.VECTOR, 2, update.msg_id, 8))
        again, info = sorted(pair.received(), key=lambda one: one.constructor_id == wire.MSGS_STATE_INFO)
        self.assertEqual(again.msg_id, update.msg_id)
        self.assertEqual(info.constructor_id, wire.MSGS_STATE_INFO)

    def test_msg_resend_ans_req(self) -> None:
        """The answers to the named requests come again."""
        pair = Pair().began()
        msg_id = pair.send(GET_CONFIG)
        pair.session.reply(msg_id, BOOL_TRUE)
        pair.received()
        pair.send(struct.pack("<IIIq", wire.MSG_RESEND_ANS_REQ, wire.VECTOR, 1, msg_id))
        self.assertIn(wire.RPC_RESULT, constructors(pair.received()))
