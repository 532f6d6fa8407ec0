"""A whole run over real sockets on both sides: a client, the gateway, a provider that we play."""

from typing import Any

from teamgram.openclaw.agents_service import agents_extension
from trial_tests.openclaw.agent.fake_provider import Answer, FakeProvider, openai_text, openai_tool
from trial_tests.openclaw.live import LiveTestCase, SocketClient


class LiveProviderTests(LiveTestCase):
    """``models.providers`` of the configuration."""

    extensions = (agents_extension,)

    async def setUp(self) -> None:
        """A provider that fails once, then wants a tool, then answers."""
        self.fake = FakeProvider(
            Answer([b"busy"], 503), openai_tool("current_time", "{}"), openai_text("It is ", "late.")
        )
        self.addCleanup(self.fake.stop)
        provider = {"baseUrl": f"{self.fake.url}/v1", "apiKey": "sk-secret", "models": [{"id": "m"}]}
        self.config = {"models": {"providers": {"fake": provider}}, "agents": {"defaults": {"model": "fake/m"}}}
        await super().setUp()
        parts = next(service for service in self.service.services if hasattr(service, "parts")).parts
        self.addCleanup(lambda: parts.catalog.provider("fake")._http._pool.closeCachedConnections())

    async def test_turn(self) -> None:
        """Retried, the tool used, the words streamed, tokens counted."""

        def talk() -> tuple[list[Any], Any]:
            client = SocketClient(self.port)
            client.hello(caps=["tool-events"])
            params = {"sessionKey": "main", "message": "what time is it?", "idempotencyKey": "k"}
            client.send({"type": "req", "id": "s", "method": "chat.send", "params": params})
            told: list[Any] = []
            while not told or told[-1].get("state") not in ("final", "error"):
                frame = client.read()
                if frame.get("event") in ("chat", "agent"):
                    told.append(frame["payload"])
            client.send({"type": "req", "id": "d", "method": "sessions.describe", "params": {"key": "main"}})
            while (frame := client.read()).get("id") != "d":
                pass
            client.close()
            return told, frame["payload"]["session"]

        told, row = await self.in_thread(talk)
        self.assertEqual(told[-1]["message"]["content"][0]["text"], "It is late.")
        phases = [payload["data"].get("phase") for payload in told if "data" in payload]
        self.assertIn("retrying", phases)
        tools = [payload["data"]["phase"] for payload in told if payload.get("stream") == "tool"]
        self.assertEqual(tools, ["start", "result"])
        self.assertEqual((row["modelProvider"], row["model"], row["inputTokens"]), ("fake", "m", 11))
        self.assertEqual([headers["authorization"] for _, headers, _ in self.fake.asked], ["Bearer sk-secret"] * 3)
        result = self.fake.asked[2][2]["messages"][-1]
        self.assertEqual((result["role"], result["tool_call_id"]), ("tool", "call_1"))
