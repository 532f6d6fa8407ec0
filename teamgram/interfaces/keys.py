"""Auth keys as they cross between gnetway, session, bff and authsession.

Every 64-bit identifier in this project (auth_key_id, session_id, msg_id,
server_salt) is a *signed* int, as TL's ``long`` and SQL's ``BIGINT`` have it.
"""

from dataclasses import dataclass
from enum import IntEnum


class AuthKeyType(IntEnum):
    """What a key may be used for; the numbers are stored in the database."""

    PERM = 0
    TEMP = 1
    MEDIA_TEMP = 2


@dataclass(frozen=True, slots=True)
class AuthKeyInfo:
    """One auth key.

    Attributes:
        auth_key: the 256-byte key itself; never logged.
        perm_auth_key_id: the permanent key it speaks for: itself for a
            permanent key, 0 for a temporary key that is not bound yet.
        expires_at: unix seconds, 0 for never.
        dc_id: the data centre that its client made it for, a bound temporary
            key's that of its permanent key; 0 when the exchange named none.
    """

    auth_key_id: int
    auth_key: bytes
    key_type: AuthKeyType
    perm_auth_key_id: int
    expires_at: int = 0
    dc_id: int = 0

    def __repr__(self) -> str:
        return f"<AuthKeyInfo {self.auth_key_id} {self.key_type.name} of {self.perm_auth_key_id}>"


@dataclass(frozen=True, slots=True)
class FutureSalt:
    """A server salt and the unix seconds between which it is accepted."""

    valid_since: int
    valid_until: int
    salt: int


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """What ``initConnection`` said about a device, and the layer it speaks."""

    layer: int = 0
    api_id: int = 0
    device_model: str = ""
    system_version: str = ""
    app_version: str = ""
    system_lang_code: str = ""
    lang_pack: str = ""
    lang_code: str = ""
    client_addr: str = ""


@dataclass(frozen=True, slots=True)
class Authorization:
    """A signed-in key: one row of ``account.getAuthorizations``, unless it is a device's second one.

    Attributes:
        carried_from: the permanent key whose authorization it imported, as a
            client does that talks to several data centres; 0 when it signed in
            by itself.
    """

    perm_auth_key_id: int
    user_id: int
    client: ClientInfo
    created_at: int
    active_at: int
    hash: int
    carried_from: int = 0
