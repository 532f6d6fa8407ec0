"""What the connections of one listener have in common, and how one of them opens."""

from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.python.failure import Failure

from teamgram.gnetway.conn_context import ConnContext, Link
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.dispatch import SessionDispatcher
from teamgram.gnetway.http_requests import HttpRequest
from teamgram.gnetway.settings import GnetwaySettings, ListenerSettings
from teamgram.interfaces.documents import DocumentAnswer, DocumentRequest, Documents


class Edge:
    """A listener's settings and where its connections and frames go."""

    __slots__ = ("_documents", "_origins", "connections", "dispatcher", "listener", "settings")

    def __init__(
        self,
        listener: ListenerSettings,
        connections: Connections,
        dispatcher: SessionDispatcher,
        settings: GnetwaySettings,
        documents: Documents | None = None,
    ) -> None:
        self.listener = listener
        self.connections = connections
        self.dispatcher = dispatcher
        self.settings = settings
        self._documents = documents
        self._origins = frozenset(origin.encode() for origin in listener.allowed_origins)

    def open(self, transport: Any, link: Link) -> ConnContext | None:
        """Count an accepted transport in; None, and the transport aborted, when a limit forbids it."""
        peer, host = transport.getPeer(), transport.getHost()
        conn = self.connections.open(self.listener.kind, (peer.host, peer.port), (host.host, host.port), link)
        if conn is None:
            transport.abortConnection()
        return conn

    async def document(self, request: HttpRequest, transport: Any) -> DocumentAnswer | None:
        """What a browser gets to that request, None if nothing is there."""
        if self._documents is None:
            return None
        here = transport.getHost()
        is_tls = bool(self.listener.cert_file)
        return await self._documents(
            DocumentRequest(request.method, request.path, request.headers, here.host, here.port, is_tls)
        )

    def allows_origin(self, origin: bytes) -> bool:
        """Whether a browser on a page of that ``Origin`` may connect."""
        return not self._origins or origin in self._origins


def reason_of(failure: Failure) -> str:
    """Why a transport is gone, for the log."""
    if isinstance(failure.value, ConnectionDone):
        return "peer closed"
    if isinstance(failure.value, ConnectionAborted):
        return "aborted"
    return failure.getErrorMessage()
