"""The control plane as a service: builds the parts, opens the port, goes down in order.

``OpenClawService(config_path, data_dir, reactor)`` reads the configuration
and listens on ``gateway.port`` when started. The agents hang themselves in
through ``extensions``: functions that are given the control plane before
anything is served, and return a service or None.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet import task
from twisted.internet.defer import Deferred, TimeoutError, ensureDeferred, maybeDeferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.internet.threads import deferToThread
from twisted.logger import ILogFilterPredicate, LogEvent, Logger, formatEventAsClassicLogText
from twisted.python.failure import Failure

import msgspec

from teamgram.interfaces.figures import Figures
from teamgram.net import websocket
from teamgram.openclaw.config import redaction
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import Change, LiveConfig
from teamgram.openclaw.config.secret_sources import SecretsWanted
from teamgram.openclaw.console.pages import ConsolePages
from teamgram.openclaw.control_plane import ControlPlane, load_identity
from teamgram.openclaw.gateway import auth, tls
from teamgram.openclaw.gateway.http import HttpGate
from teamgram.openclaw.gateway.http_core import CorePaths, Readiness
from teamgram.openclaw.gateway.log_tail import LogTail
from teamgram.openclaw.gateway.server import CANVAS, GATEWAY, MINI, OpenClawFactory
from teamgram.openclaw.methods.logs import LogMethods
from teamgram.openclaw.methods.secrets import SecretMethods
from teamgram.openclaw.state_file import state_directory

#: Something that adds methods, routes or services of its own.
Extension = Callable[[ControlPlane], IService | None]

_TURN_SECONDS = 0.5
_CONFIG_POLL_SECONDS = 1.0
_LAST_WRITES_SECONDS = 1.0
RESTART_EXPECTED_MS = 1500


class OpenClawService(MultiService):
    """Everything on the control port.

    Attributes:
        plane: the parts; extensions register there.
        ports: (interface, port) of each listener once started.
        new_token: the token made by this start, to be shown to the operator once; else None.
        on_failure: called with the reason when a restart did not come up again; the app ends the process.
    """

    _log = Logger()

    def __init__(
        self,
        config_path: Path,
        data_dir: Path,
        reactor: Any,
        *,
        extensions: Iterable[Extension] = (),
        readiness: Readiness = list,
        degraded: Readiness = list,
        environment: Mapping[str, str] | None = None,
        figures: Figures | None = None,
        log_filters: Sequence[ILogFilterPredicate] = (),
        log_line: Callable[[LogEvent], str | None] = formatEventAsClassicLogText,
    ) -> None:
        """Read configuration and state; nothing listens yet.

        Args:
            log_filters: what an event of the log passes before ``logs.tail`` keeps it.
            log_line: makes its line.
            readiness, degraded: names of what is not ready elsewhere in the process, and of what fails while it serves.
            environment: ``os.environ`` unless given.
            figures: what ``/metrics`` shows besides the plane's own.

        Raises:
            OpenClawConfigError: with the file, the path in it and the fix.
        """
        super().__init__()
        self._reactor = reactor
        names = os.environ if environment is None else environment
        state_dir = state_directory(data_dir, names)
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        identity = load_identity(state_dir)
        config = LiveConfig(config_path, state_dir, identity.hash_key, names)
        self.plane = plane = ControlPlane(config, identity, data_dir, state_dir, reactor, self._restart_requested)
        limit = names.get("OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP", "")
        if limit.isdigit():
            plane.reception.max_handshakes_per_ip = int(limit)
        self.on_failure: Callable[[str], None] = lambda reason: None
        self.new_token: str | None = None
        self.ports: list[tuple[str, int]] = []
        #: Fires when every listener is open; fails when one cannot be.
        self.listening: Deferred[None] = Deferred()
        self._listeners: list[IListeningPort] = []
        self._loops: list[task.LoopingCall] = []
        self._addresses: list[tuple[str, int, str]] = []
        self._restarting: Deferred[None] = succeed(None)
        self._due = 0.0
        self._started = False
        self._figures = figures = Figures() if figures is None else figures
        self.logs = LogTail(config.sections.logging.tail_lines, log_filters, log_line)
        plane.router.register(
            LogMethods(
                self.logs,
                lambda: [
                    plane.door.secret.secret,
                    *redaction.secrets_of(config.tree),
                    *redaction.secrets_of(msgspec.to_builtins(config.sections)),
                ],
            )
        )
        plane.router.register(SecretMethods(config, self.reread_config))
        CorePaths(
            plane.lifetime,
            plane.health,
            plane.canvas,
            plane.http,
            plane.canvas_http,
            readiness,
            plane.counts,
            figures,
            degraded,
        )
        ConsolePages(config, plane.http, plane.lifetime.version)
        self._set_secret()
        config.on_change(self._config_changed)
        for extension in extensions:
            service = extension(plane)
            if service is not None:
                service.setServiceParent(self)

    def _set_secret(self) -> None:
        section = self.plane.config.sections.gateway.auth
        secret = section.password if section.mode == auth.PASSWORD else section.token
        if section.mode == auth.NONE:
            secret = ""
        elif not secret:
            secret, is_new = auth.load_or_make_token(self.plane.lifetime.data_dir)
            self.new_token = secret if is_new else self.new_token
        self.plane.set_secret(auth.SharedSecret(section.mode, secret))

    def _config_changed(self, change: Change) -> None:
        # After the answer to whoever changed it: a new secret closes that connection too.
        self._reactor.callLater(0, self._announce, change)

    def _announce(self, change: Change) -> None:
        plane = self.plane
        self._set_secret()
        plane.events.broadcast(
            "config.changed", {"path": str(plane.config.path), "hash": plane.config.hash, "ts": plane.lifetime.now_ms()}
        )
        if change.restart_paths:
            self._log.warn("these settings hold after a restart: {paths}", paths=", ".join(change.restart_paths))

    # Starting

    def startService(self) -> None:
        """Listen; connects are told to wait until everything below is up."""
        self._started = True
        self.logs.start()
        self._figures.add(self.plane.collector)
        super().startService()
        for interval, function in ((_TURN_SECONDS, self._turn), (_CONFIG_POLL_SECONDS, self._poll_config)):
            loop = task.LoopingCall(function)
            loop.clock = self._reactor
            loop.start(interval, now=False).addErrback(self._loop_failed)
            self._loops.append(loop)
        ensureDeferred(self._listen()).chainDeferred(self.listening)

    def addresses(self) -> list[tuple[str, int, str]]:
        """(interface, port, what it is for) of every listener to be."""
        sections = self.plane.config.sections
        gateway = sections.gateway
        interface = {"lan": "0.0.0.0", "custom": gateway.custom_bind_host}.get(gateway.bind, "127.0.0.1")
        found = [(interface, gateway.port, GATEWAY)]
        if sections.mini.port and sections.mini.enabled:
            # Whatever the gateway is bound to: here programs of this machine come without a token.
            found.append(("127.0.0.1", sections.mini.port, MINI))
        if sections.canvas_host.port and sections.canvas_host.enabled:
            found.append((interface, sections.canvas_host.port, CANVAS))
        return found

    async def _listen(self) -> None:
        plane = self.plane
        self._addresses = self.addresses()
        for interface, port, kind in self._addresses:
            host = interface.replace(":", "\\:")
            endpoint = serverFromString(self._reactor, f"tcp:{port}:interface={host}")
            gate = HttpGate(plane.canvas_http if kind == CANVAS else plane.http, plane.door)
            factory: Any = OpenClawFactory(plane.sockets, gate, kind)
            if kind != MINI:
                section = plane.config.sections.gateway.tls
                factory = tls.wrapped(factory, section, plane.lifetime.data_dir, self._reactor)
            listener = await endpoint.listen(factory)
            self._listeners.append(listener)
            self.ports.append((interface, listener.getHost().port))
        for each in self.plane.lifetime.before_ready:
            await each
        self.plane.health.rebuild()
        self.plane.lifetime.is_ready = True

    def _turn(self) -> None:
        now = self.plane.lifetime.seconds()
        self.plane.health.lag.sample(now, self._due or now)
        self._due = now + _TURN_SECONDS
        self.plane.turn(now)

    async def reread_config(self, *, secrets: bool = False) -> None:
        """Read the file again, and if that is wanted ask again for every secret that it names.

        Raises:
            OpenClawConfigError: it is not taken.
        """
        config = self.plane.config
        if secrets:
            config.ask_again()
        await self._with_secrets(config.reload)

    async def _with_secrets(self, read: Callable[[], Change | None]) -> None:
        try:
            read()
        except SecretsWanted as wanted:
            await deferToThread(wanted.fetch)
            self.plane.config.reload()
        for lacking in self.plane.config.lacking:
            self._log.debug("{path}: {message}", **lacking)

    async def _poll_config(self) -> None:
        try:
            await self._with_secrets(self.plane.config.poll)
        except OpenClawConfigError as error:
            self._log.error("the edit was not taken, the last good configuration stays: {error}", error=str(error))

    def _loop_failed(self, failure: Failure) -> None:
        self._log.failure("a periodic call of the control plane failed", failure=failure)

    # Restarting and stopping

    def _restart_requested(self, reason: str) -> None:
        if not self.plane.lifetime.draining:
            self._restarting = ensureDeferred(self._restart(reason)).addErrback(self._restart_failed)

    async def _restart(self, reason: str) -> None:
        """Go down as for a stop and come up again, in the same process: the messenger notices nothing.

        What could not change live (port, bind, auth mode) is as configured afterwards.
        """
        self._log.info("the control plane restarts: {reason}", reason=reason)
        plane = self.plane
        await self._say_goodbye({"reason": "gateway restarting", "restartExpectedMs": RESTART_EXPECTED_MS})
        if not self._started:
            return  # Stopped meanwhile.
        if self.addresses() != self._addresses:
            await self._stop_listening()
            await self._listen()
        plane.restarted()

    def _restart_failed(self, failure: Failure) -> None:
        self._log.failure("the control plane did not come up again", failure=failure)
        self.on_failure(failure.getErrorMessage())

    async def drain(self) -> None:
        """The first half of a stop, for who has more to drain: clients are sent away, the probes answer 503."""
        await self._restarting
        await self._say_goodbye({"reason": "gateway stopping"})

    def stopService(self) -> "Deferred[None]":
        """Drain: no new connects, running turns finish, everybody is told, then 1012."""
        return ensureDeferred(self._stop())

    async def _stop(self) -> None:
        self._started, was_started = False, self._started
        plane = self.plane
        await self.drain()
        await self._stop_listening()
        for loop in self._loops:
            if loop.running:
                loop.stop()
        self._loops.clear()
        plane.router.stop()
        await super().stopService()
        await plane.devices.close()
        if was_started:
            self._figures.remove(self.plane.collector)
            self.logs.stop()

    async def _say_goodbye(self, shutdown: dict[str, Any]) -> None:
        """Admit nobody, let turns end, tell everybody and close every connection."""
        plane = self.plane
        plane.lifetime.draining = True
        plane.router.draining = "accepting"
        idle = plane.runs.when_idle()
        idle.addTimeout(plane.config.sections.gateway.drain_seconds, self._reactor)
        try:
            await idle
        except TimeoutError:
            self._log.warn("{count} turns did not finish in time", count=plane.runs.active())
        plane.events.broadcast("shutdown", shutdown)
        for connection in tuple(plane.reception.connections):
            connection.close(websocket.SERVICE_RESTART, "service restart")
            connection.flush()
        deadline = plane.lifetime.seconds() + _LAST_WRITES_SECONDS
        while plane.reception.connections and plane.lifetime.seconds() < deadline:
            await task.deferLater(self._reactor, 0.02, lambda: None)
        for connection in tuple(plane.reception.connections):
            connection.abort()

    async def _stop_listening(self) -> None:
        for listener in self._listeners:
            await maybeDeferred(listener.stopListening)
        self._listeners.clear()
        self.ports.clear()
