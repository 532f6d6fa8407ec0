"""``chat.*`` through a client: what is told in which order, once and for all."""

import itertools
import json
from typing import Any

from trial_tests.openclaw.agent.agents import AgentsTestCase
from trial_tests.openclaw.house import client_frame


def kinds(client: Any, run_id: str) -> list[str]:
    """Events of a run in order, named by what tells them apart."""
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
    """A run from request to end."""

    def test_order(self) -> None:
        """Every event of a run, in the order that clients know."""
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
        """The same key again: in flight, then ok; with other words a conflict. The run happens once."""
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
        """A failed run: one error event, told again to who repeats the request, visible in the history."""
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
        """A run goes on without its client, which finds it again by inFlightRun and then by the history."""
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
        """A run that takes too long ends with an error of kind timeout, and keeps what it said."""
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
