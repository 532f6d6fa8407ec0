from teamgram.cluster.protos import calls_pb2 as _calls_pb2
from teamgram.cluster.protos import frames_pb2 as _frames_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Done(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AuthKeyDestroyed(_message.Message):
    __slots__ = ("was_there",)
    WAS_THERE_FIELD_NUMBER: _ClassVar[int]
    was_there: bool
    def __init__(self, was_there: bool = ...) -> None: ...

class FutureSaltsRequest(_message.Message):
    __slots__ = ("auth_key_id", "now", "count")
    AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    auth_key_id: int
    now: int
    count: int
    def __init__(self, auth_key_id: _Optional[int] = ..., now: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class FutureSaltValue(_message.Message):
    __slots__ = ("valid_since", "valid_until", "salt")
    VALID_SINCE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    valid_since: int
    valid_until: int
    salt: int
    def __init__(self, valid_since: _Optional[int] = ..., valid_until: _Optional[int] = ..., salt: _Optional[int] = ...) -> None: ...

class FutureSalts(_message.Message):
    __slots__ = ("salts",)
    SALTS_FIELD_NUMBER: _ClassVar[int]
    salts: _containers.RepeatedCompositeFieldContainer[FutureSaltValue]
    def __init__(self, salts: _Optional[_Iterable[_Union[FutureSaltValue, _Mapping]]] = ...) -> None: ...

class ClientAsked(_message.Message):
    __slots__ = ("auth_key_id", "holder")
    AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    auth_key_id: int
    holder: str
    def __init__(self, auth_key_id: _Optional[int] = ..., holder: _Optional[str] = ...) -> None: ...

class SignedInClient(_message.Message):
    __slots__ = ("user_id", "device", "epoch")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    device: _calls_pb2.Device
    epoch: int
    def __init__(self, user_id: _Optional[int] = ..., device: _Optional[_Union[_calls_pb2.Device, _Mapping]] = ..., epoch: _Optional[int] = ...) -> None: ...

class ClientSeen(_message.Message):
    __slots__ = ("perm_auth_key_id", "device", "now", "epoch")
    PERM_AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    perm_auth_key_id: int
    device: _calls_pb2.Device
    now: int
    epoch: int
    def __init__(self, perm_auth_key_id: _Optional[int] = ..., device: _Optional[_Union[_calls_pb2.Device, _Mapping]] = ..., now: _Optional[int] = ..., epoch: _Optional[int] = ...) -> None: ...

class ClientTouched(_message.Message):
    __slots__ = ("perm_auth_key_id", "client_addr", "now", "epoch")
    PERM_AUTH_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ADDR_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    perm_auth_key_id: int
    client_addr: str
    now: int
    epoch: int
    def __init__(self, perm_auth_key_id: _Optional[int] = ..., client_addr: _Optional[str] = ..., now: _Optional[int] = ..., epoch: _Optional[int] = ...) -> None: ...
