"""What a key's row in the database decides: its salts as time passes, its id, its end.

The tests play another process of the same database, or the months before: they
write rows as if a key had been made a while ago, and take tables away.
"""

import os
import time
from typing import Any

from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.house import key_id
from trial_tests.conformance.strict import StrictCase
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.envelope import open_frame
from trial_tests.peer.exchange import ClientExchange, ExchangeFailed
from trial_tests.peer.transports import Frame, TransportError

STEP, LIFETIME = 1800, 3600
PING = encode(tl.ping(ping_id=7))


class StoredKeyCase(StrictCase):
    def store(self, key: AuthKey, age: float = 0.0, salt: int = 0, id_: int | None = None) -> None:
        """A permanent key that was made so many seconds ago, under another's id if that is asked for."""
        id_ = key_id(key) if id_ is None else id_
        row = (id_, key.auth_key, 0, id_, int(time.time() - age), 0, salt, os.urandom(32))
        database = self.server.database()
        database.execute(
            "INSERT INTO auth_keys (auth_key_id, auth_key, key_type, perm_auth_key_id, created_at, expires_at,"
            " first_salt, salt_seed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        database.close()

    async def aged(self, age: float) -> PeerSession:
        """A session of such a key, with its first salt; it says nothing by itself."""
        key, salt = AuthKey(os.urandom(256)), int.from_bytes(os.urandom(7))
        self.store(key, age, salt)
        return (await self.connect()).open_session(key, salt=salt, follow_salt=False)


class SaltTests(StoredKeyCase):
    async def told(self, session: PeerSession) -> int:
        """The salt in the head of the server's next frame."""
        connection = session.connection
        connection.sessions.remove(session)
        session.send(PING)
        frame = await connection.next_event()
        assert isinstance(frame, Frame)
        connection.sessions.append(session)
        return open_frame(session.core.auth_key, frame.payload).salt

    async def salts(self, session: PeerSession) -> Any:
        """Those that the server tells, oldest first."""
        return decode(await session.call_raw(encode(tl.get_future_salts(num=6)))).salts

    async def test_old_but_valid(self) -> None:
        """The salt before the current one is good, and the server's own frames carry the current one."""
        session = await self.aged(STEP + 60)
        first = session.core.salt
        self.assertEqual((await self.ping(session)).ping_id, 1)
        told = await self.told(session)
        old, current = (await self.salts(session))[:2]
        self.assertEqual((old.salt, current.salt), (first, told))
        session.core.salt = told
        self.assertEqual((await self.ping(session)).ping_id, 1)
        session.core.salt = first
        self.assertEqual((await self.ping(session)).ping_id, 1)

    async def test_too_old(self) -> None:
        """Refused with 48 and the current one; told the same in new_session_created; the request did not run."""
        session = await self.aged(LIFETIME + 60)
        message = session.core.message(PING)
        session.send_messages([message])
        refused = await session.wait_for_object("bad_server_salt")
        self.assertEqual((refused.bad_msg_id, refused.error_code), (message.msg_id, 48))
        self.assertNotEqual(refused.new_server_salt, session.core.salt)
        session.core.salt = refused.new_server_salt
        self.assertEqual(decode(await session.send_call(message)).ping_id, 7)
        created = await session.wait_for_object("new_session_created")
        self.assertEqual((created.server_salt, created.first_msg_id), (session.core.salt, message.msg_id))

    async def test_a_new_one_begins_while_connected(self) -> None:
        """The salt changes under a client that goes on: nothing is refused, lost or doubled, and it is told."""
        session = await self.aged(STEP - 1)
        first = session.core.salt
        self.assertEqual(await self.told(session), first)
        until = time.monotonic() + 3
        while (told := await self.told(session)) == first and time.monotonic() < until:
            await self.seconds(0.05)
        self.assertEqual(told, (await self.salts(session))[1].salt)
        self.assertEqual((await self.ping(session)).ping_id, 1)
        self.assertNotIn("bad_server_salt", [decode(one.body).NAME for one in session.received])

    async def test_one_ends_while_connected(self) -> None:
        """Sent under a salt that has just ended: refused, sent again under the same id, answered once."""
        session = await self.aged(LIFETIME - 1)
        await self.ping(session)
        await self.seconds(1.2)
        message = session.core.message(PING)
        answer = session.send_call(message)
        refused = await session.wait_for_object("bad_server_salt")
        session.core.salt = refused.new_server_salt
        self.assertFalse(answer.called)
        session.send_messages([message])
        self.assertEqual(decode(await answer).msg_id, message.msg_id)
        # It ended when the second after it began.
        self.assertEqual(refused.new_server_salt, (await self.salts(session))[1].salt)

    async def test_future_salts_in_their_time(self) -> None:
        """A salt told in advance is refused before its time and good from its first second on."""
        session = await self.aged(STEP - 2)
        coming = (await self.salts(session))[1]
        now = session.core.salt
        session.core.salt = coming.salt
        session.send(PING)
        self.assertEqual((await session.wait_for_object("bad_server_salt")).new_server_salt, now)
        await self.seconds(max(coming.valid_since - time.time(), 0) + 0.05)
        self.assertEqual((await self.ping(session)).ping_id, 1)


class KeyIdTests(StoredKeyCase):
    def take(self, exchange: ClientExchange, times: int) -> list[int]:
        """Let other keys have the ids of the first keys that the exchange will make; those ids, once it has run."""
        taken: list[int] = []

        def before(step: str, request: Any) -> None:
            if step == "set_client_DH_params" and len(taken) < times:
                assert exchange.auth_key is not None
                taken.append(key_id(exchange.auth_key))
                self.store(AuthKey(os.urandom(256)), id_=taken[-1])

        exchange.edit = before
        return taken

    async def test_taken_once(self) -> None:
        """dh_gen_retry with new_nonce_hash2; the next g_b, with retry_id, makes a key that is good."""
        exchange, connection = ClientExchange(self.public_key), await self.connect()
        taken = self.take(exchange, 1)
        await connection.run_exchange(exchange)
        assert exchange.auth_key is not None
        self.assertEqual(len(taken), 1)
        self.assertNotEqual(key_id(exchange.auth_key), taken[0])
        self.assertEqual((await self.ping(self.open(connection, exchange))).ping_id, 1)

    async def test_taken_again_and_again(self) -> None:
        """dh_gen_fail when the key of the fifth retry has an id that is taken too."""
        exchange, connection = ClientExchange(self.public_key), await self.connect()
        taken = self.take(exchange, 100)
        with self.assertRaises(ExchangeFailed) as caught:
            await connection.run_exchange(exchange)
        self.assertIn("dh_gen_fail", str(caught.exception))
        self.assertEqual(len(taken), 1 + 5)


class DestroyKeyTests(StoredKeyCase):
    async def test_gone_already(self) -> None:
        """destroy_auth_key_none: another process destroyed it."""
        session = await self.aged(0)
        await self.ping(session)
        database = self.server.database()
        database.execute("DELETE FROM auth_keys WHERE auth_key_id = ?", (key_id(session.core.auth_key),))
        database.close()
        session.send(encode(tl.destroy_auth_key()))
        await session.wait_for_object("destroy_auth_key_none")
        again = await self.connect()
        again.open_session(session.core.auth_key).send(PING)
        self.assertEqual(await again.next_event(), TransportError(-404))

    async def test_cannot_be_destroyed(self) -> None:
        """destroy_auth_key_fail, and the key stays."""
        session = await self.aged(0)
        await self.ping(session)
        with self.broken("auth_keys"):
            session.send(encode(tl.destroy_auth_key()))
            await session.wait_for_object("destroy_auth_key_fail")
        self.assertIn("destroying a key", self.server.forgive())
        self.assertEqual((await self.ping(session)).ping_id, 1)
        session.attach(await self.connect())
        self.assertEqual((await self.ping(session)).ping_id, 1)
