"""OpenAI's HTTP API with a provider behind it that a test plays: what a program sends reaches the model, and back."""

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SkipTest

from teamgram.openclaw.agents_service import agents_extension
from trial_tests.openclaw import npm_packages
from trial_tests.openclaw.agent.fake_provider import Answer, FakeProvider, openai_chunk, openai_text, openai_tool, sse
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import LiveTestCase

_BEARER = {"Authorization": f"Bearer {TOKEN}"}
_PIXEL = "data:image/png;base64,aGVsbG8="
_CLOCK: dict[str, Any] = {
    "type": "function",
    "function": {"name": "wall_clock", "description": "The time.", "parameters": {"type": "object", "properties": {}}},
}
_SCRIPT = Path(__file__).with_name("openai_client.mjs")


class OpenAiApiTestCase(LiveTestCase):
    """A server whose agents ask a provider of the test's."""

    extensions = (agents_extension,)

    async def setUp(self) -> None:
        """Start both."""
        self.provider = FakeProvider(openai_text("Hello", " there"))
        self.addCleanup(self.provider.stop)
        endpoints = {"chatCompletions": {"enabled": True}, "responses": {"enabled": True}}
        provider = {"baseUrl": self.provider.url, "apiKey": "k", "models": [{"id": "m", "maxTokens": 100}]}
        claude = {**provider, "api": "anthropic-messages"}
        self.config = {
            "gateway": {"http": {"endpoints": endpoints, "cors": {"allowedOrigins": ["https://app.example"]}}},
            "models": {"providers": {"fake": provider, "other": provider, "claude": claude}},
            "agents": {
                "defaults": {"model": "fake/m", "memorySearch": {"provider": "fake", "model": "vec"}},
                "list": [{"id": "main", "default": True}, {"id": "clerk"}],
            },
        }
        await super().setUp()
        self.addCleanup(self.hang_up)

    async def hang_up(self) -> None:
        """Close what is kept open to the provider."""
        catalog = self.service.services[-1].parts.catalog
        pools = [provider._http._pool for _, provider in catalog._built.values()]
        models = self.plane.http.find("/v1/embeddings").handler.__self__
        if models._embeddings is not None:
            pools.append(models._embeddings._pool)
        for pool in pools:
            await pool.closeCachedConnections()

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """(status, parsed body)."""
        status, _, answer = await self.get(path, "POST", json.dumps(body).encode(), **_BEARER, **headers)
        return status, answer

    def asked(self) -> Any:
        """What the model was asked last."""
        return self.provider.asked[-1][2]

    def roles(self) -> list[str]:
        """Of the messages that it was shown."""
        return [message["role"] for message in self.asked()["messages"]]


class ChatTests(OpenAiApiTestCase):
    """``/v1/chat/completions``."""

    async def ask(self, messages: list[Any], **more: Any) -> Any:
        """A completion that must go well."""
        headers = more.pop("headers", {})
        body = {"model": "openclaw", "messages": messages, **more}
        status, answer = await self.post("/v1/chat/completions", body, **headers)
        self.assertEqual(status, 200, answer)
        return answer

    async def test_conversation(self) -> None:
        """The whole conversation is the model's, as messages of their own, with pictures and a limit."""
        image = {"type": "image_url", "image_url": {"url": _PIXEL}}
        answer = await self.ask(
            [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "My name is Ann."},
                {"role": "assistant", "content": "Hello Ann."},
                {"role": "user", "content": [{"type": "text", "text": "Who am I?"}, image]},
            ],
            max_tokens=7,
        )
        self.assertEqual(answer["choices"][0]["message"]["content"], "Hello there")
        self.assertEqual(answer["usage"]["prompt_tokens"], 11)
        self.assertEqual(self.roles(), ["system", "user", "assistant", "user"])
        self.assertIn("Be brief.", self.asked()["messages"][0]["content"])
        self.assertIn(_PIXEL, json.dumps(self.asked()["messages"][-1]))
        self.assertEqual(self.asked()["max_tokens"], 7)
        await self.ask([{"role": "user", "content": "x"}], max_completion_tokens=5000)
        self.assertEqual(self.asked()["max_tokens"], 100)

    async def test_tools_of_the_program(self) -> None:
        """A call of one ends the completion; its result goes on with it, in a call alone or in a user's session."""
        for user in (None, "ann"):
            self.provider.answers = [openai_tool("wall_clock", '{"zone":"UTC"}'), openai_text("It is noon.")]
            more: dict[str, Any] = {"tools": [_CLOCK], **({"user": user} if user else {})}
            said = [{"role": "user", "content": "What time is it?"}]
            choice = (await self.ask(said, **more))["choices"][0]
            self.assertEqual((choice["finish_reason"], choice["message"]["content"]), ("tool_calls", None))
            (call,) = choice["message"]["tool_calls"]
            self.assertEqual((call["type"], call["function"]["name"]), ("function", "wall_clock"))
            self.assertEqual(json.loads(call["function"]["arguments"]), {"zone": "UTC"})
            names = [tool["function"]["name"] for tool in self.asked()["tools"]]
            self.assertEqual((names[-1], names.count("wall_clock")), ("wall_clock", 1))
            result = {"role": "tool", "tool_call_id": call["id"], "content": "noon"}
            answer = await self.ask([*said, choice["message"], result], **more)
            self.assertEqual(answer["choices"][0]["message"]["content"], "It is noon.")
            self.assertEqual(self.roles(), ["system", "user", "assistant", "tool"])
            self.assertEqual(self.asked()["messages"][-1]["content"], "noon")
            self.assertEqual(self.asked()["messages"][-1]["tool_call_id"], call["id"])

    async def test_both_kinds_of_tools(self) -> None:
        """Ours are used here, the program's are its own to answer."""
        first = {"index": 0, "id": "a", "function": {"name": "current_time", "arguments": "{}"}}
        second = {"index": 1, "id": "b", "function": {"name": "wall_clock", "arguments": "{}"}}
        calls = Answer(sse(openai_chunk(tool_calls=[first, second]), openai_chunk("tool_calls"), "[DONE]"))
        self.provider.answers = [calls, openai_text("Done.")]
        said = [{"role": "user", "content": "time?"}]
        message = (await self.ask(said, tools=[_CLOCK], user="x"))["choices"][0]["message"]
        self.assertEqual([call["id"] for call in message["tool_calls"]], ["b"])
        await self.ask([*said, message, {"role": "tool", "tool_call_id": "b", "content": "noon"}], user="x")
        self.assertEqual(self.roles(), ["system", "user", "assistant", "tool", "tool"])

    async def test_names(self) -> None:
        """``agent:<id>`` as model, and the headers for agent, session and model."""
        said = [{"role": "user", "content": "hi"}]
        await self.ask(said, model="agent:clerk", user="u")
        await self.ask(said, headers={"X_OpenClaw_Agent_Id": "clerk", "X_OpenClaw_Session_Key": "desk"})
        await self.ask(said, headers={"X_OpenClaw_Model": "other/m2"})
        keys = {session.key for session in self.service.services[-1].parts.sessions}
        self.assertLessEqual({"agent:clerk:openai-user:u", "agent:clerk:desk"}, keys)
        self.assertEqual(self.asked()["model"], "m2")
        wrong: tuple[tuple[dict[str, Any], dict[str, str]], ...] = (
            ({"model": "agent:nobody"}, {}),
            ({"model": "openclaw"}, {"X_OpenClaw_Agent_Id": "nobody"}),
            ({"model": "openclaw"}, {"X_OpenClaw_Model": "plain"}),
            ({"model": "openclaw"}, {"X_OpenClaw_Model": "nowhere/m"}),
            ({"model": "openclaw", "n": 2}, {}),
            ({"model": "openclaw", "max_tokens": -1}, {}),
            ({"model": "openclaw", "tools": 7}, {}),
        )
        for body, headers in wrong:
            status, answer = await self.post("/v1/chat/completions", {**body, "messages": said}, **headers)
            self.assertEqual((status, answer["error"]["type"]), (400, "invalid_request_error"), (body, headers))

    async def test_a_users_session(self) -> None:
        """What the session has already is not said to the model twice."""
        history: list[Any] = []
        for number in range(3):
            history.append({"role": "user", "content": f"message {number}"})
            answer = await self.ask(history, user="ann")
            history.append(answer["choices"][0]["message"])
        self.assertEqual(self.roles(), ["system", *["user", "assistant"] * 2, "user"])

    async def test_cancelled(self) -> None:
        """A client that goes ends the run, and the call to the provider with it."""
        self.provider.answers = [Answer(sse(openai_chunk(content="Hello")), hang=True)]
        body = json.dumps(
            {"model": "openclaw", "messages": [{"role": "user", "content": "x"}], "stream": True}
        ).encode()
        runs = self.service.services[-1].parts.runs

        def go() -> None:
            with socket.create_connection(("127.0.0.1", self.port), 5) as client:
                head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
                client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                said = b""
                while b"Hello" not in said:
                    said += client.recv(1000)

        await self.in_thread(go)
        for _ in range(100):
            if not runs.active() and self.provider.left:
                break
            await self.get("/healthz")
        self.assertEqual((runs.active(), self.provider.left), (0, 1))

    async def test_usage_in_streams(self) -> None:
        """Only where it is asked for, in a chunk of its own; other chunks say that they have none."""
        asked = {"model": "openclaw", "messages": [{"role": "user", "content": "x"}], "stream": True}
        for options in (None, {"include_usage": True}):
            body = json.dumps(asked | {"stream_options": options}).encode()
            _, _, text = await self.get("/v1/chat/completions", "POST", body, **_BEARER)
            chunks = [json.loads(part[6:]) for part in text.split(b"\n\n") if part.startswith(b"data: {")]
            usages = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
            self.assertEqual(len(usages), int(options is not None))
            self.assertEqual("usage" in chunks[0], options is not None)
        self.assertEqual((usages[0]["total_tokens"], chunks[-1]["choices"]), (16, []))


class OtherResourceTests(OpenAiApiTestCase):
    """Responses, models, embeddings, pages of elsewhere, and what is not there."""

    async def test_response(self) -> None:
        """Whole, gone on with by its id, with a tool of the program's."""
        status, first = await self.post("/v1/responses", {"model": "openclaw", "input": "My name is Ann."})
        self.assertEqual((status, first["status"]), (200, "completed"))
        self.assertEqual(first["output"][0]["content"][0]["text"], "Hello there")
        self.provider.answers = [openai_tool("wall_clock", "{}"), openai_text("Noon, Ann.")]
        tool = {"type": "function", **_CLOCK["function"]}
        body = {"model": "openclaw", "previous_response_id": first["id"], "input": "Time?", "tools": [tool]}
        _, second = await self.post("/v1/responses", body)
        (call,) = second["output"]
        self.assertEqual((call["type"], call["name"]), ("function_call", "wall_clock"))
        output = [{"type": "function_call_output", "call_id": call["call_id"], "output": "noon"}]
        body = {"model": "openclaw", "previous_response_id": second["id"], "input": output, "max_output_tokens": 9}
        _, third = await self.post("/v1/responses", body)
        self.assertEqual(third["output"][0]["content"][0]["text"], "Noon, Ann.")
        self.assertEqual(self.roles(), ["system", "user", "assistant", "user", "assistant", "tool"])
        self.assertEqual(self.asked()["max_tokens"], 9)
        status, answer = await self.post("/v1/responses", {**body, "previous_response_id": "resp_x"})
        self.assertEqual((status, answer["error"]["code"]), (400, "previous_response_not_found"))

    async def test_response_stream(self) -> None:
        """Events in their order, numbered; a failure is one of them."""
        body = json.dumps({"model": "openclaw", "input": "hi", "stream": True}).encode()
        _, _, text = await self.get("/v1/responses", "POST", body, **_BEARER)
        events = [json.loads(part.partition(b"data: ")[2]) for part in text.split(b"\n\n") if part]
        kinds = [event["type"].removeprefix("response.") for event in events]
        self.assertEqual(kinds[:4], ["created", "in_progress", "output_item.added", "content_part.added"])
        done = ["output_text.done", "content_part.done", "output_item.done", "completed"]
        self.assertEqual(kinds[-4:], done)
        self.assertEqual(set(kinds[4:-4]), {"output_text.delta"})
        self.assertEqual([event["sequence_number"] for event in events], list(range(len(events))))
        self.provider.answers = [Answer([b'{"error":{"message":"no such model"}}'], 404)]
        _, _, text = await self.get("/v1/responses", "POST", body, **_BEARER)
        self.assertIn(b"event: response.failed", text)
        self.assertEqual((await self.post("/v1/responses", {"model": "openclaw", "input": "hi"}))[0], 500)

    async def test_models(self) -> None:
        """By any of their names; JSON 404 for others, and for whatever else is asked below /v1."""
        for name in ("openclaw", "openclaw/clerk", "openclaw%2Fclerk", "agent:main"):
            status, _, body = await self.get(f"/v1/models/{name}", "GET", None, **_BEARER)
            self.assertEqual((status, body["object"]), (200, "model"), name)
        for path, method in (
            ("/v1/models/gpt-4", "GET"),
            ("/v1/files", "GET"),
            ("/v1/images/generations", "POST"),
            ("/v1/", "GET"),
            ("/v1/threads/x", "DELETE"),
        ):
            status, headers, body = await self.get(path, method, b"{}" if method == "POST" else None, **_BEARER)
            self.assertEqual((status, headers["content-type"].partition(";")[0]), (404, "application/json"), path)
            self.assertEqual(body["error"]["type"], "invalid_request_error")
            self.assertEqual((await self.get(path, method, b"{}" if method == "POST" else None))[0], 401)

    async def test_embeddings(self) -> None:
        """From the provider that is configured for them, or the one that is named."""
        made = {"data": [{"index": 0, "embedding": [0.5, 1.0]}], "usage": {"prompt_tokens": 3}, "secret": 1}
        self.provider.answers = [Answer([json.dumps(made).encode()], content_type="application/json")]
        status, body = await self.post("/v1/embeddings", {"model": "openclaw", "input": ["a"], "dimensions": 2})
        self.assertEqual((status, body["data"][0]["embedding"]), (200, [0.5, 1.0]))
        self.assertNotIn("secret", body)
        path, headers, asked = self.provider.asked[-1]
        self.assertEqual((path, headers["authorization"]), ("/embeddings", "Bearer k"))
        self.assertEqual((asked["model"], asked["input"], asked["dimensions"]), ("vec", ["a"], 2))
        await self.post("/v1/embeddings", {"model": "other/big", "input": "a"})
        self.assertEqual(self.asked()["model"], "big")
        for wrong, code in (
            ({"model": "openclaw", "input": []}, 400),
            ({"model": "openclaw", "input": {"a": 1}}, 400),
            ({"model": "openclaw", "input": ["a", 1]}, 400),
            ({"model": "plain", "input": "a"}, 400),
            ({"model": "nowhere/m", "input": "a"}, 404),
            ({"model": "claude/m", "input": "a"}, 404),
        ):
            self.assertEqual((await self.post("/v1/embeddings", wrong))[0], code, wrong)
        self.provider.answers = [Answer([b'{"error":{"message":"slow down"}}'], 429)]
        self.assertEqual((await self.post("/v1/embeddings", {"model": "openclaw", "input": "a"}))[0], 429)
        self.provider.answers = [Answer([b'{"data":[{}]}'])]
        self.assertEqual((await self.post("/v1/embeddings", {"model": "openclaw", "input": "a"}))[0], 502)

    async def test_pages(self) -> None:
        """A browser's preflight and answers for the pages that the configuration lists, and for no others."""

        def ask(method: str, path: str, origin: str, **more: str) -> tuple[int, Any]:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request(method, path, headers={"Origin": origin, **more})
            response = connection.getresponse()
            response.read()
            connection.close()
            return response.status, response.headers["access-control-allow-origin"]

        wants = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        page = "https://app.example"
        for method, path, origin, more, expected in (
            ("OPTIONS", "/v1/chat/completions", page, wants, (204, page)),
            ("OPTIONS", "/v1/chat/completions", "https://evil.example", wants, (405, None)),
            ("OPTIONS", "/tools/invoke", page, wants, (405, None)),
            ("GET", "/v1/models", page, _BEARER, (200, page)),
            ("GET", "/v1/models", page, {}, (401, None)),
            ("GET", "/v1/models", "https://evil.example", _BEARER, (403, None)),
            ("GET", "/sessions/main/history", page, _BEARER, (403, None)),
        ):
            found = await self.in_thread(lambda m, p, o, x: ask(m, p, o, **x), method, path, origin, more)
            self.assertEqual(found, expected, (method, path, origin))


class PythonClientTests(OpenAiApiTestCase):
    """PyPI's ``openai``."""

    def client(self) -> Any:
        """It, blocking."""
        try:
            import openai
        except ImportError:
            text = "PyPI's openai is missing; `make test` installs it"
            raise (AssertionError if os.environ.get("TEAMGRAM_TEST_REQUIRE_SERVICES") else SkipTest)(text) from None
        return openai.OpenAI(base_url=f"http://127.0.0.1:{self.port}/v1", api_key=TOKEN, max_retries=0, timeout=10)

    async def test_everything(self) -> None:
        """Completions whole and streamed, a tool's round trip, responses, models, embeddings, errors by their class."""
        client = self.client()
        import openai

        made = {"data": [{"index": 0, "embedding": [0.5, 1.0]}], "usage": {"prompt_tokens": 3}}
        self.provider.answers = [
            openai_text("Hello", " there"),
            openai_text("one ", "two"),
            openai_tool("wall_clock", "{}"),
            openai_text("Noon."),
            openai_text("A response."),
            openai_text("In ", "pieces."),
            Answer([json.dumps(made).encode()]),
        ]

        def run() -> dict[str, Any]:
            said: list[Any] = [{"role": "user", "content": "hi"}]
            create = client.chat.completions.create
            found: dict[str, Any] = {"whole": create(model="openclaw", messages=said).choices[0].message.content}
            stream = create(model="openclaw", messages=said, stream=True, stream_options={"include_usage": True})
            chunks = list(stream)
            found["streamed"] = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
            found["usage"] = chunks[-1].usage.total_tokens
            asked = create(model="openclaw", messages=said, tools=[_CLOCK]).choices[0].message
            result = {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "noon"}
            found["tool"] = create(model="openclaw", messages=[*said, asked, result]).choices[0].message.content
            found["response"] = client.responses.create(model="openclaw", input="hi").output_text
            with client.responses.stream(model="openclaw", input="hi") as events:
                found["events"] = "".join(e.delta for e in events if e.type == "response.output_text.delta")
                found["final"] = events.get_final_response().output_text
            found["vector"] = (
                client.embeddings.create(model="openclaw", input="x", encoding_format="float").data[0].embedding
            )
            found["models"] = [model.id for model in client.models.list()]
            found["model"] = client.models.retrieve("openclaw/clerk").id
            for name, call in (
                ("missing", lambda: client.models.retrieve("gpt-4")),
                ("bad", lambda: create(model="gpt-4", messages=said)),
                ("stranger", lambda: client.with_options(api_key="wrong").models.list()),
            ):
                try:
                    call()
                except openai.APIStatusError as error:
                    found[name] = type(error).__name__
            return found

        found = await self.in_thread(run)
        self.assertEqual(
            found,
            {
                "whole": "Hello there",
                "streamed": "one two",
                "usage": 16,
                "tool": "Noon.",
                "response": "A response.",
                "events": "In pieces.",
                "final": "In pieces.",
                "vector": [0.5, 1.0],
                "models": ["openclaw", "openclaw/default", "openclaw/main", "openclaw/clerk"],
                "model": "openclaw/clerk",
                "missing": "NotFoundError",
                "bad": "BadRequestError",
                "stranger": "AuthenticationError",
            },
        )


class NodeClientTests(OpenAiApiTestCase):
    """npm's ``openai``."""

    async def test_everything(self) -> None:
        """The same, and its own loop that runs tools."""
        self.provider.answers = [
            openai_text("Hello", " there"),
            openai_text("one ", "two"),
            openai_tool("wall_clock", "{}"),
            openai_text("Noon."),
            openai_text("A response."),
            openai_text("In ", "pieces."),
        ]
        environment = {**os.environ, "OPENAI_MODULE": npm_packages.module("openai/index.mjs")}
        output, errors, _ = await getProcessOutputAndValue(
            npm_packages.node(),
            [str(_SCRIPT), f"http://127.0.0.1:{self.port}/v1", TOKEN],
            env=environment,
            reactor=reactor,
        )
        self.assertTrue(output, errors.decode())
        self.assertEqual(
            json.loads(output),
            {
                "whole": "Hello there",
                "streamed": "one two",
                "usage": 16,
                "tool": "Noon.",
                "response": "A response.",
                "events": "In pieces.",
                "models": ["openclaw", "openclaw/default", "openclaw/main", "openclaw/clerk"],
                "missing": 404,
                "stranger": 401,
            },
        )
