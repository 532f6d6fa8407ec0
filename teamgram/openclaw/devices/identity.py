"""A device proves who it is: an Ed25519 signature over what it asks for.

The signed text is ``v3|deviceId|clientId|mode|role|scopes|signedAtMs|token|nonce|platform|deviceFamily``;
older clients sign ``v2`` of it, without the last two. ``deviceId`` is the
lower-case hexadecimal SHA-256 of the raw public key. Plain Python.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from teamgram.openclaw.gateway.errors import GatewayError, invalid

#: How far ``signedAt`` may be from this server's clock.
MAX_SKEW_MS = 120_000
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64


def encode_base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """With or without padding.

    Raises:
        ValueError: it is none.
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("no base64url") from None


def raw_public_key(text: str) -> bytes:
    """The 32 bytes of a key given as base64url or as PEM (SubjectPublicKeyInfo).

    Raises:
        ValueError: it is neither.
    """
    if "BEGIN" in text:
        key = load_pem_public_key(text.encode())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("no Ed25519 key")
        return key.public_bytes_raw()
    raw = decode_base64url(text)
    if len(raw) != _KEY_BYTES:
        raise ValueError("no Ed25519 key")
    return raw


def device_id(public_key: bytes) -> str:
    """The id that belongs to a raw public key."""
    return hashlib.sha256(public_key).hexdigest()


def normal(text: object) -> str:
    """How ``platform`` and ``deviceFamily`` are signed and compared: trimmed, ASCII in lower case, empty if absent."""
    if not isinstance(text, str):
        return ""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text.strip())


def signed_text(version: str, params: Mapping[str, Any], device: str, signed_at_ms: int, nonce: str) -> str:
    """What the device signs for these connect parameters; ``version`` is ``v3`` or ``v2``."""
    client = params["client"]
    auth = params.get("auth") or {}
    token = auth.get("token") or auth.get("deviceToken") or auth.get("bootstrapToken") or ""
    parts = [
        version,
        device,
        client["id"],
        client["mode"],
        params.get("role") or "operator",
        ",".join(params.get("scopes") or ()),
        str(signed_at_ms),
        token,
        nonce,
    ]
    if version == "v3":
        parts += [normal(client.get("platform")), normal(client.get("deviceFamily"))]
    return "|".join(parts)


def verify(params: Mapping[str, Any], nonce: str, now_ms: int) -> bytes:
    """Check the ``device`` part of connect parameters that already have the right shape.

    Args:
        nonce: the one that this connection's challenge carried.

    Returns:
        The raw public key.

    Raises:
        GatewayError: the first check that fails, in the order clients know.
    """
    device = params["device"]
    try:
        public_key = raw_public_key(device["publicKey"])
    except ValueError:
        raise _refused("device public key invalid", "PUBLIC_KEY_INVALID", "device-public-key") from None
    if device_id(public_key) != device["id"]:
        raise _refused("device identity mismatch", "DEVICE_ID_MISMATCH", "device-id-mismatch")
    if abs(now_ms - device["signedAt"]) > MAX_SKEW_MS:
        raise _refused("device signature expired", "SIGNATURE_EXPIRED", "device-signature-stale")
    if not device["nonce"].strip():
        raise _refused("device nonce required", "NONCE_REQUIRED", "device-nonce-missing")
    if device["nonce"] != nonce:
        raise _refused("device nonce mismatch", "NONCE_MISMATCH", "device-nonce-mismatch")
    try:
        signature = decode_base64url(device["signature"])
    except ValueError:
        signature = b""
    if len(signature) == _SIGNATURE_BYTES:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        for version in ("v3", "v2"):
            text = signed_text(version, params, device["id"], device["signedAt"], nonce)
            try:
                key.verify(signature, text.encode("utf-8", "surrogatepass"))
            except InvalidSignature:
                continue
            return public_key
    raise _refused("device signature invalid", "SIGNATURE_INVALID", "device-signature")


def _refused(message: str, code: str, reason: str) -> GatewayError:
    return invalid(message, {"code": f"DEVICE_AUTH_{code}", "reason": reason})


class Identity:
    """This gateway's own key, as ``gateway.identity.get`` shows it."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._key.public_key().public_bytes_raw()
        self.public_key = encode_base64url(public)
        self.device_id = device_id(public)
        #: Key for hashes that are shown to clients but must not give away what they hash.
        self.hash_key = hashlib.sha256(b"openclaw config hash\0" + seed).digest()
