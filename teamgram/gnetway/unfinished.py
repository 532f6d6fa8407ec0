"""What connections hold of frames that have not all arrived, and who goes when that is too much.

A frame may have a megabyte, and a stranger as many connections as an address
may have: what counts is the bytes of all of them. The connection that has
waited longest goes, for a client in a hurry sends its frame to the end.
"""

from teamgram.gnetway.conn_context import ConnContext

SMALL_BYTES = 16 << 10
"""So much a connection may hold uncounted: nearly every frame is shorter."""


class UnfinishedFrames:
    """Bytes of begun frames, by address and connection, the longest waiting first.

    Attributes:
        total_bytes: of all connections.
    """

    def __init__(self, max_bytes: int, max_bytes_per_address: int) -> None:
        self._max_bytes = max_bytes
        self._max_bytes_per_address = max_bytes_per_address
        self._by_address: dict[str, dict[ConnContext, int]] = {}
        self._bytes_of: dict[str, int] = {}
        self.total_bytes = 0

    def hold(self, conn: ConnContext, size: int) -> ConnContext | None:
        """``conn`` holds so much now; the connection to close for it, if any."""
        if size <= SMALL_BYTES:
            self.release(conn)
            return None
        address = conn.address
        held = self._by_address.setdefault(address, {})
        change = size - held.get(conn, 0)
        held[conn] = size
        conn.holds_unfinished = True
        self.total_bytes += change
        of_address = self._bytes_of[address] = self._bytes_of.get(address, 0) + change
        if change <= 0:
            return None
        if of_address > self._max_bytes_per_address:
            return next(iter(held))
        if self.total_bytes > self._max_bytes:
            greediest = max(self._bytes_of, key=self._bytes_of.__getitem__)
            return next(iter(self._by_address[greediest]))
        return None

    def release(self, conn: ConnContext) -> None:
        """``conn`` has taken its frame, or is gone."""
        conn.holds_unfinished = False
        held = self._by_address.get(conn.address)
        size = held.pop(conn, 0) if held is not None else 0
        if not size:
            return
        self.total_bytes -= size
        self._bytes_of[conn.address] -= size
        if not held:
            del self._by_address[conn.address], self._bytes_of[conn.address]
