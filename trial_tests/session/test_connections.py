"""Connections that come, go and carry sessions of the stage."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.session import ConnRef
from teamgram.session import service_messages as wire
from trial_tests.session.fakes import (
    BOOL_TRUE,
    GET_CONFIG,
    GET_NEAREST_DC,
    GET_STATE,
    KEY,
    NOW,
    Harness,
    ping,
)

TEMP_KEY = 78


class ConnRefTests(SynchronousTestCase):
    def test_equal_refs_are_one_connection(self) -> None:
        """gnetway may make a new ConnRef for each frame."""
        harness = Harness()
        client = harness.client()
        for _ in range(3):
            client.send(ping())
            client.conn = ConnRef(client.conn.gateway_id, client.conn.conn_id)
        (session,) = harness.service.stage.keys.lists[KEY].sessions
        self.assertEqual(session.connections, [client.conn])
        self.assertEqual(harness.clock.seconds(), NOW)


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
            (stage.keys.lists, stage.keys.wrappers, stage.requests.running, stage.delivery.disconnected),
            ({}, {}, {}, {}),
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
        self.assertEqual(harness.service.stage.delivery.ack_due, {})
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
        (session,) = harness.service.stage.keys.lists[KEY].sessions
        self.assertEqual(session.core.session_id, 1)

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
