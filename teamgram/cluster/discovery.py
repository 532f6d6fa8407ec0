"""Who is there: addresses that are written down, or what etcd says.

A process is in etcd under ``KEY/LEASE`` with its address, as teamgram's are, for
as long as it keeps its lease. Who cannot ask etcd goes on with what it heard
last. Who is gone from etcd stays a member for ``GONE_AFTER`` seconds more: one that has
ended cannot be spoken to anyhow, and an etcd that lost its memory hears of those
that live one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.cluster.addresses import split_address
from teamgram.cluster.etcd import EtcdAway, EtcdClient

Members = Callable[[frozenset[str]], object]
"""Called with the addresses of all members of a kind, and again whenever they are others."""

LEASE_SECONDS, KEEP_ALIVE_EVERY = 10, 3.0
LEASE_MARGIN = 2.0
"""Seconds before the lease's end at which a process that cannot renew it counts it as lost."""

GONE_AFTER = 5.0
AGAIN_AFTER = 1.0
"""Seconds until etcd is asked again when it was not there."""


class KnownMembers:
    """The members of one kind, as etcd tells of them."""

    def __init__(self, clock: Any, members: Members) -> None:
        self._clock = clock
        self._members = members
        self._there: dict[str, str] = {}
        self._going: dict[str, IDelayedCall] = {}
        self.addresses: frozenset[str] = frozenset()

    def all_are(self, values: dict[str, str]) -> None:
        """These keys are there, with the addresses of members, and no others."""
        self._there = dict(values)
        self._compare()

    def changed(self, changes: dict[str, str | None]) -> None:
        """These keys are others, or gone."""
        for key, value in changes.items():
            if value is None:
                self._there.pop(key, None)
            else:
                self._there[key] = value
        self._compare()

    def _compare(self) -> None:
        there = frozenset(filter(_is_address, self._there.values()))
        for address in there & self._going.keys():
            self._going.pop(address).cancel()
        for address in self.addresses - there - self._going.keys():
            self._going[address] = self._clock.callLater(GONE_AFTER, self._gone, address)
        if not there <= self.addresses:
            self.addresses |= there
            self._members(self.addresses)

    def _gone(self, address: str) -> None:
        del self._going[address]
        left = self.addresses - {address}
        # With nobody left there is nothing to lose by knowing where they were.
        if left:
            self.addresses = left
            self._members(left)

    def stop(self) -> None:
        """Leave no timer."""
        for call in self._going.values():
            call.cancel()
        self._going.clear()


class Discovery:
    """Tells who is there, and tells the others of this process."""

    _log = Logger()

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._clients: dict[tuple[str, ...], EtcdClient] = {}
        self._running: set[Deferred[None]] = set()
        self._known: list[KnownMembers] = []
        self._away: dict[str, str] = {}
        self._leases: dict[tuple[str, ...], tuple[EtcdClient, str]] = {}
        self._keeping: set[Deferred[None]] = set()
        self._ends: dict[tuple[str, ...], IDelayedCall] = {}
        self._lost: set[tuple[str, ...]] = set()
        self._lease_lost: Callable[[bool], object] = lambda _: None

    def when_lease_is_lost(self, told: Callable[[bool], object]) -> None:
        """Call that with True shortly before a lease of this process ends unrenewed, with False when it has another."""
        self._lease_lost = told

    def watch(self, endpoints: frozenset[str], hosts: tuple[str, ...], key: str, members: Members) -> None:
        """Tell who is there, now and whenever it changes: those endpoints for good, or those with that key in etcd."""
        if endpoints:
            members(endpoints)
            return
        known = KnownMembers(self._reactor, members)
        self._known.append(known)
        self._start(self._watching(self._client(hosts), key, known), self._running)

    def register(self, hosts: tuple[str, ...], keys: tuple[str, ...], address: str) -> None:
        """This process is at that address, under these keys, from now on."""
        if hosts and keys:
            self._start(self._registering(self._client(hosts), keys, address), self._keeping)

    def troubles(self) -> list[str]:
        """What does not work about it now."""
        return [f"{what}: {why}" for what, why in self._away.items()]

    async def leave(self) -> None:
        """This process is not there any more; the others hear of it at once."""
        self._cancel(self._keeping)
        for end in self._ends.values():
            end.cancel()
        self._ends.clear()
        leases, self._leases = self._leases, {}
        for client, lease in leases.values():
            try:
                await client.revoke(lease)
            except EtcdAway:
                pass  # it ends by itself

    async def stop(self) -> None:
        """Ask no more."""
        self._cancel(self._running)
        for known in self._known:
            known.stop()
        for client in self._clients.values():
            await client.close()

    def _cancel(self, running: set[Deferred[None]]) -> None:
        for one in list(running):
            one.cancel()

    def _client(self, hosts: tuple[str, ...]) -> EtcdClient:
        client = self._clients.get(hosts)
        if client is None:
            client = self._clients[hosts] = EtcdClient(self._reactor, hosts)
        return client

    def _start(self, work: Coroutine[Any, Any, None], running: set[Deferred[None]]) -> None:
        task: Deferred[None] = Deferred.fromCoroutine(work)
        running.add(task)

        def done(result: object) -> None:
            running.discard(task)
            if isinstance(result, Failure) and not result.check(CancelledError):
                self._log.failure("asking etcd", failure=result)

        task.addBoth(done)

    async def _watching(self, client: EtcdClient, key: str, known: KnownMembers) -> None:
        what = f"etcd ({key})"
        while True:
            try:
                found = await client.find(f"{key}/")
                self._is_back(what)
                known.all_are(found.values)
                await client.watch(f"{key}/", found.revision, known.changed)
            except EtcdAway as error:
                self._is_away(what, error)
                await deferLater(self._reactor, AGAIN_AFTER)

    async def _registering(self, client: EtcdClient, keys: tuple[str, ...], address: str) -> None:
        what = f"etcd (registration of {address})"
        while True:
            try:
                asked_at = self._reactor.seconds()
                lease = await client.grant(LEASE_SECONDS)
                self._leases[keys] = client, lease
                for key in keys:
                    await client.put(f"{key}/{lease}", address, lease)
                self._is_back(what)
                self._renewed(keys, asked_at)
                asked_at = self._reactor.seconds()
                while await client.keep_alive(lease):
                    self._is_back(what)
                    self._renewed(keys, asked_at)
                    await deferLater(self._reactor, KEEP_ALIVE_EVERY)
                    asked_at = self._reactor.seconds()
                self._log.warn("the lease of {address} ended; registering again", address=address)
            except EtcdAway as error:
                # The lease may live on: but who knows for how long. Another one stands beside it then.
                self._is_away(what, error)
                await deferLater(self._reactor, AGAIN_AFTER)

    def _renewed(self, keys: tuple[str, ...], asked_at: float) -> None:
        """The lease lives from when that was asked for, if not from later."""
        end = self._ends.pop(keys, None)
        if end is not None:
            end.cancel()
        left = max(0.0, asked_at + LEASE_SECONDS - LEASE_MARGIN - self._reactor.seconds())
        self._ends[keys] = self._reactor.callLater(left, self._ended, keys)
        if keys in self._lost:
            self._lost.discard(keys)
            if not self._lost:
                self._lease_lost(False)

    def _ended(self, keys: tuple[str, ...]) -> None:
        del self._ends[keys]
        if not self._lost:
            self._lease_lost(True)
        self._lost.add(keys)

    def _is_away(self, what: str, error: EtcdAway) -> None:
        if what not in self._away:
            self._log.warn("{what} does not answer, going on with what is known: {why}", what=what, why=str(error))
        self._away[what] = str(error)

    def _is_back(self, what: str) -> None:
        if self._away.pop(what, None) is not None:
            self._log.info("{what} is back", what=what)


def _is_address(text: str) -> bool:
    try:
        split_address(text)
    except ValueError:
        return False
    return True
