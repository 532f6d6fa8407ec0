"""SIGHUP: the configuration is read again, checked as a whole, and put into force where that needs no restart.

Nothing is changed before everything was read: a file that cannot be used, a
certificate that is none or a port that is taken leave the running
configuration as it is. Each outcome is one log line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import DeferredLock
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

import msgspec

from teamgram.app import stage_settings
from teamgram.app.config import sections
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import Configuration, load_configuration
from teamgram.app.documents import web_clients
from teamgram.app.logs import level_filter, set_levels
from teamgram.app.manhole import Manhole, manhole_settings
from teamgram.app.manhole_settings import ManholeSettings
from teamgram.app.stages import Stages
from teamgram.clients.web_client import WebClient
from teamgram.domain.codes.settings import CodeSettings
from teamgram.gnetway.settings import ListenerSettings
from teamgram.gnetway.tls import CertificateError, ReloadableCertificate
from teamgram.openclaw.config import source_files
from teamgram.openclaw.config.errors import OpenClawConfigError

#: What takes effect without a restart; everything else is compared with what the process began with.
_LIVE = {
    "gnetway": ("Gnetway.Server", "WebClients", "Log"),
    "session": ("BFFProxyClients", "Log"),
    "authsession": ("Log",),
    "bff": ("Code", "Country", "FloodLimits", "FreshSessionDelay", "PublicAddresses", "Log"),
    "dfs": ("Log",),
    "botapi": (),
    "operations": ("Manhole",),
}
#: What says something to teamgram's other processes and nothing here.
_NAMES = ("Name", "ListenOn", "Etcd")


class ReloadRefused(Exception):
    """The configuration on disk cannot be put into force; says why."""


@dataclass(frozen=True)
class _Wanted:
    """A configuration that was read and found usable."""

    configuration: Configuration
    listeners: list[ListenerSettings]
    codes: CodeSettings
    fresh_session_delay: float
    manhole: ManholeSettings | None
    web_clients: list[WebClient]


class Reload:
    """Puts another configuration into the force of a running process."""

    _log = Logger()

    def __init__(self, stages: Stages, manhole: Manhole) -> None:
        self._stages = stages
        self._manhole = manhole
        self._began_with = stages.configuration
        # Two SIGHUPs in a row: one after the other, or the older files might win.
        self._one_at_a_time = DeferredLock()

    async def run(self) -> bool:
        """Read and apply; False when it was refused. Logs either."""
        async with self._one_at_a_time:
            try:
                wanted = self._read()
                # A build may have been made anew, or the first one lie there now.
                await self._stages.documents.examined(wanted.web_clients)
                await self._open(wanted)
            except ReloadRefused as refusal:
                self._log.error("configuration not reloaded, the running one stays: {why}", why=str(refusal))
                return False
            await self._apply(wanted)
            return True

    def _read(self) -> _Wanted:
        stages = self._stages
        try:
            configuration = load_configuration(stages.configuration.directory, stages.configuration)
            listeners = stage_settings.listeners(configuration.gnetway.Gnetway, stages.data_dir)
            check_certificates(listeners)
            level_filter(configuration)
            stage_settings.files(configuration.dfs)
            manhole = manhole_settings(configuration.operations.Manhole, stages.data_dir)
            clients = web_clients(configuration.gnetway, stages.data_dir, stages.documents.key)
            config = stages.openclaw.plane.config
            config.check(source_files.read(config.path, config.content).tree, str(config.path))
        except (ConfigError, OpenClawConfigError) as error:
            raise ReloadRefused(_in_one_line(error)) from None
        loopback = stage_settings.only_loopback(listeners)
        codes = stage_settings.codes(configuration.bff.Code, loopback)
        delay = stage_settings.fresh_session_delay(configuration.bff, loopback)
        return _Wanted(configuration, listeners, codes, delay, manhole, clients)

    async def _open(self, wanted: _Wanted) -> None:
        """What may still fail: ports. Nobody may sign in with the fixed code through one that opens to the world."""
        stages = self._stages
        codes = stages.services.codes
        codes_before, manhole_before = codes.settings, self._manhole.settings
        fresh, delay_before = stages.services.sign_ins.fresh, stages.services.sign_ins.fresh.delay
        if not wanted.codes.allow_fixed_code:
            codes.use(wanted.codes)
        fresh.delay = max(delay_before, wanted.fresh_session_delay)
        try:
            await self._manhole.set(wanted.manhole)
            await stages.gnetway.set_listeners(wanted.listeners)
        except (CannotListenError, CertificateError, ConfigError) as error:
            codes.use(codes_before)
            fresh.delay = delay_before
            await self._manhole.set(manhole_before)
            raise ReloadRefused(_in_one_line(error)) from None
        codes.use(wanted.codes)
        fresh.delay = wanted.fresh_session_delay

    async def _apply(self, wanted: _Wanted) -> None:
        stages, configuration = self._stages, wanted.configuration
        before = stages.configuration
        stages.configuration, stages.listeners = configuration, wanted.listeners
        set_levels(stages.levels, configuration)
        stages.flood_limits.set(stage_settings.flood(configuration.bff))
        stages.session.set_id_map(*stages.routes_to_bff(configuration))
        stages.warn_of_services_off(configuration)
        stages.documents.show(wanted.web_clients)
        # A client is told the data centre of its key exchange, which stays until the restart.
        stages.services.configuration.use(
            stage_settings.configuration(
                configuration.bff,
                self._began_with.gnetway,
                wanted.listeners,
                stage_settings.files(self._began_with.dfs),
            )
        )
        try:
            await stages.openclaw.reread_config(secrets=True)
        except OpenClawConfigError as error:
            # It was edited between the two readings, or a patch made over RPC does not go with it.
            self._log.error("openclaw.yaml not reloaded: {why}", why=_in_one_line(error))
        waiting = [key for key in changed_keys(self._began_with, configuration) if not is_live(key)]
        if waiting:
            self._log.warn("these settings hold after a restart: {keys}", keys=", ".join(waiting))
        changed = ", ".join(changed_keys(before, configuration))
        self._log.info("configuration reloaded: {what}", what=changed or "no key has changed")


def _in_one_line(error: Exception) -> str:
    """YAML tells its errors in several."""
    return " ".join(str(error).split())


def check_certificates(listeners: list[ListenerSettings]) -> None:
    """Load every certificate once.

    Raises:
        ConfigError: a listener's certificate or key cannot be used.
    """
    for listener in listeners:
        if listener.cert_file:
            try:
                ReloadableCertificate(listener.cert_file, listener.key_file)
            except CertificateError as error:
                raise ConfigError("gnetway.yaml", "Gnetway.Server", str(error)) from None


def is_live(key: str) -> bool:
    """Whether ``file.yaml: Path.to.it`` takes effect without a restart."""
    file, _, path = key.partition(".yaml: ")
    return any(path == live or path.startswith((f"{live}.", f"{live}[")) for live in _LIVE[file])


def changed_keys(before: Configuration, after: Configuration) -> Iterator[str]:
    """``file.yaml: Path.to.it`` of every key that differs and means something here."""
    unused = tuple({*before.unused, *after.unused})
    for file in sections.FILES:
        name = file.removesuffix(".yaml")
        old, new = (dict(_leaves(msgspec.to_builtins(getattr(tree, name)), "")) for tree in (before, after))
        for path in sorted(old.keys() | new.keys()):
            if old.get(path) != new.get(path) and not path.startswith(_NAMES):
                key = f"{file}: {path}"
                if not key.startswith(unused):
                    yield key


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _leaves(below, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value
