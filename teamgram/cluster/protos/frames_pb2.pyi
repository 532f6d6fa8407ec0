from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuthKeyId(_message.Message):
    __slots__ = ("auth_key_id",)
    AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    auth_key_id: int
    def __init__(self, auth_key_id: _Optional[int] = ...) -> None: ...

class AuthKey(_message.Message):
    __slots__ = ("auth_key_id", "auth_key", "key_type", "perm_auth_key_id", "expires_at", "dc_id")
    AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    AUTH_KEY_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    PERM_AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    DC_ID_FIELD_NUMBER: _ClassVar[int]
    auth_key_id: int
    auth_key: bytes
    key_type: int
    perm_auth_key_id: int
    expires_at: int
    dc_id: int
    def __init__(self, auth_key_id: _Optional[int] = ..., auth_key: _Optional[bytes] = ..., key_type: _Optional[int] = ..., perm_auth_key_id: _Optional[int] = ..., expires_at: _Optional[int] = ..., dc_id: _Optional[int] = ...) -> None: ...

class AuthKeyFound(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: AuthKey
    def __init__(self, key: _Optional[_Union[AuthKey, _Mapping]] = ...) -> None: ...

class NewAuthKey(_message.Message):
    __slots__ = ("key", "first_salt")
    KEY_FIELD_NUMBER: _ClassVar[int]
    FIRST_SALT_FIELD_NUMBER: _ClassVar[int]
    key: AuthKey
    first_salt: int
    def __init__(self, key: _Optional[_Union[AuthKey, _Mapping]] = ..., first_salt: _Optional[int] = ...) -> None: ...

class AuthKeyStored(_message.Message):
    __slots__ = ("taken",)
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    taken: bool
    def __init__(self, taken: bool = ...) -> None: ...

class ToSession(_message.Message):
    __slots__ = ("gateway_id", "items")
    GATEWAY_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    gateway_id: str
    items: _containers.RepeatedCompositeFieldContainer[SessionItem]
    def __init__(self, gateway_id: _Optional[str] = ..., items: _Optional[_Iterable[_Union[SessionItem, _Mapping]]] = ...) -> None: ...

class SessionItem(_message.Message):
    __slots__ = ("frame", "closed", "written", "writable")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_FIELD_NUMBER: _ClassVar[int]
    WRITABLE_FIELD_NUMBER: _ClassVar[int]
    frame: FrameIn
    closed: SessionClosed
    written: Written
    writable: Writable
    def __init__(self, frame: _Optional[_Union[FrameIn, _Mapping]] = ..., closed: _Optional[_Union[SessionClosed, _Mapping]] = ..., written: _Optional[_Union[Written, _Mapping]] = ..., writable: _Optional[_Union[Writable, _Mapping]] = ...) -> None: ...

class Connection(_message.Message):
    __slots__ = ("client_addr", "local_addr", "transport")
    CLIENT_ADDR_FIELD_NUMBER: _ClassVar[int]
    LOCAL_ADDR_FIELD_NUMBER: _ClassVar[int]
    TRANSPORT_FIELD_NUMBER: _ClassVar[int]
    client_addr: str
    local_addr: str
    transport: str
    def __init__(self, client_addr: _Optional[str] = ..., local_addr: _Optional[str] = ..., transport: _Optional[str] = ...) -> None: ...

class FrameIn(_message.Message):
    __slots__ = ("conn_id", "auth_key_id", "key_type", "perm_auth_key_id", "session_id", "server_salt", "payload", "dc_id", "connection")
    CONN_ID_FIELD_NUMBER: _ClassVar[int]
    AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    PERM_AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_SALT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    DC_ID_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    conn_id: int
    auth_key_id: int
    key_type: int
    perm_auth_key_id: int
    session_id: int
    server_salt: int
    payload: bytes
    dc_id: int
    connection: Connection
    def __init__(self, conn_id: _Optional[int] = ..., auth_key_id: _Optional[int] = ..., key_type: _Optional[int] = ..., perm_auth_key_id: _Optional[int] = ..., session_id: _Optional[int] = ..., server_salt: _Optional[int] = ..., payload: _Optional[bytes] = ..., dc_id: _Optional[int] = ..., connection: _Optional[_Union[Connection, _Mapping]] = ...) -> None: ...

class SessionClosed(_message.Message):
    __slots__ = ("conn_id", "auth_key_id", "perm_auth_key_id", "session_id", "connection_closed")
    CONN_ID_FIELD_NUMBER: _ClassVar[int]
    AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PERM_AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_CLOSED_FIELD_NUMBER: _ClassVar[int]
    conn_id: int
    auth_key_id: int
    perm_auth_key_id: int
    session_id: int
    connection_closed: bool
    def __init__(self, conn_id: _Optional[int] = ..., auth_key_id: _Optional[int] = ..., perm_auth_key_id: _Optional[int] = ..., session_id: _Optional[int] = ..., connection_closed: bool = ...) -> None: ...

class Written(_message.Message):
    __slots__ = ("conn_id", "bytes")
    CONN_ID_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    conn_id: int
    bytes: int
    def __init__(self, conn_id: _Optional[int] = ..., bytes: _Optional[int] = ...) -> None: ...

class Writable(_message.Message):
    __slots__ = ("conn_id", "writable")
    CONN_ID_FIELD_NUMBER: _ClassVar[int]
    WRITABLE_FIELD_NUMBER: _ClassVar[int]
    conn_id: int
    writable: bool
    def __init__(self, conn_id: _Optional[int] = ..., writable: bool = ...) -> None: ...

class ToGateway(_message.Message):
    __slots__ = ("items", "leaving", "yields")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    LEAVING_FIELD_NUMBER: _ClassVar[int]
    YIELDS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[GatewayItem]
    leaving: bool
    yields: bool
    def __init__(self, items: _Optional[_Iterable[_Union[GatewayItem, _Mapping]]] = ..., leaving: bool = ..., yields: bool = ...) -> None: ...

class GatewayItem(_message.Message):
    __slots__ = ("frame", "taken", "close", "forget_auth_key", "key_bound")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    FORGET_AUTH_KEY_FIELD_NUMBER: _ClassVar[int]
    KEY_BOUND_FIELD_NUMBER: _ClassVar[int]
    frame: FrameOut
    taken: Taken
    close: CloseConnection
    forget_auth_key: int
    key_bound: BoundKey
    def __init__(self, frame: _Optional[_Union[FrameOut, _Mapping]] = ..., taken: _Optional[_Union[Taken, _Mapping]] = ..., close: _Optional[_Union[CloseConnection, _Mapping]] = ..., forget_auth_key: _Optional[int] = ..., key_bound: _Optional[_Union[BoundKey, _Mapping]] = ...) -> None: ...

class FrameOut(_message.Message):
    __slots__ = ("conn_id", "auth_key_id", "server_salt", "session_id", "payload")
    CONN_ID_FIELD_NUMBER: _ClassVar[int]
    AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_SALT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    conn_id: int
    auth_key_id: int
    server_salt: int
    session_id: int
    payload: bytes
    def __init__(self, conn_id: _Optional[int] = ..., auth_key_id: _Optional[int] = ..., server_salt: _Optional[int] = ..., session_id: _Optional[int] = ..., payload: _Optional[bytes] = ...) -> None: ...

class Taken(_message.Message):
    __slots__ = ("conn_id", "bytes")
    CONN_ID_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    conn_id: int
    bytes: int
    def __init__(self, conn_id: _Optional[int] = ..., bytes: _Optional[int] = ...) -> None: ...

class CloseConnection(_message.Message):
    __slots__ = ("conn_id", "reason")
    CONN_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    conn_id: int
    reason: str
    def __init__(self, conn_id: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class BoundKey(_message.Message):
    __slots__ = ("auth_key_id", "key_type", "perm_auth_key_id", "expires_at", "dc_id")
    AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    PERM_AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    DC_ID_FIELD_NUMBER: _ClassVar[int]
    auth_key_id: int
    key_type: int
    perm_auth_key_id: int
    expires_at: int
    dc_id: int
    def __init__(self, auth_key_id: _Optional[int] = ..., key_type: _Optional[int] = ..., perm_auth_key_id: _Optional[int] = ..., expires_at: _Optional[int] = ..., dc_id: _Optional[int] = ...) -> None: ...
