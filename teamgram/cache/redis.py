"""The cache in Redis, shared by every process of a cluster.

Redis may be away at any time. Then ``get`` finds nothing, ``set`` does nothing
and the connection is tried again for ever, ever more slowly up to ten seconds; no
caller notices more than a miss. One thing must not be lost with the connection:
what was deleted while Redis was away would be found again when it is back.
Those keys are remembered, read as missing, and deleted before anything else.
"""

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.logger import Logger

if TYPE_CHECKING:
    from txredisapi import RedisFactory

#: Deletions remembered while Redis is away. Past that nothing in it can be believed, and it is no longer asked.
MAX_UNDELIVERED = 100_000

_INCR = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count
"""

# Numbers are below 2**53, so that Lua's are exact.
_HOLD = """
local value = redis.call('GET', KEYS[1])
local epoch = tonumber(ARGV[2])
if value then
  local blank = string.find(value, ' ', 1, true)
  local before = tonumber(string.sub(value, 1, blank - 1))
  if string.sub(value, blank + 1) == ARGV[1] then
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return {string.format('%.0f', before), 0}
  end
  if before >= epoch then epoch = before + 1 end
end
epoch = string.format('%.0f', epoch)
redis.call('SET', KEYS[1], epoch .. ' ' .. ARGV[1], 'PX', ARGV[3])
return {epoch, 1}
"""


class RedisCache:
    """See :class:`teamgram.cache.interface.Cache`.

    Connects at the first use.

    Args:
        reactor: for the wait for the first connection.
        address: ``host:port``.
        namespace: prefix of every key, so that several programs can share a Redis.
        reply_timeout: seconds until a silent Redis counts as away.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        address: str,
        *,
        password: str = "",
        namespace: str = "teamgram",
        reply_timeout: float = 1.0,
    ) -> None:
        host, _, port = address.rpartition(":")
        self._reactor = reactor
        self._host, self._port = (host or "127.0.0.1").strip("[]"), int(port)
        self._password = password
        self._namespace = namespace
        self._reply_timeout = reply_timeout
        self._factory: RedisFactory | None = None
        self._patience: Any = None
        self._first_try: list[Deferred[None]] | None = []
        self._undelivered: set[str] = set()
        self._away = False
        self._closed = False

    async def get(self, key: str) -> bytes | None:
        """The value, or None."""
        value = await self._ask("get", self._name(key))
        # Looked at after the answer: the key may have been deleted, unheard, while we waited.
        return None if key in self._undelivered or not isinstance(value, bytes) else value

    async def set(self, key: str, value: bytes, ttl: float | None = None) -> None:
        """Keep the value for ``ttl`` seconds."""
        if key in self._undelivered:
            return
        lifetime = None if ttl is None else max(1, round(ttl * 1000))
        if ttl is None or ttl > 0:
            await self._ask("set", self._name(key), value, pexpire=lifetime)

    async def delete(self, *keys: str) -> None:
        """Forget the keys, now or as soon as Redis is back."""
        if not keys:
            return
        self._undelivered.update(keys)
        if await self._ask("delete", [self._name(key) for key in keys]) is not None:
            self._undelivered.difference_update(keys)
        elif len(self._undelivered) > MAX_UNDELIVERED and not self._closed:
            self._log.error("Redis was away for so long that it is not used any more until the next start")
            await self.close()

    async def incr(self, key: str, ttl: float) -> int:
        """Count within a window that begins with the first call."""
        count = await self._ask("eval", _INCR, [self._name(key)], [max(1, round(ttl * 1000))])
        return count if isinstance(count, int) else 1

    async def hold(self, key: str, holder: str, at_least: int, ttl: float) -> tuple[int, bool] | None:
        """Note who holds something."""
        arguments = [holder, at_least, max(1, round(ttl * 1000))]
        held = await self._ask("eval", _HOLD, [self._name(key)], arguments)
        return (int(held[0]), bool(held[1])) if isinstance(held, list) else None

    async def close(self) -> None:
        """Stop connecting and close the connection; everything is a miss from now on."""
        self._closed = True
        self._first_try_is_over()
        factory, self._factory = self._factory, None
        if factory is not None:
            await factory.disconnect()

    def _name(self, key: str) -> str:
        return f"{self._namespace}:{key}"

    async def _ask(self, command: str, *args: Any, **options: Any) -> Any:
        """The reply, or None when there is none to be had (or the reply is nil)."""
        from txredisapi import RedisError

        connection = await self._connection()
        if connection is None:
            return None
        try:
            return await getattr(connection, command)(*args, **options)
        except CancelledError:
            raise
        except (RedisError, ConnectionDone) as error:
            self._note_away(error)
            return None

    async def _connection(self) -> Any:
        """The live connection, or None; waits only for the very first one."""
        if self._closed:
            return None
        if self._factory is None:
            self._connect()
        if self._first_try is not None:
            first_try: Deferred[None] = Deferred()
            self._first_try.append(first_try)
            await first_try
        pool = self._factory.pool if self._factory is not None else ()
        if not pool:
            self._note_away(None)
            return None
        return pool[0]

    def _connect(self) -> None:
        # txredisapi imports the reactor: not before we run.
        from twisted.internet.endpoints import HostnameEndpoint

        import txredisapi

        cache = self

        class Factory(txredisapi.RedisFactory):  # type: ignore[misc]
            def addConnection(self, connection: Any) -> None:
                super().addConnection(connection)
                cache._connected(connection)

        # charset None: bytes come out as they went in.
        factory = Factory(
            None,
            None,
            1,
            isLazy=True,
            charset=None,
            password=self._password or None,
            replyTimeout=self._reply_timeout,
            convertNumbers=False,
        )
        factory.deferred.addErrback(lambda _: None)
        self._factory = factory
        factory.startConnecting(
            HostnameEndpoint(self._reactor, self._host, self._port, timeout=self._reply_timeout * 5)
        )
        self._patience = self._reactor.callLater(self._reply_timeout, self._first_try_is_over)

    def _connected(self, connection: Any) -> None:
        """First of all repeat the deletions that Redis has not heard; Redis keeps the order of one connection."""
        if self._undelivered and connection.connected:
            keys = list(self._undelivered)

            def delivered(_: Any) -> None:
                self._undelivered.difference_update(keys)

            connection.delete([self._name(key) for key in keys]).addCallbacks(delivered, lambda _: None)
        if self._away:
            self._away = False
            self._log.info("Redis at {host}:{port} is back", host=self._host, port=self._port)
        self._first_try_is_over()

    def _first_try_is_over(self) -> None:
        if self._first_try is None:
            return
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        waiting, self._first_try = self._first_try, None
        for waiter in waiting:
            waiter.callback(None)

    def _note_away(self, error: Exception | None) -> None:
        if not self._away and not self._closed:
            self._away = True
            self._log.warn(
                "Redis at {host}:{port} does not answer ({error}); going on without it",
                host=self._host,
                port=self._port,
                error=error or "no connection",
            )
