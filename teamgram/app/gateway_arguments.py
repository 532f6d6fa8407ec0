"""How the commands that ask the control plane are written; what they do is ``gateway_commands``.

Apart from it, because every command of the program reads this, and what a
WebSocket client needs takes a while to load.
"""

import argparse
from typing import Any

from teamgram.openclaw.gateway import scopes

DEFAULT_SECONDS = 30.0
_EVERYTHING = (scopes.ADMIN, scopes.READ, scopes.WRITE, scopes.APPROVALS, scopes.QUESTIONS, scopes.PAIRING)
_PAIRING = (scopes.ADMIN, scopes.READ, scopes.PAIRING)


def add_commands(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the parsers to ``teamgram``'s; ``where`` has ``--config`` and ``--data-dir``."""
    reach = argparse.ArgumentParser(add_help=False, parents=[where])
    reach.add_argument("--url", default="", help="the gateway (ws://127.0.0.1:PORT of openclaw.yaml)")
    reach.add_argument("--token", default="", help="its token (OPENCLAW_GATEWAY_TOKEN, openclaw.yaml, gateway.token)")
    reach.add_argument("--tls-fingerprint", default="", help="SHA-256 of its certificate, to know it by (wss://)")
    reach.add_argument("--timeout", type=float, default=DEFAULT_SECONDS, help="seconds to wait for an answer (30)")
    reach.add_argument("--json", action="store_true", help="print the answer as JSON")

    def group(name: str, text: str) -> Any:
        return commands.add_parser(name, help=text, description=text).add_subparsers(required=True, metavar="COMMAND")

    def add(to: Any, name: str, run: str, wanted: tuple[str, ...], text: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = to.add_parser(name, help=text, description=text, parents=[reach])
        parser.set_defaults(run=lambda options: _run(options, run, wanted))
        return parser

    gateway = group("gateway", "Ask the running server.")
    add(gateway, "status", "show_status", (scopes.READ,), "Say how the gateway is.")
    call = add(gateway, "call", "call_method", _EVERYTHING, "Call any method of the control plane.")
    call.add_argument("method", metavar="METHOD")
    call.add_argument("params", metavar="JSON", nargs="?", default="{}", help="its parameters, an object ({})")

    devices = group("devices", "Decide who may connect.")
    add(devices, "list", "list_devices", _PAIRING, "Show who waits for approval and who is in.")
    for name, run, text in (
        ("approve", "approve_device", "Let a waiting device in; without an ID the only one that waits."),
        ("reject", "reject_device", "Refuse a waiting device; without an ID the only one that waits."),
    ):
        add(devices, name, run, _PAIRING, text).add_argument("id", metavar="ID", nargs="?", default="")
    revoke = add(devices, "revoke", "revoke_device", _PAIRING, "Close a device's connections and forget it.")
    revoke.add_argument("id", metavar="DEVICE", help="its id, or the beginning of it")

    pairing = group("pairing", "Decide who may write to the agents in the messenger.")
    add(pairing, "list", "list_pairing", _PAIRING, "Show who waits to be let in, and who was.")
    approve = add(pairing, "approve", "approve_pairing", _EVERYTHING, "Let somebody in by the code they were told.")
    approve.add_argument("code", metavar="CODE", nargs="+", help="the code (or, as OpenClaw has it, telegram CODE)")
    approve.add_argument("--owner", action="store_true", help="and make them the agents' owner, if nobody is one yet")
    approve.add_argument("--quiet", action="store_true", help="do not tell them")
    dismiss = add(pairing, "dismiss", "dismiss_pairing", _PAIRING, "Do not let somebody in.")
    dismiss.add_argument("code", metavar="CODE", nargs="+")
    revoke = add(pairing, "revoke", "revoke_pairing", _PAIRING, "Let somebody in no longer.")
    revoke.add_argument("id", metavar="ID", type=int, help="the user's id, as list shows it")

    nodes = group("nodes", "Use the phones and hosts that lend their commands.")
    add(nodes, "list", "list_nodes", _PAIRING, "Show the nodes and what they offer.")
    approve = add(nodes, "approve", "approve_node", _PAIRING, "Accept what a node offers.")
    approve.add_argument("id", metavar="ID", nargs="?", default="")
    invoke = add(nodes, "invoke", "invoke_node", _EVERYTHING, "Run a command on a node and print what it answers.")
    invoke.add_argument("node", metavar="NODE", help="its id, the beginning of it, or its name")
    invoke.add_argument("command", metavar="NAME")
    invoke.add_argument("params", metavar="JSON", nargs="?", default="")

    agent = add(
        commands,
        "agent",
        "talk",
        (scopes.READ, scopes.WRITE),
        "Say something to an agent and print its reply as it comes.",
    )
    agent.add_argument("text", metavar="TEXT")
    agent.add_argument("--session", default="main", help="which conversation (main)")


def _run(options: argparse.Namespace, name: str, wanted: tuple[str, ...]) -> int:
    from teamgram.app import gateway_commands

    return gateway_commands.run_command(options, getattr(gateway_commands, name), wanted)
