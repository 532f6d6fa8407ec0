"""Models that die or say nothing: a provider that the test plays."""

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.run import RunRequest
from teamgram.openclaw.agent.run_records import user_message
from trial_tests.openclaw.agent.test_runner import TurnTestCase, fails, says, thinks


class SilenceTests(TurnTestCase):
    """Replies without words."""

    config = {**TurnTestCase.config, "agents": {"defaults": {"model": "one/a"}}}

    def test_asked_once_more(self) -> None:
        """At once; the second answer counts, thinking kept apart."""
        played = self.play(thinks("hm"), says("Yes."))
        self.send("hi")
        self.house.advance(0.2)
        self.assertEqual((self.final(), len(played.asked)), ("Yes.", 2))

    def test_said_nothing(self) -> None:
        """Twice: the person is told so, and nobody is asked nine times."""
        played = self.play(thinks("hm"), thinks("hm hm"))
        self.send("hi")
        self.house.advance(0.2)
        (end,) = self.ends("run-1")
        self.assertEqual(
            (end["state"], end["errorMessage"], len(played.asked)), ("error", "The model said nothing.", 2)
        )

    def test_thinking_is_kept(self) -> None:
        """In the transcript, as thinking; a model is not told of it again."""
        played = self.play(thinks("hm", "Yes."), says("again"))
        self.send("hi")
        self.house.advance(0.2)
        self.assertEqual(self.final(), "Yes.")
        messages = self.ok("chat.history", sessionKey="main")["messages"]
        self.assertEqual(messages[-1]["content"][0], {"type": "thinking", "thinking": "hm"})
        self.assertEqual(self.history()[-1], ("assistant", "Yes."))
        self.assertEqual(len(played.asked), 1)


class MemoryTests(TurnTestCase):
    """A dead primary is remembered."""

    def turn(self, run_id: str, seconds: float = 5.0) -> str:
        """A turn, and what came of it."""
        self.send("hi", run_id)
        self.house.advance(seconds)
        return self.final(run_id)

    def test_costs_later_turns_nothing(self) -> None:
        """Given up once, it is asked again after its cool-down, once, and left alone for longer if it is still dead."""
        first = self.play(*[fails(retryable=True)] * 4, says("I am back"), says("still here"))
        second = self.play(*[says("from two")] * 5, name="two")
        self.assertEqual(self.turn("run-1"), "from two")
        self.assertEqual(len(first.asked), 3)
        self.assertEqual(self.turn("run-2", 0.1), "from two")
        self.assertEqual(len(first.asked), 3)
        self.house.reactor.advance(61)
        self.assertEqual(self.turn("run-3", 0.1), "from two")
        self.assertEqual(len(first.asked), 4)
        self.house.reactor.advance(61)
        self.assertEqual(self.turn("run-4", 0.1), "from two")
        self.assertEqual(len(first.asked), 4)
        self.house.reactor.advance(300)
        self.assertEqual(self.turn("run-5", 0.1), "I am back")
        self.assertEqual(self.turn("run-6", 0.1), "still here")
        self.assertEqual(len(second.asked), 4)

    def test_one_tries(self) -> None:
        """While one turn tries it again, another does not wait for it."""
        self.play(fails())
        self.play(*[says("from two")] * 2, name="two")
        self.assertEqual(self.turn("run-1"), "from two")
        self.house.reactor.advance(61)
        slow = self.play(says("slow"), seconds=3.0)
        self.send("hi", "run-2")
        self.house.advance(0.1)
        self.send("hi", "run-3", sessionKey="agent:main:other")
        self.house.advance(0.5)
        self.assertEqual(self.final("run-3"), "from two")
        self.house.advance(3.0)
        self.assertEqual((self.final("run-2"), len(slow.asked)), ("slow", 1))

    def test_what_is_about_the_conversation(self) -> None:
        """A conversation that it refuses says nothing of the model."""
        first = self.play(fails(kind="refusal", reason="refusal"), says("well"))
        self.send("hi", "run-1")
        self.house.advance(0.5)
        self.assertEqual((self.turn("run-2"), len(first.asked)), ("well", 2))

    def test_all_dead(self) -> None:
        """Then they are asked all the same."""
        self.play(fails(), fails())
        self.play(fails(), says("back"), name="two")
        self.send("hi", "run-1")
        self.house.advance(0.5)
        self.assertEqual(self.turn("run-2"), "back")

    def test_nobody_waits_long_where_another_model_is(self) -> None:
        """A provider that asks for five minutes is left at once."""
        first = self.play(fails(retryable=True, retry_after=300.0))
        self.play(says("from two"), name="two")
        self.assertEqual((self.turn("run-1", 0.2), len(first.asked)), ("from two", 1))

    def test_another_configuration(self) -> None:
        """A new key is tried at once."""
        first = self.play(fails(reason="auth"), says("right"))
        self.play(says("from two"), name="two")
        self.assertEqual(self.turn("run-1"), "from two")
        base = self.ok("config.get")["hash"]
        patch = '{"models": {"providers": {"one": {"apiKey": "new"}}}}'
        self.ok("config.patch", raw=patch, baseHash=base)
        self.house.advance(0.5)
        self.assertEqual((self.turn("run-2"), len(first.asked)), ("right", 2))


class MidStreamTests(TurnTestCase):
    """A stream that breaks in the middle and is asked for again."""

    def test_never_doubled(self) -> None:
        """On ``/mini`` and for an HTTP stream, which can only append, as on the WebSocket."""
        self.play(fails("Hello w", retryable=True), says("Hello world"))
        mini = self.house.client(mini=True)
        mini.take()
        mini.send({"type": "message", "content": "hi"})
        self.house.advance(3.0)
        frames = mini.take()
        self.assertEqual("".join(f["content"] for f in frames if f["type"] == "chunk"), "Hello world")
        self.assertEqual(frames[-1]["content"], "Hello world")

        self.play(fails("Hello w", retryable=True), says("Hello world"))
        session = self.house.parts.runs.session_for(self.house.parts.runs.parse_key("agent:main:http"))
        heard: list[str] = []
        request = RunRequest("run-http", user_message("run-http", "hi", 0), "f", on_text=heard.append)
        self.successResultOf(Deferred.fromCoroutine(self.house.parts.runs.accept(session, request)))
        self.house.advance(3.0)
        self.assertEqual("".join(heard), "Hello world")


class CostTests(TurnTestCase):
    """What a turn costs, by the operator's prices."""

    config = {
        "models": {
            "providers": {
                "one": {
                    "baseUrl": "http://x",
                    "models": [{"id": "a", "cost": {"input": 3, "output": 15, "cacheRead": "x"}}],
                }
            }
        },
        "agents": {"defaults": {"model": "one/a"}},
    }

    def test_told(self) -> None:
        """In the recorded message: dollars by kind of token, and their sum."""
        self.play(says("Yes."))
        self.send("hi")
        self.house.advance(0.2)
        cost = self.ok("chat.history", sessionKey="main")["messages"][-1]["usage"]["cost"]
        self.assertAlmostEqual(cost["input"], 10 * 3e-6)
        self.assertAlmostEqual(cost["total"], 10 * 3e-6 + 2 * 15e-6)
        self.assertEqual(cost["cacheRead"], 0)
