"""Programs that come with a token of their own: those that the configuration names, and those paired by a code.

The configuration has ``gateway.clients: {<id>: {token, permissions}}``. Pairing
by a code goes so: an operator has the gateway show one, somebody types it into
the device, the device sends it and gets a token that no one else has. A code
holds for five minutes and once. Of tokens only a hash is kept.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.state_file import StateFile, read_json

CODE_SECONDS = 300
MAX_CODES = 10
MAX_PAIRED = 1000
#: Without letters and digits that look alike.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_CHARS = 8
_TOKEN_BYTES = 32
_MAX_NAME = 64


class NamedClient(Protocol):
    """A client as the configuration has it."""

    @property
    def token(self) -> str:
        """What it brings."""

    @property
    def permissions(self) -> Sequence[str]:
        """What it may."""


class PairedClient(msgspec.Struct, rename="camel"):
    """One that was paired by a code.

    Attributes:
        digest: SHA-256 of its token, in hex.
    """

    id: str
    name: str
    permissions: list[str]
    digest: str
    paired_at_ms: int


@dataclass(frozen=True, slots=True)
class ClientGrant:
    """Who came with a token.

    Attributes:
        digest: of the token, to know later whether it still holds.
    """

    client_id: str
    name: str
    scopes: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class _Code:
    text: str
    name: str
    permissions: tuple[str, ...]
    expires_at_ms: int


def scopes_of(permissions: Iterable[str]) -> list[str]:
    """Operator scopes of permissions, which may leave ``operator.`` out; ``*`` is all of them.

    Raises:
        ValueError: one is none.
    """
    found: list[str] = []
    for permission in permissions:
        if permission == "*":
            return list(scopes.ALL)
        scope = permission if permission.startswith("operator.") else f"operator.{permission}"
        if scope not in scopes.ALL:
            raise ValueError(permission)
        found.append(scope)
    return list(dict.fromkeys(found))


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class TokenClients:
    """All of them."""

    def __init__(
        self, path: Path, configured: Callable[[], Mapping[str, NamedClient]], reactor: Any, now_ms: Callable[[], int]
    ) -> None:
        """Read who was paired. Blocks.

        Raises:
            ValueError: the file is damaged.
        """
        self._configured = configured
        self._now_ms = now_ms
        self._codes: list[_Code] = []
        self._file = StateFile(path, self._snapshot, reactor)
        stored = read_json(path) or {}
        self._paired = {client.id: client for client in msgspec.convert(stored.get("clients", []), list[PairedClient])}

    def _snapshot(self) -> dict[str, Any]:
        return {"version": 1, "clients": msgspec.to_builtins(list(self._paired.values()))}

    def find(self, token: str) -> ClientGrant | None:
        """Whose token it is. Takes the same time whichever it is not."""
        digest = digest_of(token)
        found: ClientGrant | None = None
        for grant in self._grants():
            if hmac.compare_digest(grant.digest, digest):
                found = grant
        return found

    def _grants(self) -> Iterable[ClientGrant]:
        for client_id, section in self._configured().items():
            if section.token:
                granted = tuple(scopes_of(section.permissions))
                yield ClientGrant(client_id, client_id, granted, digest_of(section.token))
        for client in self._paired.values():
            yield ClientGrant(client.id, client.name, tuple(scopes_of(client.permissions)), client.digest)

    def holds(self, grant: ClientGrant) -> bool:
        """Whether who came in so would still come in so."""
        return grant in self._grants()

    # Pairing

    def open_code(self, name: str, permissions: list[str], granted: frozenset[str]) -> tuple[str, int]:
        """Show a code; (the code, when it expires in unix milliseconds).

        Args:
            granted: of whoever asks: nobody hands on more than he has.

        Raises:
            GatewayError: too many are open, the name is none, or a permission is none or not theirs.
        """
        now_ms = self._now_ms()
        self._codes = [code for code in self._codes if code.expires_at_ms > now_ms]
        if len(self._codes) >= MAX_CODES or len(self._paired) >= MAX_PAIRED:
            raise invalid("too many clients are being paired, or are paired already")
        if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
            raise invalid("a client needs a short name")
        try:
            wanted = scopes_of(permissions)
        except ValueError as error:
            raise invalid(f"unknown permission: {error}") from None
        beyond = scopes.expand(wanted) - granted
        if beyond:
            raise invalid(f"nobody hands on more than he has: {', '.join(sorted(beyond))}")
        text = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_CHARS))
        code = _Code(text, name.strip(), tuple(wanted), now_ms + CODE_SECONDS * 1000)
        self._codes.append(code)
        return f"{text[:4]}-{text[4:]}", code.expires_at_ms

    def knows_code(self, text: str) -> bool:
        """Whether such a code is open."""
        return self._find_code(text) is not None

    def _find_code(self, text: str) -> _Code | None:
        given = text.upper().replace("-", "").replace(" ", "").encode("utf-8", "replace")
        now_ms = self._now_ms()
        fits = [code for code in self._codes if hmac.compare_digest(code.text.encode(), given)]
        return next((code for code in fits if code.expires_at_ms > now_ms), None)

    async def confirm(self, text: str) -> tuple[PairedClient, str]:
        """The device's user typed a code: (the client that it is from now on, its token), on disk when this returns.

        Raises:
            GatewayError: there is no such code (any more).
        """
        code = self._find_code(text)
        if code is None:
            raise invalid("no such pairing code")
        # Before anything waits: a code works once.
        self._codes.remove(code)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        client = PairedClient(secrets.token_hex(8), code.name, list(code.permissions), digest_of(token), self._now_ms())
        self._paired[client.id] = client
        try:
            await self._file.save()
        except BaseException:
            self._paired.pop(client.id, None)
            raise
        return client, token

    def paired(self) -> list[PairedClient]:
        """Those that were paired."""
        return list(self._paired.values())

    async def revoke(self, client_id: str) -> bool:
        """Its token opens nothing any more; False if there was none such."""
        client = self._paired.pop(client_id, None)
        if client is None:
            return False
        await self._file.save()
        return True
