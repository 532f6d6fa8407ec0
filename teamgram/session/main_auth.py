"""One permanent key: its keys' session lists, its queues, its requests.

Nothing here is a task of its own: ``take_next`` and ``start_next`` do one
thing each when the turn (``turns``) says so, as long as the key's part of it
lasts, so an idle key costs nothing and a busy one cannot hold up the others.
"""

from typing import TYPE_CHECKING

from teamgram.interfaces.keys import AuthKeyType, ClientInfo
from teamgram.interfaces.session import ConnRef, SessionData
from teamgram.session import errors
from teamgram.session.events import (
    DestroyAuthKeyReceived,
    DestroySessionReceived,
    DisconnectDelayed,
    HttpWaitReceived,
    RpcCancelled,
    RpcReceived,
    SessionEvent,
)
from teamgram.session.invoke import Invocation, same_device, unwrap
from teamgram.session.rpc_queue import QueuedRpc
from teamgram.session.service_messages import MalformedMessage
from teamgram.session.session_list import ClientSession, SessionList

if TYPE_CHECKING:
    from teamgram.session.stage import Stage


def _host(addr: str) -> str:
    """Without the port, which every connection has anew."""
    return addr.rpartition(":")[0]


class MainAuthWrapper:
    """What belongs to one permanent key; an unbound temporary key has one of its own until it is bound.

    Attributes:
        wrapper_id: perm_auth_key_id, or the unbound temporary key's auth_key_id.
        perm_auth_key_id: 0 while the key is not bound.
        user_id: 0 while the key is not signed in; ``user_told`` when a
            sign-in or sign-out said so rather than the store.
        main_auth, temp_auth, media_temp_auth: the session list of each kind
            of key; a temporary key that was replaced stays in ``lists`` until
            its sessions are gone.
        session_data_chan: frames that could not be taken at once, in order.
        rpc_queue: requests of this turn, run in batches.
        under_way: requests that bff has not answered.
        holding: sessions with requests that wait until there are fewer, the next one's turn first.
        updates_session: the one session that gets this key's updates.
        online: presence was told that the device is there.
        frames_this_turn: frames taken since the last turn ended.
        refused: connections whose frame the full channel refused.
    """

    __slots__ = (
        "_stage",
        "client",
        "emptied_at",
        "frames_this_turn",
        "holding",
        "is_behind",
        "is_ready",
        "lists",
        "main_auth",
        "media_temp_auth",
        "online",
        "perm_auth_key_id",
        "ready",
        "refused",
        "rpc_queue",
        "session_data_chan",
        "temp_auth",
        "under_way",
        "updates_session",
        "user_id",
        "user_told",
        "wrapper_id",
    )

    def __init__(self, stage: "Stage", wrapper_id: int, perm_auth_key_id: int) -> None:
        self._stage = stage
        self.wrapper_id = wrapper_id
        self.perm_auth_key_id = perm_auth_key_id
        self.user_id = 0
        self.user_told = False
        self.client = ClientInfo()
        self.ready = not perm_auth_key_id
        self.lists: dict[int, SessionList] = {}
        self.main_auth: SessionList | None = None
        self.temp_auth: SessionList | None = None
        self.media_temp_auth: SessionList | None = None
        # Lists, for both are bounded and mostly empty: two deques cost 1.2 kB a key.
        self.session_data_chan: list[SessionData] = []
        self.rpc_queue: list[QueuedRpc] = []
        self.under_way = 0
        self.holding: dict[ClientSession, None] | None = None
        self.updates_session: ClientSession | None = None
        self.online = False
        self.frames_this_turn = 0
        self.is_behind = False
        self.is_ready = False
        self.refused: list[ConnRef] = []
        self.emptied_at = 0.0

    def add_list(self, keys: SessionList) -> None:
        """Take in one auth key; the newest of its kind is the one in use."""
        self.lists[keys.auth_key_id] = keys
        keys.wrapper_id = self.wrapper_id
        if keys.key_type is AuthKeyType.PERM:
            self.main_auth = keys
        elif keys.key_type is AuthKeyType.MEDIA_TEMP:
            self.media_temp_auth = keys
        else:
            self.temp_auth = keys

    def remove_list(self, auth_key_id: int) -> SessionList | None:
        """Let go of one auth key with its sessions."""
        keys = self.lists.pop(auth_key_id, None)
        if keys is self.main_auth:
            self.main_auth = None
        if keys is self.temp_auth:
            self.temp_auth = None
        if keys is self.media_temp_auth:
            self.media_temp_auth = None
        return keys

    # Frames

    def takes_frames(self) -> bool:
        """Whether the frame at the head of ``session_data_chan`` can be taken: user, device and salts are there."""
        if not self.ready or not self.session_data_chan or self._stage.draining:
            return False
        keys = self.lists.get(self.session_data_chan[0].auth_key_id)
        return keys is None or keys.ready

    def take_next(self, now: float) -> bool:
        """Take the next frame from ``session_data_chan``; False when none can be taken in this turn."""
        chan = self.session_data_chan
        if not self.takes_frames() or self._stage.turns.must_wait(chan[0].payload):
            return False
        data = chan.pop(0)
        keys = self.lists.get(data.auth_key_id)
        if keys is not None:
            self.take(keys, data, now)
        return True

    def resume_reading(self) -> None:
        """Let the refused connections go on when half of the channel is free."""
        if self.refused and len(self.session_data_chan) <= self._stage.settings.session_data_chan_size // 2:
            refused, self.refused = self.refused, []
            for conn in refused:
                self._stage.gateway.resume_reading(conn)

    def take(self, keys: SessionList, data: SessionData, now: float) -> None:
        """One frame into its session."""
        session = keys.sessions.get(data.session_id)
        if session is None:
            session = self._stage.open_session(keys, data.session_id)
        if data.conn is not session.conn or session.http is not None:
            self._stage.carried_by(session, data, now)
        core = session.core
        try:
            core.receive(data.payload, data.server_salt, now)
        except MalformedMessage:
            # msg_key was right, so this is the client's own doing: nothing sensible follows.
            self._stage.gateway.close(data.conn, "malformed message")
            return
        event = core.next_event()
        while event is not None:
            self._happened(session, data.conn, event, now)
            event = core.next_event()
        if core.unpacked_bytes:
            self._stage.turns.unpacked(core.unpacked_bytes)
        self._stage.turns.dirty(session)

    def _happened(self, session: ClientSession, conn: ConnRef, event: SessionEvent, now: float) -> None:
        if type(event) is RpcReceived:
            if session.http is not None:
                session.http.asks(event.msg_id)
            try:
                invocation = unwrap(event.body, session.core.gunzip)
            except MalformedMessage:
                self._stage.requests.refuse(session, event.msg_id, errors.INPUT_FETCH_ERROR)
                return
            size = len(invocation.query)
            if size >= self._stage.settings.large_request_bytes and not self._has_room(session, event.msg_id, size):
                self._stage.requests.refuse(session, event.msg_id, errors.FLOOD_WAIT)
                return
            deadline = now + self._stage.settings.rpc_timeout
            self.rpc_queue.append(QueuedRpc(session, event.msg_id, invocation, deadline))
            self._stage.turns.rpc_ready(self)
        elif type(event) is RpcCancelled:
            self._stage.requests.cancel(self, session, event.msg_id)
        elif type(event) is DisconnectDelayed:
            self._stage.disconnect_later(conn, event.delay, now)
        elif type(event) is HttpWaitReceived:
            if session.http is not None:
                session.http.wait(event.max_delay, event.wait_after, event.max_wait)
        elif type(event) is DestroySessionReceived:
            found = event.session_id != session.core.session_id and self._stage.destroy_session(
                session.keys, event.session_id
            )
            session.core.session_destroyed(event.msg_id, event.session_id, found)
        elif type(event) is DestroyAuthKeyReceived:
            self._stage.keys.destroy(session, event.msg_id)

    # Requests

    def _has_room(self, session: ClientSession, msg_id: int, size: int) -> bool:
        """Count a large request; False when what waits for an answer already is too much to add it."""
        settings = self._stage.settings
        of_key = sum(one.core.large_bytes for keys in self.lists.values() for one in keys.sessions.values())
        if of_key + size > settings.large_key_bytes:
            return False
        if self._stage.counts.large_bytes + size > settings.large_limit_bytes:
            return False
        session.core.hold_request(msg_id, size)
        return True

    def start_next(self, now: float) -> bool:
        """Start or answer one request, one that was held back first; False when none can start now."""
        if not self.ready:
            return False
        if self.holding and self._go_on(now):
            return True
        if not self.rpc_queue:
            return False
        queued = self.rpc_queue.pop(0)
        session = queued.session
        if session.keys.sessions.get(session.core.session_id) is session:  # else it ended in this turn
            if session.held is not None or self.is_full() or self._stage.holds_back(session):
                self._hold(queued)
            else:
                self._run(queued, now)
        return True

    def has_more_to_start(self) -> bool:
        """Whether ``start_next`` would find one."""
        return self.ready and (bool(self.rpc_queue) or self._next_holding() is not None)

    def is_full(self) -> bool:
        """Whether bff has as many of this key's requests as it may: what more it had would make the others wait."""
        return self.under_way >= self._stage.settings.concurrent_rpcs

    def _run(self, queued: QueuedRpc, now: float) -> None:
        invocation = queued.invocation
        if invocation.layer or invocation.client is not None:
            if not self._initialised(queued.session, invocation, queued.msg_id):
                return
        self._stage.requests.start(self, queued, now)

    def _hold(self, queued: QueuedRpc) -> None:
        session = queued.session
        if session.held is None:
            session.held = []
            if self.holding is None:
                self.holding = {}
            self.holding[session] = None
            # Its flush sees when what is unsent has left; an answer from bff sees to the rest.
            self._stage.turns.dirty(session)
        session.held.append(queued)

    def _go_on(self, now: float) -> bool:
        """Start what was held back longest in the session whose turn it is; False when none can start."""
        holding = self.holding
        session = self._next_holding()
        if holding is None or session is None or not session.held:
            return False
        queued = session.held.pop(0)
        del holding[session]
        if session.held:
            holding[session] = None
        else:
            session.held = None
        self._run(queued, now)
        return True

    def _next_holding(self) -> ClientSession | None:
        """The session whose turn it is, of those that hold requests back and can start one."""
        if not self.holding or self.is_full():
            return None
        return next((one for one in self.holding if one.held and not self._stage.holds_back(one)), None)

    def end_overdue(self, now: float) -> None:
        """Answer for what bff had no room for in time, without running it.

        What waits because its client does not read goes on waiting: that
        client would not see the answer either.
        """
        for session in list(self.holding or ()):
            if self._stage.holds_back(session):
                continue
            while session.held and session.held[0].deadline <= now:
                overdue = session.held.pop(0)
                if not session.held:
                    self.hold_nothing(session)
                self._stage.requests.refuse(session, overdue.msg_id, errors.TIMEOUT)

    def hold_nothing(self, session: ClientSession) -> None:
        """Nothing of the session is held back any more."""
        session.held = None
        if self.holding is not None:
            self.holding.pop(session, None)

    def _initialised(self, session: ClientSession, invocation: Invocation, msg_id: int) -> bool:
        """Take in ``invokeWithLayer`` and ``initConnection``, which come with every first request of a connection."""
        stage = self._stage
        layer = invocation.layer
        if layer:
            if layer < stage.settings.min_layer:
                stage.requests.refuse(session, msg_id, errors.CONNECTION_LAYER_INVALID)
                return False
            layer = min(layer, stage.newest_layer)
            if layer != session.layer:
                session.layer = layer
                session.metadata = None
        known = self.client
        client = known if invocation.client is None else same_device(known, invocation.client)
        if (
            (layer and layer != known.layer)
            or client != known
            or (invocation.client is not None and _host(session.client_addr) != _host(known.client_addr))
        ):
            self.client = ClientInfo(
                layer=layer or known.layer,
                api_id=client.api_id,
                device_model=client.device_model,
                system_version=client.system_version,
                app_version=client.app_version,
                system_lang_code=client.system_lang_code,
                lang_pack=client.lang_pack,
                lang_code=client.lang_code,
                client_addr=session.client_addr,
            )
            self.forget_metadata()
            stage.keys.save_client(self)
        return True

    # Updates

    def wants_updates(self, session: ClientSession) -> None:
        """A session made a call that asks for updates: the latest such session gets them, no other."""
        if session.keys.key_type is AuthKeyType.MEDIA_TEMP:
            return
        session.wants_updates = True
        before, self.updates_session = self.updates_session, session
        if before is not None and before is not session and before.conn is None and before.core.outbox.pushes:
            # Clients that reconnect under a new session_id never come back for
            # what waits in the old one, and its messages are not for the new.
            before.core.outbox.drop_pushes()
            session.core.outbox.push_lost = True
        self._stage.push.updates_session_changed(self)

    def elect_updates_session(self) -> None:
        """Find the updates session anew after one lost its connection or ended."""
        wanting = [
            session for keys in self.lists.values() for session in keys.sessions.values() if session.wants_updates
        ]
        connected = [session for session in wanting if session.conn is not None]
        # With nobody connected the last one keeps the updates for its return.
        self.updates_session = max(connected or wanting, key=lambda session: session.called_at, default=None)
        self._stage.push.updates_session_changed(self)

    def session_ended(self, session: ClientSession, now: float) -> None:
        """One of its sessions is no more."""
        if self.updates_session is session:
            self.elect_updates_session()
        if not any(keys.sessions for keys in self.lists.values()):
            self.emptied_at = now

    def forget_metadata(self) -> None:
        """User, layer or device changed: the next request of each session describes its caller anew."""
        for keys in self.lists.values():
            for session in keys.sessions.values():
                session.metadata = None
