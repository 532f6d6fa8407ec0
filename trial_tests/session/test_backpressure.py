"""Who sends more than is worked off waits, and nobody else does."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.keys import ClientInfo
from teamgram.interfaces.session import DataChannelFull
from teamgram.session import service_messages as wire
from trial_tests.session.fakes import (
    BOOL_TRUE,
    GET_CONFIG,
    GET_FILE,
    GET_NEAREST_DC,
    KEY,
    Harness,
    ping,
    unpack,
)


class BackpressureTests(SynchronousTestCase):
    def test_full_channel_refuses_and_resumes(self) -> None:
        """One frame over the channel's size is not taken; reading resumes when there is room."""
        harness = Harness(session_data_chan_size=4)
        harness.auth_sessions.hold()
        client = harness.client()
        for _ in range(4):
            client.send(ping())
        self.assertRaises(DataChannelFull, client.send, ping())
        self.assertEqual(harness.gateway.resumed, [])
        harness.auth_sessions.release()
        harness.turn()
        self.assertEqual(harness.gateway.resumed, [client.conn])

    def test_session_with_too_much_under_way_is_not_read(self) -> None:
        """Its own connection waits, another session of the key does not."""
        harness = Harness(max_running_rpcs=3, concurrent_rpcs=8)
        harness.bff.slow.add("help.getNearestDc")
        busy, other = harness.client(1), harness.client(2)
        for _ in range(4):
            busy.send(GET_NEAREST_DC)
        harness.turn()
        self.assertRaises(DataChannelFull, busy.send, ping())
        self.assertIn(other.send(GET_CONFIG), other.results())
        for _, deferred in harness.bff.waiting[:2]:
            deferred.callback(BOOL_TRUE)
        self.assertEqual(harness.gateway.resumed, [])
        harness.bff.waiting[2][1].callback(BOOL_TRUE)
        self.assertEqual(harness.gateway.resumed, [busy.conn])

    def test_requests_wait_their_turn(self) -> None:
        """bff has a few of a session's requests at once; the next one starts, in order, when one is answered."""
        harness = Harness(concurrent_rpcs=2)
        harness.bff.slow.add("help.getNearestDc")
        client = harness.client()
        asked = [client.send(GET_NEAREST_DC) for _ in range(4)]
        harness.turn()
        self.assertEqual(len(harness.bff.waiting), 2)
        for number in range(4):
            harness.bff.waiting[number][1].callback(BOOL_TRUE)
            harness.turn()
            self.assertEqual(len(harness.bff.waiting), min(number + 3, 4))
        self.assertEqual(list(client.results()), asked)

    def test_sessions_of_a_key_take_turns(self) -> None:
        """bff has so many of a key's requests, however many sessions ask; another key's do not wait for them."""
        harness = Harness(concurrent_rpcs=2)
        harness.bff.slow.add("help.getNearestDc")
        harness.auth_sessions.clients[99] = ClientInfo(layer=200)
        busy, second = harness.client(1), harness.client(2)
        other = harness.client(3, auth_key_id=99, perm_auth_key_id=99)
        for _ in range(4):
            busy.send(GET_NEAREST_DC)
        for _ in range(2):
            second.send(GET_NEAREST_DC)
        other.send(GET_NEAREST_DC)
        harness.turn()
        asked = [request.metadata.session_id for request, _ in harness.bff.waiting]
        self.assertEqual(asked, [1, 1, 3])
        for number in (0, 1, 3, 4):
            harness.bff.waiting[number][1].callback(BOOL_TRUE)
            harness.turn()
        asked = [request.metadata.session_id for request, _ in harness.bff.waiting]
        self.assertEqual(asked, [1, 1, 3, 1, 2, 1, 2])
        for _, deferred in harness.bff.waiting:
            if not deferred.called:
                deferred.callback(BOOL_TRUE)
        self.assertEqual([len(one.results()) for one in (busy, second, other)], [4, 2, 1])

    def test_slow_requests_hold_up_nobody(self) -> None:
        """After a second a request that bff has not answered counts no more: the key's next ones start."""
        harness = Harness(concurrent_rpcs=2)
        harness.bff.slow.add("help.getNearestDc")
        harness.service.startService()
        self.addCleanup(harness.service.stopService)
        client = harness.client()
        slow = [client.send(GET_NEAREST_DC) for _ in range(2)]
        asked = client.send(GET_CONFIG)
        harness.clock.pump([0.3] * 3)
        self.assertEqual(client.results(), {})
        harness.clock.pump([0.3] * 3)
        self.assertEqual(list(client.results()), [asked])
        for _, deferred in harness.bff.waiting:
            deferred.callback(BOOL_TRUE)
        self.assertEqual(list(client.results()), slow)
        (wrapper,) = harness.service.stage.keys.wrappers.values()
        self.assertEqual(wrapper.under_way, 0)

    def test_request_that_never_started_times_out(self) -> None:
        """Its time counts from its arrival; it is answered and not run."""
        harness = Harness(concurrent_rpcs=1, slow_rpc_after=60.0, rpc_timeout=5.0)
        harness.bff.slow.add("help.getNearestDc")
        harness.service.startService()
        self.addCleanup(harness.service.stopService)
        client = harness.client()
        asked = {client.send(GET_NEAREST_DC), client.send(GET_CONFIG)}
        harness.clock.pump([0.5] * 11)
        results = client.results()
        self.assertEqual(set(results), asked)
        self.assertEqual({result.error() for result in results.values()}, {(503, "TIMEOUT")})
        self.assertEqual([request.method for request in harness.bff.calls], ["help.getNearestDc"])
        (wrapper,) = harness.service.stage.keys.wrappers.values()
        self.assertEqual((wrapper.under_way, wrapper.holding), (0, {}))

    def test_session_that_ends_holds_up_nobody(self) -> None:
        """What it had waiting is forgotten, what another session of the key has waiting goes on."""
        harness = Harness(concurrent_rpcs=1)
        harness.bff.slow.add("help.getNearestDc")
        first, ends, last = (harness.client(number) for number in (1, 2, 3))
        for client in (first, ends, last):
            client.send(GET_NEAREST_DC)
        harness.turn()
        first.send(struct.pack("<Iq", wire.DESTROY_SESSION, 2))
        harness.bff.waiting[0][1].callback(BOOL_TRUE)
        harness.turn()
        self.assertEqual([request.metadata.session_id for request, _ in harness.bff.waiting], [1, 3])

    def test_dropped_request_that_waits_is_not_run(self) -> None:
        """rpc_drop_answer for the only one that a session has waiting."""
        harness = Harness(concurrent_rpcs=1)
        harness.bff.slow.add("help.getNearestDc")
        client, other = harness.client(1), harness.client(2)
        other.send(GET_NEAREST_DC)
        dropped = client.send(GET_NEAREST_DC)
        harness.turn()
        client.send(struct.pack("<Iq", wire.RPC_DROP_ANSWER, dropped))
        asked = client.send(GET_NEAREST_DC)
        for number in range(2):
            harness.bff.waiting[number][1].callback(BOOL_TRUE)
            harness.turn()
        self.assertEqual(len(harness.bff.waiting), 2)
        self.assertIn(asked, client.results())

    def test_client_that_does_not_read_is_not_read_either(self) -> None:
        """Answers that cannot leave stop more requests from coming in, until they have left."""
        harness = Harness(unsent_limit_bytes=1500)
        harness.bff.answers["help.getConfig"] = bytes(range(200)) * 2
        client = harness.client()
        client.send(ping())
        client.received()
        harness.service.set_writable(client.conn, False)
        sent = 0
        for _ in range(10):
            try:
                client.send(GET_CONFIG)
            except DataChannelFull:
                break
            sent += 1
            harness.turn()
        self.assertEqual(sent, 3)
        self.assertEqual(client.received(), [])
        harness.service.set_writable(client.conn, True)
        self.assertEqual(len(client.results()), 3)
        self.assertEqual(harness.gateway.resumed, [client.conn])

    def test_pieces_of_files_wait_for_room(self) -> None:
        """One is read at a time, and the next when the one before has left: a slow reader costs one, however many
        it asked for; another session of the key waits for none of them.
        """
        harness = Harness()
        harness.bff.slow.add("upload.getFile")
        client, other = harness.client(1), harness.client(2)
        client.send(ping())
        client.received()
        asked = [client.send(GET_FILE) for _ in range(4)]
        harness.turn()
        self.assertEqual(len(harness.bff.waiting), 1)
        self.assertIn(other.send(GET_CONFIG), other.results())
        for number in range(4):
            harness.service.set_writable(client.conn, False)
            harness.bff.waiting[number][1].callback(b"piece" * 1000)
            harness.turn()
            self.assertEqual((len(harness.bff.waiting), client.results()), (number + 1, {}))
            harness.service.set_writable(client.conn, True)
            self.assertEqual(list(client.results()), [asked[number]])
            harness.turn()
            self.assertEqual(len(harness.bff.waiting), min(number + 2, 4))

    def test_client_comes_back_to_more_than_a_connection_may_leave_unread(self) -> None:
        """What waits for it leaves by its new connection, also by HTTP, and its frames are taken."""
        for transport in ("tcp", "http"):
            harness = Harness(unsent_limit_bytes=1500)
            harness.bff.slow.add("help.getNearestDc")
            client = harness.client()
            asked = [client.send(GET_NEAREST_DC) for _ in range(4)]
            harness.turn()
            client.close()
            for _, deferred in harness.bff.waiting:
                deferred.callback(bytes(range(200)) * 4)
            harness.turn()
            client.transport = transport
            client.connect()
            client.send(ping())
            self.assertEqual(list(client.results()), asked, transport)

    def test_busy_key_leaves_the_turn_to_others(self) -> None:
        """A key that sends much is taken a part at a time; another key's frame is in the same turn."""
        harness = Harness(frames_per_turn=8, session_data_chan_size=1000)
        harness.auth_sessions.clients[99] = ClientInfo(layer=200)
        busy = harness.client(1)
        other = harness.client(2, auth_key_id=99, perm_auth_key_id=99)
        for client in (busy, other):
            client.send(ping())
            client.received()
        for _ in range(100):
            busy.send(GET_CONFIG)
        asked = other.send(GET_CONFIG)
        harness.turn()
        sent = harness.gateway.sent[other.since :]
        turn_of_other = [session_id for _, session_id, _ in sent].index(2)
        before = [payload for _, session_id, payload in sent[:turn_of_other] if session_id == 1]
        self.assertLessEqual(len(unpack(before)), 24)
        self.assertIn(asked, other.results())
        self.assertEqual(len(busy.results()), 100)

    def test_sessions_of_a_key_are_bounded(self) -> None:
        """New session ids without end replace the oldest."""
        harness = Harness(sessions_per_key=10)
        for session_id in range(100):
            harness.client(session_id).send(ping())
            harness.turn()
        self.assertEqual(len(harness.service.stage.keys.lists[KEY].sessions), 10)
