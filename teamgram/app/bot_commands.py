"""``teamgram bots``: through the running server, or over its database when none runs."""

import argparse
import json
import sys
import time
from typing import Any

from teamgram.app.bot_methods import NoSuchBot, keeper_over
from teamgram.app.operator_commands import run_command
from teamgram.cache.bus import MemoryBus
from teamgram.database import Database


def run_bots(options: argparse.Namespace) -> int:
    """Do it and print what came of it; the exit code.

    Raises:
        ConfigError: as ``load_configuration``.
    """
    return run_command(options, f"teamgram.bots.{options.name}", _parameters(options), _print, _with_database)


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
