"""Bring the tables up to date: numbered SQL files, applied in order, each once.

Files are ``NNNN_name.sql`` in ``migrations/``; its README says how to write
one. Which ran is kept in ``schema_migrations``. On SQLite a migration happens
as a whole or not at all, and the file is copied aside first. MySQL commits each
DDL statement by itself, so there the table also says how many of a file's statements
are done, and a migration that failed goes on where it stopped.
"""

import re
import time
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from teamgram.database.dialect import Engine, expand_tokens
from teamgram.database.errors import DatabaseTooNew, MigrationError
from teamgram.database.transaction import Transaction

MIGRATIONS = Path(__file__).parent / "migrations"

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")

_CREATE = """
CREATE TABLE schema_migrations (
    version BIGINT NOT NULL PRIMARY KEY,
    name VARCHAR(191) NOT NULL,
    statements_done BIGINT NOT NULL,
    finished_at BIGINT NOT NULL
) {engine_suffix}
"""

# One match per piece: what quotes or comments hide is not searched for semicolons.
_PIECE = re.compile(
    r"""--[^\n]* | /\*.*?\*/ | '(?:[^']|'')*' | "(?:[^"]|"")*" | ; | [^-/'";]+ | .""", re.VERBOSE | re.DOTALL
)

_log = Logger()


def migrate(engine: Engine, connection: Any, directory: Path = MIGRATIONS) -> list[int]:
    """Apply what is missing; the versions applied.

    One query when nothing is missing.

    Raises:
        DatabaseTooNew: it has migrations that this program does not know.
        MigrationError: a file is malformed, or the engine refused a statement.
    """
    files = _files(directory)
    txn = Transaction(engine, connection.cursor())
    applied = _applied(engine, txn)
    if applied is not None and not _missing(files, applied):
        connection.rollback()
        return []
    if applied:
        copy = engine.back_up(connection, f"before-{_missing(files, applied)[0]:04d}")
        if copy is not None:
            _log.info("database copied to {copy} before migrating", copy=str(copy))
    if applied is None:
        _create_bookkeeping(engine, txn)
    done = []
    for version in files:
        if _apply(engine, txn, version, files[version]):
            done.append(version)
    _log.info("database migrated: {count} migrations applied", count=len(done))
    return done


def split_statements(sql: str) -> list[str]:
    """The statements of a migration without comments; a trigger's ``BEGIN … END`` is not understood."""
    statements: list[str] = []
    current: list[str] = []
    for match in _PIECE.finditer(sql + "\n;"):
        piece = match.group()
        if piece == ";":
            statement = "".join(current).strip()
            if statement:
                statements.append(statement)
            current = []
        elif not piece.startswith(("--", "/*")):
            current.append(piece)
    return statements


def _files(directory: Path) -> dict[int, Path]:
    """The migrations by version, in order."""
    files: dict[int, Path] = {}
    for path in sorted(directory.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: a migration is named NNNN_name.sql")
        version = int(match.group(1))
        if version in files:
            raise MigrationError(f"{path.name}: {files[version].name} has the same number")
        files[version] = path
    return files


def _applied(engine: Engine, txn: Transaction) -> dict[int, tuple[str, bool]] | None:
    """Version to (name, finished); None when the database is new."""
    try:
        txn.execute("SELECT version, name, finished_at FROM schema_migrations")
    except Exception as error:
        if engine.is_missing_table(error):
            return None
        raise
    return {version: (name, finished_at > 0) for version, name, finished_at in txn.fetchall()}


def _missing(files: dict[int, Path], applied: dict[int, tuple[str, bool]]) -> list[int]:
    unknown = sorted(applied.keys() - files.keys())
    if unknown:
        newest = f"{unknown[-1]:04d}_{applied[unknown[-1]][0]}"
        raise DatabaseTooNew(
            f"the database has migration {newest}, which this version of the program does not have; "
            "start the newer version, or go back to the copy made before it migrated"
        )
    return [version for version in files if not applied.get(version, ("", False))[1]]


def _create_bookkeeping(engine: Engine, txn: Transaction) -> None:
    engine.begin_migration(txn)
    succeeded = False
    try:
        if _applied(engine, txn) is None:
            txn.execute(expand_tokens(_CREATE, engine))
        succeeded = True
    finally:
        engine.end_migration(txn, succeeded)


def _apply(engine: Engine, txn: Transaction, version: int, path: Path) -> bool:
    """Apply one migration unless another process was faster; whether it was applied here."""
    name = path.stem.partition("_")[2]
    engine.begin_migration(txn)
    succeeded = False
    try:
        txn.execute("SELECT statements_done, finished_at FROM schema_migrations WHERE version = ?", (version,))
        row = txn.fetchone()
        if row is not None and row[1]:
            succeeded = True
            return False
        done = row[0] if row else 0
        statements = _statements(engine, path)
        for number, statement in enumerate(statements[done:], done + 1):
            try:
                txn.execute(statement)
            except Exception as error:
                raise MigrationError(f"{path.name}, statement {number}: {error}\n{statement}") from error
            if not engine.transactional_ddl:
                _note(txn, version, name, number, 0)
        _note(txn, version, name, len(statements), int(time.time()))
        succeeded = True
        return True
    finally:
        engine.end_migration(txn, succeeded)


def _statements(engine: Engine, path: Path) -> list[str]:
    try:
        return split_statements(expand_tokens(path.read_text("utf-8"), engine))
    except KeyError as error:
        raise MigrationError(f"{path.name}: unknown token {{{error.args[0]}}}") from None


def _note(txn: Transaction, version: int, name: str, statements_done: int, finished_at: int) -> None:
    txn.upsert(
        "schema_migrations",
        {"version": version},
        {"name": name, "statements_done": statements_done, "finished_at": finished_at},
    )
