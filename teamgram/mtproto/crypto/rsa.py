"""The server's RSA key: PEM, fingerprint, and both paddings that clients use.

RSA_PAD: "Creating an Authorization Key", step 4.1. The older form is
SHA1(data) + data + random bytes to 255 (Telethon, kurigram and Pyrogram still
send it), so one key must take both.
"""

import secrets
from collections.abc import Callable
from hashlib import sha1, sha256
from hmac import compare_digest
from struct import pack

import gmpy2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from teamgram.mtproto.crypto.aes import ige_decrypt, ige_encrypt

KEY_BITS = 2048
BLOCK_BYTES = KEY_BITS // 8
_ZERO_IV = bytes(32)
#: RSA_PAD carries data_with_padding (192) and its SHA256 (32) behind a 32-byte key.
PAD_DATA_BYTES = 192
#: RSA_PAD allows at most this much data.
MAX_DATA_BYTES = 144


class RSAError(Exception):
    """No RSA key, or a ciphertext that is not of this key in either form."""


def fingerprint(modulus: int, exponent: int) -> int:
    """The low 64 bits of SHA1 over the TL strings of n and e, as a signed int."""
    digest = sha1(_tl_bytes(modulus) + _tl_bytes(exponent)).digest()
    return int.from_bytes(digest[-8:], "little", signed=True)


def _tl_bytes(number: int) -> bytes:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    head = bytes([len(raw)]) if len(raw) < 254 else b"\xfe" + pack("<I", len(raw))[:3]
    return head + raw + bytes(-(len(head) + len(raw)) % 4)


class PublicKey:
    """What a client holds."""

    def __init__(self, modulus: int, exponent: int) -> None:
        self.modulus = gmpy2.mpz(modulus)
        self.exponent = gmpy2.mpz(exponent)
        self.fingerprint = fingerprint(modulus, exponent)

    @classmethod
    def from_pem(cls, pem: str) -> "PublicKey":
        """Read PKCS#1 or SubjectPublicKeyInfo PEM.

        Raises:
            RSAError: it is neither, or no RSA key.
        """
        try:
            key = serialization.load_pem_public_key(pem.encode())
        except ValueError as error:
            raise RSAError(f"no public key: {error}") from None
        if not isinstance(key, rsa.RSAPublicKey):
            raise RSAError("the public key is no RSA key")
        numbers = key.public_numbers()
        return cls(numbers.n, numbers.e)

    def encrypt_block(self, block: bytes) -> bytes:
        """Raw RSA of a big-endian number below the modulus; 256 bytes."""
        number = int(gmpy2.powmod(int.from_bytes(block, "big"), self.exponent, self.modulus))
        return number.to_bytes(BLOCK_BYTES, "big")

    def encrypt_pad(self, data: bytes, random: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
        """RSA_PAD of at most 144 bytes."""
        if len(data) > MAX_DATA_BYTES:
            raise RSAError(f"RSA_PAD carries {MAX_DATA_BYTES} bytes, not {len(data)}")
        padded = data + random(PAD_DATA_BYTES - len(data))
        while True:
            temp_key = random(32)
            with_hash = padded[::-1] + sha256(temp_key + padded).digest()
            encrypted = ige_encrypt(with_hash, temp_key, _ZERO_IV)
            temp_key_xor = _xor(temp_key, sha256(encrypted).digest())
            block = temp_key_xor + encrypted
            if int.from_bytes(block, "big") < self.modulus:
                return self.encrypt_block(block)

    def encrypt_sha1(self, data: bytes, random: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
        """The older form, of at most 235 bytes."""
        return self.encrypt_block(sha1(data).digest() + data + random(235 - len(data)))


class PrivateKey:
    """The server's key, with what the Chinese remainder theorem needs ready."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        if key.key_size != KEY_BITS:
            raise RSAError(f"the key has {key.key_size} bits; clients expect {KEY_BITS}")
        self._key = key
        numbers = key.private_numbers()
        self._p, self._q = gmpy2.mpz(numbers.p), gmpy2.mpz(numbers.q)
        self._dp, self._dq = gmpy2.mpz(numbers.dmp1), gmpy2.mpz(numbers.dmq1)
        self._q_inverse = gmpy2.mpz(numbers.iqmp)
        public = numbers.public_numbers
        self.public = PublicKey(public.n, public.e)

    def __repr__(self) -> str:
        return f"<PrivateKey {self.fingerprint}>"

    @property
    def fingerprint(self) -> int:
        """See :func:`fingerprint`."""
        return self.public.fingerprint

    @classmethod
    def generate(cls) -> "PrivateKey":
        """A new key whose fingerprint every client can find.

        mtcute 0.30 compares fingerprints as unpadded hexadecimal, so one whose
        top nibble is 0 is never found by it: such keys are thrown away.
        """
        while True:
            key = cls(rsa.generate_private_key(65537, KEY_BITS))
            if (key.fingerprint >> 60) & 0xF:
                return key

    @classmethod
    def from_pem(cls, pem: str) -> "PrivateKey":
        """Read PKCS#1 or PKCS#8 PEM.

        Raises:
            RSAError: it is neither, or no RSA key of 2048 bits.
        """
        try:
            key = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError) as error:
            raise RSAError(f"no private key: {error}") from None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise RSAError("the private key is no RSA key")
        return cls(key)

    def private_pem(self) -> str:
        """PKCS#1, unencrypted."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    def public_pem(self) -> str:
        """PKCS#1: what clients' key lists hold."""
        return (
            self._key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode()
        )

    def decrypt_block(self, encrypted: bytes) -> bytes:
        """Raw RSA, 256 bytes big-endian.

        Raises:
            RSAError: not 256 bytes, or a number not below the modulus.
        """
        number = gmpy2.mpz(int.from_bytes(encrypted, "big"))
        if len(encrypted) != BLOCK_BYTES or number >= self.public.modulus:
            raise RSAError("encrypted_data is no block of this key")
        a = gmpy2.powmod(number, self._dp, self._p)
        b = gmpy2.powmod(number, self._dq, self._q)
        h = self._q_inverse * (a - b) % self._p
        return int(b + h * self._q).to_bytes(BLOCK_BYTES, "big")

    def decrypt(self, encrypted: bytes) -> tuple[bytes, bool]:
        """(data with its trailing padding, whether it was RSA_PAD).

        Undoes RSA_PAD first and takes the older form when its SHA256 does not
        fit. For the older form the caller knows where the data ends and checks
        it with :func:`sha1_fits`.

        Raises:
            RSAError: neither form.
        """
        block = self.decrypt_block(encrypted)
        temp_key = _xor(block[:32], sha256(block[32:]).digest())
        with_hash = ige_decrypt(block[32:], temp_key, _ZERO_IV)
        padded = with_hash[:PAD_DATA_BYTES][::-1]
        if compare_digest(sha256(temp_key + padded).digest(), with_hash[PAD_DATA_BYTES:]):
            return padded, True
        if block[0] == 0:
            return block[1:], False
        raise RSAError("encrypted_data is neither RSA_PAD nor SHA1 + data")


def sha1_fits(block: bytes, length: int) -> bytes:
    """The ``length`` bytes of data of an older-form block.

    Raises:
        RSAError: their SHA1 is not the one in front of them.
    """
    data = block[20 : 20 + length]
    if not compare_digest(sha1(data).digest(), block[:20]):
        raise RSAError("the SHA1 of the inner data does not fit")
    return data


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")
