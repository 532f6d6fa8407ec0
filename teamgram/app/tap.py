"""``twistd teamgram``: its options, and the service that they describe."""

import sys
from pathlib import Path

from twisted.application.service import IService
from twisted.python import usage

from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import Configuration, load_configuration
from teamgram.app.config.sections import RoleName


class Options(usage.Options):
    """``--config DIR --data-dir DIR --role ROLE``."""

    synopsis = "[--config DIR] [--data-dir DIR] [--role all|gnetway|session|bff]"
    longdesc = "Starts every stage of Teamgram for Twisted in this process, or those of one role (docs/cluster.md)."
    optParameters = [
        ["config", "c", "etc", "Directory of the YAML files, one a service."],
        ["data-dir", "d", "var", "Directory for everything that is written: keys, database, files."],
        ["role", "r", "", "What the process is for; what operations.yaml says unless given."],
    ]


def makeService(options: Options) -> IService:
    """The whole program as one service; nothing is opened before it starts.

    Raises:
        SystemExit: 78 (EX_CONFIG) for a configuration that cannot be used,
            with the file, the path in it and the fix on standard error.
    """
    try:
        configuration = load_configuration(Path(options["config"]))
        role = chosen_role(options["role"], configuration)
        data_dir = Path(options["data-dir"]).absolute()
        if role is not RoleName.ALL:
            return _one_role(role, configuration, data_dir)
        from twisted.internet import reactor

        from teamgram.app.server import TeamgramServer

        return TeamgramServer(configuration, data_dir, reactor)
    except ConfigError as error:
        raise SystemExit(explain(error)) from None


def chosen_role(option: str, configuration: Configuration) -> RoleName:
    """What the command line says, or else the configuration.

    Raises:
        ConfigError: there is no such role.
    """
    try:
        return RoleName(option) if option else configuration.operations.Role
    except ValueError:
        raise ConfigError("--role", "", f"{option!r} is none of {', '.join(RoleName)}") from None


def _one_role(role: RoleName, configuration: Configuration, data_dir: Path) -> IService:
    """gRPC is asyncio's: so is the reactor, which role ``all`` does not need to be.

    Raises:
        ConfigError: another reactor runs already, or what this needs is not installed.
    """
    if "twisted.internet.reactor" not in sys.modules:
        from twisted.internet import asyncioreactor

        asyncioreactor.install()
    from twisted.internet import reactor
    from twisted.internet.asyncioreactor import AsyncioSelectorReactor

    if not isinstance(reactor, AsyncioSelectorReactor):
        raise ConfigError("--role", "", f"{role} runs on the asyncio reactor: twistd --reactor=asyncio teamgram …")
    try:
        import google.protobuf
        import grpclib
    except ImportError as error:
        raise ConfigError("--role", "", f"{role} needs {error.name}: .venv/bin/pip install -e '.[cluster]'") from None
    del google, grpclib
    from teamgram.app.roles.server import RoleServer

    return RoleServer(role, configuration, data_dir, reactor)


def explain(error: ConfigError) -> int:
    """Print a configuration error and return the exit code that means it (78, EX_CONFIG)."""
    print(f"teamgram: {error}", file=sys.__stderr__)
    return 78
