"""What has run already, or runs, is not run again: its answer is found.

A key that moves to another session process takes with it none of what its
session there knows of messages that came before: its client sends again, in the same
message, what it has no answer to. bff is asked by all session processes, so it is here
that the same message is known.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from teamgram.interfaces.rpc import RpcCaller, RpcRequest

MAX_KEPT, MAX_KEPT_BYTES = 20_000, 16 << 20
"""Answers that are kept, the newest ones, and their bytes."""

_NO_READS = frozenset(("messages.getBotCallbackAnswer", "messages.getMessagesViews"))

_Key = tuple[int, int, int]


@lru_cache(4096)
def only_reads(method: str) -> bool:
    """Whether asking twice is no other than asking once."""
    return method.rpartition(".")[2].startswith("get") and method not in _NO_READS


class RanOnce:
    """Implements ``RpcCaller`` over another one: of a message that changes something the first call runs.

    A call that is given up goes on: what it changes it may have changed, and whoever
    asks again is to find its answer. A failure is not kept: nothing has changed.

    Attributes:
        found: calls that did not run, for they had.
    """

    def __init__(self, caller: RpcCaller) -> None:
        self._caller = caller
        self._running: dict[_Key, list[Deferred[bytes]]] = {}
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._kept_bytes = 0
        self.found = 0

    def call(self, request: RpcRequest) -> Any:
        """As ``RpcCaller.call``."""
        method = request.method
        if only_reads(method) or method in _NO_READS:
            return self._caller.call(request)
        metadata = request.metadata
        key = (metadata.auth_key_id, metadata.session_id, request.msg_id)
        kept = self._kept.get(key)
        if kept is not None:
            self.found += 1
            return kept
        waiting = self._running.get(key)
        if waiting is not None:
            self.found += 1
            return _waiter(waiting)
        result = self._caller.call(request)
        if isinstance(result, bytes):
            self._keep(key, bytes(result))
            return result
        waiting = self._running[key] = []
        waiter = _waiter(waiting)
        running = result if isinstance(result, Deferred) else Deferred.fromCoroutine(result)  # type: ignore[arg-type]
        running.addBoth(self._ended, key)
        return waiter

    def _ended(self, result: bytes | Failure, key: _Key) -> None:
        waiting = self._running.pop(key)
        if not isinstance(result, Failure):
            # bff's own kind of bytes would keep what it was encoded from alive.
            result = bytes(result)
            self._keep(key, result)
        for waiter in list(waiting):
            waiter.callback(result)

    def _keep(self, key: _Key, result: bytes) -> None:
        self._kept[key] = result
        self._kept_bytes += len(result)
        while len(self._kept) > MAX_KEPT or self._kept_bytes > MAX_KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest)


def _waiter(waiting: list[Deferred[bytes]]) -> Deferred[bytes]:
    waiter: Deferred[bytes] = Deferred(waiting.remove)
    waiting.append(waiter)
    return waiter
