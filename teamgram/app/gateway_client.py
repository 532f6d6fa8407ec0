"""A client of the control plane for the command line: one WebSocket, requests, events."""

import json
import os
import platform
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.python.failure import Failure

import teamgram
from teamgram.net import websocket
from teamgram.net.http_head import HttpError, find_end
from teamgram.openclaw.config import source_files
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.config.sections import GatewaySection
from teamgram.openclaw.gateway import auth, tls
from teamgram.openclaw.state_file import state_directory

CONNECT_SECONDS = 5.0
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024
#: MessageAnswers that another one to the same request follows.
_NOT_FINAL = "accepted"


class CommandFailed(Exception):
    """What went wrong, in words for the person at the terminal."""


class NoToken(CommandFailed):
    """Nothing is known that opens the gateway: where no server ever ran, say."""


class NotRunning(CommandFailed):
    """Nothing listens there."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the gateway is, and what opens it.

    Attributes:
        secret: empty when the gateway wants none.
        pinned: SHA-256 of its certificate; empty: it must be vouched for as any web site.
    """

    url: str
    secret: str = field(repr=False)
    pinned: str = ""


def find_target(config_dir: Path, data_dir: Path, url: str = "", token: str = "", pinned: str = "") -> Target:
    """Put together from what was given, the environment, the configuration and the data directory, in that order.

    Raises:
        CommandFailed: no token anywhere, or one that cannot be read.
        teamgram.openclaw.config.errors.ConfigError: ``openclaw.yaml`` is invalid.
    """
    gateway = LiveConfig(
        source_files.path_in(config_dir, os.environ), state_directory(data_dir, os.environ), b"", os.environ
    ).sections.gateway
    if not url:
        host = gateway.custom_bind_host if gateway.bind == "custom" else ""
        host = host if host and not ip_address(host).is_unspecified else "127.0.0.1"
        scheme = "wss" if gateway.tls.enabled else "ws"
        url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{gateway.port}"
        if gateway.tls.enabled and not pinned:
            # Our own server: its certificate lies here.
            pinned = _own_fingerprint(gateway, data_dir)
    pinned = pinned or str(gateway.remote.get("tlsFingerprint") or "")
    if token:
        return Target(url, token, pinned)
    if gateway.auth.mode == auth.NONE:
        return Target(url, "", pinned)
    secret = gateway.auth.password if gateway.auth.mode == auth.PASSWORD else gateway.auth.token
    return Target(url, secret or _kept_token(data_dir / auth.TOKEN_FILE), pinned)


def _own_fingerprint(gateway: GatewaySection, data_dir: Path) -> str:
    try:
        return tls.fingerprint(tls.files_of(gateway.tls, data_dir)[0])
    except tls.TlsError as error:
        raise CommandFailed(str(error)) from None


def _kept_token(path: Path) -> str:
    try:
        token = path.read_text().strip()
    except FileNotFoundError:
        token = ""
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}; give --token or run as its owner") from None
    if not token:
        raise NoToken(
            f"no token: {path} is not there; name the server's data directory with --data-dir, give --token or set "
            "OPENCLAW_GATEWAY_TOKEN"
        )
    return token


class GatewayClient(Protocol):
    """The connection.

    Attributes:
        url: where it goes.
        on_event: called with (name, payload).
        hello: hello-ok's payload, once connected.
        lost: fires with the reason when the connection ends, whoever ends it.
    """

    transport: Any

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._nonce = os.urandom(16)
        self._request = websocket.opening_request(parts.netloc.rpartition("@")[2], target, self._nonce)
        self._head: bytearray | None = bytearray()
        self._reader = websocket.FrameReader(_MAX_MESSAGE_BYTES, masked=False)
        self._reason = ""
        self.on_event: Callable[[str, Any], None] = lambda name, payload: None
        self.hello: dict[str, Any] = {}
        self.lost: Deferred[str] = Deferred()
        self._challenge: Deferred[dict[str, Any]] = Deferred()
        self._answers: dict[str, tuple[Deferred[Any], bool]] = {}

    def connectionMade(self) -> None:
        """Called by Twisted."""
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        """Called by Twisted."""
        try:
            if self._head is not None:
                data = self._opened(data)
            self._reader.receive_data(data)
            while self._head is None and (event := self._reader.next_event()) is not None:
                self._take(event)
        except (ValueError, HttpError, websocket.WebSocketError) as error:
            self._reason = self._reason or str(error)
            self.transport.abortConnection()

    def _opened(self, data: bytes) -> bytes:
        """Look for the server's answer; gives what came behind it."""
        assert self._head is not None
        self._head += data
        end = find_end(self._head)
        if end < 0:
            return b""
        head, rest = bytes(self._head[:end]), bytes(self._head[end + 4 :])
        websocket.check_accepted(head, self._nonce)
        self._head = None
        return rest

    def _take(self, event: websocket.Received) -> None:
        if isinstance(event, websocket.WholeMessage):
            self._message(event.payload)
        elif isinstance(event, websocket.Ping):
            self._send(event.payload, websocket.PONG)
        elif isinstance(event, websocket.Close):
            self._reason = self._reason or event.reason
            self.close()

    def _send(self, payload: bytes, opcode: int = websocket.TEXT) -> None:
        self.transport.write(websocket.client_frame(payload, os.urandom(4), opcode))

    def close(self) -> None:
        """Say goodbye and hang up."""
        self._send(websocket.NORMAL.to_bytes(2, "big"), websocket.CLOSE)
        self.transport.loseConnection()

    def _message(self, payload: bytes) -> None:
        frame = json.loads(payload)
        if frame.get("type") == "event":
            if frame["event"] == "connect.challenge":
                self._challenge.callback(frame["payload"])
            else:
                self.on_event(frame["event"], frame.get("payload"))
            return
        answer, wants_final = self._answers.get(frame.get("id"), (None, False))
        if answer is None:
            return
        result = frame.get("payload")
        if frame.get("ok") and wants_final and isinstance(result, dict) and result.get("status") == _NOT_FINAL:
            return
        del self._answers[frame["id"]]
        if frame.get("ok"):
            answer.callback(result)
        else:
            answer.errback(CommandFailed((frame.get("error") or {}).get("message") or "refused without a reason"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Called by Twisted."""
        text = self._reason or "the connection was lost"
        waiting, self._answers = self._answers, {}
        for answer, _ in waiting.values():
            answer.errback(CommandFailed(text))
        if not self._challenge.called:
            self._challenge.errback(CommandFailed(f"this is no gateway: {text}"))
        self.lost.callback(text)

    def ask(self, method: str, params: dict[str, Any], *, final: bool = False) -> Deferred[Any]:
        """Fires with the payload; ``final``: not with a mere "accepted".

        Fails with :class:`CommandFailed`.
        """
        request_id = str(uuid.uuid4())
        answer: Deferred[Any] = Deferred()
        self._answers[request_id] = answer, final
        frame = {"type": "req", "id": request_id, "method": method, "params": params}
        self._send(json.dumps(frame).encode())
        return answer

    async def sign_in(self, secret: str, scopes: tuple[str, ...]) -> None:
        """Wait for the challenge and answer it.

        A client of this kind keeps its scopes without a device of its own on
        the server's machine only.
        """
        await self._challenge
        params: dict[str, Any] = {
            "minProtocol": 4,
            "maxProtocol": 4,
            "client": {
                "id": "cli",
                "mode": "cli",
                "version": teamgram.__version__,
                "platform": platform.system().lower(),
            },
            "role": "operator",
            "scopes": list(scopes),
            "caps": [],
        }
        if secret:
            params["auth"] = {"token": secret}
        self.hello = await self.ask("connect", params)


async def connect(reactor: Any, target: Target, scopes: tuple[str, ...]) -> GatewayClient:
    """A connection that has said hello.

    Raises:
        CommandFailed: nobody listens there, or it refuses.
    """
    parts = urlsplit(target.url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise CommandFailed(f"{target.url} is no gateway's address; write it like ws://127.0.0.1:18789")
    host, is_tls = parts.hostname, parts.scheme == "wss"
    port = parts.port or (443 if is_tls else 80)
    client = GatewayClient(target.url)
    endpoint: Any = HostnameEndpoint(reactor, host, port, timeout=CONNECT_SECONDS)
    if is_tls:
        how: Any = tls.PinnedCertificate(target.pinned) if target.pinned else optionsForClientTLS(host)
        endpoint = wrapClientTLS(how, endpoint)
    try:
        gateway: GatewayClient = await connectProtocol(endpoint, client)
    except DNSLookupError:
        raise CommandFailed(f"there is no host {host}") from None
    except ConnectError:
        raise NotRunning(f"nothing listens at {host}:{port}; is the server running? (make run)") from None
    signing_in = Deferred.fromCoroutine(gateway.sign_in(target.secret, scopes))
    signing_in.addTimeout(CONNECT_SECONDS * 2, reactor, lambda *_: _too_slow(host, port))
    await signing_in
    return gateway


def _too_slow(host: str, port: int) -> Any:
    raise CommandFailed(f"{host}:{port} does not answer")


async def disconnect(gateway: GatewayClient) -> None:
    """Close in order."""
    gateway.close()
    await gateway.lost
