"""Our own client against the running server, for what no library lets one do."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.tl import NEWEST_LAYER, tl
from trial_tests.clients.house import FIXED_CODE, HouseTestCase
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.connection import PeerConnection, connect


class AskingTestCase(HouseTestCase):
    """Sessions of our own client, signed in to the server."""

    async def connection(self, transport: str = "intermediate") -> PeerConnection:
        """A connection without any key."""
        connection = await connect("127.0.0.1", self.server.port, transport)
        self.addCleanup(lambda: Deferred.fromCoroutine(connection.close()))
        return connection

    async def peer_session(self, layer: int = NEWEST_LAYER) -> PeerSession:
        """A session with a key of its own that has said its layer and nothing more."""
        connection = await self.connection()
        made = await connection.make_auth_key(RsaPublicKey.from_pem(self.server.public_key.encode()))
        assert made.auth_key is not None
        session = connection.open_session(made.auth_key, salt=made.first_salt, layer=layer)
        await session.call(tl.help.getConfig())
        return session

    async def sign_up_peer(self, name: str, layer: int = NEWEST_LAYER) -> tuple[PeerSession, Any]:
        """A session of a new user; the user as it sees itself."""
        session, phone = await self.peer_session(layer), self.phone()
        settings = tl.codeSettings()
        sent = await session.call(tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="0" * 32, settings=settings))
        code = {"phone_number": phone, "phone_code_hash": sent.phone_code_hash}
        await session.call(tl.auth.signIn(phone_code=FIXED_CODE, **code))
        answer = await session.call(tl.auth.signUp(first_name=name, last_name="", **code))
        return session, answer.user

    async def another_device(self, phone: str) -> PeerSession:
        """One more device of who has that number; it has asked for updates."""
        session = await self.peer_session()
        settings = tl.codeSettings()
        sent = await session.call(tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="0" * 32, settings=settings))
        await session.call(
            tl.auth.signIn(phone_number=phone, phone_code_hash=sent.phone_code_hash, phone_code=FIXED_CODE)
        )
        await session.call(tl.updates.getState())
        session.received.clear()
        return session
