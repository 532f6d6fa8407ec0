"""The process of one role: how it starts and how it ends."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram import __version__
from teamgram.app import figures, stage_settings
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import Configuration
from teamgram.app.config.sections import RoleName
from teamgram.app.logs import apply_levels, level_filter
from teamgram.app.process_end import BAD_CONFIGURATION, CANNOT_START, end_process
from teamgram.app.roles.bff import BffRole
from teamgram.app.roles.gnetway import GnetwayRole
from teamgram.app.roles.neighbours import bff_targets, listen_address, neighbours, registrations, trust
from teamgram.app.roles.probes import open_probes
from teamgram.app.roles.role import RolePlace, RoleStages
from teamgram.app.roles.session import SessionRole
from teamgram.app.signals import Signals
from teamgram.cluster.discovery import Discovery
from teamgram.cluster.member_server import MemberServer
from teamgram.cluster.protos import member_pb2
from teamgram.cluster.server import NeighboursPort
from teamgram.database import DatabaseError
from teamgram.gnetway.tls import CertificateError

READY = "teamgram is ready"
LEAVE_SECONDS = 0.3
"""What neighbours get to send what is new to others before what is here is ended."""


class RoleServer(Service):
    """The process of role gnetway, session or bff; runs on the asyncio reactor."""

    _log = Logger()

    def __init__(self, role: RoleName, configuration: Configuration, data_dir: Path, reactor: Any) -> None:
        """Opens and starts nothing.

        Raises:
            ConfigError: a value that only shows as wrong when it is put to use.
        """
        self._name = role
        self._configuration = configuration
        self._data_dir = data_dir
        self._reactor = reactor
        self._serving = False
        self._started_at = reactor.seconds()
        self._place: RolePlace | None = None
        self._role: RoleStages | None = None
        self._port: NeighboursPort | None = None
        self._probes: Any = None
        self._discovery = Discovery(reactor)
        self._listeners = stage_settings.listeners(configuration.gnetway.Gnetway, data_dir)
        self._levels = level_filter(configuration)
        self._signals = Signals(reactor, self._reload)

    def startService(self) -> None:
        """Build, then open; what goes wrong is printed and ends the process."""
        super().startService()
        apply_levels(self._levels)
        self._signals.install()
        Deferred.fromCoroutine(self._start()).addErrback(self._failed_to_start)

    async def _start(self) -> None:
        configuration, data_dir = self._configuration, self._data_dir
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = {
            RoleName.GNETWAY: configuration.gnetway,
            RoleName.SESSION: configuration.session,
            RoleName.BFF: configuration.bff,
        }[self._name]
        # gnetway listens for clients only.
        address = "" if self._name is RoleName.GNETWAY else listen_address(f"{self._name}.yaml", file)
        place = RolePlace(
            configuration=configuration,
            data_dir=data_dir,
            reactor=self._reactor,
            listeners=self._listeners,
            levels=self._levels,
            address=address,
            process=f"{address or self._name}/{secrets.token_hex(6)}",
            trust=trust(configuration.operations.Cluster, data_dir, self._addresses(address)),
            discovery=self._discovery,
            figures=figures.of_process(),
        )
        registered = registrations(self._name, configuration)
        self._place = place
        self._role = role = self._build(place)
        if address:
            member = MemberServer(self._status, self._reactor.stop)
            self._port = NeighboursPort(address, [*role.services, member], place.trust.server)
            await self._port.start()
        await role.start()
        for hosts, keys in registered:
            self._discovery.register(hosts, keys, address)
        self._probes = open_probes(self._reactor, file.Prometheus, place.figures, self.not_ready, self.degraded)
        self._serving = True
        if self._port is not None:
            self._port.serving(True)
        self._announce(place, role)

    def _build(self, place: RolePlace) -> RoleStages:
        if self._name is RoleName.GNETWAY:
            return GnetwayRole(place)
        if self._name is RoleName.SESSION:
            return SessionRole(place)
        return BffRole(place)

    def _addresses(self, address: str) -> list[tuple[str, str]]:
        """This process's address and those of its neighbours, with where they are written."""
        found = [(f"{self._name}.yaml: ListenOn", address)] if address else []
        asked = []
        if self._name is RoleName.GNETWAY:
            asked = [neighbours(("gnetway.yaml", "Session"), self._configuration.gnetway.Session)]
        elif self._name is RoleName.SESSION:
            asked = list(bff_targets(self._configuration).values())
        return found + [(where.where, endpoint) for where in asked for endpoint in where.endpoints]

    def _announce(self, place: RolePlace, role: RoleStages) -> None:
        lines = [f"Teamgram for Twisted {__version__}, role {self._name}"] if place.address else []
        if place.address:
            lines.append(f"  {'for its neighbours':<22} {place.address}{' with TLS' if place.trust.server else ''}")
        lines += role.lines()
        # Not sys.stdout: that is the log's while twistd runs.
        print("\n".join([*lines, READY]), file=sys.__stdout__, flush=True)

    def _status(self) -> member_pb2.MemberStatus:
        role = self._role
        assert role is not None and self._place is not None
        return member_pb2.MemberStatus(
            role=self._name,
            process=self._place.process,
            version=__version__,
            up_seconds=int(self._reactor.seconds() - self._started_at),
            leads=role.leads(),
            not_ready=self.not_ready(),
            degraded=self.degraded(),
            load=role.load(),
            streams=[
                member_pb2.StreamStatus(
                    peer=peer,
                    waiting_bytes=queue.waiting_bytes,
                    sent_items=queue.sent_items,
                    sent_messages=queue.sent_messages,
                )
                for peer, queue in role.streams()
            ],
        )

    def not_ready(self) -> list[str]:
        """Names of what does not serve now."""
        if not self._serving or self._role is None:
            return [self._name]
        return self._role.not_ready()

    def degraded(self) -> list[str]:
        """Names of what does not work while this serves."""
        return [*self._role.degraded(), *self._discovery.troubles()] if self._role is not None else []

    def _reload(self) -> Deferred[bool]:
        self._log.warn("not reloaded: a process of role {role} reads its configuration when it starts", role=self._name)
        return succeed(False)

    def _failed_to_start(self, failure: Failure) -> None:
        cause = failure.value
        misconfigured = isinstance(cause, ConfigError | CertificateError)
        code = BAD_CONFIGURATION if misconfigured else CANNOT_START
        if misconfigured or isinstance(cause, DatabaseError | CannotListenError | OSError):
            print(f"teamgram: cannot start: {cause}", file=sys.__stderr__, flush=True)
        else:
            self._log.failure("cannot start", failure=failure)
        end_process(self._reactor, code)

    def stopService(self) -> Deferred[None]:
        """Neighbours first, so that what is new goes to others; then what is here, in the role's order."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop()).addBoth(self._stopped)

    def _stopped(self, result: Any) -> Any:
        self._signals.restore()
        return result

    async def _stop(self) -> None:
        self._serving = False
        role, port = self._role, self._port
        if role is None:
            return
        if port is not None:
            port.serving(False)
        first, *others = role.stop_steps()
        steps = [("discovery", self._leave), first]
        if port is not None:
            steps.append(("port", port.stop))
        steps += [*others, ("members", self._discovery.stop)]
        for name, step in steps:
            try:
                await _awaited(step())
            except Exception:
                # The next steps still save what they have.
                self._log.failure("stopping: {name}", name=name)
        if self._probes is not None:
            await _awaited(self._probes.stopListening())

    async def _leave(self) -> None:
        assert self._role is not None
        await self._discovery.leave()
        self._role.leave()
        pause: Deferred[None] = Deferred()
        self._reactor.callLater(LEAVE_SECONDS if self._port is not None else 0, pause.callback, None)
        await pause


def _awaited(result: Any) -> Awaitable[Any]:
    if hasattr(result, "send"):
        return Deferred.fromCoroutine(result)
    return result if isinstance(result, Deferred) else maybeDeferred(lambda: result)
