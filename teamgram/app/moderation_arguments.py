"""What ``teamgram reports`` and ``teamgram chats`` are told."""

import argparse
from typing import Any

REPORTS = (
    ("list", "Show what people reported and nobody has dealt with."),
    ("show", "Show one report, with the messages as they were."),
    ("close", "Say that reports are dealt with."),
)
CHATS = (
    ("list", "Show the newest groups and channels."),
    ("show", "Show one of them."),
    ("delete", "Close a group; its members keep what they have."),
    ("ban", "Close a group, and delete from everybody what was written there."),
)


def add_commands(commands: Any, where: argparse.ArgumentParser) -> None:
    """``reports`` and ``chats`` with what belongs to them."""
    for group, text, names, run in (
        ("reports", "Read what people report, and close it.", REPORTS, _reports),
        ("chats", "Look at groups and channels, and act.", CHATS, _chats),
    ):
        parsers = commands.add_parser(group, help=text, description=text).add_subparsers(
            required=True, metavar="COMMAND"
        )
        for name, said in names:
            parser = parsers.add_parser(name, help=said, description=said, parents=[where])
            parser.set_defaults(run=run, name=name)
            parser.add_argument("--json", action="store_true", help="print JSON")
            if group == "reports" and name == "list":
                parser.add_argument("--all", action="store_true", help="also those that are dealt with")
            elif name == "close":
                parser.add_argument("ids", nargs="+", type=int, metavar="ID")
            elif name != "list":
                parser.add_argument("id", type=int, metavar="ID", help="of a group as the list has it, after --: -- -5")


def _reports(options: argparse.Namespace) -> int:
    from teamgram.app.moderation_commands import run_reports

    return run_reports(options)


def _chats(options: argparse.Namespace) -> int:
    from teamgram.app.moderation_commands import run_chats

    return run_chats(options)
