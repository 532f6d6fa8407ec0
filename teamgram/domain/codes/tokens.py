"""Short-lived secrets that sign a key in without a code: QR tokens and exported authorizations.

They lie in the cache under a hash: a cache may be a Redis that others read,
and what lies there must not sign anybody in.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from teamgram.cache import Cache

SHOWN_FOR = 30
"""Seconds for which a login token can be scanned; the device then shows a new one."""

MAX_SHOWN = 10_000
"""Devices whose token is remembered while it lives."""

ACCEPTED_FOR = 300
"""Seconds in which the device has to come for its authorization."""

EXPORTED_FOR = 300
"""Seconds in which an exported authorization can be imported."""

_TOKEN_LENGTH = 32
_MAX_EXCEPT = 32


@dataclass(frozen=True, slots=True)
class WaitingDevice:
    """A device that shows a login token.

    Attributes:
        except_user_ids: who is signed in on it already.
        expires_at: unix seconds.
    """

    perm_auth_key_id: int
    except_user_ids: tuple[int, ...]
    expires_at: int


class SignInTokens:
    """Tokens of both kinds.

    Args:
        seconds: the unix time.
    """

    def __init__(self, cache: Cache, seconds: Callable[[], float]) -> None:
        self._cache = cache
        self._seconds = seconds
        # (token, unix seconds of its end) by the key whose device shows it, the last asked for last. Not in the cache,
        # where tokens must not lie: a device that asks another process gets another token.
        self._shown: dict[int, tuple[bytes, int]] = {}

    async def show(self, perm_auth_key_id: int, except_user_ids: Sequence[int]) -> tuple[bytes, int]:
        """A login token for a device, the same while it lives, and when it runs out."""
        now = self._seconds()
        token, expires_at = self._shown.pop(perm_auth_key_id, (b"", 0))
        if expires_at <= now:
            token, expires_at = secrets.token_bytes(_TOKEN_LENGTH), int(now) + SHOWN_FOR
        self._shown[perm_auth_key_id] = token, expires_at
        if len(self._shown) > MAX_SHOWN:
            del self._shown[next(iter(self._shown))]
        waiting = [perm_auth_key_id, list(except_user_ids[:_MAX_EXCEPT]), expires_at]
        await self._cache.set(_key("login_token", token), json.dumps(waiting).encode(), expires_at - now)
        return token, expires_at

    async def waiting(self, token: bytes) -> WaitingDevice | None:
        """Who shows that token; None when nobody does (any more)."""
        found = await self._cache.get(_key("login_token", token))
        if found is None:
            return None
        perm_auth_key_id, except_user_ids, expires_at = json.loads(found)
        return WaitingDevice(perm_auth_key_id, tuple(except_user_ids), expires_at)

    async def accept(self, token: bytes, perm_auth_key_id: int, user_id: int) -> None:
        """The device that showed the token is ``user_id``'s now; the token is used up."""
        self._shown.pop(perm_auth_key_id, None)
        await self._cache.delete(_key("login_token", token))
        await self._cache.set(_accepted_key(perm_auth_key_id), str(user_id).encode(), ACCEPTED_FOR)

    async def take_accepted(self, perm_auth_key_id: int) -> int:
        """Whose the device has become since it showed a token, once; 0 when nobody accepted it."""
        accepted = await self._cache.get(_accepted_key(perm_auth_key_id))
        if accepted is None:
            return 0
        await self._cache.delete(_accepted_key(perm_auth_key_id))
        return int(accepted)

    async def export(self, perm_auth_key_id: int, user_id: int) -> bytes:
        """A token that carries the key's authorization as ``user_id`` to another key."""
        token = secrets.token_bytes(_TOKEN_LENGTH)
        exported = json.dumps([perm_auth_key_id, user_id]).encode()
        await self._cache.set(_key("exported_authorization", token), exported, EXPORTED_FOR)
        return token

    async def take_exported(self, user_id: int, token: bytes) -> int:
        """Use an exported token up; the key that exported it, 0 when there is no such token of that user."""
        key = _key("exported_authorization", token)
        found = await self._cache.get(key)
        if found is None:
            return 0
        perm_auth_key_id, exported_user_id = json.loads(found)
        if exported_user_id != user_id:
            return 0
        await self._cache.delete(key)
        return int(perm_auth_key_id)


def _key(kind: str, token: bytes) -> str:
    return f"{kind}:{sha256(token).hexdigest()}"


def _accepted_key(perm_auth_key_id: int) -> str:
    return f"login_token_accepted:{perm_auth_key_id}"
