"""Requests that are large, or become so when they are unpacked."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.session import DataChannelFull
from teamgram.session import service_messages as wire
from trial_tests.session.fakes import (
    BOOL_TRUE,
    GET_CONFIG,
    GET_NEAREST_DC,
    SAVE_FILE_PART,
    Client,
    Harness,
    ping,
    with_layer,
)

FLOOD_WAIT = (420, "FLOOD_WAIT_1")


class UnpackingTests(SynchronousTestCase):
    def begun(self, harness: Harness, session_id: int) -> Client:
        client = harness.client(session_id)
        client.send(with_layer(GET_CONFIG))
        client.received()
        return client

    def test_unpacking_in_one_turn_is_bounded(self) -> None:
        """Frames with something packed wait for the next turn, in order; another key's without do not."""
        harness = Harness(gunzip_turn_bytes=5000)
        packer, other = self.begun(harness, 1), harness.client(2, auth_key_id=78, perm_auth_key_id=78)
        other.send(ping())
        other.received()
        packed = wire.gzip_packed(GET_CONFIG + bytes(2996))
        sent = [packer.send(packed) for _ in range(5)]
        wrappers = harness.service.stage.keys.wrappers
        other.send(ping())
        other.send(wire.gzip_packed(ping()))
        self.assertEqual([len(wrappers[key].session_data_chan) for key in (77, 78)], [3, 1])
        self.assertEqual(list(packer.results()), sent)
        self.assertEqual([one.constructor_id for one in other.received()], [wire.PONG] * 2)


class LargeRequestTests(SynchronousTestCase):
    LARGE = GET_NEAREST_DC + bytes(8188)

    def harness(self, **changes: Any) -> Harness:
        harness = Harness(**changes)
        harness.bff.slow.add("help.getNearestDc")
        return harness

    def begun(self, harness: Harness, session_id: int) -> Client:
        client = harness.client(session_id)
        client.send(with_layer(GET_CONFIG))
        client.received()
        return client

    def refused(self, client: Client, msg_id: int) -> bool:
        """Whether the request is answered by FLOOD_WAIT_1; False: it is under way."""
        answer = client.results().get(msg_id)
        if answer is not None:
            self.assertEqual(answer.error(), FLOOD_WAIT)
        return answer is not None

    def test_large_requests_of_a_key_are_bounded(self) -> None:
        """One more is to come again later; small ones are served, and answers make room."""
        harness = self.harness(large_key_bytes=20_000)
        one, two = self.begun(harness, 1), self.begun(harness, 2)
        self.assertFalse(self.refused(one, one.send(self.LARGE)))
        self.assertFalse(self.refused(two, two.send(self.LARGE)))
        self.assertTrue(self.refused(two, two.send(self.LARGE)))
        self.assertIn(two.send(GET_CONFIG), two.results())
        harness.bff.waiting[0][1].callback(BOOL_TRUE)
        self.assertFalse(self.refused(two, two.send(self.LARGE)))

    def test_large_requests_of_all_keys_are_bounded(self) -> None:
        """Another key's as well; what a session that ends had under way counts no more."""
        harness = self.harness(large_limit_bytes=20_000)
        one, two = self.begun(harness, 1), harness.client(2, auth_key_id=78, perm_auth_key_id=78)
        two.send(with_layer(GET_CONFIG))
        for _ in range(2):
            self.assertFalse(self.refused(one, one.send(self.LARGE)))
        self.assertTrue(self.refused(two, two.send(self.LARGE)))
        stage = harness.service.stage
        stage.sessions.end(stage.keys.lists[77].sessions[0])
        self.assertEqual(stage.counts.large_bytes, 0)
        self.assertFalse(self.refused(two, two.send(self.LARGE)))

    def test_longest_request(self) -> None:
        """Longer than any that clients send is refused unread, unless it brings a part of a file."""
        harness = self.harness(request_limit_bytes=10_000)
        client = self.begun(harness, 1)
        calls = len(harness.bff.calls)
        long, fits = client.send(GET_CONFIG + bytes(10_000)), client.send(GET_CONFIG + bytes(9_996))
        part = client.send(SAVE_FILE_PART + bytes(20_000))
        answers = client.results()
        self.assertEqual(answers[long].error(), (400, "INPUT_REQUEST_TOO_LONG"))
        self.assertEqual([answers[one].error() for one in (fits, part)], [None, None])
        self.assertEqual(len(harness.bff.calls), calls + 2)

    def test_dropped_request_counts_no_more(self) -> None:
        """rpc_drop_answer ends it."""
        harness = self.harness()
        client = self.begun(harness, 1)
        msg_id = client.send(self.LARGE)
        harness.turn()
        self.assertEqual(harness.service.stage.counts.large_bytes, len(self.LARGE))
        client.send(wire.PING_BODY.pack(wire.RPC_DROP_ANSWER, msg_id))
        harness.turn()
        self.assertEqual(harness.service.stage.counts.large_bytes, 0)

    def test_session_with_much_under_way_is_not_read(self) -> None:
        """Its socket slows the client down long before anything is refused."""
        harness = self.harness(large_session_bytes=20_000)
        client = self.begun(harness, 1)
        for _ in range(3):
            client.send(self.LARGE)
        self.assertRaises(DataChannelFull, client.send, self.LARGE)
        harness.turn()
        for _, deferred in harness.bff.waiting[:2]:
            deferred.callback(BOOL_TRUE)
        harness.turn()
        self.assertEqual(harness.gateway.resumed, [client.conn])
