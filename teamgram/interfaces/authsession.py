"""What gnetway, session and bff ask of authsession. Every method may wait."""

from collections.abc import Sequence
from typing import Protocol

from teamgram.interfaces.keys import AuthKeyInfo, Authorization, ClientInfo, FutureSalt


class BindTempAuthKeyError(Exception):
    """A binding was refused; ``reason`` is the RPC error type to answer (``ENCRYPTED_MESSAGE_INVALID``, …)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AuthKeyIdTaken(Exception):
    """Another key has the same 64-bit id; the exchange has to be repeated ("Creating an Authorization Key", step 9)."""


class AuthKeys(Protocol):
    """What gnetway asks: the keys themselves."""

    async def query_auth_key(self, auth_key_id: int) -> AuthKeyInfo | None:
        """The key, or None when it is unknown, destroyed or expired."""

    async def set_auth_key(self, key: AuthKeyInfo, first_salt: int) -> None:
        """Store a freshly exchanged key; on disk when this returns.

        Raises:
            AuthKeyIdTaken: nothing is stored; the client makes another one.
        """


class SessionKeys(AuthKeys, Protocol):
    """What session asks: keys with their salts and devices."""

    async def destroy_auth_key(self, auth_key_id: int) -> bool:
        """Forget a key (and a permanent key's temporary ones); False when it was not there."""

    async def future_salts(self, auth_key_id: int, now: int, count: int) -> Sequence[FutureSalt]:
        """Salts valid at ``now`` or later, oldest first, at least one valid at ``now``; none for a key that is gone."""

    async def get_client(self, perm_auth_key_id: int) -> tuple[int, ClientInfo]:
        """(user_id or 0, device) of a permanent key."""

    async def set_client(self, perm_auth_key_id: int, client: ClientInfo, now: int) -> None:
        """Remember the layer and what ``initConnection`` said."""

    async def touch(self, perm_auth_key_id: int, client_addr: str, now: int) -> None:
        """Note that the device was active (may be batched, need not be durable)."""


class AuthSessions(SessionKeys, Protocol):
    """Auth keys, salts, bindings and devices."""

    async def bind_temp_auth_key(
        self,
        temp_auth_key_id: int,
        temp_session_id: int,
        msg_id: int,
        perm_auth_key_id: int,
        nonce: int,
        expires_at: int,
        encrypted_message: bytes,
        now: int,
    ) -> AuthKeyInfo:
        """Check ``bind_auth_key_inner`` in full and bind; the bound temporary key.

        Raises:
            BindTempAuthKeyError: with the RPC error type.
        """

    async def drop_temp_auth_keys(self, perm_auth_key_id: int, except_auth_key_ids: Sequence[int]) -> Sequence[int]:
        """Destroy a permanent key's temporary keys but the named; the ids destroyed."""

    async def bind_user(self, perm_auth_key_id: int, user_id: int, now: int, carried_from: int = 0) -> None:
        """Sign the key in as ``user_id``, with the authorization of ``carried_from`` or (0) one of its own."""

    async def unbind_user(self, perm_auth_key_id: int) -> tuple[int, Sequence[int]]:
        """Sign the key out, and those that its authorization was carried to.

        Returns:
            The user_id it was signed in as, or 0; the keys signed out.
        """

    async def authorizations(self, user_id: int) -> Sequence[Authorization]:
        """Every signed-in key of a user, most recently active first."""
