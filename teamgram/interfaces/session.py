"""What crosses between gnetway and session, and what session is told about keys."""

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

    def key_bound(self, bound: "KeyBound") -> None:
        """The key's binding changed: change it in the cache, keep its connections."""


# What became of keys, told over the bus (``interfaces.bus``) after it is stored. Whoever does not have a key in memory
# reads it with its next frame, as it is then.


@dataclass(frozen=True, slots=True)
class UserSignedIn:
    """From now on requests of this key carry this user_id, and its updates are pushed to it."""

    perm_auth_key_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class UserSignedOut:
    """From now on requests of this key carry user_id 0. The key itself stays."""

    perm_auth_key_id: int


@dataclass(frozen=True, slots=True)
class KeyBound:
    """A temporary key was bound: its sessions move to the permanent key's wrapper. The secret itself does not cross.

    Attributes:
        expires_at: unix seconds.
        dc_id: the permanent key's.
    """

    auth_key_id: int
    key_type: AuthKeyType
    perm_auth_key_id: int
    expires_at: int
    dc_id: int = 0

    @classmethod
    def of(cls, key: AuthKeyInfo) -> "KeyBound":
        """What is told of a key as it is bound now."""
        return cls(key.auth_key_id, key.key_type, key.perm_auth_key_id, key.expires_at, key.dc_id)


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """A session process holds a key from now on: another one that has it, with a lower epoch, lets go of it.

    Attributes:
        holder: that process's name.
    """

    perm_auth_key_id: int
    holder: str
    epoch: int


@dataclass(frozen=True, slots=True)
class KeyDestroyed:
    """The key is gone: its sessions end and its connections are closed."""

    auth_key_id: int
