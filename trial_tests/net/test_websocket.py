"""The WebSocket frames of the control plane, both directions."""

from twisted.trial.unittest import SynchronousTestCase

import hypothesis
from hypothesis import strategies

from teamgram.net import websocket
from teamgram.net.http_head import parse_head
from teamgram.net.websocket import (
    Close,
    FrameReader,
    Ping,
    Pong,
    StreamReader,
    WebSocketError,
    WholeMessage,
    whole_frame,
)
from trial_tests.openclaw.house import client_frame


def read_all(reader: FrameReader | StreamReader) -> list[object]:
    events: list[object] = []
    while (event := reader.next_event()) is not None:
        events.append(event)
    return events


class FrameReaderTests(SynchronousTestCase):
    """Client bytes in, messages out."""

    def test_every_split(self) -> None:
        """However the bytes are cut, the same messages come, in order."""
        data = client_frame(b"{}") + client_frame(b"ping", 9) + client_frame(b"x" * 200) + client_frame(b"", 10)
        for cut in range(len(data)):
            reader = FrameReader(1000)
            reader.receive_data(data[:cut])
            events = read_all(reader)
            reader.receive_data(data[cut:])
            events += read_all(reader)
            self.assertEqual(events, [WholeMessage(b"{}"), Ping(b"ping"), WholeMessage(b"x" * 200), Pong(b"")])

    def test_fragments_with_a_ping_between(self) -> None:
        """A message in fragments is one message; control frames between them come at once."""
        reader = FrameReader(1000)
        reader.receive_data(
            client_frame(b"one ", final=False)
            + client_frame(b"now", 9)
            + client_frame(b"two ", 0, final=False)
            + client_frame(b"three", 0)
        )
        self.assertEqual(read_all(reader), [Ping(b"now"), WholeMessage(b"one two three")])

    def test_lengths_of_all_three_forms(self) -> None:
        """Short, 16-bit and 64-bit lengths."""
        for size in (0, 125, 126, 65535, 65536, 100_000):
            reader = FrameReader(1 << 20)
            reader.receive_data(client_frame(b"a" * size, 2))
            self.assertEqual(read_all(reader), [WholeMessage(b"a" * size)])

    def fails_with(self, code: int, data: bytes, limit: int = 1000) -> None:
        reader = FrameReader(limit)
        reader.receive_data(data)
        error = self.assertRaises(WebSocketError, read_all, reader)
        self.assertEqual(error.code, code)

    def test_too_big_is_judged_by_the_header(self) -> None:
        """A frame that announces too much is refused before its body comes."""
        self.fails_with(websocket.TOO_BIG, bytes([0x81, 0xFF]) + (10**12).to_bytes(8, "big"))
        self.fails_with(websocket.TOO_BIG, bytes([0x81, 0xFE]) + (1001).to_bytes(2, "big"))

    def test_too_big_over_fragments(self) -> None:
        """Fragments are counted together, empty ones too."""
        self.fails_with(websocket.TOO_BIG, client_frame(b"a" * 600, final=False) + client_frame(b"a" * 600, 0))
        self.fails_with(websocket.TOO_BIG, client_frame(b"", final=False) + client_frame(b"", 0, final=False) * 20, 10)

    def test_broken_frames(self) -> None:
        """What RFC 6455 forbids ends the connection with 1002."""
        for data in (
            b"\x81\x05hello",
            b"\xc1\x80\0\0\0\0",
            b"\x83\x80\0\0\0\0",
            b"\x09\x80\0\0\0\0",
            b"\x89\xfe\x00\x7e",
            client_frame(b"a", 0),
            client_frame(b"a", final=False) + client_frame(b"b"),
            client_frame(b"\x03", 8),
            client_frame((1005).to_bytes(2, "big"), 8),
        ):
            self.fails_with(websocket.PROTOCOL_ERROR, data)

    def test_text_that_is_no_utf8(self) -> None:
        """1007 for text, also in a close reason; binary may hold anything."""
        self.fails_with(websocket.INVALID_TEXT, client_frame(b"\xff\xfe"))
        self.fails_with(websocket.INVALID_TEXT, client_frame((1000).to_bytes(2, "big") + b"\xff", 8))
        reader = FrameReader(10)
        reader.receive_data(client_frame(b"\xff", 2))
        self.assertEqual(read_all(reader), [WholeMessage(b"\xff")])

    def test_close(self) -> None:
        """A close frame with and without a code."""
        reader = FrameReader(10)
        reader.receive_data(client_frame((4000).to_bytes(2, "big") + b"tick timeout", 8) + client_frame(b"", 8))
        self.assertEqual(read_all(reader), [Close(4000, "tick timeout"), Close(None, "")])

    @hypothesis.given(strategies.binary(max_size=300))
    def test_noise(self, data: bytes) -> None:
        """Any bytes give events or one kind of error, never anything else."""
        reader = FrameReader(100)
        reader.receive_data(data)
        try:
            read_all(reader)
        except WebSocketError:
            pass

    @hypothesis.given(strategies.binary(max_size=70), strategies.binary(min_size=4, max_size=4))
    def test_masks(self, payload: bytes, mask: bytes) -> None:
        """Unmasking is the byte-wise XOR."""
        self.assertEqual(
            websocket.unmask(payload, mask), bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        )


class OpeningTests(SynchronousTestCase):
    """The HTTP half."""

    HEADERS = {
        "upgrade": "websocket",
        "connection": "keep-alive, Upgrade",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }

    def test_accept_of_the_rfc(self) -> None:
        """The example of RFC 6455, section 1.3; no extension is agreed to."""
        response = websocket.accept_response({**self.HEADERS, "sec-websocket-extensions": "permessage-deflate"})
        self.assertIn(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", response)
        self.assertNotIn(b"Extensions", response)

    def test_bad_openings(self) -> None:
        """Another version, no upgrade, a key that is none."""
        for change in (
            {"sec-websocket-version": "8"},
            {"connection": "close"},
            {"sec-websocket-key": "eA=="},
            {"sec-websocket-key": "***"},
        ):
            self.assertRaises(ValueError, websocket.accept_response, {**self.HEADERS, **change})


class ServerFrameTests(SynchronousTestCase):
    """What goes out."""

    def test_close_reason_is_cut_between_characters(self) -> None:
        """123 bytes fit; a character is never halved."""
        frame = websocket.close_frame(1008, "ü" * 100)
        self.assertEqual(len(frame), 2 + 2 + 122)
        self.assertEqual(frame[4:].decode(), "ü" * 61)


class StreamReaderTests(SynchronousTestCase):
    """Client bytes in, the stream of binary messages out."""

    def pieces(self, reader: StreamReader) -> bytes:
        found = b""
        while (event := reader.next_event()) is not None:
            if isinstance(event, bytes):
                found += event
        return found

    def test_every_split(self) -> None:
        """However bytes, frames and messages are cut, the same stream comes."""
        long = bytes(range(256)) * 3
        data = (
            client_frame(b"ab", 2, final=False)
            + client_frame(b"ping", 9)
            + client_frame(b"", 0, final=False)
            + client_frame(long, 0)
            + client_frame(b"c" * 70_000, 2)
        )
        for cut in (*range(40), 200, 700, 790, 1000, len(data) - 1):
            reader = StreamReader()
            reader.receive_data(data[:cut])
            stream = self.pieces(reader)
            for at in range(cut, len(data), 9973):
                reader.receive_data(data[at : at + 9973])
                stream += self.pieces(reader)
            self.assertEqual(stream, b"ab" + long + b"c" * 70_000)
            self.assertTrue(reader.is_between_messages)

    def test_control_frames_between_pieces(self) -> None:
        """They come in their place."""
        reader = StreamReader()
        reader.receive_data(client_frame(b"a", 2, final=False) + client_frame(b"?", 9) + client_frame(b"b", 0))
        reader.receive_data(client_frame(b"!", 10) + client_frame((1000).to_bytes(2, "big") + b"bye", 8))
        self.assertEqual(read_all(reader), [b"a", Ping(b"?"), b"b", Pong(b"!"), Close(1000, "bye")])

    def test_what_is_refused(self) -> None:
        """Text, a continuation of nothing, a message in a message, and what no client may send."""
        for data, code in (
            (client_frame(b"x", 1), websocket.UNSUPPORTED_DATA),
            (client_frame(b"x", 0), websocket.PROTOCOL_ERROR),
            (client_frame(b"x", 2, final=False) + client_frame(b"x", 2), websocket.PROTOCOL_ERROR),
            (b"\x82\x04abcd", websocket.PROTOCOL_ERROR),
            (b"\xc2\x80mask", websocket.PROTOCOL_ERROR),
            (client_frame(bytes(126), 9), websocket.PROTOCOL_ERROR),
        ):
            reader = StreamReader()
            reader.receive_data(data)
            self.assertEqual(self.assertRaises(WebSocketError, read_all, reader).code, code, data[:8])


class WholeFrameTests(SynchronousTestCase):
    def test_unmasks_what_a_client_masked(self) -> None:
        """Any length up to 16 bits and any mask give the payload back, with the bytes that were used."""
        for length in (0, 1, 3, 4, 125, 126, 127, 1000, 65535):
            data = bytes(index % 251 for index in range(length))
            frame = client_frame(data, 2, b"\xff\x00\xa5\x80")
            self.assertEqual(whole_frame(frame + b"next"), (data, len(frame)))

    def test_leaves_everything_else(self) -> None:
        """Frames cut short, fragments, control frames, text, unmasked and wastefully long heads are not taken."""
        whole = client_frame(b"hello", 2)
        wasteful = b"\x82\xfe\x00\x05" + whole[2:]
        for data in (
            *(whole[:end] for end in range(len(whole))),
            client_frame(b"hello", 2, final=False),
            client_frame(b"hello", 1),
            client_frame(b"hello", 9),
            client_frame(bytes(65536), 2),
            b"\x82\x05hello",
            wasteful,
        ):
            self.assertIsNone(whole_frame(data))


class ClientTests(SynchronousTestCase):
    """The client's half, against the server's."""

    def test_opening(self) -> None:
        """What a client asks the server accepts, and the client takes that answer and no other."""
        nonce = bytes(range(16))
        request = parse_head(websocket.opening_request("gw.example:18789", "/x?y=z", nonce).removesuffix(b"\r\n\r\n"))
        self.assertEqual((request.target, request.headers[b"host"]), (b"/x?y=z", b"gw.example:18789"))
        answer = websocket.accept_response({name.decode(): value.decode() for name, value in request.headers.items()})
        websocket.check_accepted(answer.removesuffix(b"\r\n\r\n"), nonce)
        for other in (answer.replace(b" 101 ", b" 403 "), b"SSH-2.0-OpenSSH", b""):
            self.assertRaises(ValueError, websocket.check_accepted, other, nonce)
        self.assertRaises(ValueError, websocket.check_accepted, answer, bytes(16))

    def test_frames(self) -> None:
        """Either side reads what the other writes, in all three forms of length; nobody his own."""
        for size in (0, 1, 125, 126, 65535, 65536):
            payload = bytes(index % 251 for index in range(size))
            theirs = websocket.client_frame(payload, b"\x01\xfe\x80\x00", websocket.BINARY)
            self.assertEqual(theirs, client_frame(payload, 2, b"\x01\xfe\x80\x00"))
            ours = websocket.frame(payload, websocket.BINARY)
            for data, masked in ((theirs, True), (ours, False)):
                reader = FrameReader(1 << 20, masked=masked)
                reader.receive_data(data)
                self.assertEqual(read_all(reader), [WholeMessage(payload)])
                wrong = FrameReader(1 << 20, masked=not masked)
                wrong.receive_data(data)
                self.assertRaises(WebSocketError, read_all, wrong)
