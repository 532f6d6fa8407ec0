"""AES-256 in the two modes that MTProto uses."""

import cryptg
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes


def ige_encrypt(plain: bytes, key: bytes, iv: bytes) -> bytes:
    """AES-256-IGE; ``plain`` is a multiple of 16 bytes, key and iv have 32."""
    return cryptg.encrypt_ige(plain, key, iv)


def ige_decrypt(data: bytes, key: bytes, iv: bytes) -> bytes:
    """The inverse of :func:`ige_encrypt`."""
    return cryptg.decrypt_ige(data, key, iv)


def ctr_stream(key: bytes, iv: bytes) -> CipherContext:
    """An open AES-256-CTR stream: each ``update`` goes on where the last one ended."""
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
