"""Small choices of an account that nothing else reads in a hurry, stored as JSON by name."""

import json
from typing import Any

from teamgram.database import Database, Transaction


class AccountSettings:
    """Reads and writes ``account_settings``. Names: ``account_ttl_days``, ``authorization_ttl_days``, …"""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user_id: int, name: str, default: Any = None) -> Any:
        """One setting, or ``default`` when it was never set."""
        text: str | None = await self._database.read("account setting", _get_txn, user_id, name)
        return default if text is None else json.loads(text)

    async def all(self, user_id: int, prefix: str = "") -> dict[str, Any]:
        """The settings whose name begins so."""
        texts: dict[str, str] = await self._database.read("account settings", _all_txn, user_id)
        return {name: json.loads(text) for name, text in texts.items() if name.startswith(prefix)}

    async def set(self, user_id: int, name: str, setting: Any) -> None:
        """Change one setting."""
        await self._database.write("set account setting", _set_txn, user_id, name, json.dumps(setting))

    async def forget(self, user_id: int, prefix: str) -> None:
        """Put the settings whose name begins so back to their defaults."""
        await self._database.write("forget account settings", _forget_txn, user_id, prefix)


def _get_txn(txn: Transaction, user_id: int, name: str) -> str | None:
    txn.execute("SELECT setting FROM account_settings WHERE user_id = ? AND name = ?", (user_id, name))
    row = txn.fetchone()
    return None if row is None else row[0]


def _all_txn(txn: Transaction, user_id: int) -> dict[str, str]:
    txn.execute("SELECT name, setting FROM account_settings WHERE user_id = ?", (user_id,))
    return {row[0]: row[1] for row in txn.fetchall()}


def _set_txn(txn: Transaction, user_id: int, name: str, text: str) -> None:
    txn.upsert("account_settings", {"user_id": user_id, "name": name}, {"setting": text})


def _forget_txn(txn: Transaction, user_id: int, prefix: str) -> None:
    for name in _all_txn(txn, user_id):
        if name.startswith(prefix):
            txn.execute("DELETE FROM account_settings WHERE user_id = ? AND name = ?", (user_id, name))
