"""How sessions begin and end."""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from teamgram.session.counts import SessionCounts
from teamgram.session.delivery import Delivery
from teamgram.session.main_auth import KeyTable
from teamgram.session.push import Push
from teamgram.session.rpc_requests import RpcRequests
from teamgram.session.session import Session
from teamgram.session.session_list import ClientSession, SessionList
from teamgram.session.settings import SessionSettings


class Sessions:
    """Opens and ends the sessions of all keys.

    Args:
        unique_id: makes ``new_session_created.unique_id``s.
    """

    def __init__(
        self,
        *,
        keys: KeyTable,
        delivery: Delivery,
        requests: RpcRequests,
        push: Push,
        counts: SessionCounts,
        clock: IReactorTime,
        settings: SessionSettings,
        unique_id: Callable[[], int],
    ) -> None:
        self._keys = keys
        self._delivery = delivery
        self._requests = requests
        self._push = push
        self._counts = counts
        self._clock = clock
        self._settings = settings
        self._unique_id = unique_id

    def open(self, keys: SessionList, session_id: int) -> ClientSession:
        """A session that was not known, or not any more."""
        sessions = keys.sessions
        if len(sessions) >= self._settings.sessions_per_key:
            # The first that nobody is connected to, else the oldest: the client is told if it comes back.
            self.end(next((one for one in sessions if one.conn is None), None) or sessions[0])
        core = Session(session_id, self._unique_id(), keys.salts, self._settings, self._counts)
        session = ClientSession(core, keys)
        keys.add(session)
        return session

    def end(self, session: ClientSession) -> None:
        """Forget a session; its requests are cancelled."""
        keys = session.keys
        now = self._clock.seconds()
        keys.remove(session)
        self._delivery.session_ended(session, now)
        self._requests.session_ended(session)
        session.core.forget_requests()
        wrapper = self._keys.wrappers.get(keys.wrapper_id)
        if wrapper is not None:
            wrapper.hold_nothing(session)
            if wrapper.updates_session is session:
                self._push.elect_updates_session(wrapper)
            if not wrapper.has_sessions():
                wrapper.emptied_at = now

    def destroy(self, keys: SessionList, session_id: int) -> bool:
        """``destroy_session``: whether there was such a session of the same key."""
        session = keys.session(session_id)
        if session is None:
            return False
        self.end(session)
        return True
