"""Which session process holds a key: bff's side, which hands keys out and refuses who has one no more.

gnetways may see the ring differently, or not reach the same members; so two session
processes may get frames of one key. Who loads it claims it here. The latest claim has the
highest epoch and wins; what comes with a lower one is refused, whoever sends it and however
long it was cut off. Epochs lie in the shared cache, so all bff processes give out the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from teamgram.interfaces.bus import Bus
from teamgram.interfaces.session import KeyTaken

HELD_FOR = 86_400.0
"""Seconds for which a claim is remembered; a forgotten one only costs that everybody is told of the next."""

MAX_KNOWN = 200_000


class HolderStore(Protocol):
    """What bff processes remember together (``teamgram.cache``)."""

    async def hold(self, key: str, holder: str, at_least: int, ttl: float) -> tuple[int, bool] | None:
        """The holder's number from now on, higher than of those before and no lower than ``at_least``, the same for
        the same one; and whether it is another one. None: it is away."""


class KeyHolders:
    """Epochs of the keys that this process has heard of.

    Args:
        cache: shared by all bff processes. While it is away each gives out epochs by its own clock.
        bus: where ``KeyTaken`` is told to all bff and session processes.
        seconds: unix time, fractions included.

    Attributes:
        moved, refused: keys that went to another process, and what came from one that had a key no more.
    """

    def __init__(self, cache: HolderStore, bus: Bus, seconds: Callable[[], float]) -> None:
        self._cache = cache
        self._bus = bus
        self._seconds = seconds
        self._epochs: OrderedDict[int, int] = OrderedDict()
        self.moved = 0
        self.refused = 0
        bus.listen(KeyTaken, self._taken)

    async def claim(self, perm_auth_key_id: int, holder: str) -> int:
        """``holder`` has the key from now on; its epoch."""
        # By the clock, so that they go up even when the cache has forgotten all.
        now = round(self._seconds() * 1000)
        held = await self._cache.hold(f"held:{perm_auth_key_id}", holder, now, HELD_FOR)
        epoch, is_new = held if held is not None else (max(now, self._epochs.get(perm_auth_key_id, 0) + 1), True)
        if is_new:
            self.moved += 1
            self._bus.publish(KeyTaken(perm_auth_key_id, holder, epoch))
        return epoch

    def _taken(self, taken: KeyTaken) -> None:
        self._note(taken.perm_auth_key_id, taken.epoch)

    def is_over(self, perm_auth_key_id: int, epoch: int) -> bool:
        """Whether who comes with that epoch has the key no more. 0 is nobody's: it has none to lose."""
        if not epoch:
            return False
        known = self._epochs.get(perm_auth_key_id, 0)
        if epoch < known:
            self.refused += 1
            return True
        if epoch > known:
            # Another bff gave it out, and tells us a little later.
            self._note(perm_auth_key_id, epoch)
        return False

    def _note(self, perm_auth_key_id: int, epoch: int) -> None:
        if epoch > self._epochs.get(perm_auth_key_id, 0):
            self._epochs[perm_auth_key_id] = epoch
            self._epochs.move_to_end(perm_auth_key_id)
            if len(self._epochs) > MAX_KNOWN:
                self._epochs.popitem(last=False)
