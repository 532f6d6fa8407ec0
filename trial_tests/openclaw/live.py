"""A control plane on a real port, and a blocking client for it that runs in a thread."""

import json
import shutil
import socket
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

import yaml

from teamgram.interfaces.figures import Figures
from teamgram.openclaw.service import Extension, OpenClawService
from trial_tests.openclaw.house import ALL, TOKEN, DeviceKey, client_frame


class LiveTestCase(TestCase):
    """Starts a service per test, on a free port."""

    config: dict[str, Any] = {}
    extensions: tuple[Extension, ...] = ()

    async def setUp(self) -> None:
        """Listen."""
        directory = temporary_directory()
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        gateway = {"port": 0, "auth": {"token": TOKEN}, **self.config.get("gateway", {})}
        path = directory / "openclaw.yaml"
        path.write_text(yaml.safe_dump({**self.config, "gateway": gateway}))
        self.figures = Figures()
        self.service = OpenClawService(
            path, directory, reactor, extensions=self.extensions, environment={}, figures=self.figures
        )
        self.plane = self.service.plane
        self.service.startService()
        self.addCleanup(self.service.stopService)
        await self.service.listening
        self.port = self.service.ports[0][1]

    async def get(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, Any, Any]:
        """(status, headers, body; parsed if it is JSON) of an HTTP request; ``X_Forwarded_For`` is X-Forwarded-For."""

        def run() -> tuple[int, Any, Any]:
            url = f"http://127.0.0.1:{self.port}{path}"
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            request = urllib.request.Request(url, body, named, method=method)
            try:
                with urllib.request.urlopen(request, timeout=5) as response:
                    status, head, content = response.status, response.headers, response.read()
            except urllib.error.HTTPError as error:
                status, head, content = error.code, error.headers, error.read()
            is_json = "json" in (head["content-type"] or "")
            return status, head, json.loads(content) if is_json and content else content

        return await deferToThread(run)

    async def in_thread(self, function: Any, *args: Any) -> Any:
        """Run something that blocks."""
        return await deferToThread(function, *args)


class SocketClient:
    """A WebSocket over a real socket; every call blocks."""

    def __init__(
        self,
        port: int,
        receive_buffer: int | None = None,
        headers: str = "",
        path: str = "/",
        host: str = "127.0.0.1",
    ) -> None:
        """Args:
        headers: more lines for the upgrade request, each with its line end.
        host: what it asks for, in ``Host``.
        """
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n".encode()
            + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            + headers.encode()
            + b"\r\n"
        )
        self._buffer = b""
        self.closed = False
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        self.head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data

    def send(self, value: Any) -> None:
        """One message."""
        self.socket.sendall(client_frame(json.dumps(value).encode()))

    def read(self) -> Any:
        """The next text message, parsed; ``("close", code)`` for a close frame."""
        text = self.read_text()
        return ("close", int.from_bytes(text[:2], "big")) if self.closed else json.loads(text)

    def read_text(self) -> bytes:
        """The next text message; a close frame's payload sets ``closed``; pings are answered."""
        while True:
            while len(self._buffer) < 10:
                if len(self._buffer) >= 2 and len(self._buffer) >= 2 + (self._buffer[1] & 127) < 10:
                    break
                self._more()
            opcode, size, at = self._buffer[0] & 15, self._buffer[1] & 127, 2
            if size == 126:
                size, at = int.from_bytes(self._buffer[2:4], "big"), 4
            elif size == 127:
                size, at = int.from_bytes(self._buffer[2:10], "big"), 10
            while len(self._buffer) < at + size:
                self._more()
            payload, self._buffer = self._buffer[at : at + size], self._buffer[at + size :]
            if opcode in (1, 8):
                self.closed = opcode == 8
                return payload
            self.socket.sendall(client_frame(payload, 10))

    def hello(self, device: DeviceKey | None = None, **more: Any) -> dict[str, Any]:
        """Challenge, connect (signed if there is a device), hello-ok's payload."""
        frame = self.connect(device, **more)
        assert frame["ok"], frame
        payload: dict[str, Any] = frame["payload"]
        return payload

    def connect(self, device: DeviceKey | None = None, **more: Any) -> dict[str, Any]:
        """Challenge, connect, and whatever the response is."""
        challenge = self.read()["payload"]
        params: dict[str, Any] = {
            "minProtocol": 4,
            "maxProtocol": 4,
            "client": {"id": "gateway-client", "version": "1", "platform": "linux", "mode": "backend"},
            "role": "operator",
            "scopes": ALL,
            "auth": {"token": TOKEN},
            **more,
        }
        if device is not None:
            params["device"] = device.sign(params, challenge["nonce"], challenge["ts"])
        self.send({"type": "req", "id": "c", "method": "connect", "params": params})
        while True:
            frame: dict[str, Any] = self.read()
            if frame["type"] == "res":
                return frame

    def close(self) -> None:
        """Drop the socket."""
        self.socket.close()


def temporary_directory() -> Path:
    """A directory of its own."""
    return Path(tempfile.mkdtemp(prefix="openclaw-"))
