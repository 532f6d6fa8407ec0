"""Model servers as they are in the world: how their answers end, what is no stream, and how they say that they fail."""

import json
from email.utils import formatdate
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent.providers import http_stream
from teamgram.openclaw.agent.providers.anthropic import Anthropic
from teamgram.openclaw.agent.providers.failures import failure_of, retry_after
from teamgram.openclaw.agent.providers.model_api import ModelRef, ModelRequest
from teamgram.openclaw.agent.providers.openai import joined_roles
from teamgram.openclaw.config.sections import ModelSection
from trial_tests.openclaw.agent.fake_provider import Answer, openai_chunk, openai_text, sse
from trial_tests.openclaw.agent.test_providers import ProviderTestCase, anthropic_text


class EndTests(ProviderTestCase):
    """How a stream ends."""

    def setUp(self) -> None:
        """Do not wait long."""
        self.patch(http_stream, "AFTER_STOP_SECONDS", 0.1)
        self.patch(http_stream, "LINGER_SECONDS", 0.05)

    async def ends(self, answer: Answer, kind: Any = None) -> str:
        """The text of a reply that must come long before the silence limit."""
        self.kind = kind or self.kind
        began = reactor.seconds()
        reply, said = await self.ask(answer, seconds=30.0)
        self.assertEqual("".join(said), reply.text)
        self.assertLess(reactor.seconds() - began, 10.0)
        await deferLater(reactor, 0.2, lambda: None)
        return reply.text

    async def test_done_and_the_socket_stays_open(self) -> None:
        """``[DONE]`` is the end, whatever the socket does."""
        events = sse(openai_chunk(content="Hello"), openai_chunk("stop"), "[DONE]")
        self.assertEqual(await self.ends(Answer(events, hang=True)), "Hello")
        self.assertEqual(self.fake.left, 1)

    async def test_bare_finish_reason_and_the_socket_stays_open(self) -> None:
        """So is a finish reason, after a moment for the figures."""
        usage = {"id": "c1", "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 5}}
        events = sse(openai_chunk(content="Hello"), openai_chunk("stop"), usage)
        self.assertEqual(await self.ends(Answer(events, hang=True)), "Hello")

    async def test_message_stop_and_the_socket_stays_open(self) -> None:
        """And Anthropic's ``message_stop``, and its stop reason alone."""
        self.assertEqual(await self.ends(Answer(sse(*anthropic_text("Hello")), hang=True), Anthropic), "Hello")
        self.assertEqual(await self.ends(Answer(sse(*anthropic_text("Hello")[:-1]), hang=True), Anthropic), "Hello")

    async def test_closed_without_an_end_mark(self) -> None:
        """With a finish reason the reply is whole, closed cleanly or not, and with a last line that has no end."""
        events = sse(openai_chunk(content="Hello"), openai_chunk("stop"))
        self.assertEqual(await self.ends(Answer(events)), "Hello")
        self.assertEqual(await self.ends(Answer([b"".join(events).rstrip()])), "Hello")
        self.assertEqual(await self.ends(Answer(sse(*anthropic_text("Hello")[:-1])), Anthropic), "Hello")

    async def test_broken(self) -> None:
        """Without one it is a broken stream, which may be asked for again."""
        for kind, events in (
            (self.kind, sse(openai_chunk(content="Hel"))),
            (Anthropic, sse(*anthropic_text("Hel")[:3])),
        ):
            self.kind = kind
            error = await self.fails(Answer(events))
            self.assertEqual((error.reason, error.retryable), ("network", True))

    async def test_connection_is_kept(self) -> None:
        """After a stream that ends as it should the connection serves the next call."""
        await self.ends(openai_text("a"))
        request = ModelRequest(ModelRef("fake", "m"), "", [{"role": "user", "content": "hi"}])
        await self.provider.complete(request, lambda text: None)
        await deferLater(reactor, 0.1, lambda: None)
        self.assertEqual(self.fake.connections, 1)


class NotAStreamTests(ProviderTestCase):
    """Answers that are no stream."""

    async def test_json_although_a_stream_was_asked(self) -> None:
        """A whole completion is taken, in one line or many, with its tool calls."""
        call = {"id": "t1", "type": "function", "function": {"name": "look", "arguments": {"at": 2}}}
        message = {"role": "assistant", "content": "Hello", "reasoning_content": "hm", "tool_calls": [call]}
        value = {"id": "c1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        for indent in (None, 2):
            reply, said = await self.ask(Answer([b"\xef\xbb\xbf\n" + json.dumps(value, indent=indent).encode()]))
            self.assertEqual((said, reply.thinking, reply.stop_reason), (["Hello"], "hm", "toolUse"))
            self.assertEqual(reply.tool_calls[0].arguments, {"at": 2})

    async def test_json_of_anthropic(self) -> None:
        """So is a whole message."""
        self.kind = Anthropic
        blocks = [{"type": "text", "text": "Hi"}, {"type": "tool_use", "id": "t", "name": "look", "input": {"a": 1}}]
        value = {
            "type": "message",
            "id": "m",
            "content": blocks,
            "stop_reason": "tool_use",
            "usage": {"output_tokens": 3},
        }
        reply, _ = await self.ask(Answer([json.dumps(value).encode()]))
        self.assertEqual((reply.text, reply.tool_calls[0].arguments, reply.usage.output), ("Hi", {"a": 1}, 3))

    async def test_web_page(self) -> None:
        """A page is one clear error that names the address, asked for once; what is secret in the address stays so."""
        page = b"\n<!DOCTYPE html><html><body>Welcome to nginx</body></html>"
        for status in (200, 404):
            error = await self.fails(Answer([page], status))
            self.assertIn("baseUrl", error.message)
            self.assertIn(self.fake.url, error.message)
            self.assertFalse(error.retryable)
        error = await self.fails(Answer([page], 502))
        self.assertTrue(error.retryable)
        self.assertEqual(http_stream.shown_address("https://me:pass@host:1/v1?key=secret"), "https://host:1/v1")

    async def test_errors_with_status_200(self) -> None:
        """As text, as an object, without the word, in the stream: an error all the same."""
        for body, reason, retryable in (
            (b'{"error": "model \'x\' not found, try pulling it first"}', "model", False),
            (b'{"error": {"message": "Overloaded", "type": "overloaded_error"}}', "overloaded", True),
            (b'{"message": "upstream failed"}', "server_error", True),
            (b"upstream failed", "server_error", True),
            (b'data: {"error": {"code": 429, "message": "slow down"}}\n\n', "rate_limit", True),
            (b'data: {"error": "oops"}\n\n', "server_error", True),
            (b'event: error\ndata: {"message": "oops"}\n\n', "server_error", True),
            (b"", "network", True),
        ):
            error = await self.fails(Answer([body]))
            self.assertEqual((error.reason, error.retryable), (reason, retryable), body)

    async def test_error_in_mid_stream(self) -> None:
        """After some words."""
        broken = {"error": {"message": "This model's maximum context length is 8192 tokens", "code": 400}}
        error = await self.fails(Answer(sse(openai_chunk(content="Hel"), broken)))
        self.assertEqual(error.kind, "context_length")
        error = await self.fails(Answer(sse(openai_chunk(content="Hel"), openai_chunk("error"))))
        self.assertTrue(error.retryable)

    async def test_hostile_shapes(self) -> None:
        """What makes no sense is an error of ours and never a traceback."""
        for body in (
            b'data: {"choices": "x"}\n\n',
            b"data: [1]\n\n",
            b'data: {"choices": [1]}\n\n',
            b"data: 7\n\n",
            b"[[[",
        ):
            error = await self.fails(Answer([body]))
            self.assertIn(error.reason, ("format", "server_error"), body)


class AskedAgainTests(ProviderTestCase):
    """Requests that a server does not take as they are."""

    async def test_stream_options_refused(self) -> None:
        """Asked again without, at once, and the next call goes without from the start."""
        refusal = Answer([b'{"error": {"message": "Unrecognized request argument supplied: stream_options"}}'], 400)
        reply, _ = await self.ask(refusal, openai_text("ok"))
        self.assertEqual(reply.text, "ok")
        request = ModelRequest(ModelRef("fake", "m"), "", [{"role": "user", "content": "hi"}])
        await self.provider.complete(request, lambda text: None)
        self.assertEqual(["stream_options" in body for _, _, body in self.fake.asked], [True, False, False])

    async def test_max_tokens_refused(self) -> None:
        """Newer models want it under another name."""
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        refusal = Answer([json.dumps({"error": {"message": message, "param": "max_tokens"}}).encode()], 400)
        await self.ask(refusal, openai_text("ok"), max_tokens=7)
        first, second = (body for _, _, body in self.fake.asked)
        self.assertEqual((first["max_tokens"], second["max_completion_tokens"]), (7, 7))
        self.assertNotIn("max_tokens", second)

    async def test_roles_must_alternate(self) -> None:
        """Messages of one role in a row become one."""
        refusal = Answer([b"Conversation roles must alternate user/assistant/user/assistant/..."], 500)
        messages = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
        reply, _ = await self.ask(refusal, openai_text("ok"), messages=messages)
        self.assertEqual(reply.text, "ok")
        self.assertEqual(self.fake.asked[1][2]["messages"][1:], [{"role": "user", "content": "a\n\nb"}])

    async def test_known_beforehand(self) -> None:
        """The switches of a model's ``compat`` save the first refusal."""
        compat = {"supportsUsageInStreaming": False, "maxTokensField": "max_completion_tokens"}
        await self.ask(openai_text("ok"), max_tokens=7, models=[ModelSection(id="m", compat=compat)])
        ((_, _, body),) = self.fake.asked
        self.assertEqual(("stream_options" in body, body["max_completion_tokens"]), (False, 7))

    async def test_for_ever(self) -> None:
        """A server that refuses the same again is not asked for ever."""
        refusal = Answer([b'{"error": {"message": "unknown field stream_options"}}'], 400)
        error = await self.fails(refusal)
        self.assertEqual((error.reason, len(self.fake.asked)), ("format", 2))


class FailureTests(SynchronousTestCase):
    """Errors told apart."""

    def test_context(self) -> None:
        """A full context, in everybody's words."""
        for status, text in (
            (
                400,
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
            ),
            (400, '{"error":{"code":"context_length_exceeded","message":"Your input exceeds the context window of"}}'),
            (
                400,
                '{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it"}}',
            ),
            (500, "the request exceeds the available context size (4096)"),
            (
                400,
                "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the",
            ),
            (400, '{"error":"prompt too long; exceeded max context length by 40 tokens"}'),
            (400, "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575)."),
            (
                400,
                "This endpoint's maximum context length is 131072 tokens. However, you requested about 200000 tokens",
            ),
            (400, "prompt is too long: 213462 tokens > 200000 maximum"),
            (400, "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length"),
            (413, '{"error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}'),
            (200, '{"error":{"message":"prompt is too long: 213462 tokens > 200000 maximum"}}'),
        ):
            error = failure_of(status, text)
            self.assertEqual((error.kind, error.retryable), ("context_length", False), text)

    def test_not_context(self) -> None:
        """A limit of tokens in a minute is no full context."""
        text = "Request too large for gpt-4 on tokens per min (TPM): Limit 10000, Requested 14000. too many tokens"
        self.assertEqual(failure_of(429, text).reason, "rate_limit")

    def test_billing(self) -> None:
        """At once, and with the word."""
        for status, text in (
            (429, '{"error":{"code":"insufficient_quota","message":"You exceeded your current quota, please check"}}'),
            (400, "Your credit balance is too low to access the Anthropic API."),
            (402, '{"error":{"code":402,"message":"Insufficient credits. Add more"}}'),
            (402, ""),
            (400, '{"error":{"message":"You have reached your specified API usage spend limit"}}'),
            (200, '{"error":{"code":402,"message":"This request requires more credits"}}'),
        ):
            error = failure_of(status, text)
            self.assertEqual((error.reason, error.retryable), ("billing", False), text)
            self.assertIn("billing", error.message)

    def test_auth(self) -> None:
        """At once too, also where it comes as a bad request."""
        gemini = '{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID"}}'
        for status, text in ((401, ""), (403, "forbidden"), (400, gemini), (200, '{"error":"Invalid API key"}')):
            error = failure_of(status, text)
            self.assertEqual((error.reason, error.retryable), ("auth", False), text)

    def test_worth_another_try(self) -> None:
        """Limits and overload; Gemini says inside how long to wait."""
        for status, text, reason in (
            (429, "", "rate_limit"),
            (529, '{"error":{"type":"overloaded_error"}}', "overloaded"),
            (503, "Loading model", "overloaded"),
            (500, "", "server_error"),
            (200, '{"type":"error","error":{"type":"api_error","message":"Internal"}}', "server_error"),
        ):
            error = failure_of(status, text)
            self.assertEqual((error.reason, error.retryable), (reason, True), (status, text))
        gemini = (
            '[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing"'
            ',"status":"RESOURCE_EXHAUSTED","details":[{"retryDelay": "34s"}]}}]'
        )
        error = failure_of(429, gemini)
        self.assertEqual((error.reason, error.retry_after), ("rate_limit", 34.0))

    def test_what_it_said(self) -> None:
        """The provider's words are shown, short, without keys."""
        error = failure_of(
            400, '{"error":{"message":"bad sk-abcdefghijk\\nand mine-1234 ' + "x" * 999 + '"}}', ["mine-1234"]
        )
        self.assertIn("bad … and … xxx", error.message)
        self.assertLess(len(error.message), 400)

    def test_retry_after(self) -> None:
        """Seconds or a date; never longer than sense."""
        now = 1_700_000_000.0
        self.assertEqual(retry_after("7", now), 7.0)
        self.assertEqual(retry_after("1.5", now), 1.5)
        self.assertEqual(retry_after(formatdate(now + 20, usegmt=True), now), 20.0)
        self.assertEqual(retry_after(formatdate(now - 20, usegmt=True), now), 0.0)
        self.assertEqual(retry_after("99999", now), 300.0)
        self.assertIsNone(retry_after("soon", now))
        self.assertIsNone(retry_after("", now))

    def test_joined_roles(self) -> None:
        """Texts and parts; what belongs to tools stays as it is."""
        call: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [{}]}
        tool = {"role": "tool", "tool_call_id": "a", "content": "r"}
        image = [{"type": "image_url"}]
        told = joined_roles(
            [{"role": "user", "content": "a"}, {"role": "user", "content": image}, call, tool, tool, call]
        )
        self.assertEqual(
            told, [{"role": "user", "content": [{"type": "text", "text": "a"}, *image]}, call, tool, tool, call]
        )
