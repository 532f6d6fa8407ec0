"""The wrappers around a query (page "Invoking API methods"), taken off one by one.

What is inside is passed on byte for byte; its own meaning is bff's business.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from sys import intern

from teamgram.interfaces.keys import ClientInfo
from teamgram.session.service_messages import GZIP_PACKED, MalformedMessage, parse_bytes, parse_msg_ids

INVOKE_WITH_LAYER = 0xDA9B0D0D
INIT_CONNECTION = 0xC1CD5EA9
INVOKE_AFTER_MSG = 0xCB9F372D
INVOKE_AFTER_MSGS = 0x3DC4B4F0
INVOKE_WITHOUT_UPDATES = 0xBF9459B7
INVOKE_WITH_MESSAGES_RANGE = 0x365275F2
INVOKE_WITH_TAKEOUT = 0xACA9FD2E
INVOKE_WITH_BUSINESS_CONNECTION = 0xDD289F8E
INVOKE_WITH_GOOGLE_PLAY_INTEGRITY = 0x1DF92984
INVOKE_WITH_APNS_SECRET = 0x0DAE54F8
INVOKE_WITH_RECAPTCHA = 0xADBB0F94

MAX_WRAPPERS = 16
"""Nesting that is followed; clients send three or four."""

MAX_JSON_VALUES = 1024
"""Values in ``initConnection``'s params; clients send half a dozen."""

_MESSAGE_RANGE = 0x0AE30253
_INPUT_CLIENT_PROXY = 0x75588B3F
_HAS_PROXY = 1
_HAS_PARAMS = 2
_MAX_FIELD_CHARS = 128

_uint = struct.Struct("<I").unpack_from
_int = struct.Struct("<i").unpack_from
_long = struct.Struct("<q").unpack_from


@dataclass(slots=True)
class UnwrappedQuery:
    """One query and what its wrappers said.

    Attributes:
        constructor_id: of ``query``.
        layer: 0 when ``invokeWithLayer`` was not there.
        client: what ``initConnection`` said, without layer and address.
        after: msg_ids that have to succeed first.
    """

    query: bytes
    constructor_id: int
    layer: int = 0
    client: ClientInfo | None = None
    no_updates: bool = False
    after: tuple[int, ...] = ()


def unwrap(body: bytes, gunzip: Callable[[bytes], bytes]) -> UnwrappedQuery:
    """Take every wrapper off ``body``, ``gzip_packed`` at any depth included.

    Args:
        gunzip: unpacks a ``gzip_packed``, within its bounds.

    Raises:
        MalformedMessage: a wrapper is cut short, or there are too many.
    """
    constructor_id = _uint(body)[0]
    invocation = UnwrappedQuery(body, constructor_id)
    offset = 0
    end = len(body)
    for _ in range(MAX_WRAPPERS):
        if constructor_id == GZIP_PACKED:
            body = gunzip(body[offset:])
            offset, end = 0, len(body)
        else:
            peel = _WRAPPERS.get(constructor_id)
            if peel is None:
                invocation.query = body[offset:] if offset else body
                invocation.constructor_id = constructor_id
                return invocation
            offset = peel(invocation, body, offset + 4, end)
        if end - offset < 4:
            raise MalformedMessage("no query in the wrapper")
        constructor_id = _uint(body, offset)[0]
    raise MalformedMessage("too many wrappers")


def _skip(end: int, offset: int, length: int) -> int:
    if end - offset < length:
        raise MalformedMessage("wrapper cut short")
    return offset + length


def _invoke_with_layer(invocation: UnwrappedQuery, body: bytes, offset: int, end: int) -> int:
    """invokeWithLayer#da9b0d0d {X:Type} layer:int query:!X = X;"""
    after = _skip(end, offset, 4)
    invocation.layer = _int(body, offset)[0]
    if invocation.layer <= 0:
        invocation.layer = -1
    return after


def _init_connection(invocation: UnwrappedQuery, body: bytes, offset: int, end: int) -> int:
    """initConnection#c1cd5ea9 {X:Type} flags:# api_id:int device_model:string system_version:string
    app_version:string system_lang_code:string lang_pack:string lang_code:string
    proxy:flags.0?InputClientProxy params:flags.1?JSONValue query:!X = X;
    """
    at = _skip(end, offset, 8)
    flags = _uint(body, offset)[0]
    api_id = _int(body, offset + 4)[0]
    fields = []
    for _ in range(6):
        field, at = parse_bytes(body, at, end)
        # Thousands of clients say the same; what none of them says any more goes with the last one.
        fields.append(intern(field.decode("utf-8", "replace")[:_MAX_FIELD_CHARS]))
    if flags & _HAS_PROXY:
        if _uint(body, _skip(end, at, 4) - 4)[0] != _INPUT_CLIENT_PROXY:
            raise MalformedMessage("unknown InputClientProxy")
        _, at = parse_bytes(body, at + 4, end)
        at = _skip(end, at, 4)
    if flags & _HAS_PARAMS:
        at = _skip_json_value(body, at, end)
    device_model, system_version, app_version, system_lang_code, lang_pack, lang_code = fields
    invocation.client = ClientInfo(
        api_id=api_id,
        device_model=device_model,
        system_version=system_version,
        app_version=app_version,
        system_lang_code=system_lang_code,
        lang_pack=lang_pack,
        lang_code=lang_code,
    )
    return at


_JSON_NULL = 0x3F6D7B68
_JSON_BOOL = 0xC7345E6A
_JSON_NUMBER = 0x2BE0DFA4
_JSON_STRING = 0xB71E767A
_JSON_ARRAY = 0xF7444763
_JSON_OBJECT = 0x99C1D49D
_JSON_OBJECT_VALUE = 0xC0DE1BD9


def _skip_json_value(body: bytes, offset: int, end: int) -> int:
    """Where the ``JSONValue`` at ``offset`` ends; values still to come are counted, not nested."""
    at = offset
    stepped_over = 0
    values = [(1, False)]  # how many follow, and whether each has a key before it
    while values:
        left, keyed = values.pop()
        if not left:
            continue
        values.append((left - 1, keyed))
        stepped_over += 1
        if stepped_over > MAX_JSON_VALUES:
            raise MalformedMessage("too many JSONValues")
        if keyed:
            at = _skip(end, at, 4)
            if _uint(body, at - 4)[0] != _JSON_OBJECT_VALUE:
                raise MalformedMessage("unknown JSONObjectValue")
            _, at = parse_bytes(body, at, end)
        at = _skip(end, at, 4)
        kind = _uint(body, at - 4)[0]
        if kind == _JSON_BOOL:
            at = _skip(end, at, 4)
        elif kind == _JSON_NUMBER:
            at = _skip(end, at, 8)
        elif kind == _JSON_STRING:
            _, at = parse_bytes(body, at, end)
        elif kind in (_JSON_ARRAY, _JSON_OBJECT):
            at = _skip(end, at, 8)
            count = _uint(body, at - 4)[0]
            if count > (end - at) // 4:
                raise MalformedMessage("JSONValue cut short")
            values.append((count, kind == _JSON_OBJECT))
        elif kind != _JSON_NULL:
            raise MalformedMessage("unknown JSONValue")
    return at


def _invoke_after_msg(invocation: UnwrappedQuery, body: bytes, offset: int, end: int) -> int:
    """invokeAfterMsg#cb9f372d {X:Type} msg_id:long query:!X = X;"""
    after = _skip(end, offset, 8)
    invocation.after += (_long(body, offset)[0],)
    return after


def _invoke_after_msgs(invocation: UnwrappedQuery, body: bytes, offset: int, end: int) -> int:
    """invokeAfterMsgs#3dc4b4f0 {X:Type} msg_ids:Vector<long> query:!X = X;"""
    msg_ids = parse_msg_ids(body, end, offset)
    invocation.after += msg_ids
    return offset + 8 + 8 * len(msg_ids)


def _invoke_without_updates(invocation: UnwrappedQuery, body: bytes, offset: int, end: int) -> int:
    """invokeWithoutUpdates#bf9459b7 {X:Type} query:!X = X;"""
    invocation.no_updates = True
    return offset


def _invoke_with_messages_range(invocation: UnwrappedQuery, body: bytes, offset: int, end: int) -> int:
    """invokeWithMessagesRange#365275f2 {X:Type} range:MessageRange query:!X = X;"""
    after = _skip(end, offset, 12)
    if _uint(body, offset)[0] != _MESSAGE_RANGE:
        raise MalformedMessage("unknown MessageRange")
    return after


def _invoke_with_takeout(invocation: UnwrappedQuery, body: bytes, offset: int, end: int) -> int:
    """invokeWithTakeout#aca9fd2e {X:Type} takeout_id:long query:!X = X;"""
    return _skip(end, offset, 8)


def _one_string(invocation: UnwrappedQuery, body: bytes, offset: int, end: int) -> int:
    """invokeWithBusinessConnection connection_id:string, invokeWithReCaptcha token:string."""
    return parse_bytes(body, offset, end)[1]


def _two_strings(invocation: UnwrappedQuery, body: bytes, offset: int, end: int) -> int:
    """invokeWithGooglePlayIntegrity nonce:string token:string, invokeWithApnsSecret nonce:string secret:string."""
    return parse_bytes(body, parse_bytes(body, offset, end)[1], end)[1]


_WRAPPERS: dict[int, Callable[[UnwrappedQuery, bytes, int, int], int]] = {
    INVOKE_WITH_LAYER: _invoke_with_layer,
    INIT_CONNECTION: _init_connection,
    INVOKE_AFTER_MSG: _invoke_after_msg,
    INVOKE_AFTER_MSGS: _invoke_after_msgs,
    INVOKE_WITHOUT_UPDATES: _invoke_without_updates,
    INVOKE_WITH_MESSAGES_RANGE: _invoke_with_messages_range,
    INVOKE_WITH_TAKEOUT: _invoke_with_takeout,
    INVOKE_WITH_BUSINESS_CONNECTION: _one_string,
    INVOKE_WITH_RECAPTCHA: _one_string,
    INVOKE_WITH_GOOGLE_PLAY_INTEGRITY: _two_strings,
    INVOKE_WITH_APNS_SECRET: _two_strings,
}


def same_device(known: ClientInfo, said: ClientInfo) -> ClientInfo:
    """``said`` with the layer and address of ``known``, to compare and to store."""
    return replace(said, layer=known.layer, client_addr=known.client_addr)
