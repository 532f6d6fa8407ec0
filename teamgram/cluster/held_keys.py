"""The keys that this session process holds, with the epochs that bff gave it for them (``key_holders``)."""

from __future__ import annotations

from collections.abc import Callable

from teamgram.interfaces.session import KeyTaken

_LOOKED_THROUGH_AT = 1024
"""Epochs that are kept at least before those of keys that are gone are looked for."""


class HeldKeys:
    """What this process says when it writes about a key.

    Args:
        process: its name among all.

    Attributes:
        lost: keys that went to another process while they were here.
    """

    def __init__(self, process: str) -> None:
        self.process = process
        self.lost = 0
        self._epochs: dict[int, int] = {}
        self._look_through_at = _LOOKED_THROUGH_AT
        self._is_loaded: Callable[[int], bool] = lambda _: True
        self._let_go: Callable[[int], object] = lambda _: None

    def use(self, is_loaded: Callable[[int], bool], let_go: Callable[[int], object]) -> None:
        """Whether a permanent key is in memory, and what takes it out with all that came by it."""
        self._is_loaded = is_loaded
        self._let_go = let_go

    def got(self, perm_auth_key_id: int, epoch: int) -> None:
        """The key is this process's."""
        self._epochs[perm_auth_key_id] = epoch
        if len(self._epochs) >= self._look_through_at:
            self._epochs = {key: epoch for key, epoch in self._epochs.items() if self._is_loaded(key)}
            self._look_through_at = 2 * len(self._epochs) + _LOOKED_THROUGH_AT

    def epoch(self, perm_auth_key_id: int) -> int:
        """Its epoch; 0 for a key that was never claimed."""
        return self._epochs.get(perm_auth_key_id, 0)

    def taken(self, told: KeyTaken) -> None:
        """Somebody has a key from now on."""
        key = told.perm_auth_key_id
        if told.holder != self.process and self.epoch(key) < told.epoch and self._is_loaded(key):
            self.is_lost(key)

    def is_lost(self, perm_auth_key_id: int) -> None:
        """Another process has the key: here it ends with its connections, and its clients come again."""
        self.lost += 1
        self._epochs.pop(perm_auth_key_id, None)
        self._let_go(perm_auth_key_id)
