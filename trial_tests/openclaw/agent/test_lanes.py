"""Messages for sessions that are busy: who goes next, and that each run begins and ends once."""

import random

from trial_tests.openclaw.agent.agents import KEY, AgentsTestCase


class QueueTests(AgentsTestCase):
    """A message for a session that is busy."""

    def busy(self) -> None:
        """A run that takes two seconds."""
        self.send("first chunks=20 delay=0.1")
        self.house.advance(0.5)

    def test_steer(self) -> None:
        """Said into the run that is under way: its own run ends empty, the running one answers it too."""
        self.busy()
        self.send("second chunks=2", "run-2", queueMode="steer")
        self.house.advance(5.0)
        (end,) = self.ends("run-2")
        self.assertEqual((end["state"], "message" in end), ("final", False))
        (first,) = self.ends("run-1")
        self.assertTrue(first["message"]["content"][0]["text"].endswith("word19\n\nword0 word1"))
        roles = [role for role, _ in self.history()]
        self.assertEqual(roles, ["user", "assistant", "user", "assistant"])

    def test_followup(self) -> None:
        """A run of its own after the running one."""
        self.busy()
        self.assertEqual(self.send("second", "run-2", queueMode="followup")["status"], "started")
        pending = self.ok("chat.history", sessionKey="main")["pendingInputs"]
        self.assertEqual((pending["total"], pending["items"][0]["runId"]), (1, "run-2"))
        self.house.advance(5.0)
        (end,) = self.ends("run-2")
        self.assertEqual(end["message"]["content"][0]["text"], "second")
        self.assertEqual(self.ok("chat.history", sessionKey="main")["pendingInputs"]["total"], 0)

    def test_collect(self) -> None:
        """Several together: the newest run answers for all."""
        self.busy()
        for number in (2, 3, 4):
            self.send(f"part {number}", f"run-{number}", queueMode="collect")
        self.house.advance(5.0)
        self.assertEqual(["message" in self.ends(f"run-{n}")[0] for n in (2, 3, 4)], [False, False, True])
        said = [text for role, text in self.history() if role == "user"]
        self.assertEqual(said[1:], ["part 2", "part 3", "part 4"])

    def test_interrupt(self) -> None:
        """The run that is under way is stopped, the new one begins."""
        self.busy()
        answer = self.send("second", "run-2", queueMode="interrupt")
        self.assertEqual(answer, {"runId": "run-2", "status": "started", "interruptedActiveRun": True})
        self.house.advance(1.0)
        self.assertEqual([self.ends(run)[0]["state"] for run in ("run-1", "run-2")], ["aborted", "final"])

    def test_bound(self) -> None:
        """A session holds only so many waiting messages."""
        self.busy()
        for number in range(100):
            self.send("x", f"wait-{number}", queueMode="followup")
        error = self.error("chat.send", sessionKey="main", message="x", idempotencyKey="one-more", queueMode="followup")
        self.assertEqual((error["code"], error["retryable"]), ("UNAVAILABLE", True))

    def test_sessions_do_not_wait_for_each_other(self) -> None:
        """Another session's run runs meanwhile."""
        self.busy()
        self.send("quick", "run-2", sessionKey="other")
        self.house.advance(0.5)
        self.assertEqual(len(self.ends("run-2")), 1)
        self.assertEqual(self.ends("run-1"), [])


class ConcurrencyTests(AgentsTestCase):
    """``agents.defaults.maxConcurrent``."""

    config = {"agents": {"defaults": {"maxConcurrent": 2}}}

    def test_limit(self) -> None:
        """More runs than may run at once wait, and all end."""
        for number in range(5):
            self.send("hi chunks=5 delay=0.1", f"run-{number}", sessionKey=f"s{number}")
        self.house.advance(0.7)
        self.assertEqual(sum(len(self.ends(f"run-{n}")) for n in range(5)), 2)
        self.house.advance(3.0)
        self.assertEqual([len(self.ends(f"run-{n}")) for n in range(5)], [1] * 5)

    def test_raised(self) -> None:
        """A higher limit counts at once."""
        for number in range(5):
            self.send("hi chunks=50 delay=0.1", f"run-{number}", sessionKey=f"s{number}")
        self.house.advance(0.2)
        self.assertEqual(self.started(), 2)
        tree = {**self.house.plane.config.tree, "agents": {"defaults": {"maxConcurrent": 4}}}
        self.house.plane.config.replace(tree)
        self.house.advance(0.2)
        self.assertEqual(self.started(), 4)

    def started(self) -> int:
        """How many runs have begun."""
        told = [event["payload"]["data"].get("phase") for event in self.client.events("agent")]
        return told.count("start")


class SlowDiskTests(AgentsTestCase):
    """Everything that goes on while something is being written."""

    def setUp(self) -> None:
        """A disk that takes 30 ms."""
        super().setUp()
        self.house.slow_disk(0.03)

    def starts(self, run_id: str) -> int:
        """How often a run began."""
        events = [event["payload"] for event in self.client.events("agent")]
        return sum(e["runId"] == run_id and e["data"].get("phase") == "start" for e in events)

    def test_each_turn_once(self) -> None:
        """Messages in every mode while others are written, begin and end: one end for each, and never two starts."""
        chance = random.Random(5)
        count = 60
        for number in range(count):
            mode = chance.choice(("steer", "followup", "collect", "interrupt"))
            text = f"message {number}" + chance.choice((" chunks=3 delay=0.02", " chunks=9", ""))
            params = {"sessionKey": "main", "message": text, "idempotencyKey": f"run-{number}", "queueMode": mode}
            frame = {"type": "req", "id": f"q{number}", "method": "chat.send", "params": params}
            self.client.send(frame)
            if chance.random() < 0.1:
                self.client.send(
                    {"type": "req", "id": f"a{number}", "method": "chat.abort", "params": {"sessionKey": "main"}}
                )
            self.house.advance(chance.choice((0.0, 0.01, 0.03, 0.05, 0.2)))
        self.house.advance(20.0)
        self.assertEqual(self.house.parts.runs.active(), 0)
        for number in range(count):
            run_id = f"run-{number}"
            self.assertTrue(self.client.response(f"q{number}")["ok"])
            self.assertEqual((len(self.ends(run_id)), self.starts(run_id) <= 1), (1, True), run_id)
        said = [text.split(" chunks")[0] for role, text in self.history() if role == "user"]
        self.assertEqual(sorted(said), sorted(f"message {number}" for number in range(count)))

    def test_repetition_waits_for_the_disk(self) -> None:
        """A repetition that comes before the first is on disk is answered when it is."""
        params = {"sessionKey": "main", "message": "hello chunks=5", "idempotencyKey": "run-1"}
        self.assertIsNone(self.client.request("chat.send", params, "one"))
        self.assertIsNone(self.client.request("chat.send", params, "two"))
        self.house.advance(0.1)
        found = [self.client.response(name)["payload"]["status"] for name in ("one", "two")]
        self.assertEqual(found, ["started", "in_flight"])

    def test_written_behind_an_end(self) -> None:
        """A message that is written between the end of one run and the begin of the next does not start that twice."""
        self.house.step_seconds = 0.005

        def post(run_id: str) -> None:
            params = {"sessionKey": "main", "message": run_id, "idempotencyKey": run_id, "queueMode": "followup"}
            self.client.request("chat.send", params)

        post("first")
        post("second")
        self.house.advance(0.04)
        running = self.house.parts.lanes.running(KEY)
        assert running is not None
        while not running.is_settling:
            self.house.advance(0.005)
        post("third")
        self.house.advance(2.0)
        found = [(self.starts(run_id), len(self.ends(run_id))) for run_id in ("first", "second", "third")]
        self.assertEqual(found, [(1, 1)] * 3)
        # Each answer is to its own message: no run starts before that is in its place.
        texts = [text for pair in zip(*[["first", "second", "third"]] * 2, strict=True) for text in pair]
        self.assertEqual([text for _, text in self.history()], texts)
