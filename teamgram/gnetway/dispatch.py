"""The way of a frame: from a connection's codec to session, and a reply's way back.

One object for all connections, whatever carries them. No Deferred and no log
line unless something has to wait or is wrong: this is the hot path.
"""

from struct import Struct

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.gnetway.conn_context import (
    AWAITS_AUTH_KEY,
    AWAITS_CIPHER,
    AWAITS_DATA_CHANNEL,
    NOT_BLOCKED,
    ConnContext,
)
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.key_cache import AuthKeyCache, CachedKey
from teamgram.gnetway.key_exchange import KeyExchanges
from teamgram.gnetway.large_frames import LARGE_BYTES, LargeFrames
from teamgram.gnetway.settings import GnetwaySettings
from teamgram.interfaces.session import ConnRef, DataChannelFull, SessionData, SessionInbound
from teamgram.mtproto.envelope import EnvelopeError, decrypt, encrypt, quick_ack_token
from teamgram.mtproto.piecewise import FrameOpening
from teamgram.mtproto.transport.errors import AUTH_KEY_NOT_FOUND, CLOSE_SILENTLY, WireError

#: How long a connection without a valid frame yet stays open behind -404 for a key exchange to begin on it, in seconds.
NEW_KEY_TIMEOUT = 1.0

_auth_key_id_of = Struct("<q").unpack_from


class SessionDispatcher:
    """Takes frames of connections, hands their plaintext to session in order, and seals the replies.

    A frame that has to wait (its key is being asked for, session's queue is
    full) is kept in the connection's context and reading pauses: one frame
    a connection, whatever the client sends.

    Attributes:
        frames_in, frames_out: encrypted frames since the start.
        decrypt_failures: frames whose envelope did not fit its key.
    """

    _log = Logger()

    def __init__(
        self,
        session: SessionInbound,
        connections: Connections,
        auth_keys: AuthKeyCache,
        exchanges: KeyExchanges,
        settings: GnetwaySettings,
        clock: IReactorTime,
    ) -> None:
        self._session = session
        self._connections = connections
        self._auth_keys = auth_keys
        self._exchanges = exchanges
        self._max_sessions = settings.max_sessions_per_connection
        self._seconds = clock.seconds
        self._large = LargeFrames(clock, connections)
        self.frames_in = 0
        self.frames_out = 0
        self.decrypt_failures = 0

    # In

    def frame_received(self, conn: ConnContext, frame: bytes, quick_ack: bool) -> None:
        """One frame, 8 bytes at least, from the connection's codec; ``quick_ack``: the client asked for one.

        On return the frame is taken, or ``conn.blocked`` says what it waits
        for, or ``conn.closing`` says why nothing more is read.
        """
        (auth_key_id,) = _auth_key_id_of(frame)
        key = conn.key
        if key is None or key.auth_key_id != auth_key_id or key.stale:
            if auth_key_id == 0:
                self._unencrypted(conn, frame)
                return
            key = self._auth_keys.get(auth_key_id)
            if key is None:
                self._ask_for_key(conn, auth_key_id, frame, quick_ack)
                return
        self._encrypted(conn, key, frame, quick_ack)

    def _unencrypted(self, conn: ConnContext, frame: bytes) -> None:
        try:
            self._exchanges.message_received(conn, frame)
        except WireError as error:
            if error.code != CLOSE_SILENTLY:
                conn.link.write_error(error.code)
            self._connections.refuse(conn, str(error))

    def _encrypted(self, conn: ConnContext, key: CachedKey, frame: bytes, quick_ack: bool) -> None:
        if key.expires_at <= self._seconds():
            self._key_not_found(conn, key.auth_key_id, "temporary key expired")
            return
        try:
            if len(frame) > LARGE_BYTES and self._large.may_open(len(frame)):
                self._open_by_pieces(conn, key, frame, quick_ack)
                return
            salt, session_id, payload = decrypt(key.auth_key, frame)
        except EnvelopeError as error:
            self._not_opened(conn, error)
            return
        self._opened(conn, key, salt, session_id, payload, quick_ack_token(key.auth_key, frame) if quick_ack else None)

    def _open_by_pieces(self, conn: ConnContext, key: CachedKey, frame: bytes, quick_ack: bool) -> None:
        opening = FrameOpening(key.auth_key, frame)
        self._block(conn, AWAITS_CIPHER)
        self._large.open(conn, opening, lambda: self._pieces_opened(conn, key, opening, frame, quick_ack))

    def _pieces_opened(
        self, conn: ConnContext, key: CachedKey, opening: FrameOpening, frame: bytes, quick_ack: bool
    ) -> None:
        conn.blocked = NOT_BLOCKED
        if key.stale:
            # Bound or destroyed meanwhile: it is as if the frame came now.
            self.frame_received(conn, frame, quick_ack)
        else:
            try:
                opened = opening.opened()
            except EnvelopeError as error:
                self._not_opened(conn, error)
                return
            self._opened(conn, key, *opened, opening.quick_ack_token() if quick_ack else None)
        if not conn.blocked and not conn.closing:
            conn.link.resume_reading()

    def _not_opened(self, conn: ConnContext, error: EnvelopeError) -> None:
        # No -404: the key is known, and a client takes -404 as "key destroyed".
        self.decrypt_failures += 1
        self._connections.refuse(conn, str(error))

    def _opened(
        self, conn: ConnContext, key: CachedKey, salt: int, session_id: int, payload: bytes, quick_ack: bytes | None
    ) -> None:
        conn.close_date = self._seconds() + conn.idle_seconds
        if key is not conn.key or session_id != conn.session_id:
            self._session_seen(conn, key, session_id)
        info = key.info
        self._hand_over(
            conn,
            SessionData(
                conn.ref,
                info.auth_key_id,
                info.key_type,
                info.perm_auth_key_id,
                session_id,
                salt,
                conn.client_addr,
                conn.local_addr,
                conn.kind,
                payload,
                info.dc_id,
            ),
            quick_ack,
        )

    def _hand_over(self, conn: ConnContext, data: SessionData, quick_ack: bytes | None) -> None:
        try:
            self._session.send_data(data)
        except DataChannelFull:
            conn.held_data = (data, quick_ack)
            self._block(conn, AWAITS_DATA_CHANNEL)
            return
        self.frames_in += 1
        if quick_ack is not None:
            # Only now: it promises that the frame is with the server for good.
            conn.link.write_quick_ack(quick_ack)

    def _session_seen(self, conn: ConnContext, key: CachedKey, session_id: int) -> None:
        conn.seen(key, session_id)
        conn.refused_key_id = 0
        conn.close_reason = "idle"
        sessions = conn.sessions
        if len(sessions) > self._max_sessions:
            oldest, gone = next(iter(sessions.items()))
            conn.forget_session(*oldest)
            self._session.close_session(gone.info.perm_auth_key_id, *oldest, conn.ref)

    # A frame that waits

    def resume_reading(self, ref: ConnRef) -> None:
        """Session has room: offer the frame that it refused, then read on."""
        conn = self._connections.get(ref.conn_id)
        if conn is None or conn.held_data is None or conn.closing:
            return
        data, quick_ack = conn.held_data
        conn.held_data = None
        conn.blocked = NOT_BLOCKED
        self._hand_over(conn, data, quick_ack)
        if not conn.blocked and not conn.closing:
            conn.link.resume_reading()

    def _ask_for_key(self, conn: ConnContext, auth_key_id: int, frame: bytes, quick_ack: bool) -> None:
        if auth_key_id == conn.refused_key_id or self._auth_keys.is_unknown(auth_key_id):
            self._key_not_found(conn, auth_key_id, "unknown auth key")
            return
        conn.held_frame = (frame, quick_ack)
        self._block(conn, AWAITS_AUTH_KEY)
        self._auth_keys.query(auth_key_id).addCallbacks(
            self._key_found, self._key_not_asked, callbackArgs=(conn,), errbackArgs=(conn,)
        )

    def _key_found(self, key: CachedKey | None, conn: ConnContext) -> None:
        held = conn.held_frame
        if held is None or conn.closing:
            return
        conn.held_frame = None
        conn.blocked = NOT_BLOCKED
        if key is None:
            (auth_key_id,) = _auth_key_id_of(held[0])
            self._key_not_found(conn, auth_key_id, "unknown auth key")
        else:
            self._encrypted(conn, key, *held)
        if not conn.blocked and not conn.closing:
            conn.link.resume_reading()

    def _key_not_asked(self, failure: Failure, conn: ConnContext) -> None:
        self._log.failure("asking for the auth key of connection {conn_id}", failure, conn_id=conn.ref.conn_id)
        # Nothing is known about the key, so no -404: the client comes again with it.
        self._connections.close(conn, "auth key could not be asked for")

    def _block(self, conn: ConnContext, why: str) -> None:
        conn.blocked = why
        conn.link.pause_reading()

    def _key_not_found(self, conn: ConnContext, auth_key_id: int, reason: str) -> None:
        """Answer -404, and close: at once, or where nothing was valid yet, when no key exchange has begun soon.

        gotd makes its new key on the connection that brought -404, and has
        sent more under the old one before it reads that (gotd/td,
        ``mtproto/read.go``, ``handleAuthKeyNotFound``): the rest is dropped,
        for a second -404 would be taken for the exchange's answer.
        """
        if conn.refused_key_id == auth_key_id:
            return
        conn.link.write_error(AUTH_KEY_NOT_FOUND)
        if conn.key is not None or conn.refused_key_id or conn.kind == "http":
            self._connections.close(conn, reason)
            return
        conn.refused_key_id = auth_key_id
        conn.close_reason = reason
        self._connections.close_later(conn, NEW_KEY_TIMEOUT)

    # Out

    def send_data(self, ref: ConnRef, auth_key_id: int, server_salt: int, session_id: int, payload: bytes) -> bool:
        """Encrypt ``payload`` under a key that this connection uses and write it; False: it cannot carry it."""
        conn = self._connections.get(ref.conn_id)
        if conn is None or conn.closing:
            return False
        key = conn.key
        if key is None or key.auth_key_id != auth_key_id:
            key = conn.key_for(auth_key_id)
            if key is None:
                return False
        self.frames_out += 1
        if conn.sealing is not None or len(payload) > LARGE_BYTES:
            return self._large.send(conn, key, server_salt, session_id, payload)
        return conn.link.write_frame(encrypt(key.auth_key, server_salt, session_id, payload))
