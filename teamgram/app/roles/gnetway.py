"""Role gnetway: connections and listeners; sessions are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from teamgram.app import figures, stage_settings
from teamgram.app.banner import listening_banner
from teamgram.app.documents import open_documents
from teamgram.app.roles.neighbours import neighbours
from teamgram.app.roles.role import RolePlace, Step
from teamgram.app.server_key import load_server_key
from teamgram.cluster.flow import StreamQueue
from teamgram.cluster.links import MemberLinks
from teamgram.cluster.remote_sessions import CONNECTION_WINDOW, RemoteAuthKeys, RemoteSessions
from teamgram.cluster.waiting import from_asyncio
from teamgram.gnetway.service import GnetwayService
from teamgram.interfaces.session import Gateway, SessionInbound


class GnetwayRole:
    """See ``roles.role.RoleStages``."""

    services: Sequence[Any] = ()

    def __init__(self, place: RolePlace) -> None:
        """
        Raises:
            ConfigError: it does not say where session is.
        """
        self._place = place
        self.file = place.configuration.gnetway
        self._where = neighbours(("gnetway.yaml", "Session"), self.file.Session)
        self._key = load_server_key(self.file, place.data_dir)
        self._settings = replace(
            stage_settings.gnetway(self.file),
            gateway_id=place.process,
        )
        # What was on its way when session heard that a client does not read is written besides.
        self._settings = replace(
            self._settings, max_send_buffer_bytes=self._settings.max_send_buffer_bytes + CONNECTION_WINDOW
        )
        self._documents = open_documents(self.file, place.data_dir, self._key, place.reactor, lambda: self.gnetway)

        self._inbound: RemoteSessions
        self.gnetway = GnetwayService(
            reactor=place.reactor,
            listeners=place.listeners,
            auth_sessions=RemoteAuthKeys(lambda: self.links),
            rsa_keys=[self._key.key],
            session=self._build_inbound,
            settings=self._settings,
            documents=self._documents.answer,
        )
        figures.add_gnetway(place.figures, self.gnetway)
        figures.add_links(place.figures, "session", self.links)

    def _build_inbound(self, gateway: Gateway) -> SessionInbound:
        place = self._place
        inbound = RemoteSessions(
            gateway,
            place.process,
            lambda number: self.gnetway.connections.get(number) is not None,
            place.reactor.callLater,
        )
        self.links = MemberLinks(inbound, place.trust.client)
        inbound.use(self.links)
        return inbound

    async def start(self) -> None:
        """Dial session and open the listeners."""
        where = self._where
        self._place.discovery.watch(where.endpoints, where.etcd_hosts, where.etcd_key, self.links.set_members)
        self.gnetway.startService()
        await self.gnetway.listening

    def leave(self) -> None:
        """Nobody sends anything here but clients."""

    def stop_steps(self) -> Sequence[Step]:
        """Listeners, connections, then the ways to session."""
        return (
            ("listeners", self.gnetway.stop_listening),
            ("connections", self.gnetway.stopService),
            ("session", lambda: from_asyncio(self.links.close())),
        )

    def not_ready(self) -> list[str]:
        """Without a session process nobody is answered."""
        return [] if self.links.reachable else ["session: no process of it can be reached"]

    def degraded(self) -> list[str]:
        """Those that are not reached."""
        return [f"session: {link.address} cannot be reached" for link in self.links if link.outgoing is None]

    def streams(self) -> list[tuple[str, StreamQueue[Any]]]:
        """To session."""
        return [(link.address, link.outgoing) for link in self.links if link.outgoing is not None]

    def load(self) -> int:
        """Connections."""
        return len(self.gnetway.connections)

    def leads(self) -> bool:
        """Never."""
        return False

    def lines(self) -> list[str]:
        """As role ``all`` prints it."""
        listening: dict[str, list[str]] = {}
        for kind, host, port in self.gnetway.addresses:
            listening.setdefault(kind, []).append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        text = listening_banner(
            listening, self._place.data_dir, self._key, self.file.DcId, [self._key.note] if self._key.note else []
        )
        return text.splitlines()
