"""``twistd teamgram``: its options, and the service that they describe."""

from pathlib import Path

from twisted.application.service import IService
from twisted.python import usage

from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import load_configuration


class Options(usage.Options):
    """``--config DIR --data-dir DIR``."""

    synopsis = "[--config DIR] [--data-dir DIR]"
    longdesc = "Starts every stage of Teamgram for Twisted in this process."
    optParameters = [
        ["config", "c", "etc", "Directory of the YAML files, one a service."],
        ["data-dir", "d", "var", "Directory for everything that is written: keys, database, files."],
    ]


def makeService(options: Options) -> IService:
    """The whole program as one service; nothing is opened before it starts.

    Raises:
        SystemExit: 78 (EX_CONFIG) for a configuration that cannot be used,
            with the file, the path in it and the fix on standard error.
    """
    from twisted.internet import reactor

    from teamgram.app.server import TeamgramServer

    try:
        configuration = load_configuration(Path(options["config"]))
        return TeamgramServer(configuration, Path(options["data-dir"]).absolute(), reactor)
    except ConfigError as error:
        raise SystemExit(explain(error)) from None


def explain(error: ConfigError) -> int:
    """Print a configuration error and return the exit code that means it (78, EX_CONFIG)."""
    import sys

    print(f"teamgram: {error}", file=sys.__stderr__)
    return 78
