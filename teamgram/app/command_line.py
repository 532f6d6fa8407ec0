"""``teamgram``: serve, and look at what a running or stopped server holds."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from teamgram import __version__
from teamgram.app.client_arguments import add_commands as add_client_commands
from teamgram.app.config.errors import ConfigError
from teamgram.app.file_arguments import add_commands as add_file_commands
from teamgram.app.gateway_arguments import add_commands as add_gateway_commands
from teamgram.app.moderation_arguments import add_commands as add_moderation_commands
from teamgram.app.tap import explain


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script. Exit codes: 0; 1 for what is not there; 2 for wrong usage;
    69 for what cannot be opened; 78 for a bad configuration.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except ConfigError as error:
        return explain(error)
    except BrokenPipeError:
        return 0
    except OSError as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 69


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="teamgram", description="A Telegram of one's own.")
    parser.add_argument("--version", action="version", version=f"teamgram {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--config", "-c", type=Path, default=Path("etc"), help="directory of the YAML files (etc)")
    where.add_argument("--data-dir", "-d", type=Path, default=Path("var"), help="directory of the data (var)")

    def command(name: str, run: object, text: str, **extra: object) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, parents=[where], **extra)  # type: ignore[arg-type]
        sub.set_defaults(run=run)
        return sub

    serve = command("serve", _serve, "Start the server in the foreground.")
    serve.add_argument(
        "--role",
        default="",
        choices=("all", "gnetway", "session", "bff"),
        help="what the process is for (docs/cluster.md); what operations.yaml says unless given",
    )
    keygen = command("keygen", _keygen, "Make an RSA key and print it with its fingerprint.")
    keygen.add_argument("--show", action="store_true", help="print the data directory's key instead of making one")
    command(
        "check-config", _check_config, "Say whether the configuration can be used, and which keys mean nothing here."
    )
    command("users", _users, "List the accounts.")
    sessions = command("sessions", _sessions, "List the signed-in devices, of one user or of all.")
    sessions.add_argument("who", nargs="?", help="phone number, @username or user id")
    codes = command("codes", _codes, "Show the sign-in codes that wait to be typed.")
    codes.add_argument("phone", nargs="?", help="only this number's")
    _add_owners(commands, where)
    _add_bots(commands, where)
    _add_openclaw(commands, where)
    add_moderation_commands(commands, where)
    _add_cluster(commands, where)
    command("doctor", _doctor, "Look for what is wrong with the configuration and this machine, and say what to do.")
    add_file_commands(commands, where)
    add_client_commands(commands, where)
    add_gateway_commands(commands, where)
    return parser


def _add_owners(commands: Any, where: argparse.ArgumentParser) -> None:
    text = "Say who the agents' owners are; it counts at once, whether or not the server runs."
    owners = commands.add_parser("owners", help=text, description=text).add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("add", _add_owner, "Make an account an owner."),
        ("list", _list_owners, "Show the owners."),
        ("remove", _remove_owner, "Make an account no owner any more."),
    ):
        parser = owners.add_parser(name, help=text, description=text, parents=[where])
        parser.set_defaults(run=run)
        if name != "list":
            parser.add_argument("phone", metavar="PHONE", help="the number that the account signs in with")


def _add_bots(commands: Any, where: argparse.ArgumentParser) -> None:
    text = "Make bots for the Bot API and look after them, whether or not the server runs."
    bots = commands.add_parser("bots", help=text, description=text).add_subparsers(required=True, metavar="COMMAND")
    for name, text in (
        ("create", "Make a bot and print its token, which cannot be shown again."),
        ("list", "Show the bots."),
        ("revoke", "Give a bot another token; the old one is dead at once."),
        ("delete", "Take a bot out of use."),
    ):
        parser = bots.add_parser(name, help=text, description=text, parents=[where])
        parser.set_defaults(run=_bots, name=name)
        parser.add_argument("--json", action="store_true", help="print JSON")
        if name == "create":
            parser.add_argument("username", metavar="USERNAME", help="ends in bot")
            parser.add_argument("--name", dest="title", default="", help="what it is called; its username unless given")
            parser.add_argument("--owner", default="", metavar="PHONE", help="whose it is; the operator's unless given")
        elif name != "list":
            parser.add_argument("bot", metavar="BOT", help="its username or id")


def _add_cluster(commands: Any, where: argparse.ArgumentParser) -> None:
    text = "Look at the processes of a cluster, and take one out of it."
    cluster = commands.add_parser("cluster", help=text, description=text)
    below = cluster.add_subparsers(required=True, metavar="COMMAND")
    status = below.add_parser("status", parents=[where], help="show every session and bff process")
    status.add_argument("--json", action="store_true", help="print JSON")
    drain = below.add_parser("drain", parents=[where], help="have a process give its work to others, and end")
    drain.add_argument("member", metavar="ADDRESS", help="host:port, as status shows it")
    for parser, name in ((status, "status"), (drain, "drain")):
        parser.set_defaults(run=_cluster, name=name)


def _cluster(options: argparse.Namespace) -> int:
    from teamgram.app.roles.commands import run_cluster_command

    return run_cluster_command(options)


def _bots(options: argparse.Namespace) -> int:
    from teamgram.app.bot_commands import run_bots

    return run_bots(options)


def _serve(options: argparse.Namespace) -> int:
    from twisted.scripts import twistd

    where = ["--config", str(options.config), "--data-dir", str(options.data_dir), "--role", options.role]
    sys.argv = ["twistd", "-n", "--pidfile=", "teamgram", *where]
    twistd.run()
    return 0


def _keygen(options: argparse.Namespace) -> int:
    from teamgram.app.server_key import ServerKey, load_server_key

    if options.show:
        from teamgram.app.config.loader import load_configuration

        key = load_server_key(load_configuration(options.config).gnetway, options.data_dir.absolute())
        print(key.public_pem, end="")
    else:
        key = ServerKey.generate()
        print(key.private_pem, end="")
        print(key.public_pem, end="")
    print(f"fingerprint signed    {key.fingerprint}")
    print(f"fingerprint unsigned  {key.unsigned}")
    print(f"fingerprint hex       {key.hex}")
    return 0


def _check_config(options: argparse.Namespace) -> int:
    from teamgram.app.check_config import check

    return check(options.config, options.data_dir.absolute())


def _users(options: argparse.Namespace) -> int:
    from teamgram.app.inspection import run_inspection, show_users

    return run_inspection(options, show_users)


def _sessions(options: argparse.Namespace) -> int:
    from teamgram.app.inspection import run_inspection, show_sessions

    return run_inspection(options, show_sessions)


def _codes(options: argparse.Namespace) -> int:
    from teamgram.app.inspection import run_inspection, show_codes

    return run_inspection(options, show_codes)


def _add_owner(options: argparse.Namespace) -> int:
    from teamgram.app.inspection import run_inspection
    from teamgram.app.owners import add_owner

    return run_inspection(options, add_owner)


def _list_owners(options: argparse.Namespace) -> int:
    from teamgram.app.inspection import run_inspection
    from teamgram.app.owners import list_owners

    return run_inspection(options, list_owners)


def _remove_owner(options: argparse.Namespace) -> int:
    from teamgram.app.inspection import run_inspection
    from teamgram.app.owners import remove_owner

    return run_inspection(options, remove_owner)


def _add_openclaw(commands: Any, where: argparse.ArgumentParser) -> None:
    text = "Bring an OpenClaw over: its configuration, conversations, jobs and devices."
    group = commands.add_parser("openclaw", help=text, description=text).add_subparsers(
        required=True, metavar="COMMAND"
    )
    about = "Show what would come over from OpenClaw's state directory (~/.openclaw); with --apply do it."
    parser = group.add_parser("import", help=about, description=about, parents=[where])
    parser.add_argument("path", metavar="PATH", type=Path, help="the state directory; nothing in it is changed")
    parser.add_argument("--apply", action="store_true", help="do it; the server must not run")
    parser.set_defaults(run=_import_openclaw)


def _import_openclaw(options: argparse.Namespace) -> int:
    from teamgram.app.openclaw_import import import_state

    return import_state(options)


def _doctor(options: argparse.Namespace) -> int:
    from teamgram.app.doctor.examination import examine

    return examine(options.config, options.data_dir.absolute())


if __name__ == "__main__":
    sys.exit(main())
