"""The client's Twisted part against a server of a few lines that is made of the wire's cores."""

import os
from typing import Any

from twisted.internet import defer, protocol, reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import ConnectionClosed
from twisted.trial import unittest

from teamgram.mtproto.container import (
    MSG_CONTAINER,
    InnerMessage,
    constructor_id,
    pack_container,
    pack_gzip,
    pack_message,
    pack_rpc_result,
    unpack_container,
    unpack_message,
)
from teamgram.mtproto.crypto.dh import DhPairs
from teamgram.mtproto.crypto.rsa import RsaPrivateKey
from teamgram.mtproto.envelope import (
    AuthKey,
    auth_key_id_of,
    decrypt,
    encrypt,
    pack_plain,
    quick_ack_token,
    unpack_plain,
)
from teamgram.mtproto.exchange import KeyCreated, ServerExchange, request_nonces
from teamgram.mtproto.message_id import next_server_msg_id
from teamgram.mtproto.tl import decode, encode, encode_result, tl
from teamgram.mtproto.transport import TransportCodec, TransportDetector
from trial_tests.peer.calls import CallFailed
from trial_tests.peer.connection import PeerConnection, connect
from trial_tests.peer.transports import TRANSPORTS, QuickAck, TransportError

KEY = RsaPrivateKey.generate()
PAIRS = DhPairs(os.urandom)
NOW = 1_700_000_000.0
SALT = 0x1122334455667788


class SmallServer(protocol.Protocol):
    """Exchanges keys; answers pings, help.getConfig by rpc_error and users.getUsers by an empty vector, zipped."""

    keys: dict[int, AuthKey] = {}

    def __init__(self) -> None:
        self.detector = TransportDetector(os.urandom)
        self.codec: TransportCodec | None = None
        self.exchange: ServerExchange | None = None
        self.last_msg_id = 0

    def dataReceived(self, data: bytes) -> None:
        if self.codec is None:
            self.codec = self.detector.receive_data(data)
        else:
            self.codec.receive_data(data)
        while self.codec is not None and (event := self.codec.next_event()) is not None:
            self.frame(event.payload, event.quick_ack)

    def frame(self, frame: bytes, quick_ack: bool) -> None:
        assert self.codec is not None and self.transport is not None
        key_id = auth_key_id_of(frame)
        if key_id == 0:
            self.transport.write(self.codec.encode(pack_plain(self.msg_id(), self.step(unpack_plain(frame)[1]))))
            return
        key = self.keys.get(key_id)
        if key is None:
            self.transport.write(self.codec.encode_error(-404))
            self.transport.loseConnection()
            return
        salt, session_id, payload = decrypt(key, frame)
        if quick_ack:
            self.transport.write(self.codec.encode_quick_ack(quick_ack_token(key, frame)))
        whole = unpack_message(payload)
        inner = unpack_container(whole.body) if constructor_id(whole.body) == MSG_CONTAINER else [whole]
        answers = [answer for message in inner if (answer := self.answer(message, salt)) is not None]
        if answers:
            body = answers[0] if len(answers) == 1 else self.container(answers)
            sealed = encrypt(key, SALT, session_id, pack_message(self.msg_id(), 0, body))
            self.transport.write(self.codec.encode(sealed))

    def container(self, answers: list[bytes]) -> bytes:
        return pack_container([InnerMessage(self.msg_id(), 1, answer) for answer in answers])

    def step(self, body: bytes) -> bytes:
        nonce, server_nonce = request_nonces(body)
        if server_nonce is None:
            self.exchange = ServerExchange([KEY], PAIRS, 2, nonce, NOW, os.urandom)
        assert self.exchange is not None
        answer = self.exchange.receive(body, NOW)
        if isinstance(answer, KeyCreated):
            self.keys[answer.auth_key_id] = AuthKey(answer.auth_key)
            return self.exchange.confirm()
        assert answer is not None
        return answer

    def answer(self, message: InnerMessage, salt: int) -> bytes | None:
        query = decode(message.body)
        if query.NAME == "msgs_ack":
            return None
        if salt != SALT:
            return encode(
                tl.bad_server_salt(
                    bad_msg_id=message.msg_id, bad_msg_seqno=message.seq_no, error_code=48, new_server_salt=SALT
                )
            )
        if query.NAME == "ping":
            return encode(tl.pong(msg_id=message.msg_id, ping_id=query.ping_id))
        if query.NAME == "invokeWithLayer":
            query = decode(decode(query.query).query)
        if query.NAME == "users.getUsers":
            return pack_rpc_result(message.msg_id, pack_gzip(encode_result("users.getUsers", [])))
        return pack_rpc_result(message.msg_id, encode(tl.rpc_error(error_code=400, error_message="NO_SUCH_THING")))

    def msg_id(self) -> int:
        self.last_msg_id = next_server_msg_id(NOW, self.last_msg_id, response=True)
        return self.last_msg_id


class PeerConnectionTests(unittest.TestCase):
    """Everything that the driver offers, over TCP on the loopback."""

    async def connected(self, transport: str) -> PeerConnection:
        """A connection to a server that ends with the test."""
        port: Any = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(
            protocol.Factory.forProtocol(SmallServer)
        )
        self.addCleanup(port.stopListening)
        connection = await connect("127.0.0.1", port.getHost().port, transport)
        self.addCleanup(lambda: defer.Deferred.fromCoroutine(connection.close()))
        return connection

    async def test_a_key_and_calls_on_every_transport(self) -> None:
        """The exchange, a ping, a wrapped call with a zipped result, and the salt that is learnt on the way."""
        for transport in TRANSPORTS:
            connection = await self.connected(transport)
            made = await connection.make_auth_key(KEY.public)
            assert made.auth_key is not None
            session = connection.open_session(made.auth_key)
            pong = decode(await session.call_raw(encode(tl.ping(ping_id=7))))
            self.assertEqual(pong.ping_id, 7)
            self.assertEqual(session.core.salt, SALT)
            self.assertEqual(await session.call(tl.users.getUsers(id=[])), [])

    async def test_calls_of_one_container_fail_alone(self) -> None:
        """One rpc_error, one result; messages beside them are kept."""
        connection = await self.connected("intermediate")
        made = await connection.make_auth_key(KEY.public)
        assert made.auth_key is not None
        session = connection.open_session(made.auth_key, salt=SALT, layer=0)
        good, bad = session.start_calls([encode(tl.ping(ping_id=1)), encode(tl.help.getConfig())])
        self.assertEqual(decode(await good).ping_id, 1)
        with self.assertRaises(CallFailed) as caught:
            await bad
        self.assertEqual((caught.exception.code, caught.exception.message), (400, "NO_SUCH_THING"))

    async def test_a_refused_salt_can_be_looked_at(self) -> None:
        """With follow_salt off nothing is sent again."""
        connection = await self.connected("abridged")
        made = await connection.make_auth_key(KEY.public)
        assert made.auth_key is not None
        session = connection.open_session(made.auth_key, salt=1, follow_salt=False)
        msg_id = session.send(encode(tl.ping(ping_id=1)))
        refused = await session.wait_for_object("bad_server_salt")
        self.assertEqual((refused.bad_msg_id, refused.new_server_salt, session.core.salt), (msg_id, SALT, 1))

    async def test_quick_acks_and_errors_are_events(self) -> None:
        """A quick ack with the token that was computed beforehand; -404 and the end for an unknown key."""
        for transport in ("abridged", "obfuscated_padded_intermediate"):
            connection = await self.connected(transport)
            made = await connection.make_auth_key(KEY.public)
            assert made.auth_key is not None
            session = connection.open_session(made.auth_key, salt=SALT)
            sealed = session.core.seal(session.core.message(encode(tl.ping(ping_id=1))))
            connection.send_frame(sealed.frame, quick_ack=True)
            self.assertEqual(await connection.next_event(), QuickAck(sealed.quick_ack_token))
            await session.wait_for_object("pong")
            stranger = connection.open_session(AuthKey(bytes(256)))
            stranger.send(encode(tl.ping(ping_id=1)))
            self.assertEqual(await connection.next_event(), TransportError(-404))
            await connection.until_closed()
            with self.assertRaises(ConnectionClosed):
                await connection.next_event()
