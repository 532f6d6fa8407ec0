"""``teamgram cluster``: what the processes of a cluster say of themselves, and the end of one."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred

from grpclib.client import Channel

from teamgram.app.config.loader import Configuration, load_configuration
from teamgram.app.roles.neighbours import Neighbours, bff_targets, neighbours, trust
from teamgram.cluster.addresses import split_address
from teamgram.cluster.etcd import EtcdAway, EtcdClient
from teamgram.cluster.links import LINK_ERRORS
from teamgram.cluster.protos import member_grpc, member_pb2
from teamgram.cluster.ring import Ring
from teamgram.cluster.waiting import from_asyncio

_WITHIN = 3.0


def run_cluster_command(options: argparse.Namespace) -> int:
    """Do it and print what came of it; the exit code.

    Raises:
        ConfigError: the configuration does not say where the others are.
    """
    configuration = load_configuration(options.config)
    kinds = {"session": neighbours(("gnetway.yaml", "Session"), configuration.gnetway.Session)}
    kinds |= bff_targets(configuration)
    if "twisted.internet.reactor" not in sys.modules:
        asyncioreactor.install()
    from twisted.internet import reactor, task

    code = [1]

    async def run(_: Any) -> None:
        work = _status if options.name == "status" else _drain
        code[0] = await work(options, configuration, kinds, reactor)

    try:
        task.react(lambda _: Deferred.fromCoroutine(run(_)))
    except SystemExit as ended:
        return int(ended.code or 0) or code[0]
    return code[0]


async def _status(
    options: argparse.Namespace, configuration: Configuration, kinds: dict[str, Neighbours], reactor: Any
) -> int:
    rows: list[dict[str, Any]] = []
    for kind, where in kinds.items():
        try:
            addresses = sorted(await _addresses(where, reactor))
        except EtcdAway as error:
            print(f"teamgram: {where.where}: {error}", file=sys.stderr)
            return 69
        shares = _shares(Ring(addresses))
        for address in addresses:
            row: dict[str, Any] = {"kind": kind, "address": address, "share": shares[address]}
            try:
                found = await from_asyncio(_ask(options, configuration, address, "Status", member_pb2.StatusRequest()))
            except LINK_ERRORS as error:
                row["error"] = f"{type(error).__name__}: {error}"
            else:
                row |= _told(found)
            rows.append(row)
    print(json.dumps(rows, indent=2) if options.json else "\n".join(_lines(rows)))
    return 0 if rows and all("error" not in row and not row["not_ready"] for row in rows) else 1


async def _drain(
    options: argparse.Namespace, configuration: Configuration, kinds: dict[str, Neighbours], reactor: Any
) -> int:
    del kinds, reactor
    try:
        await from_asyncio(_ask(options, configuration, options.member, "Drain", member_pb2.DrainRequest()))
    except (ValueError, *LINK_ERRORS) as error:
        print(f"teamgram: {options.member} cannot be asked: {error}", file=sys.stderr)
        return 1
    print(f"{options.member} gives its work to others and ends")
    return 0


async def _addresses(where: Neighbours, reactor: Any) -> frozenset[str]:
    if where.endpoints:
        return where.endpoints
    client = EtcdClient(reactor, where.etcd_hosts)
    try:
        return frozenset((await client.find(f"{where.etcd_key}/")).values.values())
    finally:
        await client.close()


async def _ask(
    options: argparse.Namespace, configuration: Configuration, address: str, method: str, question: Any
) -> Any:
    tls = trust(configuration.operations.Cluster, options.data_dir.absolute(), []).client
    host, port = split_address(address)
    channel = Channel(host, port, ssl=tls)
    try:
        return await asyncio.wait_for(getattr(member_grpc.MemberStub(channel), method)(question), _WITHIN)
    finally:
        channel.close()


def _shares(ring: Ring) -> dict[str, float]:
    """What part of the keys each member owns."""
    step = 1 << 54
    owners = [ring.owner(key) for key in range(0, 1 << 64, step)]
    return {member: owners.count(member) / len(owners) for member in ring.members}


def _told(found: member_pb2.MemberStatus) -> dict[str, Any]:
    return {
        "role": found.role,
        "process": found.process,
        "version": found.version,
        "up_seconds": found.up_seconds,
        "leads": found.leads,
        "load": found.load,
        "not_ready": list(found.not_ready),
        "degraded": list(found.degraded),
        "streams": [
            {
                "peer": one.peer,
                "waiting_bytes": one.waiting_bytes,
                "sent_items": one.sent_items,
                "sent_messages": one.sent_messages,
            }
            for one in found.streams
        ],
    }


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return ["nobody is there"]
    lines = []
    for row in rows:
        head = f"{row['kind']:<12} {row['address']:<22} {row['share']:>4.0%}"
        if "error" in row:
            lines.append(f"{head}  cannot be asked: {row['error']}")
            continue
        what = "connections" if row["role"] == "session" else "requests"
        leads = ", does what is done once" if row["leads"] else ""
        lines.append(f"{head}  up {row['up_seconds']} s, {row['load']} {what}, version {row['version']}{leads}")
        lines += [f"    not ready: {one}" for one in row["not_ready"]]
        lines += [f"    degraded: {one}" for one in row["degraded"]]
        lines += [f"    stream to {one['peer']}: {one['waiting_bytes']} bytes wait" for one in row["streams"]]
    return lines
