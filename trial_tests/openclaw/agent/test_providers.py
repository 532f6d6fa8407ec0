"""Model providers over HTTP, against one that we play ourselves."""

from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from teamgram.openclaw.agent.providers.anthropic import Anthropic
from teamgram.openclaw.agent.providers.anthropic import to_messages as to_anthropic
from teamgram.openclaw.agent.providers.model_api import (
    ModelRef,
    ModelReply,
    ModelRequest,
    ProviderError,
    ToolSpec,
)
from teamgram.openclaw.agent.providers.openai import OpenAICompatible
from teamgram.openclaw.agent.providers.sse import SSEParser
from teamgram.openclaw.config.sections import ProviderSection
from trial_tests.openclaw.agent.fake_provider import Answer, FakeProvider, openai_chunk, openai_text, openai_tool, sse

_CALL = {
    "role": "assistant",
    "content": [
        {"type": "text", "text": "Looking."},
        {"type": "toolCall", "id": "c1", "name": "look", "arguments": {"at": 1}},
    ],
}
_RESULT = {"role": "toolResult", "toolCallId": "c1", "toolName": "look", "content": [{"type": "text", "text": "seen"}]}
_IMAGE = {
    "role": "user",
    "content": [{"type": "text", "text": "see"}, {"type": "image", "mimeType": "image/png", "data": "QUJD"}],
}
_TOOL = ToolSpec("look", "Look at it.", {"type": "object", "properties": {}})


class ProviderTestCase(TestCase):
    """Asks a provider that plays what a test gives it."""

    kind: Any = OpenAICompatible

    async def ask(
        self,
        *answers: Answer,
        seconds: float = 5.0,
        messages: Any = None,
        tools: Any = (),
        max_tokens: int = 0,
        models: Any = (),
        effort: str = "",
    ) -> tuple[ModelReply, list[str]]:
        """One call: the reply, and the words as they came."""
        self.fake = FakeProvider(*answers)
        self.addCleanup(self.fake.stop)
        section = ProviderSection(
            base_url=self.fake.url + "/v1", api_key="sk-secret", timeout_seconds=seconds, models=list(models)
        )
        self.provider = self.kind("fake", section, reactor)
        self.addCleanup(self.provider._http._pool.closeCachedConnections)
        said: list[str] = []
        request = ModelRequest(
            ModelRef("fake", "m"),
            "Be kind.",
            messages or [{"role": "user", "content": "hi"}],
            list(tools),
            max_tokens,
            effort=effort,
        )
        self.asking = Deferred.fromCoroutine(self.provider.complete(request, said.append))
        return await self.asking, said

    async def fails(self, *answers: Answer, **more: Any) -> ProviderError:
        """The failure of a call that must fail."""
        try:
            await self.ask(*answers, **more)
        except ProviderError as error:
            # The connection goes back to its pool, or away, a moment after the failure.
            await deferLater(reactor, 0.05, lambda: None)
            return error
        raise AssertionError("did not fail")


class OpenAITests(ProviderTestCase):
    """OpenAI's chat completions."""

    async def test_text(self) -> None:
        """Words as they come, usage counted, the key as a bearer."""
        reply, said = await self.ask(openai_text("Hel", "lo ", "wörld"))
        self.assertEqual(said, ["Hel", "lo ", "wörld"])
        self.assertEqual((reply.text, reply.stop_reason, reply.model), ("Hello wörld", "stop", "m-1"))
        self.assertEqual((reply.usage.input, reply.usage.output), (11, 5))
        path, headers, body = self.fake.asked[0]
        self.assertEqual((path, headers["authorization"]), ("/v1/chat/completions", "Bearer sk-secret"))
        self.assertEqual(
            body["messages"], [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}]
        )

    async def test_tools(self) -> None:
        """Tools go out, calls come back whole; results and images are told in its words."""
        conversation = [_IMAGE, _CALL, _RESULT]
        reply, _ = await self.ask(openai_tool("look", '{"at": 2}'), messages=conversation, tools=[_TOOL])
        (call,) = reply.tool_calls
        self.assertEqual(
            (call.id, call.name, call.arguments, reply.stop_reason), ("call_1", "look", {"at": 2}, "toolUse")
        )
        body = self.fake.asked[0][2]
        self.assertEqual(body["tools"][0]["function"]["name"], "look")
        _, image, asked, result = body["messages"]
        self.assertEqual(image["content"][1]["image_url"]["url"], "data:image/png;base64,QUJD")
        self.assertEqual(asked["tool_calls"][0]["function"], {"name": "look", "arguments": '{"at": 1}'})
        self.assertEqual(result, {"role": "tool", "tool_call_id": "c1", "content": "seen"})

    async def test_failures(self) -> None:
        """Each kind of failure under its name, and whether it is worth another try; never the key in it."""
        for status, text, kind, retryable in (
            (429, "slow down", "rate_limit", True),
            (500, "oops", "unknown", True),
            (503, "busy", "unknown", True),
            (401, "no such key sk-secret", "unknown", False),
            (404, "", "unknown", False),
            (400, "bad schema", "unknown", False),
            (400, "This model's maximum context length is 8192 tokens", "context_length", False),
        ):
            error = await self.fails(Answer([text.encode()], status))
            self.assertEqual((error.kind, error.retryable, error.status), (kind, retryable, status))
            self.assertNotIn("sk-secret", error.message)

    async def test_retry_after(self) -> None:
        """The provider may say when to come again."""
        error = await self.fails(Answer([b""], 429, retry_after="7"))
        self.assertEqual(error.retry_after, 7.0)

    async def test_silence(self) -> None:
        """A stream that stops in the middle is given up after the time."""
        error = await self.fails(Answer(sse(openai_chunk(content="Hel")), hang=True), seconds=0.2)
        self.assertEqual((error.kind, error.retryable), ("timeout", True))

    async def test_broken_streams(self) -> None:
        """Cut off, ended early, or no JSON at all."""
        for answer in (
            Answer(sse(openai_chunk(content="Hel")), cut=True),
            Answer(sse(openai_chunk(content="Hel"))),
            Answer([b"data: nonsense\n\n"]),
        ):
            self.assertTrue((await self.fails(answer)).retryable)

    async def test_nobody_there(self) -> None:
        """A port that nobody listens on."""
        provider = OpenAICompatible("fake", ProviderSection(base_url="http://127.0.0.1:9"), reactor)
        request = ModelRequest(ModelRef("fake", "m"), "", [{"role": "user", "content": "hi"}])
        asking: Deferred[Any] = Deferred.fromCoroutine(provider.complete(request, lambda text: None))
        error = await self.assertFailure(asking, ProviderError)
        self.assertEqual((error.reason, error.retryable), ("network", True))

    async def test_refusal(self) -> None:
        """The model will not."""
        error = await self.fails(Answer(sse(openai_chunk("content_filter"), "[DONE]")))
        self.assertEqual((error.kind, error.retryable), ("refusal", False))

    async def test_cancelled(self) -> None:
        """Stopping a run closes the call to the provider."""
        asking = Deferred.fromCoroutine(self.ask(Answer(sse(openai_chunk(content="Hel")), hang=True)))
        while not getattr(self, "fake", None) or not self.fake.asked:
            await deferLater(reactor, 0.01, lambda: None)
        await deferLater(reactor, 0.05, lambda: None)
        self.asking.cancel()
        await self.assertFailure(asking, CancelledError)
        for _ in range(100):
            if self.fake.left:
                break
            await deferLater(reactor, 0.01, lambda: None)
        self.assertEqual(self.fake.left, 1)


def anthropic_text(*words: str, stop: str = "end_turn") -> list[dict[str, Any]]:
    """The events of a reply."""
    start = {"id": "m1", "model": "claude", "usage": {"input_tokens": 9, "cache_read_input_tokens": 4}}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in words
    ]
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *deltas,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ]


class AnthropicTests(ProviderTestCase):
    """Anthropic's messages API."""

    kind = Anthropic

    async def test_text(self) -> None:
        """Words as they come; the key in its own header."""
        reply, said = await self.ask(Answer(sse(*anthropic_text("Hel", "lo"))))
        self.assertEqual((said, reply.text, reply.response_id), (["Hel", "lo"], "Hello", "m1"))
        self.assertEqual((reply.usage.input, reply.usage.cache_read, reply.usage.output), (9, 4, 3))
        path, headers, body = self.fake.asked[0]
        self.assertEqual((path, headers["x-api-key"]), ("/v1/messages", "sk-secret"))
        cache = {"type": "ephemeral"}
        self.assertEqual(body["system"], [{"type": "text", "text": "Be kind.", "cache_control": cache}])
        self.assertEqual(body["messages"][-1]["content"], [{"type": "text", "text": "hi", "cache_control": cache}])

    async def test_tool(self) -> None:
        """A tool call, its arguments in pieces."""
        events = anthropic_text("Looking.", stop="tool_use")
        events[4:4] = [
            {
                "type": "content_block_start",
                "index": 1,
                "content_block": {"type": "tool_use", "id": "t1", "name": "look"},
            },
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"at"'}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ": 3}"}},
        ]
        reply, _ = await self.ask(Answer(sse(*events)), tools=[_TOOL])
        self.assertEqual((reply.stop_reason, reply.tool_calls[0].arguments), ("toolUse", {"at": 3}))
        self.assertEqual(self.fake.asked[0][2]["tools"][0]["input_schema"], _TOOL.parameters)

    async def test_error_in_the_stream(self) -> None:
        """Overloaded in mid-stream may be tried again."""
        events = [*anthropic_text("Hel")[:3], {"type": "error", "error": {"type": "overloaded_error"}}]
        error = await self.fails(Answer(sse(*events)))
        self.assertEqual((error.reason, error.retryable), ("overloaded", True))


class WordingTests(SynchronousTestCase):
    """The conversation in a provider's words."""

    def test_anthropic_roles_take_turns(self) -> None:
        """Two messages of one role become one, and tool results are the user's."""
        told = to_anthropic([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, _CALL, _RESULT])
        self.assertEqual([message["role"] for message in told], ["user", "assistant", "user"])
        self.assertEqual([part["text"] for part in told[0]["content"]], ["a", "b"])
        self.assertEqual(told[2]["content"][0]["tool_use_id"], "c1")

    def test_events_at_every_split(self) -> None:
        """Whatever the network cuts through, the same events come out."""
        data = b'event: a\r\ndata: {"x":1}\r\n\r\n: comment\ndata: one\ndata: two\n\n'
        for at in range(len(data)):
            for ends in (b"\n", b"\r\n", b"\r"):
                whole = b"\xef\xbb\xbf" + data.replace(b"\r\n", b"\n").replace(b"\n", ends)
                parser = SSEParser()
                found = [*parser.feed(whole[:at]), *parser.feed(whole[at:])]
                self.assertEqual(found, [("a", '{"x":1}'), ("", "one\ntwo")])
