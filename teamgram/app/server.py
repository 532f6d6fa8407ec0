"""The whole program in one process: how it starts and how it ends."""

import gc
import sys
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, FirstError, gatherResults, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.app import figures, stage_settings
from teamgram.app.banner import listening_banner
from teamgram.app.bot_methods import BotKeeper, BotMethods
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import Configuration
from teamgram.app.control_methods import OperatorMethods
from teamgram.app.idle_memory import IdleMemory
from teamgram.app.live_view import LiveView
from teamgram.app.logs import apply_levels, level_filter
from teamgram.app.manhole import Manhole, manhole_settings
from teamgram.app.moderation_methods import Moderation, ModerationMethods
from teamgram.app.process_end import BAD_CONFIGURATION, CANNOT_START, end_process
from teamgram.app.reload import Reload
from teamgram.app.server_key import ServerKey, load_server_key
from teamgram.app.signals import Signals
from teamgram.app.stages import Stages
from teamgram.database import DatabaseError
from teamgram.domain.flood.limits import FloodLimits
from teamgram.gnetway.short_rounds import shorten
from teamgram.gnetway.tls import CertificateError
from teamgram.openclaw.config.errors import OpenClawConfigError

READY = "teamgram is ready"
#: ``gc.set_threshold``. Everybody waits while one collection runs, and what lives longest, sessions, is freed without.
#: With CPython's 700 each burst of requests was looked through several times while it was being answered, a twentieth
#: of a message's time; with 5,000 one collection took 4 ms. The middle ones come soon after, so they have less to look
#: through; the full ones, 70 ms with a thousand clients, ten times later than CPython's.
_COLLECTIONS = (2000, 1, 200)


class TeamgramServer(Service):
    """The process of role ``all``.

    Attributes:
        key: the server's own, once it is starting.
        stages: what it is made of, once it is starting.
    """

    _log = Logger()

    key: ServerKey
    stages: Stages | None = None

    def __init__(self, configuration: Configuration, data_dir: Path, reactor: Any) -> None:
        """Opens and starts nothing.

        Raises:
            ConfigError: a value that only shows as wrong when it is put to use.
        """
        self._configuration = configuration
        self._data_dir = data_dir
        self._reactor = reactor
        self._serving = False
        self._listeners = stage_settings.listeners(configuration.gnetway.Gnetway, data_dir)
        self._levels = level_filter(configuration)
        self._flood_limits = FloodLimits(stage_settings.flood(configuration.bff), reactor.seconds)
        self._signals = Signals(reactor, self.reload)

    # Beginning

    def startService(self) -> None:
        """Build, then open the listeners; what goes wrong is printed and ends the process."""
        super().startService()
        apply_levels(self._levels)
        self._signals.install()
        starting = Deferred.fromCoroutine(self._start())
        starting.addErrback(self._failed_to_start)

    async def _start(self) -> None:
        configuration, data_dir, reactor = self._configuration, self._data_dir, self._reactor
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.key = load_server_key(configuration.gnetway, data_dir)
        stage_settings.files(configuration.dfs)
        stage_settings.bot_api(configuration.botapi)
        stage_settings.database(configuration.authsession.Mysql, data_dir)
        wanted_manhole = manhole_settings(configuration.operations.Manhole, data_dir)
        process_figures = figures.of_process()
        self.stages = stages = Stages(
            configuration,
            data_dir,
            reactor,
            key=self.key,
            listeners=self._listeners,
            levels=self._levels,
            flood_limits=self._flood_limits,
            not_ready=self.not_ready,
            degraded=self.degraded,
            figures=process_figures,
        )
        stages.openclaw.on_failure = lambda reason: reactor.stop()
        stages.openclaw.plane.router.register(OperatorMethods(stages.session.stage.watched, self.reload))
        stages.openclaw.plane.router.register(
            BotMethods(BotKeeper(stages.domain.bots, stages.domain.users), stages.services.sign_ins)
        )
        domain = stages.domain
        moderation = Moderation(domain.reports, domain.chats, domain.channels, domain.joining, domain.wiping)
        stages.openclaw.plane.router.register(ModerationMethods(moderation, reactor.seconds))
        figures.add_stages(process_figures, stages)
        self._manhole = Manhole(reactor, data_dir, LiveView(stages, self.reload).namespace)
        self._reloading = Reload(stages, self._manhole)
        self._idle_memory = IdleMemory(reactor, self._work_done)
        if await stages.database_watch.has_lost_time():
            self._log.warn("the database is a backup of before: its boxes go on above what clients have seen")
            await stages.domain.log.go_on_after_a_gap()
        shorten(reactor)
        for stage in (stages.auth_sessions, stages.session, stages.gnetway, stages.openclaw, stages.bot_api):
            stage.startService()
        listening = [stages.gnetway.listening, stages.openclaw.listening, stages.bot_api.listening]
        await gatherResults(listening, consumeErrors=True)
        await self._manhole.set(wanted_manhole)
        stages.services.start()
        # What is there now stays: to look through it again would stop everybody for 20 ms, each time it comes round.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECTIONS)
        self._idle_memory.start()
        self._serving = True
        stages.database_watch.start()
        self._announce(stages)

    def _work_done(self) -> int:
        assert self.stages is not None
        gnetway = self.stages.gnetway
        return gnetway.dispatcher.frames_in + gnetway.connections.opened

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

    def not_ready(self) -> list[str]:
        """Names of what does not serve now, with the reason where there is one; empty when all is well."""
        if not self._serving or self.stages is None:
            return ["messenger"]
        failing = self.stages.database_watch.failing
        return [f"database: {failing}"] if failing else []

    def degraded(self) -> list[str]:
        """What does not work now while everything else does."""
        failing = self.stages.domain.filing.storage.failing if self.stages is not None else ""
        return [f"files: {failing}"] if failing else []

    def _announce(self, stages: Stages) -> None:
        listening: dict[str, list[str]] = {}
        for kind, host, port in stages.gnetway.addresses:
            listening.setdefault(kind, []).append(_join(host, port))
        listening["gateway"] = [_join(host, port) for host, port in stages.openclaw.ports]
        if stages.bot_api.addresses:
            listening["bot api"] = [_join(host, port) for host, port in stages.bot_api.addresses]
        notes = [self.key.note] if self.key.note else []
        if stages.services.fixed_code:
            notes.append(f"the sign-in code is {stages.services.fixed_code} for every number")
        if stages.openclaw.new_token:
            notes.append(f"the gateway's token, shown this once: {stages.openclaw.new_token}")
        dfs = stages.configuration.dfs
        store = stage_settings.s3(dfs)
        if store is not None:
            notes.append(f"files are kept in bucket {store.bucket} of {store.endpoint} (dfs.yaml)")
        elif dfs.Minio is not None:
            notes.append("dfs.yaml: Minio is not used; files are kept in the data directory (Storage: directory)")
        if stages.configuration.unused:
            count = len(stages.configuration.unused)
            notes.append(f"{count} keys of the configuration mean nothing here; teamgram check-config lists them")
        text = listening_banner(listening, stages.data_dir, self.key, stages.configuration.gnetway.DcId, notes)
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
        end_process(self._reactor, code)

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
        stages = self.stages
        if stages is None:
            return
        self._idle_memory.stop()
        steps = (
            ("listeners", stages.gnetway.stop_listening),
            ("bot api", stages.bot_api.stopService),
            ("manhole", self._manhole.close),
            ("agents' runs", stages.openclaw.drain),
            ("requests in flight", stages.session.stopService),
            # Only now, so that /readyz says 503 while requests are still answered.
            ("agents' gateway", stages.openclaw.stopService),
            ("connections", stages.gnetway.stopService),
            ("devices", stages.auth_sessions.stopService),
            ("updates being drawn", stages.services.stop),
            ("cache", stages.cache.close),
            ("database watch", stages.database_watch.stop),
            ("database", stages.database.close),
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
