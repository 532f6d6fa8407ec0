"""How a code lies in the database: as a keyed hash to compare with, and sealed for the operator.

Five digits can be guessed from a plain hash in no time, so both are made with
a key that is not in the database: ``sign_in_codes.key`` in the data directory.
Whoever reads that file (``teamgram codes`` does) can read pending codes.
"""

import secrets
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from teamgram.database import private_file

KEY_FILE = "sign_in_codes.key"
KEY_LENGTH = 32
_NONCE_LENGTH = 12


def load_or_create_key(path: Path) -> bytes:
    """The 32-byte key in ``path``; made there, readable by its owner only, when there is none.

    Raises:
        ValueError: the file holds something else.
    """
    if not path.exists():
        private_file.create(path, secrets.token_bytes(KEY_LENGTH))
    # Another process may have been quicker: its key is everybody's.
    key = path.read_bytes()
    if len(key) != KEY_LENGTH:
        raise ValueError(f"{path} is not a {KEY_LENGTH}-byte key")
    return key


class CodeSeal:
    """Hashes and seals codes under one key."""

    def __init__(self, key: bytes) -> None:
        self._hash_key = blake2b(b"hash", key=key, digest_size=32).digest()
        self._cipher = AESGCM(blake2b(b"seal", key=key, digest_size=32).digest())

    def digest(self, phone_code_hash: str, code: str) -> bytes:
        """What is stored to check ``code`` against; bound to the one request it belongs to."""
        return blake2b(f"{phone_code_hash}:{code}".encode(), key=self._hash_key, digest_size=32).digest()

    def matches(self, digest: bytes, phone_code_hash: str, code: str) -> bool:
        """Whether that is the code; in constant time."""
        return compare_digest(digest, self.digest(phone_code_hash, code))

    def seal(self, phone_code_hash: str, code: str) -> bytes:
        """The code, readable only with the key."""
        nonce = secrets.token_bytes(_NONCE_LENGTH)
        return nonce + self._cipher.encrypt(nonce, code.encode(), phone_code_hash.encode())

    def open(self, phone_code_hash: str, sealed: bytes) -> str | None:
        """The code again; None when it was sealed under another key."""
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:], phone_code_hash.encode())
        except (InvalidTag, ValueError):
            return None
        return plain.decode()
