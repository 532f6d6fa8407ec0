"""Requests through the session stage between a gateway, an authsession and a bff that are fakes."""

import struct

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import NEWEST_LAYER
from teamgram.session import service_messages as wire
from trial_tests.session.fakes import (
    BOOL_TRUE,
    GET_ALL_DRAFTS,
    GET_CONFIG,
    GET_NEAREST_DC,
    GET_STATE,
    KEY,
    SALT,
    USER,
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
            [(400, "METHOD_NOT_IMPL"), (400, "METHOD_NOT_IMPL"), (400, "INPUT_METHOD_INVALID"), None],
        )

    def test_what_is_not_served_is_logged_and_counted(self) -> None:
        """Once for each method and version of a client, whoever refused it; every time in rpc_errors_total."""
        harness = Harness()
        harness.bff.answers["help.getNearestDc"] = RpcError(400, "METHOD_NOT_IMPL")
        with capturedLogs() as events:
            for session_id, version in enumerate((b"1.0", b"1.0", b"2.0"), start=7):
                client = harness.client(session_id)
                hello = with_layer(GET_CONFIG, version=version)
                for query in (hello, GET_ALL_DRAFTS, GET_NEAREST_DC, struct.pack("<I", 0x0BADF00D)):
                    client.send(query)
                    client.received()
        lines = [formatEvent(event) for event in events if "is not served" in event.get("log_format", "")]
        methods = ("messages.getAllDrafts", "help.getNearestDc", "method 0badf00d of no layer")
        self.assertEqual(
            [line.partition(";")[0] for line in lines], [f"{method} is not served" for method in methods] * 2
        )
        self.assertEqual(["'2.0'" in line for line in lines], [False] * 3 + [True] * 3)
        counted = {method: times.errors for method, times in harness.service.stage.routing.times() if times.errors}
        self.assertEqual(
            counted, {"messages.getAllDrafts": {400: 3}, "help.getNearestDc": {400: 3}, "unknown": {400: 3}}
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
