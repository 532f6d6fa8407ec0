"""What gnetway knows of one client connection, whatever carries it.

Plain Python. The edge that owns the socket is behind :class:`Link`; the
frame path (``dispatch``) and the service see only this.
"""

from collections.abc import Mapping
from typing import Protocol

from teamgram.gnetway.key_cache import CachedKey
from teamgram.interfaces.session import ConnRef, SessionData


class Link(Protocol):
    """The transport's side of a connection: TCP, WebSocket or HTTP."""

    def write_frame(self, frame: bytes) -> bool:
        """Send one MTProto frame through the connection's codec; False when it cannot carry it now."""

    def can_carry(self, frames: int) -> bool:
        """Whether ``write_frame`` would send so many frames, were they ready."""

    def write_quick_ack(self, token: bytes) -> None:
        """Send a 4-byte quick ack through the connection's codec, where the transport has them."""

    def write_error(self, code: int) -> None:
        """Send a transport error (-404, -429, -444)."""

    def pause_reading(self) -> None:
        """Take nothing more from the peer."""

    def resume_reading(self) -> None:
        """Hand on what was kept back, then read again."""

    def close(self) -> None:
        """Close when what was written has left."""

    def abort(self) -> None:
        """Close now and drop what was written."""


class Sealing(Protocol):
    """Payloads that leave in order when they are sealed (``large_frames``)."""

    def __len__(self) -> int: ...

    def add(self, key: CachedKey, salt: int, session_id: int, payload: bytes) -> None:
        """Behind what is there."""

    def finish(self) -> None:
        """Seal and write all of it now."""


#: Why no frame is taken from a connection at the moment; empty: frames are taken.
NOT_BLOCKED = ""
#: ``held_frame`` waits for ``query_auth_key``.
AWAITS_AUTH_KEY = "auth key"
#: A fresh key is being stored; what comes next may use it.
AWAITS_EXCHANGE = "exchange"
#: ``held_data`` waits for room in session's queue.
AWAITS_DATA_CHANNEL = "data channel"
#: A large frame is opened piece by piece (``large_frames``).
AWAITS_CIPHER = "cipher"


class ConnContext:
    """One connection: identity, keys and sessions seen, its date in the wheel, flow control.

    Attributes:
        ref: this connection's name outside gnetway.
        kind: ``tcp``, ``websocket`` or ``http``.
        client_addr, local_addr: "host:port"; behind a PROXY header, what that says.
        address: the unit that limits count by (see ``addresses.address_group``).
        key: the key of the last frame, None before the first encrypted one.
        session_id: the session of the last frame.
        close_date: unix seconds; reading a frame moves it on (see ``time_wheel``).
        idle_seconds: how far a valid frame moves it, jitter included.
        blocked: one of the reasons above; at most one holds, for nothing is read meanwhile.
        refused_key_id: the unknown key that was answered -404 before any frame was valid; 0: none.
        closing: closed by us for this reason; nothing more is read.
        close_reason: why it will be closed when ``close_date`` comes.
        lost: its transport is gone.
        buffer_full: the send buffer is over its mark.
        sealing: large frames that are being sealed, in order; None nearly always.
        writable: session may send: the buffer is not full and nothing is being sealed.
        holds_unfinished: it is counted among those that have begun a long frame.
        unsent_bytes: written since the send buffer filled up; 0 while it is not full.
    """

    __slots__ = (
        "_sessions",
        "address",
        "blocked",
        "buffer_full",
        "client_addr",
        "close_date",
        "close_reason",
        "closing",
        "held_data",
        "held_frame",
        "holds_unfinished",
        "idle_seconds",
        "key",
        "kind",
        "link",
        "local_addr",
        "lost",
        "ref",
        "refused_key_id",
        "sealing",
        "session_id",
        "unsent_bytes",
        "wheel_slot",
        "writable",
    )

    def __init__(
        self,
        ref: ConnRef,
        kind: str,
        client_addr: str,
        local_addr: str,
        address: str,
        close_date: float,
        idle_seconds: float,
        link: Link,
    ) -> None:
        self.ref = ref
        self.kind = kind
        self.client_addr = client_addr
        self.local_addr = local_addr
        self.address = address
        self.close_date = close_date
        self.idle_seconds = idle_seconds
        self.link = link
        self.wheel_slot = -1
        self.key: CachedKey | None = None
        self.session_id = 0
        # Nearly every connection carries one session: these are all of one that carried several.
        self._sessions: dict[tuple[int, int], CachedKey] | None = None
        self.blocked = NOT_BLOCKED
        self.held_frame: tuple[bytes, bool] | None = None
        self.held_data: tuple[SessionData, bytes | None] | None = None
        self.refused_key_id = 0
        self.closing: str = ""
        self.close_reason = "idle"
        self.lost = False
        self.writable = True
        self.buffer_full = False
        self.sealing: Sealing | None = None
        self.unsent_bytes = 0
        self.holds_unfinished = False

    def __repr__(self) -> str:
        return f"<ConnContext {self.ref.conn_id} {self.kind} {self.client_addr}>"

    @property
    def sessions(self) -> Mapping[tuple[int, int], CachedKey]:
        """Every (auth_key_id, session_id) seen here with its key, oldest first."""
        if self._sessions is not None:
            return self._sessions
        return {} if self.key is None else {(self.key.auth_key_id, self.session_id): self.key}

    def seen(self, key: CachedKey, session_id: int) -> None:
        """A frame came under another key, or of another session, than the last one."""
        before = self.key
        if self._sessions is None and before is not None:
            if (before.auth_key_id, self.session_id) != (key.auth_key_id, session_id):
                self._sessions = {(before.auth_key_id, self.session_id): before}
        if self._sessions is not None:
            self._sessions[key.auth_key_id, session_id] = key
        self.key = key
        self.session_id = session_id

    def forget_session(self, auth_key_id: int, session_id: int) -> None:
        """It carries one of several sessions no longer."""
        if self._sessions is not None:
            self._sessions.pop((auth_key_id, session_id), None)

    def key_for(self, auth_key_id: int) -> CachedKey | None:
        """The key of that id if a session of this connection uses it."""
        key = self.key
        if key is not None and key.auth_key_id == auth_key_id:
            return key
        for (seen_id, _), seen in (self._sessions or {}).items():
            if seen_id == auth_key_id:
                return seen
        return None

    def uses_key(self, auth_key_id: int) -> bool:
        """Whether a frame under that key came here."""
        return self.key_for(auth_key_id) is not None
