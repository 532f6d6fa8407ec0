"""The ``teamgram`` commands of the control plane: gateway, devices, nodes, agent, doctor.

:func:`add_commands` hangs them into the program's parser. All but ``doctor``
talk to the running gateway, with the token of the configuration or of the
data directory.
"""

import argparse
import json
import os
import shutil
import sqlite3
import stat
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from teamgram.openclaw import auth
from teamgram.openclaw.command_client import CommandClient, CommandError
from teamgram.openclaw.config.errors import ConfigError
from teamgram.openclaw.config.live import LiveConfig

_LEAST_FREE_BYTES = 500 * 1024 * 1024
#: No clock that is right shows less.
_EARLIEST_CLOCK = 1_700_000_000

AddCommand = Callable[..., argparse.ArgumentParser]


def add_commands(command: AddCommand) -> None:
    """Declare the commands; ``command(name, run, help)`` makes a subparser with ``--config`` and ``--data-dir``."""
    gateway = command("gateway", _gateway, "Ask the running gateway: its status, or any method.")
    gateway.add_argument("what", choices=("status", "call"))
    gateway.add_argument("method", nargs="?", help="with call: the method's name")
    gateway.add_argument("params", nargs="?", default="{}", help="with call: its parameters as JSON")
    devices = command("devices", _devices, "List, approve or revoke the devices that may connect.")
    devices.add_argument("what", choices=("list", "approve", "reject", "revoke"))
    devices.add_argument("id", nargs="?", help="approve, reject: the request; revoke: the device")
    nodes = command("nodes", _nodes, "List nodes, approve what they offer, run a command on one.")
    nodes.add_argument("what", choices=("list", "approve", "invoke"))
    nodes.add_argument("id", nargs="?", help="approve: the request; invoke: the node's id or name")
    nodes.add_argument("command", nargs="?", help="invoke: the command, e.g. system.which")
    nodes.add_argument("params", nargs="?", default="{}", help="invoke: its parameters as JSON")
    agent = command("agent", _agent, "Give an agent a message and watch it answer.")
    agent.add_argument("text")
    agent.add_argument("--session", default="main", help="the session's key (main)")
    command("doctor", _doctor, "Check configuration, ports, permissions, disk, database and clock, and say what to do.")


def connect(options: argparse.Namespace, timeout: float = 30.0) -> CommandClient:
    """A signed-in client for the gateway of this configuration.

    Raises:
        CommandError: it does not run, or there is no token.
    """
    config = _config(options)
    gateway = config.sections.gateway
    token = gateway.auth.password if gateway.auth.mode == auth.PASSWORD else gateway.auth.token
    if not token and gateway.auth.mode != auth.NONE:
        try:
            token = (options.data_dir / auth.TOKEN_FILE).read_text().strip()
        except OSError:
            raise CommandError(f"no token in {options.data_dir / auth.TOKEN_FILE}; is --data-dir right?") from None
    host = gateway.custom_bind_host if gateway.bind == "custom" else "127.0.0.1"
    return CommandClient(host, gateway.port, token, timeout)


def _config(options: argparse.Namespace) -> LiveConfig:
    return LiveConfig(options.config / "openclaw.yaml", options.data_dir / "openclaw", b"", os.environ)


def _say(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def _guarded(function: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        try:
            return function(options)
        except (CommandError, ConfigError, json.JSONDecodeError) as error:
            print(f"teamgram: {error}", file=sys.stderr)
            return 1

    return run


def _params(text: str) -> dict[str, Any]:
    params = json.loads(text)
    if not isinstance(params, dict):
        raise CommandError("parameters are a JSON object")
    return params


def _need(options: argparse.Namespace, name: str) -> str:
    value = getattr(options, name)
    if not value:
        raise CommandError(f"{options.what} needs {name.upper()}")
    return str(value)


@_guarded
def _gateway(options: argparse.Namespace) -> int:
    with connect(options) as client:
        if options.what == "call":
            _say(client.request(_need(options, "method"), _params(options.params)))
            return 0
        status = client.request("status", {})
        server = client.hello["server"]
        print(f"running   {server['version']}, process {status['pid']}, up {status['uptimeMs'] // 1000} s")
        print(f"memory    {status['processMemory']['rssBytes'] / 1e6:.0f} MB")
        print(f"clients   {status['connections']}")
        print(f"turns     {status['tasks']['active']} running")
        print(f"sessions  {status['sessions']['count']}")
    return 0


@_guarded
def _devices(options: argparse.Namespace) -> int:
    with connect(options) as client:
        if options.what in ("approve", "reject"):
            client.request(f"device.pair.{options.what}", {"requestId": _need(options, "id")})
        elif options.what == "revoke":
            client.request("device.pair.remove", {"deviceId": _need(options, "id")})
        else:
            listed = client.request("device.pair.list", {})
            for request in listed["pending"]:
                print(f"waiting  {request['requestId']}  {_named(request)}  wants {_wishes(request)}")
            for device in listed["paired"]:
                here = "connected" if device["connected"] else "away"
                print(f"{here:<9}{device['deviceId']}  {_named(device)}  {_wishes(device)}")
    return 0


def _named(record: dict[str, Any]) -> str:
    return str(record.get("label") or record.get("displayName") or record.get("clientId") or "?")


def _wishes(record: dict[str, Any]) -> str:
    return ", ".join([*record["roles"], *(scope.removeprefix("operator.") for scope in record["scopes"])])


@_guarded
def _nodes(options: argparse.Namespace) -> int:
    with connect(options) as client:
        if options.what == "approve":
            client.request("node.pair.approve", {"requestId": _need(options, "id")})
        elif options.what == "invoke":
            wanted, command = _need(options, "id"), _need(options, "command")
            listed = client.request("node.list", {})["nodes"]
            known = [node["nodeId"] for node in listed if wanted in (node["nodeId"], node.get("displayName"))]
            params = {"command": command, "params": _params(options.params), "idempotencyKey": str(uuid.uuid4())}
            _say(client.request("node.invoke", {"nodeId": known[0] if known else wanted, **params})["payload"])
        else:
            for node in client.request("node.list", {})["nodes"]:
                here = "connected" if node["connected"] else "away"
                name = node.get("displayName") or node["clientId"]
                offers = ", ".join(node["commands"]) or "nothing approved"
                print(f"{here:<10}{node['nodeId']}  {name}  {offers}")
                if "pendingRequestId" in node:
                    print(f"          waits for: teamgram nodes approve {node['pendingRequestId']}")
    return 0


@_guarded
def _agent(options: argparse.Namespace) -> int:
    run_id = str(uuid.uuid4())
    written = ""

    def on_event(frame: dict[str, Any]) -> None:
        nonlocal written
        payload = frame.get("payload") or {}
        if frame["event"] != "chat" or payload.get("runId") != run_id or payload.get("state") != "delta":
            return
        if payload.get("replace"):
            written = ""
            print()
        written += payload.get("deltaText", "")
        print(payload.get("deltaText", ""), end="", flush=True)

    with connect(options, timeout=3600.0) as client:
        params = {"message": options.text, "sessionKey": options.session, "idempotencyKey": run_id}
        answers = client.answers("agent", params, on_event)
        next(answers)
        final = next(answers)
    text = "\n\n".join(part.get("text") or "" for part in (final.get("result") or {}).get("payloads") or ())
    print("" if written.strip() == text.strip() else "\n" + text if written else text)
    return 0 if final.get("status") == "ok" else 1


@_guarded
def _doctor(options: argparse.Namespace) -> int:
    bad = 0
    for fine, text in _examine(options):
        print(f"{'ok  ' if fine else 'BAD '} {text}")
        bad += not fine
    return 1 if bad else 0


def _examine(options: argparse.Namespace) -> Iterator[tuple[bool, str]]:
    """(whether it is well, what was looked at and what to do)."""
    data_dir: Path = options.data_dir
    try:
        gateway = _config(options).sections.gateway
        yield True, f"configuration {options.config / 'openclaw.yaml'}"
    except ConfigError as error:
        yield False, f"configuration: {error}"
        return
    if not data_dir.is_dir():
        yield False, f"data directory {data_dir} is not there; start the server once, or give --data-dir"
        return
    yield os.access(data_dir, os.W_OK), f"data directory {data_dir} (must be writable by whoever runs the server)"
    for path in (data_dir / auth.TOKEN_FILE, data_dir / "server_pkcs1.key", data_dir / "openclaw" / "devices.json"):
        if path.exists():
            mode = stat.S_IMODE(path.stat().st_mode)
            yield (
                not mode & 0o077,
                f"permissions of {path}: {mode:o}" + ("" if not mode & 0o077 else f"; chmod 600 {path}"),
            )
    free = shutil.disk_usage(data_dir).free
    yield free > _LEAST_FREE_BYTES, f"disk: {free / 1e9:.1f} GB free where the data is (500 MB at least)"
    yield (
        time.time() > _EARLIEST_CLOCK,
        f"clock: {time.strftime('%Y-%m-%d %H:%M:%S %Z')} (clients need it right within minutes)",
    )
    for database in sorted(data_dir.glob("*.db")):
        yield _database(database)
    yield _answers(gateway.port)


def _database(path: Path) -> tuple[bool, str]:
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        return False, f"database {path}: {error}; restore a backup"
    return found == "ok", f"database {path}: {found}"


def _answers(port: int) -> tuple[bool, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as response:
            return response.status == 200, f"gateway answers on port {port}"
    except OSError as error:
        return False, f"gateway on port {port}: {error}; start it with `make run`, or see who else has the port"
