"""Taking one's data out: a device says that it begins, and when it has done (core.telegram.org/api/takeout)."""

import secrets

from teamgram.database import Database, Transaction
from teamgram.domain.errors import DomainError

LASTS = 86_400
"""Seconds for which one is open that is not ended."""


class TakeoutRequired(DomainError):
    """Only a device that is taking data out is given this."""


class TakeoutInvalid(DomainError):
    """The device is taking nothing out."""


class Takeouts:
    """Everybody's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, user_id: int, perm_auth_key_id: int, now: int) -> int:
        """From now on the device is taking out; what that is called. One that it had begun before is over."""
        return await self._database.write("begin takeout", _begin_txn, user_id, perm_auth_key_id, now)

    async def end(self, user_id: int, perm_auth_key_id: int) -> None:
        """It has done.

        Raises:
            TakeoutInvalid.
        """
        await self._database.write("end takeout", _end_txn, user_id, perm_auth_key_id)

    async def check(self, user_id: int, perm_auth_key_id: int, now: int) -> None:
        """Whether it is taking out.

        Raises:
            TakeoutRequired.
        """
        if not await self._database.read("takeout", _is_open_txn, user_id, perm_auth_key_id, now):
            raise TakeoutRequired


def _begin_txn(txn: Transaction, user_id: int, perm_auth_key_id: int, now: int) -> int:
    txn.execute(
        "DELETE FROM takeouts WHERE user_id = ? AND (perm_auth_key_id = ? OR begun_at <= ?)",
        (user_id, perm_auth_key_id, now - LASTS),
    )
    takeout_id = secrets.randbits(62) + 1
    txn.execute(
        "INSERT INTO takeouts (id, user_id, perm_auth_key_id, begun_at) VALUES (?, ?, ?, ?)",
        (takeout_id, user_id, perm_auth_key_id, now),
    )
    return takeout_id


def _end_txn(txn: Transaction, user_id: int, perm_auth_key_id: int) -> None:
    txn.execute("DELETE FROM takeouts WHERE user_id = ? AND perm_auth_key_id = ?", (user_id, perm_auth_key_id))
    if not txn.rowcount:
        raise TakeoutInvalid


def _is_open_txn(txn: Transaction, user_id: int, perm_auth_key_id: int, now: int) -> bool:
    txn.execute(
        "SELECT 1 FROM takeouts WHERE user_id = ? AND perm_auth_key_id = ? AND begun_at > ?",
        (user_id, perm_auth_key_id, now - LASTS),
    )
    return txn.fetchone() is not None
