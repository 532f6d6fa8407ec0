"""``POST /v1/responses``."""

import json
import uuid
from collections import OrderedDict
from typing import Any

from twisted.web.http import Request

from teamgram.openclaw.agent.outcome import ERROR, Outcome
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.http import HttpRoutes, answer_json
from teamgram.openclaw.methods.chat import clean
from teamgram.openclaw.openai_api import conversation
from teamgram.openclaw.openai_api.fetched_images import FetchedImages
from teamgram.openclaw.openai_api.turns import (
    MAX_BODY_BYTES,
    ApiRefusal,
    ApiTurns,
    body_of,
    max_tokens_of,
    refused,
    usage_of,
)

#: Responses that may still be gone on with by ``previous_response_id``.
MAX_REMEMBERED = 1000


class Responses:
    """The resource."""

    def __init__(self, parts: AgentParts, turns: ApiTurns, images: FetchedImages, routes: HttpRoutes) -> None:
        self._parts = parts
        self._images = images
        self._turns = turns
        #: Session keys by response id, the newest last.
        self._sessions: OrderedDict[str, str] = OrderedDict()
        routes.add("/v1/responses", self.respond, methods=("POST",), bearer=True, max_body_bytes=MAX_BODY_BYTES)

    async def respond(self, request: Request) -> None:
        """One response, whole or in pieces."""
        try:
            await self._respond(request)
        except ApiRefusal as error:
            error.answer(request)

    async def _respond(self, request: Request) -> None:
        if not self._parts.config.sections.gateway.http.endpoints.responses.enabled:
            raise ApiRefusal(404, "Not Found", kind="not_found")
        body, turns = body_of(request), self._turns
        agent = turns.agent(request, body.get("model"))
        limit = max_tokens_of(body, "max_output_tokens")
        try:
            section = self._parts.config.sections.gateway.http.endpoints.responses
            await self._images.put_in(body.get("input"), section)
            sent = conversation.from_items(body.get("input"), body.get("instructions"), turns.now_ms(), clean)
            tools = conversation.tools_of(body.get("tools") or None, body.get("tool_choice"))
        except conversation.BadConversation as error:
            raise refused(error) from None
        session = turns.session(request, agent, body.get("user"), self._previous(body.get("previous_response_id")))
        turn = await turns.start(request, session, sent, tools=tools, max_tokens=limit)
        written = _Response(request, body, turns.now_ms() // 1000)
        if body.get("stream"):
            written.begin()
            turn.listen(written.delta)
        outcome = await turns.end(turn)
        self._sessions[written.id] = turn.session_key
        while len(self._sessions) > MAX_REMEMBERED:
            self._sessions.popitem(last=False)
        written.end(outcome)

    def _previous(self, response_id: Any) -> str:
        if response_id is None:
            return ""
        key = self._sessions.get(response_id) if isinstance(response_id, str) else None
        if key is None:
            text = f"Previous response with id '{str(response_id)[:80]}' not found."
            raise ApiRefusal(400, text, parameter="previous_response_id", code="previous_response_not_found")
        return key


class _Response:
    """Writes one."""

    def __init__(self, request: Request, body: dict[str, Any], created: int) -> None:
        self.id = f"resp_{uuid.uuid4().hex}"
        self._item_id = f"msg_{uuid.uuid4().hex}"
        self._request = request
        self._streams = bool(body.get("stream"))
        self._text = ""
        self._number = 0
        self._gone = False
        self._head = {
            "id": self.id,
            "object": "response",
            "created_at": created,
            "model": str(body.get("model")),
            "error": None,
            "incomplete_details": None,
            "instructions": body.get("instructions"),
            "metadata": body.get("metadata") or {},
            "parallel_tool_calls": True,
            "previous_response_id": body.get("previous_response_id"),
            "tool_choice": body.get("tool_choice") or "auto",
            "tools": body.get("tools") or [],
            "temperature": None,
            "top_p": None,
        }
        request.notifyFinish().addErrback(self._left)

    def _left(self, failure: Any) -> None:
        self._gone = True

    def _whole(self, status: str, output: list[Any], usage: Any = None, **more: Any) -> dict[str, Any]:
        return {**self._head, "status": status, "output": output, "usage": usage, **more}

    def _event(self, kind: str, **more: Any) -> None:
        if self._gone:
            return
        value = {"type": kind, "sequence_number": self._number, **more}
        self._number += 1
        self._request.write(b"event: %b\ndata: %b\n\n" % (kind.encode(), frames.encode_json(value)))

    def begin(self) -> None:
        """Headers and the first events."""
        self._request.setHeader(b"content-type", b"text/event-stream; charset=utf-8")
        self._request.setHeader(b"cache-control", b"no-cache")
        self._event("response.created", response=self._whole("in_progress", []))
        self._event("response.in_progress", response=self._whole("in_progress", []))

    def delta(self, text: str) -> None:
        """Some words."""
        if not text:
            return
        if not self._text:
            item = {"id": self._item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
            self._event("response.output_item.added", output_index=0, item=item)
            part = {"type": "output_text", "text": "", "annotations": []}
            self._event("response.content_part.added", **self._place, part=part)
        self._text += text
        self._event("response.output_text.delta", **self._place, delta=text, logprobs=[])

    @property
    def _place(self) -> dict[str, Any]:
        return {"item_id": self._item_id, "output_index": 0, "content_index": 0}

    def _message(self, text: str) -> dict[str, Any]:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        return {"id": self._item_id, "type": "message", "role": "assistant", "status": "completed", "content": content}

    def end(self, outcome: Outcome) -> None:
        """The whole response, or the last events."""
        if self._gone:
            return
        if outcome.status == ERROR:
            self._failed(outcome)
            return
        output: list[dict[str, Any]] = [self._message(outcome.text)] if outcome.text or not outcome.tool_calls else []
        calls = [
            {
                "id": f"fc_{uuid.uuid4().hex}",
                "type": "function_call",
                "status": "completed",
                "call_id": call["id"],
                "name": call["name"],
                "arguments": json.dumps(call["arguments"], ensure_ascii=False),
            }
            for call in outcome.tool_calls
        ]
        cut = {"incomplete_details": {"reason": "max_output_tokens"}} if outcome.stop_reason == "length" else {}
        status = "incomplete" if cut else "completed"
        whole = self._whole(status, [*output, *calls], _usage(outcome), **cut)
        if not self._streams:
            answer_json(self._request, 200, whole)
            return
        if output:
            self._message_events(outcome.text)
        for index, call in enumerate(calls, len(output)):
            self._call_events(index, call)
        self._event(f"response.{status}", response=whole)
        self._request.finish()

    def _message_events(self, text: str) -> None:
        # What only stands in the end (a run without a stream's words) comes now.
        self.delta(text.removeprefix(self._text) if text.startswith(self._text) else "")
        part = {"type": "output_text", "text": text, "annotations": []}
        self._event("response.output_text.done", **self._place, text=text, logprobs=[])
        self._event("response.content_part.done", **self._place, part=part)
        self._event("response.output_item.done", output_index=0, item=self._message(text))

    def _call_events(self, index: int, call: dict[str, Any]) -> None:
        begun = {**call, "status": "in_progress", "arguments": ""}
        self._event("response.output_item.added", output_index=index, item=begun)
        where = {"item_id": call["id"], "output_index": index}
        self._event("response.function_call_arguments.delta", **where, delta=call["arguments"])
        self._event("response.function_call_arguments.done", **where, arguments=call["arguments"], name=call["name"])
        self._event("response.output_item.done", output_index=index, item=call)

    def _failed(self, outcome: Outcome) -> None:
        if not self._streams:
            ApiRefusal(500, outcome.summary, kind="api_error").answer(self._request)
            return
        error = {"code": "server_error", "message": outcome.summary}
        self._event("response.failed", response=self._whole("failed", [], error=error))
        self._request.finish()


def _usage(outcome: Outcome) -> dict[str, Any]:
    counted = usage_of(outcome)
    return {
        "input_tokens": counted["read"],
        "input_tokens_details": {"cached_tokens": counted["cached"]},
        "output_tokens": counted["written"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": counted["read"] + counted["written"],
    }
