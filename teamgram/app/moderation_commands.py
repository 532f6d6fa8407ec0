"""``teamgram reports`` and ``teamgram chats``: through the running server, or over its database when none runs."""

import argparse
import json
import sys
import time
from typing import Any

from teamgram.app.moderation_methods import CannotDo, moderation_over
from teamgram.app.operator_commands import run_command
from teamgram.database import Database
from teamgram.domain.updates.fanout import Fanout


def run_reports(options: argparse.Namespace) -> int:
    """The exit code."""
    parameters: dict[str, Any] = {}
    if options.name == "list":
        parameters["all"] = options.all
    elif options.name == "show":
        parameters["id"] = options.id
    else:
        parameters["ids"] = options.ids
    return run_command(options, f"teamgram.reports.{options.name}", parameters, _show_reports, _reports_offline)


def run_chats(options: argparse.Namespace) -> int:
    """The exit code."""
    parameters = {} if options.name == "list" else {"id": options.id}
    return run_command(options, f"teamgram.chats.{options.name}", parameters, _show_chats, _chats_offline)


async def _reports_offline(options: argparse.Namespace, database: Database) -> int:
    moderation = moderation_over(database, Fanout())
    try:
        if options.name == "list":
            told: Any = {"reports": await moderation.reports(all_of_them=options.all)}
        elif options.name == "show":
            told = await moderation.report(options.id)
        else:
            told = await moderation.close_reports(options.ids, int(time.time()))
    except CannotDo as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 1
    _show_reports(options, told)
    return 0


async def _chats_offline(options: argparse.Namespace, database: Database) -> int:
    moderation = moderation_over(database, Fanout())
    try:
        if options.name == "list":
            told: Any = {"chats": await moderation.groups()}
        elif options.name == "show":
            told = await moderation.group(options.id)
        else:
            told = await moderation.delete_group(options.id, int(time.time()), wipe=options.name == "ban")
    except CannotDo as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 1
    _show_chats(options, told)
    return 0


def _show_reports(options: argparse.Namespace, told: Any) -> None:
    if options.json:
        print(json.dumps(told["reports"] if options.name == "list" else told, ensure_ascii=False))
    elif options.name == "list":
        for one in told["reports"]:
            closed = f"  closed {one['closed']}" if one["closed"] else ""
            messages = f", messages: {one['messages']}" if one["messages"] else ""
            print(
                f"{one['id']}  {one['date']}  {one['reporter']} reports {_whom(one)}: {one['reason']}{messages}{closed}"
            )
    elif options.name == "show":
        print(f"report {told['id']} of {told['date']}: {told['reporter']} reports {_whom(told)}: {told['reason']}")
        if told["said"]:
            print(f"they write: {_line(told['said'])}")
        for one in told["messages"]:
            carries = f" [{one['carries']} {' '.join(map(str, one['files']))}]" if one["carries"] else ""
            print(f"  {one['date']}  {one['sender']}: {_line(one['text'])}{carries}")
    else:
        print(f"closed: {' '.join(map(str, told['closed'])) or 'none of them was open'}")


def _whom(report: Any) -> str:
    about = f", {report['about']}" if report["about"] else ""
    return f"{report['kind']} {report['peer']}{about}"


def _line(text: str) -> str:
    """What strangers wrote, as one line without what a terminal obeys."""
    return "".join(one if one.isprintable() else " " for one in text)


def _show_chats(options: argparse.Namespace, told: Any) -> None:
    if options.json:
        print(json.dumps(told["chats"] if options.name == "list" else told, ensure_ascii=False))
    elif options.name == "list":
        for one in told["chats"]:
            closed = "  closed" if one["closed"] else ""
            line = f"{one['id']}  {one['kind']}  {one['members']} members  of {one['creator']}"
            print(f"{line}  {one['created']}  {_line(one['title'])}{closed}")
    elif options.name == "show":
        for name, value in told.items():
            print(f"{name}: {_line(str(value))}")
    else:
        was = "is closed" if told["closed"] else "was closed before"
        print(f"group {told['id']} {was}, messages deleted: {told['deleted']}")
