"""``chat.*`` through a client: what is told in which order, once and for all."""

import itertools
import json
import random
from typing import Any

from trial_tests.openclaw.agent.agents import KEY, AgentsTestCase
from trial_tests.openclaw.house import client_frame


def kinds(client: Any, run_id: str) -> list[str]:
    """Events of a turn in order, named by what tells them apart."""
    found = []
    for event in client.events():
        payload = event["payload"]
        if event["event"] not in ("chat", "agent") or payload["runId"] != run_id:
            continue
        if event["event"] == "chat":
            found.append(f"chat {payload['state']} {payload.get('phase', '')}".strip())
        else:
            found.append(f"{payload['stream']} {payload['data'].get('phase', '')}".strip())
    return found


class SendTests(AgentsTestCase):
    """A turn from request to end."""

    def test_order(self) -> None:
        """Every event of a turn, in the order that clients know."""
        self.send("hello chunks=6 delay=0.05")
        self.house.advance(1.0)
        told = kinds(self.client, "run-1")
        self.assertEqual(
            told[:7],
            [
                "chat status preparing_workspace", "run_status preparing_workspace",
                "chat status preparing_context", "run_status preparing_context",
                "lifecycle start",
                "chat status starting_model", "run_status starting_model",
            ],
        )  # fmt: skip
        self.assertEqual(told[7], "lifecycle model")
        self.assertEqual(told[8:10], ["assistant", "chat delta"])
        self.assertEqual(told[-4:], ["usage", "lifecycle finishing", "lifecycle end", "chat final"])

    def test_deltas(self) -> None:
        """The first words at once, then at most one delta in 75 ms; joined they are the final text."""
        self.send("hello chunks=40 delay=0.01")
        times: list[float] = []
        seen = 0
        for _ in range(100):
            self.house.reactor.advance(0.005)
            deltas = [chat for chat in self.chats("run-1") if chat["state"] == "delta"]
            times += [self.house.reactor.seconds()] * (len(deltas) - seen)
            seen = len(deltas)
        self.house.advance(1.0)
        deltas = [chat for chat in self.chats("run-1") if chat["state"] == "delta"]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times[:-1])]
        self.assertGreater(len(gaps), 3)
        self.assertGreaterEqual(min(gaps), 0.07)
        (final,) = self.ends("run-1")
        text = final["message"]["content"][0]["text"]
        self.assertEqual("".join(delta["deltaText"] for delta in deltas), text)
        self.assertEqual(deltas[-1]["message"]["content"][0]["text"], text)
        self.assertEqual(text, " ".join(f"word{number}" for number in range(40)))

    def test_seq_is_the_turns_own(self) -> None:
        """Payload numbers never go back and chat shares them with agent."""
        self.send("hello chunks=3")
        self.house.advance(1.0)
        numbers = [e["payload"]["seq"] for e in self.client.events() if e["event"] in ("chat", "agent")]
        self.assertEqual(numbers, sorted(numbers))
        self.assertEqual(numbers[0], 1)

    def test_repetitions(self) -> None:
        """The same key again: in flight, then ok; with other words a conflict. The turn happens once."""
        self.assertEqual(self.send("hello chunks=5"), {"runId": "run-1", "status": "started"})
        self.assertEqual(self.send("hello chunks=5"), {"runId": "run-1", "status": "in_flight"})
        self.house.advance(1.0)
        self.assertEqual(self.send("hello chunks=5"), {"runId": "run-1", "status": "ok"})
        error = self.error("chat.send", sessionKey="main", message="other", idempotencyKey="run-1")
        self.assertEqual((error["code"], error["details"]), ("INVALID_REQUEST", {"reason": "chat-request-conflict"}))
        self.assertEqual(len(self.ends("run-1")), 1)
        self.assertEqual(len(self.history()), 2)

    def test_key_of_another_session(self) -> None:
        """The same key in another session is another message."""
        self.send("one")
        self.house.advance(0.5)
        self.assertEqual(self.send("two", sessionKey="other")["status"], "started")

    def test_keys_are_forgotten(self) -> None:
        """Five minutes after the end a key is free again."""
        self.send("hello")
        self.house.advance(1.0)
        self.house.reactor.advance(301)
        self.assertEqual(self.send("hello")["status"], "started")

    def test_bad_messages(self) -> None:
        """Null bytes, nothing at all, a key that is none."""
        for message, text in (("a\0b", "message must not contain null bytes"), (" ", "message or attachment required")):
            error = self.error("chat.send", sessionKey="main", message=message, idempotencyKey="k")
            self.assertEqual(error["message"], text)
        error = self.error("chat.send", sessionKey="agent:nobody:main", message="x", idempotencyKey="k")
        self.assertEqual(error["message"], 'Unknown agent id "nobody"')

    def test_text_is_normalised(self) -> None:
        """NFC, control characters gone, line ends kept."""
        self.send("e\u0301\x07 two\nlines")
        self.house.advance(1.0)
        self.assertEqual(self.history()[0], ("user", "\u00e9 two\nlines"))

    def test_failure(self) -> None:
        """A failed turn: one error event, told again to who repeats the request, visible in the history."""
        self.send("FAIL400")
        self.house.advance(1.0)
        (end,) = self.ends("run-1")
        self.assertEqual((end["state"], end["errorKind"]), ("error", "unknown"))
        response = self.client.request(
            "chat.send", {"sessionKey": "main", "message": "FAIL400", "idempotencyKey": "run-1"}
        )
        self.assertEqual(response["payload"]["status"], "error")
        self.assertEqual(response["error"]["code"], "UNAVAILABLE")
        self.assertTrue(self.history()[1][1].startswith("⚠️"))

    def test_client_leaves(self) -> None:
        """A turn goes on without its client, which finds it again by inFlightRun and then by the history."""
        self.send("hello chunks=20 delay=0.1")
        self.house.advance(0.5)
        self.client.transport.loseConnection()
        client = self.operator()
        flight = self.ok("chat.history", client, sessionKey="main")["inFlightRun"]
        self.assertEqual(flight["runId"], "run-1")
        self.assertTrue(flight["text"].startswith("word0 word1"))
        self.house.advance(3.0)
        self.assertEqual(len(self.ends("run-1", client)), 1)
        self.assertNotIn("inFlightRun", self.ok("chat.history", client, sessionKey="main"))
        self.assertEqual(len(self.history(client=client)), 2)

    def test_deadline(self) -> None:
        """A turn that takes too long ends with an error of kind timeout, and keeps what it said."""
        self.send("hello chunks=100 delay=0.1", timeoutMs=1000)
        self.house.advance(2.0)
        (end,) = self.ends("run-1")
        self.assertEqual((end["state"], end["errorKind"]), ("error", "timeout"))
        self.assertTrue(self.history()[1][1].startswith("word0"))


class AbortTests(AgentsTestCase):
    """Stopping."""

    def test_abort(self) -> None:
        """``aborted`` with what was said comes before lifecycle end; the answer after both; the text is kept."""
        self.send("hello chunks=50 delay=0.1")
        self.house.advance(0.5)
        self.client.take()
        answer = self.ok("chat.abort", sessionKey="main", runId="run-1")
        self.assertEqual(answer, {"ok": True, "aborted": True, "runIds": ["run-1"]})
        told = kinds(self.client, "run-1")
        self.assertLess(told.index("chat aborted"), told.index("lifecycle end"))
        (end,) = self.ends("run-1")
        self.assertEqual(end["stopReason"], "rpc")
        self.assertEqual(self.history()[1], ("assistant", end["message"]["content"][0]["text"]))
        again = self.send("hello chunks=50 delay=0.1")
        self.assertEqual((again["status"], again["stopReason"]), ("timeout", "rpc"))
        self.house.advance(10.0)
        self.assertEqual(len(self.ends("run-1")), 1)

    def test_nothing_to_abort(self) -> None:
        """No error."""
        self.assertEqual(self.ok("chat.abort", sessionKey="main"), {"ok": True, "aborted": False, "runIds": []})

    def test_stop_command(self) -> None:
        """``/stop`` stops what runs and what waits."""
        self.send("hello chunks=50 delay=0.1")
        self.send("more", "run-2", queueMode="followup")
        answer = self.send("/stop", "run-3")
        self.assertEqual(answer, {"ok": True, "aborted": True, "runIds": ["run-2", "run-1"]})
        self.house.advance(1.0)
        self.assertEqual([end["state"] for end in self.ends("run-1") + self.ends("run-2")], ["aborted"] * 2)
        self.assertEqual(self.house.parts.runs.active(), 0)
        self.assertIn(("user", "more"), self.history())

    def test_abort_at_once(self) -> None:
        """Stopped before it began: it still ends, once."""
        frames = [
            {"type": "req", "id": "s", "method": "chat.send",
             "params": {"sessionKey": "main", "message": "x chunks=9", "idempotencyKey": "run-1"}},
            {"type": "req", "id": "a", "method": "chat.abort", "params": {"sessionKey": "main"}},
        ]  # fmt: skip

        data = b"".join(client_frame(json.dumps(frame).encode()) for frame in frames)
        self.client.send_bytes(data)
        self.house.advance(2.0)
        self.assertEqual([end["state"] for end in self.ends("run-1")], ["aborted"])


class QueueTests(AgentsTestCase):
    """A message for a session that is busy."""

    def busy(self) -> None:
        """A turn that takes two seconds."""
        self.send("first chunks=20 delay=0.1")
        self.house.advance(0.5)

    def test_steer(self) -> None:
        """Said into the running turn: its own turn ends empty, the running one answers it too."""
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
        """A turn of its own after the running one."""
        self.busy()
        self.assertEqual(self.send("second", "run-2", queueMode="followup")["status"], "started")
        pending = self.ok("chat.history", sessionKey="main")["pendingInputs"]
        self.assertEqual((pending["total"], pending["items"][0]["runId"]), (1, "run-2"))
        self.house.advance(5.0)
        (end,) = self.ends("run-2")
        self.assertEqual(end["message"]["content"][0]["text"], "second")
        self.assertEqual(self.ok("chat.history", sessionKey="main")["pendingInputs"]["total"], 0)

    def test_collect(self) -> None:
        """Several together: the newest turn answers for all."""
        self.busy()
        for number in (2, 3, 4):
            self.send(f"part {number}", f"run-{number}", queueMode="collect")
        self.house.advance(5.0)
        self.assertEqual(["message" in self.ends(f"run-{n}")[0] for n in (2, 3, 4)], [False, False, True])
        said = [text for role, text in self.history() if role == "user"]
        self.assertEqual(said[1:], ["part 2", "part 3", "part 4"])

    def test_interrupt(self) -> None:
        """The running turn is stopped, the new one begins."""
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
        """Another session's turn runs meanwhile."""
        self.busy()
        self.send("quick", "run-2", sessionKey="other")
        self.house.advance(0.5)
        self.assertEqual(len(self.ends("run-2")), 1)
        self.assertEqual(self.ends("run-1"), [])


class ConcurrencyTests(AgentsTestCase):
    """``agents.defaults.maxConcurrent``."""

    config = {"agents": {"defaults": {"maxConcurrent": 2}}}

    def test_limit(self) -> None:
        """More turns than may run at once wait, and all end."""
        for number in range(5):
            self.send("hi chunks=5 delay=0.1", f"run-{number}", sessionKey=f"s{number}")
        self.house.advance(0.7)
        self.assertEqual(sum(len(self.ends(f"run-{n}")) for n in range(5)), 2)
        self.house.advance(3.0)
        self.assertEqual([len(self.ends(f"run-{n}")) for n in range(5)], [1] * 5)


class HistoryTests(AgentsTestCase):
    """``chat.history``, ``chat.startup``, ``chat.metadata``, ``chat.inject``."""

    def talk(self, count: int) -> None:
        """So many turns."""
        for number in range(count):
            self.send(f"message {number}", f"run-{number}")
            self.house.advance(0.2)

    def test_unknown_session(self) -> None:
        """Empty, and no error."""
        answer = self.ok("chat.history", sessionKey="nothing-here")
        self.assertEqual((answer["sessionKey"], answer["messages"], answer["hasMore"]), ("nothing-here", [], False))

    def test_pages(self) -> None:
        """From the end, with numbers, and on from an offset."""
        self.talk(5)
        answer = self.ok("chat.history", sessionKey="main", limit=4)
        self.assertEqual([m["__openclaw"]["seq"] for m in answer["messages"]], [7, 8, 9, 10])
        self.assertEqual((answer["hasMore"], answer["totalMessages"], answer["nextOffset"]), (True, 10, 4))
        older = self.ok("chat.history", sessionKey="main", limit=100, offset=4)["messages"]
        self.assertEqual([m["__openclaw"]["seq"] for m in older], [1, 2, 3, 4, 5, 6])
        self.assertEqual(older[0]["idempotencyKey"], "run-0:user")

    def test_cursor(self) -> None:
        """What is new since; a cursor that means nothing (any more) says reset."""
        self.talk(1)
        cursor = self.ok("chat.history", sessionKey="main")["deltaCursor"]
        self.assertEqual(self.ok("chat.history", sessionKey="main", cursor=cursor)["messages"], [])
        self.send("second", "run-x")
        self.house.advance(0.5)
        answer = self.ok("chat.history", sessionKey="main", cursor=cursor)
        self.assertEqual((answer["kind"], [m["messageSeq"] for m in answer["messages"]]), ("delta", [3, 4]))
        self.assertEqual(self.ok("chat.history", sessionKey="main", cursor="bogus"), {"kind": "reset"})
        self.ok("sessions.reset", key="main")
        self.assertEqual(self.ok("chat.history", sessionKey="main", cursor=cursor), {"kind": "reset"})

    def test_limits(self) -> None:
        """``maxChars`` cuts messages, ``maxBytes`` leaves older ones out."""
        self.send("x" * 5000)
        self.house.advance(0.5)
        (user, _) = self.ok("chat.history", sessionKey="main", maxChars=100)["messages"]
        self.assertTrue(user["__openclaw"]["truncated"])
        self.assertLess(len(user["content"]), 200)
        answer = self.ok("chat.history", sessionKey="main", maxBytes=6000)
        self.assertEqual((len(answer["messages"]), answer["hasMore"]), (1, True))

    def test_startup(self) -> None:
        """History and models in one call."""
        self.talk(1)
        answer = self.ok("chat.startup", sessionKey=KEY, limit=80, maxBytes=262144)
        self.assertEqual(len(answer["messages"]), 2)
        self.assertEqual(answer["models"][0]["id"], "echo")
        self.assertEqual(self.ok("chat.metadata", sessionKey="main")["models"], answer["models"])

    def test_inject(self) -> None:
        """A note from outside, as an assistant's message with its label."""
        self.talk(1)
        answer = self.ok("chat.inject", sessionKey="main", message="a note", label="bench")
        self.assertEqual(self.history()[-1], ("assistant", "[bench]\n\na note"))
        (event,) = self.ends(f"inject-{answer['messageId']}")
        self.assertEqual(event["message"]["content"][0]["text"], "[bench]\n\na note")


class SubscriptionTests(AgentsTestCase):
    """Who hears what."""

    def test_tool_details(self) -> None:
        """Arguments and results go to the sender with the cap, and to followers under another name."""
        follower = self.operator(caps=[])
        self.ok("sessions.subscribe", follower)
        stranger = self.operator()
        self.send("USETOOL please")
        self.house.advance(1.0)

        def tools(client: Any) -> list[tuple[str, str]]:
            return [
                (event["event"], event["payload"]["data"]["phase"])
                for event in client.events()
                if event["payload"].get("stream") == "tool"
            ]

        self.assertEqual(tools(self.client), [("agent", "start"), ("agent", "result")])
        self.assertEqual(tools(follower), [("session.tool", "start"), ("session.tool", "result")])
        self.assertEqual(tools(stranger), [])
        (final,) = self.ends("run-1", stranger)
        self.assertTrue(final["message"]["content"][0]["text"].startswith("Let me check.\n\n"))

    def test_session_messages(self) -> None:
        """Subscribers of one session get its messages as they are written, others do not."""
        follower = self.operator()
        self.ok("sessions.messages.subscribe", follower, key="main")
        self.send("hello")
        self.send("elsewhere", "run-2", sessionKey="other")
        self.house.advance(1.0)
        told = [event["payload"] for event in follower.events("session.message")]
        self.assertEqual([(m["sessionKey"], m["messageSeq"]) for m in told], [(KEY, 1), (KEY, 2)])
        self.assertEqual(self.client.events("session.message"), [])
        self.ok("sessions.messages.unsubscribe", follower, key="main")
        self.send("more", "run-3")
        self.house.advance(1.0)
        self.assertEqual(len(follower.events("session.message")), 2)

    def test_scoped_client(self) -> None:
        """A client with ``session-scoped-events`` hears only sessions that it subscribed to."""
        scoped = self.operator(caps=["session-scoped-events"])
        self.ok("sessions.messages.subscribe", scoped, key="other")
        self.send("hello")
        self.send("hello", "run-2", sessionKey="other")
        self.house.advance(1.0)
        self.assertEqual(self.chats("run-1", scoped), [])
        self.assertEqual(len(self.ends("run-2", scoped)), 1)

    def test_read_scope_is_needed(self) -> None:
        """A client without the read scope hears no words."""
        blind = self.operator(scopes=["operator.pairing"])
        self.send("hello")
        self.house.advance(1.0)
        self.assertEqual(self.chats("run-1", blind), [])


class SlowDiskTests(AgentsTestCase):
    """Everything that goes on while something is being written."""

    def setUp(self) -> None:
        """A disk that takes 30 ms."""
        super().setUp()
        self.house.slow_disk(0.03)

    def starts(self, run_id: str) -> int:
        """How often a turn began."""
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
        """A message that is written between the end of one turn and the begin of the next does not start that twice."""
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
        # Each answer is to its own message: no turn starts before that is in its place.
        texts = [text for pair in zip(*[["first", "second", "third"]] * 2, strict=True) for text in pair]
        self.assertEqual([text for _, text in self.history()], texts)
