"""The agents over HTTP: OpenAI's resources (``openai_api``), ``/tools/invoke``, ``/sessions/<key>/history``."""

from typing import Any
from urllib.parse import unquote

from twisted.logger import Logger
from twisted.web.http import Request

from teamgram.domain.web_pages.fetching import PageFetcher
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.gateway.http import HttpRoutes, answer_json
from teamgram.openclaw.methods.tools import ToolMethods
from teamgram.openclaw.openai_api.completions import ChatCompletions
from teamgram.openclaw.openai_api.fetched_images import SECONDS, FetchedImages
from teamgram.openclaw.openai_api.models import Models
from teamgram.openclaw.openai_api.responses import Responses
from teamgram.openclaw.openai_api.turns import GRANTED, ApiTurns

_HISTORY_PATH = "/sessions/"


class HttpApi:
    """The resources."""

    _log = Logger()

    def __init__(self, parts: AgentParts, tools: ToolMethods, routes: HttpRoutes) -> None:
        self._parts = parts
        self._tools = tools
        turns = ApiTurns(parts)
        self.images = FetchedImages(PageFetcher(parts.reactor, SECONDS))
        ChatCompletions(parts, turns, self.images, routes)
        Responses(parts, turns, self.images, routes)
        Models(parts, turns, routes)
        routes.add("/tools/invoke", self.invoke, methods=("POST",), bearer=True)
        routes.add(_HISTORY_PATH, self.history, bearer=True)

    # Tools and histories

    async def invoke(self, request: Request) -> None:
        """``POST /tools/invoke``: the tools that are harmless to call from outside."""
        body = _body(request)
        name = body.get("tool") if isinstance(body, dict) else None
        args = body.get("args", {}) if isinstance(body, dict) else None
        if not isinstance(name, str) or not name or not isinstance(args, dict):
            error = {"type": "invalid_request", "message": "tool (text) and args (object) are needed"}
            answer_json(request, 400, {"ok": False, "error": error})
            return
        tool = self._parts.tools.get(name)
        if tool is None or not tool.over_http:
            error = {"type": "not_found", "message": f"Tool not available: {name}"}
            answer_json(request, 404, {"ok": False, "error": error})
            return
        params = {"sessionKey": body["sessionKey"]} if isinstance(body.get("sessionKey"), str) else {}
        try:
            answer = await self._tools.run(name, args, params, GRANTED)
        except GatewayError as error:
            answer_json(request, 400, {"ok": False, "error": {"type": "invalid_request", "message": error.message}})
            return
        if answer["ok"]:
            result = {"content": [{"type": "text", "text": answer["output"]}]}
            answer_json(request, 200, {"ok": True, "result": result})
        else:
            code = answer["error"]["code"]
            refused = {"type": code, "message": answer["error"]["message"]}
            answer_json(request, 403 if code == "forbidden" else 400, {"ok": False, "error": refused})

    async def history(self, request: Request) -> None:
        """``GET /sessions/<key>/history?limit=``."""
        path = request.path.decode("utf-8", "replace")
        key, slash, last = path.removeprefix(_HISTORY_PATH).rpartition("/")
        if not slash or last != "history" or not key:
            answer_json(request, 404, {"error": {"message": "Not Found", "type": "not_found"}})
            return
        text = request.args.get(b"limit", [b"200"])[0]
        # Python itself refuses to read a number of thousands of digits.
        limit = min(int(text[:9]), 1000) if text.isdigit() and int(text[:9]) else 200
        try:
            found = self._parts.runs.parse_key(unquote(key))
        except GatewayError as error:
            _refuse(request, error.message)
            return
        session = self._parts.sessions.get(found.text)
        if session is None:
            message = f"Session not found: {found.text}"
            answer_json(request, 404, {"ok": False, "error": {"type": "not_found", "message": message}})
            return
        items = await self._parts.histories.page(session, limit)
        answer_json(request, 200, {"sessionKey": found.text, "items": items, "messages": items})


def _body(request: Request) -> Any:
    assert request.content is not None
    try:
        return frames.decode_json(request.content.read())
    except frames.NotJson:
        return None


def _refuse(request: Request, message: str) -> None:
    answer_json(request, 400, {"error": {"message": message, "type": "invalid_request_error"}})
