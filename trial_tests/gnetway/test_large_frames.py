"""Large frames: opened and sealed a piece at a time, in order, with others in between."""

import os
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway import large_frames
from teamgram.gnetway.conn_context import ConnContext
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.dispatch import SessionDispatcher
from teamgram.gnetway.key_cache import AuthKeyCache
from teamgram.gnetway.key_exchange import KeyExchanges
from teamgram.gnetway.large_frames import LARGE_BYTES, TURN_SECONDS, CipherTurns
from teamgram.gnetway.settings import GnetwaySettings
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.session import KeyBound
from teamgram.mtproto.envelope import AuthKey
from trial_tests.gnetway.client import opened, payload, sealed
from trial_tests.gnetway.fakes import FakeAuthSessions, FakeLink, FakeSession, perm_key
from trial_tests.peer.envelope import seal_payload

NOW = 1_800_000_000.0
LARGE = payload(4, 1, os.urandom(4 * LARGE_BYTES))
ANSWER = payload(5, 1, os.urandom(4 * LARGE_BYTES))


class TurningClock(Clock):
    """One turn at a time: what is called later in a turn is called in the next, as a reactor does."""

    def turn(self) -> None:
        """Do what is due now."""
        due: list[Any] = [call for call in self.getDelayedCalls() if call.getTime() <= self.seconds()]
        for call in due:
            self.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)


class LargeFramesTestCase(SynchronousTestCase):
    """A dispatcher between connections and a session; each piece takes a whole turn."""

    kind = "tcp"

    def setUp(self) -> None:
        self.clock = TurningClock()
        self.clock.advance(NOW)
        self.key = perm_key(1)
        self.authsessions = FakeAuthSessions(self.key)
        self.session = FakeSession()
        settings = GnetwaySettings()
        self.connections = Connections(self.session, settings, self.clock.seconds, lambda: 0.0)
        self.keys = AuthKeyCache(self.authsessions, self.clock)
        exchanges = KeyExchanges(self.connections, self.keys, self.authsessions, (), settings, self.clock)
        # Every look at the time finds a turn's time gone: a piece a turn.
        moments = iter(range(10_000_000))
        self.patch(CipherTurns.__init__, "__defaults__", (lambda: float(next(moments)),))
        self.dispatcher = SessionDispatcher(self.session, self.connections, self.keys, exchanges, settings, self.clock)
        self.conn, self.link = self.open()
        self.receive(self.conn, sealed(self.key, plaintext=payload(3)))
        self.session.frames.clear()
        self.link.calls.clear()

    def open(self) -> tuple[ConnContext, FakeLink]:
        link = FakeLink()
        conn = self.connections.open(self.kind, ("192.0.2.1", 4000), ("127.0.0.1", 10443), link)
        assert conn is not None
        return conn, link

    def receive(self, conn: ConnContext, frame: bytes, quick_ack: bool = False) -> None:
        self.dispatcher.frame_received(conn, frame, quick_ack)

    def send(self, conn: ConnContext, plaintext: bytes) -> bool:
        return self.dispatcher.send_data(conn.ref, self.key.auth_key_id, 1, 7, plaintext)

    def turn(self, turns: int = 1) -> None:
        """So many turns of the reactor."""
        for _ in range(turns):
            self.clock.turn()

    def turns_until(self, done: object) -> int:
        """Turns until that list has something in it."""
        number = 0
        while not done and number < 1000:
            self.assertTrue(self.clock.getDelayedCalls(), "nothing goes on")
            self.turn()
            number += 1
        return number


class OpeningTests(LargeFramesTestCase):
    """In."""

    def test_small_frames_pass_it(self) -> None:
        """While somebody's part is opened others are answered; it takes as many turns as it has pieces."""
        self.receive(self.conn, sealed(self.key, plaintext=LARGE))
        self.assertEqual(self.session.frames, [])
        other, _ = self.open()
        self.turn(2)
        self.receive(other, sealed(self.key, session_id=8, plaintext=payload(8)))
        self.assertEqual([data.payload for data in self.session.frames], [payload(8)])
        self.session.frames.clear()
        self.assertEqual(self.turns_until(self.session.frames), 9 - 2)
        self.assertTrue(self.session.frames[0].payload == LARGE)

    def test_nothing_is_read_behind_it(self) -> None:
        """The connection's order stays: it is read again when the frame is with the session."""
        self.receive(self.conn, sealed(self.key, plaintext=LARGE))
        self.assertTrue(self.conn.blocked)
        self.assertEqual(self.link.calls, ["pause_reading"])
        self.turns_until(self.session.frames)
        self.assertFalse(self.conn.blocked)
        self.assertEqual(self.link.calls, ["pause_reading", "resume_reading"])

    def test_connections_take_turns(self) -> None:
        """Two parts that came together are done together, not one after the other."""
        other, _ = self.open()
        for conn in (self.conn, other):
            self.receive(conn, sealed(self.key, plaintext=LARGE))
        self.assertEqual(self.turns_until(self.session.frames), 17)
        self.turn()
        self.assertEqual([data.conn for data in self.session.frames], [self.conn.ref, other.ref])

    def test_a_key_that_is_bound_meanwhile(self) -> None:
        """It is the permanent key's frame when it arrives."""
        self.receive(self.conn, sealed(self.key, plaintext=LARGE))
        self.keys.bound(KeyBound(self.key.auth_key_id, AuthKeyType.TEMP, 77, int(NOW) + 1000))
        self.turns_until(self.session.frames)
        self.assertEqual(self.session.frames[0].perm_auth_key_id, 77)

    def test_a_key_that_is_destroyed_meanwhile(self) -> None:
        """Its frame is a frame of an unknown key by then."""
        self.receive(self.conn, sealed(self.key, plaintext=LARGE))
        del self.authsessions.keys[self.key.auth_key_id]
        self.keys.forget(self.key.auth_key_id)
        self.turns_until(self.link.errors)
        self.assertEqual((self.link.errors, self.session.frames), ([-404], []))

    def test_a_byte_changed(self) -> None:
        """Closed without a word, as a small one is."""
        frame = bytearray(sealed(self.key, plaintext=LARGE))
        frame[-1] ^= 1
        self.receive(self.conn, bytes(frame))
        self.turn(10)
        self.assertEqual((self.link.errors, self.link.calls[-1], self.session.frames), ([], "close", []))
        self.assertEqual(self.dispatcher.decrypt_failures, 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_connection_that_goes(self) -> None:
        """Lost, or closed by us: nothing more is done for it, and what waited counts no more."""
        for end in (self.connections.lost, self.connections.close):
            conn, _ = self.open()
            self.receive(conn, sealed(self.key, plaintext=LARGE))
            self.turn()
            end(conn, "gone")
            self.turn()
            self.assertEqual((self.session.frames, self.clock.getDelayedCalls()), ([], []))
        self.patch(large_frames, "WAITING_BYTES", len(LARGE) + 1000)
        conn, _ = self.open()
        self.receive(conn, sealed(self.key, plaintext=LARGE))
        self.assertTrue(conn.blocked, "it may wait: nothing else does")

    def test_what_waits_is_bounded(self) -> None:
        """More than may wait is opened as it comes."""
        self.patch(large_frames, "WAITING_BYTES", len(LARGE) + 1000)
        self.receive(self.conn, sealed(self.key, plaintext=LARGE))
        other, _ = self.open()
        self.receive(other, sealed(self.key, plaintext=LARGE))
        self.assertEqual([data.conn for data in self.session.frames], [other.ref])

    def test_quick_ack(self) -> None:
        """The token leaves when the session has the frame."""
        frame, token = seal_payload(AuthKey(self.key.auth_key), 1, 7, LARGE)
        self.receive(self.conn, frame, quick_ack=True)
        self.turn(8)
        self.assertEqual(self.link.quick_acks, [])
        self.turns_until(self.session.frames)
        self.assertEqual(self.link.quick_acks, [token])

    def test_session_has_no_room(self) -> None:
        """It waits as any other does, and is not read behind."""
        self.session.room = 0
        self.receive(self.conn, sealed(self.key, plaintext=LARGE))
        self.turn(10)
        self.assertTrue(self.conn.blocked)
        self.assertEqual(self.link.calls, ["pause_reading", "pause_reading"])
        self.session.room = 1
        self.dispatcher.resume_reading(self.conn.ref)
        self.assertEqual((len(self.session.frames), self.link.calls[-1]), (1, "resume_reading"))


class SealingTests(LargeFramesTestCase):
    """Out."""

    def test_in_turns(self) -> None:
        """Session is told to hold back, the frame leaves whole, and session goes on."""
        self.assertTrue(self.send(self.conn, ANSWER))
        self.assertEqual(self.session.writable, [(self.conn.ref, False)])
        # Three of the hash, nine of the cipher.
        self.assertEqual(self.turns_until(self.link.frames), 12)
        self.assertTrue(opened(self.key, self.link.frames[0])[2] == ANSWER)
        self.assertEqual(self.session.writable, [(self.conn.ref, False), (self.conn.ref, True)])

    def test_what_is_sent_meanwhile_leaves_behind_it(self) -> None:
        """On the same connection; another connection's leaves at once."""
        other, link = self.open()
        self.receive(other, sealed(self.key, plaintext=payload(4)))
        self.send(self.conn, ANSWER)
        self.assertTrue(self.send(self.conn, payload(9)))
        self.assertTrue(self.send(other, payload(13)))
        self.assertEqual((len(self.link.frames), len(link.frames)), (0, 1))
        self.turn(13)
        self.assertEqual([len(frame) > LARGE_BYTES for frame in self.link.frames], [True, False])
        self.assertEqual(opened(self.key, self.link.frames[1])[2], payload(9))

    def test_connections_take_turns(self) -> None:
        """Two answers that are ready together leave together."""
        other, link = self.open()
        self.receive(other, sealed(self.key, plaintext=payload(4)))
        self.send(self.conn, ANSWER)
        self.send(other, ANSWER)
        self.assertEqual(self.turns_until(self.link.frames), 23)
        self.assertEqual(self.turns_until(link.frames), 1)

    def test_a_buffer_that_fills_with_it(self) -> None:
        """Session goes on when the buffer has drained, not when the frame is sealed."""

        def write(frame: bytes) -> bool:
            self.connections.write_blocked(self.conn)
            return True

        self.link.write_frame = write  # type: ignore[method-assign]
        self.send(self.conn, ANSWER)
        self.turn(12)
        self.assertEqual(self.session.writable, [(self.conn.ref, False)])
        self.connections.write_drained(self.conn)
        self.assertEqual(self.session.writable, [(self.conn.ref, False), (self.conn.ref, True)])

    def test_a_buffer_that_drains_meanwhile(self) -> None:
        """Session still holds back."""
        self.send(self.conn, ANSWER)
        self.connections.write_blocked(self.conn)
        self.connections.write_drained(self.conn)
        self.assertEqual(self.session.writable, [(self.conn.ref, False)])
        self.turn(12)
        self.assertEqual(self.session.writable[-1], (self.conn.ref, True))

    def test_closing_sends_it(self) -> None:
        """What session was told is sent leaves before the connection closes."""
        self.send(self.conn, ANSWER)
        self.send(self.conn, payload(9))
        self.turn()
        self.connections.close(self.conn, "server stops")
        self.assertEqual([len(frame) > LARGE_BYTES for frame in self.link.frames], [True, False])
        self.turn(2)
        self.assertEqual((len(self.link.frames), self.clock.getDelayedCalls()), (2, []))

    def test_connection_that_goes(self) -> None:
        """Nothing more is sealed for it."""
        self.send(self.conn, ANSWER)
        self.turn()
        self.connections.lost(self.conn, "gone")
        self.turn()
        self.assertEqual((self.link.frames, self.clock.getDelayedCalls()), ([], []))

    def test_who_goes_on_sending_is_cut_off(self) -> None:
        """Whoever does not hold back piles up no more than a full buffer takes."""
        self.send(self.conn, ANSWER)
        for _ in range(5):
            self.send(self.conn, ANSWER)
        self.assertEqual((self.conn.closing, self.link.calls), ("does not read", ["abort"]))

    def test_one_that_cannot_carry_it(self) -> None:
        """An HTTP connection without a request: session hears it at once."""
        self.link.accepts = False
        self.assertFalse(self.send(self.conn, ANSWER))
        self.assertEqual((self.session.writable, self.clock.getDelayedCalls()), ([], []))


class TurnTests(SynchronousTestCase):
    """``CipherTurns`` itself."""

    def test_a_part_of_a_turn(self) -> None:
        """As many pieces as its time allows, then the rest of the reactor's turn is others'."""
        clock, now, done = TurningClock(), [0.0], []

        class Job:
            def step(self) -> bool:
                done.append(self)
                now[0] += TURN_SECONDS / 4
                return True

        turns = CipherTurns(clock, lambda: now[0])
        for _ in range(3):
            turns.add(Job())
        clock.turn()
        self.assertEqual(len(done), 4)
        self.assertEqual(len(set(done)), 3)
        clock.turn()
        self.assertEqual(len(done), 8)

    def test_a_fault_is_one_jobs(self) -> None:
        """It is logged, and the others go on."""
        clock, left = TurningClock(), [3]

        class Bad:
            def step(self) -> bool:
                raise RuntimeError("bad")

        class Good:
            def step(self) -> bool:
                left[0] -= 1
                return left[0] > 0

        turns = CipherTurns(clock, lambda: 0.0)
        turns.add(Bad())
        turns.add(Good())
        clock.turn()
        self.assertEqual((left, len(turns), len(self.flushLoggedErrors(RuntimeError))), ([0], 0, 1))
