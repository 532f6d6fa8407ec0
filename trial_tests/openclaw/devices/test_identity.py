"""Signatures of devices, against the published vector."""

import base64
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from teamgram.openclaw.devices import identity as device_identity
from teamgram.openclaw.gateway.errors import GatewayError
from trial_tests.openclaw.house import DeviceKey

# The vector: seed bytes 00..1f, signed at 1737264000000 over "nonce-1".
PUBLIC_KEY = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
DEVICE_ID = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c"
SIGNED_AT_MS = 1737264000000
V3_TEXT = f"v3|{DEVICE_ID}|cli|cli|operator|operator.read,operator.write|1737264000000|secret-token|nonce-1|linux|linux"
V3 = "eINhggbhPHAibQuKV1E1n41usLLztMsb1ZHsej0WD8QuwkNC9Nk2NBAQjR0lTT6dyzAzsoknf1IHZXNIcBfhCA"
V2 = "BPmVfW5dYa03FBCS7wKs0KPSL-EogBTqX09HLJkr5hIzq5I_N69aXWp1bsZhe29xTfFX2VoVX1lh3SMOsgH9CA"


def params(signature: str = V3, **device: Any) -> dict[str, object]:
    return {
        "client": {"id": "cli", "mode": "cli", "platform": " Linux ", "deviceFamily": "LINUX"},
        "role": "operator",
        "scopes": ["operator.read", "operator.write"],
        "auth": {"token": "secret-token"},
        "device": {
            "id": DEVICE_ID,
            "publicKey": PUBLIC_KEY,
            "signature": signature,
            "signedAt": SIGNED_AT_MS,
            "nonce": "nonce-1",
            **device,
        },
    }


class VectorTests(SynchronousTestCase):
    """The published vector."""

    def test_text(self) -> None:
        """The signed text, platform and family trimmed and in lower case."""
        self.assertEqual(device_identity.signed_text("v3", params(), DEVICE_ID, SIGNED_AT_MS, "nonce-1"), V3_TEXT)

    def test_both_versions_verify(self) -> None:
        """v3 and v2 signatures are accepted."""
        for signature in (V3, V2):
            public_key = device_identity.verify(params(signature), "nonce-1", SIGNED_AT_MS)
            self.assertEqual(device_identity.encode_base64url(public_key), PUBLIC_KEY)

    def test_our_own_signer_makes_it(self) -> None:
        """The signer used by these tests gives the vector's signatures."""
        key = DeviceKey(int.from_bytes(bytes(range(32)), "big"))
        self.assertEqual((key.public_key, key.id), (PUBLIC_KEY, DEVICE_ID))
        for version, signature in (("v3", V3), ("v2", V2)):
            self.assertEqual(key.sign(params(), "nonce-1", SIGNED_AT_MS, version)["signature"], signature)

    def test_pem_key(self) -> None:
        """A key in PEM is the same key."""
        key = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        device_identity.verify(params(publicKey=pem), "nonce-1", SIGNED_AT_MS)


class RefusalTests(SynchronousTestCase):
    """Each check and its code, in order."""

    def refused(self, code: str, now_ms: int = SIGNED_AT_MS, nonce: str = "nonce-1", **device: Any) -> None:
        error = self.assertRaises(GatewayError, device_identity.verify, params(**device), nonce, now_ms)
        self.assertEqual(error.details["code"], f"DEVICE_AUTH_{code}")

    def test_codes(self) -> None:
        """Wrong id, age, nonce, signature, key."""
        self.refused("DEVICE_ID_MISMATCH", id="0" * 64)
        self.refused("SIGNATURE_EXPIRED", now_ms=SIGNED_AT_MS + 120_001)
        self.refused("SIGNATURE_EXPIRED", now_ms=SIGNED_AT_MS - 120_001)
        self.refused("NONCE_MISMATCH", nonce="other")
        self.refused("SIGNATURE_INVALID", signature=V3[:-2] + "AA")
        self.refused("SIGNATURE_INVALID", signature="short")
        self.refused("PUBLIC_KEY_INVALID", publicKey="AAAA")
        self.refused("PUBLIC_KEY_INVALID", publicKey="-----BEGIN PUBLIC KEY-----\nnone\n-----END PUBLIC KEY-----")

    def test_skew_within_two_minutes(self) -> None:
        """120,000 ms either way are fine."""
        for skew in (-120_000, 120_000):
            device_identity.verify(params(), "nonce-1", SIGNED_AT_MS + skew)

    def test_every_signed_field_counts(self) -> None:
        """Changing anything that was signed breaks the signature."""
        for change in (
            {"role": "node"},
            {"scopes": ["operator.admin"]},
            {"auth": {"token": "other"}},
            {"client": {"id": "cli", "mode": "cli", "platform": "darwin", "deviceFamily": "linux"}},
        ):
            error = self.assertRaises(
                GatewayError, device_identity.verify, {**params(), **change}, "nonce-1", SIGNED_AT_MS
            )
            self.assertEqual(error.message, "device signature invalid")


class Base64Tests(SynchronousTestCase):
    """Keys and signatures as text."""

    def test_padding_is_optional(self) -> None:
        """With and without ``=``."""
        self.assertEqual(device_identity.decode_base64url("YQ"), b"a")
        self.assertEqual(device_identity.decode_base64url(base64.urlsafe_b64encode(b"a").decode()), b"a")
        self.assertRaises(ValueError, device_identity.decode_base64url, "a*b")
        self.assertRaises(ValueError, device_identity.decode_base64url, "é")
