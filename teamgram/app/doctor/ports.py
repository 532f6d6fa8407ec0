"""The ports: whether the server serves them, or could."""

import errno
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from teamgram.app import stage_settings
from teamgram.app.config.loader import Configuration
from teamgram.app.doctor.findings import PROBE_SECONDS, Finding, bad, good
from teamgram.openclaw.config.sections import GatewaySection


def ports(configuration: Configuration, gateway: GatewaySection, data_dir: Path) -> Iterator[Finding]:
    """Whether the server serves them, or could."""
    interface = {"lan": "0.0.0.0", "custom": gateway.custom_bind_host}.get(gateway.bind, "127.0.0.1")
    running = _readiness("127.0.0.1" if interface in ("0.0.0.0", "") else interface, gateway.port)
    if running is not None:
        failing = running.get("failing") or []
        yield (
            bad("server", f"runs, but is not ready: {', '.join(map(str, failing))}", "look into its log")
            if failing
            else good("server", f"runs and is ready (port {gateway.port})")
        )
    addresses = [
        (each.kind, each.host, each.port) for each in stage_settings.listeners(configuration.gnetway.Gnetway, data_dir)
    ]
    for kind, host, port in [*addresses, ("gateway", interface, gateway.port)]:
        yield _port(kind, host, port, is_running=running is not None)


def _readiness(host: str, port: int) -> dict[str, Any] | None:
    """What ``/readyz`` says, None when no gateway of ours is there."""
    address = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{address}:{port}/readyz", timeout=PROBE_SECONDS) as response:
            body = response.read(65536)
    except urllib.error.HTTPError as error:
        body = error.read(65536)
    except (OSError, ValueError):
        return None
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and "failing" in answer else None


def _port(kind: str, host: str, port: int, *, is_running: bool) -> Finding:
    subject = f"port {port}"
    if port == 0:
        return good(subject, f"{kind}: any free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                if is_running:
                    return good(subject, f"{kind}: served")
                return bad(
                    subject,
                    f"{kind}: another program has it",
                    f"see which with ss -ltnp 'sport = :{port}', stop it or choose another port",
                )
            if error.errno == errno.EACCES:
                return bad(
                    subject,
                    f"{kind}: this user may not listen below 1024",
                    "choose a higher port, or give the service CAP_NET_BIND_SERVICE",
                )
            return bad(
                subject, f"{kind}: {host} cannot be listened on: {error.strerror}", "use an address of this machine"
            )
    if is_running:
        return bad(
            subject,
            f"{kind}: the server runs but does not listen here",
            "restart it: it was started with another configuration",
        )
    return good(subject, f"{kind}: free")
