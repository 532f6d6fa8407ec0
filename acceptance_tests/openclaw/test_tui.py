"""``openclaw tui``, the terminal's chat."""

import json

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from acceptance_tests.openclaw.program import Background, OpenClawTestCase
from trial_tests.openclaw.live import SocketClient


class TuiTests(OpenClawTestCase):
    """Somebody types, somebody reads."""

    async def started(self, shows: str = "connected | idle") -> Background:
        """A terminal that shows the chat."""
        tui = self.start_in_terminal(self.environment, "tui")
        await tui.says(shows, seconds=60)
        return tui

    async def test_chat(self) -> None:
        """A reply grows word by word, the next comes too, and /quit ends the program."""
        tui = await self.started()
        tui.types("count chunks=40 delay=0.1\r")
        await tui.says("word3")
        self.assertNotIn("word39", tui.text)
        await tui.says("word39")
        tui.types("hello once more\r")
        await tui.says("gateway connected | idle")
        tui.types("/quit\r")
        await tui.ended

    async def test_stop(self) -> None:
        """Escape stops the run."""
        tui = await self.started()
        tui.types("count chunks=400 delay=0.1\r")
        await tui.says("word3")
        tui.types("\x1b")
        await tui.says("aborted")
        self.assertNotIn("word399", tui.text)

    async def test_history(self) -> None:
        """What was said before is there when it starts."""
        await self.run_openclaw("agent", "--agent", "main", "--message", "hello from before")
        await self.started("hello from before")

    async def test_approval(self) -> None:
        """What a program wants to do in this conversation is asked here; Enter is the answer that it proposes: no."""
        tui = await self.started()
        call = self.asks("plugin", title="Post the news", description="On the web, for everybody", agentId="main")
        await tui.says("Post the news", seconds=60)
        tui.types("\r")
        await call.says('"deny"', seconds=60)

    async def test_typed_word(self) -> None:
        """``/approve`` typed here decides what waits for a word."""
        tui = await self.started()
        call = self.asks("exec", command="rm -rf /tmp/nothing", id="typed-one")
        for _ in range(100):
            if await deferToThread(self.waiting):
                break
            await deferLater(reactor, 0.3)
        tui.types("/approve typed-one deny\r")
        await call.says('"deny"', seconds=60)

    def asks(self, kind: str, **params: object) -> Background:
        """A program that waits for a person's word about something in the main conversation."""
        asked = {"sessionKey": "agent:main:main", "timeoutMs": 60_000, **params}
        return self.start_openclaw(
            self.environment,
            *("gateway", "call", f"{kind}.approval.request", "--params", json.dumps(asked), "--json"),
            *("--timeout", "60000"),
        )

    def waiting(self) -> bool:
        """Whether an approval waits, as an admin sees it. Blocks."""
        client = SocketClient(self.server.gateway_port)
        client.hello(auth={"token": self.token})
        client.send({"type": "req", "id": "1", "method": "exec.approval.list", "params": {}})
        frame = client.read()
        while frame.get("id") != "1":
            frame = client.read()
        client.close()
        return bool(frame["payload"])
