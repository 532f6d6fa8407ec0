"""The agents over HTTP, on a real port."""

import http.client
import json
from typing import Any

from teamgram.openclaw.agents_service import agents_extension
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import LiveTestCase

_BEARER = {"Authorization": f"Bearer {TOKEN}"}


class HttpApiTests(LiveTestCase):
    """``/v1/…``, ``/tools/invoke``, ``/sessions/…``."""

    config = {"gateway": {"http": {"endpoints": {"chatCompletions": {"enabled": True}}}}}
    extensions = (agents_extension,)

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """(status, parsed body)."""
        status, _, answer = await self.get(path, "POST", json.dumps(body).encode(), **_BEARER)
        return status, answer

    async def test_bearer(self) -> None:
        """Without the secret nothing is answered."""
        for path, method in (
            ("/v1/models", "GET"),
            ("/v1/chat/completions", "POST"),
            ("/sessions/main/history", "GET"),
        ):
            status, _, body = await self.get(path, method, b"{}" if method == "POST" else None)
            self.assertEqual((status, body["error"]["type"]), (401, "unauthorized"))

    async def test_models(self) -> None:
        """The agents, as models."""
        _, _, body = await self.get("/v1/models", "GET", None, **_BEARER)
        self.assertEqual([row["id"] for row in body["data"]], ["openclaw", "openclaw/default", "openclaw/main"])

    async def test_completion(self) -> None:
        """Whole; the conversation before the last message goes along."""
        messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "hello there"}]
        status, body = await self.post("/v1/chat/completions", {"model": "openclaw", "messages": messages})
        self.assertEqual((status, body["object"]), (200, "chat.completion"))
        self.assertTrue(body["id"].startswith("chatcmpl_"))
        self.assertEqual(body["choices"][0]["message"], {"role": "assistant", "content": "hello there"})
        self.assertGreater(body["usage"]["total_tokens"], 0)

    async def test_stream(self) -> None:
        """Role, words, stop, usage, done."""
        asked = {
            "model": "openclaw/main",
            "messages": [{"role": "user", "content": "hi chunks=5 delay=0.05"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }

        def run() -> tuple[str, list[bytes]]:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("POST", "/v1/chat/completions", json.dumps(asked), _BEARER)
            response = connection.getresponse()
            kind = response.headers["content-type"]
            text = response.read()
            connection.close()
            return kind, [part.removeprefix(b"data: ") for part in text.split(b"\n\n") if part]

        kind, parts = await self.in_thread(run)
        self.assertTrue(kind.startswith("text/event-stream"))
        self.assertEqual(parts[-1], b"[DONE]")
        chunks = [json.loads(part) for part in parts[:-1]]
        self.assertEqual(chunks[0]["choices"][0]["delta"], {"role": "assistant"})
        words = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])
        self.assertEqual(words, "word0 word1 word2 word3 word4")
        self.assertEqual(chunks[-2]["choices"][0]["finish_reason"], "stop")
        self.assertIn("usage", chunks[-1])

    async def test_user_keeps_a_session(self) -> None:
        """Calls with the same ``user`` share a session, others have one each."""
        for user in ("ann", "ann", None):
            body = {"model": "openclaw", "messages": [{"role": "user", "content": "x"}]}
            await self.post("/v1/chat/completions", {**body, "user": user} if user else body)
        status, _, body = await self.get("/sessions/openai-user:ann/history?limit=3", "GET", None, **_BEARER)
        self.assertEqual((status, body["sessionKey"], len(body["items"])), (200, "agent:main:openai-user:ann", 3))
        path = f"/sessions/openai-user:ann/history?limit={'9' * 5000}"
        self.assertEqual((await self.get(path, "GET", None, **_BEARER))[0], 200)

    async def test_bad_requests(self) -> None:
        """No such model, no message, no JSON, a failed run."""
        good = [{"role": "user", "content": "x"}]
        bodies: list[Any] = [
            {"model": "gpt-4", "messages": good},
            {"model": "openclaw", "messages": []},
            {"model": "openclaw"},
            [],
        ]
        for body in bodies:
            status, answer = await self.post("/v1/chat/completions", body)
            self.assertEqual((status, answer["error"]["type"]), (400, "invalid_request_error"))
        failing = {"model": "openclaw", "messages": [{"role": "user", "content": "FAIL400"}]}
        status, answer = await self.post("/v1/chat/completions", failing)
        self.assertEqual((status, answer["error"]["type"]), (500, "api_error"))

    async def test_tools(self) -> None:
        """Harmless ones; others are not found."""
        status, answer = await self.post("/tools/invoke", {"tool": "current_time", "args": {}})
        self.assertEqual((status, answer["ok"]), (200, True))
        for tool in ("exec", "send"):
            status, answer = await self.post("/tools/invoke", {"tool": tool, "args": {}})
            self.assertEqual((status, answer["error"]["type"]), (404, "not_found"))
        status, answer = await self.post("/tools/invoke", {"args": {}})
        self.assertEqual(status, 400)

    async def test_unknown_history(self) -> None:
        """404."""
        for path in ("/sessions/none/history", "/sessions/main", "/sessions//history"):
            status, _, _ = await self.get(path, "GET", None, **_BEARER)
            self.assertEqual(status, 404, path)


class SwitchedOffTests(LiveTestCase):
    """By default completions are off."""

    extensions = (agents_extension,)

    async def test_off(self) -> None:
        """404."""
        status, _, _ = await self.get("/v1/chat/completions", "POST", b"{}", **_BEARER)
        self.assertEqual(status, 404)
