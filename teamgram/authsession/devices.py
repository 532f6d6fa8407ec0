"""Devices and who is signed in on them.

``get`` is asked whenever a key comes back, so its answer is cached (no secret
is in it); the cache is told of every change after its commit. That a device was
active is noted in memory and written once in a while for all devices together.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

import msgspec

from teamgram.authsession import store
from teamgram.cache import Cache
from teamgram.cache.bus import RowsChanged
from teamgram.cache.loaded import RowsBus
from teamgram.database import Database, Transaction
from teamgram.interfaces.keys import Authorization, ClientInfo

T = TypeVar("T")

#: Seconds that an answer is cached: bounds how long another process of a cluster may be wrong.
CACHED_FOR = 600.0
#: Characters of each text of ``initConnection`` that are kept; the columns' width.
MAX_TEXT = 128

_TABLE = "devices"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, ClientInfo]).decode


class UnknownAuthKey(Exception):
    """There is no such permanent key (any more)."""


class KeyDevices:
    """Bindings key to user, and devices."""

    _log = Logger()

    def __init__(
        self,
        db: Database,
        cache: Cache,
        bus: RowsBus,
        random_number: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        """Args:
        bus: to all who fill the same cache: what one of them is about to put there may be older than a change.
        """
        self._db = db
        self._cache = cache
        self._bus = bus
        bus.listen(RowsChanged, self._changed)
        self._random_number = random_number
        # perm_auth_key_id: (client_addr, unix seconds), not written yet.
        self._seen: dict[int, tuple[str, int]] = {}
        # MessageAnswers on their way from the database to the cache, by key; taken out when the key changes meanwhile.
        self._filling: dict[int, object] = {}

    async def get(self, perm_auth_key_id: int) -> tuple[int, ClientInfo]:
        """(user_id or 0, device)."""
        name = _name(perm_auth_key_id)
        cached = await self._cache.get(name)
        if cached is not None:
            try:
                return _decode(cached)
            except msgspec.MsgspecError:
                # Written by another version of this program.
                pass
        token = self._filling[perm_auth_key_id] = object()
        try:
            answer = await self._db.read("get_client", store.get_client, perm_auth_key_id)
            if self._filling.get(perm_auth_key_id) is token:
                await self._cache.set(name, _encode(answer), CACHED_FOR)
        finally:
            if self._filling.get(perm_auth_key_id) is token:
                del self._filling[perm_auth_key_id]
        return answer

    async def set(self, perm_auth_key_id: int, client: ClientInfo, now: int) -> None:
        """Store a device; no write when it is stored like that already."""
        client = _shortened(client)
        _, stored = await self.get(perm_auth_key_id)
        if replace(stored, client_addr=client.client_addr) == client:
            self.touch(perm_auth_key_id, client.client_addr, now)
            return
        await self._db.write("put_client", self._changing, perm_auth_key_id, store.put_client, (client, now))

    async def sign_in(self, perm_auth_key_id: int, user_id: int, now: int, carried_from: int = 0) -> None:
        """Sign the key in, with the authorization of another one if that is named.

        Raises:
            UnknownAuthKey: it was destroyed meanwhile.
        """
        hash = self._random_number(2**63 - 1) + 1
        arguments = (user_id, hash, now, carried_from)
        if not await self._db.write("bind_user", self._changing, perm_auth_key_id, store.bind_user, arguments):
            raise UnknownAuthKey(f"no permanent key {perm_auth_key_id}")

    async def sign_out(self, perm_auth_key_id: int) -> tuple[int, list[int]]:
        """Sign the key and those that its authorization was carried to out; whose it was (or 0), and which keys."""
        return await self._db.write("unbind_user", self._signing_out, perm_auth_key_id)

    def _signing_out(self, txn: Transaction, perm_auth_key_id: int) -> tuple[int, list[int]]:
        user_id, signed_out = store.unbind_user(txn, perm_auth_key_id)
        for key in signed_out:
            txn.call_after(self.forget, key)
        return user_id, signed_out

    async def authorizations(self, user_id: int) -> list[Authorization]:
        """A user's signed-in keys, the most recently active first."""
        found = await self._db.read("authorizations", store.authorizations, user_id)
        return sorted(map(self._with_last_seen, found), key=lambda device: device.active_at, reverse=True)

    def touch(self, perm_auth_key_id: int, client_addr: str, now: int) -> None:
        """Note that the device is active."""
        self._seen[perm_auth_key_id] = (client_addr[:MAX_TEXT], now)

    async def flush(self) -> None:
        """Write what :meth:`touch` has noted."""
        if self._seen:
            seen, self._seen = self._seen, {}
            rows = [(client_addr, now, key) for key, (client_addr, now) in seen.items()]
            await self._db.write("touch_devices", store.touch, rows)

    def forget(self, perm_auth_key_id: int) -> None:
        """The key changed or is gone: nothing that is cached about it holds."""
        self._bus.publish(RowsChanged(_TABLE, (perm_auth_key_id,)))

    def _changed(self, changed: RowsChanged) -> None:
        if changed.table == _TABLE:
            for perm_auth_key_id in changed.keys:
                self._forget(perm_auth_key_id)

    def _forget(self, perm_auth_key_id: int) -> None:
        self._filling.pop(perm_auth_key_id, None)
        deleting: Deferred[None] = Deferred.fromCoroutine(self._cache.delete(_name(perm_auth_key_id)))
        deleting.addErrback(lambda failure: self._log.failure("cached device not deleted", failure=failure))

    def _changing(
        self, txn: Transaction, perm_auth_key_id: int, change: Callable[..., T], arguments: tuple[Any, ...]
    ) -> T:
        """Run a store's function on one key and, once it is committed, let the cache forget that key.

        After the commit and not after the ``await``: whoever asked may have been cancelled by then.
        """
        txn.call_after(self.forget, perm_auth_key_id)
        return change(txn, perm_auth_key_id, *arguments)

    def _with_last_seen(self, device: Authorization) -> Authorization:
        seen = self._seen.get(device.perm_auth_key_id)
        if seen is None:
            return device
        client_addr, active_at = seen
        return replace(
            device, active_at=max(active_at, device.active_at), client=replace(device.client, client_addr=client_addr)
        )


def _name(perm_auth_key_id: int) -> str:
    return f"client:{perm_auth_key_id}"


def _shortened(client: ClientInfo) -> ClientInfo:
    """With each text cut to the width of its column."""
    texts = {name: value[:MAX_TEXT] for name in client.__slots__ if isinstance(value := getattr(client, name), str)}
    return replace(client, **texts)  # type: ignore[arg-type]
