"""The envelope: our client's against the server's, and what the server refuses."""

import os
from struct import pack

from twisted.trial import unittest

from hypothesis import given
from hypothesis import strategies as st

from teamgram.mtproto.envelope import (
    AuthKey,
    EnvelopeError,
    PaddingBytes,
    auth_key_id_of,
    decrypt,
    encrypt,
    pack_plain,
    quick_ack_token,
    unpack_plain,
)
from trial_tests.mtproto import vectors
from trial_tests.peer.envelope import open_frame, seal_payload

KEY = AuthKey(vectors.AUTH_KEY)
SALT, SESSION_ID = -0x1234567890ABCDEF, 0x0FEDCBA098765432


def payload_of(body: bytes, length: int | None = None) -> bytes:
    """msg_id, seq_no, length (or a wrong one) and the body."""
    return pack("<qii", 0x65ABC0FC00000000, 1, len(body) if length is None else length) + body


class BothWaysTests(unittest.SynchronousTestCase):
    """What one end seals the other opens."""

    @given(st.integers(0, 200), st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
    def test_from_client_to_server(self, words: int, salt: int, session_id: int) -> None:
        """Salt, session and payload come out as they went in, the padding is gone."""
        payload = payload_of(os.urandom(4 * words))
        frame, _ = seal_payload(KEY, salt, session_id, payload)
        self.assertEqual(auth_key_id_of(frame), KEY.auth_key_id)
        self.assertEqual(decrypt(KEY, frame), (salt, session_id, payload))

    @given(st.integers(0, 200))
    def test_from_server_to_client(self, words: int) -> None:
        """The client's checks (padding, lengths, msg_key) hold."""
        body = os.urandom(4 * words)
        payload = pack("<qii", 0x65ABC0FC00000001, 1, len(body)) + body
        opened = open_frame(KEY, encrypt(KEY, SALT, SESSION_ID, payload))
        self.assertEqual(opened, (SALT, SESSION_ID, 0x65ABC0FC00000001, 1, body))

    def test_quick_ack_token_is_what_the_client_computed(self) -> None:
        """Four bytes, the top bit of the last one set."""
        for _ in range(20):
            frame, token = seal_payload(KEY, SALT, SESSION_ID, payload_of(os.urandom(32)))
            self.assertEqual(quick_ack_token(KEY, frame), token)
            self.assertTrue(token[3] & 0x80)

    def test_a_key_does_not_show_itself(self) -> None:
        """Its repr may be logged."""
        self.assertEqual(repr(KEY), f"<AuthKey {KEY.auth_key_id}>")
        self.assertRaises(ValueError, AuthKey, bytes(255))


class PaddingBytesTests(unittest.SynchronousTestCase):
    """The supply that paddings come from."""

    def test_no_byte_twice(self) -> None:
        """What is given out is what the system gave, in order, each byte once; a piece that is over is let go."""
        given: list[bytes] = []

        def system(size: int) -> bytes:
            given.append(os.urandom(size))
            return given[-1]

        padding = PaddingBytes(system)
        pieces = [padding(12 + number % 16) for number in range(1000)]
        self.assertTrue(all(len(piece) == 12 + number % 16 for number, piece in enumerate(pieces)))
        self.assertLess(len(given), 10)
        at = 0
        everything = b"".join(given)
        for piece in pieces:
            found = everything.index(piece, at)
            at = found + len(piece)

    def test_more_than_the_supply(self) -> None:
        """As much as is asked for."""
        self.assertEqual(len(PaddingBytes()(10_000)), 10_000)


class RefusalTests(unittest.SynchronousTestCase):
    """What is no message under the key."""

    def refused(self, frame: bytes) -> None:
        self.assertRaises(EnvelopeError, decrypt, KEY, frame)

    def test_padding_must_be_12_to_1024_bytes(self) -> None:
        """One block less or more on either side."""
        payload = payload_of(bytes(20))  # with salt and session 52 bytes: padding is 12 + 16n
        for padding, good in ((12, True), (1020, True), (1036, False)):
            frame, _ = seal_payload(KEY, SALT, SESSION_ID, payload, padding=bytes(padding))
            if good:
                self.assertEqual(decrypt(KEY, frame)[2], payload)
            else:
                self.refused(frame)
        for body, padding in ((24, 8), (28, 4), (32, 0), (32, 1040)):
            self.refused(seal_payload(KEY, SALT, SESSION_ID, payload_of(bytes(body)), padding=bytes(padding)).frame)
        exact = seal_payload(KEY, SALT, SESSION_ID, payload_of(bytes(32)), padding=bytes(1024)).frame
        self.assertEqual(len(decrypt(KEY, exact)[2]), 48)

    def test_the_length_must_be_whole_words_and_fit(self) -> None:
        """Negative, odd, too small for the padding, beyond the frame."""
        for length in (-1, -4, -(2**31), 1, 2, 3, 31, 40, 48, 1000, 2**31 - 1):
            self.refused(seal_payload(KEY, SALT, SESSION_ID, payload_of(bytes(32), length)).frame)

    def test_any_changed_byte_is_noticed(self) -> None:
        """In msg_key or in the ciphertext."""
        frame, _ = seal_payload(KEY, SALT, SESSION_ID, payload_of(bytes(32)))
        for at in range(8, len(frame)):
            self.refused(frame[:at] + bytes((frame[at] ^ 0x40,)) + frame[at + 1 :])

    def test_another_key_or_direction_does_not_open(self) -> None:
        """Also not what the server itself has sealed: no reflection."""
        other = AuthKey(os.urandom(256))
        frame, _ = seal_payload(other, SALT, SESSION_ID, payload_of(bytes(32)))
        self.refused(frame)
        self.refused(encrypt(KEY, SALT, SESSION_ID, payload_of(bytes(32))))

    @given(st.binary(max_size=300))
    def test_noise_is_refused(self, noise: bytes) -> None:
        """Of any length, with the key's id before it."""
        self.refused(KEY.id_bytes + noise)
        self.refused(noise)

    def test_a_frame_too_short_for_a_key_id(self) -> None:
        """It names nothing."""
        for size in range(8):
            self.assertRaises(EnvelopeError, auth_key_id_of, bytes(size))


class PlainTests(unittest.SynchronousTestCase):
    """Unencrypted messages."""

    def test_the_pages_request(self) -> None:
        """The example's first payload unpacks, and packs to the same bytes."""
        msg_id, body = unpack_plain(vectors.REQ_PQ_MULTI_FRAME)
        self.assertEqual((msg_id, body[4:]), (vectors.REQ_PQ_MULTI_MSG_ID, vectors.NONCE))
        self.assertEqual(pack_plain(msg_id, body), vectors.REQ_PQ_MULTI_FRAME)

    def test_bytes_behind_the_length_are_the_transports(self) -> None:
        """What the padded transport leaves is cut off."""
        self.assertEqual(unpack_plain(vectors.REQ_PQ_MULTI_FRAME + b"pad")[1], vectors.REQ_PQ_MULTI_FRAME[20:])

    def test_lengths_that_do_not_fit(self) -> None:
        """Beyond the frame, none, negative, part words, a key id."""
        for length in (0, -4, 1, 3, 6, 24, 2**31 - 1, -(2**31)):
            self.assertRaises(EnvelopeError, unpack_plain, pack("<qqi", 0, 4, length) + bytes(20))
        self.assertRaises(EnvelopeError, unpack_plain, pack("<qqi", 1, 4, 20) + bytes(20))

    @given(st.binary(max_size=60))
    def test_noise(self, noise: bytes) -> None:
        """An EnvelopeError or a body within what came."""
        try:
            _, body = unpack_plain(noise)
        except EnvelopeError:
            return
        self.assertIn(body, noise)
