"""Pages that an agent writes: as files, over a port of their own, on a device."""

import json
from typing import Any

from teamgram.openclaw.nodes import canvas_documents
from teamgram.openclaw.nodes.canvas_documents import CanvasError, a2ui_messages
from trial_tests.clients.server import free_port
from trial_tests.openclaw.agent.agents import AgentsTestCase
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import LiveTestCase, SocketClient

_TEXT = {"id": "t", "component": {"Text": {"text": {"literalString": "</script><b>hi"}}}}
_A2UI = "\n".join(
    json.dumps(line)
    for line in (
        {"surfaceUpdate": {"surfaceId": "s", "components": [_TEXT]}},
        {"beginRendering": {"surfaceId": "s", "root": "t"}},
    )
)


class CanvasToolTests(AgentsTestCase):
    """``canvas``."""

    def call(self, **args: Any) -> Any:
        """What the tool answers."""
        return self.ok("tools.invoke", name="canvas", args=args)

    def refused(self, **args: Any) -> str:
        """Why it does not."""
        answer = self.call(**args)
        self.assertFalse(answer["ok"], answer)
        return str(answer["error"]["message"])

    def test_written(self) -> None:
        """HTML as it is, A2UI as a page with its messages in it; the result says where, as OpenClaw's UI reads it."""
        shown = json.loads(self.call(action="write", document="tea", html="<p>Tea</p>", title="Tea")["output"])
        self.assertEqual((shown["kind"], shown["presentation"]["title"]), ("canvas", "Tea"))
        self.assertEqual(shown["view"]["url"], "/__openclaw__/canvas/documents/tea/index.html")
        canvas = self.house.plane.canvas
        page = canvas.file("canvas/documents/tea/index.html")
        assert page is not None
        self.assertEqual(page.read_text(), "<p>Tea</p>")
        self.call(action="a2ui", document="ui", jsonl=_A2UI)
        page = canvas.file("canvas/documents/ui/index.html")
        assert page is not None
        self.assertIn('"literalString":"\\u003c/script>\\u003cb>hi"', page.read_text())
        self.assertNotIn("</script><b>", page.read_text())
        self.assertEqual(self.call(action="list")["output"], "tea\nui")

    def test_refused(self) -> None:
        """Names that lead elsewhere, what is no A2UI, what is missing, too much."""
        for name in ("../x", "a/b", ".", "UPPER", "x" * 65):
            self.assertTrue(self.refused(action="write", document=name, html="x"))
        self.assertIn("needs html", self.refused(action="write", document="a"))
        self.assertIn("line 1 is no JSON", self.refused(action="a2ui", document="a", jsonl="{nope"))
        self.assertIn("must be one of", self.refused(action="a2ui", document="a", jsonl='{"createSurface":{}}'))
        self.assertIn("needs nodeId", self.refused(action="hide"))
        self.patch(canvas_documents, "MAX_DOCUMENTS", 1)
        self.call(action="write", document="one", html="x")
        self.assertIn("already", self.refused(action="write", document="two", html="x"))
        self.call(action="write", document="one", html="y")
        self.patch(canvas_documents, "MAX_DOCUMENT_BYTES", 10)
        self.assertIn("at most", self.refused(action="write", document="one", html="x" * 11))
        with self.assertRaises(CanvasError):
            a2ui_messages('{"deleteSurface":{}}\n' * 1001)

    def test_links(self) -> None:
        """A document that is a link to somewhere else is not written."""
        documents = self.house.plane.canvas.directory / "documents"
        documents.mkdir(parents=True)
        (documents / "out").symlink_to(self.house.directory)
        self.assertIn("elsewhere", self.refused(action="write", document="out", html="x"))

    def test_on_a_device(self) -> None:
        """Shown, pushed, reset and hidden on a node, by the commands that it knows."""
        asked: list[tuple[str, Any]] = []

        async def invoke(node_id: str, command: str, params: Any, *more: Any) -> dict[str, Any]:
            asked.append((command, params))
            return {"payload": {"ok": True}}

        self.patch(self.house.plane.nodes, "invoke", invoke)
        self.call(action="present", document="tea", nodeId="phone")
        self.call(action="push", jsonl=_A2UI, nodeId="phone")
        self.call(action="reset", nodeId="phone")
        self.call(action="hide", nodeId="phone")
        self.assertEqual(asked[0], ("canvas.present", {"url": "/__openclaw__/canvas/documents/tea/index.html"}))
        self.assertEqual(asked[1], ("canvas.a2ui.pushJSONL", {"jsonl": _A2UI}))
        self.assertEqual([command for command, _ in asked[2:]], ["canvas.a2ui.reset", "canvas.hide"])


class CanvasHostTests(LiveTestCase):
    """A port for documents and nothing else."""

    canvas_port = free_port()
    config = {"canvasHost": {"port": canvas_port}}

    async def test_documents_only(self) -> None:
        """With a capability or the secret; no other path, no WebSocket; as shipped there is no such port."""
        below = self.plane.canvas.directory / "documents" / "doc1"
        below.mkdir(parents=True)
        (below / "index.html").write_text("<p>hi</p>")
        client = await self.in_thread(SocketClient, self.port)
        hello = await self.in_thread(client.hello)
        capability = hello["pluginSurfaceUrls"]["canvas"].removeprefix("http://127.0.0.1")
        self.assertEqual([kind for _, _, kind in self.service.addresses()], ["gateway", "canvas"])
        self.port = self.service.ports[1][1]
        document = "/__openclaw__/canvas/documents/doc1/"
        self.assertEqual((await self.get(capability + document))[::2], (200, b"<p>hi</p>"))
        self.assertEqual((await self.get(document, Authorization=f"Bearer {TOKEN}"))[0], 200)
        self.assertEqual((await self.get(document))[0], 401)
        for path in ("/", "/healthz", "/metrics", "/v1/models"):
            self.assertEqual((await self.get(path, Authorization=f"Bearer {TOKEN}"))[0], 404, path)
        refused = await self.in_thread(SocketClient, self.port)
        self.assertIn(b"404", refused.head)
        refused.close()
        client.close()
