"""All open connections: their numbers, their dates in the wheel, how they begin and end.

Plain Python but for the logger. Every transport's edge opens its connections
here and reports their loss; whoever wants one closed (the wheel, the frame
path, session, an operator) does it here, so each end has one log line with
its reason.
"""

from collections.abc import Callable, Iterator
from sys import intern

from twisted.logger import Logger

from teamgram.gnetway.conn_context import ConnContext, Link
from teamgram.gnetway.settings import GnetwaySettings
from teamgram.gnetway.time_wheel import TimeWheel
from teamgram.gnetway.unfinished import SMALL_BYTES, UnfinishedFrames
from teamgram.interfaces.session import ConnRef, SessionInbound
from teamgram.net.addresses import address_group
from teamgram.net.connection_counts import ConnectionCounts


class Connections:
    """The table of open connections of this process.

    Attributes:
        opened: connections accepted since the start.
        refused: connections turned away for a limit.
        unfinished: frames that have begun.
        wheel: the timing wheel; ``tick`` turns it.
    """

    _log = Logger()

    def __init__(
        self,
        session: SessionInbound,
        settings: GnetwaySettings,
        seconds: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """
        Args:
            seconds: the time, unix seconds.
            random: a number in 0..1, for the jitter.
        """
        self._session = session
        self._settings = settings
        self._seconds = seconds
        self._random = random
        self._by_id: dict[int, ConnContext] = {}
        self._counts = ConnectionCounts(settings.max_connections, settings.max_connections_per_address)
        self.unfinished = UnfinishedFrames(settings.max_unfinished_bytes, settings.max_unfinished_bytes_per_address)
        self._last_id = 0
        self.opened = 0
        self.refused = 0
        self.wheel: TimeWheel[ConnContext] = TimeWheel(seconds())

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[ConnContext]:
        return iter(list(self._by_id.values()))

    def get(self, conn_id: int) -> ConnContext | None:
        """The open connection of that number."""
        return self._by_id.get(conn_id)

    def open(self, kind: str, client: tuple[str, int], local: tuple[str, int], link: Link) -> ConnContext | None:
        """A connection was accepted; None when a limit says to drop it at once.

        Args:
            client, local: host and port of the two ends.
        """
        address = address_group(client[0])
        if not self._counts.open(address):
            self.refused += 1
            self._log.warn("connection from {client} refused: too many are open", client=_host_port(client))
            return None
        settings = self._settings
        idle = settings.http_idle_timeout if kind == "http" else settings.idle_timeout
        self._last_id += 1
        conn = ConnContext(
            ref=ConnRef(settings.gateway_id, self._last_id),
            kind=kind,
            client_addr=_host_port(client),
            # One object for all connections of a listener on one address.
            local_addr=intern(_host_port(local)),
            address=address,
            close_date=self._seconds() + settings.first_frame_timeout,
            # Drawn once a connection: clients that came together still leave apart.
            idle_seconds=idle + self._random() * settings.idle_jitter,
            link=link,
        )
        self._by_id[self._last_id] = conn
        self.wheel.schedule(conn)
        self.opened += 1
        # One line a connection, written when it ends: two cost as much as half a key exchange's arithmetic.
        self._log.debug(
            "connection {conn_id} opened: {kind} from {client} to {local}",
            conn_id=self._last_id,
            kind=kind,
            client=conn.client_addr,
            local=conn.local_addr,
        )
        return conn

    def lost(self, conn: ConnContext, reason: str) -> None:
        """The transport is gone; tells session about every session seen there.

        An HTTP connection ends with each answer; its sessions live on.
        """
        if self._by_id.pop(conn.ref.conn_id, None) is None:
            return
        self.wheel.discard(conn)
        if conn.holds_unfinished:
            self.unfinished.release(conn)
        self._counts.close(conn.address)
        self._log.info(
            "connection {conn_id} closed: {reason} ({kind} from {client} to {local}, auth key {auth_key_id})",
            conn_id=conn.ref.conn_id,
            reason=conn.closing or reason,
            kind=conn.kind,
            client=conn.client_addr,
            local=conn.local_addr,
            auth_key_id=conn.key.auth_key_id if conn.key is not None else 0,
        )
        conn.lost = True
        conn.held_frame = conn.held_data = conn.sealing = None
        if conn.kind != "http":
            for (auth_key_id, session_id), key in list(conn.sessions.items()):
                self._session.close_session(key.info.perm_auth_key_id, auth_key_id, session_id, conn.ref)

    def close(self, conn: ConnContext, reason: str) -> None:
        """Take nothing more, let leave what was written, and close; at the latest after ``close_timeout``."""
        if conn.closing:
            return
        if conn.sealing is not None:
            # It counts as written.
            conn.sealing.finish()
        conn.closing = reason
        conn.close_date = self._seconds() + self._settings.close_timeout
        self.wheel.schedule(conn)
        conn.link.close()

    def abort(self, conn: ConnContext, reason: str) -> None:
        """Close at once and drop what was written."""
        conn.closing = conn.closing or reason
        conn.link.abort()

    def refuse(self, conn: ConnContext, reason: str) -> None:
        """Close a connection whose peer breaks the rules."""
        if not conn.closing:
            self._log.warn(
                "connection {conn_id} from {client} refused: {reason}",
                conn_id=conn.ref.conn_id,
                client=conn.client_addr,
                reason=reason,
            )
        self.close(conn, reason)

    def close_later(self, conn: ConnContext, seconds: float) -> None:
        """Have the wheel close it then unless it is closed or moved on before."""
        conn.close_date = self._seconds() + seconds
        self.wheel.schedule(conn)

    def tick(self) -> None:
        """Close what is idle and abort what was to be closed and does not go."""
        for conn in self.wheel.advance(self._seconds()):
            if conn.closing:
                conn.link.abort()
            else:
                self.close(conn, conn.close_reason)

    def holds(self, conn: ConnContext, size: int) -> None:
        """The connection has so many bytes of a frame that is not all there; who waits longest may have to go."""
        if size > SMALL_BYTES or conn.holds_unfinished:
            leaves = self.unfinished.hold(conn, size)
            if leaves is not None:
                self.unfinished.release(leaves)
                self.refuse(leaves, "too much of unfinished frames")

    def write_blocked(self, conn: ConnContext) -> None:
        """The send buffer is over its mark: session holds back."""
        if not conn.buffer_full:
            conn.buffer_full = True
            self.room_changed(conn)

    def write_drained(self, conn: ConnContext) -> None:
        """The send buffer is empty again."""
        if conn.buffer_full:
            conn.buffer_full = False
            self.room_changed(conn)

    def room_changed(self, conn: ConnContext) -> None:
        """Its send buffer filled up or drained, or a large frame began or ended: session hears of what that changes."""
        writable = not conn.buffer_full and conn.sealing is None
        if writable is conn.writable:
            return
        conn.writable = writable
        if not writable:
            conn.unsent_bytes = 0
        if not conn.closing:
            self._session.set_writable(conn.ref, writable)

    def written_while_blocked(self, conn: ConnContext, size: int) -> None:
        """Count what was written although the buffer is over its mark; a peer that never reads is cut off."""
        conn.unsent_bytes += size
        if conn.unsent_bytes > self._settings.max_send_buffer_bytes:
            self.abort(conn, "does not read")


def _host_port(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
