"""A blocking client of our own gateway, for the command line: one socket, one request after another."""

import json
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from teamgram.openclaw import scopes, websocket

_TIMEOUT_SECONDS = 30.0
_MAX_MESSAGE_BYTES = 1 << 26


class CommandError(Exception):
    """The gateway cannot be reached, or refused; the text is for the person at the terminal."""


class CommandClient:
    """Connected and signed in once constructed; use it in a ``with``."""

    def __init__(self, host: str, port: int, token: str, timeout: float = _TIMEOUT_SECONDS) -> None:
        """Connect and sign in.

        Raises:
            CommandError: with what to do about it.
        """
        self._buffer = b""
        self._where = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), timeout=timeout)
        except OSError as error:
            raise CommandError(
                f"no gateway at {self._where} ({error.strerror or error}); is the server running?"
            ) from None
        try:
            self._open(host, port)
            self.hello = self._connect(token)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> "CommandClient":
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def request(
        self, method: str, params: dict[str, Any], on_event: Callable[[dict[str, Any]], None] | None = None
    ) -> Any:
        """The payload of the answer.

        Args:
            on_event: called with each event frame that comes before it.

        Raises:
            CommandError: the gateway refused.
        """
        return next(self.answers(method, params, on_event))

    def answers(
        self, method: str, params: dict[str, Any], on_event: Callable[[dict[str, Any]], None] | None = None
    ) -> Iterator[Any]:
        """Every answer to one request, for methods that answer more than once.

        Raises:
            CommandError: as :meth:`request`.
        """
        request_id = str(uuid.uuid4())
        self._send({"type": "req", "id": request_id, "method": method, "params": params})
        while True:
            frame = self._read()
            if frame.get("type") == "event" and on_event is not None:
                on_event(frame)
            if frame.get("type") != "res" or frame.get("id") != request_id:
                continue
            if not frame["ok"]:
                raise CommandError(frame["error"]["message"])
            yield frame["payload"]

    def _open(self, host: str, port: int) -> None:
        self._socket.sendall(
            f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGVhbWdyYW0gY29tbWFuZA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise CommandError(f"{self._where} does not take connections now: {head.splitlines()[0].decode('latin-1')}")

    def _connect(self, token: str) -> dict[str, Any]:
        client = {"id": "cli", "version": "teamgram", "platform": "linux", "mode": "cli"}
        params = {
            "minProtocol": 4,
            "maxProtocol": 4,
            "client": client,
            "caps": ["tool-events"],
            "role": "operator",
            "scopes": list(scopes.ALL),
            "auth": {"token": token},
        }
        hello: dict[str, Any] = self.request("connect", params)
        return hello

    def _send(self, value: dict[str, Any]) -> None:
        payload = json.dumps(value).encode()
        mask = os.urandom(4)
        head = websocket.header(len(payload))
        self._socket.sendall(bytes((head[0], head[1] | 0x80)) + head[2:] + mask + websocket.unmask(payload, mask))

    def _read(self) -> dict[str, Any]:
        while True:
            opcode, payload = self._frame()
            if opcode == websocket.TEXT:
                frame: dict[str, Any] = json.loads(payload)
                return frame
            if opcode == websocket.CLOSE:
                raise CommandError(f"the gateway closed the connection: {payload[2:].decode() or 'no reason given'}")
            if opcode == websocket.PING:
                self._socket.sendall(bytes((0x80 | websocket.PONG, 0x80 | len(payload))) + b"\0\0\0\0" + payload)

    def _frame(self) -> tuple[int, bytes]:
        first, second = self._take(2)
        opcode, size = first & 15, second & 127
        if size == 126:
            size = int.from_bytes(self._take(2), "big")
        elif size == 127:
            size = int.from_bytes(self._take(8), "big")
        if size > _MAX_MESSAGE_BYTES:
            raise CommandError("the gateway sends more than this command can take")
        return opcode, self._take(size)

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _more(self) -> None:
        try:
            data = self._socket.recv(1 << 16)
        except TimeoutError:
            raise CommandError(f"{self._where} does not answer") from None
        if not data:
            raise CommandError(f"{self._where} closed the connection")
        self._buffer += data
