"""The server's RSA key, and the two ways in which clients wrap their first secret with it.

Page: "Creating an Authorization Key": fingerprints (step 2) and RSA_PAD
(step 4.1). The older form, SHA1 of the data before it, is no longer on that
page but Telethon and kurigram write nothing else.
"""

from collections.abc import Callable
from hashlib import sha1, sha256
from hmac import compare_digest
from struct import Struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from teamgram.mtproto.crypto.aes import ige_decrypt, ige_encrypt

KEY_BITS = 2048
KEY_BYTES = KEY_BITS // 8
PUBLIC_EXPONENT = 65537

#: RSA_PAD: the data may be so long, and is padded to so many bytes.
MAX_PADDED_DATA_BYTES = 144
PADDED_DATA_BYTES = 192
#: The older form: 255 bytes, of which SHA1 takes 20.
MAX_HASHED_DATA_BYTES = 235

_TEMP_KEY_BYTES = 32
_SHA1_BYTES = 20
_ZERO_IV = bytes(32)
_LONG = Struct("<q")


class RsaKeyError(ValueError):
    """A file that holds no RSA key we can use."""


class RsaPublicKey:
    """What clients have of a key.

    Attributes:
        fingerprint: 64 lower-order bits of SHA1 over n and e as TL strings, signed.
    """

    def __init__(self, n: int, e: int) -> None:
        self.n = n
        self.e = e
        self.fingerprint: int = _LONG.unpack_from(sha1(_tl_string(n) + _tl_string(e)).digest(), 12)[0]

    @classmethod
    def from_pem(cls, pem: bytes) -> "RsaPublicKey":
        """Read a PKCS#1 or SubjectPublicKeyInfo PEM.

        Raises:
            RsaKeyError: it holds no RSA public key.
        """
        try:
            key = serialization.load_pem_public_key(pem)
        except ValueError as error:
            raise RsaKeyError("no public key in PEM form") from error
        if not isinstance(key, rsa.RSAPublicKey):
            raise RsaKeyError("not an RSA key")
        numbers = key.public_numbers()
        return cls(numbers.n, numbers.e)

    def encrypt_padded(self, data: bytes, random: Callable[[int], bytes]) -> bytes:
        """RSA_PAD(data, this key): 256 bytes.

        Args:
            data: at most 144 bytes.
        """
        if len(data) > MAX_PADDED_DATA_BYTES:
            raise ValueError(f"{len(data)} bytes are too many for RSA_PAD")
        padded = data + random(PADDED_DATA_BYTES - len(data))
        while True:
            temp_key = random(_TEMP_KEY_BYTES)
            aes_encrypted = ige_encrypt(padded[::-1] + sha256(temp_key + padded).digest(), temp_key, _ZERO_IV)
            block = _xor(temp_key, sha256(aes_encrypted).digest()) + aes_encrypted
            # A number not below the modulus cannot come back: take another temp_key.
            if int.from_bytes(block) < self.n:
                return self._raw(block)

    def encrypt_hashed(self, data: bytes, random: Callable[[int], bytes]) -> bytes:
        """The older form: RSA(SHA1(data) + data + random bytes), 256 bytes.

        Args:
            data: at most 235 bytes.
        """
        if len(data) > MAX_HASHED_DATA_BYTES:
            raise ValueError(f"{len(data)} bytes are too many")
        return self._raw(sha1(data).digest() + data + random(MAX_HASHED_DATA_BYTES - len(data)))

    def _raw(self, block: bytes) -> bytes:
        from gmpy2 import powmod

        return int(powmod(int.from_bytes(block), self.e, self.n)).to_bytes(KEY_BYTES)


class RsaPrivateKey:
    """The server's key.

    Attributes:
        public: what clients have of it.
    """

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        if key.key_size != KEY_BITS:
            raise RsaKeyError(f"a key of {key.key_size} bits; MTProto wants {KEY_BITS}")
        self._key = key
        numbers = key.private_numbers()
        self._p = numbers.p
        self._q = numbers.q
        self._dmp1 = numbers.dmp1
        self._dmq1 = numbers.dmq1
        self._iqmp = numbers.iqmp
        self.public = RsaPublicKey(numbers.public_numbers.n, numbers.public_numbers.e)

    def __repr__(self) -> str:
        return f"<RsaPrivateKey {self.public.fingerprint}>"

    @property
    def fingerprint(self) -> int:
        """The public key's."""
        return self.public.fingerprint

    @classmethod
    def generate(cls) -> "RsaPrivateKey":
        """A new key; takes a quarter of a second or so.

        Its fingerprint's top four bits are not all zero: mtcute compares
        fingerprints as hexadecimal without leading zeros and would not find it.
        """
        while True:
            key = cls(rsa.generate_private_key(PUBLIC_EXPONENT, KEY_BITS))
            if has_top_nibble(key.fingerprint):
                return key

    @classmethod
    def from_pem(cls, pem: bytes) -> "RsaPrivateKey":
        """Read an unencrypted PEM, PKCS#1 or PKCS#8.

        Raises:
            RsaKeyError: it holds no RSA private key of 2048 bits.
        """
        try:
            key = serialization.load_pem_private_key(pem, None)
        except (ValueError, TypeError) as error:
            raise RsaKeyError("no unencrypted private key in PEM form") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise RsaKeyError("not an RSA key")
        return cls(key)

    def private_pem(self) -> bytes:
        """PKCS#1 ("BEGIN RSA PRIVATE KEY"), not encrypted."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )

    def public_pem(self) -> bytes:
        """PKCS#1 ("BEGIN RSA PUBLIC KEY"), the form that client libraries read."""
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)

    def decrypt(self, encrypted: bytes) -> bytes | None:
        """The 256-byte block inside, neither padding form undone; None when ``encrypted`` is no block of this key."""
        if len(encrypted) != KEY_BYTES:
            return None
        number = int.from_bytes(encrypted)
        if number >= self.public.n:
            return None
        # With the first exchange, as in ``dh``.
        from gmpy2 import powmod_sec

        # By the Chinese remainder theorem, and with GMP's side-channel-silent power:
        # the time it takes says nothing about the exponents.
        mod_p = powmod_sec(number % self._p, self._dmp1, self._p)
        mod_q = powmod_sec(number % self._q, self._dmq1, self._q)
        block = mod_q + (mod_p - mod_q) * self._iqmp % self._p * self._q
        return int(block).to_bytes(KEY_BYTES)


def undo_rsa_pad(block: bytes) -> bytes | None:
    """The 192 padded bytes of an RSA_PAD block; None when its SHA-256 does not fit: another form."""
    aes_encrypted = block[_TEMP_KEY_BYTES:]
    temp_key = _xor(block[:_TEMP_KEY_BYTES], sha256(aes_encrypted).digest())
    data_with_hash = ige_decrypt(aes_encrypted, temp_key, _ZERO_IV)
    padded = data_with_hash[PADDED_DATA_BYTES - 1 :: -1]
    if compare_digest(sha256(temp_key + padded).digest(), data_with_hash[PADDED_DATA_BYTES:]):
        return padded
    return None


def split_hashed(block: bytes) -> tuple[bytes, bytes] | None:
    """(SHA1, data and padding) of a block of the older form; None when it is none.

    Where the data ends only its reader can tell; the SHA1 is over the data alone.
    """
    if block[0]:
        return None
    return block[1 : 1 + _SHA1_BYTES], block[1 + _SHA1_BYTES :]


def has_top_nibble(fingerprint: int) -> bool:
    """Whether the 16-digit hexadecimal form of a signed fingerprint begins with a digit other than 0."""
    return (fingerprint >> 60) & 0xF != 0


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))


def _tl_string(number: int) -> bytes:
    data = number.to_bytes((number.bit_length() + 7) // 8)
    head = bytes((len(data),)) if len(data) < 254 else b"\xfe" + len(data).to_bytes(3, "little")
    return head + data + bytes(-(len(head) + len(data)) & 3)
