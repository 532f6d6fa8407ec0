"""The RSA key and both forms of wrapping the inner data."""

import os
from hashlib import sha1

from twisted.trial import unittest

from cryptography.hazmat.primitives.asymmetric import rsa

from teamgram.mtproto.crypto.rsa import (
    RsaKeyError,
    RsaPrivateKey,
    RsaPublicKey,
    has_top_nibble,
    split_hashed,
    undo_rsa_pad,
)
from trial_tests.mtproto import vectors

#: A key of Telegram's and its fingerprint, from kurigram 2.2.26, ``pyrogram/crypto/rsa.py``.
TELEGRAM_N = int(
    "C150023E2F70DB7985DED064759CFECF0AF328E69A41DAF4D6F01B538135A6F9"
    "1F8F8B2A0EC9BA9720CE352EFCF6C5680FFC424BD634864902DE0B4BD6D49F4E"
    "580230E3AE97D95C8B19442B3C0A10D8F5633FECEDD6926A7F6DAB0DDB7D457F"
    "9EA81B8465FCD6FFFEED114011DF91C059CAEDAF97625F6C96ECC74725556934"
    "EF781D866B34F011FCE4D835A090196E9A5F0E4449AF7EB697DDB9076494CA5F"
    "81104A305B6DD27665722C46B60E5DF680FB16B210607EF217652E60236C255F"
    "6A28315F4083A96791D7214BF64C1DF4FD0DB1944FB26A2A57031B32EEE64AD1"
    "5A8BA68885CDE74A5BFC920F6ABF59BA5C75506373E7130F9042DA922179251F",
    16,
)
TELEGRAM_FINGERPRINT = 0xC3B42B026CE86B21 - (1 << 64)

KEY = RsaPrivateKey.generate()


class KeyTests(unittest.SynchronousTestCase):
    """Keys, their files and fingerprints."""

    def test_fingerprint_is_the_one_clients_know(self) -> None:
        """Telegram's own key gets the fingerprint that clients have for it."""
        self.assertEqual(RsaPublicKey(TELEGRAM_N, 65537).fingerprint, TELEGRAM_FINGERPRINT)

    def test_pem_forms_come_back(self) -> None:
        """The private and the public file hold the same key, in PKCS#1."""
        private, public = KEY.private_pem(), KEY.public_pem()
        self.assertTrue(private.startswith(b"-----BEGIN RSA PRIVATE KEY-----"))
        self.assertTrue(public.startswith(b"-----BEGIN RSA PUBLIC KEY-----"))
        self.assertEqual(RsaPrivateKey.from_pem(private).fingerprint, KEY.fingerprint)
        self.assertEqual(RsaPublicKey.from_pem(public).fingerprint, KEY.fingerprint)

    def test_a_made_keys_fingerprint_begins_with_no_zero(self) -> None:
        """mtcute would not find it otherwise."""
        self.assertTrue(has_top_nibble(KEY.fingerprint))
        self.assertNotEqual(f"{KEY.fingerprint & (1 << 64) - 1:016x}"[0], "0")
        self.assertFalse(has_top_nibble(0x0FFF_FFFF_FFFF_FFFF))
        self.assertTrue(has_top_nibble(-1))

    def test_files_that_hold_no_such_key_are_refused(self) -> None:
        """Noise, a public key where a private one belongs, and another size."""
        short = rsa.generate_private_key(65537, 1024)
        for pem in (b"", b"noise", KEY.public_pem()):
            self.assertRaises(RsaKeyError, RsaPrivateKey.from_pem, pem)
        self.assertRaises(RsaKeyError, RsaPrivateKey, short)
        self.assertRaises(RsaKeyError, RsaPublicKey.from_pem, KEY.private_pem())

    def test_a_key_does_not_show_itself(self) -> None:
        """Its repr may be logged."""
        self.assertEqual(repr(KEY), f"<RsaPrivateKey {KEY.fingerprint}>")


class PaddingTests(unittest.SynchronousTestCase):
    """RSA_PAD and the form with SHA1."""

    def test_rsa_pad_comes_back(self) -> None:
        """What a client wraps, up to 144 bytes, is the beginning of the 192 that are found."""
        for size in (0, 1, len(vectors.P_Q_INNER_DATA_DC), 144):
            data = os.urandom(size)
            block = KEY.decrypt(KEY.public.encrypt_padded(data, os.urandom))
            assert block is not None
            padded = undo_rsa_pad(block)
            assert padded is not None
            self.assertEqual((len(padded), padded[:size]), (192, data))
        self.assertRaises(ValueError, KEY.public.encrypt_padded, bytes(145), os.urandom)

    def test_the_older_form_is_told_apart(self) -> None:
        """Its block is no RSA_PAD, and splits into the SHA1 and the data."""
        data = os.urandom(100)
        block = KEY.decrypt(KEY.public.encrypt_hashed(data, os.urandom))
        assert block is not None
        self.assertIsNone(undo_rsa_pad(block))
        split = split_hashed(block)
        assert split is not None
        self.assertEqual((split[0], split[1][:100], len(split[1])), (sha1(data).digest(), data, 235))
        self.assertRaises(ValueError, KEY.public.encrypt_hashed, bytes(236), os.urandom)

    def test_any_changed_bit_breaks_rsa_pad(self) -> None:
        """The hash covers every byte of the block."""
        block = KEY.decrypt(KEY.public.encrypt_padded(b"data", os.urandom))
        assert block is not None
        for at in range(0, 256, 5):
            self.assertIsNone(undo_rsa_pad(block[:at] + bytes((block[at] ^ 1,)) + block[at + 1 :]))

    def test_what_is_no_block_of_the_key_is_refused(self) -> None:
        """Another length, or a number not below the modulus."""
        for encrypted in (b"", bytes(255), bytes(257), b"\xff" * 256, int(KEY.public.n).to_bytes(256)):
            self.assertIsNone(KEY.decrypt(encrypted))

    def test_extreme_numbers_are_decrypted(self) -> None:
        """0, 1 and n - 1 are their own roots; nothing is special about them."""
        n = int(KEY.public.n)
        for number in (0, 1, n - 1):
            self.assertEqual(KEY.decrypt(number.to_bytes(256)), number.to_bytes(256))
