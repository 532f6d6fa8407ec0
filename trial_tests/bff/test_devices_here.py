"""Whose devices take updates, as bff knows it from what session processes tell."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.bff.devices_here import DevicesHere
from teamgram.cache.bus import MemoryBus
from teamgram.interfaces.keys import ClientInfo
from teamgram.interfaces.updates import DevicesAsked, SessionsGone, UpdatesSessionChanged
from trial_tests.session.fakes import GET_STATE, KEY, USER, FakePresence, Harness

NONE = (False, False)


class DevicesHereTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.bus = MemoryBus()
        self.presence = FakePresence()
        self.devices = DevicesHere(self.bus, self.presence)  # type: ignore[arg-type]

    def tell(self, key: int, state: tuple[bool, bool], server: str = "one", user_id: int = USER) -> None:
        self.bus.publish(UpdatesSessionChanged(server, user_id, key, *state))

    def test_takes_updates(self) -> None:
        """Some device takes them, but for the one that is left out; nothing is kept of one that is gone."""
        self.assertFalse(self.devices.take_updates(USER))
        self.tell(1, (True, True))
        self.assertTrue(self.devices.take_updates(USER))
        self.assertFalse(self.devices.take_updates(USER, 1))
        self.tell(2, (False, True))
        self.assertTrue(self.devices.take_updates(USER, 1))
        self.tell(2, NONE)
        self.tell(1, (True, False))
        self.assertFalse(self.devices.take_updates(USER), "its client fetches the difference")
        self.tell(1, NONE)
        self.tell(1, NONE)
        self.assertEqual(len(self.devices), 0)
        self.assertEqual(self.devices._devices, {})

    def test_presence(self) -> None:
        """Each device comes once and goes once, whatever else changes about it."""
        for state in ((True, True), (True, False), (True, True), (False, True), NONE, (False, True), NONE):
            self.tell(1, state)
        self.assertEqual(self.presence.told, [("+", USER, 1), ("-", USER, 1)])

    def test_process_that_is_gone(self) -> None:
        """What it told ends with it; what others told stays."""
        self.tell(1, (True, True))
        self.tell(2, (True, True), server="two")
        self.tell(3, (False, True), user_id=5)
        self.bus.publish(SessionsGone("one"))
        self.assertEqual(len(self.devices), 1)
        self.assertTrue(self.devices.take_updates(USER))
        self.assertFalse(self.devices.take_updates(5))
        self.assertEqual(self.presence.told, [("+", USER, 1), ("+", USER, 2), ("-", USER, 1)])

    def test_device_that_moved(self) -> None:
        """A device that came back by another process is there, whenever the first notices that it left."""
        self.tell(1, (True, True))
        self.tell(1, (True, True), server="two")
        self.tell(1, (False, True))
        self.tell(1, NONE)
        self.assertTrue(self.devices.take_updates(USER))
        self.bus.publish(SessionsGone("one"))
        self.assertTrue(self.devices.take_updates(USER))
        self.assertEqual(self.presence.told, [("+", USER, 1)])


class RestartTests(SynchronousTestCase):
    """One of the two processes begins again."""

    def devices(self, harness: Harness, number: int) -> None:
        for user_id in range(1000, 1000 + number):
            harness.auth_sessions.users[user_id] = user_id
            harness.auth_sessions.clients[user_id] = ClientInfo(layer=200)
            client = harness.client(user_id, auth_key_id=user_id, perm_auth_key_id=user_id)
            client.send(GET_STATE)
        harness.turn()

    def test_of_bff(self) -> None:
        """Who asks hears of every device as it is, in parts of a turn."""
        harness = Harness()
        self.devices(harness, 500)
        presence = FakePresence()
        again = DevicesHere(harness.bus, presence)  # type: ignore[arg-type]
        self.assertFalse(again.take_updates(1000))
        again.ask()
        self.assertTrue(0 < len(again) < 500)
        harness.clock.pump([0] * 5)
        self.assertEqual(len(again), 500)
        self.assertTrue(all(again.take_updates(user_id) for user_id in range(1000, 1500)))
        self.assertEqual(len(presence.told), 500)

    def test_of_session(self) -> None:
        """Beginning, it says that nothing holds of what it told before."""
        harness = Harness()
        client = harness.client()
        client.send(GET_STATE)
        client.received()
        self.assertTrue(harness.devices.take_updates(USER))
        again = Harness(bus=harness.bus)
        again.service.startService()
        self.assertFalse(harness.devices.take_updates(USER))
        self.assertEqual(harness.presence.told, [("+", USER, KEY), ("-", USER, KEY)])
        self.successResultOf(again.service.stopService())

    def test_nobody_there(self) -> None:
        """A question to sessions that have no device is answered with nothing."""
        harness = Harness()
        harness.bus.publish(DevicesAsked())
        self.assertEqual(len(harness.devices), 0)
