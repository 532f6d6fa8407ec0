"""What one client address may take: connections at a time."""


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
