"""The cache in front of ``query_auth_key``."""

from dataclasses import replace

from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway import key_cache
from teamgram.gnetway.key_cache import AuthKeyCache
from trial_tests.gnetway.fakes import FakeAuthSessions, perm_key


class AuthKeyCacheTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.key = perm_key(1)
        self.authsessions = FakeAuthSessions(self.key)
        self.clock = Clock()
        self.cache = AuthKeyCache(self.authsessions, self.clock, max_keys=3, unknown_memory=5.0, query_timeout=15.0)

    def test_one_query_for_all_who_wait(self) -> None:
        """Five frames that wait for one key cost one query, and each gets the same cached key."""
        self.authsessions.hold = True
        waiting = [self.cache.query(self.key.auth_key_id) for _ in range(5)]
        self.assertEqual(self.authsessions.queried, [self.key.auth_key_id])
        self.assertEqual(self.cache.queries_in_flight, 1)
        self.authsessions.release()
        keys = {self.successResultOf(deferred) for deferred in waiting}
        self.assertEqual(keys, {self.cache.get(self.key.auth_key_id)})
        self.assertEqual(self.cache.queries_in_flight, 0)

    def test_cancelled_waiter_does_not_stop_the_others(self) -> None:
        """A connection that goes away while its key is being asked for takes nobody with it."""
        self.authsessions.hold = True
        gone = self.cache.query(self.key.auth_key_id)
        stays = self.cache.query(self.key.auth_key_id)
        gone.addErrback(lambda failure: None)
        gone.cancel()
        self.authsessions.release()
        found = self.successResultOf(stays)
        assert found is not None
        self.assertEqual(found.info, self.key)

    def test_unknown_is_remembered_briefly(self) -> None:
        """An unknown id is unknown for five seconds and then asked for anew."""
        self.assertIsNone(self.successResultOf(self.cache.query(42)))
        self.assertTrue(self.cache.is_unknown(42))
        self.clock.advance(4.9)
        self.assertTrue(self.cache.is_unknown(42))
        self.clock.advance(0.2)
        self.assertFalse(self.cache.is_unknown(42))

    def test_stored_key_ends_unknown(self) -> None:
        """A key exchanged a moment after it was unknown is served at once."""
        self.cache.query(self.key.auth_key_id)
        self.cache.forget(self.key.auth_key_id)
        other = perm_key(2)
        self.cache.query(other.auth_key_id)
        self.cache.put(other)
        self.assertFalse(self.cache.is_unknown(other.auth_key_id))

    def test_failed_query_says_nothing_about_the_key(self) -> None:
        """A database error fails the waiters and leaves no memory of "unknown"."""
        self.authsessions.failure = RuntimeError("no database")
        self.failureResultOf(self.cache.query(self.key.auth_key_id), RuntimeError)
        self.assertFalse(self.cache.is_unknown(self.key.auth_key_id))
        self.authsessions.failure = None
        self.assertIsNotNone(self.successResultOf(self.cache.query(self.key.auth_key_id)))

    def test_silent_authsession_times_out(self) -> None:
        """A query without an answer fails after its deadline instead of keeping connections for ever."""
        self.authsessions.hold = True
        waiting = self.cache.query(self.key.auth_key_id)
        self.clock.advance(15.1)
        self.failureResultOf(waiting, DeferredTimeout)

    def test_least_recently_used_key_falls_out(self) -> None:
        """The cache keeps its bound and drops what was not asked for the longest."""
        keys = [perm_key(number) for number in range(1, 5)]
        for info in keys[:3]:
            self.cache.put(info)
        self.cache.get(keys[0].auth_key_id)
        self.cache.put(keys[3])
        self.assertEqual(len(self.cache), 3)
        self.assertIsNone(self.cache.get(keys[1].auth_key_id))
        self.assertIsNotNone(self.cache.get(keys[0].auth_key_id))

    def test_key_that_a_connection_holds_is_found_after_it_fell_out(self) -> None:
        """Eviction makes no second object of a key in use, so changes still reach its connections."""
        held = self.cache.put(self.key)
        for number in range(2, 6):
            self.cache.put(perm_key(number))
        self.assertIs(self.cache.get(self.key.auth_key_id), held)

    def test_changed_binding_reaches_holders(self) -> None:
        """Putting the key with another binding changes the object that connections hold."""
        held = self.cache.put(self.key)
        self.cache.put(replace(self.key, perm_auth_key_id=99))
        self.assertEqual(held.info.perm_auth_key_id, 99)

    def test_forgotten_key_is_stale_and_asked_for_again(self) -> None:
        """Holders see that the key was forgotten, and it does not come back from the cache."""
        held = self.cache.put(self.key)
        self.cache.forget(self.key.auth_key_id)
        self.assertTrue(held.stale)
        self.assertIsNone(self.cache.get(self.key.auth_key_id))

    def test_forget_during_a_query_asks_again(self) -> None:
        """An answer older than the change that made us forget is not used."""
        self.authsessions.hold = True
        waiting = self.cache.query(self.key.auth_key_id)
        del self.authsessions.keys[self.key.auth_key_id]
        self.cache.forget(self.key.auth_key_id)
        self.authsessions.release()
        self.assertIsNone(self.successResultOf(waiting))
        self.assertEqual(len(self.authsessions.queried), 2)

    def test_many_unknown_ids_are_bounded(self) -> None:
        """Random ids cannot grow the memory of unknown ones without end."""
        self.patch(key_cache, "MAX_UNKNOWN", 100)
        for auth_key_id in range(1, 301):
            self.cache.query(auth_key_id)
        self.assertFalse(self.cache.is_unknown(1))
        self.assertTrue(self.cache.is_unknown(300))
        self.assertEqual(sum(self.cache.is_unknown(auth_key_id) for auth_key_id in range(1, 301)), 100)
