"""The sessions of one auth key, each with the connections that carry it."""

from teamgram.interfaces.keys import AuthKeyType, ClientInfo
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.interfaces.session import ConnRef, SessionData
from teamgram.session.http_polls import HttpPolls
from teamgram.session.outbox import NOTHING
from teamgram.session.salts import ServerSalts
from teamgram.session.session import Session


class ClientSession:
    """One session and what surrounds its protocol state.

    Attributes:
        connections: those that carry it, most recently used last.
        conn: the one that answers leave by; None while there is none.
        writable: ``conn`` takes more.
        layer: what ``invokeWithLayer`` said in this session, 0 before it did.
        binding: one of its requests under way binds its temporary key.
        giving: one of them is answered with a piece of a file.
        takes_files: it has asked for one.
        holds: some of its requests wait in its key's ``holding``.
        wants_updates: it made a call that was not wrapped in ``invokeWithoutUpdates``.
        called_at: when it last made one (unix seconds).
        dirty: it is in the stage's list of sessions to flush.
        refused: connections whose frame was not taken because the session was saturated.
        http: its waiting requests, when it comes over HTTP.
    """

    __slots__ = (
        "binding",
        "called_at",
        "client_addr",
        "conn",
        "connections",
        "core",
        "dirty",
        "giving",
        "holds",
        "http",
        "keys",
        "layer",
        "local_addr",
        "metadata",
        "refused",
        "takes_files",
        "transport",
        "wants_updates",
        "writable",
    )

    def __init__(self, core: Session, keys: "SessionList") -> None:
        self.core = core
        self.keys = keys
        self.connections: list[ConnRef] = []
        self.conn: ConnRef | None = None
        self.writable = True
        self.layer = 0
        self.metadata: RpcMetadata | None = None
        self.client_addr = ""
        self.local_addr = ""
        self.transport = "tcp"
        self.holds = False
        self.binding = False
        self.giving = False
        self.takes_files = False
        self.wants_updates = False
        self.called_at = 0.0
        self.dirty = False
        self.refused: list[ConnRef] | None = None
        self.http: HttpPolls | None = None

    def carried_by(self, data: SessionData) -> bool:
        """Note the connection that a frame came by; whether the session did not know it."""
        conn = data.conn
        known = conn in self.connections
        if not known:
            self.connections.append(conn)
        elif self.connections[-1] != conn:
            self.connections.remove(conn)
            self.connections.append(conn)
        self._reached_by(data)
        return not known

    def needs_flush(self) -> bool:
        """Whether its flush would do anything: after an acknowledgement, most of what clients send, it would not."""
        core = self.core
        outbox = core.outbox
        return bool(
            outbox.queue or outbox.push_lost or core.to_ack or self.holds or self.refused or self.http is not None
        )

    def is_carried(self) -> bool:
        """Whether anything is there that answers leave by."""
        return bool(self.http or self.connections)

    def drains_without(self, data: SessionData) -> bool:
        """Whether what waits here can leave without that frame being taken.

        A client that comes back finds more waiting than one that stays may
        have unread: refused, it could never take it.
        """
        if data.transport == "http":
            return bool(self.http)
        return data.conn in self.connections

    def asked_by(self, data: SessionData, now: float) -> None:
        """Note an HTTP request: it is answered once, and its connection is not the session's."""
        if self.http is None:
            self.http = HttpPolls()
        self.http.arrived(data.conn, now)
        self._reached_by(data)

    def _reached_by(self, data: SessionData) -> None:
        self.conn = data.conn
        if (data.client_addr, data.local_addr, data.transport) != (self.client_addr, self.local_addr, self.transport):
            self.client_addr = data.client_addr
            self.local_addr = data.local_addr
            self.transport = data.transport
            self.metadata = None

    def no_longer_carried_by(self, conn: ConnRef) -> None:
        """That connection is gone."""
        if conn in self.connections:
            self.connections.remove(conn)
        if self.http is None:
            self.conn = self.connections[-1] if self.connections else None
        self.writable = True

    def back_to_stream(self) -> None:
        """Leave by the stream last used, for no HTTP request waits."""
        self.http = None
        self.conn = self.connections[-1]

    def make_metadata(self, perm_auth_key_id: int, user_id: int, client: ClientInfo) -> RpcMetadata:
        """Who asks, made anew when something in it changed."""
        keys = self.keys
        self.metadata = RpcMetadata(
            perm_auth_key_id,
            keys.auth_key_id,
            keys.key_type,
            self.core.session_id,
            user_id,
            self.layer or client.layer,
            client,
            self.client_addr,
            self.local_addr,
            self.transport,
            keys.dc_id,
        )
        return self.metadata


class SessionList:
    """One auth key's sessions; teamgram's ``SessionList``.

    Attributes:
        ready: its salts are there, so its frames can be taken.
        refresh_at: when to ask for more salts (unix seconds).
        wrapper_id: perm_auth_key_id of the wrapper that it belongs to, or
            its own auth_key_id while a temporary key is not bound.
        dc_id: the data centre that it was made for, 0 for none in particular.
        watched: an operator wants its frames and requests in the log.
    """

    __slots__ = (
        "_first",
        "_others",
        "auth_key_id",
        "dc_id",
        "key_type",
        "ready",
        "refresh_at",
        "salts",
        "watched",
        "wrapper_id",
    )

    def __init__(self, auth_key_id: int, key_type: AuthKeyType, wrapper_id: int, dc_id: int = 0) -> None:
        self.auth_key_id = auth_key_id
        self.key_type = key_type
        self.wrapper_id = wrapper_id
        self.dc_id = dc_id
        self.salts = ServerSalts()
        # Nearly every key has one session, and a dict for one costs 224 bytes.
        self._first: ClientSession | None = None
        self._others: dict[int, ClientSession] = NOTHING
        self.ready = False
        self.refresh_at = 0.0
        self.watched = False

    @property
    def sessions(self) -> tuple[ClientSession, ...]:
        """All of them, in the order in which they came."""
        return () if self._first is None else (self._first, *self._others.values())

    def session(self, session_id: int) -> ClientSession | None:
        """The one with that id."""
        first = self._first
        if first is not None and first.core.session_id == session_id:
            return first
        return self._others.get(session_id)

    def add(self, session: ClientSession) -> None:
        """Take in one that is new."""
        if self._first is None:
            self._first = session
            return
        if not self._others:
            self._others = {}
        self._others[session.core.session_id] = session

    def remove(self, session: ClientSession) -> None:
        """Let go of one, if it is (still) the one with its id."""
        session_id = session.core.session_id
        if self.session(session_id) is not session:
            return
        if session is not self._first:
            del self._others[session_id]
        else:
            self._first = self._others.pop(next(iter(self._others))) if self._others else None
        self._others = self._others or NOTHING
