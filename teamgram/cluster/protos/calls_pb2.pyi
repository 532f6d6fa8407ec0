from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ToBff(_message.Message):
    __slots__ = ("server", "items")
    SERVER_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    server: str
    items: _containers.RepeatedCompositeFieldContainer[BffItem]
    def __init__(self, server: _Optional[str] = ..., items: _Optional[_Iterable[_Union[BffItem, _Mapping]]] = ...) -> None: ...

class BffItem(_message.Message):
    __slots__ = ("call", "cancel", "event")
    CALL_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    call: RpcCall
    cancel: int
    event: BusEvent
    def __init__(self, call: _Optional[_Union[RpcCall, _Mapping]] = ..., cancel: _Optional[int] = ..., event: _Optional[_Union[BusEvent, _Mapping]] = ...) -> None: ...

class RpcCall(_message.Message):
    __slots__ = ("id", "caller", "msg_id", "service", "method", "body", "no_updates")
    ID_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    MSG_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    NO_UPDATES_FIELD_NUMBER: _ClassVar[int]
    id: int
    caller: bytes
    msg_id: int
    service: str
    method: str
    body: bytes
    no_updates: bool
    def __init__(self, id: _Optional[int] = ..., caller: _Optional[bytes] = ..., msg_id: _Optional[int] = ..., service: _Optional[str] = ..., method: _Optional[str] = ..., body: _Optional[bytes] = ..., no_updates: bool = ...) -> None: ...

class Caller(_message.Message):
    __slots__ = ("perm_auth_key_id", "auth_key_id", "key_type", "session_id", "user_id", "layer", "device", "client_addr", "local_addr", "transport", "dc_id", "epoch")
    PERM_AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ADDR_FIELD_NUMBER: _ClassVar[int]
    LOCAL_ADDR_FIELD_NUMBER: _ClassVar[int]
    TRANSPORT_FIELD_NUMBER: _ClassVar[int]
    DC_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    perm_auth_key_id: int
    auth_key_id: int
    key_type: int
    session_id: int
    user_id: int
    layer: int
    device: Device
    client_addr: str
    local_addr: str
    transport: str
    dc_id: int
    epoch: int
    def __init__(self, perm_auth_key_id: _Optional[int] = ..., auth_key_id: _Optional[int] = ..., key_type: _Optional[int] = ..., session_id: _Optional[int] = ..., user_id: _Optional[int] = ..., layer: _Optional[int] = ..., device: _Optional[_Union[Device, _Mapping]] = ..., client_addr: _Optional[str] = ..., local_addr: _Optional[str] = ..., transport: _Optional[str] = ..., dc_id: _Optional[int] = ..., epoch: _Optional[int] = ...) -> None: ...

class Device(_message.Message):
    __slots__ = ("layer", "api_id", "device_model", "system_version", "app_version", "system_lang_code", "lang_pack", "lang_code", "client_addr")
    LAYER_FIELD_NUMBER: _ClassVar[int]
    API_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_MODEL_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_VERSION_FIELD_NUMBER: _ClassVar[int]
    APP_VERSION_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_LANG_CODE_FIELD_NUMBER: _ClassVar[int]
    LANG_PACK_FIELD_NUMBER: _ClassVar[int]
    LANG_CODE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ADDR_FIELD_NUMBER: _ClassVar[int]
    layer: int
    api_id: int
    device_model: str
    system_version: str
    app_version: str
    system_lang_code: str
    lang_pack: str
    lang_code: str
    client_addr: str
    def __init__(self, layer: _Optional[int] = ..., api_id: _Optional[int] = ..., device_model: _Optional[str] = ..., system_version: _Optional[str] = ..., app_version: _Optional[str] = ..., system_lang_code: _Optional[str] = ..., lang_pack: _Optional[str] = ..., lang_code: _Optional[str] = ..., client_addr: _Optional[str] = ...) -> None: ...

class FromBff(_message.Message):
    __slots__ = ("items", "leaving")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    LEAVING_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[BffAnswer]
    leaving: bool
    def __init__(self, items: _Optional[_Iterable[_Union[BffAnswer, _Mapping]]] = ..., leaving: bool = ...) -> None: ...

class BffAnswer(_message.Message):
    __slots__ = ("result", "event")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    result: RpcResult
    event: BusEvent
    def __init__(self, result: _Optional[_Union[RpcResult, _Mapping]] = ..., event: _Optional[_Union[BusEvent, _Mapping]] = ...) -> None: ...

class RpcResult(_message.Message):
    __slots__ = ("id", "result", "error_code", "error_message", "held_elsewhere")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    HELD_ELSEWHERE_FIELD_NUMBER: _ClassVar[int]
    id: int
    result: bytes
    error_code: int
    error_message: str
    held_elsewhere: bool
    def __init__(self, id: _Optional[int] = ..., result: _Optional[bytes] = ..., error_code: _Optional[int] = ..., error_message: _Optional[str] = ..., held_elsewhere: bool = ...) -> None: ...

class BusEvent(_message.Message):
    __slots__ = ("kind", "body")
    KIND_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    kind: str
    body: bytes
    def __init__(self, kind: _Optional[str] = ..., body: _Optional[bytes] = ...) -> None: ...
