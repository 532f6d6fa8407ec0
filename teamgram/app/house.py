"""The whole program in one process: which stage is given which neighbour, how it starts and how it ends."""

import gc
import sys
from functools import partial
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, FirstError, gatherResults, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.app import stage_settings
from teamgram.app.banner import listening_banner
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import Configuration
from teamgram.app.config.units import parse_size
from teamgram.app.control_methods import OperatorMethods
from teamgram.app.database_watch import DatabaseWatch
from teamgram.app.idle_memory import IdleMemory
from teamgram.app.live_view import LiveView
from teamgram.app.log_lines import log_line
from teamgram.app.logs import apply_levels, level_filter
from teamgram.app.manhole import Manhole, manhole_settings
from teamgram.app.metrics import CACHE_BUCKETS, DATABASE_BUCKETS, Times, build_registry, register_stages
from teamgram.app.reload import Reload
from teamgram.app.rpc_services import Bff, build_bff
from teamgram.app.server_key import load_server_key
from teamgram.app.signals import Signals
from teamgram.authsession.service import AuthSessionService
from teamgram.bff.caller import Caller
from teamgram.blobs import DirectoryBlobs
from teamgram.cache import Cache, CountedCache, MemoryCache, RedisCache
from teamgram.clients.front_page import FrontPage
from teamgram.database import Database, DatabaseError, open_database
from teamgram.domain.codes.sealing import load_or_create_key
from teamgram.domain.domain import Domain
from teamgram.domain.files.filing import Filing
from teamgram.domain.files.references import KEY_NAME
from teamgram.domain.flood.limits import FloodLimits
from teamgram.domain.updates.fanout import Fanout
from teamgram.gnetway.service import GnetwayService
from teamgram.gnetway.tls import CertificateError
from teamgram.interfaces.rpc import ASKING, RpcCaller
from teamgram.interfaces.session import Gateway
from teamgram.openclaw.agents_service import agents_extension
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.messenger.channel import MessengerDomain
from teamgram.openclaw.service import OpenClawService
from teamgram.session.routing import service_key
from teamgram.session.service import SessionService

READY = "teamgram is ready"
#: Exit codes: sysexits' EX_CONFIG and EX_UNAVAILABLE.
BAD_CONFIGURATION, CANNOT_START = 78, 69
#: ``gc.set_threshold``, the first as CPython has it. Everybody waits while one collection runs, and what lives longest,
#: sessions, is freed without. So the middle ones come sooner and have less to look through; the full ones, 70 ms with a
#: thousand clients, come ten times later.
_COLLECTIONS = (700, 3, 300)


class House(Service):
    """Every stage of role ``all``.

    Attributes:
        configuration: what was read from YAML.
        data_dir: everything that is written lies below it.
    """

    _log = Logger()

    def __init__(self, configuration: Configuration, data_dir: Path, reactor: Any) -> None:
        """Opens and starts nothing.

        Raises:
            ConfigError: a value that only shows as wrong when it is put to use.
        """
        self.configuration = configuration
        self.data_dir = data_dir
        self._reactor = reactor
        self._serving = False
        self.listeners = stage_settings.listeners(configuration.gnetway.Gnetway, data_dir)
        self.levels = level_filter(configuration)
        self.flood_limits = FloodLimits(stage_settings.flood(configuration.bff), reactor.seconds)
        self.manhole = Manhole(reactor, data_dir, lambda: LiveView(self).namespace())
        self._reloading = Reload(self)
        self._signals = Signals(reactor, self.reload)
        self.registry = build_registry()
        self.database_times = Times(DATABASE_BUCKETS)
        self.cache_times = Times(CACHE_BUCKETS)

    # Beginning

    def startService(self) -> None:
        """Build, then open the listeners; what goes wrong is printed and ends the process."""
        super().startService()
        apply_levels(self.levels)
        self._signals.install()
        starting = Deferred.fromCoroutine(self._start())
        starting.addErrback(self._failed_to_start)

    async def _start(self) -> None:
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.key = load_server_key(self.configuration.gnetway, self.data_dir)
        stage_settings.files(self.configuration.dfs)
        stage_settings.database(self.configuration.authsession.Mysql, self.data_dir)
        manhole = manhole_settings(self.configuration.operations.Manhole, self.data_dir)
        self._build()
        if await self.database_watch.has_lost_time():
            self._log.warn("the database is a backup of before: its boxes go on above what clients have seen")
            await self.domain.log.go_on_after_a_gap()
        for stage in (self.auth_sessions, self.session, self.gnetway, self.openclaw):
            stage.startService()
        await gatherResults([self.gnetway.listening, self.openclaw.listening], consumeErrors=True)
        await self.manhole.set(manhole)
        self.services.start()
        # What is there now stays: to look through it again would stop everybody for 20 ms, each time it comes round.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECTIONS)
        self.idle_memory.start()
        self._serving = True
        self.database_watch.start()
        self._announce()

    def _build(self) -> None:
        configuration, reactor = self.configuration, self._reactor
        authsession = configuration.authsession
        self.database: Database = open_database(
            authsession.Mysql.DSN,
            self.data_dir,
            reactor,
            pool_size=authsession.Mysql.Active,
            observe=self.database_times.observe,
            owner=ASKING.get,
        )
        self.cache = CountedCache(self._open_cache(), self.cache_times.observe)
        self.database_watch = DatabaseWatch(self.database, self.data_dir, reactor)
        self.auth_sessions = AuthSessionService(self.database, self.cache, reactor)
        self.domain = Domain.open(self.database, Fanout(), reactor, self._open_filing())
        self.gnetway = GnetwayService(
            reactor=reactor,
            listeners=self.listeners,
            auth_sessions=self.auth_sessions,
            rsa_keys=[self.key.key],
            session=self._build_session,
            settings=stage_settings.gnetway(configuration.gnetway),
            documents=FrontPage(
                self.key.public_pem, self.key.fingerprint, configuration.gnetway.DcId, lambda: self.gnetway.addresses
            ).document,
        )
        self.warn_of_services_off(configuration)
        self.idle_memory = IdleMemory(reactor, self._work_done)
        domain = self.domain
        messenger = MessengerDomain(domain.users, domain.messages, domain.observers, domain.log)
        self.openclaw = OpenClawService(
            configuration.directory / "openclaw.yaml",
            self.data_dir,
            reactor,
            extensions=[partial(agents_extension, messenger=messenger)],
            readiness=self._not_ready,
            registry=self.registry,
            log_filters=[self.levels],
            log_line=log_line,
        )
        self.openclaw.on_failure = lambda reason: reactor.stop()
        self.openclaw.plane.router.register(OperatorMethods(self))
        register_stages(self.registry, self)

    # Each stage is made by the one before it, which it may answer.

    def _build_session(self, gateway: Gateway) -> SessionService:
        self.session = SessionService(
            gateway=gateway,
            auth_sessions=self.auth_sessions,
            id_map=self.configuration.session.BFFProxyClients.IDMap,
            callers=self._build_bff,
            clock=self._reactor,
            presence=self.domain.presence,
            settings=stage_settings.session(self.configuration.session),
        )
        return self.session

    def _build_bff(self, session: SessionService) -> dict[str, RpcCaller]:
        self.services: Bff = build_bff(self, session, self.domain)
        self.bff = Caller(self.services.rpc, self.flood_limits)
        return self.routes_to_bff(self.configuration)[1]

    def _open_filing(self) -> Filing:
        file = self.configuration.dfs
        blobs = DirectoryBlobs(self.data_dir / "files", self._reactor, min_free_bytes=parse_size(file.MinFreeSpace))
        key = load_or_create_key(self.data_dir / KEY_NAME)
        settings = stage_settings.files(file)
        return Filing.open(self.database, blobs, self._reactor, self._reactor, settings, key)

    def _work_done(self) -> int:
        return self.gnetway.dispatcher.frames_in + self.gnetway.connections.opened

    def _open_cache(self) -> Cache:
        hosts = self.configuration.authsession.Cache
        if isinstance(hosts, str):
            if hosts != "memory":
                raise ConfigError("authsession.yaml", "Cache", 'is "memory" or a list of hosts')
            return MemoryCache(self._reactor)
        if len(hosts) != 1:
            raise ConfigError("authsession.yaml", "Cache", "name one Redis server")
        return RedisCache(self._reactor, hosts[0].Host, password=hosts[0].Pass)

    def routes_to_bff(self, configuration: Configuration) -> tuple[dict[str, str], dict[str, RpcCaller]]:
        """The IDMap, and who is behind its targets: in one process all are this one bff."""
        id_map = configuration.session.BFFProxyClients.IDMap
        return id_map, dict.fromkeys(id_map.values(), self.bff)

    def warn_of_services_off(self, configuration: Configuration) -> None:
        """Name the services that are here and not in the IDMap, which are off: a file of teamgram's has fewer."""
        routed = set(map(service_key, configuration.session.BFFProxyClients.IDMap))
        off = sorted({one.service for one in self.bff.methods.values() if service_key(one.service) not in routed})
        if off:
            self._log.warn("session.yaml: not in the IDMap, so off: {services}", services=", ".join(off))

    def reload(self) -> "Deferred[bool]":
        """Read the configuration again, as SIGHUP does; False when it was refused. The log says what came of it."""
        if not self._serving:
            self._log.warn("not reloaded: starting or stopping")
            return succeed(False)
        reloading = Deferred.fromCoroutine(self._reloading.run())
        reloading.addErrback(self._failed_to_reload)
        return reloading

    def _failed_to_reload(self, failure: Failure) -> bool:
        self._log.failure("reloading the configuration", failure=failure)
        return False

    def _not_ready(self) -> list[str]:
        if not self._serving:
            return ["messenger"]
        return [f"database: {self.database_watch.failing}"] if self.database_watch.failing else []

    def _announce(self) -> None:
        listening: dict[str, list[str]] = {}
        for kind, host, port in self.gnetway.addresses:
            listening.setdefault(kind, []).append(_join(host, port))
        listening["gateway"] = [_join(host, port) for host, port in self.openclaw.ports]
        notes = [self.key.note] if self.key.note else []
        if self.services.fixed_code:
            notes.append(f"the sign-in code is {self.services.fixed_code} for every number")
        if self.openclaw.new_token:
            notes.append(f"the gateway's token, shown this once: {self.openclaw.new_token}")
        if self.configuration.dfs.Minio is not None:
            notes.append("dfs.yaml: Minio is not used; files are kept in the data directory (Storage: directory)")
        if self.configuration.unused:
            count = len(self.configuration.unused)
            notes.append(f"{count} keys of the configuration mean nothing here; teamgram check-config lists them")
        text = listening_banner(listening, self.data_dir, self.key, self.configuration.gnetway.DcId, notes)
        # Not sys.stdout: that is the log's while twistd runs.
        print(f"{text}\n{READY}", file=sys.__stdout__, flush=True)

    def _failed_to_start(self, failure: Failure) -> None:
        cause: object = failure.value
        if isinstance(cause, FirstError):
            cause = cause.subFailure.value
        misconfigured = isinstance(cause, ConfigError | OpenClawConfigError | CertificateError)
        code = BAD_CONFIGURATION if misconfigured else CANNOT_START
        if code == BAD_CONFIGURATION or isinstance(cause, DatabaseError | CannotListenError | OSError):
            print(f"teamgram: cannot start: {cause}", file=sys.__stderr__, flush=True)
        else:
            self._log.failure("cannot start", failure=failure)
        self._reactor.addSystemEventTrigger("after", "shutdown", _exit, code)
        self._reactor.callWhenRunning(self._reactor.stop)

    # End

    def stopService(self) -> "Deferred[None]":
        """Listeners, then requests in flight, then connections, then what is still to be written."""
        super().stopService()
        stopping = Deferred.fromCoroutine(self._stop())
        return stopping.addBoth(self._stopped)

    def _stopped(self, result: Any) -> Any:
        self._signals.restore()
        return result

    async def _stop(self) -> None:
        self._serving = False
        if not hasattr(self, "openclaw"):
            return
        self.idle_memory.stop()
        steps = (
            ("listeners", self.gnetway.stop_listening),
            ("manhole", self.manhole.close),
            ("agents' runs", self.openclaw.drain),
            ("requests in flight", self.session.stopService),
            # Only now, so that /readyz says 503 while requests are still answered.
            ("agents' gateway", self.openclaw.stopService),
            ("connections", self.gnetway.stopService),
            ("devices", self.auth_sessions.stopService),
            ("updates being drawn", self.services.stop),
            ("cache", self.cache.close),
            ("database watch", self.database_watch.stop),
            ("database", self.database.close),
        )
        for name, step in steps:
            try:
                result: Any = step()
                await (result if isinstance(result, Deferred) else maybeDeferred(_as_deferred, result))
            except Exception:
                # The next steps still save what they have.
                self._log.failure("stopping: {name}", name=name)


def _as_deferred(result: Any) -> Any:
    return Deferred.fromCoroutine(result) if hasattr(result, "send") else result


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _exit(code: int) -> None:
    """``twistd`` knows no exit code of a service; nothing is left to be cleaned up at this point."""
    import os

    sys.stdout.flush()
    os._exit(code)
