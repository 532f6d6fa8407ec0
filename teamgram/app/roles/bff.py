"""Role bff: RPC services, authsession and the domain; sessions are elsewhere.

One of the bff processes also has the agents' plane and the Bot API, and does what is done once for all.
"""

from __future__ import annotations

import fcntl
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.app import figures, stage_settings
from teamgram.app.backend import Backend
from teamgram.app.bot_methods import BotKeeper, BotMethods
from teamgram.app.config.errors import ConfigError
from teamgram.app.roles.leading import Leading
from teamgram.app.roles.neighbours import NO_REDIS
from teamgram.app.roles.role import RolePlace, Step
from teamgram.app.roles.shared_keys import check_shared_keys
from teamgram.bots.service import BotApiService
from teamgram.cache.bus import EventsMissed, MemoryBus
from teamgram.cluster.bff_server import BffServer
from teamgram.cluster.bus import CarriedBus
from teamgram.cluster.events import TO_BFFS
from teamgram.cluster.flow import StreamQueue
from teamgram.cluster.key_holders import KeyHolders
from teamgram.cluster.redis_bus import BUS, TOLD, Published, RedisBus
from teamgram.cluster.remote_auth_sessions import AuthSessionServer
from teamgram.database.dsn import SQLiteDSN
from teamgram.domain.flood.limits import FloodLimits
from teamgram.domain.presence.presence import CameOnline
from teamgram.domain.updates.fanout import EntriesTold, EventTold, ToldElsewhere, ToldInChannel
from teamgram.interfaces.session import KeyTaken
from teamgram.openclaw.service import OpenClawService

DRAIN_SECONDS = 10.0
SHARED_WORK = "shared work"
SQLITE_LOCK = "bff.lock"
"""In the data directory: a SQLite database is one process's."""


class BffRole:
    """See ``roles.role.RoleStages``."""

    _log = Logger()

    def __init__(self, place: RolePlace) -> None:
        """
        Raises:
            ConfigError: a value that only shows as wrong when it is put to use.
            DatabaseError: the database cannot be opened.
        """
        self._place = place
        configuration = place.configuration
        self.file = configuration.bff
        hosts = configuration.authsession.Cache
        if isinstance(hosts, str):
            raise ConfigError("authsession.yaml", "Cache", NO_REDIS)
        self._sqlite_lock = self._lock_sqlite()
        self._bus = bus = CarriedBus(MemoryBus())
        flood = FloodLimits(stage_settings.flood(configuration.bff), place.reactor.seconds)
        self.backend = backend = Backend(
            configuration,
            place.data_dir,
            place.reactor,
            listeners=place.listeners,
            levels=place.levels,
            flood_limits=flood,
            bus=bus,
        )
        self.redis = RedisBus(
            place.reactor,
            hosts[0].Host,
            password=hosts[0].Pass,
            process=place.process,
            heard=self._heard,
            missed=lambda: bus.deliver(EventsMissed()),
        )
        self.holders = KeyHolders(backend.cache, bus, place.reactor.seconds)
        self._server = BffServer(backend.bff, bus, place.reactor, self.holders)
        bus.carry(TO_BFFS, None)
        # What is to be drawn for clients is drawn here, where it was committed; who leads hears of it as well.
        bus.carry((EventTold, EntriesTold), self._tell_leader)
        bus.carry((ToldInChannel, ToldElsewhere, EventsMissed, CameOnline), None)
        # Beside the sessions, the other bff processes: they refuse who has a key no more.
        bus.carry((KeyTaken,), lambda event: self.redis.publish(BUS, *bus.written(event)))
        bus.carry_others(lambda event: self.redis.publish(BUS, *bus.written(event)))
        self.services: Sequence[Any] = (self._server, AuthSessionServer(backend.auth_sessions, self.holders))
        self.leading = Leading(backend.database, place.reactor, SHARED_WORK, place.process, self._lead, self._follow)
        self._agents: OpenClawService | None = None
        self._bot_api: BotApiService | None = None
        figures.add_backend(place.figures, backend)

    def _lock_sqlite(self) -> Any:
        place = self._place
        where = stage_settings.database(place.configuration.authsession.Mysql, place.data_dir)
        if not isinstance(where, SQLiteDSN):
            return None
        lock = (place.data_dir / SQLITE_LOCK).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(
                "authsession.yaml",
                "Mysql.DSN",
                "is a SQLite file that another bff process has; several need MariaDB or MySQL",
            ) from None
        return lock

    # The other bff processes

    def _tell_leader(self, event: EventTold | EntriesTold) -> None:
        if not self.leading.leads:
            self.redis.publish(TOLD, *self._bus.written(ToldElsewhere(event)))

    def _heard(self, published: Published) -> None:
        event = self._bus.read(published.kind, published.body)
        if event is not None:
            self._bus.deliver(event)

    async def start(self) -> None:
        """Work."""
        backend = self.backend
        await check_shared_keys(backend.database, self._place.data_dir)
        if await backend.database_watch.has_lost_time():
            self._log.warn("the database is a backup of before: its boxes go on above what clients have seen")
            await backend.domain.log.go_on_after_a_gap()
        self.redis.start()
        backend.auth_sessions.startService()
        backend.domain.presence.tells_for_all = False
        backend.domain.indexer.leave_to_another()
        backend.services.start_here()
        backend.database_watch.start()
        if self._place.configuration.operations.Cluster.MayLead:
            await self.leading.start()

    # What is done once

    async def _lead(self) -> None:
        place, backend = self._place, self.backend
        self.redis.subscribe(TOLD)
        backend.services.lead()
        self._agents = agents = backend.open_agents(self.not_ready, self.degraded, place.figures)
        agents.plane.router.register(
            BotMethods(BotKeeper(backend.domain.bots, backend.domain.users), backend.services.sign_ins)
        )
        agents.startService()
        await agents.listening
        self._bot_api = bot_api = backend.open_bot_api()
        bot_api.startService()
        await bot_api.listening

    async def _follow(self) -> None:
        self.redis.unsubscribe(TOLD)
        bot_api, self._bot_api = self._bot_api, None
        agents, self._agents = self._agents, None
        if bot_api is not None:
            await bot_api.stopService()
        if agents is not None:
            await agents.stopService()
        await self.backend.services.follow()

    def leave(self) -> None:
        """Have session send what is new to others."""
        self._server.leave()

    def stop_steps(self) -> Sequence[Step]:
        """Requests in flight, then what is still to be written."""
        backend = self.backend
        return (
            ("requests in flight", self._drained),
            ("shared work", self.leading.stop),
            ("devices", backend.auth_sessions.stopService),
            ("updates being drawn", backend.services.stop),
            ("bus", self.redis.stop),
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
        files = [f"files: {failing}"] if failing else []
        return files if self.redis.is_whole else [*files, "redis: what other processes change is seen a second later"]

    def streams(self) -> list[tuple[str, StreamQueue[Any]]]:
        """To session."""
        return [(name, stream.outgoing) for name, stream in self._server.streams.items()]

    def load(self) -> int:
        """Requests under way."""
        return self._server.running

    def leads(self) -> bool:
        """Whether it holds the lease."""
        return self.leading.leads

    def lines(self) -> list[str]:
        """What its start prints."""
        found = []
        if self._agents is not None:
            found += [f"  {'gateway listener':<22} {host}:{port}" for host, port in self._agents.ports]
            if self._agents.new_token:
                found.append(f"  note: the gateway's token, shown this once: {self._agents.new_token}")
        if self._bot_api is not None:
            found += [f"  {'bot api listener':<22} {host}:{port}" for host, port in self._bot_api.addresses]
        code = self.backend.services.fixed_code
        return [*found, f"  note: the sign-in code is {code} for every number"] if code else found
