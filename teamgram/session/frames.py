"""Frames from gnetway into their sessions, and what comes of them."""

from twisted.internet.interfaces import IReactorTime

from teamgram.interfaces.session import ConnRef, DataChannelFull, Gateway, SessionData
from teamgram.session import errors
from teamgram.session.backpressure import is_saturated
from teamgram.session.delivery import Delivery
from teamgram.session.events import (
    DestroyAuthKeyReceived,
    DestroySessionReceived,
    DisconnectDelayed,
    HttpWaitReceived,
    RpcCancelled,
    RpcReceived,
    SessionEvent,
)
from teamgram.session.invoke import unwrap
from teamgram.session.loaded_keys import LoadedKeys
from teamgram.session.main_auth import KeyTable, MainAuthWrapper
from teamgram.session.rpc_requests import RpcRequests
from teamgram.session.rpc_starts import RpcStarts
from teamgram.session.service_messages import MalformedMessage
from teamgram.session.session_list import ClientSession, SessionList
from teamgram.session.sessions import Sessions
from teamgram.session.settings import SessionSettings
from teamgram.session.turns import ReactorTurns
from teamgram.session.watched_keys import WatchedKeys


class Frames:
    """Takes frames as they are read, and those of ``session_data_chan`` when it is their key's turn.

    Attributes:
        draining: the process ends: what comes now waits.
    """

    def __init__(
        self,
        *,
        keys: KeyTable,
        loaded: LoadedKeys,
        sessions: Sessions,
        delivery: Delivery,
        requests: RpcRequests,
        starts: RpcStarts,
        turns: ReactorTurns,
        gateway: Gateway,
        watched: WatchedKeys,
        clock: IReactorTime,
        settings: SessionSettings,
    ) -> None:
        self._keys = keys
        self._loaded = loaded
        self._sessions = sessions
        self._delivery = delivery
        self._requests = requests
        self._starts = starts
        self._turns = turns
        self._gateway = gateway
        self._watched = watched
        self._clock = clock
        self._settings = settings
        self.draining = False

    def send_data(self, data: SessionData) -> None:
        """Take a frame now if its key is loaded and has not had its part of this turn, else queue it."""
        keys = self._keys.lists.get(data.auth_key_id)
        if keys is None:
            keys = self._loaded.open(data)
            if keys is None:
                self._gateway.close(data.conn, "key cannot be loaded")
                return
        if keys.watched:
            self._watched.frame_in(data)
        wrapper = self._keys.wrappers[keys.wrapper_id]
        session = keys.session(data.session_id)
        if session is not None and is_saturated(session, self._settings) and session.drains_without(data):
            if session.refused is None:
                session.refused = []
            session.refused.append(data.conn)
            raise DataChannelFull
        chan = wrapper.session_data_chan
        turns = self._turns
        if not chan and keys.ready and wrapper.ready and not self.draining and turns.may_take(wrapper):
            if not turns.unpacked_enough or not turns.must_wait(data.payload):
                self._take(wrapper, keys, data, self._clock.seconds())
                return
        if len(chan) >= self._settings.session_data_chan_size:
            wrapper.refuse(data.conn)
            raise DataChannelFull
        wrapper.queue_frame(data)
        if self.can_take(wrapper):
            turns.behind(wrapper)

    def can_take(self, wrapper: MainAuthWrapper) -> bool:
        """Whether the frame at the head of ``session_data_chan`` can be taken: user, device and salts are there."""
        chan = wrapper.session_data_chan
        if not chan or not wrapper.ready or self.draining:
            return False
        keys = wrapper.list_of(chan[0].auth_key_id)
        return keys is None or keys.ready

    def take_next(self, wrapper: MainAuthWrapper, now: float) -> bool:
        """Take the next frame from ``session_data_chan``; False when none can be taken in this turn."""
        chan = wrapper.session_data_chan
        if not chan or not self.can_take(wrapper) or self._turns.must_wait(chan[0].payload):
            return False
        data = wrapper.next_frame()
        keys = wrapper.list_of(data.auth_key_id)
        if keys is not None:
            self._take(wrapper, keys, data, now)
        return True

    def read_again(self, wrapper: MainAuthWrapper) -> None:
        """Let the refused connections go on when half of the channel is free."""
        if wrapper.refused and len(wrapper.session_data_chan) <= self._settings.session_data_chan_size // 2:
            for conn in wrapper.take_refused():
                self._gateway.resume_reading(conn)

    def _take(self, wrapper: MainAuthWrapper, keys: SessionList, data: SessionData, now: float) -> None:
        session = keys.session(data.session_id)
        if session is None:
            session = self._sessions.open(keys, data.session_id)
        if data.conn is not session.conn or session.http is not None:
            self._delivery.carried_by(session, data, now)
        core = session.core
        try:
            core.receive(data.payload, data.server_salt, now)
        except MalformedMessage:
            # msg_key was right, so this is the client's own doing: nothing sensible follows.
            self._gateway.close(data.conn, "malformed message")
            return
        event = core.next_event()
        while event is not None:
            self._happened(wrapper, session, data.conn, event, now)
            event = core.next_event()
        if core.unpacked_bytes:
            self._turns.unpacked(core.unpacked_bytes)
        if session.needs_flush():
            self._turns.dirty(session)

    def _happened(
        self, wrapper: MainAuthWrapper, session: ClientSession, conn: ConnRef, event: SessionEvent, now: float
    ) -> None:
        if type(event) is RpcReceived:
            if session.http is not None:
                session.http.asks(event.msg_id)
            try:
                query = unwrap(event.body, session.core.gunzip)
            except MalformedMessage:
                self._requests.refuse(session, event.msg_id, errors.INPUT_FETCH_ERROR)
                return
            self._starts.take(wrapper, session, event.msg_id, query, now)
        elif type(event) is RpcCancelled:
            self._starts.cancel(wrapper, session, event.msg_id)
        elif type(event) is DisconnectDelayed:
            self._delivery.disconnect_later(conn, event.delay, now)
        elif type(event) is HttpWaitReceived:
            if session.http is not None:
                session.http.wait(event.max_delay, event.wait_after, event.max_wait)
        elif type(event) is DestroySessionReceived:
            found = event.session_id != session.core.session_id and self._sessions.destroy(
                session.keys, event.session_id
            )
            session.core.session_destroyed(event.msg_id, event.session_id, found)
        elif type(event) is DestroyAuthKeyReceived:
            self._loaded.destroy(session, event.msg_id)
