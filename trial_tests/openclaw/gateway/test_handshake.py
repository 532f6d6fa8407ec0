"""What the recordings do not show of the handshake: devices over restarts, limits, deadlines, resuming."""

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from teamgram.net import websocket
from teamgram.openclaw.gateway import connection
from teamgram.openclaw.gateway.active_runs import NoRuns
from teamgram.openclaw.gateway.reception import EVENT_RESUME
from trial_tests.openclaw.house import ALL, TOKEN, DeviceKey, House, client_frame

ELSEWHERE = "192.0.2.7"
TUI = {"id": "openclaw-tui", "mode": "ui"}


class HouseTestCase(SynchronousTestCase):
    """With a house of its own."""

    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)

    def restart(self) -> House:
        """The process dies without warning and another one starts on its files."""
        self.house = House(directory=self.house.directory)
        return self.house


class DeviceTests(HouseTestCase):
    """Devices and their tokens."""

    def test_token_is_good_after_kill(self) -> None:
        """The token in a hello was on disk before the hello: a new process takes it."""
        key = DeviceKey(1)
        hello = self.house.client().hello(key, client=TUI, scopes=["operator.read"])
        token = hello["auth"]["deviceToken"]
        again = self.restart().client().hello(key, client=TUI, scopes=["operator.read"], auth={"deviceToken": token})
        self.assertEqual(again["auth"]["method"], "device-token")
        self.assertEqual(again["auth"]["deviceToken"], token)

    def test_a_request_survives_and_dies_of_age(self) -> None:
        """A waiting request is there after a restart with the same id, and gone after five minutes."""
        key = DeviceKey(2)
        first = self.house.client(ELSEWHERE).connect(key, client=TUI)["error"]["details"]
        self.restart()
        second = self.house.client(ELSEWHERE).connect(key, client=TUI)["error"]["details"]
        self.assertEqual(first["requestId"], second["requestId"])
        operator = self.house.operator()
        self.house.advance(301)
        self.assertEqual(operator.request("device.pair.list")["payload"]["pending"], [])

    def test_the_token_of_another_device(self) -> None:
        """A device token opens for its own device only."""
        hello = self.house.client().hello(DeviceKey(1), client=TUI)
        stolen = self.house.client().connect(
            DeviceKey(9), client=TUI, auth={"deviceToken": hello["auth"]["deviceToken"]}
        )
        self.assertEqual(stolen["error"]["details"]["code"], "AUTH_DEVICE_TOKEN_MISMATCH")

    def test_who_approves_hands_out_no_more_than_he_has(self) -> None:
        """Approving a request for admin takes admin; approving a node takes admin too."""
        waiting = self.house.client(ELSEWHERE).connect(DeviceKey(3), client=TUI, scopes=["operator.admin"])
        request_id = waiting["error"]["details"]["requestId"]
        helper = self.house.operator("operator.pairing", "operator.read")
        refused = helper.request("device.pair.approve", {"requestId": request_id})
        self.assertEqual(refused["error"]["details"]["missingScope"], "operator.admin")
        self.assertTrue(self.house.operator().request("device.pair.approve", {"requestId": request_id})["ok"])
        self.assertTrue(self.house.client(ELSEWHERE).connect(DeviceKey(3), client=TUI, scopes=["operator.admin"])["ok"])

    def test_revoked(self) -> None:
        """Revoking closes the device's sockets and its token opens nothing more."""
        key = DeviceKey(4)
        client = self.house.client()
        token = client.hello(key, client=TUI)["auth"]["deviceToken"]
        answer = self.house.operator().request("device.token.revoke", {"deviceId": key.id, "role": "operator"})
        self.assertTrue(answer["ok"])
        client.read()
        self.assertEqual(client.close, (4001, "device removed"))
        again = self.house.client().connect(key, client=TUI, auth={"deviceToken": token})
        self.assertFalse(again["ok"])

    def test_the_files_are_the_owners(self) -> None:
        """Nobody else may read tokens and keys."""
        self.house.client().hello(DeviceKey(5), client=TUI)
        for path in Path(self.house.directory, "openclaw").iterdir():
            if path.is_file():
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)


class SecretTests(HouseTestCase):
    """The shared secret."""

    def test_made_once(self) -> None:
        """Without a configured token one is made, kept with mode 0600, and told once."""
        house = House({})
        self.addCleanup(house.close)
        token = house.service.new_token
        path = house.directory / "gateway.token"
        self.assertEqual(path.read_text().strip(), token)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        again = House(directory=house.directory)
        self.assertIsNone(again.service.new_token)
        self.assertTrue(again.client().connect(auth={"token": token})["ok"])

    def test_no_auth_is_for_loopback(self) -> None:
        """Mode none opens without a secret, and is refused for any other bind."""
        house = House({"gateway": {"auth": {"mode": "none"}}})
        self.addCleanup(house.close)
        self.assertEqual(house.client().hello(auth=None)["auth"]["method"], "none")
        from teamgram.openclaw.config.errors import OpenClawConfigError

        self.assertRaises(OpenClawConfigError, House, {"gateway": {"bind": "lan", "auth": {"mode": "none"}}})

    def test_missing_with_a_device(self) -> None:
        """A device that brings no secret is told which is missing."""
        response = self.house.client().connect(DeviceKey(1), auth=None)
        self.assertEqual(response["error"]["details"]["code"], "AUTH_TOKEN_MISSING")

    def test_origins(self) -> None:
        """Pages of this machine pass, others only if they are listed."""
        for origin, fine in (
            ("http://localhost:5173", True),
            ("https://127.0.0.1", True),
            ("https://evil.example", False),
            ("null", False),
            ("http://localhost.evil.example", False),
        ):
            client = self.house.client(headers={"origin": origin})
            self.assertEqual(client.connect()["ok"], fine, origin)
        house = House({"gateway": {"auth": {"token": TOKEN}, "controlUi": {"allowedOrigins": ["https://ui.example"]}}})
        self.addCleanup(house.close)
        self.assertTrue(house.client(headers={"origin": "https://UI.example"}).connect()["ok"])


class LimitTests(HouseTestCase):
    """Bounds and deadlines."""

    def test_large_messages_after_hello(self) -> None:
        """65,537 bytes end the connection before hello and are fine after it."""
        early = self.house.client()
        early.send_bytes(client_frame(b"x" * 65537)[:20])
        self.assertEqual(early.close, (websocket.TOO_BIG, ""))
        client = self.house.operator()
        self.assertFalse(client.request("x" * 70_000)["ok"])
        self.assertIsNone(client.close)

    def test_too_many_frames_before_hello(self) -> None:
        """Fifteen may wait behind connect, the sixteenth ends it."""
        client = self.house.client()
        params = client.params(auth={"token": "wrong"})
        client.send({"type": "req", "id": "c", "method": "connect", "params": params})
        for number in range(16):
            self.assertIsNone(client.close)
            client.send({"type": "req", "id": f"r{number}", "method": "health"})
        self.assertEqual(client.close, (1008, "too many pending handshake frames"))

    def test_pings(self) -> None:
        """A ping every 25 s; who answers stays, who does not is dropped without a word."""
        client, silent = self.house.operator(), self.house.operator()
        silent.answers_pings = False
        self.house.advance(60)
        self.assertEqual(client.pings, 2)
        self.assertFalse(client.lost)
        self.assertTrue(silent.transport.aborted)
        self.assertIsNone(silent.close)

    def test_a_closing_peer_has_a_second(self) -> None:
        """After our close frame the socket is dropped even if the peer says nothing."""
        client = self.house.client()
        client.send({"type": "hello"})
        self.assertEqual(client.close, (1008, "invalid request frame"))
        self.assertFalse(client.lost)
        self.house.advance(connection._CLOSE_SECONDS + 1)
        self.assertTrue(client.lost)


class EventTests(HouseTestCase):
    """The stream as clients see it."""

    def test_slow_client_is_told_and_closed(self) -> None:
        """Who does not read is closed with a reason at the bound, and misses no number before it."""
        client = self.house.operator()
        client.transport.stick()
        while client.connection.is_open:
            self.house.plane.events.broadcast("chat", {"text": "x" * 1_000_000})
            self.house.turn()
        client.transport.unstick()
        client.read()
        self.assertEqual([f["seq"] for f in client.events()], list(range(1, len(client.events()) + 1)))
        self.assertEqual(client.close, (1008, "slow consumer"))

    def test_who_does_not_read_is_not_listened_to(self) -> None:
        """Requests of a client with a megabyte to read wait in its own socket until it has read."""
        client = self.house.operator()
        client.transport.stick()
        self.house.plane.events.broadcast("chat", {"text": "x" * 1_100_000})
        self.house.turn()
        self.assertFalse(client.transport.reading)
        client.transport.unstick()
        self.assertTrue(client.transport.reading)

    def test_stuck_for_good(self) -> None:
        """A client that takes nothing for fifty seconds is dropped; a slow one that takes something stays."""
        stuck, slow = self.house.operator(), self.house.operator()
        stuck.transport.stick()
        slow.transport.stick()
        for _ in range(4):
            self.house.advance(20)
            slow.transport.unstick()
            slow.transport.stick()
        self.assertTrue(stuck.transport.aborted)
        self.assertFalse(slow.lost)

    def test_others_are_not_held_up(self) -> None:
        """One stuck client costs the others nothing."""
        stuck, fine = self.house.operator(), self.house.operator()
        stuck.transport.stick()
        self.house.plane.events.broadcast("chat", {"text": "hi"})
        self.assertEqual(len(fine.events("chat")), 1)
        self.assertEqual(len(stuck.events("chat")), 0)

    def test_scopes(self) -> None:
        """Events go to the scopes that may hear them; unknown families to nobody; numbers have no holes."""
        reader, pairer = self.house.operator("operator.read"), self.house.operator("operator.pairing")
        for name in ("chat", "device.pair.requested", "mystery", "tick", "exec.approval.requested"):
            self.house.plane.events.broadcast(name, {})
        self.assertEqual([(f["event"], f["seq"]) for f in reader.events()], [("chat", 1), ("tick", 2)])
        self.assertEqual([(f["event"], f["seq"]) for f in pairer.events()], [("device.pair.requested", 1), ("tick", 2)])

    def test_ticks(self) -> None:
        """One every thirty seconds, health every sixty."""
        client = self.house.operator()
        self.house.advance(123)
        self.assertEqual(len(client.events("tick")), 4)
        self.assertEqual(len(client.events("health")), 2)


class ResumeTests(HouseTestCase):
    """Going on after a lost socket."""

    def lose(self) -> tuple[str, int]:
        client = self.house.client()
        hello = client.hello(caps=[EVENT_RESUME])
        self.assertIn(EVENT_RESUME, hello["features"]["capabilities"])
        self.house.plane.events.broadcast("chat", {"n": 1})
        self.house.plane.events.broadcast("chat", {"n": 2})
        self.assertEqual([f["seq"] for f in client.events()], [1, 2])
        client.transport.abortConnection()
        self.house.plane.events.broadcast("chat", {"n": 3})
        return hello["resume"]["token"], 1

    def test_everything_after_the_last_number(self) -> None:
        """What was sent and lost, and what came meanwhile, with the numbers going on."""
        token, seq = self.lose()
        client = self.house.client()
        response = client.connect(caps=[EVENT_RESUME], resumeFrom={"token": token, "seq": seq})
        self.assertTrue(response["payload"]["resume"]["resumed"])
        self.house.plane.events.broadcast("chat", {"n": 4})
        after_hello = client.frames[client.frames.index(response) + 1 :]
        client.read()
        self.assertEqual(
            [(f["seq"], f["payload"]["n"]) for f in client.events("chat")], [(2, 2), (3, 3), (4, 4)], after_hello
        )
        self.assertLess(client.frames.index(response), client.frames.index(client.events("chat")[0]))

    def test_too_late(self) -> None:
        """After the retention time the client starts at 1 and is told so."""
        token, seq = self.lose()
        self.house.advance(self.house.plane.config.sections.gateway.resume_seconds + 1)
        client = self.house.client()
        hello = client.hello(caps=[EVENT_RESUME], resumeFrom={"token": token, "seq": seq})
        self.assertFalse(hello["resume"]["resumed"])
        self.house.plane.events.broadcast("chat", {})
        self.assertEqual(client.events("chat")[0]["seq"], 1)

    def test_only_the_same_client(self) -> None:
        """The token does not widen what a client may hear."""
        token, seq = self.lose()
        client = self.house.client()
        hello = client.hello(scopes=["operator.read"], caps=[EVENT_RESUME], resumeFrom={"token": token, "seq": seq})
        self.assertFalse(hello["resume"]["resumed"])

    def test_clients_that_do_not_ask_are_as_before(self) -> None:
        """Without the cap nothing is kept and nothing is said."""
        client = self.house.client()
        self.assertNotIn("resume", client.hello())
        client.transport.abortConnection()
        self.assertEqual(len(self.house.plane.events), 0)


class OneRun(NoRuns):
    """A run that runs until the test ends it."""

    def __init__(self) -> None:
        self.ended: Deferred[None] = Deferred()

    def active(self) -> int:
        """One until it ended."""
        return int(not self.ended.called)

    def when_idle(self) -> Deferred[None]:
        """When it ends."""
        return self.ended


class DrainTests(HouseTestCase):
    """Going down."""

    def test_a_running_turn_ends_first(self) -> None:
        """Its final is delivered, nothing new begins meanwhile, then shutdown and 1012."""
        self.house.plane.runs.use(run := OneRun())
        client = self.house.operator()
        stopping = self.house.service.stopService()
        refused = client.request("chat.send", {"sessionKey": "main"})["error"]
        self.assertEqual(refused["message"], "chat.send unavailable during gateway restart")
        self.assertTrue(self.house.plane.lifetime.draining)
        self.house.advance(5)
        self.assertIsNone(client.close)
        self.house.plane.events.broadcast("chat", {"state": "final"})
        run.ended.callback(None)
        self.house.turn()
        self.assertEqual([frame["event"] for frame in client.events()][-2:], ["chat", "shutdown"])
        self.assertEqual(client.close, (1012, "service restart"))
        self.house.advance(2)
        self.successResultOf(stopping)

    def test_a_turn_that_does_not_end(self) -> None:
        """After the budget everybody is sent away all the same."""
        self.house.plane.runs.use(OneRun())
        client = self.house.operator()
        stopping = self.house.service.stopService()
        self.house.advance(self.house.plane.config.sections.gateway.drain_seconds + 3)
        self.successResultOf(stopping)
        self.assertEqual(client.close, (1012, "service restart"))

    def test_order(self) -> None:
        """Requests are put off, then everybody hears shutdown, then 1012."""
        client = self.house.operator(*ALL)
        self.house.plane.router.draining = "accepting"
        refused = client.request("health")["error"]
        self.assertEqual((refused["code"], refused["retryAfterMs"]), ("UNAVAILABLE", 1000))
        stopping = self.house.service.stopService()
        client.read()
        self.assertEqual(client.events()[-1]["payload"], {"reason": "gateway stopping"})
        self.assertEqual(client.close, (1012, "service restart"))
        self.house.advance(2)
        self.successResultOf(stopping)
        self.assertTrue(client.lost)
