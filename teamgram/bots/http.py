"""Requests: ``/bot<token>/<method>`` and ``/file/bot<token>/<path>`` over HTTP/1.1."""

import re
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request

import msgspec

from teamgram.bots.errors import NOT_FOUND, TOO_LARGE, ApiError, bad_request
from teamgram.bots.parameters import UploadedFile

if TYPE_CHECKING:
    from teamgram.bots.body import Body
    from teamgram.bots.connections import ApiChannel

STRANGERS_BYTES = 16 * 1024
"""Of a call are read before its token is known to be one; of files, nothing."""
WAITED_FOR = 64 * 1024
"""Bytes of a body that is refused: so much is read to its end, and the connection goes on."""
_PIECE = 512 * 1024

_METHOD = re.compile(rb"/bot([^/]{1,100})/(?:test/)?([A-Za-z]{1,64})/?")
_FILE = re.compile(rb"/file/bot([^/]{1,100})/(?:test/)?([A-Za-z0-9_./-]{1,512})")
encode_json = msgspec.json.Encoder().encode


class Download(Protocol):
    """A file to be sent: its size, and pieces of it."""

    @property
    def size(self) -> int:
        """Bytes."""

    def read(self, offset: int, limit: int) -> Awaitable[bytes]:
        """So many bytes from there."""


class Answers(Protocol):
    """Who answers calls."""

    def admit(self, token: str, address: str) -> Awaitable[None]:
        """Whether a call with that token may bring much; raises ``ApiError``."""

    def call(
        self, token: str, method: str, given: dict[str, Any], files: dict[str, UploadedFile], address: str
    ) -> Awaitable[Any]:
        """The result of a method; raises ``ApiError``."""

    def download(self, token: str, path: str, address: str) -> Awaitable[Download]:
        """A file by the path that ``getFile`` told; raises ``ApiError``."""


class ApiRequest(Request):
    """One call. The token stands in its path, so a path is never logged."""

    _log = Logger()
    channel: "ApiChannel"
    _body: "Body | None" = None
    _refusal: ApiError | None = None
    _held: list[bytes] | None = None
    _admission: "Deferred[None] | None" = None
    _length: int | None = 0

    def gotLength(self, length: int | None) -> None:
        """Called when the head was read."""
        factory = self.channel.api
        self._length = length
        kind = self.requestHeaders.getRawHeaders("content-type", [""])[0]
        # The parser of forms comes with the first call.
        from teamgram.bots.body import Body

        try:
            self._body = Body(kind, factory.max_bytes, factory.folder)
        except ApiError as refusal:
            self._refuse(refusal)
            return
        if length is None or length > STRANGERS_BYTES or self._body.has_files:
            self._held = []
            self.channel.hold()
            self._admission = Deferred.fromCoroutine(self._admit(self.channel.asked_path))

    async def _admit(self, asked: bytes) -> None:
        """What came with the head waits, and nothing more is read, until the token is known."""
        try:
            called = _METHOD.fullmatch(unquote_to_bytes(asked.partition(b"?")[0]))
            if called is None:
                raise NOT_FOUND
            await self.channel.api.answers.admit(called[1].decode("latin-1"), self._address)
            if (self._length or 0) > self.channel.api.max_bytes:
                raise TOO_LARGE
        except ApiError as refusal:
            self._refuse(refusal)
        except Exception:
            self._log.failure("a call of the Bot API failed")
            self._refuse(ApiError(500, "Internal Server Error"))
        held, self._held = self._held or [], None
        if not self._disconnected:
            for piece in held:
                self.handleContentChunk(piece)
            self.channel.release()

    def _refuse(self, refusal: ApiError) -> None:
        """Whatever still comes is thrown away; who has much to bring is told before that."""
        self._refusal = refusal
        if self._length is None or self._length > WAITED_FOR:
            self.channel.refuse(refusal)

    @property
    def _address(self) -> str:
        return getattr(self.getClientAddress(), "host", "") or ""

    def handleContentChunk(self, data: bytes) -> None:
        """Called for each piece of the body."""
        if self._held is not None:
            self._held.append(data)
        elif self._refusal is None and self._body is not None:
            try:
                self._body.feed(data)
            except ApiError as refusal:
                self._refuse(refusal)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Called when the body is there."""
        if self.channel.is_refused:
            return
        self.channel.due_in(None)
        self.method, self.uri, self.clientproto = command, path, version
        self.path, _, query = path.partition(b"?")
        running = Deferred.fromCoroutine(self._run(query))
        self.notifyFinish().addBoth(lambda _: running.cancel())
        running.addErrback(self._failed)

    def connectionLost(self, reason: Failure) -> None:
        """Called when the client is gone."""
        if self._body is not None:
            self._body.close()
        super().connectionLost(reason)

    async def _run(self, query: bytes) -> None:
        try:
            try:
                await self._serve(query)
            except ApiError as refusal:
                self._tell(refusal)
        finally:
            if self._body is not None:
                self._body.close()

    async def _serve(self, query: bytes) -> None:
        if self._admission is not None:
            await self._admission
        if self._refusal is not None:
            raise self._refusal
        answers, address = self.channel.api.answers, self._address
        path = unquote_to_bytes(self.path)  # Some libraries write a token's colon as %3A.
        file = _FILE.fullmatch(path)
        if file is not None and self.method in (b"GET", b"HEAD"):
            await self._send(await answers.download(file[1].decode("latin-1"), file[2].decode(), address))
            return
        called = _METHOD.fullmatch(path)
        if called is None:
            raise NOT_FOUND
        if self.method not in (b"GET", b"POST", b"HEAD"):
            raise bad_request("only GET and POST requests are allowed")
        assert self._body is not None
        fields, files = self._body.end()
        given = {**self._body.arguments(query), **fields}
        result = await answers.call(called[1].decode("latin-1"), called[2].decode(), given, files, address)
        self._write(200, {"ok": True, "result": result})

    async def _send(self, download: Download) -> None:
        first, last = 0, download.size - 1
        asked = re.fullmatch(r"bytes=(\d{1,15})-(\d{0,15})", self.getHeader("range") or "")
        if asked is not None and int(asked[1]) < download.size:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
            self.setResponseCode(206)
            self.setHeader("content-range", f"bytes {first}-{last}/{download.size}")
        self.setHeader("content-type", "application/octet-stream")
        self.setHeader("accept-ranges", "bytes")
        self.setHeader("content-length", str(max(last - first + 1, 0)))
        self.setHeader("x-content-type-options", "nosniff")
        if self.method != b"HEAD":
            while first <= last:
                piece = await download.read(first, min(_PIECE, last - first + 1))
                if not piece:
                    self.loseConnection()
                    return
                self.write(piece)
                first += len(piece)
                await self.channel.room()
        self.finish()

    def _tell(self, refusal: ApiError) -> None:
        if "retry_after" in refusal.parameters:
            self.setHeader("retry-after", str(refusal.parameters["retry_after"]))
        self._write(refusal.code, refusal_json(refusal))

    def _write(self, status: int, told: Any) -> None:
        if self.finished or self._disconnected:
            return
        body = encode_json(told)
        self.setResponseCode(status)
        self.setHeader("content-type", "application/json")
        self.setHeader("content-length", str(len(body)))
        if self.method != b"HEAD":
            self.write(body)
        self.finish()

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError) or self.finished or self._disconnected:
            return
        self._log.failure("a call of the Bot API failed", failure=failure)
        if self.startedWriting:
            self.loseConnection()
        else:
            self._tell(ApiError(500, "Internal Server Error"))


def refusal_json(refusal: ApiError) -> dict[str, Any]:
    """As it stands in the body of an answer."""
    told: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    return told | ({"parameters": refusal.parameters} if refusal.parameters else {})
