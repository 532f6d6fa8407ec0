"""Telethon's own exchange, envelope and codecs against ours, in one process and without a socket."""

import os
import struct
import time
from collections import defaultdict
from logging import getLogger
from typing import Any

from twisted.trial import unittest

from telethon.crypto import AuthKey as TelethonAuthKey
from telethon.crypto import rsa
from telethon.extensions import BinaryReader
from telethon.network.authenticator import do_authentication
from telethon.network.connection.tcpabridged import AbridgedPacketCodec
from telethon.network.connection.tcpfull import FullPacketCodec
from telethon.network.connection.tcpintermediate import IntermediatePacketCodec, RandomizedIntermediatePacketCodec
from telethon.network.connection.tcpmtproxy import MTProxyIO
from telethon.network.connection.tcpobfuscated import ObfuscatedIO
from telethon.network.mtprotostate import MTProtoState

from teamgram.mtproto.container import pack_message
from teamgram.mtproto.crypto.dh import DhPairs
from teamgram.mtproto.crypto.rsa import RsaPrivateKey
from teamgram.mtproto.envelope import AuthKey, decrypt, encrypt
from teamgram.mtproto.exchange import KeyCreated, ServerExchange, request_nonces
from teamgram.mtproto.message_id import next_server_msg_id
from teamgram.mtproto.tl import encode, tl
from teamgram.mtproto.transport import TransportDetector

KEY = RsaPrivateKey.generate()
PAIRS = DhPairs(os.urandom)


class Sender:
    """In place of Telethon's plain sender: requests go straight to our exchange."""

    created: KeyCreated
    exchange: ServerExchange

    async def send(self, request: Any) -> Any:
        body = bytes(request)
        nonce, server_nonce = request_nonces(body)
        if server_nonce is None:
            self.exchange = ServerExchange([KEY], PAIRS, 2, nonce, time.time(), os.urandom)
        answer = self.exchange.receive(body, time.time())
        if isinstance(answer, KeyCreated):
            self.created = answer
            answer = self.exchange.confirm()
        return BinaryReader(answer).tgread_object()


def finish(coroutine: Any) -> Any:
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits for something")


class Reader:
    """In place of asyncio's stream reader, over bytes that are all there."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def readexactly(self, count: int) -> bytes:
        taken, self.data = self.data[:count], self.data[count:]
        assert len(taken) == count
        return taken


class StreamConnection:
    """What Telethon's obfuscation takes from its connection."""

    def __init__(self, codec: Any, secret: bytes = b"") -> None:
        self.packet_codec = codec
        self.written = b""
        self._reader = Reader(b"")
        self._writer = self
        self._secret = secret
        self._dc_id = -2

    def write(self, data: bytes) -> None:
        self.written += data


class ExchangeTests(unittest.SynchronousTestCase):
    """do_authentication."""

    def test_telethon_makes_a_key_with_us(self) -> None:
        """The old RSA form, and every check that Telethon has."""
        known = dict(rsa._server_keys)
        self.addCleanup(lambda: (rsa._server_keys.clear(), rsa._server_keys.update(known)))
        rsa.add_key(KEY.public_pem().decode(), old=False)
        sender = Sender()
        auth_key, time_offset = finish(do_authentication(sender))
        self.assertEqual(auth_key.key, sender.created.auth_key)
        self.assertEqual(struct.pack("<Q", auth_key.key_id), struct.pack("<q", sender.created.auth_key_id))
        self.assertLess(abs(time_offset), 3)


class EnvelopeTests(unittest.SynchronousTestCase):
    """MTProtoState."""

    def test_messages_both_ways(self) -> None:
        """What Telethon encrypts we open, and the other way round, with its checks."""
        key = AuthKey(os.urandom(256))
        state = MTProtoState(TelethonAuthKey(key.auth_key), defaultdict(lambda: getLogger("telethon")))
        for body_bytes in range(4, 200, 4):
            payload = pack_message(4, 1, os.urandom(body_bytes))
            self.assertEqual(decrypt(key, state.encrypt_message_data(payload)), (0, state.id, payload))
        msg_id = 0
        for ping_id in range(20):
            msg_id = next_server_msg_id(time.time(), msg_id, response=True)
            payload = pack_message(msg_id, 1, encode(tl.pong(msg_id=4, ping_id=ping_id)))
            message = state.decrypt_message_data(encrypt(key, 1, state.id, payload))
            self.assertEqual((message.msg_id, message.obj.ping_id), (msg_id, ping_id))


class TransportTests(unittest.SynchronousTestCase):
    """Packet codecs and obfuscation."""

    frames = [bytes(range(1, 25)) + os.urandom(16 * count) for count in (3, 40, 31, 1000)]

    def test_bare_transports(self) -> None:
        """Abridged, intermediate and full, both ways."""
        for codec_class in (AbridgedPacketCodec, IntermediatePacketCodec, FullPacketCodec):
            theirs = codec_class(None)
            stream = (codec_class.tag or b"") + b"".join(theirs.encode_packet(frame) for frame in self.frames)
            self.carried(stream, theirs, lambda reader: reader)

    def test_obfuscated_transports(self) -> None:
        """Obfuscated around abridged; as for a proxy with a secret around the others."""
        secret = os.urandom(16)
        for codec_class, io_class, used in (
            (AbridgedPacketCodec, ObfuscatedIO, None),
            (AbridgedPacketCodec, MTProxyIO, secret),
            (IntermediatePacketCodec, MTProxyIO, secret),
            (RandomizedIntermediatePacketCodec, MTProxyIO, secret),
        ):
            theirs, connection = codec_class(None), StreamConnection(codec_class, secret)
            io = io_class(connection)
            for frame in self.frames:
                io.write(theirs.encode_packet(frame))

            def through_cipher(reader: Reader, io: Any = io) -> Any:
                io._reader = reader
                return io

            self.carried(bytes(io.header) + connection.written, theirs, through_cipher, used)

    def carried(self, stream: bytes, theirs: Any, reader_of: Any, secret: bytes | None = None) -> None:
        """Our codec reads ``stream``; theirs reads what we write, a transport error at the end."""
        ours = TransportDetector(os.urandom, secret=secret).receive_data(stream)
        assert ours is not None
        received = [ours.next_event() for _ in self.frames]
        self.assertEqual([event.payload if event else b"" for event in received], self.frames)
        self.assertIsNone(ours.next_event())
        reader = reader_of(Reader(b"".join(map(ours.encode, self.frames)) + ours.encode_error(-404)))
        self.assertEqual([finish(theirs.read_packet(reader)) for _ in self.frames], self.frames)
        self.assertEqual(struct.unpack("<i", finish(theirs.read_packet(reader))), (-404,))
