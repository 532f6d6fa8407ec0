"""Auth keys and their salts: made, found, bound, destroyed, expired.

Key material lives in the database and in the memory of the processes that
encrypt with it, nowhere else. In particular it is never put into the cache:
a Redis is often shared, unencrypted and readable by whoever reaches its port,
and who has a key *is* the user. The cache in front of these reads is gnetway's
own (``teamgram/gnetway/key_cache.py``), inside its process.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from teamgram.authsession import store
from teamgram.authsession.bindings import BindRequest, check_binding
from teamgram.authsession.salts import SEED_LENGTH, SaltSchedule
from teamgram.database import Database, Transaction
from teamgram.interfaces.authsession import BindTempAuthKeyError
from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType, FutureSalt

#: Seconds that a temporary key may live whatever it asks for: "may expire at any moment before expires_at" (page
#: "Perfect Forward Secrecy"), and keys that live for years would defeat their purpose and fill the table.
MAX_TEMP_LIFETIME = 30 * 86400
#: Seconds after which a permanent key that nobody is signed in with is forgotten.
UNUSED_KEY_LIFETIME = 30 * 86400
#: Salt schedules kept in memory: a new key's are asked for at once, later ones every few hours.
MAX_SCHEDULES = 1_000
#: Keys that one sweep deletes.
SWEEP_LIMIT = 1000


class StoredKeys:
    """The keys' table, and the salts that follow from it.

    Args:
        gone: told of each permanent key that was deleted, after the commit.
    """

    def __init__(
        self, db: Database, gone: Callable[[int], object], random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._db = db
        self._gone = gone
        self._random_bytes = random_bytes
        # A schedule never changes while its key exists, and does no harm afterwards.
        self._schedules: OrderedDict[int, SaltSchedule] = OrderedDict()

    async def get(self, auth_key_id: int, now: float) -> AuthKeyInfo | None:
        """The key, or None when there is none or its time is over."""
        key = await self._db.read("get_auth_key", store.get_key, auth_key_id)
        return None if key is None or 0 < key.expires_at <= now else key

    async def put(self, key: AuthKeyInfo, first_salt: int, now: int) -> None:
        """Store a new key; on disk when this returns.

        Raises:
            AuthKeyIdTaken: another key has this id.
        """
        if key.key_type is not AuthKeyType.PERM:
            key = replace(key, expires_at=min(key.expires_at or now + MAX_TEMP_LIFETIME, now + MAX_TEMP_LIFETIME))
        schedule = SaltSchedule(now, first_salt, self._random_bytes(SEED_LENGTH))
        await self._db.write("put_auth_key", store.put_key, key, schedule)
        self._keep(key.auth_key_id, schedule)

    async def destroy(self, auth_key_id: int) -> bool:
        """Delete a key and what hangs on it; whether it was there."""
        self._schedules.pop(auth_key_id, None)

        def delete(txn: Transaction) -> bool:
            txn.call_after(self._gone, auth_key_id)
            return store.delete_key(txn, auth_key_id)

        return await self._db.write("delete_auth_key", delete)

    async def drop_temporary(self, perm_auth_key_id: int, except_ids: Sequence[int]) -> list[int]:
        """Delete a permanent key's temporary keys but the named; the ids deleted."""
        return await self._db.write(
            "delete_temp_auth_keys", store.delete_temp_keys, perm_auth_key_id, tuple(except_ids)
        )

    async def future_salts(self, auth_key_id: int, now: int, count: int) -> list[FutureSalt]:
        """The salts that hold at ``now`` and those after them; none when the key is gone."""
        schedule = self._schedules.get(auth_key_id)
        if schedule is None:
            schedule = await self._db.read("get_salts", store.get_schedule, auth_key_id)
            if schedule is None:
                return []
            self._keep(auth_key_id, schedule)
        else:
            self._schedules.move_to_end(auth_key_id)
        return schedule.at(now, count)

    async def bind(self, request: BindRequest, encrypted_message: bytes, now: int) -> AuthKeyInfo:
        """Check ``auth.bindTempAuthKey`` in full and bind; the bound key.

        It lives no longer than both the key exchange and this message say.

        Raises:
            BindTempAuthKeyError: with the RPC error type.
        """
        temporary = await self.get(request.temp_auth_key_id, now)
        if temporary is None or temporary.key_type is AuthKeyType.PERM:
            raise BindTempAuthKeyError("TEMP_AUTH_KEY_EMPTY")
        permanent = await self.get(request.perm_auth_key_id, now)
        if permanent is None or permanent.key_type is not AuthKeyType.PERM:
            # The client then makes a new permanent key.
            raise BindTempAuthKeyError("ENCRYPTED_MESSAGE_INVALID")
        check_binding(request, permanent.auth_key, encrypted_message)
        if request.expires_at <= now:
            raise BindTempAuthKeyError("EXPIRES_AT_INVALID")
        bound = await self._db.write(
            "bind_auth_key",
            store.bind_key,
            request.temp_auth_key_id,
            request.perm_auth_key_id,
            min(temporary.expires_at, request.expires_at),
        )
        if bound is None:
            raise BindTempAuthKeyError("TEMP_AUTH_KEY_ALREADY_BOUND")
        return bound

    async def delete_expired(self, now: int) -> None:
        """Delete keys whose time is over; writes only when there are some."""
        expired = await self._db.read("expired_auth_keys", store.expired_keys, now, SWEEP_LIMIT)
        if expired:
            await self._db.write("delete_expired_auth_keys", store.delete_expired, expired, now)

    async def delete_unused(self, now: int) -> None:
        """Delete permanent keys that nobody has been signed in with for long; looks at the whole table."""
        unused = await self._db.read("unused_auth_keys", store.unused_keys, now - UNUSED_KEY_LIFETIME, SWEEP_LIMIT)
        if unused:
            await self._db.write("delete_unused_auth_keys", store.delete_perm_keys, unused)
            for auth_key_id in unused:
                self._gone(auth_key_id)

    def _keep(self, auth_key_id: int, schedule: SaltSchedule) -> None:
        self._schedules[auth_key_id] = schedule
        if len(self._schedules) > MAX_SCHEDULES:
            self._schedules.popitem(last=False)
