"""Requests as values and the words for what is wrong with them."""

import json

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.frames import Malformed, NotJson, Request, decode_json, decode_request


class DecodeTests(SynchronousTestCase):
    """Messages of clients."""

    def test_request(self) -> None:
        """Parameters may be absent; the optional properties of newer clients are taken."""
        self.assertEqual(frames.decode_request(b'{"type":"req","id":"a","method":"health"}').params, None)
        request = frames.decode_request(
            b'{"type":"req","id":"a","method":"m","params":{"x":[1]},"traceparent":"t","expectedProfileId":"p"}'
        )
        assert isinstance(request, Request)
        self.assertEqual((request.method, request.params), ("m", {"x": [1]}))

    def problem(self, value: object) -> Malformed:
        found = frames.decode_request(json.dumps(value).encode())
        assert isinstance(found, Malformed)
        return found

    def test_wordings(self) -> None:
        """The texts that the reference gateway was recorded with."""
        for value, request_id, text in (
            ({"type": "req", "id": 7, "method": "health"}, 7, "at /id: must be string"),
            ({"type": "req", "id": "zz", "method": "health", "bogus": 1}, "zz", "at root: unexpected property 'bogus'"),
            ({"foo": 1}, "invalid", "must have required property 'type'; at root: unexpected property 'foo'"),
            ({"type": "req", "id": "", "method": "x"}, "invalid", "at /id: must not have fewer than 1 characters"),
            ([], "invalid", "must be object"),
        ):
            found = self.problem(value)
            self.assertEqual((found.id, found.problem), (request_id, text))

    def test_no_json(self) -> None:
        """Text, cut JSON, and nesting without end."""
        for payload in (b"hello", b'{"type":', b"", b"[" * 100_000):
            self.assertRaises(NotJson, frames.decode_request, payload)


class HalfPairTests(SynchronousTestCase):
    """JavaScript escapes half a surrogate pair alone; nobody waits for an answer in vain because of that."""

    def test_taken(self) -> None:
        """Half a pair is U+FFFD; whole pairs and escaped backslashes are what they were."""
        params = rb'{"a":"hi \ud83d","b":"\ud83d\ude00 \\ud83d","c":"\uDE00\uD83D"}'
        request = decode_request(b'{"type":"req","id":"7","method":"x","params":' + params + b"}")
        assert isinstance(request, Request)
        self.assertEqual(request.id, "7")
        expected = {"a": "hi \ufffd", "b": "\U0001f600 \\ud83d", "c": "\ufffd\ufffd"}
        self.assertEqual(request.params, expected)
        self.assertEqual(decode_json(rb'["\udfff"]'), ["\ufffd"])

    def test_still_no_json(self) -> None:
        """What is no JSON beside that stays none."""
        for frame in (rb'{"a":"\ud83d"', rb'"\ud83"', rb'{"id":"\ud83d\x"}', rb"\ud83d", b'"\xff\\ud83d"'):
            with self.assertRaises(NotJson, msg=str(frame)):
                decode_request(frame)


class EncodeTests(SynchronousTestCase):
    """Frames of the server."""

    def test_event(self) -> None:
        """A head is closed with the number, and the versions where the event has them."""
        head = frames.encode_event_head("tick", {"ts": 1})
        self.assertEqual(
            json.loads(b"7".join(frames.event_ends(head))),
            {"type": "event", "event": "tick", "payload": {"ts": 1}, "seq": 7},
        )
        versioned = b"8".join(frames.event_ends(head, frames.encode_state_version(3, 4)))
        self.assertEqual(json.loads(versioned)["stateVersion"], {"presence": 3, "health": 4})
