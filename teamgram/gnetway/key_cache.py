"""The bounded cache in front of ``AuthKeys.query_auth_key``.

One query is in flight for a key however many frames wait for it, each waiter
gets its own Deferred, and an id that nobody knows is remembered as unknown
for a few seconds so that a client that keeps trying costs no database trip.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from math import inf
from weakref import WeakValueDictionary

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from teamgram.interfaces.authsession import AuthKeys
from teamgram.interfaces.keys import AuthKeyInfo
from teamgram.interfaces.session import KeyBound
from teamgram.mtproto.envelope import AuthKey

MAX_UNKNOWN = 10_000


class CachedKey:
    """One auth key as connections hold it.

    Connections keep the object itself, so a changed binding or a destroyed
    key reaches them without a search through connections.

    Attributes:
        auth_key: the key as the envelope uses it.
        expires_at: unix seconds, infinity for a permanent key.
        stale: the key was forgotten: whoever still holds this asks again.
    """

    __slots__ = ("__weakref__", "auth_key", "auth_key_id", "expires_at", "info", "stale")

    def __init__(self, info: AuthKeyInfo) -> None:
        self.auth_key_id = info.auth_key_id
        self.auth_key = AuthKey(info.auth_key)
        self.stale = False
        self.replace(info)

    def replace(self, info: AuthKeyInfo) -> None:
        """The same key with another binding or another end."""
        self.info = info
        self.expires_at: float = info.expires_at or inf


class AuthKeyCache:
    """LRU of keys, queries in flight, and ids known to be unknown."""

    def __init__(
        self,
        authsessions: AuthKeys,
        clock: IReactorTime,
        max_keys: int = 20_000,
        unknown_memory: float = 5.0,
        query_timeout: float = 15.0,
    ) -> None:
        self._authsessions = authsessions
        self._clock = clock
        self._max_keys = max_keys
        self._unknown_memory = unknown_memory
        self._query_timeout = query_timeout
        self._recent: OrderedDict[int, CachedKey] = OrderedDict()
        # What fell out of the LRU, while a connection holds it.
        self._held: WeakValueDictionary[int, CachedKey] = WeakValueDictionary()
        self._unknown: OrderedDict[int, float] = OrderedDict()
        self._queries: dict[int, _Query] = {}

    def __len__(self) -> int:
        return len(self._recent)

    @property
    def queries_in_flight(self) -> int:
        """Distinct keys being asked for right now."""
        return len(self._queries)

    def get(self, auth_key_id: int) -> CachedKey | None:
        """The key if it is at hand; does not ask anybody."""
        key = self._recent.get(auth_key_id)
        if key is not None:
            self._recent.move_to_end(auth_key_id)
            return key
        key = self._held.get(auth_key_id)
        if key is not None:
            del self._held[auth_key_id]
            self._keep(key)
            return key
        return None

    def is_unknown(self, auth_key_id: int) -> bool:
        """Whether a query said "unknown" a moment ago."""
        until = self._unknown.get(auth_key_id)
        if until is None:
            return False
        if until > self._clock.seconds():
            return True
        del self._unknown[auth_key_id]
        return False

    def put(self, info: AuthKeyInfo) -> CachedKey:
        """Take a key that is stored: freshly exchanged, or bound anew; connections that hold it see the change."""
        self._unknown.pop(info.auth_key_id, None)
        key = self._recent.get(info.auth_key_id) or self._held.pop(info.auth_key_id, None)
        if key is None:
            key = CachedKey(info)
        else:
            key.replace(info)
        self._keep(key)
        return key

    def bound(self, bound: KeyBound) -> None:
        """A stored key's binding changed: connections that hold it see the change, its secret is the same."""
        key = self.get(bound.auth_key_id)
        if key is not None:
            key.replace(
                replace(
                    key.info,
                    key_type=bound.key_type,
                    perm_auth_key_id=bound.perm_auth_key_id,
                    expires_at=bound.expires_at,
                    dc_id=bound.dc_id,
                )
            )
        query = self._queries.get(bound.auth_key_id)
        if query is not None:
            query.asked_too_early = True

    def forget(self, auth_key_id: int) -> None:
        """The stored key changed or went: the next frame asks again."""
        self._unknown.pop(auth_key_id, None)
        key = self._recent.pop(auth_key_id, None) or self._held.pop(auth_key_id, None)
        if key is not None:
            key.stale = True
        query = self._queries.get(auth_key_id)
        if query is not None:
            # Its answer may be older than what made us forget.
            query.asked_too_early = True

    def query(self, auth_key_id: int) -> Deferred[CachedKey | None]:
        """Ask authsession, or join whoever is asking; None when the key is unknown.

        The Deferred fails when authsession does: that is no statement about
        the key, and nobody may answer -404 on it.
        """
        waiter: Deferred[CachedKey | None] = Deferred()
        query = self._queries.get(auth_key_id)
        if query is None:
            query = self._queries[auth_key_id] = _Query()
            query.waiters.append(waiter)
            self._ask(auth_key_id, query)
        else:
            query.waiters.append(waiter)
        return waiter

    def stop(self) -> None:
        """Cancel what is in flight."""
        for query in list(self._queries.values()):
            if query.asking is not None:
                query.asking.cancel()

    def _ask(self, auth_key_id: int, query: "_Query") -> None:
        query.asked_too_early = False
        asking: Deferred[AuthKeyInfo | None] = Deferred.fromCoroutine(self._authsessions.query_auth_key(auth_key_id))
        query.asking = asking
        asking.addTimeout(self._query_timeout, self._clock)
        asking.addCallbacks(
            self._answered, self._failed, callbackArgs=(auth_key_id, query), errbackArgs=(auth_key_id, query)
        )

    def _answered(self, info: AuthKeyInfo | None, auth_key_id: int, query: "_Query") -> None:
        if query.asked_too_early:
            self._ask(auth_key_id, query)
            return
        del self._queries[auth_key_id]
        key = self.get(auth_key_id)
        if key is None:
            if info is not None:
                key = self.put(info)
            else:
                self._remember_unknown(auth_key_id)
        _tell(query.waiters, lambda waiter: waiter.callback(key))

    def _failed(self, failure: Failure, auth_key_id: int, query: "_Query") -> None:
        del self._queries[auth_key_id]
        _tell(query.waiters, lambda waiter: waiter.errback(failure))

    def _keep(self, key: CachedKey) -> None:
        self._recent[key.auth_key_id] = key
        self._recent.move_to_end(key.auth_key_id)
        if len(self._recent) > self._max_keys:
            auth_key_id, oldest = self._recent.popitem(last=False)
            self._held[auth_key_id] = oldest

    def _remember_unknown(self, auth_key_id: int) -> None:
        self._unknown[auth_key_id] = self._clock.seconds() + self._unknown_memory
        self._unknown.move_to_end(auth_key_id)
        if len(self._unknown) > MAX_UNKNOWN:
            self._unknown.popitem(last=False)


class _Query:
    """One question on its way to authsession and who waits for the answer."""

    __slots__ = ("asked_too_early", "asking", "waiters")

    def __init__(self) -> None:
        self.waiters: list[Deferred[CachedKey | None]] = []
        self.asking: Deferred[AuthKeyInfo | None] | None = None
        self.asked_too_early = False


def _tell(waiters: list[Deferred[CachedKey | None]], tell: Callable[[Deferred[CachedKey | None]], None]) -> None:
    # A waiter may ask again from its callback: the list it would join is no longer this one.
    for waiter in waiters:
        if not waiter.called:
            tell(waiter)
