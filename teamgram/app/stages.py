"""What the process of role ``all`` is made of: which stage is given which neighbour."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.logger import LogLevelFilterPredicate

from teamgram.app import stage_settings
from teamgram.app.backend import Backend
from teamgram.app.config.loader import Configuration
from teamgram.app.documents import ShownDocuments, open_documents
from teamgram.app.server_key import ServerKey
from teamgram.cache.bus import MemoryBus
from teamgram.domain.flood.limits import FloodLimits
from teamgram.gnetway.service import GnetwayService
from teamgram.gnetway.settings import ListenerSettings
from teamgram.interfaces.figures import Figures
from teamgram.interfaces.rpc import RpcCaller
from teamgram.interfaces.session import Gateway
from teamgram.session.service import SessionService


class Stages(Backend):
    """Every stage of role ``all``, built and not started; the database is open.

    Args:
        key: the server's own.
        not_ready, degraded: names of what is not ready, and of what fails while the rest serves, for ``/readyz``.
        figures: what ``/metrics`` shows.

    Raises:
        ConfigError: a value that only shows as wrong when it is put to use.
        DatabaseError: the database cannot be opened.
    """

    def __init__(
        self,
        configuration: Configuration,
        data_dir: Path,
        reactor: Any,
        *,
        key: ServerKey,
        listeners: list[ListenerSettings],
        levels: LogLevelFilterPredicate,
        flood_limits: FloodLimits,
        not_ready: Callable[[], list[str]],
        degraded: Callable[[], list[str]],
        figures: Figures,
    ) -> None:
        super().__init__(
            configuration,
            data_dir,
            reactor,
            listeners=listeners,
            levels=levels,
            flood_limits=flood_limits,
            bus=MemoryBus(),
        )
        self.documents: ShownDocuments = open_documents(
            configuration.gnetway, data_dir, key, reactor, lambda: self.gnetway
        )
        self.gnetway = GnetwayService(
            reactor=reactor,
            listeners=listeners,
            auth_sessions=self.auth_sessions,
            rsa_keys=[key.key],
            session=self._build_session,
            settings=stage_settings.gnetway(configuration.gnetway),
            documents=self.documents.answer,
        )
        self.openclaw = self.open_agents(not_ready, degraded, figures)
        self.bot_api = self.open_bot_api()

    def _build_session(self, gateway: Gateway) -> SessionService:
        """gnetway makes it, which it may answer."""
        self.session = SessionService(
            gateway=gateway,
            auth_sessions=self.auth_sessions,
            id_map=self.configuration.session.BFFProxyClients.IDMap,
            callers=lambda session: self.routes_to_bff(self.configuration)[1],
            clock=self._reactor,
            bus=self.bus,
            settings=stage_settings.session(self.configuration.session),
        )
        return self.session

    def routes_to_bff(self, configuration: Configuration) -> tuple[dict[str, str], dict[str, RpcCaller]]:
        """The IDMap, and who is behind its targets: in one process all are this one bff."""
        id_map = configuration.session.BFFProxyClients.IDMap
        return id_map, dict.fromkeys(id_map.values(), self.bff)
