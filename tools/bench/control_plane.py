"""The control plane's figures: CPU time of the server's process tree per connect, request and delivery."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.threads import deferToThread

from tools.bench.measured import cpu_seconds
from trial_tests.clients.server import RunningServer
from trial_tests.openclaw.house import DeviceKey, client_frame
from trial_tests.openclaw.live import SocketClient

Figures = dict[str, str]

CONNECTS = 400
REQUESTS = 10_000
LISTENERS = 200
EVENTS = 200


class ControlPlaneBench:
    """Figures of one running server; the clients run in threads of this process."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server

    def figures(self) -> dict[str, Callable[[], Awaitable[Figures]]]:
        """Name -> what measures it; each returns its lines."""
        return {
            "gateway connect": lambda: deferToThread(self._connect),
            "gateway request": lambda: deferToThread(self._requests),
            "gateway event": lambda: deferToThread(self._events),
        }

    def _client(self, device: DeviceKey | None = None) -> SocketClient:
        token = (self._server.data_dir / "gateway.token").read_text().strip()
        client = SocketClient(self._server.gateway_port)
        client.hello(device, auth={"token": token})
        return client

    def _cpu(self) -> float:
        return cpu_seconds(self._server.pid)

    def _connect(self) -> Figures:
        """Opening, challenge, signed connect, hello-ok, close."""
        key = DeviceKey(1)
        self._client(key).close()
        before = self._cpu()
        for _ in range(CONNECTS):
            self._client(key).close()
        each = (self._cpu() - before) / CONNECTS
        return {"gateway connect, device signature": f"{each * 1e3:.2f} ms"}

    def _requests(self) -> Figures:
        """One request at a time on one connection."""
        client = self._client()
        lines = {}
        for name, method in (("smallest request", "last-heartbeat"), ("health", "health")):
            frame = client_frame(json.dumps({"type": "req", "id": "r", "method": method, "params": {}}).encode())
            before = self._cpu()
            for _ in range(REQUESTS):
                client.socket.sendall(frame)
                while client.read_text().find(b'"type":"res"', 0, 16) < 0:
                    pass
            lines[f"gateway {name}"] = f"{(self._cpu() - before) / REQUESTS * 1e6:.0f} µs"
        client.close()
        return lines

    def _events(self) -> Figures:
        """One event to many clients, each encoded once and sent to all."""
        listeners: list[Any] = [self._client() for _ in range(LISTENERS)]
        sender = self._client()
        request = {"type": "req", "id": "r", "method": "system-event", "params": {"text": "bench"}}
        frame = client_frame(json.dumps(request).encode())
        before = self._cpu()
        for _ in range(EVENTS):
            sender.socket.sendall(frame)
            for client in (*listeners, sender):
                while client.read_text().find(b'"event":"presence"', 0, 60) < 0:
                    pass
        each = (self._cpu() - before) / EVENTS / (LISTENERS + 1)
        for client in (*listeners, sender):
            client.close()
        return {f"gateway event to {LISTENERS} clients, a delivery": f"{each * 1e6:.1f} µs"}
