"""``send_file``: files of the agent's workspace, or one that it writes, to whoever it talks with."""

import mimetypes
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.delivery import FileToSend
from teamgram.openclaw.agent.tools.registry import SEND, Tool, ToolContext, ToolError, parameters
from teamgram.openclaw.agent.tools.workspace import opened, steps
from teamgram.openclaw.gateway.errors import GatewayError

MAX_FILES, MAX_BYTES = 10, 20 << 20
KINDS = ("auto", "photo", "voice", "audio", "document")

#: Brings files to (to, files, caption, context) and says where they went.
SendFiles = Callable[[str, list[FileToSend], str, ToolContext], Awaitable[dict[str, Any]]]
InThread = Callable[[Callable[[], list[FileToSend]]], Deferred[list[FileToSend]]]


def read_files(workspace: Path, paths: list[str], kind: str) -> list[FileToSend]:
    """Files of a workspace, together not larger than one may be. Blocks.

    Raises:
        ToolError: one is not there, or they are too large.
    """
    found, left = [], MAX_BYTES
    for path in paths:
        parts = steps(path)
        with opened(workspace, parts) as descriptor:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ToolError(f"{path} is no file")
            with open(os.dup(descriptor), "rb") as file:
                content = file.read(left + 1)
        if len(content) > left:
            raise ToolError(f"more than {MAX_BYTES >> 20} MB in one message")
        if not content:
            raise ToolError(f"{path} is empty")
        left -= len(content)
        found.append(FileToSend(parts[-1], _type_of(parts[-1]), content, kind))
    return found


def _type_of(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def send_file(send: SendFiles, in_thread: InThread) -> Tool:
    """The tool."""

    async def function(arguments: dict[str, Any], context: ToolContext) -> str:
        workspace, kind = context.agent.workspace, arguments.get("as") or "auto"
        paths, text = arguments.get("paths") or [], arguments.get("text") or ""
        if bool(paths) == bool(text):
            raise ToolError("give either paths or text")
        if text:
            name = steps(arguments.get("name") or "reply.txt")[-1][:200]
            files = [FileToSend(name, _type_of(name), text.encode(), kind)]
        else:
            files = await in_thread(lambda: read_files(workspace, paths, kind))
        try:
            answer = await send(arguments.get("to") or "", files, arguments.get("caption") or "", context)
        except GatewayError as error:
            raise ToolError(error.message) from None
        return f"sent {', '.join(file.name for file in files)} to {answer['to']}"

    path = {"type": "string", "minLength": 1, "maxLength": 1024}
    return Tool(
        "send_file",
        "Send files of your workspace (several as one album), or a text as a file, to whoever this conversation is with"
        " or, with `to`, to somebody else. Pictures are shown as photos, `as: voice` plays an Ogg Opus file as a voice"
        " message.",
        parameters(
            {
                "paths": {"type": "array", "items": path, "maxItems": MAX_FILES, "description": "in the workspace"},
                "text": {"type": "string", "maxLength": 1_000_000},
                "name": {"type": "string", "maxLength": 200, "description": "of the file that text becomes"},
                "caption": {"type": "string", "maxLength": 1024},
                "as": {"type": "string", "enum": list(KINDS)},
                "to": {"type": "string", "maxLength": 512},
            }
        ),
        function,
        effect=SEND,
        group="messaging",
    )
