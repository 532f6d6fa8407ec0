"""One permanent key: its keys' session lists, what waits for it, who gets its updates. State, and no flow."""

from teamgram.interfaces.keys import ClientInfo
from teamgram.interfaces.session import ConnRef, SessionData
from teamgram.session.rpc_queue import QueuedRpc
from teamgram.session.session_list import ClientSession, SessionList

_NO_CLIENT = ClientInfo()


class MainAuthWrapper:
    """What belongs to one permanent key; an unbound temporary key has one of its own until it is bound.

    Nothing here is a task of its own: frames are taken (``frames``) and requests
    started (``rpc_starts``) when the turn (``turns``) says so, as long as the key's
    part of it lasts, so an idle key costs nothing and a busy one cannot hold up
    the others.

    Attributes:
        wrapper_id: perm_auth_key_id, or the unbound temporary key's auth_key_id.
        perm_auth_key_id: 0 while the key is not bound.
        user_id: 0 while the key is not signed in; ``user_told`` when a
            sign-in or sign-out said so rather than the store.
        lists: the session list of each of its keys, the newest last; a temporary
            key that was replaced stays until its sessions are gone.
        session_data_chan: frames that could not be taken at once, in order.
        rpc_queue: requests of this turn, run in batches.
        under_way: requests that bff has not answered.
        holding: requests that wait until there are fewer, or the session has less unsent, in order, by session;
            the session whose turn it is first.
        updates_session: the one session that gets this key's updates.
        online: the others were told that the device is there.
        takes_updates: they were told that it takes updates.
        frames_this_turn: frames taken since the last turn ended.
        refused: connections whose frame the full channel refused.
    """

    __slots__ = (
        "client",
        "emptied_at",
        "frames_this_turn",
        "holding",
        "is_behind",
        "is_ready",
        "lists",
        "online",
        "perm_auth_key_id",
        "ready",
        "refused",
        "rpc_queue",
        "session_data_chan",
        "takes_updates",
        "under_way",
        "updates_session",
        "user_id",
        "user_told",
        "wrapper_id",
    )

    def __init__(self, wrapper_id: int, perm_auth_key_id: int) -> None:
        self.wrapper_id = wrapper_id
        self.perm_auth_key_id = perm_auth_key_id
        self.user_id = 0
        self.user_told = False
        self.client = _NO_CLIENT
        self.ready = not perm_auth_key_id
        # Thousands of keys have nothing of these at any time: () is one object for all of them.
        self.lists: tuple[SessionList, ...] = ()
        self.session_data_chan: list[SessionData] | tuple[()] = ()
        self.rpc_queue: list[QueuedRpc] | tuple[()] = ()
        self.under_way = 0
        self.holding: dict[ClientSession, list[QueuedRpc]] | None = None
        self.updates_session: ClientSession | None = None
        self.online = False
        self.takes_updates = False
        self.frames_this_turn = 0
        self.is_behind = False
        self.is_ready = False
        self.refused: list[ConnRef] | tuple[()] = ()
        self.emptied_at = 0.0

    def list_of(self, auth_key_id: int) -> SessionList | None:
        """The session list of one of its keys."""
        return next((keys for keys in self.lists if keys.auth_key_id == auth_key_id), None)

    def add_list(self, keys: SessionList) -> None:
        """Take in one auth key."""
        self.remove_list(keys.auth_key_id)
        self.lists = (*self.lists, keys)
        keys.wrapper_id = self.wrapper_id

    def remove_list(self, auth_key_id: int) -> None:
        """Let go of one auth key with its sessions."""
        self.lists = tuple(keys for keys in self.lists if keys.auth_key_id != auth_key_id)

    # Queues

    def queue_frame(self, data: SessionData) -> None:
        """Have a frame wait behind the others."""
        if self.session_data_chan:
            self.session_data_chan.append(data)
        else:
            self.session_data_chan = [data]

    def next_frame(self) -> SessionData:
        """Take the frame that waits longest; there is one."""
        assert self.session_data_chan
        data = self.session_data_chan.pop(0)
        if not self.session_data_chan:
            self.session_data_chan = ()
        return data

    def queue_request(self, queued: QueuedRpc) -> None:
        """Have a request wait behind the others."""
        if self.rpc_queue:
            self.rpc_queue.append(queued)
        else:
            self.rpc_queue = [queued]

    def next_request(self) -> QueuedRpc:
        """Take the request that waits longest; there is one."""
        assert self.rpc_queue
        queued = self.rpc_queue.pop(0)
        if not self.rpc_queue:
            self.rpc_queue = ()
        return queued

    def refuse(self, conn: ConnRef) -> None:
        """A connection's frame found the channel full."""
        if self.refused:
            self.refused.append(conn)
        else:
            self.refused = [conn]

    def take_refused(self) -> list[ConnRef] | tuple[()]:
        """The connections whose frames were refused, which may go on now."""
        refused, self.refused = self.refused, ()
        return refused

    def has_sessions(self) -> bool:
        """Whether any of its keys has a session."""
        return any(keys.sessions for keys in self.lists)

    def forget_metadata(self) -> None:
        """User, layer or device changed: the next request of each session describes its caller anew."""
        for keys in self.lists:
            for session in keys.sessions:
                session.metadata = None

    # Requests held back

    def hold(self, queued: QueuedRpc) -> None:
        """Keep a request, behind what its session has held back already."""
        session = queued.session
        if self.holding is None:
            self.holding = {}
        self.holding.setdefault(session, []).append(queued)
        session.holds = True

    def hold_nothing(self, session: ClientSession) -> list[QueuedRpc]:
        """Nothing of the session is held back any more; what was."""
        session.holds = False
        return self.holding.pop(session, []) if self.holding else []


class KeyTable:
    """The auth keys that session holds: session lists by auth_key_id, wrappers by ``wrapper_id``."""

    def __init__(self) -> None:
        self.lists: dict[int, SessionList] = {}
        self.wrappers: dict[int, MainAuthWrapper] = {}

    def wrapper_of(self, keys: SessionList) -> MainAuthWrapper:
        """The wrapper that a session list belongs to now."""
        return self.wrappers[keys.wrapper_id]
