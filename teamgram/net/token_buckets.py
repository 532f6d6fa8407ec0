"""Token buckets: how much of something one subject may do in a row, and per second. Plain Python.

A subject is whatever is counted: an address, an auth key, a user.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil

NEVER = 86_400
"""Seconds that are said where a limit of 0 a second lets nothing more through."""


@dataclass(frozen=True, slots=True)
class Limit:
    """``burst`` in a row, then ``per_second`` of them."""

    burst: float
    per_second: float


class TokenBuckets:
    """One bucket for each subject; the least recently used are forgotten first, which only ever favours a client."""

    def __init__(self, limit: Limit, max_tracked: int) -> None:
        self.limit = limit
        self._max_tracked = max_tracked
        # subject: (tokens left, when that was counted)
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, subject: Hashable, now: float) -> int:
        """Take one token: 0, or the seconds until there is one."""
        limit = self.limit
        levels = self._levels
        tokens, since = levels.get(subject, (limit.burst, now))
        tokens = min(limit.burst, tokens + max(0.0, now - since) * limit.per_second)
        wait = 0
        if tokens >= 1:
            tokens -= 1
        elif limit.per_second > 0:
            wait = max(1, ceil((1 - tokens) / limit.per_second))
        else:
            wait = NEVER
        levels[subject] = (tokens, now)
        levels.move_to_end(subject)
        if len(levels) > self._max_tracked:
            levels.popitem(last=False)
        else:
            self._forget_full(now)
        return wait

    def _forget_full(self, now: float) -> None:
        """A bucket that has filled up since is as one that was never touched; one at a time, the oldest."""
        limit = self.limit
        oldest, (tokens, since) = next(iter(self._levels.items()))
        if tokens + max(0.0, now - since) * limit.per_second >= limit.burst:
            del self._levels[oldest]
