"""Page "Transports", WebSocket: the handshake, control frames and close codes (RFC 6455), byte by byte."""

import json
from functools import partial

from teamgram.mtproto.envelope import pack_plain
from teamgram.mtproto.tl import encode, tl
from trial_tests.conformance.house import ConformanceCase
from trial_tests.conformance.strict import ORIGIN, StrictCase
from trial_tests.conformance.test_transports import REQ_PQ, UNKNOWN_FRAME, Raw
from trial_tests.gnetway.test_websocket import BINARY, CLOSE, CONTINUATION, TEXT, frames, handshake, masked
from trial_tests.gnetway.test_websocket import PING as PING_FRAME
from trial_tests.gnetway.test_websocket import PONG as PONG_FRAME
from trial_tests.peer.connection import PeerConnection
from trial_tests.peer.transports import Abridged, Frame, Obfuscated, TransportError


class RawWebSocketCase(ConformanceCase):
    async def raw(self, request: bytes) -> tuple[PeerConnection, bytes]:
        """A connection without any client library, and how its opening request was answered."""
        connection = await self.connect(Raw(), port=self.server.files.websocket_port)
        connection.write(request)
        await self.until(partial(self.answered, connection))
        head, _, rest = self.received(connection).partition(b"\r\n\r\n")
        connection.framing.received = rest  # type: ignore[attr-defined]
        return connection, head

    def answered(self, connection: PeerConnection) -> bool:
        """The head of an answer is there."""
        return b"\r\n\r\n" in self.received(connection)

    def received(self, connection: PeerConnection) -> bytes:
        """What came and was not taken."""
        data: bytes = connection.framing.received  # type: ignore[attr-defined]
        return data

    async def answers(self, connection: PeerConnection, data: bytes, count: int = 1) -> list[tuple[int, bytes]]:
        """(opcode, payload) of the frames that come back, ``count`` at least."""
        connection.write(data)
        await self.until(lambda: len(frames(self.received(connection))) >= count)
        return frames(self.received(connection))


class HandshakeTests(RawWebSocketCase):
    async def test_sub_protocol(self) -> None:
        """``binary`` is selected where it is offered, among others too; else none is, for browsers would drop it."""
        for offered, selected in ((b"binary", True), (b"chat, binary", True), (b"chat", False), (None, False)):
            connection, head = await self.raw(handshake(protocol=offered))
            self.assertTrue(head.startswith(b"HTTP/1.1 101 "), head)
            self.assertEqual(b"Sec-WebSocket-Protocol: binary" in head.split(b"\r\n"), selected, offered)
            self.assertEqual(b"Sec-WebSocket-Protocol" in head, selected)
            self.assertEqual(await self.answers(connection, masked(b"", PING_FRAME)), [(PONG_FRAME, b"")])

    async def test_no_compression(self) -> None:
        """permessage-deflate is offered and not taken; what says that it is compressed breaks the rules: 1002."""
        offer = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
        connection, head = await self.raw(handshake(b"/apiws", offer))
        self.assertTrue(head.startswith(b"HTTP/1.1 101 "), head)
        self.assertNotIn(b"extensions", head.lower())
        compressed = masked(b"hello")
        ((opcode, body),) = await self.answers(connection, bytes((compressed[0] | 0x40,)) + compressed[1:])
        self.assertEqual((opcode, body[:2]), (CLOSE, (1002).to_bytes(2)))

    async def test_origins(self) -> None:
        """Without a policy any page may come, and who sends no Origin: programs are no pages."""
        for headers in ([b"Origin: https://evil.example"], [b"Origin: null"], []):
            _, head = await self.raw(handshake(b"/apiws", *headers))
            self.assertTrue(head.startswith(b"HTTP/1.1 101 "), headers)


class ControlFrameTests(RawWebSocketCase):
    async def test_pings_are_answered(self) -> None:
        """With the same bytes, also between the pieces of a message, which is taken as if there had been none."""
        connection, _ = await self.raw(handshake())
        client = Obfuscated(Abridged())
        data = client.opening() + client.encode(pack_plain(4, REQ_PQ))
        pieces = masked(data[:50], BINARY, fin=False) + masked(b"are you there", PING_FRAME)
        answers = await self.answers(connection, pieces + masked(data[50:], CONTINUATION), 2)
        self.assertEqual(answers[0], (PONG_FRAME, b"are you there"))
        client.receive_data(answers[1][1])
        self.assertIsInstance(client.next_event(), Frame)
        self.assertEqual(len(answers), 2)

    async def test_pongs_mean_nothing(self) -> None:
        """Asked for or not."""
        connection, _ = await self.raw(handshake())
        answers = await self.answers(connection, masked(b"x", PONG_FRAME) + masked(b"y", PING_FRAME))
        self.assertEqual(answers, [(PONG_FRAME, b"y")])

    async def test_text_is_refused(self) -> None:
        """Text messages of any kind end it with 1003."""
        connection, _ = await self.raw(handshake())
        ((opcode, body),) = await self.answers(connection, masked(json.dumps({}).encode(), TEXT))
        self.assertEqual((opcode, body[:2]), (CLOSE, (1003).to_bytes(2)))

    async def test_what_breaks_its_rules(self) -> None:
        """A frame that is not masked, reserved bits, an unknown opcode, a long ping: 1002."""
        for data in (b"\x82\x04abcd", b"\xc2\x80mask", masked(b"x", 3), masked(bytes(126), PING_FRAME)):
            connection, _ = await self.raw(handshake())
            ((opcode, body),) = await self.answers(connection, data)
            self.assertEqual((opcode, body[:2]), (CLOSE, (1002).to_bytes(2)), data)
            connection.write(masked(body[:2], CLOSE))
            await connection.until_closed()

    async def test_close(self) -> None:
        """The client's close is answered with a close; ours, behind a transport error, has 1000."""
        connection, _ = await self.raw(handshake())
        ((opcode, body),) = await self.answers(connection, masked((1000).to_bytes(2) + b"bye", CLOSE))
        self.assertEqual((opcode, body[:2]), (CLOSE, (1000).to_bytes(2)))
        await connection.until_closed()
        connection, _ = await self.raw(handshake())
        client = Obfuscated(Abridged())
        error, close = await self.answers(connection, masked(client.opening() + client.encode(UNKNOWN_FRAME)), 2)
        client.receive_data(error[1])
        self.assertEqual(client.next_event(), TransportError(-404))
        self.assertEqual((close[0], close[1][:2]), (CLOSE, (1000).to_bytes(2)))

    async def test_closing_it_closes_no_session(self) -> None:
        """The session goes on over the next one, with what it had to get."""
        session, _ = await self.user("websocket")
        await session.connection.close()
        session.attach(await self.websocket())
        self.assertEqual((await session.call(tl.updates.getState())).NAME, "updates.state")
        await self.ping(session)
        created = [one for one in session.received if one.constructor_id == 0x9EC20908]
        self.assertEqual(len(created), 1)


class OriginPolicyTests(StrictCase, RawWebSocketCase):
    async def test_only_pages_that_are_named(self) -> None:
        """Another page is refused with 403, on WebSocket and HTTP; programs, which name none, are served."""
        for headers, status in (([b"Origin: " + ORIGIN.encode()], b"101"), ([], b"101"), ([b"Origin: null"], b"403")):
            _, head = await self.raw(handshake(b"/apiws", *headers))
            self.assertTrue(head.startswith(b"HTTP/1.1 " + status + b" "), head)
        body = pack_plain(4, encode(tl.req_pq_multi(nonce=bytes(16))))
        for origin, status in ((ORIGIN, b"200"), ("https://evil.example.org", b"403")):
            connection = await self.connect(Raw(), port=self.server.files.http_port)
            request = f"POST /apiw1 HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.write(request.encode() + body)
            await self.until(partial(self.answered, connection))
            answer = self.received(connection)
            self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), answer)
            self.assertEqual(f"Access-Control-Allow-Origin: {origin}".encode() in answer, status == b"200")
        await self.speaks(await self.websocket(origin=ORIGIN))
