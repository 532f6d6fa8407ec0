"""The session stage between a gateway, an authsession and a bff that are fakes."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType, ClientInfo, FutureSalt
from teamgram.interfaces.rpc import RpcError
from teamgram.interfaces.session import ConnRef, DataChannelFull
from teamgram.mtproto.tl import NEWEST_LAYER
from teamgram.session import service_messages as wire
from trial_tests.session.fakes import (
    BIND_TEMP_AUTH_KEY,
    BOOL_TRUE,
    GET_ALL_DRAFTS,
    GET_CONFIG,
    GET_NEAREST_DC,
    GET_STATE,
    KEY,
    NOW,
    SALT,
    USER,
    Client,
    Harness,
    ping,
    with_layer,
)

TEMP_KEY = 78


def after(query: bytes, *msg_ids: int) -> bytes:
    """invokeAfterMsg, or invokeAfterMsgs for several."""
    if len(msg_ids) == 1:
        return struct.pack("<Iq", 0xCB9F372D, *msg_ids) + query
    return struct.pack(f"<III{len(msg_ids)}q", 0x3DC4B4F0, wire.VECTOR, len(msg_ids), *msg_ids) + query


class AnswerTests(SynchronousTestCase):
    def test_ping_is_answered_in_the_same_turn(self) -> None:
        """A ping gets its pong, in one frame with the notice of the new session."""
        client = Harness().client()
        msg_id = client.send(ping(7))
        created, pong = client.received()
        self.assertEqual(created.constructor_id, wire.NEW_SESSION_CREATED)
        self.assertEqual((pong.constructor_id, pong.longs(count=2)), (wire.PONG, (msg_id, 7)))
        self.assertEqual(created.packet, pong.packet)
        self.assertEqual(client.harness.gateway.salts_sent, [SALT])

    def test_get_config_reaches_bff_without_its_wrappers(self) -> None:
        """bff gets the inner query byte for byte, with the layer and device of the wrappers."""
        harness = Harness()
        client = harness.client()
        msg_id = client.send(with_layer(GET_CONFIG, 199))
        results = client.results()
        self.assertEqual(results[msg_id].result(), (msg_id, BOOL_TRUE))
        (request,) = harness.bff.calls
        self.assertEqual(
            (request.method, request.service, request.body), ("help.getConfig", "RPCConfiguration", GET_CONFIG)
        )
        self.assertEqual((request.metadata.layer, request.metadata.client.device_model), (199, "phone"))
        self.assertEqual(request.metadata.user_id, USER)

    def test_slow_request_delays_no_other(self) -> None:
        """Replies leave as they are ready, within a session and beside it."""
        harness = Harness()
        harness.bff.slow.add("help.getNearestDc")
        one, other = harness.client(1), harness.client(2)
        slow = one.send(GET_NEAREST_DC)
        quick = one.send(GET_CONFIG)
        beside = other.send(GET_CONFIG)
        self.assertEqual(list(one.results()), [quick])
        self.assertEqual(list(other.results()), [beside])
        harness.bff.waiting[0][1].callback(b"late")
        self.assertEqual(one.results()[slow].result(), (slow, b"late"))

    def test_errors_of_bff(self) -> None:
        """An RpcError is the request's rpc_error, at once or later; anything else is INTERNAL and logged."""
        harness = Harness()
        client = harness.client()
        harness.bff.answers["help.getConfig"] = RpcError(420, "FLOOD_WAIT", 3)
        harness.bff.slow.add("help.getNearestDc")
        at_once = client.send(GET_CONFIG)
        later = client.send(GET_NEAREST_DC)
        broken = client.send(GET_NEAREST_DC)
        harness.turn()
        harness.bff.waiting[0][1].errback(RpcError(400, "LATER"))
        harness.bff.waiting[1][1].errback(ZeroDivisionError())
        errors = {msg_id: one.error() for msg_id, one in client.results().items()}
        self.assertEqual(errors, {at_once: (420, "FLOOD_WAIT_3"), later: (400, "LATER"), broken: (500, "INTERNAL")})
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_methods_that_nobody_serves(self) -> None:
        """No service in the IDMap, no service at all, no method at all: each fails alone, in one container."""
        harness = Harness()
        client = harness.client()
        client.send(ping())
        client.received()
        queries = [GET_ALL_DRAFTS, struct.pack("<I", 0x12345678), struct.pack("<I", 0x0BADF00D), GET_CONFIG]
        messages = [client.core.message(query) for query in queries]
        client.send_frame(client.core.container(*[payload for _, payload in messages])[1])
        results = client.results()
        self.assertEqual(
            [results[msg_id].error() for msg_id, _ in messages],
            [(501, "METHOD_NOT_IMPL"), (501, "METHOD_NOT_IMPL"), (400, "INPUT_METHOD_INVALID"), None],
        )

    def test_stuck_request_times_out(self) -> None:
        """At its deadline it is cancelled and answered, and the session goes on."""
        harness = Harness(rpc_timeout=5.0)
        harness.bff.slow.add("help.getNearestDc")
        harness.service.startService()
        client = harness.client()
        stuck = client.send(GET_NEAREST_DC)
        harness.clock.pump([0.5] * 12)
        self.assertEqual(client.results()[stuck].error(), (503, "TIMEOUT"))
        self.assertEqual(len(harness.bff.cancelled), 1)
        going_on = client.send(GET_CONFIG)
        self.assertIn(going_on, client.results())
        self.successResultOf(harness.service.stopService())

    def test_drop_answer_cancels(self) -> None:
        """rpc_drop_answer reaches the work itself."""
        harness = Harness()
        harness.bff.slow.add("help.getNearestDc")
        client = harness.client()
        msg_id = client.send(GET_NEAREST_DC)
        client.received()
        client.send(struct.pack("<Iq", wire.RPC_DROP_ANSWER, msg_id))
        self.assertEqual(len(harness.bff.cancelled), 1)
        self.assertEqual(client.results()[msg_id].result()[1], wire.ANSWER_DROPPED_RUNNING)
        self.assertEqual(harness.service.stage.requests.running, {})

    def test_drop_before_it_started(self) -> None:
        """A request dropped in the turn that brought it never runs."""
        harness = Harness()
        client = harness.client()
        msg_id = client.send(GET_CONFIG)
        client.send(struct.pack("<Iq", wire.RPC_DROP_ANSWER, msg_id))
        client.received()
        self.assertEqual(harness.bff.calls, [])

    def test_malformed_frame_closes_the_connection(self) -> None:
        """A frame whose own header does not fit ends the connection and nothing else."""
        harness = Harness()
        client = harness.client()
        for payload in (b"", b"\0" * 16, wire.HEADER.pack(4, 1, 400) + GET_CONFIG):
            client.send_frame(payload)
        self.assertEqual([conn for conn, _ in harness.gateway.closed], [client.conn] * 3)


class WrapperTests(SynchronousTestCase):
    def test_device_is_stored_when_it_changes(self) -> None:
        """The same wrappers on every connection cost one write."""
        harness = Harness()
        for session_id in range(3):
            harness.client(session_id).send(with_layer(GET_CONFIG, 210))
            harness.turn()
        ((key, stored),) = harness.auth_sessions.saved
        self.assertEqual((key, stored.layer, stored.device_model, stored.api_id), (KEY, 210, "phone", 4))
        harness.client(5).send(with_layer(GET_CONFIG, 211))
        harness.turn()
        self.assertEqual(harness.auth_sessions.saved[-1][1].layer, 211)

    def test_stored_layer_serves_a_session_without_wrappers(self) -> None:
        """The layer is remembered with the key."""
        harness = Harness()
        harness.client().send(GET_CONFIG)
        harness.turn()
        self.assertEqual(harness.bff.calls[0].metadata.layer, 200)

    def test_layers(self) -> None:
        """None said yet, too old, too new."""
        harness = Harness()
        del harness.auth_sessions.clients[KEY]
        client = harness.client()
        bare, old = client.send(GET_CONFIG), client.send(with_layer(GET_CONFIG, 5))
        negative = client.send(with_layer(GET_CONFIG, -3))
        new = client.send(with_layer(GET_CONFIG, 240))
        results = client.results()
        self.assertEqual(results[bare].error(), (400, "CONNECTION_NOT_INITED"))
        self.assertEqual(results[old].error(), (400, "CONNECTION_LAYER_INVALID"))
        self.assertEqual(results[negative].error(), (400, "CONNECTION_LAYER_INVALID"))
        self.assertIsNone(results[new].error())
        self.assertEqual(harness.bff.calls[-1].metadata.layer, NEWEST_LAYER)

    def test_invoke_after_waits_and_keeps_order(self) -> None:
        """A request starts when all it names have succeeded."""
        harness = Harness()
        harness.bff.slow.update(("help.getNearestDc", "updates.getState"))
        client = harness.client()
        first, second = client.send(GET_NEAREST_DC), client.send(GET_STATE)
        third = client.send(after(GET_CONFIG, first, second))
        self.assertEqual(client.results(), {})
        harness.bff.waiting[1][1].callback(BOOL_TRUE)
        self.assertEqual(list(client.results()), [second])
        harness.bff.waiting[0][1].callback(BOOL_TRUE)
        self.assertEqual(list(client.results()), [first, third])

    def test_invoke_after_in_one_batch(self) -> None:
        """A chain sent together runs in order."""
        harness = Harness()
        client = harness.client()
        first = client.send(GET_STATE)
        second = client.send(after(GET_CONFIG, first))
        third = client.send(after(GET_NEAREST_DC, second))
        self.assertEqual(list(client.results()), [first, second, third])

    def test_invoke_after_a_failure(self) -> None:
        """What depends on a failed request fails with MSG_WAIT_FAILED and does not run."""
        harness = Harness()
        harness.bff.answers["updates.getState"] = RpcError(400, "X")
        client = harness.client()
        first = client.send(GET_STATE)
        second = client.send(after(GET_CONFIG, first))
        third = client.send(after(GET_CONFIG, second))
        results = client.results()
        self.assertEqual(results[second].error(), (400, "MSG_WAIT_FAILED"))
        self.assertEqual(results[third].error(), (400, "MSG_WAIT_FAILED"))
        self.assertEqual([request.method for request in harness.bff.calls], ["updates.getState"])

    def test_invoke_after_something_that_never_comes(self) -> None:
        """Waiting has an end."""
        harness = Harness(invoke_after_timeout=3.0)
        harness.service.startService()
        client = harness.client()
        msg_id = client.send(after(GET_CONFIG, 12344))
        harness.clock.pump([0.5] * 8)
        self.assertEqual(client.results()[msg_id].error(), (400, "MSG_WAIT_FAILED"))
        self.successResultOf(harness.service.stopService())

    def test_invoke_after_something_slow(self) -> None:
        """What has come is waited for as long as it may take itself; a request that waits for itself ends, too."""
        harness = Harness(invoke_after_timeout=3.0, rpc_timeout=20.0)
        harness.bff.slow.add("help.getNearestDc")
        harness.service.startService()
        client = harness.client()
        slow = client.send(GET_NEAREST_DC)
        dependent = client.send(after(GET_CONFIG, slow))
        harness.clock.pump([0.5] * 20)
        self.assertEqual(client.results(), {})
        harness.bff.waiting[0][1].callback(BOOL_TRUE)
        self.assertEqual(list(client.results()), [slow, dependent])
        itself = client.core.msg_id()
        client.send_frame(client.core.message(after(GET_CONFIG, itself), msg_id=itself)[1])
        harness.clock.pump([0.5] * 50)
        self.assertEqual(client.results()[itself].error(), (400, "MSG_WAIT_FAILED"))
        self.successResultOf(harness.service.stopService())

    def test_unreadable_wrapper(self) -> None:
        """A wrapper cut short fails its own request."""
        client = Harness().client()
        msg_id = client.send(struct.pack("<I", 0xDA9B0D0D))
        self.assertEqual(client.results()[msg_id].error(), (400, "INPUT_FETCH_ERROR"))


class LoadingTests(SynchronousTestCase):
    def test_frames_wait_in_order(self) -> None:
        """Until user, device and salts are there the frames wait; the key is asked for once."""
        harness = Harness()
        harness.auth_sessions.hold()
        client = harness.client()
        ids = [client.send(GET_CONFIG) for _ in range(5)]
        self.assertEqual(client.results(), {})
        harness.auth_sessions.release()
        self.assertEqual(list(client.results()), ids)
        self.assertEqual(harness.auth_sessions.asked_salts, [KEY])

    def test_failure_closes_and_the_next_frame_tries_again(self) -> None:
        """When the key cannot be loaded its connections close, and a new one starts anew."""
        harness = Harness()
        harness.auth_sessions.failing = True
        client = harness.client()
        harness.auth_sessions.hold()
        client.send(GET_CONFIG)
        harness.auth_sessions.release()
        self.assertEqual([conn for conn, _ in harness.gateway.closed], [client.conn])
        self.assertTrue(self.flushLoggedErrors(OSError))
        harness.auth_sessions.failing = False
        client.connect()
        self.assertIn(client.send(GET_CONFIG), client.results())

    def test_failure_at_once(self) -> None:
        """Also when the store fails without waiting, and with a full channel behind."""
        harness = Harness(session_data_chan_size=2)
        harness.auth_sessions.failing = True
        client = harness.client()
        client.send(GET_CONFIG)
        self.assertEqual([conn for conn, _ in harness.gateway.closed], [client.conn])
        self.assertEqual((harness.service.stage.keys.lists, harness.service.stage.keys.wrappers), ({}, {}))
        harness.auth_sessions.hold()
        other = harness.client(2)
        client.connect()
        client.send(GET_CONFIG)
        client.send(GET_CONFIG)
        self.assertRaises(DataChannelFull, other.send, GET_CONFIG)
        harness.auth_sessions.release()
        self.assertEqual(harness.gateway.closed[1:], [(client.conn, "key cannot be loaded")])
        self.assertEqual(harness.gateway.resumed, [other.conn])
        self.assertEqual((harness.service.stage.keys.lists, harness.service.stage.keys.wrappers), ({}, {}))
        self.assertTrue(self.flushLoggedErrors(OSError))

    def test_new_key_that_cannot_be_loaded_leaves_the_others(self) -> None:
        """A temporary key whose salts cannot be had does not end the permanent key's sessions."""
        harness = Harness()
        stays = harness.client(1)
        stays.send(ping())
        stays.received()
        harness.auth_sessions.failing = True
        fails = harness.client(2, auth_key_id=TEMP_KEY, key_type=AuthKeyType.TEMP)
        fails.send(ping())
        self.assertEqual([conn for conn, _ in harness.gateway.closed], [fails.conn])
        self.assertIn(stays.send(GET_CONFIG), stays.results())
        self.assertTrue(self.flushLoggedErrors(OSError))

    def test_key_destroyed_before_its_first_frame(self) -> None:
        """A key without salts is gone: gnetway is told to forget it."""
        harness = Harness()

        async def nothing(auth_key_id: int, now: int, count: int) -> list[FutureSalt]:
            return []

        self.patch(harness.auth_sessions, "future_salts", nothing)
        client = harness.client()
        client.send(ping())
        self.assertEqual(
            (harness.gateway.forgotten, [conn for conn, _ in harness.gateway.closed]), ([KEY], [client.conn])
        )
        self.assertEqual(harness.service.stage.keys.lists, {})

    def test_salts_are_asked_for_before_they_run_out(self) -> None:
        """A key in use gets new salts; nothing waits for them."""
        harness = Harness()
        harness.service.startService()
        client = harness.client()
        client.send(ping())
        harness.clock.pump([10.0] * 600)
        self.assertGreater(len(harness.auth_sessions.asked_salts), 1)
        self.assertLess(len(harness.auth_sessions.asked_salts), 20)
        self.successResultOf(harness.service.stopService())


class ConnectionTests(SynchronousTestCase):
    def test_result_waits_for_the_reconnect(self) -> None:
        """A request that finished while nobody was connected is answered on the next connection."""
        harness = Harness()
        harness.bff.slow.add("help.getNearestDc")
        client = harness.client()
        msg_id = client.send(GET_NEAREST_DC)
        client.received()
        client.close()
        harness.bff.waiting[0][1].callback(b"late")
        self.assertEqual(client.received(), [])
        client.connect()
        client.send(ping())
        self.assertEqual(client.results()[msg_id].result(), (msg_id, b"late"))

    def test_unacknowledged_answer_comes_again_over_another_connection(self) -> None:
        """Also when the old connection's end has not been noticed."""
        harness = Harness()
        client = harness.client()
        msg_id = client.send(GET_CONFIG)
        client.received()
        client.connect()
        client.send(ping())
        self.assertIn(msg_id, client.results())
        self.assertEqual(len(harness.bff.calls), 1)

    def test_write_to_a_dead_connection(self) -> None:
        """A write that fails keeps what it carried for the next connection."""
        harness = Harness()
        client = harness.client()
        client.send(ping())
        client.received()
        harness.gateway.gone.add(client.conn)
        msg_id = client.send(GET_CONFIG)
        self.assertEqual(client.received(), [])
        client.connect()
        client.send(ping())
        self.assertIn(msg_id, client.results())

    def test_second_connection_of_a_session(self) -> None:
        """Answers leave by the connection used last; when it closes, by the other."""
        harness = Harness()
        client = harness.client()
        client.send(ping())
        first = client.conn
        second = client.connect()
        client.send(ping())
        harness.turn()
        self.assertEqual(harness.gateway.sent[-1][0], second)
        client.close()
        client.conn = first
        client.send(ping())
        harness.turn()
        self.assertEqual(harness.gateway.sent[-1][0], first)

    def test_session_ends_after_its_retention(self) -> None:
        """A session nobody comes back to is forgotten with its requests, then its key."""
        harness = Harness(retention=100.0, idle_wrapper_retention=50.0)
        harness.bff.slow.add("help.getNearestDc")
        harness.service.startService()
        client = harness.client()
        client.send(GET_NEAREST_DC)
        client.received()
        client.close()
        harness.clock.pump([1.0] * 20)
        self.assertEqual(len(harness.service.stage.keys.lists[KEY].sessions), 1)
        harness.clock.pump([1.0] * 90)
        self.assertEqual(len(harness.bff.cancelled), 1)
        harness.clock.pump([1.0] * 70)
        stage = harness.service.stage
        self.assertEqual(
            (stage.keys.lists, stage.keys.wrappers, stage.requests.running, stage.disconnected), ({}, {}, {}, {})
        )
        self.successResultOf(harness.service.stopService())

    def test_connection_that_closed_while_its_frames_waited(self) -> None:
        """The frames count, but the session does not take the connection for an open one."""
        harness = Harness(retention=10.0)
        harness.service.startService()
        harness.auth_sessions.hold()
        client = harness.client()
        msg_id = client.send(GET_CONFIG)
        client.close()
        harness.auth_sessions.release()
        self.assertEqual(client.received(), [])
        self.assertEqual(len(harness.bff.calls), 1)
        client.connect()
        client.send(ping())
        self.assertIn(msg_id, client.results())
        harness.auth_sessions.hold()
        other = harness.client(5, auth_key_id=99, perm_auth_key_id=99)
        other.ack(4)
        other.close()
        harness.auth_sessions.release()
        harness.turn()
        self.assertEqual(len(harness.service.stage.keys.lists[99].sessions), 1)
        harness.clock.pump([1.0] * 12)
        self.assertEqual(len(harness.service.stage.keys.lists[99].sessions), 0)
        self.successResultOf(harness.service.stopService())

    def test_session_destroyed_with_requests_queued(self) -> None:
        """A request of a session that ended in the same turn does not run."""
        harness = Harness()
        one, other = harness.client(1), harness.client(2)
        other.send(GET_STATE)
        one.send(struct.pack("<Iq", wire.DESTROY_SESSION, 2))
        harness.turn()
        self.assertEqual(harness.bff.calls, [])
        self.assertIsNone(harness.service.stage.keys.wrappers[KEY].updates_session)

    def test_ping_delay_disconnect_closes(self) -> None:
        """The connection closes when it does not come again in time, and each one moves the deadline."""
        harness = Harness()
        harness.service.startService()
        client = harness.client()
        for _ in range(3):
            client.send(struct.pack("<Iqi", wire.PING_DELAY_DISCONNECT, 1, 10))
            harness.clock.pump([1.0] * 8)
        self.assertEqual(harness.gateway.closed, [])
        harness.clock.pump([1.0] * 3)
        self.assertEqual([conn for conn, _ in harness.gateway.closed], [client.conn])
        self.successResultOf(harness.service.stopService())

    def test_slow_request_is_acknowledged(self) -> None:
        """The clockwork sends an acknowledgement that found nothing to ride along with."""
        harness = Harness(ack_delay=1.0)
        harness.bff.slow.add("help.getNearestDc")
        harness.service.startService()
        client = harness.client()
        msg_id = client.send(GET_NEAREST_DC)
        client.received()
        harness.clock.pump([0.5] * 3)
        (ack,) = client.received()
        self.assertEqual((ack.constructor_id, ack.longs(12)), (wire.MSGS_ACK, (msg_id,)))
        harness.clock.pump([0.5] * 2)
        self.assertEqual(harness.service.stage.ack_due, {})
        harness.bff.waiting[0][1].callback(BOOL_TRUE)
        self.successResultOf(harness.service.stopService())

    def test_destroy_session(self) -> None:
        """Another session of the key is forgotten; an unknown one is not found; oneself is not."""
        harness = Harness()
        one, other = harness.client(1), harness.client(2)
        other.send(ping())
        for session_id in (2, 3, 1):
            one.send(struct.pack("<Iq", wire.DESTROY_SESSION, session_id))
        answers = [message for message in one.received() if message.constructor_id != wire.NEW_SESSION_CREATED]
        self.assertEqual(
            [(answer.constructor_id, answer.longs()[0]) for answer in answers],
            [(wire.DESTROY_SESSION_OK, 2), (wire.DESTROY_SESSION_NONE, 3), (wire.DESTROY_SESSION_NONE, 1)],
        )
        self.assertEqual(list(harness.service.stage.keys.lists[KEY].sessions), [1])

    def test_drain(self) -> None:
        """Requests in flight finish and are answered; frames that come meanwhile are not taken."""
        harness = Harness()
        harness.bff.slow.add("help.getNearestDc")
        harness.service.startService()
        client = harness.client()
        msg_id = client.send(GET_NEAREST_DC)
        client.received()
        stopped = harness.service.stopService()
        client.send(GET_CONFIG)
        harness.clock.advance(0.1)
        self.assertNoResult(stopped)
        harness.bff.waiting[0][1].callback(BOOL_TRUE)
        harness.clock.advance(0.1)
        self.successResultOf(stopped)
        self.assertIn(msg_id, client.results())
        self.assertEqual(len(harness.bff.calls), 1)
        self.assertEqual(harness.clock.getDelayedCalls(), [])

    def test_drain_waits_for_what_is_held_back(self) -> None:
        """Requests that were taken but are not with bff yet are answered before the end, too."""
        harness = Harness(concurrent_rpcs=1)
        harness.bff.slow.add("help.getNearestDc")
        harness.service.startService()
        client = harness.client()
        asked = [client.send(GET_NEAREST_DC) for _ in range(3)]
        client.received()
        stopped = harness.service.stopService()
        for number in range(3):
            self.assertNoResult(stopped)
            harness.bff.waiting[number][1].callback(BOOL_TRUE)
            # Looked at between an answer and the turn that starts the next request.
            harness.clock.advance(0.1)
        harness.clock.advance(0.1)
        self.successResultOf(stopped)
        self.assertEqual(set(client.results()), set(asked))


class KeyTests(SynchronousTestCase):
    def test_sign_in_and_out(self) -> None:
        """The next request carries the user, then none."""
        harness = Harness()
        harness.auth_sessions.users.clear()
        client = harness.client()
        client.send(GET_CONFIG)
        harness.turn()
        harness.service.user_signed_in(KEY, 5)
        client.send(GET_CONFIG)
        harness.turn()
        harness.service.user_signed_out(KEY)
        client.send(GET_CONFIG)
        harness.turn()
        self.assertEqual([request.metadata.user_id for request in harness.bff.calls], [0, 5, 0])

    def test_sign_in_while_the_key_loads(self) -> None:
        """What is told while the store is asked is newer than its answer."""
        harness = Harness()
        harness.auth_sessions.hold()
        client = harness.client()
        client.send(GET_CONFIG)
        harness.service.user_signed_out(KEY)
        harness.auth_sessions.release()
        harness.turn()
        self.assertEqual(harness.bff.calls[0].metadata.user_id, 0)

    def test_temporary_key_before_and_after_binding(self) -> None:
        """Unbound it may bind and ask for configuration; bound, its session goes on as the permanent key's."""
        harness = Harness()
        client = harness.client(3, auth_key_id=TEMP_KEY, perm_auth_key_id=0, key_type=AuthKeyType.TEMP)
        refused = client.send(with_layer(GET_STATE))
        config, bind = client.send(GET_CONFIG), client.send(BIND_TEMP_AUTH_KEY)
        results = client.results()
        self.assertEqual(results[refused].error(), (401, "AUTH_KEY_PERM_EMPTY"))
        self.assertEqual((results[config].error(), results[bind].error()), (None, None))
        self.assertEqual(harness.bff.calls[-1].metadata.perm_auth_key_id, 0)
        bound = AuthKeyInfo(TEMP_KEY, b"", AuthKeyType.TEMP, KEY, 0)
        harness.service.key_bound(bound)
        self.assertEqual(harness.gateway.changed, [bound])
        state = client.send(GET_STATE)
        self.assertIsNone(client.results()[state].error())
        metadata = harness.bff.calls[-1].metadata
        self.assertEqual((metadata.perm_auth_key_id, metadata.auth_key_id, metadata.user_id), (KEY, TEMP_KEY, USER))
        wrapper = harness.service.stage.keys.wrappers[KEY]
        self.assertEqual(list(harness.service.stage.keys.wrappers), [KEY])
        assert wrapper.temp_auth is not None
        self.assertEqual(wrapper.temp_auth.auth_key_id, TEMP_KEY)

    def test_binding_while_requests_run(self) -> None:
        """What was under way is answered in its session after the move."""
        harness = Harness()
        harness.bff.slow.add("auth.bindTempAuthKey")
        client = harness.client(3, auth_key_id=TEMP_KEY, perm_auth_key_id=0, key_type=AuthKeyType.TEMP)
        bind = client.send(BIND_TEMP_AUTH_KEY)
        client.received()
        harness.service.key_bound(AuthKeyInfo(TEMP_KEY, b"", AuthKeyType.TEMP, KEY, 0))
        harness.bff.waiting[0][1].callback(BOOL_TRUE)
        self.assertIn(bind, client.results())

    def test_binding_to_a_key_that_cannot_be_loaded(self) -> None:
        """The temporary key's next frame tries again."""
        harness = Harness()
        client = harness.client(3, auth_key_id=TEMP_KEY, perm_auth_key_id=0, key_type=AuthKeyType.TEMP)
        client.send(BIND_TEMP_AUTH_KEY)
        client.received()
        harness.auth_sessions.failing = True
        harness.service.key_bound(AuthKeyInfo(TEMP_KEY, b"", AuthKeyType.TEMP, KEY, 0))
        self.assertTrue(self.flushLoggedErrors(OSError))
        harness.auth_sessions.failing = False
        client.perm_auth_key_id = KEY
        asked = client.send(GET_STATE)
        self.assertIsNone(client.results()[asked].error())

    def test_bound_again_to_another_key(self) -> None:
        """Only the temporary key's own sessions and frames move on."""
        harness = Harness()
        harness.auth_sessions.users[99] = 7
        harness.auth_sessions.clients[99] = ClientInfo(layer=200)
        stays = harness.client(1)
        moves = harness.client(2, auth_key_id=TEMP_KEY, key_type=AuthKeyType.TEMP)
        stays.send(GET_CONFIG)
        moves.send(GET_STATE)
        harness.service.key_bound(AuthKeyInfo(TEMP_KEY, b"", AuthKeyType.TEMP, 99, 0))
        harness.turn()
        users = {call.method: call.metadata.user_id for call in harness.bff.calls}
        self.assertEqual(users, {"help.getConfig": USER, "updates.getState": 7})
        self.assertEqual(list(harness.service.stage.keys.wrappers[KEY].lists), [KEY])

    def test_destroyed_permanent_key(self) -> None:
        """Its sessions end, its temporary keys' too, and gnetway forgets them all."""
        harness = Harness()
        harness.client(1).send(ping())
        harness.client(2, auth_key_id=TEMP_KEY, key_type=AuthKeyType.TEMP).send(ping())
        harness.turn()
        harness.service.key_destroyed(KEY)
        harness.turn()
        self.assertEqual(set(harness.gateway.forgotten), {KEY, TEMP_KEY})
        self.assertEqual((harness.service.stage.keys.lists, harness.service.stage.keys.wrappers), ({}, {}))

    def test_requests_that_wait_move_with_their_key(self) -> None:
        """A temporary key is bound while its requests wait for one another: all are answered."""
        harness = Harness(concurrent_rpcs=1)
        harness.bff.slow.add("help.getNearestDc")
        client = harness.client(3, auth_key_id=TEMP_KEY, perm_auth_key_id=0, key_type=AuthKeyType.TEMP)
        asked = [client.send(with_layer(GET_NEAREST_DC))] + [client.send(GET_NEAREST_DC) for _ in range(2)]
        harness.turn()
        self.assertEqual(len(harness.bff.waiting), 1)
        harness.service.key_bound(AuthKeyInfo(TEMP_KEY, b"", AuthKeyType.TEMP, KEY, 0))
        client.perm_auth_key_id = KEY
        harness.turn()
        for number in range(3):
            harness.bff.waiting[number][1].callback(BOOL_TRUE)
            harness.turn()
        self.assertEqual(list(client.results()), asked)

    def test_destroyed_temporary_key(self) -> None:
        """Only its own sessions end."""
        harness = Harness()
        stays = harness.client(1)
        stays.send(ping())
        harness.client(2, auth_key_id=TEMP_KEY, key_type=AuthKeyType.TEMP).send(ping())
        harness.turn()
        harness.service.key_destroyed(TEMP_KEY)
        harness.turn()
        self.assertEqual(harness.gateway.forgotten, [TEMP_KEY])
        self.assertIn(stays.send(GET_CONFIG), stays.results())

    def test_destroy_auth_key_is_answered_first(self) -> None:
        """A client that logs out waits for the answer under the key that goes."""
        harness = Harness()
        client = harness.client()
        client.send(ping())
        client.received()
        client.send(struct.pack("<I", wire.DESTROY_AUTH_KEY))
        (answer,) = client.received()
        self.assertEqual(answer.constructor_id, wire.DESTROY_AUTH_KEY_OK)
        self.assertEqual((harness.auth_sessions.destroyed, harness.gateway.forgotten), ([KEY], [KEY]))


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
            harness.service.push_updates(USER, b"updt")
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
        (session,) = harness.service.stage.keys.lists[KEY].sessions.values()
        self.assertIsNone(session.conn)

    def test_negative_delays_are_none(self) -> None:
        """TL's int has a sign: less than nothing to wait is nothing."""
        harness = Harness()
        client = self.client(harness)
        before = len(harness.gateway.sent)
        client.send(struct.pack("<Iiii", wire.HTTP_WAIT, -1, -1, -1), content_related=False)
        harness.clock.advance(0.1)
        self.assertEqual(len(harness.gateway.sent), before + 1)


class ConnRefTests(SynchronousTestCase):
    def test_equal_refs_are_one_connection(self) -> None:
        """gnetway may make a new ConnRef for each frame."""
        harness = Harness()
        client = harness.client()
        for _ in range(3):
            client.send(ping())
            client.conn = ConnRef(client.conn.gateway_id, client.conn.conn_id)
        (session,) = harness.service.stage.keys.lists[KEY].sessions.values()
        self.assertEqual(session.connections, [client.conn])
        self.assertEqual(harness.clock.seconds(), NOW)
