"""``canvas``: pages that an agent writes and its owner, or a paired device, looks at."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.tools.core import NodeCommands
from teamgram.openclaw.agent.tools.registry import WRITE, Tool, ToolContext, ToolError, parameters
from teamgram.openclaw.agent.tools.workspace import InThread
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.nodes.canvas_documents import CanvasDocuments, CanvasError, a2ui_messages

_ROOT = "/__openclaw__/"
_SHOW, _HIDE, _PUSH, _RESET = "canvas.present", "canvas.hide", "canvas.a2ui.pushJSONL", "canvas.a2ui.reset"


def canvas(documents: CanvasDocuments, nodes: NodeCommands, in_thread: InThread) -> Tool:
    """The tool."""

    async def function(arguments: dict[str, Any], context: ToolContext) -> str:
        action = arguments["action"]
        if action in ("write", "a2ui"):
            return await _write(documents, in_thread, action, arguments)
        if action == "list":
            return await in_thread(lambda: "\n".join(documents.names()) or "(none)")
        return await _on_node(nodes, action, arguments, context)

    text = {"type": "string", "minLength": 1, "maxLength": 2_000_000}
    name = {"type": "string", "minLength": 1, "maxLength": 64}
    return Tool(
        "canvas",
        "Show a page. write: a document in HTML; a2ui: one of A2UI 0.8 messages, a JSON object a line; list: the "
        "documents. On a paired device: present (a document), push (A2UI messages), reset, hide.",
        parameters(
            {
                "action": {"enum": ["write", "a2ui", "list", "present", "push", "reset", "hide"]},
                "document": name,
                "html": text,
                "jsonl": text,
                "title": {"type": "string", "maxLength": 200},
                "nodeId": {"type": "string", "minLength": 1, "maxLength": 256},
            },
            ["action"],
        ),
        function,
        effect=WRITE,
        group="canvas",
        over_http=False,
    )


def _needed(arguments: dict[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise ToolError(f"{arguments['action']} needs {name}")
    return value


def _write(documents: CanvasDocuments, in_thread: InThread, action: str, arguments: dict[str, Any]) -> Deferred[str]:
    name = _needed(arguments, "document")
    content = _needed(arguments, "html" if action == "write" else "jsonl")
    put: Callable[[str, str], str] = documents.write if action == "write" else documents.write_a2ui

    def write() -> str:
        try:
            path = put(name, content)
        except CanvasError as error:
            raise ToolError(str(error)) from None
        # As OpenClaw's own canvas tool says it: its Control UI shows such a result as a page.
        view = {"backend": "canvas", "id": name, "url": _ROOT + path}
        shown = {"target": "assistant_message", "title": arguments.get("title") or name}
        return frames.encode_json({"kind": "canvas", "view": view, "presentation": shown}).decode()

    return in_thread(write)


async def _on_node(nodes: NodeCommands, action: str, arguments: dict[str, Any], context: ToolContext) -> str:
    node_id = _needed(arguments, "nodeId")
    command, params = _HIDE, {}
    if action == "present":
        url = f"{_ROOT}canvas/documents/{_needed(arguments, 'document')}/index.html"
        command, params = _SHOW, {"url": url}
    elif action == "push":
        jsonl = _needed(arguments, "jsonl")
        try:
            a2ui_messages(jsonl)
        except CanvasError as error:
            raise ToolError(str(error)) from None
        command, params = _PUSH, {"jsonl": jsonl}
    elif action == "reset":
        command = _RESET
    try:
        answer = await nodes.invoke(node_id, command, params, None, context.call_key, context.granted)
    except GatewayError as error:
        raise ToolError(error.message) from None
    return frames.encode_json(answer["payload"]).decode()
