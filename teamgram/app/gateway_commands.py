"""``teamgram gateway``, ``devices``, ``pairing``, ``nodes``, ``agent``: the running server's control plane.

``gateway_arguments`` declares them.
"""

import argparse
import json
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet import task
from twisted.internet.defer import CancelledError, Deferred

from teamgram.app.gateway_client import CommandFailed, GatewayClient, connect, disconnect, find_target
from teamgram.openclaw.config.errors import OpenClawConfigError

Command = Callable[[argparse.Namespace, GatewayClient], Awaitable[int]]


def run_command(options: argparse.Namespace, command: Command, wanted: tuple[str, ...]) -> int:
    """Connect, run, disconnect; the exit code. What goes wrong is told in one line."""
    outcome = [1]

    async def run(reactor: Any) -> None:
        try:
            target = find_target(
                options.config, options.data_dir.absolute(), options.url, options.token, options.tls_fingerprint
            )
            gateway = await connect(reactor, target, wanted)
            try:
                outcome[0] = await command(options, gateway)
            finally:
                await disconnect(gateway)
        except CommandFailed as error:
            print(f"teamgram: {error}", file=sys.stderr)
        except OpenClawConfigError as error:
            print(f"teamgram: {error}", file=sys.stderr)
            outcome[0] = 78

    try:
        task.react(lambda reactor: Deferred.fromCoroutine(run(reactor)))
    except SystemExit as ended:
        return int(ended.code or 0) or outcome[0]
    return outcome[0]


async def _ask(options: argparse.Namespace, gateway: GatewayClient, method: str, params: dict[str, Any]) -> Any:
    from twisted.internet import reactor

    def too_slow(*_: Any) -> Any:
        raise CommandFailed(f"{method}: no answer within {options.timeout:g} s (--timeout)")

    return await gateway.ask(method, params).addTimeout(options.timeout, reactor, too_slow)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def _parameters(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandFailed(f"the parameters are no JSON: {error}") from None


def _when(ms: int | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(ms / 1000)) if ms else "-"


# gateway


async def show_status(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """A few lines; exit code 1 when the event loop is late."""
    status = await _ask(options, gateway, "status", {})
    if options.json:
        _print_json(status)
        return 0
    loop = status["eventLoop"]
    server = gateway.hello["server"]
    print(f"gateway        {gateway.url}, version {server['version']}, process {status['pid']}")
    print(f"up for         {round(status['uptimeMs'] / 1000)} s")
    print(f"memory         {status['processMemory']['rssBytes'] / 1e6:.0f} MB")
    print(f"event loop     {'SLOW' if loop['degraded'] else 'good'}, late by at most {loop['delayMaxMs']} ms")
    print(f"connections    {status['connections']}")
    print(f"conversations  {status['sessions']['count']}, {status['tasks']['active']} runs under way")
    print(f"methods        {len(gateway.hello['features']['methods'])}")
    return 1 if loop["degraded"] else 0


async def call_method(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Print the payload."""
    params = _parameters(options.params)
    if not isinstance(params, dict):
        raise CommandFailed("the parameters must be a JSON object")
    _print_json(await _ask(options, gateway, options.method, params))
    return 0


# devices


async def list_devices(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Who waits, then who is in."""
    found = await _ask(options, gateway, "device.pair.list", {})
    if options.json:
        _print_json(found)
        return 0
    if found["pending"]:
        print("waiting for approval (teamgram devices approve ID)")
    for request in found["pending"]:
        print(
            f"  {request['requestId']}  {_name(request)}, as {request['role']}, from {request.get('remoteIp') or '?'}, "
            f"wants {', '.join(request['scopes']) or 'no scopes'}"
        )
    print(f"{'device':<18}{'role':<16}{'seen':<18}{'':<11}name")
    for device in found["paired"]:
        here = "connected" if device.get("connected") else ""
        roles = "+".join(device["roles"])
        print(
            f"{device['deviceId'][:16]:<18}{roles:<16}{_when(device.get('lastSeenAtMs')):<18}{here:<11}{_name(device)}"
        )
    return 0


def _name(record: dict[str, Any]) -> str:
    return str(record.get("label") or record.get("displayName") or record.get("clientId") or "unnamed")


async def approve_device(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Let it in."""
    return await _decide(options, gateway, "device.pair", "approve")


async def reject_device(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Refuse it."""
    return await _decide(options, gateway, "device.pair", "reject")


async def approve_node(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Accept what it offers."""
    return await _decide(options, gateway, "node.pair", "approve")


async def _decide(options: argparse.Namespace, gateway: GatewayClient, family: str, decision: str) -> int:
    pending = (await _ask(options, gateway, f"{family}.list", {}))["pending"]
    request = _the_one([(each["requestId"], each) for each in pending], options.id, "request that waits")
    answer = await _ask(options, gateway, f"{family}.{decision}", {"requestId": request["requestId"]})
    if options.json:
        _print_json(answer)
    else:
        print(f"{_name(request)}: {'approved' if decision == 'approve' else 'refused'}")
    return 0


def _the_one(candidates: list[tuple[str, dict[str, Any]]], wanted: str, what: str) -> dict[str, Any]:
    """The only one whose id begins with ``wanted``.

    Raises:
        CommandFailed: none, or several.
    """
    exact = [record for name, record in candidates if name == wanted]
    found = exact or [record for name, record in candidates if name.lower().startswith(wanted.lower())]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandFailed(f"there is no {what}" + (f" with {wanted}" if wanted else ""))
    raise CommandFailed(f"{len(found)} fit; name one: " + ", ".join(name for name, each in candidates if each in found))


async def revoke_device(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Forget it."""
    paired = (await _ask(options, gateway, "device.pair.list", {}))["paired"]
    device = _the_one([(each["deviceId"], each) for each in paired], options.id, "device")
    answer = await _ask(options, gateway, "device.pair.remove", {"deviceId": device["deviceId"]})
    if options.json:
        _print_json(answer)
    else:
        print(f"{_name(device)}: revoked; its connections are closed")
    return 0


# people


async def list_pairing(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Who waits, then who was let in."""
    waiting = await _ask(options, gateway, "channels.pairing.list", {})
    people = await _ask(options, gateway, "teamgram.pairing.people", {})
    if options.json:
        _print_json({**waiting, **people})
        return 0
    if not waiting["accounts"]:
        print("nobody is asked to pair: channels.telegram.dmPolicy of openclaw.yaml is not pairing")
    elif not waiting["requests"]:
        print("nobody waits")
    for request in waiting["requests"]:
        code, name, sender = request["requestId"], request["senderLabel"], request["senderId"]
        print(
            f"{code}  {name} (id {sender}) waits for agent {request['metadata']['agent']}, until {request['expiresAt']}"
        )
    for one in people["people"]:
        print(f"let in    {one['name']} (id {one['userId']}), {_when(one['approvedAtMs'])}")
    return 0


async def approve_pairing(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Let somebody in."""
    more = {"notify": not options.quiet, "bootstrapCommandOwner": options.owner}
    answer = await _pair(options, gateway, "approve", more)
    if options.json:
        _print_json(answer)
        return 0
    print(f"user {answer['senderId']} is let in")
    if answer["commandOwnerBootstrap"] == "configured":
        print(f"user {answer['senderId']} is the agents' owner")
    elif answer["commandOwnerBootstrap"] == "already-configured":
        print("the agents have an owner already: teamgram owners add PHONE names one more")
    if answer["notification"] == "failed":
        print("they could not be told")
    return 0


async def dismiss_pairing(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Do not let somebody in."""
    answer = await _pair(options, gateway, "dismiss", {})
    if options.json:
        _print_json(answer)
    else:
        print(f"user {answer['senderId']} is not let in")
    return 0


async def _pair(options: argparse.Namespace, gateway: GatewayClient, decision: str, more: dict[str, Any]) -> Any:
    *channel, code = options.code
    params = {"channel": channel[0] if channel else "telegram", "accountId": "default", "requestId": code, **more}
    return await _ask(options, gateway, f"channels.pairing.{decision}", params)


async def revoke_pairing(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Let somebody in no longer."""
    answer = await _ask(options, gateway, "teamgram.pairing.revoke", {"userId": options.id})
    if options.json:
        _print_json(answer)
    else:
        print(f"user {answer['userId']} is not let in any more")
    return 0


# nodes


async def list_nodes(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """One line a node, with what it offers below."""
    found = await _ask(options, gateway, "node.list", {})
    if options.json:
        _print_json(found)
        return 0
    if not found["nodes"]:
        print("no nodes; a node asks by connecting (docs/openclaw.md)")
    for node in found["nodes"]:
        here = "connected" if node.get("connected") else f"seen {_when(node.get('lastSeenAtMs'))}"
        print(f"{node['nodeId'][:16]}  {_name(node)}, {node.get('platform') or 'unknown platform'}, {here}")
        if node.get("commands"):
            print(f"    {' '.join(node['commands'])}")
        if node.get("pendingRequestId"):
            offered = " ".join(node.get("pendingDeclaredCommands") or ())
            print(f"    waits for approval (teamgram nodes approve {node['pendingRequestId']}): {offered}")
    return 0


async def invoke_node(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Print what it answers."""
    nodes = (await _ask(options, gateway, "node.list", {}))["nodes"]
    named = [(_name(node), node) for node in nodes if _name(node).lower() == options.node.lower()]
    node = _the_one(named or [(each["nodeId"], each) for each in nodes], "" if named else options.node, "node")
    params: dict[str, Any] = {
        "nodeId": node["nodeId"],
        "command": options.command,
        "timeoutMs": round(options.timeout * 1000),
        "idempotencyKey": str(uuid.uuid4()),
    }
    if options.params:
        params["params"] = _parameters(options.params)
    # The gateway's own timeout says more than ours: it comes first.
    options.timeout += 2
    answer = await _ask(options, gateway, "node.invoke", params)
    _print_json(answer if options.json else answer.get("payload"))
    return 0


# agent


async def talk(options: argparse.Namespace, gateway: GatewayClient) -> int:
    """Print the reply as it comes; Ctrl-C stops the run."""
    from twisted.internet import reactor

    run_id = str(uuid.uuid4())
    printed: list[str] = []

    def heard(name: str, payload: Any) -> None:
        if not isinstance(payload, dict) or payload.get("runId") != run_id or options.json:
            return
        if name == "chat" and payload.get("state") == "delta" and not payload.get("replace"):
            printed.append(payload["deltaText"])
            print(payload["deltaText"], end="", flush=True)
        elif name == "agent" and payload.get("stream") == "item" and payload["data"].get("phase") == "start":
            print(f"[{payload['data'].get('title')}]", file=sys.stderr, flush=True)

    gateway.on_event = heard
    params = {"message": options.text, "sessionKey": options.session, "idempotencyKey": run_id}
    turn = gateway.ask("agent", params, final=True)

    async def stop() -> None:
        if not turn.called:
            await gateway.ask("chat.abort", {"sessionKey": options.session, "runId": run_id})

    trigger: Any = reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(stop()))
    try:
        answer = await turn
    except CancelledError:
        return 130
    finally:
        if printed:
            print(flush=True)
        reactor.removeSystemEventTrigger(trigger)
    if options.json:
        _print_json(answer)
    elif not printed:
        print("\n\n".join(str(part["text"]) for part in answer["result"]["payloads"] if part.get("text")))
    return 0 if answer.get("status") == "ok" else 1
