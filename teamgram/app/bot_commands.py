"""``teamgram bots``: through the running server, or over its database when none runs."""

import argparse
import json
import sys
import time
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from teamgram.app.bot_methods import NoSuchBot, keeper_over
from teamgram.app.config.loader import Configuration, load_configuration
from teamgram.app.gateway_client import CommandFailed, NoToken, NotRunning, connect, disconnect, find_target
from teamgram.app.inspection import inspect
from teamgram.cache.bus import MemoryBus
from teamgram.database import Database
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.gateway import scopes


def run_bots(options: argparse.Namespace) -> int:
    """Do it and print what came of it; the exit code.

    Raises:
        ConfigError: as ``load_configuration``.
    """
    configuration = load_configuration(options.config)
    code = [1]

    async def run(reactor: Any) -> None:
        code[0] = await _run(options, configuration, reactor)

    try:
        task.react(lambda reactor: Deferred.fromCoroutine(run(reactor)))
    except SystemExit as ended:
        return int(ended.code or 0) or code[0]
    return code[0]


async def _run(options: argparse.Namespace, configuration: Configuration, reactor: Any) -> int:
    try:
        target = find_target(options.config, options.data_dir.absolute())
        gateway = await connect(reactor, target, (scopes.ADMIN,))
    except (NotRunning, NoToken):
        return await inspect(options, configuration, reactor, _with_database)
    except CommandFailed as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 1
    except OpenClawConfigError as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 78
    try:
        _print(options, await gateway.ask(f"teamgram.bots.{options.name}", _parameters(options)))
    except CommandFailed as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 1
    finally:
        await disconnect(gateway)
    return 0


async def _with_database(options: argparse.Namespace, database: Database) -> int:
    keeper, name = keeper_over(database, MemoryBus()), options.name
    try:
        if name == "create":
            told: Any = await keeper.create(options.username, options.title, options.owner, now=int(time.time()))
        elif name == "list":
            told = {"bots": await keeper.list()}
        elif name == "revoke":
            told = await keeper.revoke(await keeper.find(options.bot))
        else:
            told = await keeper.delete(await keeper.find(options.bot))
    except NoSuchBot as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 1
    _print(options, told)
    return 0


def _parameters(options: argparse.Namespace) -> dict[str, Any]:
    if options.name == "create":
        return {"username": options.username, "name": options.title, "owner": options.owner}
    return {} if options.name == "list" else {"bot": options.bot}


def _print(options: argparse.Namespace, told: Any) -> None:
    if options.json:
        print(json.dumps(told["bots"] if options.name == "list" else told, ensure_ascii=False))
    elif options.name == "list":
        for bot in told["bots"]:
            owner = f", of {bot['owner']}" if bot["owner"] else ""
            print(f"{bot['id']}  @{bot['username']}  {bot['name']}{owner}")
    elif options.name == "delete":
        print(f"bot {told['id']} is deleted")
    else:
        print(f"token of bot {told['id']}, shown this once: {told['token']}")
