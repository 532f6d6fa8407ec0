"""Requests that were taken and have not started: which one of a key is next, and which wait until there are fewer."""

from teamgram.interfaces.keys import ClientInfo
from teamgram.session import errors
from teamgram.session.backpressure import holds_back
from teamgram.session.counts import SessionCounts
from teamgram.session.device_notes import DeviceNotes
from teamgram.session.invoke import UnwrappedQuery, same_device
from teamgram.session.main_auth import KeyTable, MainAuthWrapper
from teamgram.session.rpc_queue import QueuedRpc
from teamgram.session.rpc_requests import RpcRequests
from teamgram.session.session_list import ClientSession
from teamgram.session.settings import SessionSettings
from teamgram.session.turns import ReactorTurns


class RpcStarts:
    """The requests in the wrappers' ``rpc_queue`` and ``holding``.

    Args:
        newest_layer: what a client of a newer layer is served in.
    """

    def __init__(
        self,
        *,
        requests: RpcRequests,
        keys: KeyTable,
        turns: ReactorTurns,
        devices: DeviceNotes,
        counts: SessionCounts,
        settings: SessionSettings,
        newest_layer: int,
    ) -> None:
        self._requests = requests
        self._keys = keys
        self._turns = turns
        self._devices = devices
        self._counts = counts
        self._settings = settings
        self._newest_layer = newest_layer

    def take(
        self, wrapper: MainAuthWrapper, session: ClientSession, msg_id: int, query: UnwrappedQuery, now: float
    ) -> None:
        """Queue a request, or refuse it when it is large and too much waits for an answer already."""
        size = len(query.query)
        if size >= self._settings.large_request_bytes:
            if not self._has_room(wrapper, size):
                self._requests.refuse(session, msg_id, errors.FLOOD_WAIT)
                return
            session.core.hold_request(msg_id, size)
        wrapper.queue_request(QueuedRpc(session, msg_id, query, now + self._settings.rpc_timeout))
        self._turns.rpc_ready(wrapper)

    def _has_room(self, wrapper: MainAuthWrapper, size: int) -> bool:
        settings = self._settings
        of_key = sum(one.core.large_bytes for keys in wrapper.lists for one in keys.sessions)
        return (
            of_key + size <= settings.large_key_bytes and self._counts.large_bytes + size <= settings.large_limit_bytes
        )

    def start_next(self, wrapper: MainAuthWrapper, now: float) -> bool:
        """Start or answer one request, one that was held back first; False when none can start now."""
        if not wrapper.ready:
            return False
        if wrapper.holding and self._go_on(wrapper, now):
            return True
        if not wrapper.rpc_queue:
            return False
        queued = wrapper.next_request()
        session = queued.session
        if session.keys.session(session.core.session_id) is session:  # else it ended in this turn
            if session.holds or self._is_full(wrapper) or holds_back(session, self._settings):
                wrapper.hold(queued)
                # Its flush sees when what is unsent has left; an answer from bff sees to the rest.
                self._turns.dirty(session)
            else:
                self._run(wrapper, queued, now)
        return True

    def has_more(self, wrapper: MainAuthWrapper) -> bool:
        """Whether ``start_next`` would find one."""
        return wrapper.ready and (bool(wrapper.rpc_queue) or self._next_holding(wrapper) is not None)

    def _is_full(self, wrapper: MainAuthWrapper) -> bool:
        """Whether bff has as many of this key's requests as it may: what more it had would make the others wait."""
        return wrapper.under_way >= self._settings.concurrent_rpcs

    def _run(self, wrapper: MainAuthWrapper, queued: QueuedRpc, now: float) -> None:
        invocation = queued.invocation
        if invocation.layer or invocation.client is not None:
            if not self._initialised(wrapper, queued.session, invocation, queued.msg_id):
                return
        self._requests.start(wrapper, queued, now)

    def _go_on(self, wrapper: MainAuthWrapper, now: float) -> bool:
        """Start what was held back longest in the session whose turn it is; False when none can start."""
        session = self._next_holding(wrapper)
        if session is None:
            return False
        queued, *left = wrapper.hold_nothing(session)
        for one in left:
            wrapper.hold(one)
        self._run(wrapper, queued, now)
        return True

    def _next_holding(self, wrapper: MainAuthWrapper) -> ClientSession | None:
        """The session whose turn it is, of those that hold requests back and can start one."""
        if not wrapper.holding or self._is_full(wrapper):
            return None
        return next((one for one in wrapper.holding if not holds_back(one, self._settings)), None)

    def _initialised(
        self, wrapper: MainAuthWrapper, session: ClientSession, invocation: UnwrappedQuery, msg_id: int
    ) -> bool:
        """Take in ``invokeWithLayer`` and ``initConnection``, which come with every first request of a connection."""
        layer = invocation.layer
        if layer:
            if layer < self._settings.min_layer:
                self._requests.refuse(session, msg_id, errors.CONNECTION_LAYER_INVALID)
                return False
            layer = min(layer, self._newest_layer)
            if layer != session.layer:
                session.layer = layer
                session.metadata = None
        known = wrapper.client
        client = known if invocation.client is None else same_device(known, invocation.client)
        if (
            (layer and layer != known.layer)
            or client != known
            or (invocation.client is not None and _host(session.client_addr) != _host(known.client_addr))
        ):
            wrapper.client = ClientInfo(
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
            wrapper.forget_metadata()
            self._devices.save(wrapper)
        return True

    # Ends

    def in_flight(self) -> bool:
        """Whether a request that was taken has no answer yet: in bff, queued for it, or held back."""
        return bool(self._requests.running) or any(
            wrapper.rpc_queue or wrapper.holding for wrapper in self._keys.wrappers.values()
        )

    def end_overdue(self, now: float) -> None:
        """Answer for what bff had no room for in time, without running it.

        What waits because its client does not read goes on waiting: that
        client would not see the answer either.
        """
        for wrapper in self._keys.wrappers.values():
            if not wrapper.holding or not self._is_full(wrapper):
                continue
            for session, held in list(wrapper.holding.items()):
                if holds_back(session, self._settings):
                    continue
                while held and held[0].deadline <= now:
                    overdue = held.pop(0)
                    if not held:
                        wrapper.hold_nothing(session)
                    self._requests.refuse(session, overdue.msg_id, errors.TIMEOUT)

    def cancel(self, wrapper: MainAuthWrapper, session: ClientSession, msg_id: int) -> None:
        """The client dropped the answer of a request, wherever it is; it has been answered for."""
        if wrapper.rpc_queue:
            wrapper.rpc_queue = [
                queued for queued in wrapper.rpc_queue if queued.session is not session or queued.msg_id != msg_id
            ] or ()
        if session.holds:
            for queued in wrapper.hold_nothing(session):
                if queued.msg_id != msg_id:
                    wrapper.hold(queued)
        self._requests.cancel(session, msg_id)


def _host(addr: str) -> str:
    """Without the port, which every connection has anew."""
    return addr.rpartition(":")[0]
