"""What is asked of etcd v3, over its JSON gateway: leases, keys, and what becomes of keys.

Keys and values are text here. A question goes to the host that answered last,
then to the others in turn.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone, ResponseFailed, _HTTP11ClientFactory
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

import treq
from treq.client import HTTPClient

TIMEOUT = 3.0
"""Seconds that a question may take at one host."""

MAX_LINE = 4 << 20


class EtcdAway(Exception):
    """No host gave an answer that makes sense; says what the last one said."""


@dataclass(frozen=True)
class EtcdValues:
    """Keys below a prefix as they were at a revision of the store."""

    values: dict[str, str]
    revision: int


class _QuietFactory(_HTTP11ClientFactory):
    noisy = False


class _QuietPool(HTTPConnectionPool):
    # Twisted would tell of each connection that opens and closes.
    _factory = _QuietFactory


class EtcdClient:
    """One etcd.

    Args:
        hosts: "host:port" each.
    """

    def __init__(self, reactor: Any, hosts: tuple[str, ...]) -> None:
        self._reactor = reactor
        self._hosts = list(hosts)
        self._pool = _QuietPool(reactor, persistent=True)
        self._http = HTTPClient(Agent(reactor, connectTimeout=TIMEOUT, pool=self._pool))

    @property
    def hosts(self) -> str:
        """For what is told of it."""
        return ", ".join(self._hosts)

    async def grant(self, ttl: int) -> str:
        """A lease of so many seconds; its id."""
        return str((await self._ask("lease/grant", {"TTL": ttl}))["ID"])

    async def keep_alive(self, lease: str) -> bool:
        """Begin the lease's time anew; False: it has ended."""
        answer = await self._ask("lease/keepalive", {"ID": lease})
        return int(answer.get("result", {}).get("TTL", 0)) > 0

    async def revoke(self, lease: str) -> None:
        """End a lease, and what is kept under it."""
        await self._ask("lease/revoke", {"ID": lease})

    async def put(self, key: str, value: str, lease: str) -> None:
        """Keep a value for as long as the lease lives."""
        await self._ask("kv/put", {"key": _encoded(key), "value": _encoded(value), "lease": lease})

    async def find(self, prefix: str) -> EtcdValues:
        """What is below a prefix."""
        answer = await self._ask("kv/range", _range(prefix))
        kvs = answer.get("kvs", ())
        values = {_decoded(one["key"]): _decoded(one.get("value", "")) for one in kvs}
        return EtcdValues(values, int(answer["header"]["revision"]))

    async def watch(self, prefix: str, after: int, changed: Callable[[dict[str, str | None]], object]) -> None:
        """Hear what changes below a prefix, until that cannot be heard any more.

        Args:
            after: the revision after which to begin; if etcd no longer knows so far back, this ends.
            changed: called with keys and their new values; None: it is gone.

        Raises:
            EtcdAway: the connection broke, or there was none.
        """
        response = await self._open("watch", {"create_request": {**_range(prefix), "start_revision": str(after + 1)}})

        def line(answer: dict[str, Any]) -> bool:
            result = answer.get("result")
            if result is None or result.get("canceled"):
                return False
            events = result.get("events", ())
            if events:
                changed({_decoded(one["kv"]["key"]): _value(one) for one in events})
            return True

        await _lines(response, line)

    async def _ask(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await self._open(method, body)
        try:
            answer: dict[str, Any] = json.loads(await self._timed(treq.content(response)))
        except (ValueError, TimeoutError, ConnectionDone, ResponseFailed) as error:
            raise EtcdAway(f"{method}: {error}") from None
        if response.code != 200:
            raise EtcdAway(f"{method}: {response.code} {answer.get('error') or answer.get('message')}")
        return answer

    async def _open(self, method: str, body: dict[str, Any]) -> Any:
        content = json.dumps(body).encode()
        headers = Headers({"Content-Type": ["application/json"]})
        why = "no host is named"
        for host in list(self._hosts):
            try:
                return await self._timed(
                    self._http.post(f"http://{host}/v3/{method}", data=content, headers=headers, unbuffered=True)
                )
            except CancelledError:
                raise
            except Exception as error:
                why = f"{host}: {type(error).__name__}: {error}"
                # The others first from now on.
                self._hosts = [one for one in self._hosts if one != host] + [host]
        raise EtcdAway(why)

    def _timed(self, asked: Deferred[Any]) -> Deferred[Any]:
        return asked.addTimeout(TIMEOUT, self._reactor)

    async def close(self) -> None:
        """Let go of connections."""
        await self._pool.closeCachedConnections()


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def _decoded(text: str) -> str:
    return b64decode(text).decode(errors="replace")


def _range(prefix: str) -> dict[str, str]:
    end = prefix.encode()
    return {"key": _encoded(prefix), "range_end": b64encode(end[:-1] + bytes((end[-1] + 1,))).decode()}


def _value(event: dict[str, Any]) -> str | None:
    return None if event.get("type") == "DELETE" else _decoded(event["kv"].get("value", ""))


class _Lines(Protocol):
    """JSON, one a line, until ``taken`` says that it is enough or the connection ends."""

    def __init__(self, taken: Callable[[dict[str, Any]], bool], done: Deferred[None]) -> None:
        self._taken = taken
        self._done: Deferred[None] | None = done
        self._rest = b""

    def dataReceived(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        try:
            if len(self._rest) > MAX_LINE:
                raise ValueError("a line without an end")
            for line in filter(None, lines):
                if not self._taken(json.loads(line)):
                    self.end()
                    return
        except (ValueError, KeyError, TypeError) as error:
            self.end(EtcdAway(f"watch: {type(error).__name__}: {error}"))

    def end(self, error: Exception | None = None) -> None:
        """Hear no more, and say so."""
        done = self._done
        self.hang_up()
        if done is not None and not done.called:
            if error is None:
                done.callback(None)
            else:
                done.errback(error)

    def hang_up(self) -> None:
        """Hear no more; whoever waits knows it."""
        self._done = None
        transport: Any = self.transport
        if transport is not None:
            transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        done, self._done = self._done, None
        if done is not None and not done.called:
            if reason.check(ResponseDone, PotentialDataLoss):
                done.callback(None)
            else:
                done.errback(EtcdAway(f"watch: {reason.getErrorMessage()}"))


async def _lines(response: Any, taken: Callable[[dict[str, Any]], bool]) -> None:
    protocol: _Lines
    done: Deferred[None] = Deferred(lambda _: protocol.hang_up())
    protocol = _Lines(taken, done)
    response.deliverBody(protocol)
    await done
