"""Online status: who has a device connected, kept in memory; last seen, kept in the database.

A device is online from when its first updates session opens until its last one
closes, unless it said ``account.updateStatus(offline=True)`` meanwhile.
An online status runs out after ``ONLINE_FOR`` and is renewed while it holds.
"""

from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

import msgspec

from teamgram.cache.loaded import LoadedRows
from teamgram.database import Database, Transaction
from teamgram.domain.contacts.watchers import StatusWatchers
from teamgram.domain.updates.events import UserStatusChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.net.token_buckets import Limit, TokenBuckets

ONLINE_FOR = 300
"""Seconds for which others take a user for online without hearing again."""

RENEW_EVERY = 240
"""Seconds between renewals, from ``start`` on; less than ``ONLINE_FOR``, so nobody blinks."""

NOTE_EVERY = 60
"""Seconds between two notes of who is here: so much older than a crash "last seen" may be after it."""

CHANGES = Limit(burst=6, per_second=0.2)
"""Changes of one user's status that are told at once; more wait and are told as one."""

_USERS_PER_QUERY = 500


@dataclass(frozen=True, slots=True)
class Status:
    """``at``: until when an online status holds, or when an offline user was last seen (0: never)."""

    online: bool
    at: int


_NEVER_SEEN = Status(False, 0)


class CameOnline(msgspec.Struct, frozen=True):
    """A user who was not here is now."""

    user_id: int


class DeviceSaid(msgspec.Struct, frozen=True):
    """``account.updateStatus`` of a device, as every process that knows who is online hears it."""

    user_id: int
    perm_auth_key_id: int
    offline: bool


class Presence:
    """Who is online, as their devices come and go.

    Args:
        fanout: how those who watch a user hear of a change.
        watchers: who watches whom.

    Attributes:
        tells_for_all: whether this process says for all users what no device's coming and going says: that they are
            still here. Of several processes one does.
    """

    _log = Logger()

    def __init__(
        self,
        database: Database,
        clock: IReactorTime,
        fanout: Fanout,
        watchers: StatusWatchers,
        *,
        max_cached: int = 20_000,
    ) -> None:
        self._database = database
        self._clock = clock
        self._fanout = fanout
        self._watchers = watchers
        self._offline: LoadedRows[int, Status] = LoadedRows.shared("last_seen", fanout.bus, max_cached)
        self._saying = False
        fanout.bus.listen(DeviceSaid, self._said)
        self._connected: dict[int, set[int]] = {}
        self._away: set[int] = set()
        # Devices that said they are online without a session that gets updates -> until when that counts.
        self._visiting: dict[tuple[int, int], int] = {}
        self._online: dict[int, Status] = {}
        # A client that comes and goes all the time must not keep everybody who knows its user busy.
        self._changes = TokenBuckets(CHANGES, max_cached)
        self._delayed: dict[int, IDelayedCall] = {}
        self._running: set[Deferred[None]] = set()
        self.tells_for_all = True
        self._renewing = LoopingCall(self.renew)
        self._noting = LoopingCall(self.note)

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock.seconds())

    def is_online(self, user_id: int) -> bool:
        """Whether a device of the user is here and not away."""
        return user_id in self._online

    @property
    def online_users(self) -> int:
        """How many users are online."""
        return len(self._online)

    def cached(self, user_id: int) -> Status | None:
        """The status when it is in memory."""
        return self._online.get(user_id) or self._offline.get(user_id)

    async def get(self, user_ids: Iterable[int]) -> dict[int, Status]:
        """The status of each user."""
        found: dict[int, Status] = {}
        missing: list[int] = []
        for user_id in user_ids:
            status = self.cached(user_id)
            if status is None:
                missing.append(user_id)
            else:
                found[user_id] = status
        if missing:
            ticket = self._offline.start_load()
            try:
                seen: dict[int, int] = await self._database.read("last seen", _last_seen_txn, missing)
                loaded = {
                    user_id: Status(False, seen[user_id]) if user_id in seen else _NEVER_SEEN for user_id in missing
                }
                self._offline.finish_load(ticket, loaded)
            finally:
                self._offline.abandon_load(ticket)
            for user_id in missing:
                found[user_id] = self._online.get(user_id) or loaded[user_id]
        return found

    def device_connected(self, user_id: int, perm_auth_key_id: int, tells: bool = True) -> None:
        """A device's first updates session opened.

        Args:
            tells: whether a change is written down and told here; another process does it otherwise.
        """
        self._connected.setdefault(user_id, set()).add(perm_auth_key_id)
        self._away.discard(perm_auth_key_id)
        self._visiting.pop((user_id, perm_auth_key_id), None)
        self._update(user_id, tells)

    def device_disconnected(self, user_id: int, perm_auth_key_id: int, tells: bool = True) -> None:
        """A device's last updates session closed; ``tells`` as for ``device_connected``."""
        devices = self._connected.get(user_id)
        if devices is not None:
            devices.discard(perm_auth_key_id)
            if not devices:
                del self._connected[user_id]
        self._away.discard(perm_auth_key_id)
        self._update(user_id, tells)

    def device_says(self, user_id: int, perm_auth_key_id: int, offline: bool) -> None:
        """``account.updateStatus``: its user looks at the device, or stopped to."""
        self._saying = True
        try:
            self._fanout.bus.publish(DeviceSaid(user_id, perm_auth_key_id, offline))
        finally:
            self._saying = False

    def _said(self, said: DeviceSaid) -> None:
        user_id, perm_auth_key_id, offline = said.user_id, said.perm_auth_key_id, said.offline
        device = (user_id, perm_auth_key_id)
        connected = perm_auth_key_id in self._connected.get(user_id, ())
        if offline:
            self._visiting.pop(device, None)
            if connected:
                self._away.add(perm_auth_key_id)
        elif connected:
            self._away.discard(perm_auth_key_id)
        else:
            # No session of it gets updates, so nobody will say when it leaves: it counts for one term.
            self._visiting[device] = self.now() + ONLINE_FOR
        self._update(user_id, self._saying)

    def _is_here(self, user_id: int) -> bool:
        if any(device not in self._away for device in self._connected.get(user_id, ())):
            return True
        return bool(self._visiting) and any(visitor == user_id for visitor, _ in self._visiting)

    def _update(self, user_id: int, tells: bool) -> None:
        """Compare what the devices say with what was told, and tell a change, or leave that to another process."""
        here = self._is_here(user_id)
        if here == (user_id in self._online):
            return
        now = self.now()
        if here:
            self._online[user_id] = Status(True, now + ONLINE_FOR)
            self._fanout.bus.publish(CameOnline(user_id))
        else:
            del self._online[user_id]
            self._offline.invalidate(user_id)
            self._offline.finish_load(self._offline.start_load(), {user_id: Status(False, now)})
        if not tells or user_id in self._delayed:
            return  # what is told then is how it is then
        wait = self._changes.take(user_id, now)
        if wait:
            self._delayed[user_id] = self._clock.callLater(wait, self._delay_is_over, user_id)
        else:
            self._start(self._settle(user_id))

    def _delay_is_over(self, user_id: int) -> None:
        del self._delayed[user_id]
        self._start(self._settle(user_id))

    async def _settle(self, user_id: int) -> None:
        """Write down and tell how it is now."""
        status = self.cached(user_id)
        if status is not None:
            # Also of who is here now: it is what is true after a crash.
            seen_at = self.now() if status.online else status.at
            await self._database.write("last seen", _set_last_seen_txn, {user_id: seen_at})
        await self._tell(user_id)

    async def _tell(self, user_id: int) -> None:
        watchers = await self._watchers.of(user_id, self._connected)
        if watchers:
            self._fanout.publish(watchers, UserStatusChanged(user_id))

    def renew(self) -> None:
        """Give everybody who is still here a new term and tell who watches."""
        now = self.now()
        for device in [device for device, until in self._visiting.items() if until <= now]:
            del self._visiting[device]
            self._update(device[0], self.tells_for_all)
        for user_id in self._online:
            if user_id in self._connected:
                self._online[user_id] = Status(True, now + ONLINE_FOR)
        if self.tells_for_all and len(self._online) > 1:
            self._start(self._tell_all(list(self._online)))

    def note(self) -> None:
        """Write down that those who are here were seen now, for the case that nobody can when it ends."""
        if self.tells_for_all and self._online:
            self._start(self._note_all(list(self._online)))

    async def _note_all(self, user_ids: list[int]) -> None:
        now = self.now()
        for start in range(0, len(user_ids), _USERS_PER_QUERY):
            # Whoever went meanwhile has been written down as gone.
            part = [user_id for user_id in user_ids[start : start + _USERS_PER_QUERY] if user_id in self._online]
            if part:
                await self._database.write("last seen", _set_last_seen_txn, dict.fromkeys(part, now))

    async def _tell_all(self, user_ids: list[int]) -> None:
        for user_id in user_ids:
            if user_id in self._connected:
                await self._tell(user_id)

    async def settled(self) -> None:
        """Wait until what is being written and told has been."""
        while self._running:
            done: Deferred[None] = Deferred()
            # Not the Deferred itself: awaiting it would take its result, and cancel it when we are.
            next(iter(self._running)).addCallback(done.callback)
            await done

    def start(self) -> None:
        """Renew from now on."""
        self._renewing.clock = self._clock
        self._renewing.start(RENEW_EVERY, now=False)
        self._noting.clock = self._clock
        self._noting.start(NOTE_EVERY, now=False)

    async def stop(self) -> None:
        """Renew no more, and write down when those who are here were seen; call before the database closes."""
        for loop in (self._renewing, self._noting):
            if loop.running:
                loop.stop()
        for user_id, call in list(self._delayed.items()):
            call.cancel()
            self._delay_is_over(user_id)
        await self.settled()
        if self._online:
            await self._database.write("last seen", _set_last_seen_txn, dict.fromkeys(self._online, self.now()))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run on its own; a failure is logged, ``stop`` waits for it."""
        running: Deferred[None] = Deferred.fromCoroutine(work)
        if running.called:
            running.addErrback(self._failed)
            return
        self._running.add(running)

        def done(result: None) -> None:
            self._running.discard(running)

        running.addErrback(self._failed).addCallback(done)

    def _failed(self, failure: Failure) -> None:
        self._log.failure("telling a status failed", failure=failure)


def _last_seen_txn(txn: Transaction, user_ids: list[int]) -> dict[int, int]:
    seen: dict[int, int] = {}
    for start in range(0, len(user_ids), _USERS_PER_QUERY):
        part = user_ids[start : start + _USERS_PER_QUERY]
        marks = ",".join("?" * len(part))
        txn.execute(f"SELECT user_id, seen_at FROM last_seen WHERE user_id IN ({marks})", tuple(part))
        seen.update((row[0], row[1]) for row in txn.fetchall())
    return seen


def _set_last_seen_txn(txn: Transaction, seen: dict[int, int]) -> None:
    for user_id, seen_at in seen.items():
        txn.upsert("last_seen", {"user_id": user_id}, {"seen_at": seen_at})
