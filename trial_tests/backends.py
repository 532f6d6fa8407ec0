"""The same test on the embedded backend (SQLite, in-process cache) and on servers (MariaDB, Redis).

    @on_every_backend
    class UserStoreTests(BackendTestCase):
        async def test_something(self) -> None:
            db = self.open_database()
            cache = self.open_cache()

``UserStoreTests`` itself runs on the embedded backend; the decorator puts a twin
``UserStoreOnServersTests`` beside it. The servers are those that
``tools/test_services.py`` starts; without them the twin is skipped and says so,
or fails where ``TEAMGRAM_TEST_REQUIRE_SERVICES=1`` (``make test``).
"""

import os
import secrets
import sys
import unittest
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

import pymysql

from teamgram.cache import Cache, MemoryCache, RedisCache
from teamgram.database import Database, open_database
from teamgram.database.dsn import MySQLDSN, parse_dsn


def service(variable: str) -> str:
    """The address of a test service from the environment; skips (or fails) the test when there is none."""
    address = os.environ.get(variable, "")
    if address:
        return address
    if os.environ.get("TEAMGRAM_TEST_REQUIRE_SERVICES") == "1":
        raise AssertionError(
            f"{variable} is not set, but the services are required: run me under tools/test_services.py"
        )
    raise unittest.SkipTest(f"no {variable}: python tools/test_services.py -- trial … runs this too")


class BackendTestCase(TestCase):
    """A test with databases and caches of its own, gone when it ends.

    Attributes:
        on_servers: whether they live in MariaDB and Redis.
        real_reactor: what databases run on; they need threads, so a test's ``Clock`` will not do.
    """

    on_servers = False
    timeout = 60.0

    _place: tuple[str, Path] | None = None

    @property
    def real_reactor(self) -> Any:
        from twisted.internet import reactor

        return reactor

    def open_database(self, **options: Any) -> Database:
        """This test's database, empty at the first call; the next call opens the same one again, as a restart does.

        Takes the options of :func:`teamgram.database.open_database`. Closed at the end of the test.
        """
        if self._place is None:
            self._place = self.new_place()
        dsn, data_dir = self._place
        db = open_database(dsn, data_dir, self.real_reactor, **options)
        self.addCleanup(db.close)
        return db

    def new_place(self) -> tuple[str, Path]:
        """(DSN, data directory) of one more empty database."""
        data_dir = Path(self.mktemp())
        if not self.on_servers:
            return "sqlite:teamgram.db", data_dir
        server, name = _new_database()
        self.addCleanup(_run_on, server, f"DROP DATABASE {name}")
        return _dsn(server, name), data_dir

    def database_to_keep(self) -> str:
        """The DSN of one more empty database that stays when the test ends: other tests of its class use it, too."""
        return new_database() if self.on_servers else "sqlite:teamgram.db"

    def open_cache(self, clock: Any = None) -> Cache:
        """An empty cache; ``clock`` counts for the in-process one only."""
        if not self.on_servers:
            return MemoryCache(clock or self.real_reactor)
        cache = RedisCache(self.real_reactor, service("TEAMGRAM_TEST_REDIS"), namespace=secrets.token_hex(6))

        def close() -> Deferred[None]:
            return Deferred.fromCoroutine(cache.close())

        self.addCleanup(close)
        return cache


def new_database() -> str:
    """The DSN of an empty database on the test's server, which stays until that ends."""
    return _dsn(*_new_database())


def _new_database() -> tuple[MySQLDSN, str]:
    server = parse_dsn(service("TEAMGRAM_TEST_MYSQL_DSN"), Path())
    assert isinstance(server, MySQLDSN)
    name = f"test_{secrets.token_hex(6)}"
    _run_on(server, f"CREATE DATABASE {name}")
    return server, name


def _dsn(server: MySQLDSN, name: str) -> str:
    return f"{server.user}:{server.password}@tcp({server.host}:{server.port})/{name}"


def _run_on(server: MySQLDSN, statement: str) -> None:
    connection = pymysql.connect(host=server.host, port=server.port, user=server.user, password=server.password)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)


_Case = TypeVar("_Case", bound=type[BackendTestCase])


def on_every_backend(case: _Case) -> _Case:
    """Class decorator: put the twin that runs on servers into the test's module."""
    name = case.__name__.removesuffix("Tests") + "OnServersTests"
    twin = type(name, (case,), {"on_servers": True, "__module__": case.__module__, "__qualname__": name})
    setattr(sys.modules[case.__module__], name, twin)
    return case


__all__ = ["BackendTestCase", "new_database", "on_every_backend", "service"]
