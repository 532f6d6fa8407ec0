"""Which of several processes does what must be done once: the one that holds a lease in the database.

The lease is renewed long before it ends, and whoever cannot renew it ends that work before
another one may begin it. The processes' clocks may differ by ``MARGIN`` less what the work needs to end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from teamgram.database import Database, Transaction

LEASE_SECONDS, RENEW_EVERY, MARGIN = 12.0, 3.0, 4.0
ANSWER_WITHIN = 3.0
"""Seconds for one question to the database."""


class Leading:
    """Asks for the lease, and has the work begun and ended.

    Args:
        holder: this process's name.
        lead: begins the work; what it raises gives the lease back.
        follow: ends it.
    """

    _log = Logger()

    def __init__(
        self,
        database: Database,
        clock: Any,
        name: str,
        holder: str,
        lead: Callable[[], Awaitable[None]],
        follow: Callable[[], Awaitable[None]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._name = name
        self._holder = holder
        self._lead = lead
        self._follow = follow
        self._until = 0.0
        self.leads = False
        self._stopped = False
        # A round that waits for the database while the process is told to end must not begin the work again.
        self._one_at_a_time = DeferredLock()
        self._rounds = LoopingCall(lambda: Deferred.fromCoroutine(self._round()))
        self._rounds.clock = clock

    async def start(self) -> None:
        """Ask now, and from now on."""
        await self._round()
        self._rounds.start(RENEW_EVERY, now=False).addErrback(
            lambda failure: self._log.failure("asking for the lease ended", failure=failure)
        )

    async def stop(self) -> None:
        """End the work, and let another one begin at once."""
        self._stopped = True
        if self._rounds.running:
            self._rounds.stop()
        await self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._stop()))

    async def _stop(self) -> None:
        if self.leads:
            await self._end()
            await self._give_back()

    async def _round(self) -> None:
        await self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._ask_for_it()))

    async def _ask_for_it(self) -> None:
        if self._stopped:
            return
        now = self._clock.seconds()
        try:
            held = await self._ask(_take_txn, self._holder, now, now + LEASE_SECONDS)
        except Exception as error:
            self._log.warn("the lease of {name} could not be asked for: {error}", name=self._name, error=str(error))
            held = self.leads and self._clock.seconds() < self._until - MARGIN
        else:
            self._until = now + LEASE_SECONDS if held else 0.0
        if held and not self.leads and self._stopped:
            await self._give_back()
        elif held and not self.leads:
            self.leads = True
            self._log.info("this process does {name} now", name=self._name)
            try:
                await self._lead()
            except Exception:
                self._log.failure("{name} could not be begun", name=self._name)
                await self._end()
                await self._give_back()
        elif self.leads and not held:
            self._log.warn("another process may do {name} soon: it ends here", name=self._name)
            await self._end()

    async def _end(self) -> None:
        self.leads = False
        try:
            await self._follow()
        except Exception:
            self._log.failure("ending {name}", name=self._name)

    async def _give_back(self) -> None:
        self._until = 0.0
        try:
            await self._ask(_give_back_txn, self._holder)
        except Exception as error:
            self._log.warn("the lease of {name} could not be given back: {error}", name=self._name, error=str(error))

    def _ask(self, work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        asking: Deferred[Any] = self._database.write("work lease", work, self._name, *arguments)
        return asking.addTimeout(ANSWER_WITHIN, self._clock)


def _take_txn(txn: Transaction, name: str, holder: str, now: float, until: float) -> bool:
    """Take or renew it; whether it is this holder's."""
    txn.insert_ignore("work_leases", {"name": name, "holder": "", "until_at": 0})
    txn.execute(
        "UPDATE work_leases SET holder = ?, until_at = ? WHERE name = ? AND (holder = ? OR until_at < ?)",
        (holder, int(until * 1000), name, holder, int(now * 1000)),
    )
    txn.execute("SELECT holder FROM work_leases WHERE name = ?", (name,))
    row = txn.fetchone()
    return row is not None and row[0] == holder


def _give_back_txn(txn: Transaction, name: str, holder: str) -> None:
    txn.execute("UPDATE work_leases SET until_at = 0, holder = '' WHERE name = ? AND holder = ?", (name, holder))
