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
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.ssl import optionsForClientTLS

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol

import teamgram
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.gateway import auth
from teamgram.openclaw.state_file import state_directory

CONNECT_SECONDS = 5.0
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024
#: Answers that another one to the same request follows.
_NOT_FINAL = "accepted"


class CommandFailed(Exception):
    """What went wrong, in words for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the gateway is, and what opens it.

    Attributes:
        secret: empty when the gateway wants none.
    """

    url: str
    secret: str = field(repr=False)


def find_target(config_dir: Path, data_dir: Path, url: str = "", token: str = "") -> Target:
    """Put together from what was given, the environment, the configuration and the data directory, in that order.

    Raises:
        CommandFailed: no token anywhere, or one that cannot be read.
        teamgram.openclaw.config.errors.ConfigError: ``openclaw.yaml`` is invalid.
    """
    gateway = LiveConfig(
        config_dir / "openclaw.yaml", state_directory(data_dir, os.environ), b"", os.environ
    ).sections.gateway
    if not url:
        host = gateway.custom_bind_host if gateway.bind == "custom" else ""
        host = host if host and not ip_address(host).is_unspecified else "127.0.0.1"
        url = f"ws://{f'[{host}]' if ':' in host else host}:{gateway.port}"
    if token:
        return Target(url, token)
    if gateway.auth.mode == auth.NONE:
        return Target(url, "")
    secret = gateway.auth.password if gateway.auth.mode == auth.PASSWORD else gateway.auth.token
    return Target(url, secret or _kept_token(data_dir / auth.TOKEN_FILE))


def _kept_token(path: Path) -> str:
    try:
        token = path.read_text().strip()
    except FileNotFoundError:
        token = ""
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}; give --token or run as its owner") from None
    if not token:
        raise CommandFailed(
            f"no token: {path} is not there; name the server's data directory with --data-dir, give --token or set "
            "OPENCLAW_GATEWAY_TOKEN"
        )
    return token


class Gateway(WebSocketClientProtocol):
    """The connection.

    Attributes:
        on_event: called with (name, payload).
        hello: hello-ok's payload, once connected.
        lost: fires with the reason when the connection ends, whoever ends it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_event: Callable[[str, Any], None] = lambda name, payload: None
        self.hello: dict[str, Any] = {}
        self.lost: Deferred[str] = Deferred()
        self._challenge: Deferred[dict[str, Any]] = Deferred()
        self._answers: dict[str, tuple[Deferred[Any], bool]] = {}

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Called by autobahn."""
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

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Called by autobahn."""
        text = reason if wasClean and reason else "the connection was lost"
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
        self.sendMessage(json.dumps(frame).encode())
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


async def connect(reactor: Any, target: Target, scopes: tuple[str, ...]) -> Gateway:
    """A connection that has said hello.

    Raises:
        CommandFailed: nobody listens there, or it refuses.
    """
    parts = urlsplit(target.url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise CommandFailed(f"{target.url} is no gateway's address; write it like ws://127.0.0.1:18789")
    host, is_tls = parts.hostname, parts.scheme == "wss"
    port = parts.port or (443 if is_tls else 80)
    factory = WebSocketClientFactory(target.url)
    factory.noisy = False
    factory.protocol = Gateway
    factory.setProtocolOptions(maxMessagePayloadSize=_MAX_MESSAGE_BYTES, openHandshakeTimeout=CONNECT_SECONDS)
    endpoint: Any = HostnameEndpoint(reactor, host, port, timeout=CONNECT_SECONDS)
    if is_tls:
        endpoint = wrapClientTLS(optionsForClientTLS(host), endpoint)
    try:
        gateway: Gateway = await endpoint.connect(factory)
    except DNSLookupError:
        raise CommandFailed(f"there is no host {host}") from None
    except ConnectError:
        raise CommandFailed(f"nothing listens at {host}:{port}; is the server running? (make run)") from None
    signing_in = Deferred.fromCoroutine(gateway.sign_in(target.secret, scopes))
    signing_in.addTimeout(CONNECT_SECONDS * 2, reactor, lambda *_: _too_slow(host, port))
    await signing_in
    return gateway


def _too_slow(host: str, port: int) -> Any:
    raise CommandFailed(f"{host}:{port} does not answer")


async def disconnect(gateway: Gateway) -> None:
    """Close in order."""
    gateway.sendClose(1000)
    await gateway.lost
