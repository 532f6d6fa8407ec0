"""Who gets updates, in which layer, and who is told that a device is there."""

import struct
from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType, ClientInfo
from teamgram.interfaces.session import KeyBound, KeyDestroyed, UserSignedIn, UserSignedOut
from teamgram.interfaces.updates import PushedUpdates, Receiver
from teamgram.mtproto.tl.places import marks
from teamgram.session import fan_outs
from teamgram.session import service_messages as wire
from teamgram.session.outbox import UPDATES_TOO_LONG
from teamgram.session.session_list import ClientSession
from trial_tests.session.fakes import (
    BIND_TEMP_AUTH_KEY,
    GET_CONFIG,
    GET_STATE,
    KEY,
    SAVE_FILE_PART,
    USER,
    Client,
    Harness,
    ping,
    unpack,
    with_layer,
)

OTHER_KEY = 88
WITHOUT_UPDATES = struct.pack("<I", 0xBF9459B7)
UPDATES = 0x74AE4240


def updates(client: Client) -> list[int]:
    """The layers that updates were encoded in for a client, as it received them."""
    return [struct.unpack_from("<i", one.body, 4)[0] for one in client.received() if one.constructor_id == UPDATES]


def started(harness: Harness, session_id: int, **where: int) -> Client:
    """A client that asked for its state, as all do first."""
    client = harness.client(session_id, **where)
    client.send(GET_STATE)
    client.received()
    return client


class PushTests(SynchronousTestCase):
    def two_devices(self) -> tuple[Harness, Client, Client]:
        harness = Harness()
        harness.auth_sessions.users[OTHER_KEY] = USER
        harness.auth_sessions.clients[OTHER_KEY] = ClientInfo(layer=158)
        return harness, started(harness, 1), started(harness, 2, auth_key_id=OTHER_KEY, perm_auth_key_id=OTHER_KEY)

    def test_each_device_in_its_own_layer(self) -> None:
        """One push reaches every device of the user, each in its layer."""
        harness, one, other = self.two_devices()
        harness.push(USER, b"updt")
        self.assertEqual((updates(one), updates(other)), ([200], [158]))

    def test_encoded_once_for_each_layer(self) -> None:
        """Devices of one layer share the encoding."""
        harness, _, _ = self.two_devices()
        harness.auth_sessions.users[99] = USER
        harness.auth_sessions.clients[99] = ClientInfo(layer=158)
        started(harness, 3, auth_key_id=99, perm_auth_key_id=99)
        layers: list[int] = []

        def encode(updates: bytes, layer: int) -> bytes:
            layers.append(layer)
            return updates

        self.patch(harness.service.stage.push, "_convert", encode)
        harness.push(USER, b"updt")
        self.assertEqual(sorted(layers), [158, 200])

    def test_layer_that_cannot_be_encoded(self) -> None:
        """A fault in one layer is logged, its devices get the difference, the others their update."""
        harness, one, other = self.two_devices()

        def encode(updates: bytes, layer: int) -> bytes:
            if layer == 158:
                raise ZeroDivisionError
            return struct.pack("<Ii", UPDATES, layer)

        self.patch(harness.service.stage.push, "_convert", encode)
        harness.push(USER, b"updt")
        self.assertEqual(updates(one), [200])
        self.assertEqual([message.body for message in other.received()], [UPDATES_TOO_LONG])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_but_one_or_only_one(self) -> None:
        """The device that made the change is left out; a message for one device goes there alone."""
        harness, one, other = self.two_devices()
        harness.push(USER, b"updt", except_perm_auth_key_id=KEY)
        self.assertEqual((updates(one), updates(other)), ([], [158]))
        harness.push(USER, b"updt", only_perm_auth_key_id=KEY)
        self.assertEqual((updates(one), updates(other)), ([200], []))

    def test_strangers_get_nothing(self) -> None:
        """Nobody there: nothing to render, nothing sent."""
        harness, one, _ = self.two_devices()
        self.assertTrue(harness.devices.take_updates(USER))
        self.assertFalse(harness.devices.take_updates(4711))
        harness.push(4711, b"updt")
        self.assertEqual(updates(one), [])

    def test_one_session_of_a_key(self) -> None:
        """The session that called last gets the updates, no other of the key."""
        harness = Harness()
        one, other = started(harness, 1), started(harness, 2)
        harness.push(USER, b"updt")
        self.assertEqual((updates(one), updates(other)), ([], [200]))
        other.close()
        harness.push(USER, b"updt")
        self.assertEqual(updates(one), [200])

    def test_sessions_that_do_not_ask_for_updates(self) -> None:
        """invokeWithoutUpdates, files and help beside the main session leave the updates where they are."""
        harness = Harness()
        main = started(harness, 1)
        for session_id, query in enumerate(
            (WITHOUT_UPDATES + GET_STATE, with_layer(SAVE_FILE_PART), GET_CONFIG, ping())
        ):
            harness.client(10 + session_id).send(query)
            harness.turn()
        harness.push(USER, b"updt")
        self.assertEqual(updates(main), [200])

    def test_media_connections_never(self) -> None:
        """A media temporary key's session gets no updates, whatever it calls."""
        harness = Harness()
        media = started(harness, 1, auth_key_id=79, perm_auth_key_id=KEY, key_type=AuthKeyType.MEDIA_TEMP)
        self.assertFalse(harness.devices.take_updates(USER))
        harness.push(USER, b"updt")
        self.assertEqual(updates(media), [])

    def test_return_after_a_short_absence(self) -> None:
        """Within the retention the updates wait for the session and come in order."""
        harness = Harness()
        client = started(harness, 1)
        client.close()
        self.assertTrue(harness.devices.take_updates(USER))
        harness.push(USER, b"one.")
        harness.push(USER, b"two.")
        client.connect()
        client.send(ping())
        came = [one.body[8:] for one in client.received() if one.constructor_id == UPDATES]
        self.assertEqual(came, [b"one.", b"two."])

    def test_return_under_another_session_id(self) -> None:
        """What waited in the session left behind becomes updatesTooLong in the new one."""
        harness = Harness()
        client = started(harness, 1)
        client.close()
        harness.push(USER, b"updt")
        again = harness.client(2)
        again.send(GET_STATE)
        self.assertIn(UPDATES_TOO_LONG, [one.body for one in again.received()])
        harness.push(USER, b"updt")
        self.assertEqual(updates(again), [200])
        old = harness.service.stage.keys.lists[KEY].sessions[0]
        self.assertEqual((old.core.outbox.pushes, old.core.outbox.push_bytes), (0, 0))

    def test_too_many_while_away(self) -> None:
        """Past the bound nothing is kept or rendered, and the client hears updatesTooLong."""
        harness = Harness(push_limit=3)
        client = started(harness, 1)
        client.close()
        for _ in range(10):
            harness.push(USER, b"updt")
        self.assertFalse(harness.devices.take_updates(USER))
        (session,) = harness.service.stage.keys.lists[KEY].sessions
        self.assertEqual(session.core.outbox.push_bytes, 0)
        client.connect()
        client.send(ping())
        self.assertIn(UPDATES_TOO_LONG, [one.body for one in client.received()])
        self.assertTrue(harness.devices.take_updates(USER))

    def test_client_that_does_not_read(self) -> None:
        """Fifty clients that never read cost no more than their bound each."""
        harness = Harness(push_limit=100, push_limit_bytes=10_000)
        client = started(harness, 1)
        harness.service.set_writable(client.conn, False)
        for _ in range(1000):
            harness.push(USER, b"u" * 100)
            harness.turn()
        (session,) = harness.service.stage.keys.lists[KEY].sessions
        self.assertLessEqual(session.core.outbox.queued_bytes, 10_000)
        harness.service.set_writable(client.conn, True)
        self.assertEqual([one.body for one in client.received()], [UPDATES_TOO_LONG])

    def test_full_connection_stays_full_for_a_session_that_comes_to_it(self) -> None:
        """A second session on a connection that does not read waits as well."""
        harness = Harness()
        client = started(harness, 1)
        harness.service.set_writable(client.conn, False)
        second = harness.client(2)
        second.conn = client.conn
        second.send(ping())
        self.assertEqual(second.received(), [])

    def test_signed_out_device(self) -> None:
        """After sign-out its updates stop, after sign-in as another user it gets that user's."""
        harness = Harness()
        client = started(harness, 1)
        harness.bus.publish(UserSignedOut(KEY))
        harness.push(USER, b"updt")
        harness.bus.publish(UserSignedIn(KEY, 5))
        harness.push(5, b"updt")
        self.assertEqual(updates(client), [200])

    def test_temporary_key_takes_over(self) -> None:
        """Bound, its session is the key's updates session; replaced by a new one, that one is."""
        harness = Harness()
        client = harness.client(3, auth_key_id=78, perm_auth_key_id=0, key_type=AuthKeyType.TEMP)
        client.send(BIND_TEMP_AUTH_KEY)
        client.received()
        harness.bus.publish(KeyBound.of(AuthKeyInfo(78, b"", AuthKeyType.TEMP, KEY, 0)))
        client.send(with_layer(GET_STATE))
        client.received()
        replaced = started(harness, 4, auth_key_id=79, perm_auth_key_id=KEY, key_type=AuthKeyType.TEMP)
        harness.push(USER, b"updt")
        self.assertEqual((updates(client), updates(replaced)), ([], [200]))
        harness.bus.publish(KeyDestroyed(79))
        harness.turn()
        harness.push(USER, b"updt")
        self.assertEqual(updates(client), [200])

    def test_update_is_content_related(self) -> None:
        """An update is acknowledged by the client, and comes again until it is."""
        harness = Harness()
        client = started(harness, 1)
        client.ack(*[one.msg_id for one in client.received()])
        harness.push(USER, b"updt")
        (update,) = client.received()
        self.assertEqual((update.seq_no & 1, update.msg_id & 3), (1, 3))
        client.connect()
        client.send(ping())
        self.assertIn(update.msg_id, [one.msg_id for one in client.received()])


class PresenceTests(SynchronousTestCase):
    def test_connected_and_disconnected(self) -> None:
        """Told with the first updates session and with the end of its last connection."""
        harness = Harness()
        client = harness.client()
        client.send(ping())
        client.received()
        self.assertEqual(harness.presence.told, [])
        client.send(GET_STATE)
        client.received()
        client.send(GET_STATE)
        client.received()
        client.close()
        client.connect()
        client.send(ping())
        harness.bus.publish(UserSignedOut(KEY))
        self.assertEqual(
            harness.presence.told, [("+", USER, KEY), ("-", USER, KEY), ("+", USER, KEY), ("-", USER, KEY)]
        )

    def test_another_session_takes_over_silently(self) -> None:
        """The device stays there while any session that wants updates is connected."""
        harness = Harness()
        one, _ = started(harness, 1), started(harness, 2)
        one.close()
        self.assertEqual(harness.presence.told, [("+", USER, KEY)])

    def test_http_session_leaves_with_its_retention(self) -> None:
        """Nothing tells that an HTTP client went but that it does not come back."""
        harness = Harness(retention=30.0)
        harness.service.startService()
        client = harness.client(transport="http")
        client.send(GET_STATE)
        harness.clock.pump([1.0] * 20)
        client.send(struct.pack("<Iiii", wire.HTTP_WAIT, 0, 0, 1000), content_related=False)
        harness.clock.pump([1.0] * 20)
        self.assertEqual(harness.presence.told, [("+", USER, KEY)])
        harness.clock.pump([1.0] * 20)
        self.assertEqual(harness.presence.told[1:], [("-", USER, KEY)])
        self.successResultOf(harness.service.stopService())


class FanOutTests(SynchronousTestCase):
    """One object for many, each with numbers of their own."""

    def everybody(self, harness: Harness, number: int, layer: int = 200) -> dict[int, Client]:
        """One device for each of so many users, by user id."""
        clients = {}
        for user_id in range(1000, 1000 + number):
            harness.auth_sessions.users[user_id] = user_id
            harness.auth_sessions.clients[user_id] = ClientInfo(layer=layer)
            clients[user_id] = started(harness, user_id, auth_key_id=user_id, perm_auth_key_id=user_id)
        return clients

    def fan_out(self, harness: Harness, clients: dict[int, Client], base: int) -> None:
        receivers = tuple(Receiver(user_id, (base + user_id,)) for user_id in clients)
        body = struct.pack("<ii", *marks(1), 7)
        harness.bus.publish(PushedUpdates(body, receivers, ((0, 0),)))

    def numbers(self, client: Client) -> list[int]:
        """Each update's number, as it left for the client so far; no turn ends for it."""
        sent = [payload for _, session_id, payload in client.harness.gateway.sent if session_id == client.session_id]
        updates = [one.body for one in unpack(sent) if one.constructor_id == UPDATES]
        return [struct.unpack_from("<i", body, 8)[0] for body in updates]

    def test_own_numbers(self) -> None:
        """Each gets their own number, in the layer of their device; each layer is made once, with both marks."""
        harness = Harness()
        old, new = self.everybody(harness, 5, 158), {}
        for user_id in (1, 2):
            harness.auth_sessions.users[user_id] = user_id
            harness.auth_sessions.clients[user_id] = ClientInfo(layer=200)
            new[user_id] = started(harness, user_id, auth_key_id=user_id, perm_auth_key_id=user_id)
        converted: list[int] = []

        def convert(body: bytes, layer: int) -> bytes:
            converted.append(layer)
            return struct.pack("<Ii", UPDATES, layer) + body

        self.patch(harness.service.stage.push, "_convert", convert)
        self.fan_out(harness, {**old, **new}, 100)
        harness.turn()
        everybody = {**old, **new}
        for user_id, client in everybody.items():
            self.assertEqual(self.numbers(client), [100 + user_id])
        self.assertEqual(sorted(converted), [158, 158, 200, 200])

    def test_behind_what_many_get(self) -> None:
        """What comes for one alone waits behind what they are still to get with the others."""
        harness = Harness()
        clients = self.everybody(harness, 3)
        self.fan_out(harness, clients, 100)
        harness.push(1002, struct.pack("<ii", 1, 7))
        self.assertEqual(self.numbers(clients[1002]), [])
        harness.turn()
        self.assertEqual(self.numbers(clients[1002]), [1102, 1])
        self.assertFalse(harness.service.stage.push._fan_outs.has(1002))

    def test_end(self) -> None:
        """When the stage stops, what had not had its part leaves."""
        harness = Harness()
        clients = self.everybody(harness, 12)
        self.patch(harness.service.stage.push._fan_outs, "_part_seconds", 0.0)
        self.fan_out(harness, clients, 100)
        harness.service.stopService()
        harness.turn()
        self.assertEqual([self.numbers(client) for client in clients.values()], [[100 + user] for user in clients])

    def test_a_session_that_fails(self) -> None:
        """A fault with one receiver is logged and costs nobody else anything."""
        harness = Harness()
        clients = self.everybody(harness, 3)
        queue = harness.service.stage.push._queue

        def broken(forms: fan_outs.Forms, receiver: Receiver) -> list[ClientSession]:
            if receiver.user_id == 1001:
                raise ZeroDivisionError
            return queue(forms, receiver)

        self.patch(harness.service.stage.push._fan_outs, "_queue", broken)
        self.fan_out(harness, clients, 100)
        harness.turn()
        self.assertEqual([self.numbers(client) for client in clients.values()], [[1100], [], [1102]])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class Turns:
    """The turns of a stage: ``pass_one`` ends one."""

    def __init__(self) -> None:
        self.flushed: list[Any] = []
        self._last: list[Any] = []

    def last(self, action: Any) -> None:
        self._last.append(action)

    def flush(self, session: Any) -> None:
        self.flushed.append(session)

    def pass_one(self) -> list[Any]:
        """Who got something in it."""
        actions, self._last, self.flushed = self._last, [], []
        for action in actions:
            action()
        return self.flushed


class PartsOfATurnTests(SynchronousTestCase):
    """``FanOuts`` takes the part of a turn that it is given."""

    def setUp(self) -> None:
        self.turns = Turns()
        self.passed = 0.0
        self.fan_outs = fan_outs.FanOuts(self.turns, lambda forms, receiver: [receiver.user_id], 5.0, self.seconds)  # type: ignore

    def seconds(self) -> float:
        self.passed += 1
        return self.passed

    def add(self, *user_ids: int) -> None:
        self.fan_outs.add(cast(fan_outs.Forms, None), [Receiver(user_id) for user_id in user_ids])

    def test_parts(self) -> None:
        """User by user, all that waits for one together, as many in a turn as there is time for."""
        self.add(*range(12))
        self.add(*range(3))
        turns = [self.turns.pass_one() for _ in range(4)]
        self.assertEqual(turns, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11], []])
        self.assertFalse(any(self.fan_outs.has(user_id) for user_id in range(12)))

    def test_too_many_waiting(self) -> None:
        """More than may wait do not: they leave in the turn, however long it gets."""
        self.patch(fan_outs, "MAX_QUEUED", 4)
        self.add(*range(12))
        self.assertEqual(self.turns.pass_one(), [0, 1, 2, 3, 4, 5, 6, 7])
