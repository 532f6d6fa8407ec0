"""What stands behind session in a process: database, cache, authsession, the domain, and the bff over it."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.logger import Logger, LogLevelFilterPredicate

from teamgram.app import stage_settings
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import Configuration
from teamgram.app.config.units import parse_size
from teamgram.app.database_watch import DatabaseWatch
from teamgram.app.file_store import open_blobs
from teamgram.app.log_lines import log_line
from teamgram.app.rpc_services import Bff, build_bff
from teamgram.app.times import CACHE_BUCKETS, DATABASE_BUCKETS, Times
from teamgram.authsession.service import AuthSessionService
from teamgram.bff.caller import Caller
from teamgram.bots.api import BotApi
from teamgram.bots.father.service import BotFather
from teamgram.bots.file_ids import KEY_NAME as BOT_FILES_KEY
from teamgram.bots.service import BotApiService
from teamgram.bots.views.keyboards import callback_keyboard
from teamgram.cache import Cache, CountedCache, MemoryCache, RedisCache
from teamgram.database import Database, open_database
from teamgram.domain.codes.sealing import load_or_create_key
from teamgram.domain.domain import Domain
from teamgram.domain.files.filing import Filing
from teamgram.domain.files.references import KEY_NAME
from teamgram.domain.flood.limits import FloodLimits
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.web_pages.fetching import PageFetcher
from teamgram.gnetway.settings import ListenerSettings
from teamgram.interfaces.bus import Bus
from teamgram.interfaces.figures import Figures
from teamgram.interfaces.rpc import ASKING
from teamgram.openclaw.agents_service import agents_extension
from teamgram.openclaw.config import source_files
from teamgram.openclaw.messenger.domain import MessengerDomain
from teamgram.openclaw.service import OpenClawService
from teamgram.session.routing import service_key


class Backend:
    """Built and not started; the database is open.

    Args:
        listeners, levels: as the configuration has them, found usable.
        bus: to session and from it, and to whoever else remembers rows.

    Attributes:
        configuration, listeners: what is in force; a reload puts others there.
        data_dir: everything that is written lies below it.
        services: the RPC services, with the domain below them.
        bff: answers session's requests by those services.

    Raises:
        ConfigError: a value that only shows as wrong when it is put to use.
        DatabaseError: the database cannot be opened.
    """

    _log = Logger()

    def __init__(
        self,
        configuration: Configuration,
        data_dir: Path,
        reactor: Any,
        *,
        listeners: list[ListenerSettings],
        levels: LogLevelFilterPredicate,
        flood_limits: FloodLimits,
        bus: Bus,
    ) -> None:
        self.configuration = configuration
        self.data_dir = data_dir
        self.listeners = listeners
        self.levels = levels
        self.flood_limits = flood_limits
        self.bus = bus
        self._reactor = reactor
        self.database_times = Times(DATABASE_BUCKETS)
        self.cache_times = Times(CACHE_BUCKETS)
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
        self.auth_sessions = AuthSessionService(self.database, self.cache, reactor, bus)
        pages = stage_settings.pages(configuration.bff.LinkPreviews)
        self.domain = Domain.open(
            self.database,
            Fanout(bus),
            reactor,
            self._open_filing(),
            fetcher=PageFetcher(reactor, pages.seconds) if pages.enabled else None,
            file_fetcher=PageFetcher(reactor, pages.seconds) if configuration.bff.FilesByAddress else None,
            page_settings=pages,
            chat_limits=stage_settings.chat_limits(configuration.bff.ChatLimits),
        )
        self.services: Bff = build_bff(
            configuration,
            data_dir,
            reactor,
            listeners=listeners,
            database=self.database,
            cache=self.cache,
            auth_sessions=self.auth_sessions,
            domain=self.domain,
            bus=bus,
        )
        self.bff = Caller(self.services.rpc, flood_limits, self.domain.users)
        self.warn_of_services_off(configuration)

    def open_agents(
        self, not_ready: Callable[[], list[str]], degraded: Callable[[], list[str]], figures: Figures
    ) -> OpenClawService:
        """The agents' plane, not started.

        Args:
            not_ready, degraded: names of what is not ready, and of what fails while the rest serves, for ``/readyz``.
            figures: what ``/metrics`` shows.
        """
        domain = self.domain
        messenger = MessengerDomain(
            domain.users,
            domain.messages,
            domain.observers,
            domain.log,
            domain.dialogs,
            domain.chats,
            domain.portraits,
            domain.filing.files,
            domain.bots,
            domain.callbacks,
            domain.bot_inbox,
            domain.channels,
            callback_keyboard,
        )
        return OpenClawService(
            source_files.path_in(self.configuration.directory, os.environ),
            self.data_dir,
            self._reactor,
            extensions=[partial(agents_extension, messenger=messenger)],
            readiness=not_ready,
            degraded=degraded,
            figures=figures,
            log_filters=[self.levels],
            log_line=log_line,
        )

    def open_bot_api(self) -> BotApiService:
        """The Bot API, not started."""
        domain, reactor = self.domain, self._reactor
        file = self.configuration.botapi
        bot_files_key = load_or_create_key(self.data_dir / BOT_FILES_KEY)
        api = BotApi(domain, reactor, bot_files_key, private_webhooks=file.AllowPrivateWebhooks)
        father = BotFather(domain, reactor, self._sign_bot_out, self._bot_api_root) if file.BotFather else None
        self._bot_api = BotApiService(
            api,
            api.webhooks,
            father,
            reactor,
            stage_settings.bot_api(file),
            parse_size(file.MaxRequestSize),
            self.data_dir,
            (file.MaxConnections, file.MaxConnectionsPerAddress),
        )
        return self._bot_api

    async def _sign_bot_out(self, bot_id: int) -> None:
        await self.services.sign_ins.sign_out_others(bot_id, 0)

    def _bot_api_root(self) -> str:
        host, port = (self._bot_api.addresses or [("", 0)])[0]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}" if host else ""

    def _open_filing(self) -> Filing:
        file = self.configuration.dfs
        blobs = open_blobs(file, self.data_dir, self._reactor)
        key = load_or_create_key(self.data_dir / KEY_NAME)
        settings = stage_settings.files(file)
        return Filing.open(self.database, blobs, self._reactor, self._reactor, settings, key)

    def _open_cache(self) -> Cache:
        hosts = self.configuration.authsession.Cache
        if isinstance(hosts, str):
            if hosts != "memory":
                raise ConfigError("authsession.yaml", "Cache", 'is "memory" or a list of hosts')
            return MemoryCache(self._reactor)
        if len(hosts) != 1:
            raise ConfigError("authsession.yaml", "Cache", "name one Redis server")
        return RedisCache(self._reactor, hosts[0].Host, password=hosts[0].Pass)

    def warn_of_services_off(self, configuration: Configuration) -> None:
        """Name the services that are here and not in the IDMap, which are off: a file of teamgram's has fewer."""
        routed = set(map(service_key, configuration.session.BFFProxyClients.IDMap))
        off = sorted({one.service for one in self.bff.methods.values() if service_key(one.service) not in routed})
        if off:
            self._log.warn("session.yaml: not in the IDMap, so off: {services}", services=", ".join(off))
