"""Runs with models that fail, want tools, or have seen too much: a provider that the test plays."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from teamgram.openclaw.agent.providers.model_api import (
    CONTEXT_LENGTH,
    RATE_LIMIT,
    REFUSAL,
    ModelReply,
    ModelRequest,
    ProviderError,
    ToolCall,
    Usage,
)
from teamgram.openclaw.agent.tools.registry import SEND, Tool, ToolContext, ToolError, parameters
from trial_tests.openclaw.agent.agents import AgentsTestCase, words

Step = Callable[[ModelRequest, Callable[[str], None]], ModelReply]


class Played:
    """A provider that does what the test says, step by step.

    Attributes:
        asked: every request.
    """

    api = "played"

    def __init__(self, *steps: Step, reactor: Any = None, seconds: float = 0.0) -> None:
        self.steps = list(steps)
        self._reactor = reactor
        self._seconds = seconds
        self.asked: list[ModelRequest] = []

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        """The next step."""
        self.asked.append(request)
        if self._seconds:
            await deferLater(self._reactor, self._seconds, lambda: None)
        return self.steps.pop(0)(request, on_text)


def says(text: str) -> Step:
    """A reply."""

    def step(request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        on_text(text)
        return ModelReply(text, usage=Usage(10, 2))

    return step


def fails(said: str = "", **how: Any) -> Step:
    """A failure, after some words."""

    def step(request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        on_text(said)
        raise ProviderError("it failed", **how)

    return step


def thinks(thinking: str, text: str = "") -> Step:
    """A reply of thinking, and perhaps words."""

    def step(request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        on_text(text)
        return ModelReply(text, thinking=thinking)

    return step


def wants(*calls: ToolCall, text: str = "") -> Step:
    """A reply that wants tools."""

    def step(request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        on_text(text)
        return ModelReply(text, list(calls), stop_reason="toolUse")

    return step


class TurnTestCase(AgentsTestCase):
    """A house whose models the test plays."""

    config = {
        "models": {"providers": {"one": {"baseUrl": "http://x"}, "two": {"baseUrl": "http://x"}}},
        "agents": {"defaults": {"model": {"primary": "one/a", "fallbacks": ["two/b"]}}},
    }

    def play(self, *steps: Step, name: str = "one", seconds: float = 0.0) -> Played:
        """Let a provider do these steps, each after so long."""
        played = Played(*steps, reactor=self.house.reactor, seconds=seconds)
        real = self.house.parts.catalog.provider
        self.house.parts.catalog.provider = (  # type: ignore[method-assign]
            lambda asked: played if asked == name else real(asked)  # type: ignore[assignment]
        )
        return played

    def final(self, run_id: str = "run-1") -> str:
        """The text of a run that went well."""
        (end,) = self.ends(run_id)
        self.assertEqual(end["state"], "final", end)
        return words(end["message"])


class FailoverTests(TurnTestCase):
    """Again after a while, then the next model."""

    def test_retry(self) -> None:
        """A failure that may pass is tried again after a growing pause, and the words said so far are taken back."""
        self.play(fails("wrong", retryable=True), says("right"))
        self.send("hi")
        self.house.advance(0.5)
        retrying = [
            e["payload"]["data"] for e in self.client.events("agent") if e["payload"]["data"].get("phase") == "retrying"
        ]
        self.assertEqual([data["delayMs"] for data in retrying], [1000])
        self.house.advance(2.0)
        self.assertEqual(self.final(), "right")
        deltas = [chat for chat in self.chats("run-1") if chat["state"] == "delta"]
        self.assertEqual(
            [(d["deltaText"], d.get("replace", False)) for d in deltas], [("wrong", False), ("right", True)]
        )

    def test_next_model(self) -> None:
        """After three failures, or at once when a retry cannot help, the next model is asked."""
        for retryable, asked in ((True, 3), (False, 1)):
            first, second = self.play(*[fails(retryable=retryable)] * asked), self.play(says("from two"), name="two")
            run_id = f"run-{asked}"
            self.send("hi", run_id)
            self.house.advance(10.0)
            self.assertEqual(self.final(run_id), "from two")
            self.assertEqual((len(first.asked), len(second.asked)), (asked, 1))
            self.house.reactor.advance(3600)

    def test_all_fail(self) -> None:
        """The last failure ends the run, under its kind."""
        self.play(fails())
        self.play(fails(kind=RATE_LIMIT), name="two")
        self.send("hi")
        self.house.advance(1.0)
        (end,) = self.ends("run-1")
        self.assertEqual((end["state"], end["errorKind"]), ("error", "rate_limit"))

    def test_provider_bug(self) -> None:
        """What is no ProviderError ends the turn too, and is logged once."""

        def breaks(request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
            raise RuntimeError("a bug")

        self.play(breaks)
        self.send("hi")
        self.house.advance(1.0)
        (end,) = self.ends("run-1")
        self.assertEqual(end["state"], "error")
        self.assertNotIn("a bug", end["errorMessage"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class ToolTurnTests(TurnTestCase):
    """Tools within a run."""

    def setUp(self) -> None:
        """A tool that remembers its calls."""
        super().setUp()
        self.calls: list[tuple[Any, str]] = []

        def function(arguments: dict[str, Any], context: ToolContext) -> str:
            self.calls.append((arguments, context.call_key))
            if arguments["n"] < 0:
                raise ToolError("no negative numbers")
            return f"got {arguments['n']}"

        schema = parameters({"n": {"type": "integer", "description": "a number"}}, ["n"])
        self.house.parts.tools.add(Tool("probe", "A probe.", schema, function, effect=SEND))

    def test_results_come_back(self) -> None:
        """Each call has a result, told as start and result, and the model sees it."""
        played = self.play(
            wants(ToolCall("c1", "probe", {"n": 1}), ToolCall("c2", "probe", {"n": -1}), text="Trying."), says("Done.")
        )
        self.send("hi")
        self.house.advance(1.0)
        self.assertEqual(self.final(), "Trying.\n\nDone.")
        results = [m for m in played.asked[1].messages if m["role"] == "toolResult"]
        self.assertEqual([(words(m), m["isError"]) for m in results], [("got 1", False), ("no negative numbers", True)])
        self.assertEqual([key for _, key in self.calls], ["run-1:c1", "run-1:c2"])
        roles = [role for role, _ in self.history()]
        self.assertEqual(roles, ["user", "assistant", "toolResult", "toolResult", "assistant"])
        self.assertIn("probe", [spec.name for spec in played.asked[0].tools])

    def test_failed_after_a_call(self) -> None:
        """The words before the call are in the transcript once, and those after it once."""
        self.play(
            wants(ToolCall("c1", "probe", {"n": 1}), text="Trying."), fails("Half", reason="refusal", kind=REFUSAL)
        )
        self.send("hi")
        self.house.advance(0.5)
        said = [text for role, text in self.history() if role == "assistant"]
        self.assertEqual(said, ["Trying.", "⚠️ it failed"])

    def test_stopped_after_a_call(self) -> None:
        """So they are when somebody stops the run."""
        schema = parameters({})
        self.house.parts.tools.add(Tool("slow", "Never ends.", schema, lambda arguments, context: Deferred()))
        self.play(wants(ToolCall("c2", "slow", {}), text="Waiting."))
        self.send("hi")
        self.house.advance(0.5)
        self.ok("chat.abort", sessionKey="main")
        said = [text for role, text in self.history() if role == "assistant"]
        self.assertEqual(said, ["Waiting."])

    def test_stopped_while_a_call_is_written(self) -> None:
        """The words are in the transcript once also when the disk was busy with them."""
        self.play(wants(ToolCall("c1", "probe", {"n": 1}), text="Trying."), says("Done."), seconds=0.2)
        self.send("hi")
        self.house.slow_disk(0.5)
        self.house.advance(0.4)
        self.client.request("chat.abort", {"sessionKey": "main"})
        self.house.advance(3.0)
        self.house.slow_disk(0.0)
        self.assertEqual(self.ends("run-1")[0]["state"], "aborted")
        said = [text for role, text in self.history() if role == "assistant"]
        self.assertEqual(said, ["Trying."])

    def test_refused(self) -> None:
        """A tool that the session may not use is not offered, and refused when the model wants it all the same."""
        self.ok("sessions.patch", key="main", permissionMode="read-only")
        played = self.play(wants(ToolCall("c1", "probe", {"n": 1}), ToolCall("c2", "none", {})), says("Done."))
        self.send("hi")
        self.house.advance(1.0)
        self.assertNotIn("probe", [spec.name for spec in played.asked[0].tools])
        results = [words(m) for m in played.asked[1].messages if m["role"] == "toolResult"]
        self.assertIn("Permission denied", results[0])
        self.assertEqual(results[1], "Tool not available: none")
        self.assertEqual(self.calls, [])

    def test_wrong_arguments(self) -> None:
        """They are checked before the tool runs."""
        played = self.play(wants(ToolCall("c1", "probe", {"n": "x"})), says("Done."))
        self.send("hi")
        self.house.advance(1.0)
        results = [words(m) for m in played.asked[1].messages if m["role"] == "toolResult"]
        self.assertEqual(results, ["invalid arguments for probe: at /n: must be integer"])
        self.assertEqual(self.calls, [])

    def test_steered_between_tools(self) -> None:
        """What is said while a tool works is seen with its result."""
        played = self.play(wants(ToolCall("c1", "probe", {"n": 1})), says("Both."), seconds=0.5)
        self.send("hi")
        self.house.advance(0.3)
        self.send("and this", "run-2")
        self.house.advance(2.0)
        roles = [message["role"] for message in played.asked[1].messages]
        self.assertEqual(roles, ["user", "assistant", "toolResult", "user"])
        self.assertEqual(len(self.ends("run-2")), 1)

    def test_endless_tools(self) -> None:
        """A model that never stops wanting tools is stopped."""
        self.play(*[wants(ToolCall(f"c{n}", "probe", {"n": n})) for n in range(60)])
        self.send("hi")
        self.house.advance(5.0)
        (end,) = self.ends("run-1")
        self.assertEqual((end["state"], len(self.calls)), ("error", 50))

    def test_crash_between_call_and_result(self) -> None:
        """After a restart the tool is not called again, and the next run sees that its result is missing."""
        schema = parameters({})
        self.house.parts.tools.add(Tool("slow", "Never ends.", schema, lambda arguments, context: Deferred()))
        self.play(wants(ToolCall("c1", "slow", {})))
        self.send("hi")
        self.house.advance(0.5)
        later = self.house.again()
        played = Played(says("ok"))
        later.parts.catalog.provider = lambda name: played  # type: ignore[method-assign]
        client = self.operator(later)
        self.send("again", "run-2", client)
        later.advance(1.0)
        (asked,) = played.asked
        results = [m for m in asked.messages if m["role"] == "toolResult"]
        self.assertEqual([(m["toolCallId"], m["isError"]) for m in results], [("c1", True)])


class ContextTests(TurnTestCase):
    """Conversations that grow."""

    config = {**TurnTestCase.config, "agents": {"defaults": {"model": "one/a", "contextTokens": 1000}}}

    def test_compacted_when_full(self) -> None:
        """Before the context is full the older part is summed up, once, and the user's words stay."""
        filler = "x" * 1200
        played = self.play(says(filler), says("the summary"), says("short"))
        self.send(filler, "run-1")
        self.house.advance(0.5)
        self.send(filler + " the question", "run-2")
        self.house.advance(0.5)
        self.assertEqual(self.final("run-2"), "short")
        summary, asked = played.asked[1:]
        self.assertTrue(summary.is_summary)
        self.assertEqual(len(asked.messages), 2)
        self.assertIn("the summary", words(asked.messages[0]))
        self.assertIn("the question", words(asked.messages[1]))
        self.assertEqual(self.ok("sessions.describe", key="main")["session"]["compactionCount"], 1)

    def test_compacted_when_the_provider_says_so(self) -> None:
        """A provider that counts otherwise and refuses gets a compacted conversation, once."""
        played = self.play(says("one"), fails(kind=CONTEXT_LENGTH), says("the summary"), says("now"))
        self.send("first", "run-1")
        self.house.advance(0.5)
        self.send("second", "run-2")
        self.house.advance(0.5)
        self.assertEqual(self.final("run-2"), "now")
        self.assertEqual([words(m) for m in played.asked[3].messages][1:], ["second"])

    def test_does_not_help(self) -> None:
        """Still too long: the run ends with that kind of error."""
        self.play(fails(kind=CONTEXT_LENGTH), fails(kind=CONTEXT_LENGTH))
        self.send("first")
        self.house.advance(0.5)
        (end,) = self.ends("run-1")
        self.assertEqual(end["errorKind"], "context_length")

    def test_a_failed_summary_loses_nothing(self) -> None:
        """Empty twice, or refused: the transcript stays as it is, the turn goes on, and the person is told."""
        filler = "x" * 1200
        played = self.play(says(filler), says(" "), says(""), says("short"))
        self.send(filler, "run-1")
        self.house.advance(0.5)
        before = self.history()
        self.send(filler + " the question", "run-2")
        self.house.advance(0.5)
        self.assertIn("could not be summed up", self.final("run-2"))
        self.assertTrue(self.final("run-2").endswith("short"))
        self.assertEqual([asked.is_summary for asked in played.asked], [False, True, True, False])
        self.assertEqual(self.ok("sessions.describe", key="main")["session"]["compactionCount"], 0)
        self.assertEqual(self.history()[: len(before)], before)
        self.assertIn("the question", words(played.asked[3].messages[-1]))

    def test_a_summary_is_asked_for_again(self) -> None:
        """A limit that passes costs a moment."""
        filler = "x" * 1200
        played = self.play(says(filler), fails(kind=RATE_LIMIT, retryable=True), says("the summary"), says("short"))
        self.send(filler, "run-1")
        self.house.advance(0.5)
        self.send(filler, "run-2")
        self.house.advance(3.0)
        self.assertEqual((self.final("run-2"), len(played.asked)), ("short", 4))
        self.assertEqual(self.ok("sessions.describe", key="main")["session"]["compactionCount"], 1)
