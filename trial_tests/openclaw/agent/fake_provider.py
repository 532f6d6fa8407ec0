"""An HTTP server that answers as model providers do, in whatever way a test asks for."""

import json
from typing import Any

from twisted.internet import reactor
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site


class Answer:
    """One answer: status, headers, and pieces of the body. ``hang`` leaves it unfinished, ``cut`` drops the socket."""

    def __init__(
        self, pieces: list[bytes], status: int = 200, *, hang: bool = False, cut: bool = False, **headers: str
    ) -> None:
        self.pieces = pieces
        self.status = status
        self.hang = hang
        self.cut = cut
        self.headers = headers


class FakeProvider(Resource):
    """Gives ``answers`` in order, the last one again and again.

    Attributes:
        asked: (path, headers, parsed body) of each request.
        left: requests whose client went away.
        connections: how many were opened.
    """

    isLeaf = True

    def __init__(self, *answers: Answer) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.left = 0
        site: Any = Site(self)
        self.connections = 0
        build = site.buildProtocol

        def counted(address: Any) -> Any:
            self.connections += 1
            return build(address)

        site.buildProtocol = counted
        self._port: Any = reactor.listenTCP(0, site, interface="127.0.0.1")
        self.url = f"http://127.0.0.1:{self._port.getHost().port}"  # type: ignore[attr-defined]

    def stop(self) -> Any:
        """Close."""
        return self._port.stopListening()

    def _gone(self, failure: Any) -> None:
        self.left += 1

    def render(self, request: Request) -> Any:
        """Called by twisted.web."""
        headers = {k.decode().lower(): v[0].decode() for k, v in request.requestHeaders.getAllRawHeaders()}
        self.asked.append((request.path.decode(), headers, json.loads(request.content.read())))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        request.notifyFinish().addErrback(self._gone)
        request.setResponseCode(answer.status)
        for name, value in answer.headers.items():
            request.setHeader(name.replace("_", "-"), value)
        for piece in answer.pieces:
            request.write(piece)
        if answer.cut:
            request.transport.abortConnection()
        elif not answer.hang:
            request.finish()
        return NOT_DONE_YET


def sse(*values: Any) -> list[bytes]:
    """Server-sent events, cut into pieces that end anywhere."""
    text = b"".join(
        (b"event: %b\n" % value["type"].encode() if isinstance(value, dict) and "type" in value else b"")
        + b"data: "
        + (value.encode() if isinstance(value, str) else json.dumps(value).encode())
        + b"\n\n"
        for value in values
    )
    return [text[at : at + 37] for at in range(0, len(text), 37)]


def openai_chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """One chunk of a completion."""
    return {"id": "c1", "model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def openai_text(*words: str) -> Answer:
    """A whole streamed reply."""
    usage = {"id": "c1", "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 5}}
    return Answer(sse(*(openai_chunk(content=word) for word in words), openai_chunk("stop"), usage, "[DONE]"))


def openai_tool(name: str, arguments: str) -> Answer:
    """A reply that wants a tool, its arguments in two halves."""
    half = len(arguments) // 2
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments[:half]}}
    second = {"index": 0, "function": {"arguments": arguments[half:]}}
    return Answer(
        sse(openai_chunk(tool_calls=[first]), openai_chunk(tool_calls=[second]), openai_chunk("tool_calls"), "[DONE]")
    )
