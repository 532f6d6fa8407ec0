"""The control plane's figures: CPU time of the server's process tree per connect, request, delivery and turn."""

import json
import shutil
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread

from tools.bench.measured import cpu_seconds, resident_bytes
from trial_tests.clients.server import RunningServer
from trial_tests.openclaw.house import DeviceKey, client_frame
from trial_tests.openclaw.live import SocketClient

Figures = dict[str, str]

CONNECTS = 400
REQUESTS = 10_000
LISTENERS = 200
EVENTS = 200
STARTS = 5
TURNS = 200
TURNS_IN_SESSION = 10
#: A short answer of a model that does not wait.
MESSAGE = "hello chunks=12 delay=0"
BIG_REPLY_BYTES = 2_000_000


class CountingClient(SocketClient):
    """Knows how many bytes came."""

    received = 0

    def _more(self) -> None:
        had = len(self._buffer)
        super()._more()
        self.received += len(self._buffer) - had


class ControlPlaneBench:
    """Figures of one running server; the clients run in threads of this process."""

    def __init__(self, reactor: Any, server: RunningServer) -> None:
        self._reactor = reactor
        self._server = server

    def figures(self) -> dict[str, Callable[[], Awaitable[Figures]]]:
        """Name -> what measures it; each returns its lines."""
        return {
            "gateway start": self._start,
            "gateway connect": lambda: deferToThread(self._connect),
            "gateway request": lambda: deferToThread(self._requests),
            "gateway event": lambda: deferToThread(self._events),
            "gateway turn": lambda: deferToThread(self._turns),
            "gateway big reply": lambda: deferToThread(self._big_reply),
        }

    def _client(self, device: DeviceKey | None = None) -> CountingClient:
        token = (self._server.data_dir / "gateway.token").read_text().strip()
        client = CountingClient(self._server.gateway_port)
        client.hello(device, auth={"token": token})
        return client

    def _cpu(self) -> float:
        return cpu_seconds(self._server.pid)

    async def _start(self) -> Figures:
        """Of a whole process, from its making to the first 200 of ``/readyz``: the first ever, and the next ones."""
        directory = Path(tempfile.mkdtemp(prefix="teamgram-bench-start-"))
        server = RunningServer(self._reactor, directory)
        seconds, cpu, resident = [], 0.0, 0
        try:
            for _ in range(1 + STARTS):
                ready = deferToThread(_until_ready, server.gateway_port, time.monotonic())
                await server.start()
                seconds.append(await ready)
                cpu, resident = cpu_seconds(server.pid), resident_bytes(server.pid)
                await server.terminate()
        finally:
            await server.terminate()
            shutil.rmtree(directory, ignore_errors=True)
        return {
            "process start to /readyz, empty data directory": f"{seconds[0]:.2f} s",
            "process start to /readyz": f"{statistics.median(seconds[1:]):.2f} s",
            "CPU time of a start": f"{cpu:.2f} s",
            "resident memory after the start, with the messenger": f"{resident / 1e6:.0f} MB",
        }

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

    def _turns(self) -> Figures:
        """Turns with the embedded model, one at a time: accepted, streamed, written, ended."""
        client = self._client()
        waited = []
        before = self._cpu()
        for turn in range(TURNS):
            key = f"agent:main:bench-{turn // TURNS_IN_SESSION}"
            sent_at = time.perf_counter()
            _send_message(client, key, MESSAGE, f"turn-{turn}")
            while client.read_text().find(b'"state":"delta"') < 0:
                pass
            waited.append(time.perf_counter() - sent_at)
            while client.read_text().find(b'"state":"final"') < 0:
                pass
        each = (self._cpu() - before) / TURNS
        client.close()
        return {
            "gateway chat turn": f"{each * 1e3:.2f} ms",
            "gateway, from chat.send to the first delta (wall clock)": f"{statistics.median(waited) * 1e3:.1f} ms",
        }

    def _big_reply(self) -> Figures:
        """What one long reply costs on one client's socket, deltas and final message together."""
        client = self._client()
        before = client.received
        _send_message(client, "agent:main:bench-big", f"size={BIG_REPLY_BYTES}", "big")
        while client.read_text().find(b'"state":"final"') < 0:
            pass
        times = (client.received - before) / BIG_REPLY_BYTES
        client.close()
        return {"gateway, 2 MB reply on the socket": f"{times:.2f} times its size"}


def _send_message(client: SocketClient, key: str, message: str, run_id: str) -> None:
    params = {"sessionKey": key, "message": message, "idempotencyKey": run_id}
    client.send({"type": "req", "id": run_id, "method": "chat.send", "params": params})


def _until_ready(port: int, started_at: float) -> float:
    """Seconds until ``/readyz`` says 200."""
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return time.monotonic() - started_at
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.01)
