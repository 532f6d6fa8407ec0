"""The other kinds of API, each against one that we play, and how the configuration names them."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent.providers.google import Google
from teamgram.openclaw.agent.providers.ollama import Ollama
from teamgram.openclaw.agent.providers.openai_responses import OpenAIResponses
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import validate
from trial_tests.openclaw.agent.agents import AgentsTestCase
from trial_tests.openclaw.agent.fake_provider import Answer, sse
from trial_tests.openclaw.agent.test_providers import _CALL, _IMAGE, _RESULT, _TOOL, ProviderTestCase


def lines(*values: Any) -> list[bytes]:
    """Lines of JSON, cut into pieces that end anywhere."""
    text = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    return [text[at : at + 23] for at in range(0, len(text), 23)]


class OllamaTests(ProviderTestCase):
    """``ollama``."""

    kind = Ollama
    done = {"model": "q", "done": True, "done_reason": "stop", "prompt_eval_count": 26, "eval_count": 7}

    async def test_text(self) -> None:
        """Words and thinking in lines; the socket may stay open after ``done``."""
        said = [{"message": {"thinking": "hm"}}, {"message": {"content": "Hel"}}, {"message": {"content": "lo"}}]
        reply, words = await self.ask(Answer(lines(*said, self.done)), max_tokens=9)
        self.assertEqual((words, reply.text, reply.thinking, reply.model), (["Hel", "lo"], "Hello", "hm", "q"))
        self.assertEqual((reply.usage.input, reply.usage.output), (26, 7))
        path, headers, body = self.fake.asked[0]
        self.assertEqual(
            (path, headers["authorization"], body["options"]), ("/api/chat", "Bearer sk-secret", {"num_predict": 9})
        )

    async def test_tools(self) -> None:
        """Calls come whole and without ids, which they get; the conversation goes out in its words."""
        calls = [{"function": {"name": "look", "arguments": {"at": n}}} for n in (1, 2)]
        answer = Answer(lines({"message": {"content": "", "tool_calls": calls}}, self.done))
        reply, _ = await self.ask(answer, messages=[_IMAGE, _CALL, _RESULT], tools=[_TOOL])
        self.assertEqual([call.arguments for call in reply.tool_calls], [{"at": 1}, {"at": 2}])
        self.assertEqual(len({call.id for call in reply.tool_calls}), 2)
        _, image, asked, result = self.fake.asked[0][2]["messages"]
        self.assertEqual((image["images"], asked["tool_calls"][0]["function"]["arguments"]), (["QUJD"], {"at": 1}))
        self.assertEqual(result, {"role": "tool", "tool_name": "look", "content": "seen"})

    async def test_failures(self) -> None:
        """Before the stream, in it, and none at the end."""
        error = await self.fails(Answer([b'{"error":"model \'q\' not found, try pulling it first"}'], 404))
        self.assertEqual(error.reason, "model")
        error = await self.fails(Answer(lines({"message": {"content": "Hel"}}, {"error": "an error was encountered"})))
        self.assertTrue(error.retryable)
        error = await self.fails(Answer(lines({"message": {"content": "Hel"}, "done": False})))
        self.assertEqual((error.reason, error.retryable), ("network", True))


class GoogleTests(ProviderTestCase):
    """``google-generative-ai``."""

    kind = Google

    @staticmethod
    def chunk(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
        """One chunk."""
        return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **more}], "responseId": "r1"}

    async def test_text(self) -> None:
        """Thoughts are thinking; the finish reason is the end; the key goes in its own header."""
        usage = {
            "promptTokenCount": 15,
            "candidatesTokenCount": 6,
            "thoughtsTokenCount": 2,
            "cachedContentTokenCount": 5,
        }
        last = {**self.chunk({"text": "lo"}, finishReason="STOP"), "usageMetadata": usage}
        reply, said = await self.ask(
            Answer(sse(self.chunk({"text": "hm", "thought": True}), self.chunk({"text": "Hel"}), last)), max_tokens=9
        )
        self.assertEqual((said, reply.text, reply.thinking, reply.response_id), (["Hel", "lo"], "Hello", "hm", "r1"))
        self.assertEqual((reply.usage.input, reply.usage.output, reply.usage.cache_read), (10, 8, 5))
        path, headers, body = self.fake.asked[0]
        self.assertEqual((path, headers["x-goog-api-key"]), ("/v1/models/m:streamGenerateContent", "sk-secret"))
        self.assertEqual(body["systemInstruction"]["parts"][0]["text"], "Be kind.")
        self.assertEqual(body["generationConfig"], {"maxOutputTokens": 9})

    async def test_tools(self) -> None:
        """The signature of a call is kept with it and goes back."""
        call = {"functionCall": {"name": "look", "args": {"at": 2}}, "thoughtSignature": "c2ln"}
        reply, _ = await self.ask(
            Answer(sse(self.chunk(call, finishReason="STOP"))), messages=[_IMAGE, _CALL, _RESULT], tools=[_TOOL]
        )
        (made,) = reply.tool_calls
        self.assertEqual(
            (made.arguments, made.to_part()["thoughtSignature"], reply.stop_reason), ({"at": 2}, "c2ln", "toolUse")
        )
        body = self.fake.asked[0][2]
        self.assertEqual(body["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"], _TOOL.parameters)
        image, asked, result = body["contents"]
        self.assertEqual(image["parts"][1]["inlineData"], {"mimeType": "image/png", "data": "QUJD"})
        self.assertEqual(asked["parts"][1], {"functionCall": {"name": "look", "args": {"at": 1}}})
        self.assertEqual(result["parts"][0]["functionResponse"], {"name": "look", "response": {"output": "seen"}})
        again = {"role": "assistant", "content": [made.to_part()]}
        await self.ask(Answer(sse(self.chunk({"text": "x"}, finishReason="STOP"))), messages=[again])
        self.assertEqual(self.fake.asked[0][2]["contents"][0]["parts"][0]["thoughtSignature"], "c2ln")

    async def test_a_list_and_refusals(self) -> None:
        """A proxy that leaves ``alt=sse`` out sends a list; a blocked prompt and a safety stop are refusals."""
        whole = [self.chunk({"text": "Hel"}), self.chunk({"text": "lo"}, finishReason="MAX_TOKENS")]
        reply, _ = await self.ask(Answer([json.dumps(whole, indent=1).encode()]))
        self.assertEqual((reply.text, reply.stop_reason), ("Hello", "length"))
        for value in (self.chunk(finishReason="SAFETY"), {"promptFeedback": {"blockReason": "OTHER"}}):
            self.assertEqual((await self.fails(Answer(sse(value)))).kind, "refusal")
        error = await self.fails(Answer(sse(self.chunk({"text": "Hel"}))))
        self.assertEqual((error.reason, error.retryable), ("network", True))


class ResponsesTests(ProviderTestCase):
    """``openai-responses``."""

    kind = OpenAIResponses
    usage = {"input_tokens": 11, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4}}

    def end(self, kind: str = "response.completed", **more: Any) -> dict[str, Any]:
        """The last event."""
        return {"type": kind, "response": {"id": "r1", "model": "m-1", "usage": self.usage, **more}}

    async def test_text(self) -> None:
        """Deltas, reasoning beside them, figures in the last event."""
        events = [
            {"type": "response.created", "response": {"id": "r1"}},
            {"type": "response.reasoning_summary_text.delta", "delta": "hm"},
            {"type": "response.output_text.delta", "delta": "Hel"},
            {"type": "response.output_text.delta", "delta": "lo"},
            {"type": "response.output_text.done", "text": "Hello"},
            self.end(status="completed"),
        ]
        reply, said = await self.ask(Answer(sse(*events)), max_tokens=9)
        self.assertEqual((said, reply.text, reply.thinking, reply.model), (["Hel", "lo"], "Hello", "hm", "m-1"))
        self.assertEqual((reply.usage.input, reply.usage.cache_read, reply.usage.output), (7, 4, 5))
        path, _, body = self.fake.asked[0]
        self.assertEqual((path, body["instructions"], body["store"]), ("/v1/responses", "Be kind.", False))
        self.assertEqual(body["max_output_tokens"], 9)

    async def test_tools(self) -> None:
        """Two calls whose pieces take turns; the conversation as items."""
        events: list[dict[str, Any]] = [
            {
                "type": "response.output_item.added",
                "output_index": n,
                "item": {"type": "function_call", "call_id": f"c{n}", "name": "look"},
            }
            for n in (0, 1)
        ]
        for piece in ('{"at"', ": 2}"):
            events += [
                {"type": "response.function_call_arguments.delta", "output_index": n, "delta": piece} for n in (0, 1)
            ]
        events += [
            {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": '{"at": 2}'},
            self.end(),
        ]
        reply, _ = await self.ask(Answer(sse(*events)), messages=[_IMAGE, _CALL, _RESULT], tools=[_TOOL])
        self.assertEqual([(c.id, c.arguments) for c in reply.tool_calls], [("c0", {"at": 2}), ("c1", {"at": 2})])
        image, said, asked, result = self.fake.asked[0][2]["input"]
        self.assertEqual(image["content"][1]["image_url"], "data:image/png;base64,QUJD")
        self.assertEqual((said["content"], asked["call_id"], asked["arguments"]), ("Looking.", "c1", '{"at": 1}'))
        self.assertEqual(result, {"type": "function_call_output", "call_id": "c1", "output": "seen"})

    async def test_ends(self) -> None:
        """Cut short by the length, by a filter, by a failure; a whole response where a stream was asked for."""
        text = {"type": "response.output_text.delta", "delta": "Hel"}
        cut = self.end("response.incomplete", incomplete_details={"reason": "max_output_tokens"})
        self.assertEqual((await self.ask(Answer(sse(text, cut))))[0].stop_reason, "length")
        filtered = self.end("response.incomplete", incomplete_details={"reason": "content_filter"})
        self.assertEqual((await self.fails(Answer(sse(text, filtered)))).kind, "refusal")
        broken = {"code": "rate_limit_exceeded", "message": "slow down"}
        error = await self.fails(Answer(sse(text, {"type": "response.failed", "response": {"error": broken}})))
        self.assertEqual(error.kind, "rate_limit")
        error = await self.fails(Answer(sse(text, {"type": "error", "code": "server_error", "message": "oops"})))
        self.assertTrue(error.retryable)
        self.assertEqual((await self.fails(Answer(sse(text)))).reason, "network")
        content = [{"type": "output_text", "text": "Hello"}]
        whole = {
            "object": "response",
            "id": "r",
            "status": "completed",
            "output": [{"type": "message", "content": content}],
        }
        self.assertEqual((await self.ask(Answer([json.dumps(whole).encode()])))[0].text, "Hello")


class KindTests(SynchronousTestCase):
    """What the configuration may name."""

    def issues(self, **provider: Any) -> list[dict[str, Any]]:
        """What is wrong with a provider."""
        try:
            validate({"models": {"providers": {"p": provider}}})
        except OpenClawConfigError as error:
            return error.issues
        return []

    def test_known(self) -> None:
        """Every kind that is here."""
        for api in ("openai-completions", "openai-responses", "anthropic-messages", "google-generative-ai", "ollama"):
            self.assertEqual(self.issues(api=api), [])

    def test_unknown(self) -> None:
        """Another stops the start: the field, and what there is; OpenClaw's others by their name."""
        (issue,) = self.issues(api="openai-chat")
        self.assertEqual(issue["path"], "models.providers.p.api")
        self.assertIn("ollama", issue["message"])
        (issue,) = self.issues(api="bedrock-converse-stream")
        self.assertIn("bedrock-converse-stream is not spoken", issue["message"])
        (issue,) = self.issues(models=[{"id": "a"}, {"id": "b", "api": "nonsense"}])
        self.assertEqual(issue["path"], "models.providers.p.models[1].api")


class ByModelTests(AgentsTestCase):
    """A model with a kind of API of its own."""

    config = {
        "models": {
            "providers": {
                "p": {
                    "baseUrl": "http://127.0.0.1:9",
                    "models": [{"id": "a"}, {"id": "b", "api": "anthropic-messages"}],
                },
                "o": {"baseUrl": "http://127.0.0.1:9", "api": "ollama"},
            }
        }
    }

    def test_chosen_by_model(self) -> None:
        """The provider's kind for its models, the model's own for that one."""
        found: Any = self.house.parts.catalog.provider("p")
        self.assertEqual(
            (found.api, {name: other.api for name, other in found._others.items()}),
            ("openai-completions", {"b": "anthropic-messages"}),
        )
        self.assertEqual(self.house.parts.catalog.provider("o").api, "ollama")
