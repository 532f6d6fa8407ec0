"""What the log says of a watched key, and of no other."""

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType
from teamgram.interfaces.rpc import RpcError
from teamgram.interfaces.session import KeyBound
from trial_tests.session.fakes import BOOL_TRUE, GET_CONFIG, GET_STATE, KEY, USER, Client, Harness, ping, with_layer

OTHER = 88
TEMP_KEY = 99


def told(client: Client, body: bytes) -> list[str]:
    """What is logged of keys while a client sends this and has its answer."""
    with capturedLogs() as events:
        client.send(body)
        client.received()
    return [event["log_format"].format(**event) for event in events if event["log_format"].startswith("key ")]


class WatchedKeysTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.harness = Harness()
        self.client = self.harness.client()
        self.client.send(with_layer(GET_CONFIG))
        self.client.received()
        self.watched = self.harness.service.stage.watched

    def test_frames_and_requests(self) -> None:
        """Each frame both ways with its size, each request with its outcome; then, watched no more, nothing."""
        self.assertEqual(told(self.client, GET_CONFIG), [])
        self.assertEqual(self.watched.set(KEY, True), {KEY})
        came, answered, left = told(self.client, GET_CONFIG)
        self.assertIn(f"key {KEY}: frame of 20 bytes in, session 9", came)
        self.assertIn(f"key {KEY}: help.getConfig (msg_id ", answered)
        self.assertIn(f"session 9, user {USER}, layer 200): {len(BOOL_TRUE)} bytes after ", answered)
        self.assertIn(f"key {KEY}: frame of ", left)
        self.assertIn(" bytes out, session 9", left)
        self.assertEqual(self.watched.set(KEY, False), frozenset())
        self.assertEqual(told(self.client, GET_CONFIG), [])

    def test_outcomes(self) -> None:
        """An error is told by its code, at once or later; so is an answer that took its time."""
        self.watched.set(KEY, True)
        self.harness.bff.answers["help.getConfig"] = RpcError(420, "FLOOD_WAIT", 3)
        self.assertIn("420 FLOOD_WAIT_3 after", told(self.client, GET_CONFIG)[1])
        self.harness.bff.slow.add("updates.getState")
        for outcome, text in ((BOOL_TRUE, "4 bytes after"), (RpcError(400, "PEER_ID_INVALID"), "400 PEER_ID_INVALID")):
            self.assertEqual(len(told(self.client, GET_STATE)), 1)
            _, waiting = self.harness.bff.waiting.pop()
            with capturedLogs() as events:
                if isinstance(outcome, bytes):
                    waiting.callback(outcome)
                else:
                    waiting.errback(outcome)
                self.client.received()
            (answered,) = [event for event in events if "after {ms" in event["log_format"]]
            self.assertIn(text, answered["log_format"].format(**answered))

    def test_another_key(self) -> None:
        """Is not logged, whether it was there before or comes later."""
        self.watched.set(OTHER, True)
        self.assertEqual(told(self.client, ping()), [])
        other = self.harness.client(auth_key_id=OTHER, perm_auth_key_id=OTHER)
        self.assertEqual(len(told(other, ping())), 2)

    def test_temporary_key_of_a_watched_one(self) -> None:
        """Speaks for it once it is bound."""
        self.watched.set(KEY, True)
        temporary = self.harness.client(auth_key_id=TEMP_KEY, perm_auth_key_id=0, key_type=AuthKeyType.TEMP)
        self.assertEqual(told(temporary, ping()), [])
        self.harness.bus.publish(KeyBound.of(AuthKeyInfo(TEMP_KEY, bytes(256), AuthKeyType.TEMP, KEY)))
        self.assertEqual(len(told(temporary, ping())), 2)
