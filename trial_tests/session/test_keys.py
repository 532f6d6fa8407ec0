"""Keys of the stage: loaded, bound, replaced, destroyed."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType, ClientInfo, FutureSalt
from teamgram.interfaces.session import DataChannelFull, KeyBound, KeyDestroyed, UserSignedIn, UserSignedOut
from teamgram.session import service_messages as wire
from trial_tests.session.fakes import (
    BIND_TEMP_AUTH_KEY,
    BOOL_TRUE,
    GET_CONFIG,
    GET_NEAREST_DC,
    GET_STATE,
    KEY,
    USER,
    Harness,
    ping,
    with_layer,
)

TEMP_KEY = 78


class LoadingTests(SynchronousTestCase):
    def test_frames_wait_in_order(self) -> None:
        """Until user, device and salts are there the frames wait; the key is asked for once."""
        harness = Harness()
        harness.auth_sessions.hold()
        client = harness.client()
        ids = [client.send(GET_CONFIG) for _ in range(5)]
        self.assertEqual(client.results(), {})
        harness.auth_sessions.release()
        self.assertEqual(list(client.results()), ids)
        self.assertEqual(harness.auth_sessions.asked_salts, [KEY])

    def test_failure_closes_and_the_next_frame_tries_again(self) -> None:
        """When the key cannot be loaded its connections close, and a new one starts anew."""
        harness = Harness()
        harness.auth_sessions.failing = True
        client = harness.client()
        harness.auth_sessions.hold()
        client.send(GET_CONFIG)
        harness.auth_sessions.release()
        self.assertEqual([conn for conn, _ in harness.gateway.closed], [client.conn])
        self.assertTrue(self.flushLoggedErrors(OSError))
        harness.auth_sessions.failing = False
        client.connect()
        self.assertIn(client.send(GET_CONFIG), client.results())

    def test_failure_at_once(self) -> None:
        """Also when the store fails without waiting, and with a full channel behind."""
        harness = Harness(session_data_chan_size=2)
        harness.auth_sessions.failing = True
        client = harness.client()
        client.send(GET_CONFIG)
        self.assertEqual([conn for conn, _ in harness.gateway.closed], [client.conn])
        self.assertEqual((harness.service.stage.keys.lists, harness.service.stage.keys.wrappers), ({}, {}))
        harness.auth_sessions.hold()
        other = harness.client(2)
        client.connect()
        client.send(GET_CONFIG)
        client.send(GET_CONFIG)
        self.assertRaises(DataChannelFull, other.send, GET_CONFIG)
        harness.auth_sessions.release()
        self.assertEqual(harness.gateway.closed[1:], [(client.conn, "key cannot be loaded")])
        self.assertEqual(harness.gateway.resumed, [other.conn])
        self.assertEqual((harness.service.stage.keys.lists, harness.service.stage.keys.wrappers), ({}, {}))
        self.assertTrue(self.flushLoggedErrors(OSError))

    def test_new_key_that_cannot_be_loaded_leaves_the_others(self) -> None:
        """A temporary key whose salts cannot be had does not end the permanent key's sessions."""
        harness = Harness()
        stays = harness.client(1)
        stays.send(ping())
        stays.received()
        harness.auth_sessions.failing = True
        fails = harness.client(2, auth_key_id=TEMP_KEY, key_type=AuthKeyType.TEMP)
        fails.send(ping())
        self.assertEqual([conn for conn, _ in harness.gateway.closed], [fails.conn])
        self.assertIn(stays.send(GET_CONFIG), stays.results())
        self.assertTrue(self.flushLoggedErrors(OSError))

    def test_key_destroyed_before_its_first_frame(self) -> None:
        """A key without salts is gone: gnetway is told to forget it."""
        harness = Harness()

        async def nothing(auth_key_id: int, now: int, count: int) -> list[FutureSalt]:
            return []

        self.patch(harness.auth_sessions, "future_salts", nothing)
        client = harness.client()
        client.send(ping())
        self.assertEqual(
            (harness.gateway.forgotten, [conn for conn, _ in harness.gateway.closed]), ([KEY], [client.conn])
        )
        self.assertEqual(harness.service.stage.keys.lists, {})

    def test_salts_are_asked_for_before_they_run_out(self) -> None:
        """A key in use gets new salts; nothing waits for them."""
        harness = Harness()
        harness.service.startService()
        client = harness.client()
        client.send(ping())
        harness.clock.pump([10.0] * 600)
        self.assertGreater(len(harness.auth_sessions.asked_salts), 1)
        self.assertLess(len(harness.auth_sessions.asked_salts), 20)
        self.successResultOf(harness.service.stopService())


class KeyTests(SynchronousTestCase):
    def test_sign_in_and_out(self) -> None:
        """The next request carries the user, then none."""
        harness = Harness()
        harness.auth_sessions.users.clear()
        client = harness.client()
        client.send(GET_CONFIG)
        harness.turn()
        harness.bus.publish(UserSignedIn(KEY, 5))
        client.send(GET_CONFIG)
        harness.turn()
        harness.bus.publish(UserSignedOut(KEY))
        client.send(GET_CONFIG)
        harness.turn()
        self.assertEqual([request.metadata.user_id for request in harness.bff.calls], [0, 5, 0])

    def test_sign_in_while_the_key_loads(self) -> None:
        """What is told while the store is asked is newer than its answer."""
        harness = Harness()
        harness.auth_sessions.hold()
        client = harness.client()
        client.send(GET_CONFIG)
        harness.bus.publish(UserSignedOut(KEY))
        harness.auth_sessions.release()
        harness.turn()
        self.assertEqual(harness.bff.calls[0].metadata.user_id, 0)

    def test_temporary_key_before_and_after_binding(self) -> None:
        """Unbound it may bind and ask for configuration; bound, its session goes on as the permanent key's."""
        harness = Harness()
        client = harness.client(3, auth_key_id=TEMP_KEY, perm_auth_key_id=0, key_type=AuthKeyType.TEMP)
        refused = client.send(with_layer(GET_STATE))
        config, bind = client.send(GET_CONFIG), client.send(BIND_TEMP_AUTH_KEY)
        results = client.results()
        self.assertEqual(results[refused].error(), (401, "AUTH_KEY_PERM_EMPTY"))
        self.assertEqual((results[config].error(), results[bind].error()), (None, None))
        self.assertEqual(harness.bff.calls[-1].metadata.perm_auth_key_id, 0)
        bound = KeyBound(TEMP_KEY, AuthKeyType.TEMP, KEY, 0, 4)
        harness.bus.publish(bound)
        self.assertEqual(harness.gateway.changed, [bound])
        state = client.send(GET_STATE)
        self.assertIsNone(client.results()[state].error())
        metadata = harness.bff.calls[-1].metadata
        self.assertEqual((metadata.perm_auth_key_id, metadata.auth_key_id, metadata.user_id), (KEY, TEMP_KEY, USER))
        self.assertEqual(metadata.dc_id, 4)
        wrapper = harness.service.stage.keys.wrappers[KEY]
        self.assertEqual(list(harness.service.stage.keys.wrappers), [KEY])
        self.assertEqual([keys.auth_key_id for keys in wrapper.lists], [TEMP_KEY])

    def test_binding_while_requests_run(self) -> None:
        """What was under way is answered in its session after the move."""
        harness = Harness()
        harness.bff.slow.add("auth.bindTempAuthKey")
        client = harness.client(3, auth_key_id=TEMP_KEY, perm_auth_key_id=0, key_type=AuthKeyType.TEMP)
        bind = client.send(BIND_TEMP_AUTH_KEY)
        client.received()
        harness.bus.publish(KeyBound.of(AuthKeyInfo(TEMP_KEY, b"", AuthKeyType.TEMP, KEY, 0)))
        harness.bff.waiting[0][1].callback(BOOL_TRUE)
        self.assertIn(bind, client.results())

    def test_binding_to_a_key_that_cannot_be_loaded(self) -> None:
        """The temporary key's next frame tries again."""
        harness = Harness()
        client = harness.client(3, auth_key_id=TEMP_KEY, perm_auth_key_id=0, key_type=AuthKeyType.TEMP)
        client.send(BIND_TEMP_AUTH_KEY)
        client.received()
        harness.auth_sessions.failing = True
        harness.bus.publish(KeyBound.of(AuthKeyInfo(TEMP_KEY, b"", AuthKeyType.TEMP, KEY, 0)))
        self.assertTrue(self.flushLoggedErrors(OSError))
        harness.auth_sessions.failing = False
        client.perm_auth_key_id = KEY
        asked = client.send(GET_STATE)
        self.assertIsNone(client.results()[asked].error())

    def test_bound_again_to_another_key(self) -> None:
        """Only the temporary key's own sessions and frames move on."""
        harness = Harness()
        harness.auth_sessions.users[99] = 7
        harness.auth_sessions.clients[99] = ClientInfo(layer=200)
        stays = harness.client(1)
        moves = harness.client(2, auth_key_id=TEMP_KEY, key_type=AuthKeyType.TEMP)
        stays.send(GET_CONFIG)
        moves.send(GET_STATE)
        harness.bus.publish(KeyBound.of(AuthKeyInfo(TEMP_KEY, b"", AuthKeyType.TEMP, 99, 0)))
        harness.turn()
        users = {call.method: call.metadata.user_id for call in harness.bff.calls}
        self.assertEqual(users, {"help.getConfig": USER, "updates.getState": 7})
        self.assertEqual([keys.auth_key_id for keys in harness.service.stage.keys.wrappers[KEY].lists], [KEY])

    def test_destroyed_permanent_key(self) -> None:
        """Its sessions end, its temporary keys' too, and gnetway forgets them all."""
        harness = Harness()
        harness.client(1).send(ping())
        harness.client(2, auth_key_id=TEMP_KEY, key_type=AuthKeyType.TEMP).send(ping())
        harness.turn()
        harness.bus.publish(KeyDestroyed(KEY))
        harness.turn()
        self.assertEqual(set(harness.gateway.forgotten), {KEY, TEMP_KEY})
        self.assertEqual((harness.service.stage.keys.lists, harness.service.stage.keys.wrappers), ({}, {}))

    def test_requests_that_wait_move_with_their_key(self) -> None:
        """A temporary key is bound while its requests wait for one another: all are answered."""
        harness = Harness(concurrent_rpcs=1)
        harness.bff.slow.add("help.getNearestDc")
        client = harness.client(3, auth_key_id=TEMP_KEY, perm_auth_key_id=0, key_type=AuthKeyType.TEMP)
        asked = [client.send(with_layer(GET_NEAREST_DC))] + [client.send(GET_NEAREST_DC) for _ in range(2)]
        harness.turn()
        self.assertEqual(len(harness.bff.waiting), 1)
        harness.bus.publish(KeyBound.of(AuthKeyInfo(TEMP_KEY, b"", AuthKeyType.TEMP, KEY, 0)))
        client.perm_auth_key_id = KEY
        harness.turn()
        for number in range(3):
            harness.bff.waiting[number][1].callback(BOOL_TRUE)
            harness.turn()
        self.assertEqual(list(client.results()), asked)

    def test_destroyed_temporary_key(self) -> None:
        """Only its own sessions end."""
        harness = Harness()
        stays = harness.client(1)
        stays.send(ping())
        harness.client(2, auth_key_id=TEMP_KEY, key_type=AuthKeyType.TEMP).send(ping())
        harness.turn()
        harness.bus.publish(KeyDestroyed(TEMP_KEY))
        harness.turn()
        self.assertEqual(harness.gateway.forgotten, [TEMP_KEY])
        self.assertIn(stays.send(GET_CONFIG), stays.results())

    def test_destroy_auth_key_is_answered_first(self) -> None:
        """A client that logs out waits for the answer under the key that goes."""
        harness = Harness()
        client = harness.client()
        client.send(ping())
        client.received()
        client.send(struct.pack("<I", wire.DESTROY_AUTH_KEY))
        (answer,) = client.received()
        self.assertEqual(answer.constructor_id, wire.DESTROY_AUTH_KEY_OK)
        self.assertEqual((harness.auth_sessions.destroyed, harness.gateway.forgotten), ([KEY], [KEY]))
