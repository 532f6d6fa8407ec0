"""AuthSessionService on both backends: keys, salts, bindings, devices, and what a restart keeps."""

import itertools
import os
from dataclasses import replace
from hashlib import sha1
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater

from teamgram.authsession.devices import UnknownAuthKey
from teamgram.authsession.service import SWEEP_INTERVAL, AuthSessionService
from teamgram.authsession.stored_keys import MAX_TEMP_LIFETIME, UNUSED_KEY_LIFETIME
from teamgram.database import Transaction
from teamgram.interfaces.authsession import AuthKeyIdTaken, AuthSessions, BindTempAuthKeyError
from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType, ClientInfo
from trial_tests.authsession.binding_message import binding_message
from trial_tests.backends import BackendTestCase, on_every_backend

NOW = 1_700_000_000
CLIENT = ClientInfo(
    layer=229,
    api_id=6,
    device_model="Pixel 👩‍🚀",
    system_version="SDK 34",
    app_version="11.0",
    system_lang_code="en-us",
    lang_pack="android",
    lang_code="en",
    client_addr="127.0.0.1:5000",
)

_sessions = itertools.count(1000)


def new_key(key_type: AuthKeyType = AuthKeyType.PERM, expires_at: int = 0) -> AuthKeyInfo:
    auth_key = os.urandom(256)
    auth_key_id = int.from_bytes(sha1(auth_key).digest()[12:20], "little", signed=True)
    perm_auth_key_id = auth_key_id if key_type is AuthKeyType.PERM else 0
    return AuthKeyInfo(auth_key_id, auth_key, key_type, perm_auth_key_id, expires_at)


@on_every_backend
class AuthSessionServiceTests(BackendTestCase):
    """The whole interface."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.start()

    def start(self) -> None:
        self.db = self.open_database()
        self.cache = self.open_cache(self.clock)
        self.service = AuthSessionService(self.db, self.cache, self.clock)
        self.auth: AuthSessions = self.service

    async def restart(self) -> None:
        """The same database, with nothing left in memory."""
        await self.service.stopService()
        await self.db.close()
        self.start()

    async def stored(
        self, key_type: AuthKeyType = AuthKeyType.PERM, expires_in: int = 0, dc_id: int = 0
    ) -> AuthKeyInfo:
        key = replace(new_key(key_type, NOW + expires_in if expires_in else 0), dc_id=dc_id)
        await self.auth.set_auth_key(key, 12345)
        return key

    async def bind(self, temporary: AuthKeyInfo, permanent: AuthKeyInfo, **changes: Any) -> AuthKeyInfo:
        """What a client does; ``changes`` are of the request, not of the message."""
        contents: dict[str, Any] = {
            "msg_id": 0x6500000000000004,
            "nonce": -9,
            "temp_auth_key_id": temporary.auth_key_id,
            "temp_session_id": next(_sessions),
            "expires_at": changes.pop("message_expires_at", NOW + 3600),
        }
        encrypted = binding_message(permanent.auth_key, permanent.auth_key_id, **contents)
        request = {**contents, "perm_auth_key_id": permanent.auth_key_id, "encrypted_message": encrypted, "now": NOW}
        return await self.auth.bind_temp_auth_key(**{**request, **changes})

    async def assertNotBound(self, reason: str, *arguments: Any, **changes: Any) -> None:
        with self.assertRaises(BindTempAuthKeyError) as caught:
            await self.bind(*arguments, **changes)
        self.assertEqual(caught.exception.reason, reason)

    # Keys.

    async def test_key_survives_restart(self) -> None:
        """A stored key is found, as it was, also by the next process."""
        key = await self.stored()
        self.assertEqual(await self.auth.query_auth_key(key.auth_key_id), key)
        await self.restart()
        self.assertEqual(await self.auth.query_auth_key(key.auth_key_id), key)

    async def test_unknown_key(self) -> None:
        """A key that nobody stored is None."""
        self.assertIsNone(await self.auth.query_auth_key(5))

    async def test_id_taken(self) -> None:
        """A key is never replaced by another one that has the same id; storing the same one again does no harm."""
        key = await self.stored()
        await self.auth.set_auth_key(key, 12345)
        with self.assertRaises(AuthKeyIdTaken):
            await self.auth.set_auth_key(replace(key, auth_key=os.urandom(256)), 1)
        self.assertEqual(await self.auth.query_auth_key(key.auth_key_id), key)

    async def test_destroyed(self) -> None:
        """A destroyed permanent key is gone with its temporary keys, its user and its device; then it is unknown."""
        permanent = await self.stored()
        temporary = await self.stored(AuthKeyType.TEMP, 3600)
        await self.bind(temporary, permanent)
        await self.auth.set_client(permanent.auth_key_id, CLIENT, NOW)
        await self.auth.bind_user(permanent.auth_key_id, 7, NOW)
        self.assertEqual((await self.auth.get_client(permanent.auth_key_id))[0], 7)
        self.assertTrue(await self.auth.destroy_auth_key(permanent.auth_key_id))
        for key in (permanent, temporary):
            self.assertIsNone(await self.auth.query_auth_key(key.auth_key_id))
        self.assertEqual(await self.auth.authorizations(7), [])
        self.assertEqual(await self.auth.get_client(permanent.auth_key_id), (0, ClientInfo()))
        self.assertEqual(await self.auth.future_salts(permanent.auth_key_id, NOW, 1), [])
        self.assertFalse(await self.auth.destroy_auth_key(permanent.auth_key_id))

    async def test_temporary_destroyed(self) -> None:
        """Destroying a temporary key leaves its permanent one alone."""
        permanent = await self.stored()
        temporary = await self.stored(AuthKeyType.TEMP, 3600)
        await self.bind(temporary, permanent)
        self.assertTrue(await self.auth.destroy_auth_key(temporary.auth_key_id))
        self.assertIsNone(await self.auth.query_auth_key(temporary.auth_key_id))
        self.assertIsNotNone(await self.auth.query_auth_key(permanent.auth_key_id))

    async def test_expired_refused(self) -> None:
        """A temporary key is there up to its last second and not in the next one."""
        key = await self.stored(AuthKeyType.TEMP, 100)
        self.clock.advance(99)
        self.assertIsNotNone(await self.auth.query_auth_key(key.auth_key_id))
        self.clock.advance(1)
        self.assertIsNone(await self.auth.query_auth_key(key.auth_key_id))

    async def test_expired_dropped(self) -> None:
        """The sweep deletes expired keys from the database, and only those."""
        expired = await self.stored(AuthKeyType.TEMP, 30)
        lasting = await self.stored(AuthKeyType.MEDIA_TEMP, 3600)
        permanent = await self.stored()
        self.service.startService()
        self.clock.advance(SWEEP_INTERVAL)
        await self.service.stopService()

        def ids(txn: Transaction) -> set[int]:
            txn.execute("SELECT auth_key_id FROM auth_keys")
            return {row[0] for row in txn.fetchall()}

        left = await self.db.read("ids", ids)
        self.assertEqual(left, {lasting.auth_key_id, permanent.auth_key_id})
        self.assertNotIn(expired.auth_key_id, left)

    async def test_unused_dropped(self) -> None:
        """A permanent key without a user is dropped when it was not active for a month; one with a user never is."""
        unused, active, signed_in = [await self.stored() for _ in range(3)]
        await self.auth.bind_user(signed_in.auth_key_id, 7, NOW)
        later = NOW + UNUSED_KEY_LIFETIME + 10
        await self.auth.set_client(active.auth_key_id, CLIENT, later - 100)
        self.clock.advance(later - NOW)
        await self.service._keys.delete_unused(later)
        self.assertIsNone(await self.auth.query_auth_key(unused.auth_key_id))
        for key in (active, signed_in):
            self.assertIsNotNone(await self.auth.query_auth_key(key.auth_key_id))

    async def test_temporary_key_without_end(self) -> None:
        """A temporary key that asks to live for ever, or for years, gets a month."""
        for expires_in in (0, 10 * 365 * 86400):
            key = await self.stored(AuthKeyType.TEMP, expires_in)
            found = await self.auth.query_auth_key(key.auth_key_id)
            assert found is not None
            self.assertEqual(found.expires_at, NOW + MAX_TEMP_LIFETIME)

    # Salts.

    async def test_salts_survive_restart(self) -> None:
        """The first salt is the given one, 64 can be had, and the next process gives the same."""
        key = await self.stored()
        salts = await self.auth.future_salts(key.auth_key_id, NOW, 64)
        self.assertEqual((len(salts), salts[0].salt), (64, 12345))
        await self.restart()
        self.assertEqual(await self.auth.future_salts(key.auth_key_id, NOW, 64), salts)

    async def test_salts_differ_between_keys(self) -> None:
        """Two keys with the same first salt have nothing else in common."""
        first, second = [await self.auth.future_salts((await self.stored()).auth_key_id, NOW, 20) for _ in range(2)]
        self.assertEqual({s.salt for s in first} & {s.salt for s in second}, {12345})

    # Binding of temporary keys.

    async def test_bound(self) -> None:
        """A bound key speaks for its permanent key, also after a restart; it ends when both sides said."""
        permanent = await self.stored()
        for key_type in (AuthKeyType.TEMP, AuthKeyType.MEDIA_TEMP):
            temporary = await self.stored(key_type, 7200)
            bound = await self.bind(temporary, permanent)
            expected = replace(temporary, perm_auth_key_id=permanent.auth_key_id, expires_at=NOW + 3600)
            self.assertEqual(bound, expected)
            self.assertEqual(await self.auth.query_auth_key(temporary.auth_key_id), expected)
        await self.restart()
        self.assertEqual(await self.auth.query_auth_key(temporary.auth_key_id), expected)

    async def test_data_centre(self) -> None:
        """A key remembers the data centre it was made for; a bound one has its permanent key's, also that of none."""
        for of_permanent, of_temporary in ((1, 2), (4, 0), (0, 3)):
            permanent = await self.stored(dc_id=of_permanent)
            temporary = await self.stored(AuthKeyType.TEMP, 7200, dc_id=of_temporary)
            for key, dc_id in ((permanent, of_permanent), (temporary, of_temporary)):
                found = await self.auth.query_auth_key(key.auth_key_id)
                assert found is not None
                self.assertEqual(found.dc_id, dc_id)
            self.assertEqual((await self.bind(temporary, permanent)).dc_id, of_permanent)
            await self.restart()
            found = await self.auth.query_auth_key(temporary.auth_key_id)
            assert found is not None
            self.assertEqual(found.dc_id, of_permanent)

    async def test_never_longer_than_exchanged(self) -> None:
        """Binding cannot make a key live longer than its key exchange said."""
        temporary = await self.stored(AuthKeyType.TEMP, 100)
        bound = await self.bind(temporary, await self.stored())
        self.assertEqual(bound.expires_at, NOW + 100)

    async def test_bound_twice(self) -> None:
        """Binding again to the same permanent key succeeds; to another one it is TEMP_AUTH_KEY_ALREADY_BOUND."""
        permanent, other = await self.stored(), await self.stored()
        temporary = await self.stored(AuthKeyType.TEMP, 3600)
        await self.bind(temporary, permanent)
        await self.bind(temporary, permanent)
        await self.assertNotBound("TEMP_AUTH_KEY_ALREADY_BOUND", temporary, other)
        found = await self.auth.query_auth_key(temporary.auth_key_id)
        assert found is not None
        self.assertEqual(found.perm_auth_key_id, permanent.auth_key_id)

    async def test_several_temporary_keys(self) -> None:
        """TDLib binds one temporary key for each of its main sessions: all of them hold."""
        permanent = await self.stored()
        keys = [await self.stored(AuthKeyType.TEMP, 3600) for _ in range(3)]
        for key in keys:
            await self.bind(key, permanent)
        for key in keys:
            self.assertIsNotNone(await self.auth.query_auth_key(key.auth_key_id))

    async def test_not_temporary(self) -> None:
        """Asked over a permanent, unknown or expired key it is TEMP_AUTH_KEY_EMPTY."""
        permanent = await self.stored()
        for key in (await self.stored(), new_key(AuthKeyType.TEMP), await self.stored(AuthKeyType.TEMP, -1)):
            await self.assertNotBound("TEMP_AUTH_KEY_EMPTY", key, permanent)

    async def test_permanent_unknown(self) -> None:
        """An unknown permanent key, or a temporary one in its place, is ENCRYPTED_MESSAGE_INVALID."""
        temporary = await self.stored(AuthKeyType.TEMP, 3600)
        for key in (new_key(), await self.stored(AuthKeyType.TEMP, 3600)):
            await self.assertNotBound("ENCRYPTED_MESSAGE_INVALID", temporary, key)

    async def test_request_differs_from_message(self) -> None:
        """Whatever the request says otherwise than the message is ENCRYPTED_MESSAGE_INVALID, and nothing is bound."""
        permanent = await self.stored()
        temporary = await self.stored(AuthKeyType.TEMP, 3600)
        for name in ("msg_id", "nonce", "temp_session_id", "expires_at"):
            await self.assertNotBound("ENCRYPTED_MESSAGE_INVALID", temporary, permanent, **{name: NOW + 1})
        self.assertEqual(await self.auth.query_auth_key(temporary.auth_key_id), temporary)

    async def test_expiry_in_the_past(self) -> None:
        """A message whose own expiry has passed is EXPIRES_AT_INVALID."""
        await self.assertNotBound(
            "EXPIRES_AT_INVALID",
            await self.stored(AuthKeyType.TEMP, 3600),
            await self.stored(),
            message_expires_at=NOW,
        )

    async def test_drop_temporary_keys(self) -> None:
        """auth.dropTempAuthKeys destroys the permanent key's temporary keys but the named."""
        permanent, other = await self.stored(), await self.stored()
        keys = [await self.stored(AuthKeyType.TEMP, 3600) for _ in range(3)]
        strange = await self.stored(AuthKeyType.TEMP, 3600)
        for key in keys:
            await self.bind(key, permanent)
        await self.bind(strange, other)
        dropped = await self.auth.drop_temp_auth_keys(permanent.auth_key_id, [keys[1].auth_key_id])
        self.assertEqual(sorted(dropped), sorted([keys[0].auth_key_id, keys[2].auth_key_id]))
        found = [await self.auth.query_auth_key(key.auth_key_id) for key in (*keys, strange, permanent)]
        self.assertEqual([key is not None for key in found], [False, True, False, True, True])

    # Users and devices.

    async def test_sign_in_and_out(self) -> None:
        """get_client tells the user and the device as they are now, before and after each change and a restart."""
        key = (await self.stored()).auth_key_id
        self.assertEqual(await self.auth.get_client(key), (0, ClientInfo()))
        await self.auth.set_client(key, CLIENT, NOW)
        self.assertEqual(await self.auth.get_client(key), (0, CLIENT))
        await self.auth.bind_user(key, 7, NOW)
        self.assertEqual(await self.auth.get_client(key), (7, CLIENT))
        await self.restart()
        self.assertEqual(await self.auth.get_client(key), (7, CLIENT))
        self.assertEqual(await self.auth.unbind_user(key), (7, [key]))
        self.assertEqual(await self.auth.get_client(key), (0, CLIENT))
        self.assertEqual(await self.auth.unbind_user(key), (0, []))
        self.assertIsNotNone(await self.auth.query_auth_key(key))

    async def test_carried_authorizations(self) -> None:
        """A key's authorization in other keys ends with its own, in one step; one that the user gave to it stays."""
        first, second, third, other = [(await self.stored()).auth_key_id for _ in range(4)]
        await self.auth.bind_user(first, 7, NOW)
        await self.auth.bind_user(other, 7, NOW)
        for key in (second, third, other):
            await self.auth.bind_user(key, 7, NOW, first)
            self.assertEqual((await self.auth.get_client(key))[0], 7)
        origins = {found.perm_auth_key_id: found.carried_from for found in await self.auth.authorizations(7)}
        self.assertEqual(origins, {first: 0, second: first, third: first, other: 0})
        await self.auth.bind_user(third, 7, NOW)
        self.assertEqual(await self.auth.unbind_user(first), (7, [first, second]))
        users = [(await self.auth.get_client(key))[0] for key in (first, second, third, other)]
        self.assertEqual(users, [0, 0, 7, 7])

    async def test_new_layer(self) -> None:
        """A client that was upgraded in place is known by its new layer at once."""
        key = (await self.stored()).auth_key_id
        for layer in (158, 229):
            await self.auth.set_client(key, replace(CLIENT, layer=layer), NOW)
            self.assertEqual((await self.auth.get_client(key))[1].layer, layer)

    async def test_same_device_no_write(self) -> None:
        """A device that says again what is stored costs no write."""
        key = (await self.stored()).auth_key_id
        await self.auth.set_client(key, CLIENT, NOW)
        writes: list[str] = []
        self.db.observe = lambda description, _: writes.append(description)
        await self.auth.set_client(key, CLIENT, NOW + 5)
        self.assertNotIn("put_client", writes)

    async def test_long_texts_cut(self) -> None:
        """Texts of any length are stored, cut to their columns' width."""
        key = (await self.stored()).auth_key_id
        await self.auth.set_client(key, replace(CLIENT, device_model="👩" * 5000), NOW)
        await self.restart()
        self.assertEqual((await self.auth.get_client(key))[1].device_model, "👩" * 128)

    async def test_sign_in_with_unknown_key(self) -> None:
        """A key that was destroyed meanwhile cannot be signed in."""
        with self.assertRaises(UnknownAuthKey):
            await self.auth.bind_user(5, 7, NOW)
        self.assertEqual(await self.auth.authorizations(7), [])

    async def test_authorizations(self) -> None:
        """Every device of the user and of nobody else, the most recently active first, each with its own hash."""
        keys = [(await self.stored()).auth_key_id for _ in range(4)]
        for number, key in enumerate(keys[:3]):
            await self.auth.set_client(key, replace(CLIENT, api_id=number), NOW + number)
            await self.auth.bind_user(key, 7, NOW + number)
        await self.auth.bind_user(keys[3], 8, NOW)
        found = await self.auth.authorizations(7)
        self.assertEqual([device.perm_auth_key_id for device in found], keys[2::-1])
        self.assertEqual([device.created_at for device in found], [NOW + 2, NOW + 1, NOW])
        self.assertEqual([device.client.api_id for device in found], [2, 1, 0])
        hashes = {device.hash for device in found}
        self.assertEqual(len(hashes), 3)
        self.assertTrue(all(0 < hash < 2**63 for hash in hashes))

    async def test_hash_is_stable(self) -> None:
        """The hash and date of an authorization stay when the user signs in again, and change with another user."""
        key = (await self.stored()).auth_key_id
        await self.auth.bind_user(key, 7, NOW)
        [before] = await self.auth.authorizations(7)
        await self.auth.bind_user(key, 7, NOW + 50)
        self.assertEqual(await self.auth.authorizations(7), [before])
        await self.auth.bind_user(key, 8, NOW + 60)
        self.assertEqual(await self.auth.authorizations(7), [])
        [after] = await self.auth.authorizations(8)
        self.assertNotEqual(after.hash, before.hash)
        self.assertEqual(after.created_at, NOW + 60)

    async def test_touch(self) -> None:
        """Activity shows at once, is written later, and survives an orderly restart."""
        quiet, busy = [(await self.stored()).auth_key_id for _ in range(2)]
        for key in (busy, quiet):
            await self.auth.set_client(key, CLIENT, NOW)
            await self.auth.bind_user(key, 7, NOW)
        await self.auth.touch(busy, "10.0.0.9:99", NOW + 500)
        for _ in range(2):
            first = (await self.auth.authorizations(7))[0]
            self.assertEqual(
                (first.perm_auth_key_id, first.active_at, first.client.client_addr), (busy, NOW + 500, "10.0.0.9:99")
            )
            await self.restart()

    async def test_change_during_read(self) -> None:
        """An answer that was read before a change is not left in the cache after it."""
        key = (await self.stored()).auth_key_id
        release: Deferred[None] = Deferred()
        read = self.db.read

        def slow_read(*arguments: Any) -> Deferred[Any]:
            # The old answer, held up until the change is done.
            return read(*arguments).addCallback(lambda answer: release.addCallback(lambda _: answer))

        self.db.read = slow_read  # type: ignore[method-assign, assignment]
        asking = Deferred.fromCoroutine(self.auth.get_client(key))
        self.db.read = read  # type: ignore[method-assign]
        # On Redis the question reaches the database only after the cache has answered.
        while not self.service._devices._filling:
            await deferLater(self.real_reactor, 0)
        await self.auth.bind_user(key, 7, NOW)
        release.callback(None)
        await asking
        self.assertEqual((await self.auth.get_client(key))[0], 7)

    async def test_no_key_in_cache(self) -> None:
        """Nothing that is put into the cache holds a key."""
        stored: list[bytes] = []
        put = self.cache.set

        async def spy(key: str, value: bytes, ttl: float | None = None) -> None:
            stored.append(value)
            await put(key, value, ttl)

        self.cache.set = spy  # type: ignore[method-assign]
        key = await self.stored()
        await self.auth.query_auth_key(key.auth_key_id)
        await self.auth.set_client(key.auth_key_id, CLIENT, NOW)
        await self.auth.get_client(key.auth_key_id)
        await self.auth.future_salts(key.auth_key_id, NOW, 64)
        self.assertTrue(stored)
        self.assertFalse([value for value in stored if key.auth_key[:16] in value])
