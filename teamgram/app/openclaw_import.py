"""``teamgram openclaw import PATH``: a person's OpenClaw brought over, after it was shown what that means."""

import argparse
import os
import socket
import sys
from contextlib import closing
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from teamgram.openclaw.agents_service import AgentsService
from teamgram.openclaw.config import source_files
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.importing.bringing_over import BringingOver
from teamgram.openclaw.importing.openclaw_state import NoOpenClawState, OpenClawState
from teamgram.openclaw.service import OpenClawService


def import_state(options: argparse.Namespace) -> int:
    """Show what would come over, and with ``--apply`` do it; the exit code."""
    code = [1]

    async def run(reactor: Any) -> None:
        code[0] = await _import(options, reactor)

    try:
        task.react(lambda reactor: Deferred.fromCoroutine(run(reactor)))
    except SystemExit as ended:
        return int(ended.code or 0) or code[0]
    return code[0]


async def _import(options: argparse.Namespace, reactor: Any) -> int:
    data_dir = options.data_dir.absolute()
    try:
        state = OpenClawState(options.path.expanduser().absolute())
        # No environment: what is read stays as it is written, and a port of the environment is not taken for one.
        service = OpenClawService(
            source_files.path_in(options.config, os.environ),
            data_dir,
            reactor,
            extensions=[AgentsService],
        )
        agents = service.services[-1]
        assert isinstance(agents, AgentsService)
        bringing = BringingOver(state, service.plane, agents)
        plan = bringing.plan()
        for line in plan.lines():
            print(line)
        if not options.apply:
            print("nothing was changed; with --apply this is done, here and not there")
            return 0
        if _listens(service.plane.config.sections.gateway.port):
            print("teamgram: the server runs; stop it first", file=sys.stderr)
            return 1
        shown = len(plan.notes)
        await bringing.carry_out(plan)
    except (NoOpenClawState, OpenClawConfigError, OSError, ValueError) as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 1
    for note in plan.notes[shown:]:
        print(f"not taken       {note}")
    print("brought over; start the server")
    return 0


def _listens(port: int) -> bool:
    with closing(socket.socket()) as sock:
        sock.settimeout(1.0)
        return port > 0 and sock.connect_ex(("127.0.0.1", port)) == 0
