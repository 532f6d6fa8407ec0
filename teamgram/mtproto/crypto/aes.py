"""AES-256 in the two modes that MTProto has: IGE for messages, CTR for obfuscated transports."""

from cryptg import decrypt_ige as _decrypt_ige
from cryptg import encrypt_ige as _encrypt_ige
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

BLOCK_BYTES = 16


def ige_encrypt(plaintext: bytes, key: bytes, iv: bytes) -> bytes:
    """Encrypt whole blocks.

    Args:
        plaintext: a multiple of 16 bytes.
        key: 32 bytes.
        iv: 32 bytes, the previous ciphertext block first.
    """
    result: bytes = _encrypt_ige(plaintext, key, iv)
    return result


def ige_decrypt(ciphertext: bytes, key: bytes, iv: bytes) -> bytes:
    """Decrypt whole blocks; arguments as in ``ige_encrypt``."""
    result: bytes = _decrypt_ige(ciphertext, key, iv)
    return result


class CtrStream:
    """One direction of an AES-256-CTR stream; its counter runs on from call to call."""

    __slots__ = ("update",)

    def __init__(self, key: bytes, iv: bytes) -> None:
        """
        Args:
            key: 32 bytes.
            iv: 16 bytes, the first counter block.
        """
        # Encrypting and decrypting are one operation in CTR mode. The method itself is
        # kept, for it is called for every segment of every obfuscated connection.
        self.update = Cipher(AES(key), CTR(iv)).encryptor().update
