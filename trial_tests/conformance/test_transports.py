"""Pages "Transports" and "Transport obfuscation": framing, quick acks, transport errors, WebSocket."""

import os
import struct
from typing import Any

from twisted.internet.task import deferLater

from teamgram.mtproto.envelope import AuthKey, pack_plain
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.house import ConformanceCase
from trial_tests.peer.transports import (
    TRANSPORTS,
    Abridged,
    Frame,
    Full,
    Intermediate,
    Obfuscated,
    PaddedIntermediate,
    QuickAck,
    TransportError,
)

PING = encode(tl.ping(ping_id=7))
REQ_PQ = encode(tl.req_pq_multi(nonce=bytes(16)))
UNKNOWN_FRAME = os.urandom(8) + bytes(16 + 48)


class Raw:
    """No framing: what goes in and out is counted as it is."""

    def __init__(self, opening: bytes = b"") -> None:
        self._opening = opening
        self.received = b""

    def opening(self) -> bytes:
        return self._opening

    def encode(self, payload: bytes, quick_ack: bool = False) -> bytes:
        return payload

    def receive_data(self, data: bytes) -> None:
        self.received += data

    def next_event(self) -> None:
        return None


class FramingTests(ConformanceCase):
    async def raw(self, data: bytes, opening: bytes = b"") -> Raw:
        """What the server says to these bytes, until it closes or some time passed."""
        raw = Raw(opening)
        connection = await self.connect(raw)
        connection.write(data)
        for _ in range(100):
            if connection.closed or raw.received:
                break
            await self.seconds(0.01)
        return raw

    async def test_every_transport_carries_a_key_and_rpc(self) -> None:
        """The exchange, a ping, a method, in all seven."""
        for transport in TRANSPORTS:
            session = await self.session(transport)
            self.assertEqual((await self.ping(session)).ping_id, 1, transport)
            self.assertEqual((await session.call(tl.help.getNearestDc())).NAME, "nearestDc", transport)

    async def test_long_and_short_abridged_lengths(self) -> None:
        """One byte below 127 words, 0x7f and three bytes from there on, both ways."""
        session = await self.begun("abridged")
        for words in (1, 100, 127, 5000):
            body = encode(tl.msgs_ack(msg_ids=list(range(words))))
            session.send(body, content_related=False)
            await self.ping(session)
        session.send(encode(tl.msgs_state_req(msg_ids=[4] * 600)))
        self.assertEqual(len((await session.wait_for_object("msgs_state_info")).info), 600)

    async def test_answer_has_no_tag(self) -> None:
        """Only the client says which transport it is; the server's first byte is a length already."""
        frame = pack_plain(4, REQ_PQ)
        for transport in (Abridged(), Intermediate(), Full()):
            raw = await self.raw(transport.encode(frame), transport.opening())
            transport.receive_data(raw.received)
            self.assertIsInstance(transport.next_event(), Frame)

    async def test_padded_frames(self) -> None:
        """0 to 15 bytes behind each frame mean nothing, for encrypted and unencrypted messages."""
        for size in range(16):
            framing = PaddedIntermediate(padding=lambda size=size: os.urandom(size))  # type: ignore[misc]
            connection = await self.connect(framing)
            session = self.open(connection, await self.key(connection))
            self.assertEqual((await self.ping(session)).ping_id, 1, size)

    async def test_full_numbers_its_frames(self) -> None:
        """A frame out of turn closes the connection."""
        framing = Full()
        framing.sent = 0
        connection = await self.connect(framing)
        session = self.open(connection, await self.key())
        await self.ping(session)
        framing.sent += 1
        session.send(PING)
        await connection.until_closed()

    async def test_full_checks_its_checksum(self) -> None:
        """A wrong CRC32 closes the connection."""
        frame = bytearray(Full().encode(pack_plain(4, REQ_PQ)))
        frame[-1] ^= 1
        raw = await self.raw(bytes(frame))
        self.assertEqual(raw.received, b"")

    async def test_lengths_beyond_the_bound(self) -> None:
        """The largest length that each transport can announce is refused by its head alone."""
        for head in (b"\xef\x7f\xff\xff\xff", b"\xee" * 4 + b"\xff\xff\xff\x7f", b"\xff\xff\xff\x7f" + bytes(4)):
            connection = await self.connect(Raw())
            connection.write(head)
            await connection.until_closed()

    async def test_frames_of_part_words(self) -> None:
        """Neither intermediate nor full takes a length that is no multiple of four."""
        for head in (b"\xee" * 4 + b"\x15\0\0\0", b"\x1d\0\0\0" + bytes(4)):
            connection = await self.connect(Raw())
            connection.write(head + bytes(40))
            await connection.until_closed()

    async def test_another_protocol(self) -> None:
        """HTTP and TLS on the port for bare transports are closed without a word."""
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02" + bytes(60)):
            connection = await self.connect(Raw())
            connection.write(data)
            await connection.until_closed()
            self.assertEqual(connection.received_bytes, 0)

    async def test_bytes_one_at_a_time(self) -> None:
        """However the bytes are cut, they mean the same."""
        for transport in TRANSPORTS.values():
            framing = transport()
            connection = await self.connect(Raw())
            data = framing.opening() + framing.encode(pack_plain(4, REQ_PQ))
            for index in range(len(data)):
                connection.write(data[index : index + 1])
                await deferLater(self._reactor(), 0)
            for _ in range(100):
                await self.seconds(0.01)
                if connection.received_bytes:
                    break
            framing.receive_data(connection.framing.received)  # type: ignore[attr-defined]
            self.assertIsInstance(framing.next_event(), Frame)

    async def test_many_frames_in_one_segment(self) -> None:
        """All of them are taken, in order."""
        session = await self.begun("obfuscated_intermediate")
        messages = [session.core.message(encode(tl.ping(ping_id=n))) for n in range(50)]
        answers = [session.expect(message) for message in messages]
        frames = [session.core.seal(message).frame for message in messages]
        session.connection.write(b"".join(session.connection.framing.encode(frame) for frame in frames))
        self.assertEqual([decode(await answer).ping_id for answer in answers], list(range(50)))

    def _reactor(self) -> Any:
        from twisted.internet import reactor

        return reactor


class TransportErrorTests(ConformanceCase):
    async def test_404_in_each_framing(self) -> None:
        """Four bytes, a negative number, framed as every transport frames."""
        connections = []
        for transport in TRANSPORTS:
            connection = await self.connect(transport)
            connection.send_frame(UNKNOWN_FRAME)
            self.assertEqual(await connection.next_event(), TransportError(-404), transport)
            connections.append(connection)
        for connection in connections:
            await connection.until_closed()

    async def test_444_for_another_data_centre(self) -> None:
        """A key exchange for a dc that this is not: clients know 1 to 5 from the start, and this is all of those."""
        for dc in (0, 6, -7, 10006):
            connection = await self.connect()
            try:
                await self.key(connection, dc=dc)
            except Exception as error:
                self.assertEqual(getattr(error, "code", None), -444, dc)
            else:
                self.fail(f"dc {dc} was taken")

    async def test_error_comes_before_the_close(self) -> None:
        """The client reads the reason, then the end."""
        connection = await self.connect("intermediate")
        connection.send_frame(UNKNOWN_FRAME)
        await connection.until_closed()
        self.assertEqual(connection.received_bytes, 8)


class QuickAckTests(ConformanceCase):
    async def test_asked_for(self) -> None:
        """The first 32 bits of the hash that msg_key is the middle of, with the top bit set."""
        for transport in TRANSPORTS:
            if transport == "full":
                continue
            session = await self.begun(transport)
            sealed = session.core.seal(session.core.message(PING))
            session.connection.send_frame(sealed.frame, quick_ack=True)
            self.assertEqual(await session.connection.next_event(), QuickAck(sealed.quick_ack_token), transport)

    async def test_not_asked_for(self) -> None:
        """Nobody gets one unasked: clients read it as a length."""
        session = await self.begun()
        for _ in range(5):
            await self.ping(session)
        self.assertEqual(list(session.connection._events), [])

    async def test_not_for_what_is_refused(self) -> None:
        """A frame whose msg_key does not fit is not promised to have arrived."""
        session = await self.begun("intermediate")
        frame = bytearray(session.core.seal(session.core.message(PING)).frame)
        frame[-1] ^= 1
        session.connection.send_frame(bytes(frame), quick_ack=True)
        before = session.connection.received_bytes
        await session.connection.until_closed()
        self.assertEqual(session.connection.received_bytes, before)


class ObfuscationTests(ConformanceCase):
    async def test_dc_id_in_the_header(self) -> None:
        """Whatever the client says there (0, its dc, negative for media) is served."""
        for dc_id in (0, 1, 2, -2, 10002):
            connection = await self.connect(Obfuscated(Intermediate(), dc_id=dc_id))
            session = self.open(connection, await self.key(connection))
            self.assertEqual((await self.ping(session)).ping_id, 1)

    async def test_header_without_a_tag(self) -> None:
        """64 bytes that hide no transport are closed without a word."""
        connection = await self.connect(Raw())
        connection.write(b"\x01" * 64 + os.urandom(200))
        await connection.until_closed()
        self.assertEqual(connection.received_bytes, 0)

    async def test_header_in_pieces(self) -> None:
        """The server waits for all 64 bytes of it."""
        framing = Obfuscated(Abridged())
        connection = await self.connect(Raw())
        opening = framing.opening()
        connection.write(opening[:63])
        await self.seconds(0.05)
        connection.write(opening[63:] + framing.encode(pack_plain(4, REQ_PQ)))
        await self.seconds(0.2)
        framing.receive_data(connection.framing.received)  # type: ignore[attr-defined]
        self.assertIsInstance(framing.next_event(), Frame)

    async def test_answers_have_a_key_of_their_own(self) -> None:
        """The server's stream is encrypted with the header reversed, not with the client's key."""
        framing = Obfuscated(Intermediate())
        wrong = Obfuscated(Intermediate())
        connection = await self.connect(Raw())
        connection.write(framing.opening() + framing.encode(pack_plain(4, REQ_PQ)))
        await self.seconds(0.2)
        data = connection.framing.received  # type: ignore[attr-defined]
        wrong.receive_data(data)
        self.assertNotEqual(wrong.inner.buffer[:4], struct.pack("<I", len(data) - 4))
        framing.receive_data(data)
        self.assertIsInstance(framing.next_event(), Frame)


class WebSocketTests(ConformanceCase):
    async def test_paths(self) -> None:
        """All three are the same server."""
        for path in ("/apiws", "/apiws_test", "/apiws_premium"):
            connection = await self.websocket(path=path)
            self.assertEqual((await self.ping(self.open(connection, await self.key(connection)))).ping_id, 1)

    async def test_other_paths(self) -> None:
        """The handshake is refused."""
        with self.assertRaises(Exception) as caught:
            await self.websocket(path="/other")
        self.assertIn("404", str(caught.exception))

    async def test_obfuscation_inside(self) -> None:
        """Every transport that obfuscation carries; none without it."""
        for transport in TRANSPORTS:
            connection = await self.websocket(transport)
            if transport.startswith("obfuscated"):
                self.assertEqual((await self.ping(self.open(connection, await self.key(connection)))).ping_id, 1)
            else:
                connection.send_frame(pack_plain(4, REQ_PQ + bytes(64)))
                await connection.until_closed()

    async def test_borders_mean_nothing(self) -> None:
        """A frame may come in many messages, and many frames in one."""
        connection = await self.websocket("obfuscated_intermediate")
        session = self.open(connection, await self.key(connection), layer=0)
        messages = [session.core.message(encode(tl.ping(ping_id=n))) for n in range(10)]
        answers = [session.expect(message) for message in messages]
        data = b"".join(connection.framing.encode(session.core.seal(message).frame) for message in messages)
        for at in range(0, len(data), 13):
            connection.write(data[at : at + 13])
        self.assertEqual([decode(await answer).ping_id for answer in answers], list(range(10)))
        messages = [session.core.message(encode(tl.ping(ping_id=n))) for n in range(10)]
        answers = [session.expect(message) for message in messages]
        connection.write(b"".join(connection.framing.encode(session.core.seal(one).frame) for one in messages))
        self.assertEqual([decode(await answer).ping_id for answer in answers], list(range(10)))

    async def test_404(self) -> None:
        """The transport error comes inside the stream, then the socket closes."""
        connection = await self.websocket()
        connection.open_session(AuthKey(os.urandom(256))).send(PING)
        self.assertEqual(await connection.next_event(), TransportError(-404))
        await connection.until_closed()

    async def test_any_page_may_come_as_shipped(self) -> None:
        """Without an origin policy a browser from anywhere is served; it still needs a key."""
        connection = await self.websocket(origin="https://web.example.org")
        self.assertEqual((await self.ping(self.open(connection, await self.key(connection)))).ping_id, 1)
