"""What crosses between gnetway and session, and what bff tells session about keys."""

from dataclasses import dataclass
from typing import Protocol

from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType


class DataChannelFull(Exception):
    """The wrapper's ``session_data_chan`` is full (teamgram's ``ErrDataChannelFull``).

    The frame was *not* taken. gnetway keeps it, pauses that connection and
    offers it again when session calls ``Gateway.resume_reading``.
    """


@dataclass(frozen=True, slots=True)
class ConnRef:
    """One client connection: which gateway process holds it and its number there."""

    gateway_id: str
    conn_id: int


@dataclass(slots=True)
class SessionData:
    """One decrypted frame on its way to session.

    ``dc_id`` is the key's (``AuthKeyInfo.dc_id``).
    ``payload`` is the plaintext from offset 16 (after salt and session_id),
    without padding: msg_id:long seq_no:int bytes:int body.
    """

    conn: ConnRef
    auth_key_id: int
    key_type: AuthKeyType
    perm_auth_key_id: int
    session_id: int
    server_salt: int
    client_addr: str
    local_addr: str
    transport: str
    payload: bytes
    dc_id: int = 0


class SessionInbound(Protocol):
    """What gnetway calls on session. Nothing here waits."""

    def send_data(self, data: SessionData) -> None:
        """Queue one frame.

        Raises:
            DataChannelFull: take it back, pause, wait for ``resume_reading``.
        """

    def close_session(self, perm_auth_key_id: int, auth_key_id: int, session_id: int, conn: ConnRef) -> None:
        """That connection no longer carries that session."""

    def set_writable(self, conn: ConnRef, writable: bool) -> None:
        """The connection's send buffer filled up (False) or drained (True)."""


class Gateway(Protocol):
    """What session calls on gnetway. Nothing here waits."""

    def send_data(self, conn: ConnRef, auth_key_id: int, server_salt: int, session_id: int, payload: bytes) -> bool:
        """Encrypt ``payload`` (msg_id, seq_no, length, body; no padding) and write it; False: it is gone."""

    def resume_reading(self, conn: ConnRef) -> None:
        """Room again in the queue that refused this connection's frame."""

    def close(self, conn: ConnRef, reason: str) -> None:
        """Close one connection after what was written has left; ``reason`` is logged."""

    def forget_auth_key(self, auth_key_id: int) -> None:
        """The key was bound, destroyed or expired: drop it from the cache; close its connections if it is gone."""

    def key_changed(self, key: AuthKeyInfo) -> None:
        """The key's binding changed: replace it in the cache, keep its connections."""


class SessionControl(Protocol):
    """What bff tells session about keys, after it is stored. Nothing here waits."""

    def user_signed_in(self, perm_auth_key_id: int, user_id: int) -> None:
        """From now on requests of this key carry this user_id and its updates are pushed to it."""

    def user_signed_out(self, perm_auth_key_id: int) -> None:
        """From now on requests of this key carry user_id 0. The key itself stays."""

    def key_bound(self, key: AuthKeyInfo) -> None:
        """A temporary key was bound: its sessions move to the permanent key's wrapper."""

    def key_destroyed(self, auth_key_id: int) -> None:
        """The key is gone: its sessions end and its connections are closed."""
