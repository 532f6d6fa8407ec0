"""Frames on their way to session, and replies on theirs to the client."""

from dataclasses import replace

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.conn_context import ConnContext
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.dispatch import NEW_KEY_TIMEOUT, SessionDispatcher
from teamgram.gnetway.key_cache import AuthKeyCache
from teamgram.gnetway.key_exchange import KeyExchanges
from teamgram.gnetway.settings import GnetwaySettings
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.session import ConnRef, KeyBound
from teamgram.mtproto.envelope import AuthKey
from trial_tests.gnetway.client import opened, payload, sealed
from trial_tests.gnetway.fakes import FakeAuthSessions, FakeLink, FakeSession, perm_key
from trial_tests.peer.envelope import seal_payload

NOW = 1_800_000_000.0


class SessionDispatcherTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.key = perm_key(1)
        self.authsessions = FakeAuthSessions(self.key)
        self.session = FakeSession()
        settings = GnetwaySettings(max_sessions_per_connection=3)
        self.connections = Connections(self.session, settings, self.clock.seconds, lambda: 0.0)
        self.keys = AuthKeyCache(self.authsessions, self.clock)
        exchanges = KeyExchanges(self.connections, self.keys, self.authsessions, (), settings, self.clock)
        self.dispatcher = SessionDispatcher(self.session, self.connections, self.keys, exchanges, settings, self.clock)
        self.conn, self.link = self.open()

    def open(self) -> tuple[ConnContext, FakeLink]:
        link = FakeLink()
        conn = self.connections.open("tcp", ("192.0.2.1", 4000), ("127.0.0.1", 10443), link)
        assert conn is not None
        return conn, link

    def receive(self, frame: bytes, quick_ack: bool = False) -> None:
        self.dispatcher.frame_received(self.conn, frame, quick_ack)

    def test_plaintext_reaches_session(self) -> None:
        """Session gets the key, the session, the salt, both addresses and the plaintext from offset 16, unpadded."""
        self.receive(sealed(self.key, session_id=-5, salt=-6, plaintext=payload(8)))
        (data,) = self.session.frames
        self.assertEqual(data.payload, payload(8))
        self.assertEqual((data.auth_key_id, data.perm_auth_key_id), (self.key.auth_key_id, self.key.auth_key_id))
        self.assertEqual((data.key_type, data.session_id, data.server_salt), (AuthKeyType.PERM, -5, -6))
        self.assertEqual((data.client_addr, data.local_addr), ("192.0.2.1:4000", "127.0.0.1:10443"))
        self.assertEqual((data.transport, data.conn), ("tcp", self.conn.ref))

    def test_key_is_asked_for_once_and_frames_keep_their_order(self) -> None:
        """While the key is asked for the connection is not read; the held frame comes first, then the others."""
        self.authsessions.hold = True
        self.receive(sealed(self.key, plaintext=payload(4)))
        self.assertEqual(self.link.calls, ["pause_reading"])
        self.assertTrue(self.conn.blocked)
        self.authsessions.release()
        self.assertFalse(self.conn.blocked)
        self.assertEqual(self.link.calls, ["pause_reading", "resume_reading"])
        self.receive(sealed(self.key, plaintext=payload(8)))
        self.assertEqual([data.payload for data in self.session.frames], [payload(4), payload(8)])
        self.assertEqual(len(self.authsessions.queried), 1)

    def test_connection_lost_while_its_key_is_asked_for(self) -> None:
        """The held frame of a lost connection goes nowhere."""
        self.authsessions.hold = True
        self.receive(sealed(self.key))
        self.connections.lost(self.conn, "gone")
        self.authsessions.release()
        self.assertEqual(self.session.frames, [])

    def test_unknown_key_is_answered_404(self) -> None:
        """An unknown auth_key_id gets -404 and the connection closes soon; the next such frame asks nobody."""
        stranger = perm_key(9)
        self.receive(sealed(stranger))
        self.assertEqual((self.link.errors, self.link.calls), ([-404], ["pause_reading", "resume_reading"]))
        self.clock.advance(NEW_KEY_TIMEOUT + 1)
        self.connections.tick()
        self.assertEqual((self.conn.closing, self.link.calls[-1]), ("unknown auth key", "close"))
        self.conn, self.link = self.open()
        self.receive(sealed(stranger))
        self.assertEqual((self.link.errors, self.link.calls), ([-404], []))
        self.assertEqual(len(self.authsessions.queried), 1)

    def test_one_404_for_all_that_was_sent_under_a_key(self) -> None:
        """What was behind the frame that was answered is dropped; another unknown key ends it."""
        self.receive(sealed(perm_key(9)))
        self.clock.advance(3600)  # nobody is asked again, even when it is not remembered any more
        self.receive(sealed(perm_key(9)))
        self.receive(sealed(perm_key(9)))
        self.assertEqual((self.link.errors, self.conn.closing, len(self.authsessions.queried)), ([-404], "", 1))
        self.receive(sealed(perm_key(8)))
        self.assertEqual((self.link.errors, self.link.calls[-1]), ([-404, -404], "close"))

    def test_new_key_on_the_connection_that_heard_404(self) -> None:
        """A valid frame after -404 makes it a connection like any other."""
        self.receive(sealed(perm_key(9)))
        self.receive(sealed(self.key))
        self.clock.advance(NEW_KEY_TIMEOUT + 1)
        self.connections.tick()
        self.assertEqual((len(self.session.frames), self.conn.closing), (1, ""))

    def test_unknown_key_on_a_connection_in_use(self) -> None:
        """Behind valid frames an unknown key ends the connection at once: sessions hang on it."""
        self.receive(sealed(self.key))
        self.receive(sealed(perm_key(9)))
        self.assertEqual((self.link.errors, self.conn.closing), ([-404], "unknown auth key"))

    def test_failed_query_is_no_404(self) -> None:
        """A database that does not answer must not make a client throw its key away."""
        self.authsessions.failure = RuntimeError("no database")
        self.receive(sealed(self.key))
        self.assertEqual((self.link.errors, self.link.calls[-1]), ([], "close"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_wrong_msg_key_closes_without_a_word(self) -> None:
        """A frame that does not open under its key ends the connection, without -404 and unseen by session."""
        frame = bytearray(sealed(self.key))
        frame[-1] ^= 1
        self.receive(bytes(frame))
        self.assertEqual((self.link.errors, self.link.calls[-1]), ([], "close"))
        self.assertEqual(self.session.frames, [])
        self.assertEqual(self.dispatcher.decrypt_failures, 1)

    def test_expired_temporary_key_is_answered_404(self) -> None:
        """A temporary key ends in the middle of a connection, too."""
        temp = replace(self.key, key_type=AuthKeyType.TEMP, perm_auth_key_id=0, expires_at=int(NOW) + 10)
        self.authsessions.keys[temp.auth_key_id] = temp
        self.receive(sealed(temp))
        self.assertEqual(self.link.errors, [])
        self.clock.advance(10)
        self.receive(sealed(temp))
        self.assertEqual(self.link.errors, [-404])
        self.assertEqual(len(self.session.frames), 1)

    def test_binding_reaches_the_next_frame(self) -> None:
        """After key_bound the same connection's frames carry the permanent key."""
        temp = replace(self.key, key_type=AuthKeyType.TEMP, perm_auth_key_id=0, expires_at=int(NOW) + 1000)
        self.authsessions.keys[temp.auth_key_id] = temp
        self.receive(sealed(temp))
        self.keys.bound(KeyBound(temp.auth_key_id, AuthKeyType.MEDIA_TEMP, 77, temp.expires_at, 4))
        self.receive(sealed(temp))
        frames = [(data.perm_auth_key_id, data.key_type, data.dc_id) for data in self.session.frames]
        self.assertEqual(frames, [(0, AuthKeyType.TEMP, temp.dc_id), (77, AuthKeyType.MEDIA_TEMP, 4)])
        self.keys.bound(KeyBound(5, AuthKeyType.TEMP, 77, 0))
        self.assertIsNone(self.keys.get(5), "whoever has it not asks with its next frame")

    def test_destroyed_key_is_unknown_on_its_own_connection(self) -> None:
        """A key forgotten after destruction gets -404 although its connection used it a moment ago."""
        self.receive(sealed(self.key))
        del self.authsessions.keys[self.key.auth_key_id]
        self.keys.forget(self.key.auth_key_id)
        self.receive(sealed(self.key))
        self.assertEqual(self.link.errors, [-404])

    def test_frame_moves_the_close_date(self) -> None:
        """A valid frame gives the connection its whole idle time again."""
        self.clock.advance(20)
        self.receive(sealed(self.key))
        self.assertEqual(self.conn.close_date, NOW + 20 + 300)

    def test_full_data_channel_pauses_and_resumes_in_order(self) -> None:
        """A refused frame is kept, nothing more is read, and it is the first that session gets afterwards."""
        self.receive(sealed(self.key, plaintext=payload(4)))
        self.session.room = 0
        self.receive(sealed(self.key, plaintext=payload(8)))
        self.assertEqual(self.link.calls[-1], "pause_reading")
        self.dispatcher.resume_reading(self.conn.ref)
        self.assertTrue(self.conn.blocked, "still full")
        self.session.room = 1
        self.dispatcher.resume_reading(self.conn.ref)
        self.assertEqual(self.link.calls[-1], "resume_reading")
        self.assertEqual([data.payload for data in self.session.frames], [payload(4), payload(8)])
        self.dispatcher.resume_reading(self.conn.ref)
        self.assertEqual(len(self.session.frames), 2)

    def test_quick_ack_only_when_asked_for_and_taken(self) -> None:
        """The token is sent for a frame that asked, after session took it, and for no other."""
        self.receive(sealed(self.key))
        self.assertEqual(self.link.quick_acks, [])
        frame, token = seal_payload(AuthKey(self.key.auth_key), 1, 2, payload(8))
        self.session.room = 0
        self.receive(frame, quick_ack=True)
        self.assertEqual(self.link.quick_acks, [])
        self.session.room = 1
        self.dispatcher.resume_reading(self.conn.ref)
        self.assertEqual(self.link.quick_acks, [token])

    def test_reply_is_sealed_for_the_client(self) -> None:
        """What session sends opens under the client's key, with salt and session."""
        self.receive(sealed(self.key, session_id=5))
        sent = self.dispatcher.send_data(self.conn.ref, self.key.auth_key_id, 11, 5, payload(9))
        self.assertTrue(sent)
        (frame,) = self.link.frames
        self.assertEqual(opened(self.key, frame), (11, 5, payload(9)))

    def test_reply_to_nobody(self) -> None:
        """A lost or closing connection, a foreign key, or a link that refuses: session is told."""
        other = perm_key(2)
        self.receive(sealed(self.key))
        key_id = self.key.auth_key_id
        self.assertFalse(self.dispatcher.send_data(self.conn.ref, other.auth_key_id, 1, 7, payload()))
        self.assertFalse(self.dispatcher.send_data(ConnRef("gnetway", 99), key_id, 1, 7, payload()))
        self.link.accepts = False
        self.assertFalse(self.dispatcher.send_data(self.conn.ref, key_id, 1, 7, payload()))
        self.link.accepts = True
        self.connections.close(self.conn, "test")
        self.assertFalse(self.dispatcher.send_data(self.conn.ref, key_id, 1, 7, payload()))

    def test_two_keys_on_one_connection(self) -> None:
        """A temporary and a permanent key side by side: replies go out under the key of their session."""
        second = perm_key(2)
        self.authsessions.keys[second.auth_key_id] = second
        for info, session_id in ((self.key, 5), (second, 6)):
            self.receive(sealed(info, session_id=session_id))
        for info, session_id in ((self.key, 5), (second, 6)):
            self.dispatcher.send_data(self.conn.ref, info.auth_key_id, 1, session_id, payload(9))
        self.assertEqual(opened(self.key, self.link.frames[0])[1], 5)
        self.assertEqual(opened(second, self.link.frames[1])[1], 6)

    def test_sessions_of_a_connection_are_bounded(self) -> None:
        """The fourth session of a connection that may have three closes the first."""
        for session_id in range(4):
            self.receive(sealed(self.key, session_id=session_id))
        key_id = self.key.auth_key_id
        self.assertEqual(self.session.closed, [(key_id, key_id, 0, self.conn.ref)])
        self.assertEqual(len(self.conn.sessions), 3)

    def test_secrets_stay_out_of_the_context(self) -> None:
        """Printing what gnetway holds of a connection shows ids, never key bytes."""
        self.receive(sealed(self.key))
        assert self.conn.key is not None
        shown = f"{self.conn!r} {self.conn.key!r} {self.conn.key.info!r} {self.conn.key.auth_key!r}"
        self.assertNotIn(self.key.auth_key[:4].hex(), shown)
        self.assertNotIn(repr(self.key.auth_key)[2:14], shown)
