"""Migrations: order, once, resumption, backups, and databases from the future."""

import sqlite3
import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from teamgram.database import DatabaseTooNew, MigrationError
from teamgram.database.dialect import expand_tokens
from teamgram.database.engines import SQLiteEngine
from teamgram.database.migrate import MIGRATIONS, split_statements
from teamgram.database.mysql_engine import MySQLEngine
from trial_tests.backends import BackendTestCase, on_every_backend, service


class SplitStatementsTests(SynchronousTestCase):
    """split_statements."""

    def test_semicolons(self) -> None:
        """Semicolons split; the last one may be missing; empty statements vanish."""
        self.assertEqual(split_statements("A;\n;B ; C"), ["A", "B", "C"])

    def test_hidden_semicolons(self) -> None:
        """Semicolons in quotes and comments do not split, and comments are left out."""
        sql = """-- one; two
        INSERT INTO a VALUES ('x;''y', "c;d"); /* no; */ SELECT 1 -- 2; ' 3"""
        self.assertEqual(split_statements(sql), ["""INSERT INTO a VALUES ('x;''y', "c;d")""", "SELECT 1"])

    def test_operators_that_look_like_comments(self) -> None:
        """A single minus or slash is arithmetic."""
        self.assertEqual(split_statements("SELECT 4 - 2 / 1"), ["SELECT 4 - 2 / 1"])


class ShippedMigrationsTests(SynchronousTestCase):
    """The files that we ship."""

    def test_tokens_known(self) -> None:
        """Every token of every file is known to both engines."""
        for path in sorted(MIGRATIONS.glob("*.sql")):
            for engine in (SQLiteEngine, MySQLEngine):
                self.assertTrue(split_statements(expand_tokens(path.read_text(), engine)), path.name)  # type: ignore[arg-type]


@on_every_backend
class MigrateTests(BackendTestCase):
    """migrate, through open_database."""

    def setUp(self) -> None:
        if self.on_servers:
            # Skipped here: inside assertRaises a skip is a failure.
            service("TEAMGRAM_TEST_MYSQL_DSN")
        self.files = Path(self.mktemp())
        self.files.mkdir()
        self.file("0001_first", "CREATE TABLE ones (id {bigint_pk_auto}, body {text}) {engine_suffix};")

    def file(self, name: str, sql: str) -> None:
        (self.files / f"{name}.sql").write_text(sql)

    async def rows(self, sql: str) -> list[tuple[object, ...]]:
        db = self.open_database(migrations=self.files)

        def select(txn):  # type: ignore[no-untyped-def]
            txn.execute(sql)
            return list(txn.fetchall())

        found = await db.read("select", select)
        await db.close()
        return found

    async def test_once(self) -> None:
        """What was applied is not applied again, and later files are applied when they come, in order."""
        self.assertEqual(await self.rows("SELECT version FROM schema_migrations"), [(1,)])
        self.file("0003_third", "INSERT INTO ones (body) VALUES ('third');")
        self.file("0002_second", "INSERT INTO ones (body) VALUES ('second');")
        for _ in range(2):
            self.assertEqual(await self.rows("SELECT body FROM ones ORDER BY id"), [("second",), ("third",)])

    async def test_lower_number_later(self) -> None:
        """A file with a number below one that was applied is applied as well: areas have ranges of numbers."""
        self.file("0020_other", "INSERT INTO ones (body) VALUES ('twenty');")
        await self.rows("SELECT 1")
        self.file("0002_late", "INSERT INTO ones (body) VALUES ('two');")
        self.assertEqual(await self.rows("SELECT body FROM ones ORDER BY id"), [("twenty",), ("two",)])

    async def test_too_new(self) -> None:
        """A database with a migration that the program lacks is refused by name."""
        self.file("0002_future", "CREATE TABLE twos (id {bigint_pk_auto}) {engine_suffix};")
        await self.rows("SELECT 1")
        (self.files / "0002_future.sql").unlink()
        error = self.assertRaises(DatabaseTooNew, self.open_database, migrations=self.files)
        self.assertIn("0002_future", str(error))

    async def test_failed_then_repaired(self) -> None:
        """A failing statement is named; once the file is right it is applied without doing anything twice."""
        self.file("0002_broken", "INSERT INTO ones (body) VALUES ('a'); INSERT INTO nowhere VALUES (1);")
        error = self.assertRaises(MigrationError, self.open_database, migrations=self.files)
        self.assertIn("0002_broken.sql, statement 2", str(error))
        self.file("0002_broken", "INSERT INTO ones (body) VALUES ('a'); INSERT INTO ones (body) VALUES ('b');")
        self.assertEqual(await self.rows("SELECT body FROM ones ORDER BY id"), [("a",), ("b",)])

    def test_malformed_files(self) -> None:
        """A bad name, a number used twice and an unknown token are errors that name the file."""
        for name, sql in (("2_short", "SELECT 1"), ("0001_again", "SELECT 1"), ("0004_token", "SELECT {nothing}")):
            self.file(name, sql)
            error = self.assertRaises(MigrationError, self.open_database, migrations=self.files)
            self.assertIn(name, str(error))
            (self.files / f"{name}.sql").unlink()


class SQLiteMigrationTests(BackendTestCase):
    """What only a file of ours has: private mode, copy before migrating."""

    def directory(self) -> Path:
        made = Path(self.mktemp())
        made.mkdir()
        return made

    async def test_copy_before_migrating(self) -> None:
        """Before a used database is migrated it is copied, readable by its owner only; a new one is not copied."""
        files = self.directory()
        (files / "0001_first.sql").write_text("CREATE TABLE ones (body {text}); INSERT INTO ones VALUES ('precious');")
        await self.open_database(migrations=files).close()
        assert self._place is not None
        data_dir = self._place[1]
        self.assertEqual(sorted(path.name for path in data_dir.iterdir()), ["teamgram.db"])
        (files / "0007_second.sql").write_text("DROP TABLE ones;")
        await self.open_database(migrations=files).close()
        copy = data_dir / "teamgram.db.before-0007"
        self.assertEqual(sqlite3.connect(copy).execute("SELECT body FROM ones").fetchall(), [("precious",)])
        for path in data_dir.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path.name)
        self.assertEqual(stat.S_IMODE(data_dir.stat().st_mode), 0o700)
