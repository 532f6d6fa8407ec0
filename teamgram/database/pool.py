"""adbapi's pool, with transactions that begin and end where we say."""

from collections.abc import Callable
from typing import Any

from twisted.enterprise import adbapi
from twisted.internet.defer import Deferred

from teamgram.database.dialect import Engine

#: adbapi has no type hints.
_ConnectionPool: Any = adbapi.ConnectionPool


class PooledConnection(adbapi.Connection):
    """A pool thread's connection.

    adbapi commits after every function; the functions run here have ended
    their transactions themselves, and on MySQL a second COMMIT would be one
    more round trip.
    """

    def commit(self) -> None:
        """Nothing is open."""

    def rollback(self) -> None:
        """Nothing is open."""

    @property
    def raw(self) -> Any:
        """The driver's connection; a new one after :meth:`discard`."""
        if self._connection is None:
            self._connection = self._pool.connect()
        return self._connection

    @property
    def is_open(self) -> bool:
        """Whether there is a connection (alive or not)."""
        return self._connection is not None

    def discard(self) -> None:
        """Close a dead connection; the next use opens another (and may find the server away)."""
        if self._connection is not None:
            self._pool.disconnect(self._connection)
            self._connection = None


class Pool:
    """Threads with a connection each, opened when first used.

    Args:
        size: the most threads and connections at once.
        prepare: sets up each new connection.
    """

    def __init__(self, engine: Engine, reactor: Any, size: int, prepare: Callable[[Any], None]) -> None:
        self._pool = _ConnectionPool(
            engine.dbapi_name,
            cp_min=1,
            cp_max=size,
            cp_openfun=prepare,
            cp_reactor=reactor,
            **engine.connect_arguments(),
        )
        self._pool.connectionFactory = PooledConnection
        self._closed = False

    def run(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """``function(connection, *args)`` in a pool thread; fires in the reactor thread."""
        result: Deferred[Any] = self._pool.runWithConnection(function, *args)
        return result

    def close(self) -> None:
        """Join the threads and close their connections; waits for functions that still run."""
        if not self._closed:
            self._closed = True
            # After the reactor's "during shutdown" adbapi has done this itself.
            if self._pool.running or self._pool.startID is not None:
                self._pool.close()
