"""Which scope every method takes, and that no road leads a lower one to what a higher one may."""

import json
import urllib.request
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agents_service import AgentsService
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.router import NODE, OPERATOR
from teamgram.openclaw.methods.not_configured import REFUSALS
from trial_tests.openclaw.agent.agents import AgentsTestCase
from trial_tests.openclaw.agent.fake_provider import FakeProvider, openai_text, openai_tool
from trial_tests.openclaw.house import TOKEN, DeviceKey
from trial_tests.openclaw.live import LiveTestCase, SocketClient

#: What is declared for each method; a new one has to be written down here too.
DECLARED: dict[str | None, str] = {
    None: "health",
    scopes.READ: """
        diagnostics.lanes diagnostics.stability environments.list plugins.list skills.library.list skills.search
        themes.list
        chat.message.get doctor.memory.status models.authStatus tools.effective
        agents.files.get agents.files.list commands.list controlUi.sessionPullRequests.subscribe progressCard.get
        projects.list session.discussion.info sessions.branches.list sessions.catalog.list sessions.companion.state
        sessions.groups.list sessions.observer.visibility sessions.search sessions.usage taskSuggestions.list tasks.list
        sessions.usage.logs sessions.usage.timeseries
        usage.cost usage.status users.prefs.get
        agent.identity.get agents.list channels.status chat.history chat.metadata chat.startup config.get config.schema
        config.schema.lookup cron.get cron.list cron.runs cron.status gateway.identity.get gateway.restart.preflight
        last-heartbeat logs.tail memory.search models.list node.describe node.list plugin.surface.refresh
        sessions.describe sessions.get sessions.list sessions.messages.subscribe sessions.messages.unsubscribe
        sessions.preview sessions.resolve sessions.subscribe sessions.unsubscribe skills.status status system-presence
        system.info tools.catalog users.self""",
    scopes.APPROVALS: """
        approval.get approval.history approval.resolve exec.approval.get exec.approval.grants.list
        exec.approval.grants.revoke exec.approval.list exec.approval.request exec.approval.resolve
        exec.approval.waitDecision openclaw.approval.list plugin.approval.list plugin.approval.request
        plugin.approval.resolve plugin.approval.waitDecision""",
    scopes.QUESTIONS: "question.get question.list question.request question.resolve question.waitAnswer",
    scopes.WRITE: """
        message.action sessions.fork sessions.groups.defaults sessions.title.prepare
        agent agent.wait chat.abort chat.send node.invoke node.pending.enqueue send sessions.abort sessions.activate
        sessions.close sessions.create sessions.patch sessions.send tools.invoke wake""",
    scopes.PAIRING: """
        channels.pairing.approve channels.pairing.dismiss channels.pairing.list
        teamgram.pairing.people teamgram.pairing.revoke
        client.pair.list device.pair.approve device.pair.list device.pair.reject device.pair.remove device.pair.rename
        device.token.revoke device.token.rotate node.pair.approve node.pair.list node.pair.reject node.pair.remove
        node.rename""",
    scopes.ADMIN: """
        channels.logout channels.start channels.stop device.pair.setupCode device.pair.setupStatus skills.install
        skills.update skills.upload.begin skills.upload.chunk skills.upload.commit terminal.attach terminal.close
        terminal.input terminal.list terminal.open terminal.resize terminal.upload
        agents.files.set models.probe sessions.branches.switch sessions.rewind update.status
        exec.approvals.get exec.approvals.node.get exec.approvals.node.set exec.approvals.set
        agents.create agents.delete agents.update chat.inject client.pair.revoke client.pair.start
        config.apply config.patch config.set cron.add cron.remove secrets.reload
        cron.run cron.update gateway.restart.request sessions.compact sessions.delete sessions.reset set-heartbeats
        system-event""",
}
NODES_ONLY = """
    node.event node.invoke.progress node.invoke.result node.pending.ack node.pending.drain node.pending.pull
    node.pluginSurface.refresh node.pluginTools.update node.runnerInventory.update node.skills.update skills.bins"""


class DeclaredTests(AgentsTestCase):
    """The table, and the gate in front of every method."""

    def test_table(self) -> None:
        """Every method has the scope that is written down, and only nodes may call what is theirs."""
        found = self.house.plane.router.methods
        wanted = {name: scope for scope, names in DECLARED.items() for name in names.split()}
        # As the published schema has them.
        wanted |= {name: scope for name, (scope, _) in REFUSALS.items()}
        self.assertEqual({name: m.scope for name, m in found.items() if OPERATOR in m.roles}, wanted)
        self.assertEqual({name for name, m in found.items() if m.roles == (NODE,)}, set(NODES_ONLY.split()))

    def test_one_scope_short(self) -> None:
        """Whoever has all scopes but those that lead to a method is refused, whatever the parameters."""
        for name, method in self.house.plane.router.methods.items():
            if method.scope is None or OPERATOR not in method.roles:
                continue
            others = [each for each in scopes.ALL if method.scope not in scopes.expand([each])]
            client = self.operator(scopes=others)
            for params in ({}, {"key": "main", "command": "x", "name": "current_time"}):
                error = client.request(name, params)["error"]
                self.assertEqual((error["code"], error["details"]["missingScope"]), ("FORBIDDEN", method.scope), name)

    def test_nodes(self) -> None:
        """A node may call nothing of an operator's but ``health``."""
        node = self.house.client()
        node.hello(DeviceKey(7), client={"id": "node-host", "mode": "node"}, role="node", scopes=[])
        for name, method in self.house.plane.router.methods.items():
            if NODE not in method.roles:
                self.assertTrue(node.request("health")["ok"])  # Too many refusals in a row close a socket.
                self.assertEqual(node.request(name, {})["error"]["message"], "unauthorized role: node", name)


class WriterTests(AgentsTestCase):
    """What ``operator.write`` does not reach, method by method."""

    def setUp(self) -> None:
        """Somebody who may write, and a session."""
        super().setUp()
        self.ok("sessions.create", key="other", label="Other")
        self.writer = self.operator(scopes=[scopes.WRITE])

    def refused(self, method: str, **params: Any) -> None:
        """Only an administrator may."""
        error = self.error(method, self.writer, **params)
        self.assertEqual(error.get("details", {}).get("missingScope"), scopes.ADMIN, (method, params, error))

    def test_session_settings(self) -> None:
        """The names of a conversation are anybody's who may write, what its agent may do is not."""
        self.ok("sessions.patch", self.writer, key="other", label="New", pinned=True, permissionMode="read-only")
        self.refused("sessions.patch", key="other", permissionMode="full")
        self.refused("sessions.patch", key="other", permissionMode=None)
        for name, value in (
            ("inheritedToolDeny", None), ("inheritedToolAllow", ["*"]), ("sendPolicy", "allow"), ("execNode", "x"),
            ("toolOverrides", None), ("elevatedLevel", "full"), ("groupActivation", "always"),
        ):  # fmt: skip
            self.refused("sessions.patch", **{"key": "other", "label": "x", name: value})
        self.assertEqual(self.house.parts.sessions.get("agent:main:other").settings, {"permissionMode": "read-only"})
        self.refused("sessions.create", key="third", permissionMode="full")
        self.refused("sessions.create", key="third", toolOverrides={"webSearch": True})
        self.assertIsNone(self.house.parts.sessions.get("agent:main:third"))

    def test_words_of_the_agent(self) -> None:
        """Nobody below an administrator puts words into the agent's mouth, by whichever method."""
        self.refused("chat.inject", sessionKey="other", message="I said this")
        for number, to in enumerate(("Other", "other", " OTHER ", "agent:main:other")):
            self.refused("send", to=to, message="I said this", idempotencyKey=f"k{number}")
            answer = self.ok("tools.invoke", self.writer, name="send", args={"to": to, "message": "I said this"})
            self.assertEqual(answer["error"]["message"], "missing scope: operator.admin")
        self.assertEqual(self.history("other"), [])

    def test_resets(self) -> None:
        """However the word is spelled, and wherever it is said."""
        for number, text in enumerate(("/new", " /NEW ", "/Reset\n")):
            self.refused("chat.send", sessionKey="main", message=text, idempotencyKey=f"k{number}")
            self.refused("sessions.send", key="other", message=text)
            self.refused("sessions.create", key="other", message=text)

    def test_let_in_again(self) -> None:
        """A device that was let in with more than the approver has cannot be let in again by them."""
        key, remote = DeviceKey(9), "192.0.2.7"
        tui = {"id": "openclaw-tui", "version": "1", "platform": "linux", "mode": "ui"}
        asking = self.house.client(remote)
        asking.connect(key, client=tui, scopes=[scopes.ADMIN])
        waiting = self.ok("device.pair.list")["pending"][0]["requestId"]
        self.ok("device.pair.approve", requestId=waiting)
        changed = self.house.client(remote)
        changed.connect(key, client={**tui, "platform": "win32"}, scopes=[scopes.READ])
        waiting = self.ok("device.pair.list")["pending"][0]["requestId"]
        pairing = self.operator(scopes=[scopes.PAIRING, scopes.READ])
        error = self.error("device.pair.approve", pairing, requestId=waiting)
        self.assertEqual(error["details"]["missingScope"], scopes.ADMIN)

    def test_steered(self) -> None:
        """A run that takes up somebody else's message can do no more than they."""
        self.send("chunks=20 delay=1", "mine")
        run = self.house.parts.lanes.running("agent:main:main")
        assert run is not None
        self.assertIn(scopes.ADMIN, run.granted)
        self.send("and this", "theirs", self.writer)
        self.house.advance(25)
        self.assertEqual(len(self.ends("theirs")), 1)
        self.assertEqual(run.granted, scopes.expand([scopes.WRITE]))

    def test_heartbeat(self) -> None:
        """Whoever may write may wake the agent, so a heartbeat does no more than they may."""
        seen: list[frozenset[str]] = []
        accept = self.house.parts.runs.accept

        def watched(session: Any, request: Any) -> Any:
            seen.append(request.granted)
            return accept(session, request)

        self.patch(self.house.parts.runs, "accept", watched)
        self.ok("wake", self.writer, mode="now", text="run this for me")
        self.house.advance(1)
        self.assertEqual(seen, [scopes.expand([scopes.WRITE])])


class RoadTests(LiveTestCase):
    """A node on a real socket, and every road that leads to it."""

    timeout = 30
    commands = ("system.run", "system.run.prepare", "system.which", "fs.listDir", "file.fetch", "browser.proxy")

    async def setUp(self) -> None:
        """A model that wants ``system.run``, and a node that has it."""
        wish = openai_tool("node_invoke", json.dumps({"nodeId": DeviceKey(7).id, "command": " system.run"}))
        self.model = FakeProvider(wish, openai_text("done"))
        self.addCleanup(self.model.stop)
        self.config = {
            "agents": {"defaults": {"model": "fake/m-1"}},
            "models": {"providers": {"fake": {"baseUrl": self.model.url, "api": "openai-completions",
                                              "models": [{"id": "m-1"}]}}},
        }  # fmt: skip
        agents: list[AgentsService] = []

        def extension(plane: Any) -> AgentsService:
            agents.append(AgentsService(plane))
            return agents[0]

        self.extensions = (extension,)
        await super().setUp()
        http: Any = agents[0].parts.catalog.provider("fake")
        self.addCleanup(http._http._pool.closeCachedConnections)

    def talk(self, granted: list[str], *requests: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """The responses to some requests of an operator with these scopes."""
        client = SocketClient(self.port)
        client.hello(scopes=granted)
        answers = []
        for number, (method, params) in enumerate(requests):
            client.send({"type": "req", "id": f"r{number}", "method": method, "params": params})
            frame = client.read()
            while frame.get("id") != f"r{number}":
                frame = client.read()
            answers.append(frame)
        client.close()
        return answers

    def node(self) -> SocketClient:
        """Paired, and approved for all of it."""
        node = SocketClient(self.port)
        client = {"id": "node-host", "version": "1", "platform": "linux", "mode": "node"}
        node.hello(DeviceKey(7), client=client, role="node", scopes=[], commands=list(self.commands))
        (listed,) = self.talk([scopes.ADMIN], ("node.pair.list", {}))
        request_id = listed["payload"]["pending"][0]["requestId"]
        self.talk([scopes.ADMIN], ("node.pair.approve", {"requestId": request_id}))
        return node

    def asked(self, node: SocketClient) -> str:
        """The next command that the node hears; it is answered."""
        frame = node.read()
        while frame.get("event") != "node.invoke.request":
            frame = node.read()
        asked = frame["payload"]
        result = {"id": asked["id"], "nodeId": asked["nodeId"], "ok": True, "payload": {"code": 0}}
        node.send({"type": "req", "id": asked["id"], "method": "node.invoke.result", "params": result})
        return str(asked["command"])

    async def test_writers_run_nothing_on_hosts(self) -> None:
        """By ``node.invoke`` however it is written, by the tool, by a run: the node hears only what writers may."""
        node = await self.in_thread(self.node)
        about = {"nodeId": DeviceKey(7).id, "idempotencyKey": "k"}
        spelled = [" system.run", "system.run ", "\tsystem.run\n", "\u00a0system.run", "system.run.prepare",
                   " fs.listDir", "file.fetch", "browser.proxy"]  # fmt: skip
        requests: list[tuple[str, dict[str, Any]]] = [
            ("node.invoke", {**about, "command": command}) for command in spelled
        ]
        requests += [
            ("tools.invoke", {"name": "node_invoke", "args": {"nodeId": about["nodeId"], "command": command}})
            for command in spelled
        ]
        for answer in await self.in_thread(self.talk, [scopes.WRITE], *requests):
            error = answer["error"] if not answer["ok"] else answer["payload"]["error"]
            self.assertEqual(error["message"], "missing scope: operator.admin")
        said = {"sessionKey": "main", "message": "run it", "idempotencyKey": "k"}
        wait = ("agent.wait", {"runId": "k", "timeoutMs": 10_000})
        ended = (await self.in_thread(self.talk, [scopes.WRITE], ("chat.send", said), wait))[1]
        self.assertEqual(ended["payload"]["status"], "ok")
        (told,) = [m for m in self.model.asked[-1][2]["messages"] if m["role"] == "tool"]
        self.assertEqual(told["content"], "missing scope: operator.admin")
        # Nothing of that has reached the node: the first that it hears is what a writer may have run.
        allowed = ("node.invoke", {**about, "command": " system.which "})
        talking: Deferred[Any] = self.in_thread_now(self.talk, [scopes.WRITE], allowed)
        self.assertEqual(await self.in_thread(self.asked, node), "system.which")
        self.assertTrue((await talking)[0]["ok"])
        await self.in_thread(node.close)

    async def test_administrators_do(self) -> None:
        """The same roads are open to those who may, and to the shared secret over HTTP."""
        node = await self.in_thread(self.node)
        about = {"nodeId": DeviceKey(7).id, "command": " system.run "}
        for road in (
            ("node.invoke", {**about, "idempotencyKey": "k"}),
            ("tools.invoke", {"name": "node_invoke", "args": about}),
        ):
            talking = self.in_thread_now(self.talk, [scopes.ADMIN], road)
            self.assertEqual(await self.in_thread(self.asked, node), "system.run")
            self.assertTrue((await talking)[0]["payload"]["ok"])
        said = {"sessionKey": "main", "message": "run it", "idempotencyKey": "k"}
        await self.in_thread(self.talk, [scopes.ADMIN], ("chat.send", said))
        self.assertEqual(await self.in_thread(self.asked, node), "system.run")
        wait = ("agent.wait", {"runId": "k", "timeoutMs": 10_000})
        self.assertEqual((await self.in_thread(self.talk, [scopes.ADMIN], wait))[0]["payload"]["status"], "ok")
        body = b'{"tool":"node_invoke","args":{"nodeId":"%b","command":"system.run"}}' % DeviceKey(7).id.encode()
        called = self.in_thread_now(self.post, "/tools/invoke", body)
        self.assertEqual(await self.in_thread(self.asked, node), "system.run")
        self.assertEqual((await called)[0], 200)
        await self.in_thread(node.close)

    async def test_http_wants_the_secret(self) -> None:
        """Without it ``/tools/invoke`` runs nothing."""
        status, _, _ = await self.get("/tools/invoke", "POST", b'{"tool":"node_invoke","args":{}}')
        self.assertEqual(status, 401)

    def in_thread_now(self, function: Any, *args: Any) -> "Deferred[Any]":
        """Begin something that is waited for later."""
        return Deferred.fromCoroutine(self.in_thread(function, *args))

    def post(self, path: str, body: bytes) -> Any:
        """A request with the shared secret; blocks."""
        url, headers = f"http://127.0.0.1:{self.port}{path}", {"Authorization": f"Bearer {TOKEN}"}
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as response:
            return response.status, response.read()
