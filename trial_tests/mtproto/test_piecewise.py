"""Frames opened and sealed in pieces: the same as in one go, whatever their length."""

import os
from struct import pack

from twisted.trial import unittest

from teamgram.mtproto.envelope import (
    CLEAR_BYTES,
    MIN_PADDING,
    AuthKey,
    EnvelopeError,
    decrypt,
    encrypt,
    quick_ack_token,
)
from teamgram.mtproto.piecewise import HASHED_BYTES, PIECE_BYTES, FrameOpening, FrameSealing
from trial_tests.mtproto import vectors
from trial_tests.mtproto.test_envelope import payload_of
from trial_tests.peer.envelope import open_frame, seal_payload

KEY = AuthKey(vectors.AUTH_KEY)
SALT, SESSION_ID = -5, 6
SERVER_MSG_ID = 0x65ABC0FC00000001

ABOUT = (0, 16, PIECE_BYTES - 64, PIECE_BYTES - 32, PIECE_BYTES, PIECE_BYTES + 16, 3 * PIECE_BYTES, 512 * 1024 + 36)
"""Lengths of bodies, among them those whose padding lies across the end of a piece."""


def opened(frame: bytes) -> tuple[int, int, bytes]:
    """All steps, then what came of them."""
    opening = FrameOpening(KEY, frame)
    while opening.step():
        pass
    return opening.opened()


class OpeningTests(unittest.SynchronousTestCase):
    """``FrameOpening``."""

    def test_as_in_one_go(self) -> None:
        """Salt, session and payload, at every length about a piece's and with every length of padding."""
        for size in ABOUT:
            payload = payload_of(os.urandom(size))
            least = MIN_PADDING + (-(16 + len(payload) + MIN_PADDING) & 15)
            for padding in (least, least + 16, least + 496, least + 992):
                frame, _ = seal_payload(KEY, SALT, SESSION_ID, payload, padding=os.urandom(padding))
                self.assertTrue(decrypt(KEY, frame) == opened(frame) == (SALT, SESSION_ID, payload), (size, padding))

    def test_one_step_is_one_piece(self) -> None:
        """So a turn is short however long the frame."""
        frame = seal_payload(KEY, SALT, SESSION_ID, payload_of(os.urandom(10 * PIECE_BYTES))).frame
        opening = FrameOpening(KEY, frame)
        steps = 1
        while opening.step():
            steps += 1
        self.assertEqual(steps, 11)

    def test_quick_ack(self) -> None:
        """The token that the client computed, without another decryption."""
        frame, token = seal_payload(KEY, SALT, SESSION_ID, payload_of(os.urandom(3 * PIECE_BYTES)))
        opening = FrameOpening(KEY, frame)
        while opening.step():
            pass
        self.assertEqual(opening.quick_ack_token(), token)
        self.assertEqual(opening.quick_ack_token(), quick_ack_token(KEY, frame))

    def test_a_byte_changed_anywhere(self) -> None:
        """In the first piece, at the seams and in the last one: no message."""
        frame = seal_payload(KEY, SALT, SESSION_ID, payload_of(os.urandom(3 * PIECE_BYTES))).frame
        seam = CLEAR_BYTES + PIECE_BYTES
        for at in (8, CLEAR_BYTES, seam - 1, seam, 2 * PIECE_BYTES, len(frame) - 1):
            changed = bytearray(frame)
            changed[at] ^= 1
            self.assertRaises(EnvelopeError, opened, bytes(changed))

    def test_lengths_that_do_not_fit(self) -> None:
        """What is no whole blocks is refused before a step; what says a wrong length, after the last."""
        frame = seal_payload(KEY, SALT, SESSION_ID, payload_of(os.urandom(PIECE_BYTES))).frame
        self.assertRaises(EnvelopeError, FrameOpening, KEY, frame[:-1])
        self.assertRaises(EnvelopeError, FrameOpening, KEY, frame[: CLEAR_BYTES + 32])
        for length in (-4, 3, PIECE_BYTES - 1100, PIECE_BYTES + 8):
            wrong = seal_payload(KEY, SALT, SESSION_ID, payload_of(os.urandom(PIECE_BYTES), length)).frame
            with self.assertRaises(EnvelopeError):
                opened(wrong)


class SealingTests(unittest.SynchronousTestCase):
    """``FrameSealing``."""

    def test_as_in_one_go(self) -> None:
        """The same bytes as ``encrypt`` makes with the same padding; the client opens it."""
        for size in (*ABOUT, HASHED_BYTES, HASHED_BYTES - 60, 1 << 20):
            body = os.urandom(size)
            payload = pack("<qii", SERVER_MSG_ID, 1, size) + body
            sealing = FrameSealing(KEY, SALT, SESSION_ID, payload, bytes)
            while sealing.step():
                pass
            frame = sealing.sealed()
            self.assertTrue(frame == encrypt(KEY, SALT, SESSION_ID, payload, bytes), size)
            self.assertTrue(open_frame(KEY, frame) == (SALT, SESSION_ID, SERVER_MSG_ID, 1, body), size)

    def test_one_step_is_one_piece(self) -> None:
        """Hash and cipher each."""
        sealing = FrameSealing(KEY, SALT, SESSION_ID, payload_of(bytes(10 * PIECE_BYTES)))
        steps = 1
        while sealing.step():
            steps += 1
        self.assertEqual(steps, 3 + 11)
