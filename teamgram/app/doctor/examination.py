"""The whole examination, in the order in which a start would trip over things.

Nothing is changed, and nothing but what was configured is contacted. It may
be run beside a running server or without one.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from teamgram.app import stage_settings
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import Configuration, load_configuration
from teamgram.app.doctor.data_directory import data_directory, secret_files, token
from teamgram.app.doctor.database import database
from teamgram.app.doctor.files import files
from teamgram.app.doctor.findings import Finding, Verdict, bad, good
from teamgram.app.doctor.gateway import local_pairing
from teamgram.app.doctor.machine import clock, disk, open_files
from teamgram.app.doctor.ports import ports
from teamgram.openclaw.config import source_files
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.config.sections import GatewaySection


def examine(config_dir: Path, data_dir: Path) -> int:
    """Print every finding. 1 when something is wrong, else 0."""
    findings = list(look(config_dir, data_dir))
    for finding in findings:
        print(f"{finding.verdict.value:<6} {finding.subject:<15}{finding.text}")
        if finding.fix:
            print(f"{'':<7}{'':<15}-> {finding.fix}")
    wrong = sum(finding.verdict is Verdict.BAD for finding in findings)
    print(f"\n{wrong} thing{'' if wrong == 1 else 's'} to put right" if wrong else "\nnothing is wrong")
    return 1 if wrong else 0


def look(config_dir: Path, data_dir: Path) -> Iterator[Finding]:
    """Everything, in the order in which a start would trip over it."""
    configuration: Configuration | None = None
    try:
        configuration = load_configuration(config_dir)
        stage_settings.listeners(configuration.gnetway.Gnetway, data_dir)
        yield good("configuration", f"{config_dir.absolute()} can be used")
    except ConfigError as error:
        configuration = None
        yield bad("configuration", str(error), "correct it there; teamgram check-config tells more")
    gateway: GatewaySection | None = None
    try:
        gateway = LiveConfig(
            source_files.path_in(config_dir, os.environ), data_dir / "openclaw", b"", os.environ
        ).sections.gateway
    except OpenClawConfigError as error:
        yield bad("configuration", str(error), "correct it there; docs/openclaw.md lists the keys")
    yield from data_directory(data_dir)
    yield from secret_files(data_dir)
    if gateway is not None:
        yield token(gateway, data_dir)
        yield local_pairing(gateway)
    yield disk(data_dir)
    if configuration is not None:
        yield database(configuration.authsession.Mysql.DSN, data_dir)
        yield files(configuration.dfs)
    yield clock(data_dir, time.time())
    yield open_files()
    if configuration is not None and gateway is not None:
        yield from ports(configuration, gateway, data_dir)
