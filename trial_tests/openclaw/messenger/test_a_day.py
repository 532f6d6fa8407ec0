"""A person's day: their OpenClaw brought over, a model that dies, a restart in mid-turn, a job, a node, an approval."""

import json
import shutil
from typing import Any

from twisted.internet.threads import deferToThread

from teamgram.openclaw.agent import failover
from teamgram.openclaw.agent.providers.model_api import ToolCall
from teamgram.openclaw.agent.recovery import INTERRUPTED
from teamgram.openclaw.importing.bringing_over import BringingOver
from teamgram.openclaw.importing.openclaw_state import OpenClawState
from trial_tests.openclaw.agent.test_runner import Played, fails, says, wants
from trial_tests.openclaw.house import DeviceKey
from trial_tests.openclaw.importing.test_bringing_over import fingerprint, of_today
from trial_tests.openclaw.live import SocketClient
from trial_tests.openclaw.messenger.messenger import MessengerTestCase

#: Theirs, as it was before.
_CONFIG = """{
  agents: { defaults: { model: { primary: "one/a" } }, entries: { main: {} } },
  models: { providers: { one: { baseUrl: "http://127.0.0.1:9", apiKey: "k", models: [ { id: "a", name: "A" } ] } } },
  tools: { exec: { ask: "always" } },
  wizard: { lastRunVersion: "2026.9.6" },
}"""
_BOX = DeviceKey(5)


class DayTests(MessengerTestCase):
    """Nothing lost, nothing silent."""

    timeout = 60

    def play(self, *steps: Any) -> Played:
        """Let the model that was brought over do these steps; ``echo`` stays itself."""
        played = Played(*steps)
        real = self.agents.parts.catalog.provider
        provider: Any = lambda asked: played if asked == "one" else real(asked)  # noqa: E731
        self.agents.parts.catalog.provider = provider
        return played

    async def says_to(self, text: str) -> None:
        """Ann has this in her chat with the agent, or gets it soon."""

        async def there() -> bool:
            return any(text in said for out, said in await self.box() if not out)

        try:
            await self.until(there)
        except AssertionError:
            self.fail(f"{text} is not among {await self.box()}")

    async def test_a_day(self) -> None:
        """From the morning to the evening."""
        await self.brings_over()
        await self.model_dies_twice()
        await self.restarted_in_mid_turn()
        await self.hears_of_a_job()
        await self.allows_a_command()

    async def brings_over(self) -> None:
        """Conversations, jobs and devices are there, and Ann is the owner."""
        theirs = self.directory / "theirs"
        theirs.mkdir()
        of_today(theirs, _CONFIG)
        before = fingerprint(theirs)
        bringing = BringingOver(OpenClawState(theirs), self.service.plane, self.agents)
        await bringing.carry_out(bringing.plan())
        self.assertEqual(fingerprint(theirs), before)
        self.configure({"commands": {"ownerAllowFrom": [f"telegram:{self.ann.id}"]}})
        session = self.agents.parts.sessions.get("agent:main:main")
        assert session is not None
        self.assertEqual((session.label, session.messages), ("old talks", 4))
        self.assertEqual([job["name"] for job in self.agents.cron.jobs.values()], ["nightly"])

    async def model_dies_twice(self) -> None:
        """She hears its third attempt, and nothing of the others."""
        self.patch(failover, "_FIRST_DELAY_SECONDS", 0.01)
        self.play(fails("wro", retryable=True), fails("wrong", retryable=True), says("Good morning!"))
        await self.write_to(self.bot, "hello", self.ann)
        self.assertEqual((await self.answers(1))[-1], "Good morning!")

    async def restarted_in_mid_turn(self) -> None:
        """The half of an answer stays and says that it ends there; she is answered afterwards."""
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        session.model = "echo/echo"
        await self.write_to(self.bot, "chunks=200 delay=0.1", self.ann)
        await self.says_to("word1")
        state, killed = self.directory / "openclaw", self.directory / "killed"
        shutil.copytree(state, killed)
        await self.stop()
        shutil.rmtree(state)
        killed.rename(state)
        await self.start()
        await self.says_to(INTERRUPTED)
        self.play(says("Here I am."))
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        session.model = ""
        await self.write_to(self.bot, "and now?", self.ann)
        await self.says_to("Here I am.")

    async def hears_of_a_job(self) -> None:
        """A job's words come to her without her asking."""
        self.play(says("It is a quarter past."))
        at = str(self.agents.parts.now_ms() + 200)
        payload = {"kind": "agentTurn", "message": "what time is it?"}
        await self.agents.cron.add(
            {"name": "clock", "schedule": {"kind": "at", "at": at}, "sessionTarget": "isolated", "wakeMode": "now",
             "payload": payload, "delivery": {"mode": "announce", "channel": "telegram", "to": str(self.ann.id)}}
        )  # fmt: skip
        await self.says_to("It is a quarter past.")
        await self.until(lambda: self.agents.cron.log)
        self.assertEqual(self.agents.cron.log[-1]["deliveryStatus"], "delivered")

    async def allows_a_command(self) -> None:
        """An agent wants a program run on a node: she is asked in her chat and types the word; the node comes back."""
        port = self.service.ports[0][1]
        await deferToThread(self.node_approved, port)
        call = ToolCall("c", "node_invoke", {"nodeId": _BOX.id, "command": "system.run", "params": {"command": ["ls"]}})
        self.play(wants(call), says("There is one file."))
        node = await deferToThread(self.node, port)
        asking = deferToThread(self.operator, port, "chat.send", sessionKey="main", message="look", idempotencyKey="d")
        await self.says_to("May this command run?\nls")
        await self.write_to(self.bot, "/approve", self.ann)
        self.assertEqual(await deferToThread(self.answers_once, node), ["ls"])
        await asking
        waited = await deferToThread(self.operator, port, "agent.wait", runId="d", timeoutMs=10_000)
        self.assertEqual(waited["status"], "ok")
        await deferToThread(node.close)
        again = await deferToThread(self.node, port)
        listed = await deferToThread(self.operator, port, "node.list")
        self.assertEqual([each["connected"] for each in listed["nodes"]], [True])
        await deferToThread(again.close)

    # In a thread

    def operator(self, port: int, method: str, **params: Any) -> Any:
        """The answer to one request."""
        client = SocketClient(port)
        client.hello()
        client.send({"type": "req", "id": "1", "method": method, "params": params})
        frame = client.read()
        while frame.get("id") != "1":
            frame = client.read()
        client.close()
        self.assertTrue(frame["ok"], frame)
        return json.loads(json.dumps(frame["payload"]))

    def node(self, port: int) -> SocketClient:
        """The box, connected."""
        node = SocketClient(port)
        client = {"id": "node-host", "version": "1", "platform": "linux", "mode": "node"}
        node.hello(_BOX, client=client, role="node", scopes=[], commands=["system.run"])
        return node

    def node_approved(self, port: int) -> None:
        """It has been here before."""
        node = self.node(port)
        pending = self.operator(port, "node.pair.list")["pending"]
        self.operator(port, "node.pair.approve", requestId=pending[0]["requestId"])
        node.close()

    def answers_once(self, node: SocketClient) -> list[str]:
        """What the node is to run next; it is done."""
        frame = node.read()
        while frame.get("event") != "node.invoke.request":
            frame = node.read()
        asked = frame["payload"]
        result = {"id": asked["id"], "nodeId": asked["nodeId"], "ok": True, "payload": {"stdout": "a.txt"}}
        node.send({"type": "req", "id": "2", "method": "node.invoke.result", "params": result})
        found: list[str] = json.loads(asked["paramsJSON"])["command"]
        return found
