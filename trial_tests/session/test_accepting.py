"""What one session takes and refuses: msg_id, seq_no, salt, and that it is new."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from teamgram.session import service_messages as wire
from teamgram.session.events import (
    RpcReceived,
)
from trial_tests.session.fakes import (
    GET_CONFIG,
    NEXT_SALT,
    NOW,
    OLD_SALT,
    SALT,
    ping,
)
from trial_tests.session.pair import SECOND, Pair, constructors


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
