"""What outlives the server: keys, salts, users, messages; and what clients are told of what does not."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import defer, reactor
from twisted.trial import unittest

from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.clients.server import RunningServer
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.connection import connect


class RestartTests(unittest.TestCase):
    timeout = 60.0

    async def setUp(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix="teamgram-restart-"))
        self.addCleanup(shutil.rmtree, directory, True)
        self.server = RunningServer(reactor, directory)
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
        phone = "15551112222"
        sent = await session.call(
            tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="", settings=tl.codeSettings())
        )
        code = sent.phone_code_hash
        await session.call(tl.auth.signIn(phone_number=phone, phone_code_hash=code, phone_code="12345"))
        await session.call(tl.auth.signUp(phone_number=phone, phone_code_hash=code, first_name="Ada", last_name=""))
        send = tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="once", random_id=42)
        message = session.core.message(encode(send))
        await session.send_call(message)
        await self.server.kill()
        await self.server.start()
        await self.come_back(session)
        await session.send_call(message)
        history = await session.call(
            tl.messages.getHistory(
                peer=tl.inputPeerSelf(), offset_id=0, offset_date=0, add_offset=0, limit=9, max_id=0, min_id=0, hash=0
            )
        )
        self.assertEqual([one.message for one in history.messages], ["once"])
        await session.connection.close()
