"""The port that the neighbours come to: our services, gRPC's health check and reflection."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from grpclib.health.check import ServiceStatus
from grpclib.health.service import OVERALL, Health
from grpclib.reflection.service import ServerReflection
from grpclib.server import Server

from teamgram.cluster.addresses import split_address
from teamgram.cluster.links import CONFIGURATION
from teamgram.cluster.waiting import from_asyncio


class NeighboursPort:
    """Listens while it is started.

    Args:
        address: "host:port".
        services: ours; health and reflection (``grpcurl``) are added.
        tls: asks clients for a certificate; None: no TLS.
    """

    def __init__(self, address: str, services: Sequence[Any], tls: ssl.SSLContext | None = None) -> None:
        self._host, self._port = split_address(address)
        self._tls = tls
        self._status = ServiceStatus()
        health = Health({OVERALL: [self._status], **{service: [self._status] for service in services}})
        self._server = Server(ServerReflection.extend([*services, health]), config=CONFIGURATION)

    def start(self) -> Deferred[None]:
        """Open the port.

        Raises:
            OSError: it cannot be.
        """
        return from_asyncio(self._server.start(self._host, self._port, ssl=self._tls))

    def serving(self, is_serving: bool) -> None:
        """What the health check says from now on; before the first call it is "unknown"."""
        self._status.set(is_serving)

    def stop(self) -> Deferred[None]:
        """Close it; streams end."""
        self._server.close()
        return from_asyncio(self._server.wait_closed())
