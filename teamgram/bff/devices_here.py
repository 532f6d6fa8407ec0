"""Which devices have a session that takes updates, as the session processes tell it.

It knows of a device as long as a session process keeps something for it, so
it is as large as they are. What a process told ends with it (``SessionsGone``),
and who begins here asks all of them once.
"""

from collections.abc import Callable

from teamgram.domain.presence.presence import Presence
from teamgram.interfaces.bus import Bus
from teamgram.interfaces.updates import DevicesAsked, SessionsGone, UpdatesSessionChanged


class DevicesHere:
    """Listens to session, and tells presence who comes and goes.

    Args:
        presence: hears of each device that is connected once, and once that it is no more.
    """

    def __init__(self, bus: Bus, presence: Presence) -> None:
        self._bus = bus
        self._presence = presence
        # By user, then by permanent key.
        self._devices: dict[int, dict[int, UpdatesSessionChanged]] = {}
        self._watchers: list[Callable[[int, bool], object]] = []
        bus.listen(UpdatesSessionChanged, self._changed)
        bus.listen(SessionsGone, self._gone)

    def __len__(self) -> int:
        return sum(map(len, self._devices.values()))

    def ask(self) -> None:
        """Have those told that were there before."""
        self._bus.publish(DevicesAsked())

    def watch(self, watcher: Callable[[int, bool], object]) -> None:
        """From now on ``watcher`` hears of each user whose first device comes (True), or whose last one goes."""
        self._watchers.append(watcher)

    def is_here(self, user_id: int) -> bool:
        """Whether the user has a device here."""
        return user_id in self._devices

    def take_updates(self, user_id: int, except_perm_auth_key_id: int = 0) -> bool:
        """Whether some device of the user, but for that one, would get an update: else none need be drawn."""
        devices = self._devices.get(user_id)
        if devices is None:
            return False
        for perm_auth_key_id, device in devices.items():
            if device.takes_updates and perm_auth_key_id != except_perm_auth_key_id:
                return True
        return False

    def _changed(self, now: UpdatesSessionChanged) -> None:
        user_id, key = now.user_id, now.perm_auth_key_id
        devices = self._devices.get(user_id)
        before = devices.get(key) if devices is not None else None
        if before is not None and before.server != now.server and before.connected and not now.connected:
            return  # the device came back by another process before this one let go of it
        if now.connected or now.takes_updates:
            if devices is None:
                devices = self._devices[user_id] = {}
                self._tell(user_id, True)
            devices[key] = now
        elif devices is not None and before is not None:
            del devices[key]
            if not devices:
                del self._devices[user_id]
                self._tell(user_id, False)
        was_connected = before is not None and before.connected
        if now.connected and not was_connected:
            self._presence.device_connected(user_id, key, now.tells)
        elif was_connected and not now.connected:
            self._presence.device_disconnected(user_id, key, now.tells)

    def _tell(self, user_id: int, is_here: bool) -> None:
        for watcher in self._watchers:
            watcher(user_id, is_here)

    def _gone(self, gone: SessionsGone) -> None:
        lost = [
            device for devices in self._devices.values() for device in devices.values() if device.server == gone.server
        ]
        for device in lost:
            tells = self._presence.tells_for_all
            self._changed(
                UpdatesSessionChanged(device.server, device.user_id, device.perm_auth_key_id, False, False, tells)
            )
