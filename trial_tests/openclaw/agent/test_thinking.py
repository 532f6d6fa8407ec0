"""How much models think, their thinking given back, pictures of theirs, and the switches of other servers."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent.providers.anthropic import Anthropic
from teamgram.openclaw.agent.providers.google import Google
from teamgram.openclaw.agent.providers.model_api import ModelReply
from teamgram.openclaw.agent.providers.ollama import Ollama
from teamgram.openclaw.agent.providers.openai import OpenAICompatible
from teamgram.openclaw.agent.providers.openai_compat import adapted, thinking_fields
from teamgram.openclaw.agent.providers.openai_responses import OpenAIResponses
from teamgram.openclaw.agent.providers.reply_stream import MAX_IMAGES
from teamgram.openclaw.config.sections import ModelSection
from trial_tests.openclaw.agent.agents import words
from trial_tests.openclaw.agent.fake_provider import Answer, openai_chunk, openai_text, sse
from trial_tests.openclaw.agent.test_providers import _CALL, _IMAGE, _RESULT, _TOOL, ProviderTestCase
from trial_tests.openclaw.agent.test_runner import TurnTestCase

_PICTURE = {"type": "image", "mimeType": "image/png", "data": "QUJD"}


def anthropic(*blocks: tuple[dict[str, Any], list[dict[str, Any]]]) -> Answer:
    """A streamed message: each block with its deltas."""
    events: list[dict[str, Any]] = [{"type": "message_start", "message": {"id": "1", "usage": {"input_tokens": 3}}}]
    for index, (block, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events += [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}]
    return Answer(sse(*events))


_TEXT = ({"type": "text", "text": ""}, [{"type": "text_delta", "text": "Hello"}])


class AnthropicThinkingTests(ProviderTestCase):
    """Budgets, and thinking that is signed."""

    kind = Anthropic

    async def test_signed_thinking(self) -> None:
        """It is kept with its signature, hidden thinking too, and is none of the words."""
        thought = [{"type": "thinking_delta", "thinking": text} for text in ("I ", "see")]
        signed = [*thought, {"type": "signature_delta", "signature": "c2ln"}]
        hidden: tuple[dict[str, Any], list[dict[str, Any]]] = ({"type": "redacted_thinking", "data": "aGlkZGVu"}, [])
        answer = anthropic(({"type": "thinking", "thinking": "", "signature": ""}, signed), hidden, _TEXT)
        reply, said = await self.ask(answer, effort="low")
        self.assertEqual((reply.text, reply.thinking, said), ("Hello", "I see", ["Hello"]))
        self.assertEqual(
            reply.thoughts,
            [
                {"type": "thinking", "thinking": "I see", "thinkingSignature": "c2ln"},
                {"type": "thinking", "thinking": "", "thinkingSignature": "aGlkZGVu", "redacted": True},
            ],
        )
        body = self.fake.asked[0][2]
        self.assertEqual(body["thinking"], {"type": "enabled", "budget_tokens": 2048})
        self.assertGreater(body["max_tokens"], 2048)
        unsigned, _ = await self.ask(anthropic(({"type": "thinking", "thinking": ""}, thought), _TEXT), effort="low")
        self.assertEqual((unsigned.thoughts, unsigned.thinking), ([], "I see"))

    def told(self, **of: Any) -> list[dict[str, Any]]:
        """A conversation in mid-turn whose call was thought about by the model of ``of``."""
        thoughts = [
            {"type": "thinking", "thinking": "I see", "thinkingSignature": "c2ln"},
            {"type": "thinking", "thinking": "", "thinkingSignature": "aGlkZGVu", "redacted": True},
            {"type": "thinking", "thinking": "unsigned"},
        ]
        call = {**_CALL, "content": [*thoughts, *_CALL["content"]], **of}
        return [{"role": "user", "content": "look"}, call, _RESULT]

    async def test_given_back(self) -> None:
        """To the model that thought it, before its call; others get none, and then do not think in mid-turn."""
        await self.ask(anthropic(_TEXT), effort="high", messages=self.told(provider="fake", model="m"), tools=[_TOOL])
        body = self.fake.asked[0][2]
        self.assertEqual(
            body["messages"][1]["content"][:2],
            [
                {"type": "thinking", "thinking": "I see", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "aGlkZGVu"},
            ],
        )
        self.assertEqual([part["type"] for part in body["messages"][1]["content"][2:]], ["text", "tool_use"])
        await self.ask(anthropic(_TEXT), effort="high", messages=self.told(provider="fake", model="old"))
        body = self.fake.asked[0][2]
        self.assertNotIn("thinking", body)
        self.assertEqual([part["type"] for part in body["messages"][1]["content"]], ["text", "tool_use"])
        await self.ask(anthropic(_TEXT), messages=self.told(provider="fake", model="m"))
        self.assertNotIn("thinking", str(self.fake.asked[0][2]))

    async def test_little_room(self) -> None:
        """A short limit for replies leaves less to think, or nothing."""
        for limit, budget in ((4000, 2976), (2048, 1024), (1500, None)):
            await self.ask(anthropic(_TEXT), effort="high", max_tokens=limit)
            body = self.fake.asked[0][2]
            self.assertEqual(body["max_tokens"], limit)
            self.assertEqual((body.get("thinking") or {}).get("budget_tokens"), budget)

    async def test_own_pictures(self) -> None:
        """A picture that a model made is not shown to this one as its own: it takes none there."""
        drawn = {"role": "assistant", "content": [{"type": "text", "text": "Here."}, _PICTURE]}
        await self.ask(anthropic(_TEXT), messages=[{"role": "user", "content": "draw"}, drawn, _IMAGE])
        messages = self.fake.asked[0][2]["messages"]
        self.assertEqual([part["type"] for part in messages[1]["content"]], ["text"])
        self.assertEqual([part["type"] for part in messages[2]["content"]], ["text", "image"])


class EffortTests(ProviderTestCase):
    """The other kinds of API."""

    async def asked(self, kind: Any, answer: Answer, **more: Any) -> tuple[Any, ModelReply]:
        """What such a provider was sent, and what came of its answer."""
        self.kind = kind
        reply, _ = await self.ask(answer, **more)
        return self.fake.asked[0][2], reply

    async def test_names(self) -> None:
        """Each in its own words; without a wish nothing is said of it."""
        response = {"type": "response.completed", "response": {"usage": {}}}
        gemini = {"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}]}
        line = b'{"message":{"content":"x"},"done":true}\n'
        delta = {"type": "response.output_text.delta", "delta": "x"}
        for kind, answer, name, value in (
            (OpenAICompatible, openai_text("x"), "reasoning_effort", "medium"),
            (OpenAIResponses, Answer(sse(delta, response)), "reasoning", {"effort": "medium", "summary": "auto"}),
            (Google, Answer(sse(gemini)), "generationConfig", None),
            (Ollama, Answer([line]), "think", True),
        ):
            body, _ = await self.asked(kind, answer, effort="medium")
            if name == "generationConfig":
                self.assertEqual(body[name]["thinkingConfig"], {"thinkingBudget": 8192, "includeThoughts": True})
            else:
                self.assertEqual(body[name], value)
            body, _ = await self.asked(kind, answer)
            self.assertNotIn(name, body)

    async def test_refused(self) -> None:
        """A server that does not know the field is asked again without."""
        said = {"message": "Unsupported parameter: 'reasoning_effort'", "param": "reasoning_effort"}
        refusal = Answer([json.dumps({"error": said}).encode()], 400)
        self.kind = OpenAICompatible
        reply, _ = await self.ask(refusal, openai_text("fine"), effort="low")
        self.assertEqual(reply.text, "fine")
        self.assertEqual(["reasoning_effort" in body for _, _, body in self.fake.asked], [True, False])

    async def test_pictures(self) -> None:
        """Those that models make are kept; what is no picture, an address, or too many, is not."""
        url = {"image_url": {"url": "data:image/png;base64,QUJD"}}
        far = {"image_url": {"url": "https://example.org/a.png"}}
        page = {"image_url": {"url": "data:text/html;base64,QUJD"}}
        chunk = openai_chunk(content="Here.", images=[url, far, page, {}])
        _, reply = await self.asked(OpenAICompatible, Answer(sse(chunk, openai_chunk("stop"), "[DONE]")))
        self.assertEqual((reply.text, reply.images), ("Here.", [_PICTURE]))
        many = openai_chunk(content="x", images=[url] * 20)
        _, reply = await self.asked(OpenAICompatible, Answer(sse(many, openai_chunk("stop"), "[DONE]")))
        self.assertEqual(len(reply.images), MAX_IMAGES)
        inline = {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}
        gemini = {"candidates": [{"content": {"parts": [inline]}, "finishReason": "STOP"}]}
        _, reply = await self.asked(Google, Answer(sse(gemini)))
        self.assertEqual(reply.images, [_PICTURE])
        item = {"type": "image_generation_call", "result": "QUJD", "output_format": "png"}
        done = {"type": "response.output_item.done", "item": item}
        _, reply = await self.asked(
            OpenAIResponses, Answer(sse(done, {"type": "response.completed", "response": {"usage": {}}}))
        )
        self.assertEqual(reply.images, [_PICTURE])

    async def test_switches(self) -> None:
        """``compat`` of a model."""
        compat = {
            "supportsTools": False, "requiresStringContent": True, "requiresToolResultName": True,
            "requiresAssistantAfterToolResult": True, "supportsReasoningEffort": False,
        }  # fmt: skip
        model = ModelSection(id="m", compat=compat)
        body, _ = await self.asked(
            OpenAICompatible,
            openai_text("x"),
            effort="low",
            models=[model],
            tools=[_TOOL],
            messages=[_CALL, _RESULT, _IMAGE],
        )
        self.assertTrue({"tools", "reasoning_effort"}.isdisjoint(body))
        _, _, result, between, asked = body["messages"]
        self.assertEqual((result["name"], between["role"], asked["content"]), ("look", "assistant", "see"))


class CompatTests(SynchronousTestCase):
    """The switches alone."""

    def test_thinking(self) -> None:
        """As the servers of some makers want it."""
        for form, effort, fields in (
            ("zai", "low", {"thinking": {"type": "enabled"}}),
            ("zai", "", {"thinking": {"type": "disabled"}}),
            ("qwen", "low", {"enable_thinking": True}),
            ("openrouter", "low", {"reasoning": {"effort": "low"}}),
            ("openrouter", "", {}),
            (None, "", {}),
        ):
            self.assertEqual(thinking_fields(effort, {"thinkingFormat": form}), fields)

    def test_nothing_to_do(self) -> None:
        """Without switches messages are what they were."""
        said: dict[str, Any] = {"role": "user", "content": [{"type": "text", "text": "x"}]}
        messages = [said, {"role": "tool", "content": "y"}]
        self.assertEqual(adapted(messages, {}, {}), messages)


class LevelTests(TurnTestCase):
    """Who says how much is thought, and what clients see of it."""

    config = {
        "models": {
            "providers": {"one": {"baseUrl": "http://x", "models": [{"id": "a", "reasoning": True}, {"id": "b"}]}}
        },
        "agents": {"defaults": {"model": "one/a", "thinkingDefault": "low"}},
    }

    def test_levels(self) -> None:
        """The request, else the session, else the configuration; only models that can."""
        played = self.play(*[lambda request, on_text: ModelReply("x")] * 4)
        self.send("a")
        self.house.advance(0.5)
        self.ok("sessions.patch", key="main", thinkingLevel="high")
        self.send("b", "run-2")
        self.house.advance(0.5)
        self.send("c", "run-3", thinking="off")
        self.house.advance(0.5)
        self.ok("sessions.patch", key="main", model="one/b")
        self.send("d", "run-4")
        self.house.advance(0.5)
        self.assertEqual([request.effort for request in played.asked], ["low", "high", "", ""])
        defaults = self.ok("sessions.list")["defaults"]
        self.assertEqual(defaults["thinkingDefault"], "low")
        self.assertIn("xhigh", defaults["thinkingOptions"])
        (agent,) = self.ok("agents.list")["agents"]
        self.assertIn("high", str(agent))
        rows = {row["id"]: row for row in self.ok("models.list")["models"]}
        self.assertEqual([len(rows[name]["thinkingLevels"]) for name in ("a", "b")], [6, 1])

    def test_pictures_and_thoughts_are_kept(self) -> None:
        """In the transcript, and a picture in the run's end; a reply of a picture alone is one."""
        thought = {"type": "thinking", "thinking": "hm", "thinkingSignature": "c2ln"}
        self.play(lambda request, on_text: ModelReply("", thoughts=[thought], images=[_PICTURE]))
        self.send("draw")
        self.house.advance(0.5)
        (end,) = self.ends("run-1")
        self.assertEqual((end["state"], end["message"]["content"]), ("final", [_PICTURE]))
        message = self.ok("chat.history", sessionKey="main")["messages"][-1]
        self.assertEqual((words(message), message["content"]), ("", [thought, _PICTURE]))
