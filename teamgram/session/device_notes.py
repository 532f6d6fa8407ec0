"""What session notes about a key's device: what ``initConnection`` said, and that it was active."""

from twisted.internet.interfaces import IReactorTime

from teamgram.interfaces.authsession import SessionKeys
from teamgram.session.main_auth import MainAuthWrapper
from teamgram.session.tasks import Tasks


class DeviceNotes:
    """Told to authsession; nothing waits for it."""

    def __init__(self, auth_sessions: SessionKeys, tasks: Tasks, clock: IReactorTime) -> None:
        self._auth_sessions = auth_sessions
        self._tasks = tasks
        self._clock = clock

    def save(self, wrapper: MainAuthWrapper) -> None:
        """Store the wrapper's device."""
        if wrapper.perm_auth_key_id:
            now = int(self._clock.seconds())
            self._tasks.spawn(
                self._auth_sessions.set_client(wrapper.perm_auth_key_id, wrapper.client, now), "storing a device"
            )

    def touch(self, wrapper: MainAuthWrapper, client_addr: str, now: float) -> None:
        """A connection of the key opened: its device was active."""
        if wrapper.user_id:
            self._tasks.spawn(
                self._auth_sessions.touch(wrapper.perm_auth_key_id, client_addr, int(now)), "noting activity"
            )
