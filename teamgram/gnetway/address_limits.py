"""What one client address may take: connections at a time, key exchanges a second."""

from collections import OrderedDict

#: Addresses remembered at a time; the longest unused is forgotten, which only ever favours a client.
MAX_ADDRESSES = 50_000


class TokenBuckets:
    """A token bucket for each address: ``rate`` a second, ``burst`` at once."""

    def __init__(self, rate: float, burst: float, max_addresses: int = MAX_ADDRESSES) -> None:
        self._rate = rate
        self._burst = burst
        self._max_addresses = max_addresses
        # address: (tokens left, when that was counted)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, address: str, now: float) -> bool:
        """Take one token; False when there is none."""
        tokens, counted_at = self._buckets.get(address, (self._burst, now))
        tokens = min(self._burst, tokens + max(now - counted_at, 0.0) * self._rate)
        allowed = tokens >= 1.0
        self._buckets[address] = (tokens - 1.0 if allowed else tokens, now)
        self._buckets.move_to_end(address)
        if len(self._buckets) > self._max_addresses:
            self._buckets.popitem(last=False)
        return allowed


class ConnectionCounts:
    """Open connections, in all and by address."""

    def __init__(self, max_connections: int, max_per_address: int) -> None:
        self._max_connections = max_connections
        self._max_per_address = max_per_address
        self._by_address: dict[str, int] = {}
        self.total = 0

    def open(self, address: str) -> bool:
        """Count one more; False, and nothing counted, when that is above a limit."""
        count = self._by_address.get(address, 0)
        if self.total >= self._max_connections or count >= self._max_per_address:
            return False
        self._by_address[address] = count + 1
        self.total += 1
        return True

    def close(self, address: str) -> None:
        """Count one less."""
        count = self._by_address[address]
        if count == 1:
            del self._by_address[address]
        else:
            self._by_address[address] = count - 1
        self.total -= 1
