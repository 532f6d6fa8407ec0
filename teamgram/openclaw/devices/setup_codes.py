"""Codes that let one device in without a question: an admin shows one as a QR code; it holds for ten minutes."""

import hashlib
import hmac
import secrets
import uuid
from pathlib import Path
from typing import Any

import msgspec

from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.state_file import StateFile, read_json

TTL_MS = 600_000
MAX_CODES = 100
#: What a setup by code may lead to, by the name of its profile: roles and an operator's scopes.
PROFILES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "limited": (
        ("node", "operator"),
        (scopes.APPROVALS, scopes.QUESTIONS, scopes.READ, scopes.TALK_SECRETS, scopes.WRITE),
    ),
    "node": (("node",), ()),
}


class SetupCode(msgspec.Struct):
    """One; of its token only the digest is kept.

    Attributes:
        device_id: the one device that used it, empty before.
    """

    id: str
    digest: str
    profile: str
    expires_at_ms: int
    device_id: str = ""
    device_name: str = ""
    used_at_ms: int = 0


class SetupCodes:
    """All of them, on disk."""

    def __init__(self, path: Path, reactor: Any) -> None:
        """Blocks for one small read.

        Raises:
            ValueError: the file is damaged.
        """
        self._file = StateFile(path, self._snapshot, reactor)
        stored = read_json(path) or {}
        self._codes = {code.id: code for code in msgspec.convert(stored.get("codes", []), list[SetupCode])}

    def _snapshot(self) -> dict[str, Any]:
        return {"version": 1, "codes": msgspec.to_builtins(list(self._codes.values()))}

    async def issue(self, profile: str, now_ms: int) -> tuple[SetupCode, str]:
        """(a code, its token); on disk when this returns."""
        kept = [code for code in self._codes.values() if code.expires_at_ms + TTL_MS > now_ms]
        self._codes = {code.id: code for code in kept[-MAX_CODES + 1 :]}
        token = secrets.token_urlsafe(32)
        code = SetupCode(str(uuid.uuid4()), _digest(token), profile, now_ms + TTL_MS)
        self._codes[code.id] = code
        await self._file.save()
        return code, token

    def get(self, setup_id: str) -> SetupCode | None:
        """By id."""
        return self._codes.get(setup_id)

    def find(self, token: str, device_id: str, now_ms: int) -> SetupCode | None:
        """The code of a token, for a device that may use it: the first that came with it."""
        digest, found = _digest(token), None
        for code in self._codes.values():
            if hmac.compare_digest(code.digest, digest):
                found = code
        if found is None or found.expires_at_ms <= now_ms or found.device_id not in ("", device_id):
            return None
        return found

    async def used(self, code: SetupCode, device_id: str, name: str, now_ms: int) -> bool:
        """It is this device's from now on; whether it was nobody's before. On disk when this returns."""
        is_first = not code.device_id
        if is_first:
            code.device_id, code.device_name, code.used_at_ms = device_id, name, now_ms
            await self._file.save()
        return is_first

    async def close(self) -> None:
        """Save what is not saved yet."""
        await self._file.close()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def completion(code: SetupCode) -> dict[str, Any]:
    """As the answer and the ``device.pair.setup.completed`` event have it."""
    told = {"setupId": code.id, "deviceId": code.device_id, "access": code.profile, "ts": code.used_at_ms}
    return told | {"deviceName": code.device_name} if code.device_name else told
