"""What outlives the server: keys, salts, users, messages; and what clients are told of what does not."""

import re
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import defer, reactor
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import deferLater
from twisted.trial import unittest

from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.clients.cluster import RunningCluster, is_wanted
from trial_tests.clients.server import RunningServer
from trial_tests.conformance.watching import history
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.connection import connect
from trial_tests.peer.http import open_http
from trial_tests.peer.websocket import connect_websocket


class RestartTests(unittest.TestCase):
    timeout = 180.0

    async def setUp(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix="teamgram-restart-"))
        self.addCleanup(shutil.rmtree, directory, True)
        self.server = (RunningCluster if is_wanted() else RunningServer)(reactor, directory)
        self.addCleanup(lambda: defer.Deferred.fromCoroutine(self.server.kill()))
        await self.server.start()

    async def session(self) -> PeerSession:
        """A session of a new key, after its first ping."""
        connection = await connect("127.0.0.1", self.server.port)
        made = await connection.make_auth_key(RsaPublicKey.from_pem(self.server.public_key.encode()))
        assert made.auth_key is not None
        session = connection.open_session(made.auth_key, salt=made.first_salt, follow_salt=False)
        await session.call_raw(encode(tl.ping(ping_id=1)))
        return session

    async def sign_up(self, session: PeerSession, phone: str) -> None:
        """A new user of the session's key."""
        sent = await session.call(
            tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="", settings=tl.codeSettings())
        )
        code = sent.phone_code_hash
        await session.call(tl.auth.signIn(phone_number=phone, phone_code_hash=code, phone_code="12345"))
        await session.call(tl.auth.signUp(phone_number=phone, phone_code_hash=code, first_name="Ada", last_name=""))

    async def saved(self, session: PeerSession) -> list[str]:
        """The texts of its Saved Messages."""
        return [one.message for one in (await session.call(history(tl.inputPeerSelf()))).messages]

    async def come_back(self, session: PeerSession) -> None:
        """Over a new connection."""
        await session.connection.close()
        session.attach(await connect("127.0.0.1", self.server.port))

    async def test_session_is_new_after_a_restart(self) -> None:
        """The key and its salts are good at once; new_session_created comes again, with another unique_id."""
        session = await self.session()
        created = await session.wait_for_object("new_session_created")
        future: Any = decode(await session.call_raw(encode(tl.get_future_salts(num=10))))
        session.received.clear()
        await self.server.kill()
        await self.server.start()
        await self.come_back(session)
        first = session.core.message(encode(tl.ping(ping_id=2)))
        self.assertEqual(decode(await session.send_call(first)).ping_id, 2)
        again = await session.wait_for_object("new_session_created")
        self.assertNotEqual(again.unique_id, created.unique_id)
        self.assertEqual(again.server_salt, session.core.salt)
        salts: Any = decode(await session.call_raw(encode(tl.get_future_salts(num=10))))
        self.assertEqual([one.salt for one in salts.salts], [one.salt for one in future.salts])
        await session.connection.close()

    async def test_request_sent_again_after_a_restart(self) -> None:
        """The same msg_id is unknown to the new server and runs; a message's random_id keeps it from coming twice."""
        session = await self.session()
        await self.sign_up(session, "15551112222")
        send = tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="once", random_id=42)
        message = session.core.message(encode(send))
        await session.send_call(message)
        await self.server.kill()
        await self.server.start()
        await self.come_back(session)
        await session.send_call(message)
        self.assertEqual(await self.saved(session), ["once"])
        await session.connection.close()

    async def test_stopped_with_clients_connected(self) -> None:
        """SIGTERM: what was asked is answered, every connection ends in order, and all of it goes on after a start."""
        session = await self.session()
        phone = "15551113333"
        await self.sign_up(session, phone)
        made = await self.session()
        by_websocket = (await connect_websocket("127.0.0.1", self.server.websocket_port)).open_session(
            session.core.auth_key, salt=session.core.salt
        )
        polling = open_http("127.0.0.1", self.server.http_port).open_session(
            made.core.auth_key, salt=made.core.salt, layer=0
        )
        await by_websocket.call_raw(encode(tl.ping(ping_id=1)))
        for _ in range(3):
            await polling.call_raw(encode(tl.ping(ping_id=1)))  # new_session_created came and was acknowledged
        polling.send(encode(tl.http_wait(max_delay=0, wait_after=0, max_wait=25000)), content_related=False)
        lock = sqlite3.connect(self.server.data_dir / "teamgram.db", isolation_level=None)
        self.addCleanup(lock.close)
        lock.execute("BEGIN IMMEDIATE")
        send = encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="in time", random_id=6))
        (answer,) = session.start_calls([send])
        await deferLater(reactor, 0.1)
        self.server.signal("TERM")
        await self.server.logged("SIGTERM: draining")
        with self.assertRaises(ConnectionRefusedError):
            await connect("127.0.0.1", self.server.port)
        self.assertFalse(answer.called or session.connection.closed or by_websocket.connection.closed)
        lock.execute("ROLLBACK")
        await answer
        for one in (session, by_websocket, made):
            await one.connection.until_closed()
        await self.server.ended()
        # The request that waited was answered, empty, before its connection ended.
        carrier: Any = polling.connection.carrier
        self.assertEqual((carrier.waiting, carrier.statuses[-1]), (0, 200))
        await polling.connection.close()
        self.assertEqual(self.server.exit_code, 0)
        self.assertEqual(re.findall("Traceback|Unhandled", self.server.output), [])
        await self.server.start()
        session.attach(await connect("127.0.0.1", self.server.port))
        self.assertEqual(await self.saved(session), ["in time"])
        await session.connection.close()
