"""The client against the real edge, by every way in: TCP, WebSocket, HTTP."""

from typing import Any

from twisted.internet import defer, reactor
from twisted.trial import unittest

from teamgram.gnetway.service import GnetwayService
from teamgram.gnetway.settings import ListenerSettings
from teamgram.interfaces.session import SessionData
from teamgram.mtproto.container import pack_message, unpack_message
from teamgram.mtproto.crypto.rsa import RsaPrivateKey
from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.gnetway.fakes import FakeAuthSessions, FakeSession
from trial_tests.peer.connection import PeerConnection, connect
from trial_tests.peer.http import open_http
from trial_tests.peer.transports import TRANSPORTS, TransportError
from trial_tests.peer.websocket import connect_websocket

KEY = RsaPrivateKey.generate()
TCP, WEBSOCKET, HTTP = range(3)


class Ponging(FakeSession):
    """Answers every ping."""

    service: GnetwayService

    def send_data(self, data: SessionData) -> None:
        super().send_data(data)
        message = unpack_message(data.payload)
        pong = encode(tl.pong(msg_id=message.msg_id, ping_id=decode(message.body).ping_id))
        payload = pack_message(message.msg_id + 1, 0, pong)
        self.service.send_data(data.conn, data.auth_key_id, data.server_salt, data.session_id, payload)


class ListenerTests(unittest.TestCase):
    """A key and a ping through each listener."""

    async def start(self) -> None:
        session = Ponging()
        self.service = session.service = GnetwayService(
            reactor=reactor,
            listeners=[ListenerSettings(kind, "127.0.0.1", 0) for kind in ("tcp", "websocket", "http")],
            auth_sessions=FakeAuthSessions(),
            rsa_keys=(KEY,),
            session=lambda gateway: session,
        )
        self.service.startService()
        self.addCleanup(self.service.stopService)
        await self.service.listening

    def port(self, listener: int) -> int:
        return self.service.addresses[listener][2]

    async def speaks(self, connection: PeerConnection) -> None:
        """A key is made, a ping answered, an unknown key refused."""
        self.addCleanup(lambda: defer.Deferred.fromCoroutine(connection.close()))
        made = await connection.make_auth_key(KEY.public, dc=2)
        assert made.auth_key is not None
        session = connection.open_session(made.auth_key, salt=made.first_salt)
        for ping_id in range(5):
            pong: Any = decode(await session.call_raw(encode(tl.ping(ping_id=ping_id))))
            self.assertEqual(pong.ping_id, ping_id)
        stranger = connection.open_session(AuthKey(bytes(256)))
        stranger.send(encode(tl.ping(ping_id=1)))
        self.assertEqual(await connection.next_event(), TransportError(-404))

    async def test_tcp(self) -> None:
        """Every transport."""
        await self.start()
        for transport in TRANSPORTS:
            await self.speaks(await connect("127.0.0.1", self.port(TCP), transport))

    async def test_websocket(self) -> None:
        """Every obfuscated transport."""
        await self.start()
        for transport in TRANSPORTS:
            if transport.startswith("obfuscated"):
                await self.speaks(await connect_websocket("127.0.0.1", self.port(WEBSOCKET), transport))

    async def test_http(self) -> None:
        """A POST for each frame."""
        await self.start()
        await self.speaks(open_http("127.0.0.1", self.port(HTTP)))
