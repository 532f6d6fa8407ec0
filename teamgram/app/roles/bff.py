"""Role bff: RPC services, authsession and the domain; sessions are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.app import stage_settings
from teamgram.app.backend import Backend
from teamgram.app.config.errors import ConfigError
from teamgram.app.metrics import BackendCollector
from teamgram.app.roles.role import RolePlace, Step
from teamgram.cache.bus import MemoryBus
from teamgram.cluster.bff_server import BffServer
from teamgram.cluster.bus import CarriedBus
from teamgram.cluster.remote_auth_sessions import AuthSessionServer
from teamgram.domain.flood.limits import FloodLimits

DRAIN_SECONDS = 10.0


class BffRole:
    """See ``roles.role.RoleStages``."""

    def __init__(self, place: RolePlace) -> None:
        """
        Raises:
            ConfigError: a value that only shows as wrong when it is put to use.
            DatabaseError: the database cannot be opened.
        """
        self._place = place
        configuration = place.configuration
        self.file = configuration.bff
        if isinstance(configuration.authsession.Cache, str):
            raise ConfigError(
                "authsession.yaml",
                "Cache",
                "names no Redis; role bff needs one: sign-in codes, QR tokens and devices are shared there",
            )
        self._bus = CarriedBus(MemoryBus())
        flood = FloodLimits(stage_settings.flood(configuration.bff), place.reactor.seconds)
        self.backend = Backend(
            configuration,
            place.data_dir,
            place.reactor,
            listeners=place.listeners,
            levels=place.levels,
            flood_limits=flood,
            bus=self._bus,
        )
        self._server = BffServer(self.backend.bff, self._bus, place.reactor)
        self.services: Sequence[Any] = (self._server, AuthSessionServer(self.backend.auth_sessions))
        place.registry.register(BackendCollector(self.backend))

    async def start(self) -> None:
        """Work."""
        backend = self.backend
        if await backend.database_watch.has_lost_time():
            await backend.domain.log.go_on_after_a_gap()
        backend.auth_sessions.startService()
        backend.services.start()
        backend.database_watch.start()

    def leave(self) -> None:
        """Have session send what is new to others."""
        for stream in self._server.streams.values():
            stream.outgoing.leave()

    def stop_steps(self) -> Sequence[Step]:
        """Requests in flight, then what is still to be written."""
        backend = self.backend
        return (
            ("requests in flight", self._drained),
            ("devices", backend.auth_sessions.stopService),
            ("updates being drawn", backend.services.stop),
            ("cache", backend.cache.close),
            ("database watch", backend.database_watch.stop),
            ("database", backend.database.close),
        )

    async def _drained(self) -> None:
        clock = self._place.reactor
        deadline = clock.seconds() + DRAIN_SECONDS
        while self._server.running and clock.seconds() < deadline:
            pause: Deferred[None] = Deferred()
            clock.callLater(0.05, pause.callback, None)
            await pause

    def not_ready(self) -> list[str]:
        """Without the database nothing is answered."""
        failing = self.backend.database_watch.failing
        return [f"database: {failing}"] if failing else []

    def degraded(self) -> list[str]:
        """What does not work while the rest does."""
        failing = self.backend.domain.filing.storage.failing
        return [f"files: {failing}"] if failing else []

    def lines(self) -> list[str]:
        """What its start prints."""
        code = self.backend.services.fixed_code
        return [f"  note: the sign-in code is {code} for every number"] if code else []
