"""One session's rules, with numbers for time."""

import struct
from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from teamgram.session import service_messages as wire
from teamgram.session.counts import SessionCounts
from teamgram.session.events import (
    DestroyAuthKeyReceived,
    DestroySessionReceived,
    DisconnectDelayed,
    HttpWaitReceived,
    RpcCancelled,
    RpcReceived,
)
from teamgram.session.salts import ServerSalts
from teamgram.session.session import Session
from teamgram.session.settings import SessionSettings
from trial_tests.session.fakes import (
    BOOL_TRUE,
    GET_CONFIG,
    GET_STATE,
    NEXT_SALT,
    NOW,
    OLD_SALT,
    SALT,
    ClientCore,
    Received,
    ping,
    salts,
    unpack,
)

SECOND = 1 << 32


class Pair:
    """A session and the client's side of it, at a time that the test moves."""

    def __init__(self, **changes: float) -> None:
        self.now = NOW
        self.session = Session(9, 4242, ServerSalts(salts()), SessionSettings(**changes), SessionCounts())  # type: ignore[arg-type]
        self.client = ClientCore(lambda: self.now)

    def deliver(self, payload: bytes, salt: int = SALT) -> None:
        self.session.receive(payload, salt, self.now)

    def send(self, body: bytes, *, content_related: bool = True, salt: int = SALT, msg_id: int | None = None) -> int:
        msg_id, payload = self.client.message(body, content_related=content_related, msg_id=msg_id)
        self.deliver(payload, salt)
        return msg_id

    def events(self) -> list[object]:
        return list(iter(self.session.next_event, None))

    def received(self) -> list[Received]:
        return unpack(list(iter(lambda: self.session.packet(self.now), None)))

    def began(self) -> "Pair":
        """With the first message, and the notice of the new session, out of the way."""
        self.send(ping())
        (created, _) = self.received()
        self.ack(created.msg_id)
        return self

    def ack(self, *msg_ids: int) -> None:
        self.send(wire.msgs_ack(msg_ids), content_related=False)

    def bad_msgs(self) -> list[tuple[int, int, int]]:
        return [one.bad_msg() for one in self.received() if one.constructor_id == wire.BAD_MSG_NOTIFICATION]


def constructors(messages: Iterable[Received]) -> list[int]:
    return [one.constructor_id for one in messages]


class MessageIdTests(SynchronousTestCase):
    def test_too_old_is_16(self) -> None:
        """A msg_id more than 300 s in the past is refused, not run."""
        pair = Pair().began()
        msg_id = pair.send(GET_CONFIG, msg_id=int(NOW - 301) * SECOND)
        self.assertEqual([(bad, code) for bad, _, code in pair.bad_msgs()], [(msg_id, 16)])
        self.assertEqual(pair.events(), [])

    def test_too_new_is_17(self) -> None:
        """A msg_id more than 30 s in the future is refused."""
        pair = Pair().began()
        msg_id = pair.send(GET_CONFIG, msg_id=int(NOW + 32) * SECOND)
        self.assertEqual([(bad, code) for bad, _, code in pair.bad_msgs()], [(msg_id, 17)])

    def test_the_window_itself_is_accepted(self) -> None:
        """299 s back and 29 s ahead are still good."""
        pair = Pair()
        pair.send(GET_CONFIG, msg_id=int(NOW - 299) * SECOND)
        pair.send(GET_CONFIG, msg_id=int(NOW + 29) * SECOND)
        self.assertEqual(len(pair.events()), 2)

    def test_low_bits_are_18(self) -> None:
        """A client's msg_id is divisible by four."""
        pair = Pair().began()
        msg_id = pair.send(GET_CONFIG, msg_id=pair.client.msg_id() + 1)
        self.assertEqual([(bad, code) for bad, _, code in pair.bad_msgs()], [(msg_id, 18)])

    def test_container_with_a_known_msg_id_is_19(self) -> None:
        """A container may not take the msg_id of an earlier message."""
        pair = Pair().began()
        msg_id = pair.send(GET_CONFIG)
        body = struct.pack("<II", wire.MSG_CONTAINER, 0)
        pair.deliver(wire.HEADER.pack(msg_id, 4, len(body)) + body)
        self.assertEqual(pair.bad_msgs(), [(msg_id, 4, 19)])

    def test_below_what_is_remembered_is_20(self) -> None:
        """A message that may have been received and forgotten is refused and not run."""
        pair = Pair(inbox_limit=40).began()
        skipped = pair.client.msg_id()
        for _ in range(60):
            pair.now += 0.01
            pair.send(ping())
        pair.received()
        body = wire.HEADER.pack(skipped, 1, 4) + GET_CONFIG
        _, container = pair.client.container(body)
        pair.deliver(container)
        self.assertEqual(pair.bad_msgs(), [(skipped, 1, 20)])
        self.assertEqual(pair.events(), [])


class SeqNoTests(SynchronousTestCase):
    def test_lower_with_higher_msg_id_is_32(self) -> None:
        """seq_no may not fall while msg_id grows."""
        pair = Pair().began()
        pair.send(GET_CONFIG)
        msg_id = pair.client.msg_id()
        pair.deliver(wire.HEADER.pack(msg_id, 1, 4) + GET_CONFIG)
        self.assertEqual(pair.bad_msgs(), [(msg_id, 1, 32)])

    def test_equal_and_odd_is_32(self) -> None:
        """Two content-related messages may not share a seq_no."""
        pair = Pair()
        for seq_no in (5, 5):
            msg_id = pair.client.msg_id()
            pair.deliver(wire.HEADER.pack(msg_id, seq_no, 4) + GET_CONFIG)
        self.assertEqual(pair.bad_msgs(), [(msg_id, 5, 32)])

    def test_higher_with_lower_msg_id_is_33(self) -> None:
        """A message older than one received may not have a higher seq_no."""
        pair = Pair().began()
        early = pair.client.msg_id()
        pair.send(GET_CONFIG)
        pair.received()
        pair.deliver(wire.HEADER.pack(early, 99, 4) + GET_CONFIG)
        self.assertEqual(pair.bad_msgs(), [(early, 99, 33)])

    def test_late_message_in_order_is_accepted(self) -> None:
        """Frames may overtake one another on two connections."""
        pair = Pair().began()
        early, early_payload = pair.client.message(GET_CONFIG)
        late = pair.send(GET_CONFIG)
        pair.deliver(early_payload)
        self.assertEqual([event.msg_id for event in pair.events()], [late, early])  # type: ignore[attr-defined]

    def test_odd_ack_is_taken(self) -> None:
        """mtcute marks its acknowledgements as content-related; they count, and are not acknowledged in turn."""
        pair = Pair().began()
        msg_id = pair.send(wire.msgs_ack([1]), content_related=True)
        self.assertEqual(list(pair.bad_msgs()), [])
        self.assertNotIn(msg_id, pair.session.to_ack)

    def test_odd_container_is_34(self) -> None:
        """Neither is a container, and nothing in it runs."""
        pair = Pair().began()
        body = struct.pack("<II", wire.MSG_CONTAINER, 1) + pair.client.message(GET_CONFIG)[1]
        msg_id = pair.send(body)
        self.assertEqual([(bad, code) for bad, _, code in pair.bad_msgs()], [(msg_id, 34)])
        self.assertEqual(pair.events(), [])

    def test_even_query_is_35(self) -> None:
        """A request of the API is content-related."""
        pair = Pair().began()
        msg_id = pair.send(GET_CONFIG, content_related=False)
        self.assertEqual([(bad, code) for bad, _, code in pair.bad_msgs()], [(msg_id, 35)])
        self.assertEqual(pair.events(), [])


class SaltTests(SynchronousTestCase):
    def test_wrong_salt_is_told_and_nothing_runs(self) -> None:
        """bad_server_salt carries the right salt; the message is not executed."""
        pair = Pair()
        msg_id = pair.send(GET_CONFIG, salt=0)
        (bad,) = pair.received()
        self.assertEqual(bad.constructor_id, wire.BAD_SERVER_SALT)
        self.assertEqual(struct.unpack_from("<qiiq", bad.body, 4), (msg_id, 1, 48, SALT))
        self.assertEqual(pair.events(), [])

    def test_resent_message_is_accepted_once(self) -> None:
        """The same message with the right salt runs, and a second time does not."""
        pair = Pair()
        msg_id, payload = pair.client.message(GET_CONFIG)
        pair.deliver(payload, salt=0)
        pair.deliver(payload)
        pair.deliver(payload)
        self.assertEqual(pair.events(), [RpcReceived(msg_id, GET_CONFIG)])

    def test_old_salt_is_good_while_it_lasts(self) -> None:
        """Salts overlap: the one before the current is accepted until its own end."""
        pair = Pair()
        pair.send(GET_CONFIG, salt=OLD_SALT)
        self.assertEqual(len(pair.events()), 1)
        pair.now += 601
        pair.received()
        pair.send(GET_CONFIG, salt=OLD_SALT)
        self.assertEqual(pair.events(), [])
        (bad,) = [one for one in pair.received() if one.constructor_id == wire.BAD_SERVER_SALT]
        self.assertEqual(struct.unpack_from("<q", bad.body, 20), (NEXT_SALT,))

    def test_refused_container_runs_nothing(self) -> None:
        """The salt is the frame's: all of a container is refused under its own id."""
        pair = Pair()
        container_id, payload = pair.client.container(pair.client.message(GET_CONFIG)[1])
        pair.deliver(payload, salt=0)
        (bad,) = pair.received()
        self.assertEqual(bad.bad_msg()[0], container_id)
        self.assertEqual(pair.events(), [])

    def test_future_salts(self) -> None:
        """get_future_salts answers outside rpc_result with at most the number asked."""
        pair = Pair().began()
        msg_id = pair.send(struct.pack("<Ii", wire.GET_FUTURE_SALTS, 2))
        (answer,) = pair.received()
        self.assertEqual(struct.unpack_from("<Iqii", answer.body), (wire.FUTURE_SALTS, msg_id, int(NOW), 2))
        self.assertEqual([struct.unpack_from("<q", answer.body, 28 + 16 * i)[0] for i in range(2)], [OLD_SALT, SALT])
        self.assertEqual(len(answer.body), 20 + 2 * 16)


class NewSessionTests(SynchronousTestCase):
    def test_told_once_and_resent_until_acknowledged(self) -> None:
        """The first message brings new_session_created, content-related, with its msg_id."""
        pair = Pair()
        msg_id = pair.send(ping())
        created, _ = pair.received()
        self.assertEqual(struct.unpack_from("<Iqqq", created.body), (wire.NEW_SESSION_CREATED, msg_id, 4242, SALT))
        self.assertEqual(created.seq_no & 1, 1)
        pair.send(ping())
        self.assertEqual(constructors(pair.received()), [wire.PONG])
        pair.session.connection_lost()
        self.assertEqual([one.msg_id for one in pair.received()], [created.msg_id])

    def test_smallest_id_of_the_first_container(self) -> None:
        """Of a container it is the smallest inner id, or clients would send the rest again."""
        pair = Pair()
        first, message = pair.client.message(ping())
        pair.deliver(pair.client.container(message, pair.client.message(ping())[1])[1])
        self.assertEqual(pair.received()[0].longs(), (first,))

    def test_told_again_for_a_smaller_id(self) -> None:
        """A message that comes late and is older than the first is told as well."""
        pair = Pair()
        early, early_payload = pair.client.message(ping())
        pair.send(ping())
        pair.received()
        pair.deliver(early_payload)
        self.assertEqual(pair.received()[0].longs(count=2), (early, 4242))


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


class ContainerTests(SynchronousTestCase):
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
        bad = {
            "count": struct.pack("<II", wire.MSG_CONTAINER, 2) + inner.message(GET_CONFIG)[1],
            "too many": struct.pack("<II", wire.MSG_CONTAINER, 1025) + b"\0" * 20 * 1025,
            "length": struct.pack("<II", wire.MSG_CONTAINER, 1) + wire.HEADER.pack(4, 1, 400) + GET_CONFIG,
            "negative length": struct.pack("<II", wire.MSG_CONTAINER, 1) + wire.HEADER.pack(4, 1, -4) + GET_CONFIG,
            "nested": struct.pack("<II", wire.MSG_CONTAINER, 1) + inner.container(inner.message(GET_CONFIG)[1])[1],
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
        pair.session.push(b"updt")
        first = [one for one in pair.received() if one.constructor_id != wire.PONG]
        pair.session.connection_lost()
        again = pair.received()
        self.assertEqual(
            [(one.msg_id, one.seq_no, one.body) for one in again], [(o.msg_id, o.seq_no, o.body) for o in first]
        )

    def test_acknowledged_while_waiting_to_be_resent(self) -> None:
        """An acknowledgement that comes between loss and resend takes the message back."""
        pair = Pair().began()
        pair.session.push(b"updt")
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
        pair.session.push(b"old.")
        pair.received()
        pair.now += 200
        pair.session.push(b"new.")
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
            pair.session.push(b"updt")
            pair.session.reply(pair.send(GET_CONFIG), BOOL_TRUE)
            for one in unpack([pair.session.packet(NOW + step) or b""]):
                self.assertGreater(one.msg_id, last)
                self.assertEqual(one.msg_id & 3, 1 if one.constructor_id == wire.RPC_RESULT else 3)
                last = one.msg_id

    def test_msg_resend_req(self) -> None:
        """What is there comes again; with something unknown among it the states of all are told too."""
        pair = Pair().began()
        pair.session.push(b"updt")
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


class BoundTests(SynchronousTestCase):
    def test_updates_past_the_bound_become_updates_too_long(self) -> None:
        """A client that does not read costs no more than the bound, and is told to get the difference."""
        pair = Pair(push_limit=10, push_limit_bytes=100_000).began()
        taken = [pair.session.push(b"updt") for _ in range(100)]
        self.assertEqual(taken.count(True), 10)
        self.assertEqual(pair.session.outbox.queued_bytes, 0)
        (told,) = pair.received()
        self.assertEqual(told.constructor_id, 0xE317AF7E)
        self.assertTrue(pair.session.push(b"updt"))

    def test_updates_are_bounded_in_bytes(self) -> None:
        """The bound counts bytes as well."""
        pair = Pair(push_limit=10, push_limit_bytes=1000).began()
        self.assertTrue(pair.session.push(b"x" * 600))
        self.assertFalse(pair.session.push(b"x" * 600))

    def test_unacknowledged_messages_are_bounded(self) -> None:
        """A client that reads and never acknowledges costs the limit; it hears of it when it reconnects."""
        pair = Pair(unacked_limit=10).began()
        for _ in range(50):
            pair.session.push(b"updt")
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
        self.assertEqual((pair.session.outcome(good), pair.session.outcome(4)), (None, None))
        pair.session.reply(good, BOOL_TRUE)
        pair.session.fail(bad, 400, "X")
        self.assertEqual((pair.session.outcome(good), pair.session.outcome(bad)), (True, False))
        pair.ack(*[one.msg_id for one in pair.received()])
        self.assertEqual((pair.session.outcome(good), pair.session.outcome(bad)), (True, False))
