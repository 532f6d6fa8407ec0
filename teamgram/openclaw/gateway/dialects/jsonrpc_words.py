"""What things are called in the JSON-RPC dialect: parameters on their way in, results and pushes on their way out."""

import uuid
from collections.abc import Callable
from typing import Any

from teamgram.openclaw.gateway.errors import invalid

#: This dialect's names for methods that the router has under another; all others are reached under their own.
METHODS = {
    "agent.invoke": "agent",
    "tools.list": "tools.catalog",
}

#: Methods of the family whose sessions go by ``sessionKey``, not by ``key``.
_BY_SESSION_KEY = ("sessions.fork", "sessions.rewind", "sessions.branches.list", "sessions.branches.switch")

_CHAT_EVENTS = {
    "delta": "message.delta",
    "final": "message.complete",
    "error": "message.error",
    "aborted": "message.aborted",
    "status": "message.status",
}
_SESSION_TYPES = ("main", "group", "dm")
#: Of a session's row, what its ``config`` is.
_CONFIG = (
    "modelProvider", "model", "contextTokens", "thinkingLevel", "permissionMode", "sendPolicy", "groupActivation",
    "effectiveQueueMode",
)  # fmt: skip


def router_params(method: str, params: Any, key_of: Callable[[str], str]) -> Any:
    """Parameters under the router's names: this dialect's clients leave the optional ones out.

    Args:
        key_of: a session's key of its id; what is none stays as it is.

    Raises:
        GatewayError: they make no sense.
    """
    if not isinstance(params, dict):
        return params
    mapped = dict(params)
    if isinstance(mapped.get("sessionId"), str) and method != "sessions.resolve":
        mapped["sessionKey"] = key_of(mapped.pop("sessionId"))
    if method.startswith("sessions.") and method not in _BY_SESSION_KEY:
        if "sessionKey" in mapped and "key" not in mapped:
            mapped["key"] = mapped.pop("sessionKey")
        return _created(mapped) if method == "sessions.create" else mapped
    if method == "tools.invoke":
        if "tool" in mapped and "name" not in mapped:
            mapped["name"] = mapped.pop("tool")
        return mapped
    if method not in ("chat.send", "agent.invoke"):
        return mapped
    for ours in ("content", "text"):
        if ours in mapped and "message" not in mapped:
            mapped["message"] = mapped.pop(ours)
    mapped.setdefault("idempotencyKey", str(uuid.uuid4()))
    if method == "chat.send":
        mapped.setdefault("sessionKey", "main")
        mapped.pop("stream", None)
    return mapped


def _created(params: dict[str, Any]) -> dict[str, Any]:
    """``{channel, peer, type}`` as a key: ``main``, ``<channel>:group:<peer>``, ``<channel>:direct:<peer>``."""
    kind, channel, peer = params.pop("type", None), params.pop("channel", None), params.pop("peer", None)
    if kind is None and channel is None and peer is None:
        return params
    if kind is None:
        kind = "dm"
    if kind not in _SESSION_TYPES:
        raise invalid(f"invalid sessions.create params: type must be one of {', '.join(_SESSION_TYPES)}")
    if kind == "main":
        return {**params, "key": "main"}
    for name, value in (("channel", channel), ("peer", peer)):
        if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip() or ":" in str(value):
            raise invalid(f"invalid sessions.create params: {name} must be a name")
    return {**params, "key": f"{channel}:{'group' if kind == 'group' else 'direct'}:{peer}"}


def session(row: dict[str, Any]) -> dict[str, Any]:
    """A session as this dialect describes it, its row's other fields beside."""
    kind = "main" if row.get("isMain") else "group" if row.get("kind") == "group" else "dm"
    return {
        **row,
        "id": row.get("sessionId"),
        "type": kind,
        "channel": row.get("channel"),
        "peer": row.get("peer"),
        "state": row.get("state"),
        "config": {name: row[name] for name in _CONFIG if row.get(name) is not None},
        "createdAt": row.get("createdAt"),
        "updatedAt": row.get("updatedAt"),
    }


def result(method: str, said: Any) -> Any:
    """An answer in this dialect's words.

    Raises:
        GatewayError: what is an answer there is a failure here.
    """
    if not isinstance(said, dict):
        return said
    if method == "chat.send" and "runId" in said:
        return {**said, "messageId": said["runId"]}
    if method == "tools.invoke" and "toolName" in said:
        return _tool_result(said)
    if isinstance(said.get("session"), dict):
        described = session(said["session"])
        # What a session is stands in the answer itself, as it is described.
        return {**described, **said, "session": described} if method.startswith("sessions.") else said
    if isinstance(said.get("sessions"), list) and method == "sessions.list":
        return {**said, "sessions": [session(row) for row in said["sessions"]]}
    return said


def _tool_result(said: dict[str, Any]) -> dict[str, Any]:
    if said.get("ok"):
        return {**said, "content": [{"type": "text", "text": said["output"]}]}
    error = said["error"]
    if error["code"] == "not_found":
        raise invalid(f"Tool not found: {said['toolName']}")
    raise invalid(str(error["message"]))


def kind_of(name: str) -> str:
    """The ``type`` of the push that an event is; empty for one that this dialect does not have."""
    if name in ("chat", "agent"):
        return f"{name}.event"
    if name.startswith(("session.", "sessions.")):
        return "session.event"
    return "config.reloaded" if name == "config.changed" else ""


def push(name: str, payload: Any, now_ms: int) -> dict[str, Any] | None:
    """An event as ``{type, event, data, id, timestamp}``; None for one that this dialect does not have."""
    if name == "chat":
        kind, event = "chat.event", _CHAT_EVENTS.get(payload.get("state"), "message.status")
        return _pushed(kind, event, {**payload, **_words(payload)}, payload.get("runId"), now_ms)
    if name == "agent":
        phase = payload.get("data", {}).get("phase")
        event = f"{payload.get('stream')}.{phase}" if phase else str(payload.get("stream"))
        return _pushed("agent.event", event, payload, payload.get("runId"), now_ms)
    if name.startswith(("session.", "sessions.")):
        about = payload
        if isinstance(payload.get("session"), dict):
            about = {**payload, "session": session(payload["session"])}
        about_id = payload.get("messageId") or payload.get("runId") or payload.get("sessionKey")
        return _pushed("session.event", name.partition(".")[2], about, about_id, now_ms)
    if name == "config.changed":
        return {"type": "config.reloaded", "configHash": payload.get("hash"), "data": payload, "timestamp": now_ms}
    return None


def _pushed(kind: str, event: str, data: Any, about_id: Any, now_ms: int) -> dict[str, Any]:
    return {"type": kind, "event": event, "data": data, "id": about_id, "timestamp": now_ms}


def chunk(request_id: Any, text: str, payload: dict[str, Any], now_ms: int) -> dict[str, Any]:
    """A piece of a reply that was asked for in pieces: under the id of the request."""
    data = {"text": text, "runId": payload.get("runId"), "sessionKey": payload.get("sessionKey")}
    return _pushed("chat.event", "chunk", data, request_id, now_ms)


def _words(payload: dict[str, Any]) -> dict[str, Any]:
    state = payload.get("state")
    if state == "delta":
        return {"text": payload.get("deltaText", "")}
    if state in ("final", "aborted"):
        return {"fullText": text_of(payload.get("message"))}
    return {}


def text_of(message: Any) -> str:
    """The words of a message."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or () if isinstance(part, dict))
