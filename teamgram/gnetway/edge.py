"""What the connections of one listener have in common, and how one of them opens."""

from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.python.failure import Failure

from teamgram.gnetway.conn_context import ConnContext, Link
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.dispatch import SessionDispatcher
from teamgram.gnetway.settings import GnetwaySettings, ListenerSettings

#: (path, our host, our port, over TLS) -> (headers, body) of what a browser gets there, or None.
Documents = Callable[[bytes, str, int, bool], tuple[list[tuple[bytes, bytes]], bytes] | None]


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

    def document(self, path: bytes, transport: Any) -> tuple[list[tuple[bytes, bytes]], bytes] | None:
        """(headers, body) of what a browser gets at that path, None if nothing is there."""
        if self._documents is None:
            return None
        host = transport.getHost()
        return self._documents(path, host.host, host.port, bool(self.listener.cert_file))

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
