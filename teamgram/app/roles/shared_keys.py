"""Keys in the data directory that all bff processes must have alike, held against the database."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from teamgram.app.config.errors import ConfigError
from teamgram.bots.file_ids import KEY_NAME as BOT_FILES_KEY
from teamgram.database import Database, Transaction
from teamgram.domain.codes.sealing import KEY_FILE as CODES_KEY
from teamgram.domain.codes.sealing import load_or_create_key
from teamgram.domain.files.references import KEY_NAME as FILES_KEY

KEYS = (CODES_KEY, FILES_KEY, BOT_FILES_KEY)


async def check_shared_keys(database: Database, data_dir: Path) -> None:
    """Whether this process's keys are those of the first one.

    Raises:
        ConfigError: one is not: what one process signs and seals the others could not read.
    """
    for name in KEYS:
        digest = sha256(load_or_create_key(data_dir / name)).digest()
        mark = int.from_bytes(digest[:8], "big", signed=True)
        if await database.write("shared key", _mark_txn, f"key_{name}"[:64], mark) != mark:
            raise ConfigError(
                str(data_dir / name), "", "is not the key of the other bff processes; copy the file from one of them"
            )


def _mark_txn(txn: Transaction, name: str, mark: int) -> int:
    txn.insert_ignore("server_state", {"name": name, "value": mark})
    txn.execute("SELECT value FROM server_state WHERE name = ?", (name,))
    row = txn.fetchone()
    assert row is not None
    return int(row[0])
