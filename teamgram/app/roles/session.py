"""Role session: wrappers, sessions and push; connections and services are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.task import LoopingCall

from teamgram.app import figures, stage_settings
from teamgram.app.config.loader import Configuration
from teamgram.app.roles.neighbours import bff_targets
from teamgram.app.roles.role import RolePlace, Step
from teamgram.cache.bus import MemoryBus
from teamgram.cluster.bus import CarriedBus
from teamgram.cluster.flow import StreamQueue
from teamgram.cluster.held_keys import HeldKeys
from teamgram.cluster.links import MemberLinks
from teamgram.cluster.remote_auth_sessions import RemoteAuthSessions
from teamgram.cluster.remote_bff import RemoteBff
from teamgram.cluster.session_server import RemoteGateways, SessionServer
from teamgram.cluster.waiting import from_asyncio
from teamgram.interfaces.session import KeyTaken
from teamgram.session.routing import service_key
from teamgram.session.service import SessionService

_AUTHORIZATION = "RPCAuthorization"

ALONE_AFTER = 2.0
"""Seconds without any bff until clients are left to other session processes."""


class SessionRole:
    """See ``roles.role.RoleStages``.

    authsession lives in the bff processes that serve ``RPCAuthorization``, and is asked there.
    """

    def __init__(self, place: RolePlace) -> None:
        """
        Raises:
            ConfigError: it does not say where a target of the IDMap is.
        """
        self._place = place
        configuration = place.configuration
        self.file = configuration.session
        self._targets = bff_targets(configuration)
        bus = CarriedBus(MemoryBus())
        held = HeldKeys(place.process)
        self.bffs: dict[str, RemoteBff] = {}
        self.links: dict[str, MemberLinks] = {}
        for target in self._targets:
            bff = self.bffs[target] = RemoteBff(place.process, bus, held)
            links = self.links[target] = MemberLinks(bff, place.trust.client)
            bff.use(links)
            figures.add_links(place.figures, target, links)
        keys = self.links[_authorization_target(configuration)]
        auth_sessions = RemoteAuthSessions(keys, held)
        self._gateways = RemoteGateways()
        self.session = SessionService(
            gateway=self._gateways,
            auth_sessions=auth_sessions,
            id_map=self.file.BFFProxyClients.IDMap,
            callers=lambda session: self.bffs,
            clock=place.reactor,
            bus=bus,
            settings=replace(stage_settings.session(self.file), server=place.process, keys_move=True),
        )
        stage = self.session.stage
        held.use(stage.keys.wrappers.__contains__, stage.loaded.let_go)
        bus.listen(KeyTaken, held.taken)
        self._server = SessionServer(self.session, self._gateways, auth_sessions)
        self.services: Sequence[Any] = (self._server,)
        figures.add_session(place.figures, self.session.stage)
        place.discovery.when_lease_is_lost(lambda lost: self._server.may_be_cut_off("its lease in etcd ends", lost))
        self._keys = keys
        self._nobody_since: float | None = None
        self._looking = LoopingCall(self._look)
        self._looking.clock = place.reactor

    async def start(self) -> None:
        """Dial bff, and take frames."""
        for target, where in self._targets.items():
            self._place.discovery.watch(
                where.endpoints, where.etcd_hosts, where.etcd_key, self.links[target].set_members
            )
        self.session.startService()
        self._looking.start(1.0, now=False)

    def _look(self) -> None:
        """Without bff nothing here gets an answer but pings: clients are better off where there is one."""
        now = self._place.reactor.seconds()
        if self._keys.reachable:
            self._nobody_since = None
        elif self._nobody_since is None:
            self._nobody_since = now
        alone = self._nobody_since is not None and now - self._nobody_since >= ALONE_AFTER
        self._server.may_be_cut_off("no bff process can be reached", alone)

    def leave(self) -> None:
        """Have gnetway bring new connections to others."""
        self._server.leave()

    def stop_steps(self) -> Sequence[Step]:
        """Requests in flight, then the ways to bff."""
        if self._looking.running:
            self._looking.stop()
        return (
            ("requests in flight", self.session.stopService),
            *((target, lambda links=links: from_asyncio(links.close())) for target, links in self.links.items()),
        )

    def not_ready(self) -> list[str]:
        """Without a bff process nothing is answered."""
        return [f"{name}: no process of it can be reached" for name, links in self.links.items() if not links.reachable]

    def degraded(self) -> list[str]:
        """Those that are not reached."""
        return [
            f"{name}: {link.address} cannot be reached"
            for name, links in self.links.items()
            for link in links
            if link.outgoing is None
        ]

    def streams(self) -> list[tuple[str, StreamQueue[Any]]]:
        """To bff, and to gnetway."""
        up = [(link.address, link.outgoing) for links in self.links.values() for link in links]
        found: list[tuple[str, StreamQueue[Any]]] = [(peer, queue) for peer, queue in up if queue is not None]
        return found + [(name, stream.outgoing) for name, stream in self._gateways.streams.items()]

    def load(self) -> int:
        """Connections of clients."""
        return sum(map(len, self._gateways.streams.values()))

    def leads(self) -> bool:
        """Never."""
        return False

    def lines(self) -> list[str]:
        """Where it gets its answers."""
        return [
            f"  {name + ' at':<22} {' '.join(links.ring.members)}"
            for name, links in self.links.items()
            if links.ring.members
        ]


def _authorization_target(configuration: Configuration) -> str:
    id_map = configuration.session.BFFProxyClients.IDMap
    wanted = service_key(_AUTHORIZATION)
    found = next((target for service, target in id_map.items() if service_key(service) == wanted), None)
    return found if found is not None else next(iter(id_map.values()))
