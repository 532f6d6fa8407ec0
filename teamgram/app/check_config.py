"""``teamgram check-config``: would this configuration start, and what in it does nothing?"""

import os
import sys
from pathlib import Path

from teamgram.app import stage_settings
from teamgram.app.config.loader import Configuration, load_configuration
from teamgram.app.logs import level_filter
from teamgram.app.manhole import manhole_settings
from teamgram.app.reload import check_certificates
from teamgram.app.roles.neighbours import check_role
from teamgram.database.dsn import SQLiteDSN
from teamgram.openclaw.config import openclaw_keys, source_files
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import with_environment
from teamgram.session.routing import service_key, services_by_method


def check(directory: Path, data_dir: Path) -> int:
    """Print what was found. 0: it would start; 78: it would not. Opens and writes nothing.

    Raises:
        ConfigError: the first thing that stops the start.
    """
    configuration = load_configuration(directory)
    listeners = stage_settings.listeners(configuration.gnetway.Gnetway, data_dir)
    check_certificates(listeners)
    level_filter(configuration)
    where = stage_settings.database(configuration.authsession.Mysql, data_dir)
    stage_settings.files(configuration.dfs)
    stage_settings.bot_api(configuration.botapi)
    check_role(configuration.operations.Role, configuration, data_dir)
    manhole = manhole_settings(configuration.operations.Manhole, data_dir)
    openclaw = source_files.path_in(directory, os.environ)
    try:
        tree = source_files.read(openclaw).tree
        with_environment(tree, os.environ, str(openclaw))
    except OpenClawConfigError as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 78
    print(f"configuration   {directory.absolute()}")
    print(f"data directory  {data_dir}")
    print(f"role            {configuration.operations.Role}")
    print(f"database        {'SQLite, ' + str(where.path) if isinstance(where, SQLiteDSN) else 'MySQL, ' + where.host}")
    for listener in listeners:
        tls = " with TLS" if listener.cert_file else ""
        print(f"listener        {listener.kind} {listener.host}:{listener.port}{tls}")
    if manhole is not None:
        print(f"manhole         ssh -p {manhole.port} {manhole.user}@{manhole.host}")
    for line in _remarks(configuration, stage_settings.only_loopback(listeners)):
        print(f"note            {line}")
    for path in openclaw_keys.used_part(tree)[1]:
        print(f"note            {openclaw.name}: {path} is taken and not used here")
    print("this configuration can be used")
    return 0


def _remarks(configuration: Configuration, loopback: bool) -> list[str]:
    remarks = [f"not used here: {key}" for key in configuration.unused]
    known = set(map(service_key, services_by_method().values()))
    for service in configuration.session.BFFProxyClients.IDMap:
        if service_key(service) not in known:
            remarks.append(f"session.yaml: IDMap names {service}, which is no service")
    if not loopback:
        code = configuration.bff.Code
        if code.AllowFixedCode:
            remarks.append("bff.yaml: AllowFixedCode with a listener beyond loopback: anybody can sign in as anyone")
        elif not code.SendCodeUrl:
            remarks.append("no Code.SendCodeUrl: sign-in codes reach other devices and `teamgram codes` only")
    return remarks
