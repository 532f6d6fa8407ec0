"""What a program sends as a conversation, in the words of transcripts: chat messages, or a response's items.

Whoever speaks to this API sends the whole conversation each time. What comes
after the last thing that the assistant said is the turn; the rest is how it
came to that.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from teamgram.openclaw.agent.providers.model_api import ToolSpec, Usage
from teamgram.openclaw.gateway.errors import GatewayError

MAX_MESSAGES = 2000
MAX_TOOLS = 128
MAX_IMAGES = 50
#: Decoded, of one.
MAX_IMAGE_BYTES = 15 * 1024 * 1024
_TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DATA_URL = re.compile(r"data:(image/[a-z0-9.+-]{1,40});base64,([A-Za-z0-9+/=\s]*)", re.IGNORECASE)
_SYSTEM = ("system", "developer")

Clean = Callable[[str], str]


class BadConversation(ValueError):
    """It is none; the message is for the client.

    Attributes:
        parameter: what of the request is wrong.
    """

    def __init__(self, message: str, parameter: str = "messages") -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(slots=True)
class SentConversation:
    """One.

    Attributes:
        system: what is said beside it.
        earlier: messages up to the assistant's last one, as transcripts have them.
        turn: what came after that: of the user, or results of the program's tools. Never empty.
    """

    system: str = ""
    earlier: list[dict[str, Any]] = field(default_factory=list)
    turn: list[dict[str, Any]] = field(default_factory=list)


class _Reader:
    """Puts a conversation together, message by message."""

    def __init__(self, now_ms: int, clean: Clean) -> None:
        self._now_ms = now_ms
        self._clean = clean
        self._system: list[str] = []
        self._messages: list[dict[str, Any]] = []
        self._names: dict[str, str] = {}
        self._images = 0

    def system(self, text: str) -> None:
        """Instructions."""
        if text:
            self._system.append(text)

    def user(self, content: Any) -> None:
        """Somebody says something, perhaps with pictures."""
        parts = self._parts(content)
        if not parts:
            return
        only_text = all(part["type"] == "text" for part in parts)
        said = "\n".join(part["text"] for part in parts) if only_text else parts
        self._messages.append({"role": "user", "content": said, "timestamp": self._now_ms})

    def assistant(self, text: str, calls: list[dict[str, Any]]) -> None:
        """What was answered; words and calls one after the other are one message."""
        content: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
        content += calls
        for call in calls:
            self._names[call["id"]] = call["name"]
        if not content:
            return
        if self._messages and self._messages[-1]["role"] == "assistant":
            self._messages[-1]["content"] += content
            return
        self._messages.append(
            {
                "role": "assistant",
                "content": content,
                "usage": Usage().to_wire(),
                "stopReason": "stop",
                "timestamp": self._now_ms,
            }
        )

    def result(self, call_id: Any, content: Any) -> None:
        """What a tool of the program gave."""
        if not isinstance(call_id, str) or not call_id:
            raise BadConversation("a tool's result needs the id of its call")
        parts = self._parts(content) or [{"type": "text", "text": ""}]
        self._messages.append(
            {
                "role": "toolResult",
                "toolCallId": call_id,
                "toolName": self._names.get(call_id, ""),
                "content": parts,
                "isError": False,
                "timestamp": self._now_ms,
            }
        )

    def _parts(self, content: Any) -> list[dict[str, Any]]:
        if isinstance(content, str):
            return [{"type": "text", "text": self._cleaned(content)}] if content else []
        if content is None:
            return []
        if not isinstance(content, list):
            raise BadConversation("content must be text or a list of parts")
        found = []
        for part in content:
            kind = part.get("type") if isinstance(part, dict) else None
            if kind in ("text", "input_text", "output_text"):
                if not isinstance(part.get("text"), str):
                    raise BadConversation("a part of text needs its text")
                if part["text"]:
                    found.append({"type": "text", "text": self._cleaned(part["text"])})
            elif kind in ("image_url", "input_image"):
                found.append(self._image(part.get("image_url")))
            else:
                raise BadConversation(f"parts of type {str(kind)[:40]} are not supported; text and images are")
        return found

    def _image(self, where: Any) -> dict[str, Any]:
        url = where.get("url") if isinstance(where, dict) else where
        match = _DATA_URL.fullmatch(url) if isinstance(url, str) else None
        if match is None:
            raise BadConversation("images are taken as data: URLs in base64 only")
        self._images += 1
        data = "".join(match[2].split())
        if self._images > MAX_IMAGES or len(data) * 3 // 4 > MAX_IMAGE_BYTES:
            raise BadConversation(f"at most {MAX_IMAGES} images of {MAX_IMAGE_BYTES} bytes")
        try:
            base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise BadConversation("the image is no base64") from None
        return {"type": "image", "mimeType": match[1].lower(), "data": data}

    def _cleaned(self, text: str) -> str:
        try:
            return self._clean(text)
        except GatewayError as error:
            raise BadConversation(error.message) from None

    def done(self) -> SentConversation:
        """All of it.

        Raises:
            BadConversation: nobody has said anything after the assistant.
        """
        last = max((n for n, m in enumerate(self._messages) if m["role"] == "assistant"), default=-1)
        turn = self._messages[last + 1 :]
        if not turn:
            raise BadConversation("Missing user message in `messages`.")
        return SentConversation("\n\n".join(self._system), self._messages[: last + 1], turn)


def from_messages(messages: Any, now_ms: int, clean: Clean) -> SentConversation:
    """Of chat completions.

    Raises:
        BadConversation: it is none.
    """
    if not isinstance(messages, list) or not messages or len(messages) > MAX_MESSAGES:
        raise BadConversation("Missing user message in `messages`.")
    reader = _Reader(now_ms, clean)
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        if role in _SYSTEM:
            reader.system(_text(message.get("content")))
        elif role == "user":
            reader.user(message.get("content"))
        elif role == "assistant":
            reader.assistant(_text(message.get("content")), _calls(message.get("tool_calls")))
        elif role == "tool":
            reader.result(message.get("tool_call_id"), message.get("content"))
        else:
            raise BadConversation("every message needs a role: system, developer, user, assistant or tool")
    return reader.done()


def from_items(given: Any, instructions: Any, now_ms: int, clean: Clean) -> SentConversation:
    """Of a response's ``input``.

    Raises:
        BadConversation: it is none.
    """
    reader = _Reader(now_ms, clean)
    if isinstance(instructions, str):
        reader.system(instructions)
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(items, list) or not items or len(items) > MAX_MESSAGES:
        raise BadConversation("input must be text or a list of items", "input")
    for item in items:
        kind = item.get("type", "message") if isinstance(item, dict) else None
        if kind == "message" and item.get("role") in _SYSTEM:
            reader.system(_text(item.get("content")))
        elif kind == "message" and item.get("role") == "user":
            reader.user(item.get("content"))
        elif kind == "message" and item.get("role") == "assistant":
            reader.assistant(_text(item.get("content")), [])
        elif kind == "function_call":
            reader.assistant("", [_call(item.get("call_id"), item.get("name"), item.get("arguments"))])
        elif kind == "function_call_output":
            reader.result(item.get("call_id"), item.get("output"))
        elif kind not in ("reasoning", "item_reference"):
            raise BadConversation(f"items of type {str(kind)[:40]} are not supported", "input")
    return reader.done()


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _calls(given: Any) -> list[dict[str, Any]]:
    calls = []
    for call in given if isinstance(given, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise BadConversation("a tool call needs its function")
        calls.append(_call(call.get("id"), function.get("name"), function.get("arguments")))
    return calls


def _call(call_id: Any, name: Any, arguments: Any) -> dict[str, Any]:
    if not isinstance(call_id, str) or not call_id or not isinstance(name, str) or not name:
        raise BadConversation("a tool call needs an id and a name")
    try:
        found = json.loads(arguments) if isinstance(arguments, str) and arguments.strip() else {}
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadConversation("a tool call's arguments must be a JSON object")
    return {"type": "toolCall", "id": call_id, "name": name, "arguments": found}


def tools_of(given: Any, choice: Any) -> tuple[ToolSpec, ...]:
    """The program's own tools, in the form of chat completions or of responses.

    Raises:
        BadConversation: one is none.
    """
    if given is None or choice == "none":
        return ()
    if not isinstance(given, list) or len(given) > MAX_TOOLS:
        raise BadConversation(f"tools must be a list of at most {MAX_TOOLS}", "tools")
    found = {}
    for tool in given:
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise BadConversation("tools of type function are supported", "tools")
        function = tool.get("function", tool)
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
            raise BadConversation("a tool needs a name of letters, digits, - and _", "tools")
        parameters = function.get("parameters") or {"type": "object", "properties": {}}
        if not isinstance(parameters, dict):
            raise BadConversation("a tool's parameters must be a JSON Schema", "tools")
        found[name] = ToolSpec(name, str(function.get("description") or ""), parameters)
    return tuple(found.values())
