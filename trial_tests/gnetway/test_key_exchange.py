"""Key exchanges between the peer's client core and the edge."""

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.conn_context import ConnContext
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.dispatch import SessionDispatcher
from teamgram.gnetway.key_cache import AuthKeyCache
from teamgram.gnetway.key_exchange import KeyExchanges
from teamgram.gnetway.settings import GnetwaySettings
from teamgram.interfaces.keys import AuthKeyType
from teamgram.mtproto.crypto.rsa import RsaPrivateKey, RsaPublicKey
from teamgram.mtproto.envelope import pack_plain, unpack_plain
from trial_tests.gnetway.client import sealed
from trial_tests.gnetway.fakes import FakeAuthSessions, FakeLink, FakeSession, perm_key
from trial_tests.peer.exchange import ClientExchange

NOW = 1_800_000_000.0
RSA_KEY = RsaPrivateKey.generate()
PUBLIC_KEY = RsaPublicKey.from_pem(RSA_KEY.public_pem())


class KeyExchangeTests(SynchronousTestCase):
    def build(self, **settings: float) -> None:
        """A dispatcher with its neighbours; ``settings`` replace the defaults."""
        self.clock = Clock()
        self.clock.advance(NOW)
        self.authsessions = FakeAuthSessions()
        self.session = FakeSession()
        self.settings = GnetwaySettings(**settings)  # type: ignore[arg-type]
        self.connections = Connections(self.session, self.settings, self.clock.seconds, lambda: 0.0)
        self.keys = AuthKeyCache(self.authsessions, self.clock)
        self.exchanges = KeyExchanges(
            self.connections,
            self.keys,
            self.authsessions,
            (RSA_KEY,),
            self.settings,
            self.clock,
        )
        self.dispatcher = SessionDispatcher(
            self.session, self.connections, self.keys, self.exchanges, self.settings, self.clock
        )

    def setUp(self) -> None:
        self.build()

    def open(self, host: str = "192.0.2.1", kind: str = "tcp") -> tuple[ConnContext, FakeLink]:
        link = FakeLink()
        conn = self.connections.open(kind, (host, 4000), ("127.0.0.1", 10443), link)
        assert conn is not None
        return conn, link

    def send(self, conn: ConnContext, body: bytes) -> None:
        self.dispatcher.frame_received(conn, pack_plain(4, body), False)

    def step(self, client: ClientExchange, body: bytes, conn: ConnContext, link: FakeLink) -> bytes | None:
        """Send one step and give the client its answer."""
        self.send(conn, body)
        msg_id, answer = unpack_plain(link.frames.pop())
        self.assertEqual(msg_id % 4, 1)
        return client.receive(answer)

    def begin(self, host: str = "192.0.2.1") -> None:
        """One client's first step and its answer."""
        client = ClientExchange(PUBLIC_KEY)
        self.step(client, client.start(), *self.open(host))

    def run_steps(self, client: ClientExchange, conn: ConnContext, link: FakeLink) -> None:
        body: bytes | None = client.start()
        while body is not None:
            body = self.step(client, body, conn, link)

    def until_last(self, client: ClientExchange, conn: ConnContext, link: FakeLink) -> bytes:
        """All but the last step, which is returned: set_client_DH_params."""
        body: bytes | None = client.start()
        for _ in range(2):
            assert body is not None
            body = self.step(client, body, conn, link)
        assert body is not None
        return body

    def test_key_is_stored_and_used_on_the_same_connection(self) -> None:
        """After dh_gen_ok the key and its first salt are stored, and the next frame under it needs no query."""
        conn, link = self.open()
        client = ClientExchange(PUBLIC_KEY)
        self.run_steps(client, conn, link)
        assert client.auth_key is not None
        info = self.authsessions.keys[client.auth_key.auth_key_id]
        self.assertEqual((info.key_type, info.perm_auth_key_id), (AuthKeyType.PERM, info.auth_key_id))
        self.assertEqual((info.auth_key, info.expires_at), (client.auth_key.auth_key, 0))
        self.assertEqual(self.authsessions.first_salts, {info.auth_key_id: client.first_salt})
        self.dispatcher.frame_received(conn, sealed(info), False)
        self.assertEqual(len(self.session.frames), 1)
        self.assertEqual(self.authsessions.queried, [])

    def test_temporary_keys(self) -> None:
        """expires_in makes a temporary key that speaks for nobody yet; a negative dc makes it one for media."""
        for dc, key_type in ((2, AuthKeyType.TEMP), (-2, AuthKeyType.MEDIA_TEMP)):
            client = ClientExchange(PUBLIC_KEY, dc=dc, expires_in=3600)
            self.run_steps(client, *self.open())
            assert client.auth_key is not None
            info = self.authsessions.keys[client.auth_key.auth_key_id]
            self.assertEqual((info.key_type, info.perm_auth_key_id), (key_type, 0))
            self.assertEqual(info.expires_at, int(NOW) + 3600)

    def test_each_step_over_another_connection(self) -> None:
        """An exchange is known by its nonces: HTTP and reconnecting clients go on wherever they are."""
        client = ClientExchange(PUBLIC_KEY)
        body: bytes | None = client.start()
        while body is not None:
            body = self.step(client, body, *self.open(kind="http"))
        self.assertEqual(len(self.authsessions.keys), 1)

    def test_no_answer_before_the_key_is_stored(self) -> None:
        """dh_gen_ok waits for the store, reading pauses meanwhile, and a repeated step waits with it."""
        conn, link = self.open()
        client = ClientExchange(PUBLIC_KEY)
        last = self.until_last(client, conn, link)
        self.authsessions.hold = True
        self.send(conn, last)
        self.assertEqual((link.frames, link.calls), ([], ["pause_reading"]))
        again, again_link = self.open()
        self.send(again, last)
        self.assertEqual(again_link.frames, [])
        self.authsessions.release()
        self.assertEqual(unpack_plain(link.frames[0])[1], unpack_plain(again_link.frames[0])[1])
        self.assertIsNone(client.receive(unpack_plain(link.frames[0])[1]))
        self.assertEqual(link.calls, ["pause_reading", "resume_reading"])
        self.assertEqual(len(self.authsessions.keys), 1)

    def test_client_that_left_while_its_key_was_stored(self) -> None:
        """A lost dh_gen_ok is there for the client that asks again over a new connection."""
        conn, link = self.open()
        client = ClientExchange(PUBLIC_KEY)
        last = self.until_last(client, conn, link)
        self.authsessions.hold = True
        self.send(conn, last)
        self.connections.lost(conn, "gone")
        self.authsessions.release()
        self.assertIsNone(self.step(client, last, *self.open()))

    def test_failed_store_gives_no_key(self) -> None:
        """When the key cannot be stored nobody hears dh_gen_ok, and the exchange is over."""
        conn, link = self.open()
        client = ClientExchange(PUBLIC_KEY)
        last = self.until_last(client, conn, link)
        self.authsessions.failure = RuntimeError("disk full")
        self.send(conn, last)
        self.assertEqual((link.frames, link.calls[-1]), ([], "close"))
        self.assertEqual(len(self.exchanges), 0)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_key_id_that_is_taken_is_retried(self) -> None:
        """An auth_key_id that another key has is not overwritten: the client hears dh_gen_retry and makes another."""
        conn, link = self.open()
        client = ClientExchange(PUBLIC_KEY)
        body: bytes | None = self.until_last(client, conn, link)
        assert client.auth_key is not None
        taken = client.auth_key.auth_key_id
        self.patch(self.keys, "get", lambda auth_key_id: object() if auth_key_id == taken else None)
        while body is not None:
            body = self.step(client, body, conn, link)
        self.assertNotIn(taken, self.authsessions.keys)
        self.assertEqual(len(self.authsessions.keys), 1)

    def test_key_id_that_only_the_store_knows(self) -> None:
        """The same for a key that is in no cache: it was made long ago, or by another process."""
        conn, link = self.open()
        client = ClientExchange(PUBLIC_KEY)
        body = self.step(client, client.start(), conn, link)
        assert body is not None
        body = self.step(client, body, conn, link)
        assert client.auth_key is not None
        taken = client.auth_key.auth_key_id
        other = self.authsessions.keys[taken] = perm_key(1)
        while body is not None:
            body = self.step(client, body, conn, link)
        self.assertIs(self.authsessions.keys.pop(taken), other)
        self.assertEqual(list(self.authsessions.keys), [client.auth_key.auth_key_id])

    def test_step_of_no_exchange(self) -> None:
        """A step that nothing came before is answered -404 and closed."""
        conn, link = self.open()
        client = ClientExchange(PUBLIC_KEY)
        body = self.step(client, client.start(), conn, link)
        assert body is not None
        self.build()
        conn, link = self.open()
        self.send(conn, body)
        self.assertEqual((link.errors, link.calls), ([-404], ["close"]))

    def test_wrong_server_nonce_leaves_the_exchange_alone(self) -> None:
        """Nobody ends another's exchange who does not know both nonces."""
        conn, link = self.open()
        client = ClientExchange(PUBLIC_KEY)
        body = self.step(client, client.start(), conn, link)
        assert body is not None
        stranger, stranger_link = self.open("198.51.100.1")
        self.send(stranger, body[:20] + bytes(16) + body[36:])
        self.assertEqual(stranger_link.errors, [-404])
        last = self.step(client, body, conn, link)
        assert last is not None
        self.assertIsNone(self.step(client, last, conn, link))

    def test_malformed_unencrypted_message(self) -> None:
        """Bytes that are no message, or no step, close the connection; nothing is raised."""
        for frame in (bytes(8), bytes(24), pack_plain(4, b"\x01\x02\x03\x04" * 9), bytes(20) + b"\xff" * 8):
            conn, link = self.open()
            self.dispatcher.frame_received(conn, frame, False)
            self.assertEqual(link.calls, ["close"], frame)

    def test_unencrypted_acknowledgement_is_passed_over(self) -> None:
        """A client that acknowledges the answers of the exchange is not refused for it."""
        conn, link = self.open()
        # msgs_ack#62d6b459 msg_ids:Vector<long>, one id
        self.send(conn, bytes.fromhex("59b4d662 15c4b51c 01000000 0100000000000000"))
        self.assertEqual((link.calls, link.frames), ([], []))

    def test_wrong_data_centre_hears_444(self) -> None:
        """A client that means another data centre is told so."""
        conn, link = self.open()
        client = ClientExchange(PUBLIC_KEY, dc=6)
        body = self.step(client, client.start(), conn, link)
        assert body is not None
        self.send(conn, body)
        self.assertEqual(link.errors, [-444])

    def test_too_many_exchanges_of_one_address_hear_429(self) -> None:
        """An address that begins more exchanges than its rate allows is told -429; another is served."""
        self.build(key_exchanges_per_second=2)
        for _ in range(4):
            self.begin()
        conn, link = self.open()
        self.send(conn, ClientExchange(PUBLIC_KEY).start())
        self.assertEqual((link.errors, link.calls), ([-429], ["close"]))
        self.begin("198.51.100.1")
        self.clock.advance(1)
        self.begin()
        self.assertEqual(self.exchanges.flooded, 1)

    def test_exchanges_are_bounded_and_forgotten(self) -> None:
        """The table keeps its bound, and what took too long is gone after its deadline."""
        self.build(max_exchanges=3, exchange_timeout=60)
        for _ in range(5):
            self.begin()
        self.assertEqual(len(self.exchanges), 3)
        self.clock.advance(59)
        self.exchanges.tick()
        self.assertEqual(len(self.exchanges), 3)
        self.clock.advance(2)
        self.exchanges.tick()
        self.assertEqual(len(self.exchanges), 0)

    def test_beginning_an_exchange_is_not_being_a_client(self) -> None:
        """One step keeps a connection half a minute more, the whole exchange its full idle time."""
        conn, link = self.open()
        self.clock.advance(20)
        client = ClientExchange(PUBLIC_KEY)
        body = self.step(client, client.start(), conn, link)
        self.assertEqual(conn.close_date, NOW + 50)
        while body is not None:
            body = self.step(client, body, conn, link)
        self.assertEqual(conn.close_date, NOW + 20 + 300)

    def test_key_is_not_logged(self) -> None:
        """Neither the key nor its salt appears in the log of its making."""
        with capturedLogs() as logs:
            client = ClientExchange(PUBLIC_KEY)
            self.run_steps(client, *self.open())
        assert client.auth_key is not None
        shown = "".join(str(value) for event in logs for value in event.values())
        self.assertNotIn(client.auth_key.auth_key[:8].hex(), shown)
        self.assertNotIn(str(client.first_salt), shown)
