"""One permanent key: its keys' session lists, its queues, its requests.

Nothing here is a task of its own: ``run_loop`` and ``rpc_run_loop`` drain
their queues when the turn (``turns``) says so, a bounded part at a time, so
an idle key costs nothing and a busy one cannot hold up the others.
"""

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.interfaces.keys import AuthKeyType, ClientInfo
from teamgram.interfaces.rpc import RpcError, RpcRequest
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
from teamgram.session.routing import Route
from teamgram.session.rpc_queue import QueuedRpc, RunningRpc, WaitingRpc
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
        updates_session: the one session that gets this key's updates.
        online: presence was told that the device is there.
        frames_this_turn: frames taken since the last turn ended.
        refused: connections whose frame the full channel refused.
    """

    _log = Logger()

    __slots__ = (
        "_stage",
        "client",
        "emptied_at",
        "frames_this_turn",
        "in_backlog",
        "in_rpc_ready",
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
        self.updates_session: ClientSession | None = None
        self.online = False
        self.frames_this_turn = 0
        self.in_backlog = False
        self.in_rpc_ready = False
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

    def run_loop(self, limit: int, now: float) -> None:
        """Take up to ``limit`` frames from ``session_data_chan``, in order."""
        chan = self.session_data_chan
        while limit > 0 and self.takes_frames():
            data = chan.pop(0)
            limit -= 1
            keys = self.lists.get(data.auth_key_id)
            if keys is not None:
                self.take(keys, data, now)
        if self.refused and len(chan) <= self._stage.settings.session_data_chan_size // 2:
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
        self._stage.turns.dirty(session)

    def _happened(self, session: ClientSession, conn: ConnRef, event: SessionEvent, now: float) -> None:
        if type(event) is RpcReceived:
            try:
                invocation = unwrap(event.body, self._stage.settings.gunzip_limit_bytes)
            except MalformedMessage:
                session.core.fail(event.msg_id, *errors.INPUT_FETCH_ERROR)
                return
            self.rpc_queue.append(QueuedRpc(session, event.msg_id, invocation))
            self._stage.turns.rpc_ready(self)
        elif type(event) is RpcCancelled:
            self._cancelled(session, event.msg_id)
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

    def rpc_run_loop(self, limit: int, now: float) -> None:
        """Run up to ``limit`` requests from ``rpc_queue`` as one batch."""
        if not self.ready:
            return
        batch = self.rpc_queue[:limit]
        del self.rpc_queue[:limit]
        self.do_rpc_request(batch, now)

    def do_rpc_request(self, batch: list[QueuedRpc], now: float) -> None:
        """Answer each request of the batch at once, or start it; one never waits for another."""
        for queued in batch:
            session = queued.session
            if session.keys.sessions.get(session.core.session_id) is not session:
                continue  # it ended in this turn
            invocation = queued.invocation
            if invocation.layer or invocation.client is not None:
                if not self._initialised(session, invocation, queued.msg_id):
                    continue
            if invocation.after and not self._after(queued, now):
                continue
            self._call(session, queued.msg_id, invocation, now)

    def _initialised(self, session: ClientSession, invocation: Invocation, msg_id: int) -> bool:
        """Take in ``invokeWithLayer`` and ``initConnection``, which come with every first request of a connection."""
        stage = self._stage
        layer = invocation.layer
        if layer:
            if layer < stage.settings.min_layer:
                session.core.fail(msg_id, *errors.CONNECTION_LAYER_INVALID)
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

    def _after(self, queued: QueuedRpc, now: float) -> bool:
        """Whether all that the request depends on has succeeded; else it waits or is answered."""
        outcomes = [queued.session.core.outcome(msg_id) for msg_id in queued.invocation.after]
        if False in outcomes:
            queued.session.core.fail(queued.msg_id, *errors.MSG_WAIT_FAILED)
            return False
        if None not in outcomes:
            return True
        if queued.session.waiting is None:
            queued.session.waiting = []
        deadline = now + self._stage.settings.invoke_after_timeout
        queued.session.waiting.append(WaitingRpc(queued, deadline))
        self._stage.waiting[queued.session] = None
        return False

    def _call(self, session: ClientSession, msg_id: int, invocation: Invocation, now: float) -> None:
        core = session.core
        stage = self._stage
        route = stage.routing.route(invocation.constructor_id)
        if type(route) is not Route:
            refusal = errors.METHOD_NOT_IMPL if route is not None else errors.INPUT_METHOD_INVALID
            core.fail(msg_id, *refusal)
            return
        metadata = session.metadata
        if metadata is None:
            metadata = session.make_metadata(self.perm_auth_key_id, self.user_id, self.client)
        if not route.before_init:
            if not self.perm_auth_key_id and not route.before_binding:
                core.fail(msg_id, *errors.AUTH_KEY_PERM_EMPTY)
                return
            if not metadata.layer:
                core.fail(msg_id, *errors.CONNECTION_NOT_INITED)
                return
        if route.for_updates and not invocation.no_updates:
            session.called_at = now
            if session is not self.updates_session:
                self.wants_updates(session)
        request = RpcRequest(metadata, msg_id, route.service, route.method, invocation.query, invocation.no_updates)
        try:
            result = route.caller.call(request)
        except RpcError as error:
            core.fail(msg_id, error.code, error.message)
            self._answered(session)
            return
        except Exception:
            core.fail(msg_id, *errors.INTERNAL)
            self._log.failure("{method} broke its promise", method=route.method)
            self._answered(session)
            return
        if type(result) is bytes:
            core.reply(msg_id, result)
            self._answered(session)
        elif isinstance(result, bytes):
            core.reply(msg_id, bytes(result))
            self._answered(session)
        else:
            deferred: Deferred[Any] = (
                result if isinstance(result, Deferred) else Deferred.fromCoroutine(result)  # type: ignore[arg-type]
            )
            running = RunningRpc(session, msg_id, route.method, deferred, now + stage.settings.rpc_timeout)
            if session.running is None:
                session.running = {}
            session.running[msg_id] = running
            stage.running[running] = None
            deferred.addCallbacks(
                self._succeeded, self._failed, callbackArgs=(running,), errbackArgs=(running,)
            ).addErrback(self._bug)

    def _succeeded(self, result: bytes, running: RunningRpc) -> None:
        self._finished(running)
        running.session.core.reply(running.msg_id, result)
        self._answered(running.session)

    def _failed(self, failure: Failure, running: RunningRpc) -> None:
        self._finished(running)
        error = failure.value
        if isinstance(error, RpcError):
            running.session.core.fail(running.msg_id, error.code, error.message)
        elif not isinstance(error, CancelledError):
            running.session.core.fail(running.msg_id, *errors.INTERNAL)
            self._log.failure("{method} broke its promise", failure=failure, method=running.method)
        self._answered(running.session)

    def _bug(self, failure: Failure) -> None:
        self._log.failure("answering a request", failure=failure)

    def _finished(self, running: RunningRpc) -> None:
        self._stage.running.pop(running, None)
        if running.session.running is not None:
            running.session.running.pop(running.msg_id, None)

    def _answered(self, session: ClientSession) -> None:
        """An answer is queued: let it leave, start what waited for it, read again what was held back."""
        self._stage.turns.dirty(session)
        if session.waiting:
            self.try_waiting(session)
        if session.refused and not self._stage.saturated(session, resume=True):
            refused, session.refused = session.refused, None
            for conn in refused:
                self._stage.gateway.resume_reading(conn)

    def try_waiting(self, session: ClientSession) -> None:
        """Queue again what waited for other requests; it finds out there whether it still has to."""
        waiting, session.waiting = session.waiting or [], None
        now = self._stage.clock.seconds()
        wrapper = self._stage.keys.wrapper_of(session.keys)
        still = []
        for one in waiting:
            outcomes = [session.core.outcome(msg_id) for msg_id in one.queued.invocation.after]
            if None in outcomes and False not in outcomes:
                if now < one.deadline:
                    still.append(one)
                    continue
                session.core.fail(one.queued.msg_id, *errors.MSG_WAIT_FAILED)
                self._stage.turns.dirty(session)
                continue
            wrapper.rpc_queue.append(one.queued)
            self._stage.turns.rpc_ready(wrapper)
        if still:
            session.waiting = still
        else:
            self._stage.waiting.pop(session, None)

    def timed_out(self, running: RunningRpc) -> None:
        """Its deadline passed: answer for it and stop it."""
        running.session.core.fail(running.msg_id, *errors.TIMEOUT)
        running.deferred.cancel()
        self._finished(running)
        self._answered(running.session)

    def _cancelled(self, session: ClientSession, msg_id: int) -> None:
        running = session.running.get(msg_id) if session.running else None
        if running is not None:
            running.deferred.cancel()
            self._finished(running)
        else:
            self.rpc_queue = [
                queued for queued in self.rpc_queue if queued.session is not session or queued.msg_id != msg_id
            ]
            if session.waiting:
                session.waiting = [one for one in session.waiting if one.queued.msg_id != msg_id]
        self._answered(session)

    # Updates

    def wants_updates(self, session: ClientSession) -> None:
        """A session made a call that asks for updates: the latest such session gets them, no other."""
        if session.keys.key_type is AuthKeyType.MEDIA_TEMP:
            return
        session.wants_updates = True
        self.updates_session = session
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
