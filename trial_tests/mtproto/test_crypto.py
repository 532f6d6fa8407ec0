"""Ciphers, key derivation and Diffie-Hellman, against the page's worked example."""

import os
from hashlib import sha1

from twisted.trial import unittest

import gmpy2

from teamgram.mtproto.crypto import dh, kdf
from teamgram.mtproto.crypto.aes import CtrStream, ige_decrypt, ige_encrypt
from teamgram.mtproto.crypto.pq import make_pq
from trial_tests.mtproto import vectors

#: NIST SP 800-38A, F.5.5 (CTR-AES256.Encrypt), first two blocks.
CTR_KEY = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
CTR_COUNTER = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
CTR_PLAINTEXT = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
CTR_CIPHERTEXT = bytes.fromhex("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5")


class AesTests(unittest.SynchronousTestCase):
    """IGE and CTR."""

    def test_ige_gives_the_pages_bytes(self) -> None:
        """The example's client_DH_inner_data encrypts to the example's encrypted_data, and back."""
        plaintext = sha1(vectors.CLIENT_DH_INNER_DATA).digest() + vectors.CLIENT_DH_INNER_DATA
        plaintext += vectors.CLIENT_DH_PADDING
        encrypted = ige_encrypt(plaintext, vectors.TMP_AES_KEY, vectors.TMP_AES_IV)
        self.assertEqual(encrypted, vectors.CLIENT_DH_ENCRYPTED_DATA)
        self.assertEqual(ige_decrypt(encrypted, vectors.TMP_AES_KEY, vectors.TMP_AES_IV), plaintext)

    def test_ctr_runs_on_over_any_cut(self) -> None:
        """However the bytes are cut, the counter goes on where it was."""
        for cut in range(len(CTR_PLAINTEXT) + 1):
            stream = CtrStream(CTR_KEY, CTR_COUNTER)
            self.assertEqual(stream.update(CTR_PLAINTEXT[:cut]) + stream.update(CTR_PLAINTEXT[cut:]), CTR_CIPHERTEXT)


class KeyDerivationTests(unittest.SynchronousTestCase):
    """What is derived from keys and nonces."""

    def test_exchange_keys_are_the_pages(self) -> None:
        """tmp_aes_key and tmp_aes_iv of the example's nonces."""
        self.assertEqual(
            kdf.exchange_key_iv(vectors.NEW_NONCE, vectors.SERVER_NONCE), (vectors.TMP_AES_KEY, vectors.TMP_AES_IV)
        )

    def test_new_nonce_hash_is_the_pages(self) -> None:
        """new_nonce_hash1 of the example's key; 2 and 3 are others."""
        hashes = [kdf.new_nonce_hash(vectors.NEW_NONCE, number, vectors.AUTH_KEY) for number in (1, 2, 3)]
        self.assertEqual(hashes[0], vectors.NEW_NONCE_HASH1)
        self.assertEqual(len(set(hashes)), 3)

    def test_first_salt_is_the_xor_of_the_nonces(self) -> None:
        """The first eight bytes of both nonces, byte by byte, read as a signed number."""
        salt = bytes(a ^ b for a, b in zip(vectors.NEW_NONCE[:8], vectors.SERVER_NONCE[:8], strict=True))
        self.assertEqual(
            kdf.first_server_salt(vectors.NEW_NONCE, vectors.SERVER_NONCE),
            int.from_bytes(salt, "little", signed=True),
        )

    def test_key_id_and_aux_hash_are_the_two_ends_of_one_hash(self) -> None:
        """The id is the low half of the SHA1, the auxiliary hash the high one."""
        digest = sha1(vectors.AUTH_KEY).digest()
        self.assertEqual(kdf.auth_key_id(vectors.AUTH_KEY).to_bytes(8, "little", signed=True), digest[12:])
        self.assertEqual(kdf.auth_key_aux_hash(vectors.AUTH_KEY), digest[:8])


class DiffieHellmanTests(unittest.SynchronousTestCase):
    """The published group."""

    def test_the_examples_key_comes_out(self) -> None:
        """Its b gives its g_b, and with its g_a its auth_key."""
        self.assertEqual(dh.public_value(vectors.B), vectors.G_B)
        self.assertEqual(dh.shared_secret(vectors.G_A, vectors.B), vectors.AUTH_KEY)

    def test_the_prime_is_safe_and_the_generator_fits(self) -> None:
        """p and (p - 1) / 2 are prime, p has 2048 bits, and p mod 3 = 2 for g = 3."""
        self.assertEqual(dh.PRIME.bit_length(), 2048)
        self.assertTrue(gmpy2.is_prime(dh.PRIME))
        self.assertTrue(gmpy2.is_prime((dh.PRIME - 1) // 2))
        self.assertEqual((dh.GENERATOR, dh.PRIME % 3), (3, 2))

    def test_values_near_the_ends_are_refused(self) -> None:
        """2 ** 1984 from either end of the range is the border."""
        margin = 1 << 1984
        for value, good in (
            (0, False),
            (1, False),
            (dh.GENERATOR, False),
            (margin - 1, False),
            (margin, True),
            (dh.PRIME - margin, True),
            (dh.PRIME - margin + 1, False),
            (dh.PRIME - 1, False),
            (dh.PRIME, False),
        ):
            self.assertEqual(dh.is_public_value_good(value), good, value)

    def test_pairs_belong_together_and_are_used_once(self) -> None:
        """Each pair is g and its power, none comes twice, and a refill ends when the store is full."""
        pairs = dh.DhPairs(os.urandom, capacity=3)
        while pairs.refill():
            pass
        self.assertEqual(len(pairs), 3)
        taken = [pairs.take() for _ in range(5)]
        self.assertEqual(len({exponent for exponent, _ in taken}), 5)
        for exponent, g_a in taken:
            self.assertEqual(int.from_bytes(g_a), pow(dh.GENERATOR, exponent, dh.PRIME))
            self.assertEqual(exponent.bit_length(), dh.EXPONENT_BITS)


class PQTests(unittest.SynchronousTestCase):
    """The product that clients take apart."""

    def test_both_factors_are_primes_of_four_bytes(self) -> None:
        """kurigram writes each factor as four bytes; the page wants p < q and pq below 2 ** 63."""
        for _ in range(50):
            pq, p, q = make_pq(os.urandom)
            self.assertEqual((len(pq), len(p), len(q)), (8, 4, 4))
            low, high = int.from_bytes(p), int.from_bytes(q)
            self.assertLess(low, high)
            self.assertTrue(p[0] and gmpy2.is_prime(low) and gmpy2.is_prime(high))
            self.assertEqual(int.from_bytes(pq), low * high)
            self.assertLess(low * high, 1 << 63)
