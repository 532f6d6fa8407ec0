"""The auth keys that session holds: loaded with their first frame, bound, destroyed, let go.

User and device come with the permanent key, salts with each key. What
authsession knows is asked for once; until it is there the key's frames wait
in its wrapper's ``session_data_chan``.
"""

from twisted.internet.interfaces import IReactorTime

from teamgram.interfaces.authsession import SessionKeys
from teamgram.interfaces.session import Gateway, KeyBound, SessionData
from teamgram.session import service_messages as wire
from teamgram.session.delivery import Delivery
from teamgram.session.device_notes import DeviceNotes
from teamgram.session.main_auth import KeyTable, MainAuthWrapper
from teamgram.session.push import Push
from teamgram.session.session_list import ClientSession, SessionList
from teamgram.session.sessions import Sessions
from teamgram.session.settings import SessionSettings
from teamgram.session.tasks import Tasks
from teamgram.session.turns import ReactorTurns
from teamgram.session.watched_keys import WatchedKeys

_SALTS_AGAIN_AFTER = 60.0
"""Seconds between two questions for one key's salts, however soon they end."""


class LoadedKeys:
    """Puts keys into the table and takes them out again."""

    def __init__(
        self,
        *,
        table: KeyTable,
        gateway: Gateway,
        auth_sessions: SessionKeys,
        sessions: Sessions,
        delivery: Delivery,
        push: Push,
        turns: ReactorTurns,
        devices: DeviceNotes,
        watched: WatchedKeys,
        tasks: Tasks,
        clock: IReactorTime,
        settings: SessionSettings,
    ) -> None:
        self._table = table
        self._gateway = gateway
        self._auth_sessions = auth_sessions
        self._sessions = sessions
        self._delivery = delivery
        self._push = push
        self._turns = turns
        self._devices = devices
        self._watched = watched
        self._tasks = tasks
        self._clock = clock
        self._settings = settings

    # Loading

    def open(self, data: SessionData) -> SessionList | None:
        """A key that was not known, or not any more; None when it cannot be loaded."""
        keys = SessionList(data.auth_key_id, data.key_type, data.perm_auth_key_id or data.auth_key_id, data.dc_id)
        wrapper = self._wrapper(keys.wrapper_id, data.perm_auth_key_id)
        if self._table.wrappers.get(keys.wrapper_id) is not wrapper:
            return None
        wrapper.add_list(keys)
        self._watched.mark(keys)
        self._table.lists[data.auth_key_id] = keys
        self._tasks.spawn(self._load_key(keys), "loading a key's salts")
        return self._table.lists.get(data.auth_key_id)

    def _wrapper(self, wrapper_id: int, perm_auth_key_id: int) -> MainAuthWrapper:
        wrapper = self._table.wrappers.get(wrapper_id)
        if wrapper is None:
            wrapper = self._table.wrappers[wrapper_id] = MainAuthWrapper(wrapper_id, perm_auth_key_id)
            wrapper.emptied_at = self._clock.seconds()
            if perm_auth_key_id:
                self._tasks.spawn(self._load_wrapper(wrapper), "loading a key's user and device")
        return wrapper

    async def _load_wrapper(self, wrapper: MainAuthWrapper) -> None:
        try:
            user_id, client = await self._auth_sessions.get_client(wrapper.perm_auth_key_id)
        except BaseException:
            self._cannot_load(wrapper, list(wrapper.lists))
            raise
        if self._table.wrappers.get(wrapper.wrapper_id) is not wrapper:
            return
        wrapper.ready = True
        if not wrapper.user_told:  # else a sign-in or sign-out meanwhile knows better
            wrapper.user_id = user_id
        if not wrapper.client.layer:
            wrapper.client = client
        wrapper.forget_metadata()
        self._push.signed_in(wrapper)
        self._turns.behind(wrapper)
        self._turns.rpc_ready(wrapper)

    async def _load_key(self, keys: SessionList) -> None:
        try:
            await self._refresh(keys)
        except BaseException:
            self._cannot_load(self._table.wrappers.get(keys.wrapper_id), [keys])
            raise
        if not keys.salts.valid_until():
            # Destroyed between gnetway's question and ours.
            self._cannot_load(self._table.wrappers.get(keys.wrapper_id), [keys])
            self._gateway.forget_auth_key(keys.auth_key_id)
            return
        keys.ready = True
        if self._table.lists.get(keys.auth_key_id) is keys:
            self._turns.behind(self._table.wrapper_of(keys))

    def _cannot_load(self, wrapper: MainAuthWrapper | None, lists: list[SessionList]) -> None:
        """What these keys' frames need cannot be had now: their clients come again with them."""
        if wrapper is None:
            return
        lost = {keys.auth_key_id for keys in lists}
        waiting = wrapper.session_data_chan
        closed = {data.conn for data in waiting if data.auth_key_id in lost}
        wrapper.session_data_chan = [data for data in waiting if data.auth_key_id not in lost] or ()
        resumed = wrapper.take_refused()
        for keys in lists:
            if self._table.lists.get(keys.auth_key_id) is keys:
                self._remove(keys)
        if not wrapper.lists:
            self._table.wrappers.pop(wrapper.wrapper_id, None)
        # Only now, for these may bring their next frame at once.
        for conn in closed:
            self._gateway.close(conn, "key cannot be loaded")
        for conn in resumed:
            self._gateway.resume_reading(conn)

    async def _refresh(self, keys: SessionList) -> None:
        now = self._clock.seconds()
        keys.refresh_at = now + _SALTS_AGAIN_AFTER
        keys.salts.add(await self._auth_sessions.future_salts(keys.auth_key_id, int(now), self._settings.salts_ahead))
        keys.refresh_at = now + max(_SALTS_AGAIN_AFTER, (keys.salts.valid_until() - now) / 2)

    def refresh_salts(self, now: float) -> None:
        """Ask for more for the keys that have used half of their salts' time; nothing waits for it."""
        for keys in self._table.lists.values():
            if keys.ready and keys.refresh_at <= now:
                keys.refresh_at = now + _SALTS_AGAIN_AFTER
                self._tasks.spawn(self._refresh(keys), "refreshing a key's salts")

    # Changes

    def set_user(self, perm_auth_key_id: int, user_id: int) -> None:
        """The key was signed in, or out (0)."""
        wrapper = self._table.wrappers.get(perm_auth_key_id)
        if wrapper is None:
            return
        self._push.signed_out(wrapper)
        wrapper.user_told = True
        wrapper.user_id = user_id
        wrapper.forget_metadata()
        self._push.signed_in(wrapper)

    def bound(self, key: KeyBound) -> None:
        """Move a temporary key's sessions to the permanent key's wrapper."""
        self._gateway.key_bound(key)
        keys = self._table.lists.get(key.auth_key_id)
        if keys is None or keys.wrapper_id == key.perm_auth_key_id:
            return
        wrapper = self._wrapper(key.perm_auth_key_id, key.perm_auth_key_id)
        if self._table.wrappers.get(key.perm_auth_key_id) is not wrapper:
            self._remove(keys)  # cannot be loaded now; its next frame tries again
            return
        old = self._table.wrapper_of(keys)
        old.remove_list(key.auth_key_id)
        keys.key_type = key.key_type
        keys.dc_id = key.dc_id
        wrapper.add_list(keys)
        self._watched.mark(keys)
        wrapper.forget_metadata()
        if old.client.layer and wrapper.client != old.client:
            wrapper.client = old.client
            self._devices.save(wrapper)
        self._move_queues(keys, old, wrapper)
        if not old.lists:
            del self._table.wrappers[old.wrapper_id]

    def _move_queues(self, keys: SessionList, old: MainAuthWrapper, new: MainAuthWrapper) -> None:
        """What a key has waiting in one wrapper goes on in another."""
        frames, requests = old.session_data_chan, old.rpc_queue
        old.session_data_chan = [data for data in frames if data.auth_key_id != keys.auth_key_id] or ()
        old.rpc_queue = [queued for queued in requests if queued.session.keys is not keys] or ()
        for data in frames:
            if data.auth_key_id == keys.auth_key_id:
                new.queue_frame(data)
        for queued in requests:
            if queued.session.keys is keys:
                new.queue_request(queued)
        for session in keys.sessions:
            for queued in old.hold_nothing(session):
                new.hold(queued)
        for conn in old.take_refused():
            new.refuse(conn)
        self._turns.behind(new)
        self._turns.rpc_ready(new)
        updated = old.updates_session
        if updated is not None and updated.keys is keys:
            self._push.wants_updates(new, updated)
            self._push.elect_updates_session(old)

    def destroyed(self, auth_key_id: int) -> None:
        """End the key's sessions; a permanent key's temporary ones end with it."""
        doomed = {auth_key_id}
        wrapper = self._table.wrappers.get(auth_key_id)
        keys = self._table.lists.get(auth_key_id)
        if wrapper is not None and wrapper.perm_auth_key_id == auth_key_id:
            doomed.update(keys.auth_key_id for keys in wrapper.lists)
            self.remove_wrapper(wrapper)
        elif keys is not None:
            self._remove(keys)
        for doomed_id in doomed:
            self._gateway.forget_auth_key(doomed_id)

    def destroy(self, session: ClientSession, msg_id: int) -> None:
        """``destroy_auth_key``: forget the key that asks, answer under it, then let it go."""
        self._tasks.spawn(self._destroy(session, msg_id), "destroying a key")

    async def _destroy(self, session: ClientSession, msg_id: int) -> None:
        auth_key_id = session.keys.auth_key_id
        try:
            there = await self._auth_sessions.destroy_auth_key(auth_key_id)
        except Exception:
            session.core.auth_key_destroyed(msg_id, wire.KEY_NOT_DESTROYED)
            self._turns.dirty(session)
            raise
        session.core.auth_key_destroyed(msg_id, wire.KEY_DESTROYED if there else wire.KEY_NOT_THERE)
        self._delivery.flush(session, self._clock.seconds())
        self.destroyed(auth_key_id)

    # Letting go

    def remove_wrapper(self, wrapper: MainAuthWrapper) -> None:
        """Let go of a key with all that belongs to it."""
        self._push.signed_out(wrapper)
        wrapper.updates_session = None
        for keys in list(wrapper.lists):
            for session in list(keys.sessions):
                self._sessions.end(session)
            self._table.lists.pop(keys.auth_key_id, None)
        wrapper.session_data_chan = wrapper.rpc_queue = ()
        self._table.wrappers.pop(wrapper.wrapper_id, None)

    def _remove(self, keys: SessionList) -> None:
        wrapper = self._table.wrapper_of(keys)
        for session in list(keys.sessions):
            self._sessions.end(session)
        self._table.lists.pop(keys.auth_key_id, None)
        wrapper.remove_list(keys.auth_key_id)
        if not wrapper.lists:
            self.remove_wrapper(wrapper)

    def let_go(self, perm_auth_key_id: int) -> None:
        """Another process has the key: its connections close, so that its clients come to that one."""
        wrapper = self._table.wrappers.get(perm_auth_key_id)
        if wrapper is None:
            return
        conns = dict.fromkeys(data.conn for data in wrapper.session_data_chan)
        conns.update(dict.fromkeys(wrapper.take_refused()))
        for keys in wrapper.lists:
            for session in keys.sessions:
                conns.update(dict.fromkeys(session.connections))
        self.remove_wrapper(wrapper)
        for conn in conns:
            self._gateway.close(conn, "its key is another process's")

    def remove_idle(self, idle_since: float) -> None:
        """Let go of keys without a session since before that time (unix seconds)."""
        for wrapper in list(self._table.wrappers.values()):
            if wrapper.emptied_at < idle_since and not wrapper.session_data_chan:
                if not wrapper.has_sessions():
                    self.remove_wrapper(wrapper)
