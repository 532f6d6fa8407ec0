"""One encoded object with many receivers' numbers in it."""

import os

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.mtproto.tl import TLError, decode, encode, registry, tl
from teamgram.mtproto.tl.places import MAX_NUMBERS, Places, fill, find_places, find_secret, marks, secret_marks

INT = st.integers(-(2**31), 2**31 - 1)
LAYERS = [layer for layer in registry.layers if layer >= 158]


def drawn(text: str, numbers: tuple[int, ...], layer: int = LAYERS[-1]) -> bytes:
    """An updateNewMessage with an id, the id it answers, and pts."""
    message_id, reply_to_id, pts = numbers
    header = tl.messageReplyHeader(reply_to_msg_id=reply_to_id)
    peer = tl.peerChat(chat_id=5)
    message = tl.message(id=message_id, peer_id=peer, reply_to=header, date=1, message=text)
    return encode(tl.updateNewMessage(message=message, pts=pts, pts_count=1), layer)


def template(text: str, layer: int = LAYERS[-1]) -> tuple[bytes, Places]:
    first = drawn(text, marks(3), layer)
    return first, find_places(first, drawn(text, marks(3, second=True), layer))


class PlacesTests(SynchronousTestCase):
    @settings(max_examples=60, deadline=None)
    @given(
        text=st.text() | st.sampled_from([2 * "\x01\x01\x01\x01", "AAAA" * 3, "BBBB\x02\x02\x02\x02"]),
        numbers=st.tuples(INT, INT, INT),
        layer=st.sampled_from(LAYERS),
    )
    def test_filled_as_if_drawn(self, text: str, numbers: tuple[int, int, int], layer: int) -> None:
        """With numbers filled in, the bytes are those of the object with these numbers, whatever its text."""
        body, places = template(text, layer)
        self.assertEqual(fill(body, places, numbers), drawn(text, numbers, layer))

    def test_marks(self) -> None:
        """No two marks share a byte at the same place, so none is taken for another."""
        first, second = marks(MAX_NUMBERS), marks(MAX_NUMBERS, second=True)
        self.assertEqual(len({*first, *second}), 2 * MAX_NUMBERS)
        for mark in (*first, *second):
            self.assertTrue(0 < mark < 2**31)
            self.assertEqual(len(set(mark.to_bytes(4, "little"))), 1)
        self.assertRaises(ValueError, marks, MAX_NUMBERS + 1)

    def test_other_differences(self) -> None:
        """Two encodings that differ in more than their marks are refused."""
        body = drawn("text", marks(3))
        for other in (drawn("tent", marks(3, second=True)), drawn("longer text", marks(3)), body[:-3]):
            self.assertRaises(TLError, find_places, body, other)

    def test_the_same_for_all(self) -> None:
        """Without marks there is nothing to fill."""
        body = encode(tl.updateShort(update=tl.updateLoginToken(), date=1))
        self.assertEqual(find_places(body, body), ())
        self.assertEqual(decode(fill(body, (), ())).date, 1)


class SecretMarksTests(SynchronousTestCase):
    """Places found in one encoding."""

    def test_the_same_places(self) -> None:
        """They are those that two encodings show."""
        secret = secret_marks(os.urandom)
        self.assertEqual(len(set(secret)), MAX_NUMBERS)
        self.assertTrue(all(0 < mark < 2**31 for mark in secret))
        found = find_secret(drawn("text", secret[:3]), secret[:3])
        self.assertEqual(found, template("text")[1])

    def test_not_sure(self) -> None:
        """A mark that is not there, or that is there twice, says nothing."""
        secret = secret_marks(os.urandom)
        body = drawn("text", secret[:3])
        self.assertIsNone(find_secret(body, secret[:4]))
        self.assertIsNone(find_secret(body + body[:4] + secret[1].to_bytes(4, "little"), secret[:3]))
        self.assertIsNone(find_secret(body + b"x" + secret[1].to_bytes(4, "little"), secret[:3]))
        self.assertIsNone(find_secret(drawn("text", (secret[0], secret[0], secret[2])), secret[:3]))
