"""``teamgram files``: what may be typed; what it does is in ``file_commands.py``."""

import argparse
from typing import Any


def add_commands(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add ``files`` with its commands."""
    text = "Say who uses what of the store of files, check it, and clean it up; beside a running server or without one."
    files = commands.add_parser("files", help=text, description=text).add_subparsers(required=True, metavar="COMMAND")
    for name, text in (
        ("usage", "Show what the files hold, and whose they are."),
        ("verify", "Read every file and compare it with its SHA-256; say what is missing, damaged or nobody's."),
        ("collect", "End what no message, profile or set has named for FileGrace; a server does so by itself."),
    ):
        parser = files.add_parser(name, help=text, description=text, parents=[where])
        parser.add_argument("--json", action="store_true", help="print one JSON object, and no progress")
        if name == "usage":
            parser.add_argument("--limit", type=int, default=50, metavar="N", help="accounts to show, the largest (50)")
        if name == "verify":
            parser.add_argument("--quick", action="store_true", help="look for the files, and do not read them")
        parser.set_defaults(run=_run, command=name)


def _run(options: argparse.Namespace) -> int:
    from teamgram.app import file_commands
    from teamgram.app.inspection import run_inspection

    return run_inspection(options, getattr(file_commands, options.command))
