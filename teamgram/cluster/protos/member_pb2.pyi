from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MemberStatus(_message.Message):
    __slots__ = ("role", "process", "version", "up_seconds", "leads", "not_ready", "degraded", "streams", "load")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    PROCESS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UP_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LEADS_FIELD_NUMBER: _ClassVar[int]
    NOT_READY_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    role: str
    process: str
    version: str
    up_seconds: int
    leads: bool
    not_ready: _containers.RepeatedScalarFieldContainer[str]
    degraded: _containers.RepeatedScalarFieldContainer[str]
    streams: _containers.RepeatedCompositeFieldContainer[StreamStatus]
    load: int
    def __init__(self, role: _Optional[str] = ..., process: _Optional[str] = ..., version: _Optional[str] = ..., up_seconds: _Optional[int] = ..., leads: bool = ..., not_ready: _Optional[_Iterable[str]] = ..., degraded: _Optional[_Iterable[str]] = ..., streams: _Optional[_Iterable[_Union[StreamStatus, _Mapping]]] = ..., load: _Optional[int] = ...) -> None: ...

class StreamStatus(_message.Message):
    __slots__ = ("peer", "waiting_bytes", "sent_items", "sent_messages")
    PEER_FIELD_NUMBER: _ClassVar[int]
    WAITING_BYTES_FIELD_NUMBER: _ClassVar[int]
    SENT_ITEMS_FIELD_NUMBER: _ClassVar[int]
    SENT_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    peer: str
    waiting_bytes: int
    sent_items: int
    sent_messages: int
    def __init__(self, peer: _Optional[str] = ..., waiting_bytes: _Optional[int] = ..., sent_items: _Optional[int] = ..., sent_messages: _Optional[int] = ...) -> None: ...

class DrainRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Draining(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
