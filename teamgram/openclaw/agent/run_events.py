"""One run's events, in the shapes and the order that clients know: ``chat``, ``agent``, ``session.tool``.

``seq`` in a payload is the run's own event number; a ``chat`` event carries
the number of the ``agent`` event that it goes with.
"""

from collections.abc import Callable, Sequence
from typing import Any

from teamgram.openclaw.agent.streaming import Piece
from teamgram.openclaw.gateway.events import EventStream, Subscriber

#: Beyond this much text, ``agent``'s own copy of the words ends; ``chat`` goes on.
MAX_ASSISTANT_STREAM_CHARS = 65536
_MAX_TERMINAL_REPLY_CHARS = 8192

#: Clients that render the cumulative text of a delta.
_VIEWERS = frozenset({"openclaw-tui"})
_SCOPED = "session-scoped-events"
_TOOLS = "tool-events"


def assistant_message(text: str, now_ms: int) -> dict[str, Any]:
    """A reply as chat events have it."""
    return {"role": "assistant", "content": [{"type": "text", "text": text}], "timestamp": now_ms}


def merge_deltas(older: dict[str, Any], newer: dict[str, Any]) -> dict[str, Any]:
    """Two ``chat`` deltas as one, for a client that has read neither."""
    if newer.get("replace"):
        return newer
    merged = {**newer, "deltaText": older["deltaText"] + newer["deltaText"]}
    if older.get("replace"):
        merged["replace"] = True
    return merged


def merge_assistant(older: dict[str, Any], newer: dict[str, Any]) -> dict[str, Any]:
    """Two ``agent`` events of stream ``assistant`` as one."""
    if older["data"]["itemId"] != newer["data"]["itemId"] or newer["data"].get("replace"):
        return newer
    data = {**newer["data"], "delta": older["data"]["delta"] + newer["data"]["delta"]}
    return {**newer, "data": data}


class RunEvents:
    """Tells about one run."""

    def __init__(
        self,
        stream: EventStream,
        now_ms: Callable[[], int],
        *,
        run_id: str,
        session_key: str,
        session_id: str,
        agent_id: str,
        sender: Subscriber | None,
        is_chat: bool,
        is_heartbeat: bool = False,
    ) -> None:
        """Args:
        sender: who asked; only it hears the arguments and results of tools in ``agent`` events.
        is_chat: tell the phases before the model starts, as for ``chat.send``.
        """
        self.seq = 0
        self._stream = stream
        self._now_ms = now_ms
        self._run_id = run_id
        self._key = session_key
        self._session_id = session_id
        self._agent_id = agent_id
        self._sender = sender
        self._is_chat = is_chat
        self._is_heartbeat = is_heartbeat
        self._item = 0

    def _hears(self, subscriber: Subscriber) -> bool:
        return _SCOPED not in subscriber.caps or self._key in subscriber.session_keys

    def _hears_as_viewer(self, subscriber: Subscriber) -> bool:
        return subscriber.client_id in _VIEWERS and self._hears(subscriber)

    def _hears_plainly(self, subscriber: Subscriber) -> bool:
        return subscriber.client_id not in _VIEWERS and self._hears(subscriber)

    def _hears_tools(self, subscriber: Subscriber) -> bool:
        return subscriber is self._sender and _TOOLS in subscriber.caps

    def _follows(self, subscriber: Subscriber) -> bool:
        return subscriber.all_sessions and not self._hears_tools(subscriber)

    def _chat(self, state: str, **more: Any) -> dict[str, Any]:
        return {
            "runId": self._run_id,
            "sessionKey": self._key,
            "agentId": self._agent_id,
            "seq": self.seq,
            "state": state,
            **more,
        }

    def _agent(self, stream: str, data: dict[str, Any]) -> dict[str, Any]:
        payload = {
            "runId": self._run_id,
            "sessionKey": self._key,
            "sessionId": self._session_id,
            "agentId": self._agent_id,
            "stream": stream,
            "data": data,
            "seq": self.seq,
            "ts": self._now_ms(),
        }
        if self._is_chat:
            payload["isHeartbeat"] = self._is_heartbeat
        return payload

    def _send(self, name: str, payload: dict[str, Any]) -> None:
        self._stream.broadcast(name, payload, only=self._hears, group=self._run_id)

    # Phases

    def status(self, phase: str, **more: Any) -> None:
        """``preparing_workspace``, ``preparing_context``, ``starting_model``; ``retrying`` with its figures."""
        if not self._is_chat:
            return
        self.seq += 1
        chat_phase = "starting_model" if phase == "retrying" else phase
        self._send("chat", self._chat("status", phase=chat_phase))
        self._send("agent", self._agent("run_status", {"phase": phase, **more}))

    def lifecycle(self, phase: str, **data: Any) -> None:
        """``start``, ``model``, ``finishing``, ``end``, ``error``, ``fallback_step``."""
        self.seq += 1
        self._send("agent", self._agent("lifecycle", {"phase": phase, **data}))

    def usage(self, output_tokens: int) -> None:
        """What was generated so far."""
        self.seq += 1
        self._send("agent", self._agent("usage", {"outputTokens": output_tokens}))

    # Words

    def begin_item(self) -> None:
        """Another model call's words follow."""
        self._item += 1

    def piece(self, piece: Piece, told: int) -> None:
        """Some words; ``told`` is how many characters were told with them."""
        self.seq += 1
        if told <= MAX_ASSISTANT_STREAM_CHARS:
            data: dict[str, Any] = {"delta": piece.item_delta, "itemId": f"{self._run_id}:{self._item}"}
            if piece.item_text:
                data["text"] = piece.item_text
            if piece.replaces:
                data["replace"] = True
            self._stream.broadcast(
                "agent",
                self._agent("assistant", data),
                only=self._hears,
                group=self._run_id,
                merge=merge_assistant,
            )
        delta = self._chat("delta", deltaText=piece.text)
        if piece.replaces:
            delta["replace"] = True
        with_whole = delta
        whole = piece.whole_for_viewers if piece.whole_for_viewers is not None else piece.whole
        if whole is not None:
            with_whole = {**delta, "message": assistant_message(whole, self._now_ms())}
        if (piece.whole is None) == (piece.whole_for_viewers is None):
            self._deltas(with_whole, self._hears)
        else:
            self._deltas(with_whole if piece.whole is not None else delta, self._hears_plainly)
            self._deltas(with_whole if piece.whole_for_viewers is not None else delta, self._hears_as_viewer)

    def _deltas(self, payload: dict[str, Any], only: Callable[[Subscriber], bool]) -> None:
        self._stream.broadcast("chat", payload, only=only, group=self._run_id, merge=merge_deltas)

    # Tools

    def tool(self, phase: str, name: str, call_id: str, **data: Any) -> None:
        """``start`` with ``args``, ``result`` with ``result`` and ``isError``."""
        item = {"itemId": f"tool:{call_id}", "toolCallId": call_id, "name": name, "kind": "tool", "title": name}
        detail = {"phase": phase, "name": name, "toolCallId": call_id, **data}
        if phase == "start":
            self.seq += 1
            self._send("agent", self._agent("item", {**item, "phase": "start", "status": "running"}))
            self._tool_detail(detail)
            return
        self._tool_detail(detail)
        self.seq += 1
        status = "failed" if data.get("isError") else "completed"
        self._send("agent", self._agent("item", {**item, "phase": "end", "status": status}))

    def _tool_detail(self, detail: dict[str, Any]) -> None:
        self.seq += 1
        payload = self._agent("tool", detail)
        self._stream.broadcast("agent", payload, only=self._hears_tools, group=self._run_id)
        self._stream.broadcast("session.tool", payload, only=self._follows, group=self._run_id)

    # The end

    def final(self, text: str, stop_reason: str | None, images: Sequence[dict[str, Any]] = ()) -> None:
        """The run's one end when it went well; without words for one that another run took up."""
        more: dict[str, Any] = {}
        if stop_reason:
            more["stopReason"] = stop_reason
        if text or images:
            message = assistant_message(text, self._now_ms())
            message["content"] = [*(message["content"] if text else ()), *images]
            more["message"] = message
        self._send("chat", self._chat("final", **more))

    def aborted(self, text: str, stop_reason: str) -> None:
        """The run's one end when somebody stopped it."""
        more = {"message": assistant_message(text, self._now_ms())} if text else {}
        self._send("chat", self._chat("aborted", stopReason=stop_reason, **more))

    def error(self, message: str, kind: str | None, detail: dict[str, Any] | None) -> None:
        """The run's one end when it failed."""
        more: dict[str, Any] = {"errorMessage": message}
        if kind:
            more["errorKind"] = kind
        if detail:
            more["errorDetail"] = detail
        self._send("chat", self._chat("error", **more))


def terminal_reply(text: str, most: int = _MAX_TERMINAL_REPLY_CHARS) -> dict[str, Any]:
    """``terminalReply``: the words too, unless they are many."""
    if not text:
        return {"disposition": "silent"}
    return {"disposition": "visible", "text": text} if len(text) <= most else {"disposition": "visible"}
