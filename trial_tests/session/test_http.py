"""Sessions of the stage whose client polls over HTTP."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from teamgram.session import service_messages as wire
from trial_tests.session.fakes import (
    BOOL_TRUE,
    GET_CONFIG,
    GET_NEAREST_DC,
    GET_STATE,
    KEY,
    USER,
    Client,
    Harness,
    ping,
    with_layer,
)

TEMP_KEY = 78


class HttpTests(SynchronousTestCase):
    def client(self, harness: Harness) -> Client:
        client = harness.client(transport="http")
        client.send(ping())
        client.received()
        return client

    def test_request_with_an_answer_is_answered_at_once(self) -> None:
        """Without http_wait there is no delay for a message that is there."""
        client = self.client(Harness())
        msg_id = client.send(GET_CONFIG)
        self.assertIn(msg_id, client.results())

    def test_result_that_found_no_request_waits_for_one(self) -> None:
        """What is ready after its request was answered rides on the next."""
        harness = Harness()
        harness.bff.slow.add("help.getNearestDc")
        client = self.client(harness)
        slow = client.send(GET_NEAREST_DC)
        quick = client.send(GET_CONFIG)
        self.assertEqual(list(client.results()), [quick])
        harness.bff.waiting[0][1].callback(BOOL_TRUE)
        self.assertEqual(list(client.results()), [slow])
        harness.bff.waiting.clear()
        slow = client.send(GET_NEAREST_DC)
        client.received()
        harness.clock.advance(25)
        # With what was not acknowledged before, for nobody knows that it arrived.
        acks, *again = client.received()
        self.assertEqual(acks.constructor_id, wire.MSGS_ACK)
        self.assertNotIn(slow, [one.longs()[0] for one in again])
        harness.bff.waiting[0][1].callback(BOOL_TRUE)
        self.assertEqual(client.received(), [])
        client.send(ping())
        self.assertIn(slow, client.results())

    def test_long_poll(self) -> None:
        """http_wait holds the response for max_wait, then an empty container leaves."""
        harness = Harness()
        client = self.client(harness)
        wait = struct.pack("<Iiii", wire.HTTP_WAIT, 500, 150, 3000)
        client.send(wait, content_related=False)
        harness.clock.advance(2.9)
        self.assertEqual(len(harness.gateway.sent), client.since)
        harness.clock.advance(0.2)
        self.assertEqual(len(harness.gateway.sent), client.since + 1)
        self.assertEqual(client.received(), [])

    def test_update_ends_a_long_poll(self) -> None:
        """A message leaves wait_after later, together with what came meanwhile."""
        harness = Harness()
        client = self.client(harness)
        client.send(with_layer(GET_STATE))
        client.received()
        client.send(struct.pack("<Iiii", wire.HTTP_WAIT, 500, 150, 3000), content_related=False)
        client.received()
        for _ in range(3):
            harness.push(USER, b"updt")
            harness.clock.advance(0.1)
        self.assertEqual(client.received(), [])
        harness.clock.advance(0.2)
        updates = client.received()
        self.assertEqual([(one.body[-4:], one.packet) for one in updates], [(b"updt", 0)] * 3)

    def test_closing_an_http_connection_loses_nothing(self) -> None:
        """A response that could not be written goes with the next request."""
        harness = Harness()
        client = self.client(harness)
        harness.gateway.gone.add(client.conn)
        msg_id = client.send(GET_CONFIG)
        self.assertEqual(client.received(), [])
        client.connect()
        client.send(ping())
        self.assertIn(msg_id, client.results())

    def test_lost_answer_comes_with_the_next_poll(self) -> None:
        """Nobody tells that a response was lost; a poll that waits need not wait for the one after it."""
        harness = Harness()
        client = self.client(harness)
        msg_id = client.send(GET_CONFIG)
        harness.turn()
        client.connect()
        client.send(struct.pack("<Iiii", wire.HTTP_WAIT, 0, 0, 30000), content_related=False)
        harness.clock.advance(9)
        self.assertEqual(client.received(), [])
        harness.clock.advance(1.1)
        self.assertIn(msg_id, client.results())
        client.send(struct.pack("<Iiii", wire.HTTP_WAIT, 0, 0, 30000), content_related=False)
        harness.clock.advance(9)
        self.assertEqual(client.received(), [])

    def test_stop_answers_who_waits(self) -> None:
        """A long poll is answered, empty, before the server goes."""
        harness = Harness()
        client = self.client(harness)
        client.send(struct.pack("<Iiii", wire.HTTP_WAIT, 0, 0, 30000), content_related=False)
        before = len(harness.gateway.sent)
        harness.service.stopService()
        self.assertEqual(len(harness.gateway.sent), before + 1)
        self.assertEqual(client.received(), [])
        # What is pushed to it from now on finds no way out, and nobody is told that its device left.
        (session,) = harness.service.stage.keys.lists[KEY].sessions
        self.assertIsNone(session.conn)

    def test_negative_delays_are_none(self) -> None:
        """TL's int has a sign: less than nothing to wait is nothing."""
        harness = Harness()
        client = self.client(harness)
        before = len(harness.gateway.sent)
        client.send(struct.pack("<Iiii", wire.HTTP_WAIT, -1, -1, -1), content_related=False)
        harness.clock.advance(0.1)
        self.assertEqual(len(harness.gateway.sent), before + 1)
