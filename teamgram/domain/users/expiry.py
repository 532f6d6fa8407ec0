"""Accounts whose owners chose to be forgotten after being away for so long."""

import json
from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.database import Database, Transaction

ACCOUNT_TTL = "account_ttl_days"
"""Name of the account setting. Accounts that never set it are kept for good, whatever clients show."""

SWEEP_EVERY = 6 * 3600
"""Seconds."""

_DAY = 86_400


class AccountExpiry:
    """Ends accounts that were away for longer than their owners chose.

    Args:
        is_online: who is here now is not away, whatever is written down.
        end: ends one account.
    """

    _log = Logger()

    def __init__(
        self,
        database: Database,
        clock: IReactorTime,
        is_online: Callable[[int], bool],
        end: Callable[[int], Awaitable[None]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._is_online = is_online
        self._end = end
        self._sweeping = LoopingCall(lambda: Deferred.fromCoroutine(self.sweep()).addErrback(self._failed))

    async def sweep(self) -> list[int]:
        """End what has expired; the ids."""
        now = int(self._clock.seconds())
        expired: list[int] = await self._database.read("expired accounts", _expired_txn, now)
        ended = [user_id for user_id in expired if not self._is_online(user_id)]
        for user_id in ended:
            await self._end(user_id)
            self._log.info("account {user_id} ended: away for longer than its owner chose", user_id=user_id)
        return ended

    def _failed(self, failure: Failure) -> None:
        self._log.failure("looking for expired accounts failed", failure=failure)

    def start(self) -> None:
        """Look from now on, first after one interval."""
        self._sweeping.clock = self._clock
        self._sweeping.start(SWEEP_EVERY, now=False)

    def stop(self) -> None:
        """Look no more."""
        if self._sweeping.running:
            self._sweeping.stop()


def _expired_txn(txn: Transaction, now: int) -> list[int]:
    txn.execute(
        "SELECT account_settings.user_id, account_settings.setting, COALESCE(last_seen.seen_at, users.created_at)"
        " FROM account_settings JOIN users ON users.id = account_settings.user_id"
        " LEFT JOIN last_seen ON last_seen.user_id = account_settings.user_id"
        " WHERE account_settings.name = ? AND users.is_deleted = 0",
        (ACCOUNT_TTL,),
    )
    return [user_id for user_id, days, seen_at in txn.fetchall() if seen_at < now - json.loads(days) * _DAY]
