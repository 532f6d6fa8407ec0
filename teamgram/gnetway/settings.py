"""What an operator may set about the edge; filled from ``gnetway.yaml`` by app."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """One address to listen on and what is spoken there.

    Attributes:
        kind: ``tcp``, ``websocket`` or ``http``.
        host: an address, not a name; IPv6 without brackets.
        port: 0 takes a free one (``GnetwayService.addresses`` tells which).
        proxy_protocol_from: addresses or networks whose PROXY header is
            believed *and required*; empty: no header is expected from anyone.
        cert_file, key_file: PEM files; TLS when both are given.
        secret: 16-byte obfuscated2 secret, or None.
        secret_padded_only: the secret was written with ``dd``: only the
            padded intermediate transport is accepted inside.
        allowed_origins: WebSocket and HTTP: ``Origin`` values that a browser
            may come from; empty: any.
    """

    kind: str
    host: str
    port: int
    proxy_protocol_from: tuple[str, ...] = ()
    cert_file: str = ""
    key_file: str = ""
    secret: bytes | None = field(default=None, repr=False)
    secret_padded_only: bool = False
    allowed_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GnetwaySettings:
    """Bounds of the edge, each with a default that suits one machine.

    Attributes:
        gateway_id: this process's name in ``ConnRef``.
        dc_id: our own data centre; key exchanges for 1 to 5 are taken, too, any other is refused.
        first_frame_timeout: seconds a connection may take to its first valid frame.
        idle_timeout: seconds after a valid frame, for TCP and WebSocket.
        http_idle_timeout: the same for HTTP.
        idle_jitter: up to so many seconds more, drawn for each connection.
        close_timeout: seconds that a closed connection's peer has to read what was written.
        max_frame_bytes: the largest frame taken from a client.
        send_buffer_bytes: buffered bytes past which session is told to hold back.
        max_send_buffer_bytes: bytes written past that mark before the connection is aborted.
        max_unfinished_bytes, max_unfinished_bytes_per_address: begun frames of
            all connections; past it the one that has waited longest is closed.
        max_connections, max_connections_per_address: above them new connections are refused.
        max_sessions_per_connection: the oldest is closed when a connection opens more.
        auth_key_cache: keys kept in memory.
        unknown_key_memory: seconds that an unknown auth_key_id is remembered as unknown.
        auth_key_query_timeout: seconds until a silent ``query_auth_key`` closes the connections waiting.
        max_exchanges: key exchanges in progress, all connections together.
        exchange_timeout: seconds from ``req_pq`` to the key.
        key_exchanges_per_second: per client address; above it the answer is -429.
        drain_timeout: seconds that a stop waits for connections to take what was written.
    """

    gateway_id: str = "gnetway"
    dc_id: int = 2
    first_frame_timeout: float = 30.0
    idle_timeout: float = 300.0
    http_idle_timeout: float = 60.0
    idle_jitter: float = 9.0
    close_timeout: float = 5.0
    max_frame_bytes: int = 1 << 20
    send_buffer_bytes: int = 64 << 10
    max_send_buffer_bytes: int = 1 << 20
    max_unfinished_bytes: int = 256 << 20
    max_unfinished_bytes_per_address: int = 64 << 20
    max_connections: int = 50_000
    max_connections_per_address: int = 20_000
    max_sessions_per_connection: int = 64
    auth_key_cache: int = 20_000
    unknown_key_memory: float = 5.0
    auth_key_query_timeout: float = 15.0
    max_exchanges: int = 10_000
    exchange_timeout: float = 60.0
    key_exchanges_per_second: float = 400.0
    drain_timeout: float = 5.0
