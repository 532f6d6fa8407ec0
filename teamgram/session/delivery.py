"""Which connections carry which session, and what leaves by them."""

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from teamgram.interfaces.session import ConnRef, Gateway, SessionData
from teamgram.session.backpressure import holds_back, is_saturated
from teamgram.session.device_notes import DeviceNotes
from teamgram.session.http_polls import HttpPolls
from teamgram.session.main_auth import KeyTable
from teamgram.session.push import Push
from teamgram.session.session_list import ClientSession
from teamgram.session.settings import SessionSettings
from teamgram.session.turns import ReactorTurns
from teamgram.session.watched_keys import WatchedKeys

CLOSED = ConnRef("", -1)
"""In place of a connection that closed while its frames waited; they count, but nothing leaves by it."""


class Delivery:
    """The connections of all sessions.

    Attributes:
        disconnected: sessions without a connection and since when, oldest first.
        ack_due: sessions with an acknowledgement that may have to leave alone.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        keys: KeyTable,
        turns: ReactorTurns,
        push: Push,
        devices: DeviceNotes,
        watched: WatchedKeys,
        clock: IReactorTime,
        settings: SessionSettings,
    ) -> None:
        self._gateway = gateway
        self._keys = keys
        self._turns = turns
        self._push = push
        self._devices = devices
        self._watched = watched
        self._clock = clock
        self._settings = settings
        self.disconnected: dict[ClientSession, float] = {}
        self.ack_due: dict[ClientSession, None] = {}
        self._conns: dict[ConnRef, tuple[ClientSession, ...]] = {}
        self._full: set[ConnRef] = set()
        self._disconnect_at: dict[ConnRef, float] = {}
        self._next_disconnect = float("inf")
        self._http_timers: dict[ClientSession, IDelayedCall] = {}

    # Connections

    def carried_by(self, session: ClientSession, data: SessionData, now: float) -> None:
        """A frame of the session came by another connection than the last one did, or over HTTP."""
        if data.conn is CLOSED:
            if session.conn is None:
                self.disconnected.setdefault(session, now)
            return
        had = session.conn is not None
        if data.transport == "http":
            session.asked_by(data, now)
            session.core.outbox.send_stale_again(now - self._settings.http_resend_after)
            # Closing an HTTP connection closes no session: only time tells that nobody comes back.
            self.disconnected.pop(session, None)
            self.disconnected[session] = now
            new = not had
        else:
            new = session.carried_by(data)
            session.writable = data.conn not in self._full
            self.disconnected.pop(session, None)
            moved = session.http is not None
            self._let_polls_go(session, now)
            if new:
                self._conns[data.conn] = (*self._conns.get(data.conn, ()), session)
            if had and (new or moved):
                # The client has given up the old one before we noticed its end.
                session.core.connection_lost()
        if new:
            wrapper = self._keys.wrapper_of(session.keys)
            if not had and wrapper.updates_session is session:
                self._push.updates_session_changed(wrapper)
            self._devices.touch(wrapper, data.client_addr, now)

    def close_session(self, auth_key_id: int, session_id: int, conn: ConnRef) -> None:
        """That connection no longer carries that session."""
        self._disconnect_at.pop(conn, None)
        keys = self._keys.lists.get(auth_key_id)
        if keys is None:
            return
        for data in self._keys.wrapper_of(keys).session_data_chan:
            if data.session_id == session_id and data.conn == conn:
                data.conn = CLOSED
        session = keys.session(session_id)
        if session is not None and conn in session.connections:
            self._connection_gone(session, conn)

    def _connection_gone(self, session: ClientSession, conn: ConnRef) -> None:
        """A connection of the session closed, or could not be written to."""
        self._uncarry(conn, session)
        session.no_longer_carried_by(conn)
        session.core.connection_lost()
        if session.conn is None:
            self.disconnected[session] = self._clock.seconds()
            wrapper = self._keys.wrappers.get(session.keys.wrapper_id)
            if wrapper is not None and wrapper.updates_session is session:
                self._push.elect_updates_session(wrapper)
        else:
            session.writable = session.conn not in self._full
            self._turns.dirty(session)

    def _uncarry(self, conn: ConnRef, session: ClientSession) -> None:
        sessions = self._conns.get(conn, ())
        if session not in sessions:
            return
        left = tuple(one for one in sessions if one is not session)
        if left:
            self._conns[conn] = left
        else:
            del self._conns[conn]
            self._full.discard(conn)
            self._disconnect_at.pop(conn, None)

    def session_ended(self, session: ClientSession, now: float) -> None:
        """Nothing carries the session any more; what waits for an answer over HTTP gets what is there."""
        for conn in session.connections:
            self._uncarry(conn, session)
        session.connections = []
        session.conn = None
        self.disconnected.pop(session, None)
        self.ack_due.pop(session, None)
        self._let_polls_go(session, now)

    def set_writable(self, conn: ConnRef, writable: bool) -> None:
        """The connection's buffer filled up or drained."""
        if writable:
            self._full.discard(conn)
        elif conn in self._conns:
            self._full.add(conn)
        for session in self._conns.get(conn, ()):
            if session.conn == conn:
                session.writable = writable
                if writable:
                    self._turns.dirty(session)

    def disconnect_later(self, conn: ConnRef, delay: int, now: float) -> None:
        """``ping_delay_disconnect``: each one moves the connection's deadline."""
        deadline = self._disconnect_at[conn] = now + max(delay, 0)
        self._next_disconnect = min(self._next_disconnect, deadline)

    def overdue_connections(self, now: float) -> list[ConnRef]:
        """Connections whose ``ping_delay_disconnect`` did not come again in time."""
        if now < self._next_disconnect:
            return []
        due = [conn for conn, deadline in self._disconnect_at.items() if deadline <= now]
        for conn in due:
            del self._disconnect_at[conn]
        self._next_disconnect = min(self._disconnect_at.values(), default=float("inf"))
        return due

    def read_again(self, session: ClientSession) -> None:
        """Take refused frames again: half of what the session had is worked off, or only they can help."""
        if session.refused and not (is_saturated(session, self._settings, 0.5) and session.is_carried()):
            refused, session.refused = session.refused, None
            for conn in refused:
                self._gateway.resume_reading(conn)

    # Out

    def flush(self, session: ClientSession, now: float) -> None:
        """Send what the session has, while its connection takes it."""
        core = session.core
        keys = session.keys
        if session.http is not None and not session.http and session.connections:
            # Its HTTP requests are all answered, and a stream that it came by before is still there.
            session.back_to_stream()
            session.writable = session.conn not in self._full
            self.disconnected.pop(session, None)
        if session.http is not None:
            self._flush_http(session, session.http, now)
        else:
            while session.conn is not None and session.writable:
                packet = self._packet(session, now)
                if packet is None:
                    break
                conn = session.conn
                if not self._send(session, conn, packet, now):
                    self._connection_gone(session, conn)
                if not core.outbox.queue:
                    break
            if core.to_ack and session.conn is not None:
                self.ack_due[session] = None
        if session.holds and not holds_back(session, self._settings):
            wrapper = self._keys.wrapper_of(keys)
            if wrapper.under_way < self._settings.concurrent_rpcs:
                self._turns.rpc_ready(wrapper)
        if session.refused:
            self.read_again(session)

    def _packet(self, session: ClientSession, now: float) -> bytes | None:
        """The session's next frame; once it says that updates were lost, the session takes some again."""
        core = session.core
        if not core.outbox.push_lost:
            return core.packet(now)
        packet = core.packet(now)
        wrapper = self._keys.wrappers.get(session.keys.wrapper_id)
        if wrapper is not None and wrapper.updates_session is session:
            self._push.updates_session_changed(wrapper)
        return packet

    def _flush_http(self, session: ClientSession, polls: HttpPolls, now: float) -> None:
        """Answer the requests that are due, and wake up for the next."""
        core = session.core
        polls.settle(lambda msg_id: core.inbox.outcome(msg_id) is not None)
        while True:
            polls.queued(len(core.outbox.queue), now)
            conn = polls.take(now)
            if conn is None:
                break
            if not self._answer_poll(session, conn, now):
                core.connection_lost()
        self._disarm_http(session)
        due = polls.next_timer()
        if due is not None:
            sent_at = core.outbox.oldest_sent_at()
            if sent_at is not None:
                due = min(due, sent_at + self._settings.http_resend_after)
            self._http_timers[session] = self._clock.callLater(max(due - now, 0.001), self._http_due, session)

    def _answer_poll(self, session: ClientSession, conn: ConnRef, now: float) -> bool:
        """Answer one HTTP request; False when its connection is gone."""
        core = session.core
        return self._send(session, conn, self._packet(session, now) or core.empty_packet(now), now)

    def _send(self, session: ClientSession, conn: ConnRef, packet: bytes, now: float) -> bool:
        keys = session.keys
        salt = keys.salts.current_salt(now)
        sent = self._gateway.send_data(conn, keys.auth_key_id, salt, session.core.session_id, packet)
        if keys.watched:
            self._watched.frame_out(session, conn, len(packet), sent)
        return sent

    def _let_polls_go(self, session: ClientSession, now: float) -> None:
        """Answer every HTTP request that waits, for the session ends or goes on otherwise: with what is there."""
        polls, session.http = session.http, None
        self._disarm_http(session)
        if polls is not None:
            for conn in polls.let_go():
                self._answer_poll(session, conn, now)
            session.conn = session.connections[-1] if session.connections else None

    def _http_due(self, session: ClientSession) -> None:
        del self._http_timers[session]
        if session.http is not None:
            now = self._clock.seconds()
            session.core.outbox.send_stale_again(now - self._settings.http_resend_after)
            self._flush_http(session, session.http, now)

    def _disarm_http(self, session: ClientSession) -> None:
        timer = self._http_timers.pop(session, None)
        if timer is not None:
            timer.cancel()

    def stop(self) -> None:
        """Leave no timer behind."""
        now = self._clock.seconds()
        for session in list(self._http_timers):
            self._let_polls_go(session, now)
