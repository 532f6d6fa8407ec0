"""authsession as the other stages see it: :class:`teamgram.interfaces.authsession.AuthSessions`."""

from collections.abc import Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from teamgram.authsession.bindings import BindRequest
from teamgram.authsession.devices import KeyDevices
from teamgram.authsession.stored_keys import StoredKeys
from teamgram.cache import Cache
from teamgram.cache.bus import MemoryBus
from teamgram.cache.loaded import RowsBus
from teamgram.database import Database
from teamgram.interfaces.keys import AuthKeyInfo, Authorization, ClientInfo, FutureSalt

#: Seconds from one sweep (expired keys, devices seen) to the next.
SWEEP_INTERVAL = 60.0
#: Every so many sweeps keys that nobody uses are looked for as well.
SWEEPS_PER_SPRING_CLEANING = 360


class AuthSessionService(Service):
    """Auth keys, salts, bindings and devices, on SQL with a cache in front.

    Args:
        clock: the reactor; ``seconds()`` is unix time.
        bus: tells other processes with this cache whose device changed.
    """

    name = "authsession"
    _log = Logger()

    def __init__(self, db: Database, cache: Cache, clock: Any, bus: RowsBus | None = None) -> None:
        self._clock = clock
        self._devices = KeyDevices(db, cache, bus or MemoryBus())
        self._keys = StoredKeys(db, self._devices.forget)
        self._sweeping = LoopingCall(self._sweep)
        self._sweeping.clock = clock
        self._sweeps_ended: Deferred[Any] = succeed(None)
        self._sweeps = 0

    def startService(self) -> None:
        """Sweep now and then."""
        super().startService()  # type: ignore[no-untyped-call]
        self._sweeps_ended = self._sweeping.start(SWEEP_INTERVAL, now=False)

    async def _stop(self) -> None:
        if self._sweeping.running:
            self._sweeping.stop()
            await self._sweeps_ended
        await self._devices.flush()

    def stopService(self) -> Deferred[None]:
        """Write what is only noted; the database must still be open."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    def _sweep(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._sweep_once()).addErrback(self._sweep_failed)

    async def _sweep_once(self) -> None:
        await self._devices.flush()
        now = int(self._clock.seconds())
        await self._keys.delete_expired(now)
        if self._sweeps % SWEEPS_PER_SPRING_CLEANING == 0:
            await self._keys.delete_unused(now)
        self._sweeps += 1

    def _sweep_failed(self, failure: Any) -> None:
        # The next one does what this one left.
        self._log.failure("sweep failed", failure=failure)

    async def query_auth_key(self, auth_key_id: int) -> AuthKeyInfo | None:
        """The key, or None when it is unknown, destroyed or expired."""
        return await self._keys.get(auth_key_id, self._clock.seconds())

    async def set_auth_key(self, key: AuthKeyInfo, first_salt: int) -> None:
        """Store a freshly exchanged key; on disk when this returns."""
        await self._keys.put(key, first_salt, int(self._clock.seconds()))

    async def destroy_auth_key(self, auth_key_id: int) -> bool:
        """Forget a key (and a permanent key's temporary ones, its binding and its device)."""
        return await self._keys.destroy(auth_key_id)

    async def future_salts(self, auth_key_id: int, now: int, count: int) -> Sequence[FutureSalt]:
        """Salts valid at ``now`` or later, oldest first, at most 64; none when the key is gone."""
        return await self._keys.future_salts(auth_key_id, now, count)

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
        request = BindRequest(temp_auth_key_id, temp_session_id, msg_id, perm_auth_key_id, nonce, expires_at)
        return await self._keys.bind(request, encrypted_message, now)

    async def drop_temp_auth_keys(self, perm_auth_key_id: int, except_auth_key_ids: Sequence[int]) -> Sequence[int]:
        """Destroy a permanent key's temporary keys but the named; the ids destroyed."""
        return await self._keys.drop_temporary(perm_auth_key_id, except_auth_key_ids)

    async def get_client(self, perm_auth_key_id: int) -> tuple[int, ClientInfo]:
        """(user_id or 0, device) of a permanent key."""
        return await self._devices.get(perm_auth_key_id)

    async def set_client(self, perm_auth_key_id: int, client: ClientInfo, now: int) -> None:
        """Remember the layer and what ``initConnection`` said."""
        await self._devices.set(perm_auth_key_id, client, now)

    async def bind_user(self, perm_auth_key_id: int, user_id: int, now: int, carried_from: int = 0) -> None:
        """Sign the key in as ``user_id``, with the authorization of ``carried_from`` or (0) one of its own.

        Raises:
            UnknownAuthKey: the key was destroyed meanwhile.
        """
        await self._devices.sign_in(perm_auth_key_id, user_id, now, carried_from)

    async def unbind_user(self, perm_auth_key_id: int) -> tuple[int, Sequence[int]]:
        """Sign the key and those that its authorization was carried to out; whose it was (or 0), and which keys."""
        return await self._devices.sign_out(perm_auth_key_id)

    async def touch(self, perm_auth_key_id: int, client_addr: str, now: int) -> None:
        """Note that the device was active; written with the next sweep."""
        self._devices.touch(perm_auth_key_id, client_addr, now)

    async def authorizations(self, user_id: int) -> Sequence[Authorization]:
        """Every signed-in key of a user, most recently active first."""
        return await self._devices.authorizations(user_id)
