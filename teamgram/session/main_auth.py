"""One permanent key: its keys' session lists, what waits for it, who gets its updates. State, and no flow."""

from teamgram.interfaces.keys import AuthKeyType, ClientInfo
from teamgram.interfaces.session import ConnRef, SessionData
from teamgram.session.rpc_queue import QueuedRpc
from teamgram.session.session_list import ClientSession, SessionList


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
        main_auth, temp_auth, media_temp_auth: the session list of each kind
            of key; a temporary key that was replaced stays in ``lists`` until
            its sessions are gone.
        session_data_chan: frames that could not be taken at once, in order.
        rpc_queue: requests of this turn, run in batches.
        under_way: requests that bff has not answered.
        holding: requests that wait until there are fewer, or the session has less unsent, in order, by session;
            the session whose turn it is first.
        updates_session: the one session that gets this key's updates.
        online: presence was told that the device is there.
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

    def __init__(self, wrapper_id: int, perm_auth_key_id: int) -> None:
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
        self.holding: dict[ClientSession, list[QueuedRpc]] | None = None
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

    def has_sessions(self) -> bool:
        """Whether any of its keys has a session."""
        return any(keys.sessions for keys in self.lists.values())

    def forget_metadata(self) -> None:
        """User, layer or device changed: the next request of each session describes its caller anew."""
        for keys in self.lists.values():
            for session in keys.sessions.values():
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
