"""How ``teamgram client`` is written; what it does is ``client_commands``.

Apart from it, because every command of the program reads this.
"""

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any


def add_commands(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the parsers to ``teamgram``'s; ``where`` has ``--config`` and ``--data-dir``."""
    text = "Point Telegram's own apps at this server."
    clients = commands.add_parser("client", help=text, description=text).add_subparsers(
        required=True, metavar="COMMAND"
    )
    reach = argparse.ArgumentParser(add_help=False, parents=[where])
    reach.add_argument("--address", metavar="HOST", default="", help="where the server is (from gnetway.yaml)")
    reach.add_argument("--port", type=_port, help="its TCP port (from gnetway.yaml; 443 leaves the app's own ports)")
    reach.add_argument("--key", type=Path, help="the server's public key (server_public.pem of the data directory)")

    text = "Make a copy of Telegram Desktop that knows this server in place of Telegram's, and start it."
    desktop = clients.add_parser("desktop", help=text, description=text, parents=[reach])
    desktop.add_argument("--binary", type=Path, help="a Telegram Desktop (the installed one)")
    desktop.add_argument(
        "--directory", type=Path, help="for the copy and its data (clients/desktop below the data directory)"
    )
    desktop.add_argument("--no-start", action="store_true", help="only make the copy")
    desktop.set_defaults(run=lambda options: _run(options, "make_desktop"))

    text = "Make a copy of TDLib's library (libtdjson) that knows this server in place of Telegram's."
    tdlib = clients.add_parser("tdlib", help=text, description=text, parents=[reach])
    tdlib.add_argument("library", metavar="LIBRARY", type=Path, help="the library's file")
    tdlib.add_argument(
        "--directory", type=Path, help="for the copy, of the same name (clients/tdlib below the data directory)"
    )
    tdlib.set_defaults(run=lambda options: _run(options, "make_tdlib"))

    text = "Check a build of Telegram Web A or Web K, and say how this server shows it to browsers."
    web = clients.add_parser("web", help=text, description=text, parents=[where])
    web.add_argument("build", metavar="DIR", type=Path, help="a build: the directory with its index.html")
    web.add_argument("--path", help="below which path it shall be (/a/ or /k/)")
    web.set_defaults(run=lambda options: _run(options, "check_web", "web_client_command"))


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError(text)
    return number


def _run(options: argparse.Namespace, name: str, module: str = "client_commands") -> int:
    from teamgram.app.client_commands import run_command

    return run_command(options, getattr(import_module(f"teamgram.app.{module}"), name))
