"""How updates reach sessions, and how sessions tell who is there."""

from typing import Any, Protocol


class UpdatesPush(Protocol):
    """Session's side of the push, as bff's update rendering sees it. Nothing here waits."""

    def has_updates_session(self, user_id: int, except_perm_auth_key_id: int = 0) -> bool:
        """Whether rendering for this user is worth it: some session of theirs would get it now.

        ``except_perm_auth_key_id`` is the device that ``push_updates`` will leave out.
        """

    def push_updates(
        self, user_id: int, updates: Any, *, except_perm_auth_key_id: int = 0, only_perm_auth_key_id: int = 0
    ) -> None:
        """Send one ``Updates`` object (newest layer's shape) to the user's updates sessions.

        It is encoded once for each layer among them. ``except_perm_auth_key_id``
        leaves out the device that made the change (it has it in its answer).
        """


class PresenceSink(Protocol):
    """Told by session when a signed-in device's first updates session opens or its last one closes."""

    def device_connected(self, user_id: int, perm_auth_key_id: int) -> None: ...

    def device_disconnected(self, user_id: int, perm_auth_key_id: int) -> None: ...
