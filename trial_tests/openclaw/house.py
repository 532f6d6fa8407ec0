"""A whole control plane in memory: a clock instead of time, transports that remember, threads that run at once.

``house = House()`` then ``client = house.client()``; both ends are real, only
the socket is not.
"""

import base64
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from teamgram.interfaces.figures import Figures
from teamgram.openclaw.devices.identity import signed_text
from teamgram.openclaw.gateway import auth, scopes
from teamgram.openclaw.gateway.connection import Opening
from teamgram.openclaw.service import Extension, OpenClawService

TOKEN = "correct-horse-battery-staple"
#: Some moment; tests count from here.
NOW = 1_800_000_000.0
ALL = list(scopes.ALL)


class InlinePool:
    """A thread pool that runs what it is given at once, on the test's thread."""

    def callInThreadWithCallback(self, done: Any, function: Any, *args: Any, **kwargs: Any) -> None:
        """As twisted.python.threadpool."""
        try:
            result, success = function(*args, **kwargs), True
        except Exception:
            result, success = Failure(), False
        done(success, result)


class MemoryReactor(MemoryReactorClock):
    """The reactor of a house."""

    def __init__(self) -> None:
        super().__init__()
        self.rightNow = NOW

    def getThreadPool(self) -> InlinePool:
        """The pool that runs at once."""
        return InlinePool()

    def callFromThread(self, function: Any, *args: Any, **kwargs: Any) -> None:
        """At once."""
        function(*args, **kwargs)


class MemoryTransport:
    """A socket that keeps what is written; ``stuck`` makes it a peer that does not read."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.disconnecting = False
        self.aborted = False
        self.reading = True
        self.producer: Any = None
        self.on_lost: Callable[[Failure], None] = lambda reason: None

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.written += data

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Remember who to pause."""
        self.producer = producer

    def unregisterProducer(self) -> None:
        """Forget."""

    def stick(self) -> None:
        """The peer reads no more."""
        self.producer.pauseProducing()

    def unstick(self) -> None:
        """The peer has read everything."""
        self.producer.resumeProducing()

    def pauseProducing(self) -> None:
        """The server reads no more for now."""
        self.reading = False

    def resumeProducing(self) -> None:
        """The server reads again."""
        self.reading = True

    def loseConnection(self) -> None:
        """Close in order."""
        if not self.disconnecting:
            self.disconnecting = True
            self.on_lost(Failure(ConnectionDone()))

    def abortConnection(self) -> None:
        """Close at once."""
        if not self.disconnecting:
            self.disconnecting = self.aborted = True
            self.on_lost(Failure(ConnectionAborted()))


def client_frame(payload: bytes, opcode: int = 1, mask: bytes = b"\x11\x22\x33\x44", final: bool = True) -> bytes:
    """A masked frame, as clients send them."""
    size = len(payload)
    head = bytes([(0x80 if final else 0) | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[index & 3] for index, byte in enumerate(payload))


class DeviceKey:
    """A device's key pair; ``DeviceKey(3)`` is always the same one."""

    def __init__(self, number: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))
        raw = self._key.public_key().public_bytes_raw()
        self.public_key = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        self.id = hashlib.sha256(raw).hexdigest()

    def sign(self, params: dict[str, Any], nonce: str, signed_at_ms: int, version: str = "v3") -> dict[str, Any]:
        """The ``device`` part for these connect parameters."""
        text = signed_text(version, params, self.id, signed_at_ms, nonce)
        signature = base64.urlsafe_b64encode(self._key.sign(text.encode())).rstrip(b"=").decode()
        return {
            "id": self.id,
            "publicKey": self.public_key,
            "signature": signature,
            "signedAt": signed_at_ms,
            "nonce": nonce,
        }


class Client:
    """The other end of one WebSocket.

    Attributes:
        frames: every message that came, parsed.
        close: (code, reason) of the server's close frame, None before it.
        pings: pings that came; answered unless ``answers_pings`` is off.
    """

    def __init__(self, house: "House", opening: Opening, *, mini: bool = False) -> None:
        self.house = house
        self.transport = MemoryTransport()
        self.frames: list[Any] = []
        self.close: tuple[int | None, str] | None = None
        self.pings = 0
        self.answers_pings = True
        self._at = 0
        self._requests = 0
        self.connection = house.plane.sockets.connect(self.transport, opening, b"", mini=mini)
        self.transport.on_lost = self.connection.connection_lost
        self.read()

    @property
    def lost(self) -> bool:
        """Whether the socket is gone."""
        return self.transport.disconnecting

    def send_bytes(self, data: bytes) -> None:
        """Raw bytes to the server, then read what came."""
        self.connection.data_received(data)
        self.read()

    def send(self, value: Any) -> None:
        """One JSON message."""
        self.send_bytes(client_frame(value if isinstance(value, bytes) else json.dumps(value).encode()))

    def read(self) -> None:
        """Parse what the server wrote so far."""
        self.house.turn()
        data = self.transport.written
        while len(data) - self._at >= 2:
            opcode, size, body = data[self._at] & 15, data[self._at + 1] & 127, self._at + 2
            if size == 126:
                size, body = int.from_bytes(data[body : body + 2], "big"), body + 2
            elif size == 127:
                size, body = int.from_bytes(data[body : body + 8], "big"), body + 8
            payload = bytes(data[body : body + size])
            self._at = body + size
            if opcode == 1:
                self.frames.append(json.loads(payload))
            elif opcode == 9:
                self.pings += 1
                if self.answers_pings:
                    self.connection.data_received(client_frame(payload, 10))
            elif opcode == 8:
                code = int.from_bytes(payload[:2], "big") if payload else None
                self.close = (code, payload[2:].decode())

    def take(self) -> list[Any]:
        """Messages since the last call."""
        self.read()
        taken, self.frames = self.frames, []
        return taken

    def events(self, name: str | None = None) -> list[Any]:
        """Events (of one name) among the messages not taken yet."""
        self.read()
        return [f for f in self.frames if f.get("type") == "event" and name in (None, f["event"])]

    def challenge(self) -> dict[str, Any]:
        """The payload of connect.challenge."""
        return next(f["payload"] for f in self.frames if f.get("event") == "connect.challenge")

    def request(self, method: str, params: Any = None, request_id: str | None = None) -> Any:
        """Send a request; its ``res`` frame, or None while there is none."""
        self._requests += 1
        request_id = request_id or f"r{self._requests}"
        frame = {"type": "req", "id": request_id, "method": method}
        if params is not None:
            frame["params"] = params
        self.send(frame)
        return self.response(request_id)

    def response(self, request_id: str) -> Any:
        """The ``res`` to a request, None while there is none."""
        self.read()
        return next((f for f in self.frames if f.get("type") == "res" and f.get("id") == request_id), None)

    def params(self, **more: Any) -> dict[str, Any]:
        """Connect parameters of a trusted backend client, with changes."""
        params: dict[str, Any] = {
            "minProtocol": 4,
            "maxProtocol": 4,
            "client": {
                "id": "gateway-client",
                "version": "1",
                "platform": "linux",
                "deviceFamily": "Linux",
                "mode": "backend",
            },
            "caps": [],
            "role": "operator",
            "scopes": ALL,
            "auth": {"token": TOKEN},
        }
        for name, value in more.items():
            if isinstance(value, dict) and isinstance(params.get(name), dict) and name == "client":
                params[name] = {**params[name], **value}
            else:
                params[name] = value
        return {name: value for name, value in params.items() if value is not None}

    def connect(self, device: DeviceKey | None = None, **more: Any) -> Any:
        """Do the handshake; the ``res`` to it, waited for if the server holds it back."""
        params = self.params(**more)
        if device is not None:
            challenge = self.challenge()
            params["device"] = device.sign(params, challenge["nonce"], challenge["ts"])
        response = self.request("connect", params, "connect")
        for _ in range(12):
            if response is None and self.close is None:
                self.house.advance(0.5)
                response = self.response("connect")
        return response

    def hello(self, device: DeviceKey | None = None, **more: Any) -> dict[str, Any]:
        """Do the handshake, which must succeed; hello-ok's payload. Messages so far are taken."""
        response = self.connect(device, **more)
        if response is None or not response["ok"]:
            raise AssertionError(f"no hello: {response} {self.close}")
        self.take()
        payload: dict[str, Any] = response["payload"]
        return payload


class House:
    """One control plane on a clock.

    Args:
        config: the tree of ``openclaw.yaml``; the shared secret is :data:`TOKEN` unless it says otherwise.
    """

    def __init__(
        self, config: dict[str, Any] | None = None, directory: Path | None = None, extensions: Iterable[Extension] = ()
    ) -> None:
        self.reactor = MemoryReactor()
        self.clients: list[Client] = []
        self.directory = directory or Path(tempfile.mkdtemp(prefix="openclaw-"))
        self.config_path = self.directory / "openclaw.yaml"
        if config is not None or not self.config_path.exists():
            tree = {"gateway": {"auth": {"token": TOKEN}}} if config is None else config
            self.config_path.write_text(yaml.safe_dump(tree))
        self.service = OpenClawService(
            self.config_path,
            self.directory,
            self.reactor,
            extensions=extensions,
            environment={},
            figures=Figures(),
        )
        self.plane = self.service.plane
        self.plane.lifetime.is_ready = True

    def turn(self) -> None:
        """Let what is due now happen."""
        self.reactor.advance(0)

    def advance(self, seconds: float) -> None:
        """Let time pass, in the steps of the service's own clock."""
        while seconds > 0:
            step = min(0.5, seconds)
            self.reactor.advance(step)
            self.plane.turn(self.reactor.seconds())
            seconds -= step
            for client in self.clients:
                client.read()

    def client(
        self, ip: str = "127.0.0.1", path: str = "/", headers: dict[str, str] | None = None, *, mini: bool = False
    ) -> Client:
        """Open a WebSocket from an address."""
        headers = {"host": "127.0.0.1:18789", **(headers or {})}
        client = Client(self, Opening(path, headers, self.plane.door.caller(ip, headers)), mini=mini)
        self.clients.append(client)
        return client

    def operator(self, *granted: str, **more: Any) -> Client:
        """A client that has said hello, with all scopes unless some are named."""
        client = self.client()
        client.hello(scopes=list(granted) or ALL, **more)
        return client

    def close(self) -> None:
        """Remove what it wrote."""
        shutil.rmtree(self.directory, ignore_errors=True)


__all__ = ["ALL", "NOW", "TOKEN", "Client", "DeviceKey", "House", "auth", "client_frame"]
