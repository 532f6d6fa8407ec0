"""Commands that go through the running server, or over its database when none runs."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from teamgram.app.config.loader import Configuration, load_configuration
from teamgram.app.gateway_client import CommandFailed, NoToken, NotRunning, connect, disconnect, find_target
from teamgram.app.inspection import inspect
from teamgram.database import Database
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.gateway import scopes

Show = Callable[[argparse.Namespace, Any], None]
WithDatabase = Callable[[argparse.Namespace, Database], Awaitable[int]]


def run_command(
    options: argparse.Namespace, method: str, parameters: dict[str, Any], show: Show, with_database: WithDatabase
) -> int:
    """Ask a method of the control port and show what it answers; the exit code.

    Args:
        with_database: does and shows it when no server runs.

    Raises:
        ConfigError: as ``load_configuration``.
    """
    configuration = load_configuration(options.config)
    code = [1]

    async def run(reactor: Any) -> None:
        code[0] = await _run(options, configuration, reactor, method, parameters, show, with_database)

    try:
        task.react(lambda reactor: Deferred.fromCoroutine(run(reactor)))
    except SystemExit as ended:
        return int(ended.code or 0) or code[0]
    return code[0]


async def _run(
    options: argparse.Namespace,
    configuration: Configuration,
    reactor: Any,
    method: str,
    parameters: dict[str, Any],
    show: Show,
    with_database: WithDatabase,
) -> int:
    try:
        target = find_target(options.config, options.data_dir.absolute())
        gateway = await connect(reactor, target, (scopes.ADMIN,))
    except (NotRunning, NoToken):
        return await inspect(options, configuration, reactor, with_database)
    except CommandFailed as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 1
    except OpenClawConfigError as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 78
    try:
        show(options, await gateway.ask(method, parameters))
    except CommandFailed as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 1
    finally:
        await disconnect(gateway)
    return 0
