"""Everything the session stage holds: sessions, the connections that carry them, requests under way.

``service`` is its face to the other stages; here is what happens to it. All
of it runs in the reactor's thread and nothing here waits.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from teamgram.interfaces.authsession import AuthSessions
from teamgram.interfaces.session import ConnRef, DataChannelFull, Gateway, SessionData
from teamgram.session.auth_keys import AuthKeys
from teamgram.session.counts import SessionCounts
from teamgram.session.http_polls import HttpPolls
from teamgram.session.push import Push
from teamgram.session.routing import Routing
from teamgram.session.rpc_requests import RpcRequests
from teamgram.session.service_messages import MAX_MSG_IDS
from teamgram.session.session import Session
from teamgram.session.session_list import ClientSession, SessionList
from teamgram.session.settings import SessionSettings
from teamgram.session.tasks import Tasks
from teamgram.session.turns import Turns

CLOSED = ConnRef("", -1)
"""In place of a connection that closed while its frames waited; they count, but nothing leaves by it."""


class Stage:
    """State and flow of the session stage.

    Args:
        encode: an ``Updates`` object and a layer to boxed bytes.
        unique_id: makes ``new_session_created.unique_id``s.
        newest_layer: what a client of a newer layer is served in.

    Attributes:
        disconnected: sessions without a connection and since when, oldest first.
        ack_due: sessions with an acknowledgement that may have to leave alone.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        auth_sessions: AuthSessions,
        routing: Routing,
        clock: IReactorTime,
        settings: SessionSettings,
        encode: Callable[[Any, int], bytes],
        unique_id: Callable[[], int],
        newest_layer: int,
    ) -> None:
        self.gateway = gateway
        self.routing = routing
        self.clock = clock
        self.settings = settings
        self.newest_layer = newest_layer
        self._unique_id = unique_id
        self.turns = Turns(
            clock,
            self.flush,
            frames_per_turn=settings.frames_per_turn,
            part_seconds=settings.part_seconds,
            behind_seconds=settings.behind_seconds,
            gunzip_turn_bytes=settings.gunzip_turn_bytes,
        )
        self.push = Push(self.turns, encode)
        self.counts = SessionCounts()
        self.tasks = Tasks()
        self.keys = AuthKeys(self, auth_sessions, self.tasks)
        self.requests = RpcRequests(self)
        self.disconnected: dict[ClientSession, float] = {}
        self.ack_due: dict[ClientSession, None] = {}
        self.draining = False
        self._conns: dict[ConnRef, list[ClientSession]] = {}
        self._full: set[ConnRef] = set()
        self._disconnect_at: dict[ConnRef, float] = {}
        self._next_disconnect = float("inf")
        self._http_timers: dict[ClientSession, IDelayedCall] = {}

    # Frames in

    def send_data(self, data: SessionData) -> None:
        """Take a frame now if its key is loaded and has not had its part of this turn, else queue it."""
        keys = self.keys.lists.get(data.auth_key_id)
        if keys is None:
            keys = self.keys.open(data)
            if keys is None:
                self.gateway.close(data.conn, "key cannot be loaded")
                return
        wrapper = self.keys.wrappers[keys.wrapper_id]
        session = keys.sessions.get(data.session_id)
        if session is not None and self.saturated(session) and session.drains_without(data):
            if session.refused is None:
                session.refused = []
            session.refused.append(data.conn)
            raise DataChannelFull
        chan = wrapper.session_data_chan
        turns = self.turns
        if not chan and keys.ready and wrapper.ready and not self.draining and turns.may_take(wrapper):
            if not turns.unpacked_enough or not turns.must_wait(data.payload):
                wrapper.take(keys, data, self.clock.seconds())
                return
        if len(chan) >= self.settings.session_data_chan_size:
            wrapper.refused.append(data.conn)
            raise DataChannelFull
        chan.append(data)
        if wrapper.takes_frames():
            self.turns.behind(wrapper)

    def saturated(self, session: ClientSession, *, resume: bool = False) -> bool:
        """Whether the session has so much under way or unsent that its connection is not read.

        With ``resume``, whether it still has more than half of that.
        """
        settings = self.settings
        core = session.core
        share = 0.5 if resume else 1.0
        return (
            core.running > settings.max_running_rpcs * share
            or core.outbox.queued_bytes > settings.unsent_limit_bytes * share
            or core.large_bytes > settings.large_session_bytes * share
            or len(core.to_ack) > MAX_MSG_IDS * share
        )

    def holds_back(self, session: ClientSession) -> bool:
        """Whether so much of the session is unsent that it waits with its next request: answers cost memory.

        What follows ``auth.bindTempAuthKey`` waits for its answer: before it, nobody asks.
        """
        return session.binding or session.core.outbox.queued_bytes > self.settings.unsent_limit_bytes

    def read_again(self, session: ClientSession) -> None:
        """Take refused frames again: half of what the session had is worked off, or only they can help."""
        if session.refused and not (self.saturated(session, resume=True) and session.is_carried()):
            refused, session.refused = session.refused, None
            for conn in refused:
                self.gateway.resume_reading(conn)

    # Sessions and connections

    def open_session(self, keys: SessionList, session_id: int) -> ClientSession:
        """A session that was not known, or not any more."""
        if len(keys.sessions) >= self.settings.sessions_per_key:
            # The first that nobody is connected to, else the oldest: the client is told if it comes back.
            sessions = keys.sessions.values()
            self.end_session(next((one for one in sessions if one.conn is None), None) or next(iter(sessions)))
        core = Session(session_id, self._unique_id(), keys.salts, self.settings, self.counts)
        session = keys.sessions[session_id] = ClientSession(core, keys)
        return session

    def end_session(self, session: ClientSession) -> None:
        """Forget a session; its requests are cancelled."""
        keys = session.keys
        if keys.sessions.get(session.core.session_id) is session:
            del keys.sessions[session.core.session_id]
        for conn in session.connections:
            self._uncarry(conn, session)
        session.connections = []
        session.conn = None
        self.requests.session_ended(session)
        session.core.forget_requests()
        self.disconnected.pop(session, None)
        self.ack_due.pop(session, None)
        now = self.clock.seconds()
        self._let_polls_go(session, now)
        wrapper = self.keys.wrappers.get(keys.wrapper_id)
        if wrapper is not None:
            wrapper.hold_nothing(session)
            wrapper.session_ended(session, now)

    def destroy_session(self, keys: SessionList, session_id: int) -> bool:
        """``destroy_session``: whether there was such a session of the same key."""
        session = keys.sessions.get(session_id)
        if session is None:
            return False
        self.end_session(session)
        return True

    def carried_by(self, session: ClientSession, data: SessionData, now: float) -> None:
        """A frame of the session came by another connection than the last one did, or over HTTP."""
        if data.conn is CLOSED:
            if session.conn is None:
                self.disconnected.setdefault(session, now)
            return
        had = session.conn is not None
        if data.transport == "http":
            session.asked_by(data, now)
            session.core.outbox.send_stale_again(now - self.settings.http_resend_after)
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
                self._conns.setdefault(data.conn, []).append(session)
            if had and (new or moved):
                # The client has given up the old one before we noticed its end.
                session.core.connection_lost()
        if new:
            wrapper = self.keys.wrapper_of(session.keys)
            if not had and wrapper.updates_session is session:
                self.push.updates_session_changed(wrapper)
            self.keys.touch(wrapper, data.client_addr, now)

    def close_session(self, auth_key_id: int, session_id: int, conn: ConnRef) -> None:
        """That connection no longer carries that session."""
        self._disconnect_at.pop(conn, None)
        keys = self.keys.lists.get(auth_key_id)
        if keys is None:
            return
        for data in self.keys.wrapper_of(keys).session_data_chan:
            if data.session_id == session_id and data.conn == conn:
                data.conn = CLOSED
        session = keys.sessions.get(session_id)
        if session is not None and conn in session.connections:
            self.connection_gone(session, conn)

    def connection_gone(self, session: ClientSession, conn: ConnRef) -> None:
        """A connection of the session closed, or could not be written to."""
        self._uncarry(conn, session)
        session.no_longer_carried_by(conn)
        session.core.connection_lost()
        if session.conn is None:
            self.disconnected[session] = self.clock.seconds()
            wrapper = self.keys.wrappers.get(session.keys.wrapper_id)
            if wrapper is not None and wrapper.updates_session is session:
                wrapper.elect_updates_session()
        else:
            session.writable = session.conn not in self._full
            self.turns.dirty(session)

    def _uncarry(self, conn: ConnRef, session: ClientSession) -> None:
        sessions = self._conns.get(conn)
        if sessions is not None and session in sessions:
            sessions.remove(session)
            if not sessions:
                del self._conns[conn]
                self._full.discard(conn)
                self._disconnect_at.pop(conn, None)

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
                    self.turns.dirty(session)

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
                packet = core.packet(now)
                if packet is None:
                    break
                conn = session.conn
                salt = keys.salts.current_salt(now)
                if not self.gateway.send_data(conn, keys.auth_key_id, salt, core.session_id, packet):
                    self.connection_gone(session, conn)
                if not core.outbox.queue:
                    break
            if core.to_ack and session.conn is not None:
                self.ack_due[session] = None
        if session.held is not None and not self.holds_back(session):
            wrapper = self.keys.wrapper_of(keys)
            if not wrapper.is_full():
                self.turns.rpc_ready(wrapper)
        if session.refused:
            self.read_again(session)

    def _flush_http(self, session: ClientSession, polls: HttpPolls, now: float) -> None:
        """Answer the requests that are due, and wake up for the next."""
        core = session.core
        polls.settle(lambda msg_id: core.outcome(msg_id) is not None)
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
                due = min(due, sent_at + self.settings.http_resend_after)
            self._http_timers[session] = self.clock.callLater(max(due - now, 0.001), self._http_due, session)

    def _answer_poll(self, session: ClientSession, conn: ConnRef, now: float) -> bool:
        """Answer one HTTP request; False when its connection is gone."""
        core = session.core
        keys = session.keys
        packet = core.packet(now) or core.empty_packet(now)
        salt = keys.salts.current_salt(now)
        return self.gateway.send_data(conn, keys.auth_key_id, salt, core.session_id, packet)

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
            now = self.clock.seconds()
            session.core.outbox.send_stale_again(now - self.settings.http_resend_after)
            self._flush_http(session, session.http, now)

    def _disarm_http(self, session: ClientSession) -> None:
        timer = self._http_timers.pop(session, None)
        if timer is not None:
            timer.cancel()

    def stop(self) -> None:
        """Leave no timer and nothing that waits behind."""
        self.tasks.cancel()
        now = self.clock.seconds()
        for session in list(self._http_timers):
            self._let_polls_go(session, now)
