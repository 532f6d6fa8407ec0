"""MTProto over WebSocket, byte by byte, without sockets."""

from base64 import b64encode
from hashlib import sha1

from twisted.internet.protocol import Protocol
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.settings import GnetwaySettings, ListenerSettings
from teamgram.net.http_head import MAX_HEAD_BYTES
from trial_tests.gnetway.client import opened, payload, sealed
from trial_tests.gnetway.edges import Gnetway, Transport
from trial_tests.gnetway.fakes import perm_key
from trial_tests.peer.transports import Abridged, Frame, Obfuscated, TransportError

KEY = perm_key(1)
SECRET = bytes(range(16))

BINARY, TEXT, CLOSE, PING, PONG, CONTINUATION = 2, 1, 8, 9, 10, 0


def handshake(path: bytes = b"/apiws", *headers: bytes, protocol: bytes | None = b"binary") -> bytes:
    """A browser's opening request."""
    lines = [
        b"GET " + path + b" HTTP/1.1",
        b"Host: 127.0.0.1:11443",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
        *headers,
    ]
    if protocol is not None:
        lines.append(b"Sec-WebSocket-Protocol: " + protocol)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def masked(data: bytes, opcode: int = BINARY, fin: bool = True, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """One client frame (RFC 6455, 5.2)."""
    if len(data) < 126:
        length = bytes((0x80 | len(data),))
    elif len(data) < 65536:
        length = b"\xfe" + len(data).to_bytes(2, "big")
    else:
        length = b"\xff" + len(data).to_bytes(8, "big")
    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
    return bytes((fin << 7 | opcode,)) + length + mask + body


def frames(data: bytes) -> list[tuple[int, bytes]]:
    """(opcode, payload) of each server frame; they are never masked."""
    found = []
    while data:
        opcode, length, start = data[0] & 15, data[1], 2
        if length == 126:
            length, start = int.from_bytes(data[2:4], "big"), 4
        found.append((opcode, data[start : start + length]))
        data = data[start + length :]
    return found


class WebSocketTests(SynchronousTestCase):
    def connect(self, gnetway: Gnetway, request: bytes = handshake()) -> tuple[Protocol, Transport, bytes]:
        protocol, transport = gnetway.connect()
        protocol.dataReceived(request)
        return protocol, transport, transport.taken()

    def test_handshake_selects_binary(self) -> None:
        """The answer accepts the key and selects the sub-protocol that the browser offered."""
        _, _, answer = self.connect(Gnetway("websocket"))
        accept = b64encode(sha1(b"dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.assertTrue(answer.startswith(b"HTTP/1.1 101 "))
        self.assertIn(b"Sec-WebSocket-Accept: " + accept + b"\r\n", answer)
        self.assertIn(b"Sec-WebSocket-Protocol: binary\r\n", answer)

    def test_no_compression(self) -> None:
        """permessage-deflate is offered by every browser and never taken: encrypted bytes do not shrink."""
        request = handshake(b"/apiws", b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
        _, _, answer = self.connect(Gnetway("websocket"), request)
        self.assertTrue(answer.startswith(b"HTTP/1.1 101 "))
        self.assertNotIn(b"Extensions", answer)

    def test_paths(self) -> None:
        """The paths that clients use are served, another is not found."""
        for path in (b"/apiws", b"/apiws_test", b"/apiws_premium"):
            self.assertTrue(self.connect(Gnetway("websocket"), handshake(path))[2].startswith(b"HTTP/1.1 101 "), path)
        _, transport, answer = self.connect(Gnetway("websocket"), handshake(b"/"))
        self.assertTrue(answer.startswith(b"HTTP/1.1 404 "))
        self.assertTrue(transport.closed)

    def test_origins(self) -> None:
        """With a list of origins, pages from elsewhere are refused; without one any page may connect."""
        listener = ListenerSettings("websocket", "127.0.0.1", 11443, allowed_origins=("https://web.example",))
        good = handshake(b"/apiws", b"Origin: https://web.example")
        evil = handshake(b"/apiws", b"Origin: https://evil.example")
        for request, chosen, status in ((good, listener, b"101"), (evil, listener, b"403"), (evil, None, b"101")):
            _, _, answer = self.connect(Gnetway("websocket", listener=chosen), request)
            self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), answer)

    def test_opening_requests_that_are_none(self) -> None:
        """Plain HTTP, another method or version, a key that is none: refused with a status, and closed."""
        good = handshake()
        for request, status in (
            (good.replace(b"Upgrade: websocket\r\n", b""), b"426"),
            (good.replace(b"GET ", b"POST "), b"426"),
            (good.replace(b"Version: 13", b"Version: 8"), b"400"),
            (good.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"c2hvcnQ="), b"400"),
            (good.replace(b" HTTP/1.1", b" SPDY/9"), b"400"),
            (handshake(b"/apiws?" + b"x" * 9000), b"414"),
            (handshake(b"/apiws", *[b"X: x"] * 100), b"431"),
        ):
            _, transport, answer = self.connect(Gnetway("websocket"), request)
            self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), (answer[:40], request[:60]))
            self.assertTrue(transport.closed)

    def test_frames_right_behind_the_opening_request(self) -> None:
        """A client may send them without waiting for the answer."""
        gnetway = Gnetway("websocket", KEY)
        client = Obfuscated(Abridged())
        self.connect(gnetway, handshake() + masked(client.opening() + client.encode(sealed(KEY))))
        self.assertEqual(len(gnetway.session.frames), 1)

    def test_a_message_of_many_megabytes(self) -> None:
        """No message is too long: its frames are taken as their bytes come, whatever length it announces."""
        gnetway = Gnetway("websocket", KEY)
        protocol, transport, _ = self.connect(gnetway)
        client = Obfuscated(Abridged())
        data = client.opening() + client.encode(sealed(KEY))
        protocol.dataReceived(b"\x82\xff" + (1 << 40).to_bytes(8, "big") + bytes(4) + data)
        self.assertEqual(len(gnetway.session.frames), 1)
        for _ in range(20):
            protocol.dataReceived(client.encode(sealed(KEY)))
        self.assertEqual(len(gnetway.session.frames), 21)
        self.assertFalse(transport.closed)

    def test_a_peer_that_does_not_close(self) -> None:
        """After our close frame the connection is dropped when the time for its answer is over."""
        gnetway = Gnetway("websocket")
        protocol, transport, _ = self.connect(gnetway)
        protocol.dataReceived(masked(b"hello", TEXT))
        self.assertFalse(transport.closed)
        gnetway.pass_seconds(10)
        self.assertTrue(transport.closed)

    def test_stream_cut_anywhere(self) -> None:
        """Message borders mean nothing: an MTProto frame over many messages, and many in one."""
        gnetway = Gnetway("websocket", KEY)
        protocol, transport, _ = self.connect(gnetway)
        client = Obfuscated(Abridged())
        data = client.opening() + b"".join(client.encode(sealed(KEY, plaintext=payload(4 * n))) for n in (1, 2, 3))
        for piece in (data[:10], data[10:70], data[70:71], data[71:]):
            protocol.dataReceived(masked(piece))
        self.assertEqual([data.payload for data in gnetway.session.frames], [payload(4), payload(8), payload(12)])
        self.assertEqual(gnetway.session.frames[0].transport, "websocket")
        gnetway.service.send_data(gnetway.session.frames[0].conn, KEY.auth_key_id, 1, 7, payload(9))
        ((opcode, reply),) = frames(transport.taken())
        client.receive_data(reply)
        event = client.next_event()
        assert isinstance(event, Frame)
        self.assertEqual((opcode, opened(KEY, event.payload)), (BINARY, (1, 7, payload(9))))

    def test_every_split_of_the_bytes(self) -> None:
        """WebSocket frames themselves may arrive byte by byte, handshake and fragments included."""
        gnetway = Gnetway("websocket", KEY)
        protocol, _ = gnetway.connect()
        client = Obfuscated(Abridged())
        data = client.opening() + client.encode(sealed(KEY))
        stream = handshake() + masked(data[:50], fin=False) + masked(b"", PING) + masked(data[50:], CONTINUATION)
        for offset in range(len(stream)):
            protocol.dataReceived(stream[offset : offset + 1])
        self.assertEqual(len(gnetway.session.frames), 1)

    def test_bare_transport_is_refused(self) -> None:
        """What a WebSocket carries is obfuscated; bytes that open no obfuscated stream end the connection."""
        gnetway = Gnetway("websocket", KEY)
        protocol, transport, _ = self.connect(gnetway)
        protocol.dataReceived(masked(b"\xef" + bytes(range(80))))
        self.assertEqual(frames(transport.taken())[0][0], CLOSE)
        self.assertEqual(gnetway.session.frames, [])

    def test_unknown_key(self) -> None:
        """-404 comes through the obfuscated stream, soon after it the closing handshake."""
        gnetway = Gnetway("websocket")
        protocol, transport, _ = self.connect(gnetway)
        client = Obfuscated(Abridged())
        protocol.dataReceived(masked(client.opening() + client.encode(sealed(KEY))))
        (error,) = frames(transport.taken())
        gnetway.pass_seconds(2)
        (close,) = frames(transport.taken())
        client.receive_data(error[1])
        self.assertEqual(client.next_event(), TransportError(-404))
        self.assertEqual((close[0], close[1][:2]), (CLOSE, (1000).to_bytes(2, "big")))

    def test_ping_is_answered(self) -> None:
        """A ping gets its pong with the same bytes."""
        protocol, transport, _ = self.connect(Gnetway("websocket"))
        protocol.dataReceived(masked(b"hello", PING))
        self.assertEqual(frames(transport.taken()), [(PONG, b"hello")])

    def test_pings_of_a_peer_that_does_not_read(self) -> None:
        """The answers to pings count like everything else that is written: beyond the bound the peer is cut off."""
        gnetway = Gnetway("websocket", settings=GnetwaySettings(max_send_buffer_bytes=10_000))
        protocol, transport, _ = self.connect(gnetway)
        transport.producer.pauseProducing()  # the kernel takes no more
        for _ in range(1000):
            protocol.dataReceived(masked(bytes(125), PING))
            if transport.closed:
                break
        self.assertTrue(transport.closed)
        self.assertLess(len(transport.value()), 11_000)

    def test_text_is_refused(self) -> None:
        """Text messages are of no use here: close code 1003."""
        protocol, transport, _ = self.connect(Gnetway("websocket"))
        protocol.dataReceived(masked(b"hello", TEXT))
        ((opcode, body),) = frames(transport.taken())
        self.assertEqual((opcode, body[:2]), (CLOSE, (1003).to_bytes(2, "big")))

    def test_client_closes(self) -> None:
        """A closing handshake is answered and the sessions of the connection are closed."""
        gnetway = Gnetway("websocket", KEY)
        protocol, transport, _ = self.connect(gnetway)
        client = Obfuscated(Abridged())
        protocol.dataReceived(masked(client.opening() + client.encode(sealed(KEY))))
        protocol.dataReceived(masked((1000).to_bytes(2, "big"), CLOSE))
        self.assertEqual(frames(transport.taken())[0][0], CLOSE)
        gnetway.pass_seconds(3)
        self.assertTrue(transport.closed)
        self.assertEqual(len(gnetway.session.closed), 1)

    def test_frame_beyond_the_bound(self) -> None:
        """An MTProto frame is refused by its announced length, however large the message around it may be."""
        gnetway = Gnetway("websocket", settings=GnetwaySettings(max_frame_bytes=1000))
        protocol, transport, _ = self.connect(gnetway)
        client = Obfuscated(Abridged())
        protocol.dataReceived(masked(client.opening() + client.encode(bytes(5000)))[:90])
        self.assertEqual(frames(transport.taken())[0][0], CLOSE)

    def test_broken_websocket_rules(self) -> None:
        """An unmasked frame and reserved bits are protocol errors: close code 1002."""
        for data in (b"\x82\x04abcd", bytes((0xC2, 0x80)) + b"mask"):
            protocol, transport, _ = self.connect(Gnetway("websocket"))
            protocol.dataReceived(data)
            ((opcode, body),) = frames(transport.taken())
            self.assertEqual((opcode, body[:2]), (CLOSE, (1002).to_bytes(2, "big")))

    def test_handshake_without_end(self) -> None:
        """A handshake that goes on and on is cut off at its bound."""
        gnetway = Gnetway("websocket")
        protocol, transport = gnetway.connect()
        protocol.dataReceived(b"GET /apiws HTTP/1.1\r\n")
        for _ in range(MAX_HEAD_BYTES // 1000 + 1):
            protocol.dataReceived(b"X: " + b"x" * 995 + b"\r\n")
        self.assertTrue(transport.closed)

    def test_frames_behind_one_that_waits(self) -> None:
        """A full queue in session pauses the connection; what its messages held comes in order afterwards."""
        gnetway = Gnetway("websocket", KEY)
        protocol, transport, _ = self.connect(gnetway)
        client = Obfuscated(Abridged())
        gnetway.session.room = 1
        plain = [payload(4 * n) for n in range(1, 5)]
        data = client.opening() + b"".join(client.encode(sealed(KEY, plaintext=one)) for one in plain)
        protocol.dataReceived(masked(data[:300]) + masked(data[300:]))
        self.assertEqual(transport.producerState, "paused")
        gnetway.session.room = None
        gnetway.service.resume_reading(gnetway.session.frames[0].conn)
        self.assertEqual([data.payload for data in gnetway.session.frames], plain)
        self.assertEqual(transport.producerState, "producing")

    def test_secret(self) -> None:
        """A listener with a secret serves those who know it and nobody else."""
        listener = ListenerSettings("websocket", "127.0.0.1", 11443, secret=SECRET)
        for secret, served in ((SECRET, 1), (None, 0)):
            gnetway = Gnetway("websocket", KEY, listener=listener)
            protocol, _, _ = self.connect(gnetway)
            client = Obfuscated(Abridged(), secret=secret)
            protocol.dataReceived(masked(client.opening() + client.encode(sealed(KEY))))
            self.assertEqual(len(gnetway.session.frames), served)

    def test_silent_connection_is_closed(self) -> None:
        """Neither an unfinished handshake nor a finished one without frames keeps a connection."""
        gnetway = Gnetway("websocket")
        unfinished = gnetway.connect()[1]
        finished = self.connect(gnetway)[1]
        late, late_transport = gnetway.connect()
        gnetway.pass_seconds(9)
        late.dataReceived(handshake())
        gnetway.pass_seconds(3)
        self.assertEqual((unfinished.closed, finished.closed, late_transport.closed), (True, False, False))
        # 30 s from the beginning, whenever the handshake was; then the closing handshake has its time.
        gnetway.pass_seconds(14)
        finished.clear()
        late_transport.clear()
        gnetway.pass_seconds(6)
        self.assertEqual([frames(each.taken())[0][0] for each in (finished, late_transport)], [CLOSE, CLOSE])
        gnetway.pass_seconds(6)
        self.assertEqual((finished.closed, late_transport.closed), (True, True))

    def test_short_time_for_the_first_frame(self) -> None:
        """It bounds the handshake, too."""
        gnetway = Gnetway("websocket", settings=GnetwaySettings(first_frame_timeout=3))
        unfinished = gnetway.connect()[1]
        finished = self.connect(gnetway)[1]
        gnetway.pass_seconds(5)
        self.assertTrue(unfinished.closed)
        self.assertEqual(frames(finished.taken())[0][0], CLOSE)
