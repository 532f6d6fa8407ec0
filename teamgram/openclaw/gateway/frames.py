"""Frames of protocol 4 as values: requests in, responses and events out. Plain Python.

What a client may send is ``{"type":"req","id","method","params"?}``; what it
gets is ``res`` and ``event``. Shape errors are worded as the reference
gateway words them, because clients print them.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

#: Largest message before and after hello.
MAX_PAYLOAD_BEFORE_HELLO = 65536
MAX_PAYLOAD = 26214400

_REQUEST_PROPERTIES = ("type", "id", "method", "params", "traceparent", "expectedProfileId")


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """One request as it was sent."""

    type: Literal["req"]
    id: str
    method: str
    params: Any = None
    traceparent: str | None = None
    expectedProfileId: str | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """JSON that is no request: the id to answer with (as sent, even a number) and what is wrong."""

    id: Any
    problem: str
    value: Any


#: A pair, half of one (in the group), any other escape; in this order, so that no backslash is taken for another's.
_HALVES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)

_decode_request = msgspec.json.Decoder(Request).decode
_decode_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class NotJson(Exception):
    """The message is no JSON at all."""


def decode_request(payload: bytes) -> Request | Malformed:
    """One message as a request, or what is wrong with it.

    Raises:
        NotJson: after hello such a message is ignored, before it ends the connection.
    """
    try:
        request = _decode_request(payload)
    except msgspec.ValidationError:
        return _explain(decode_json(payload))
    except (msgspec.DecodeError, RecursionError) as error:
        whole = without_half_pairs(payload)
        if whole is None:
            raise NotJson(str(error)) from None
        return decode_request(whole)
    if request.id and request.method and (request.traceparent is None or len(request.traceparent) <= 128):
        return request
    return _explain(decode_json(payload))


def decode_json(payload: bytes) -> Any:
    """Any JSON value.

    Raises:
        NotJson: it is none.
    """
    try:
        return _decode_any(payload)
    except (msgspec.DecodeError, RecursionError) as error:
        whole = without_half_pairs(payload)
        if whole is None:
            raise NotJson(str(error)) from None
        return decode_json(whole)


def without_half_pairs(payload: bytes) -> bytes | None:
    """JSON with U+FFFD where half a surrogate pair is escaped, None if there is none.

    JavaScript writes such halves (``JSON.stringify("\\ud83d")``) and reads them; they are no text that anybody could
    keep. Looked for only in what could not be read.
    """
    whole = _HALVES.sub(lambda found: b"\\ufffd" if found[1] else found[0], payload)
    return None if whole == payload else whole


def _explain(value: Any) -> Malformed:
    if not isinstance(value, dict):
        return Malformed("invalid", "must be object", value)
    problems = []
    missing = [name for name in ("type", "id", "method") if name not in value]
    if missing:
        problems.append(f"must have required property '{missing[0]}'")
    unexpected = [name for name in value if name not in _REQUEST_PROPERTIES]
    if unexpected:
        problems.append(f"at root: unexpected property '{unexpected[0]}'")
    if "type" in value and value["type"] != "req":
        problems.append("at /type: must be equal to constant")
    for name, least, most in (("id", 1, 0), ("method", 1, 0), ("traceparent", 0, 128), ("expectedProfileId", 1, 0)):
        if name not in value:
            continue
        text = value[name]
        if not isinstance(text, str):
            problems.append(f"at /{name}: must be string")
        elif len(text) < least:
            problems.append(f"at /{name}: must not have fewer than {least} characters")
        elif most and len(text) > most:
            problems.append(f"at /{name}: must not have more than {most} characters")
    frame_id = value.get("id", "invalid")
    usable = isinstance(frame_id, str | int | float) and not isinstance(frame_id, bool) and frame_id != ""
    return Malformed(frame_id if usable else "invalid", "; ".join(problems) or "validation failed", value)


def encode_json(value: Any) -> bytes:
    """JSON bytes; :class:`msgspec.Raw` inside is taken over as it is."""
    return _encode(value)


def encode_response(request_id: Any, payload: Any) -> bytes:
    """A successful ``res`` frame."""
    return _encode({"type": "res", "id": request_id, "ok": True, "payload": payload})


def encode_error(request_id: Any, error: dict[str, Any], payload: Any = None) -> bytes:
    """A failed ``res`` frame; ``error`` as :meth:`GatewayError.to_wire` gives it."""
    wire: dict[str, Any] = {"type": "res", "id": request_id, "ok": False}
    if payload is not None:
        wire["payload"] = payload
    wire["error"] = error
    return _encode(wire)


def encode_event_head(name: str, payload: Any) -> bytes:
    """An event frame without its end: a brace, or what :func:`event_ends` puts round a number."""
    return b'{"type":"event","event":' + _encode(name) + b',"payload":' + _encode(payload)


def event_ends(head: bytes, state_version: bytes = b"") -> tuple[bytes, bytes]:
    """What stands before and behind the number of a numbered event.

    Args:
        head: from :func:`encode_event_head`.
        state_version: from :func:`encode_state_version`, or empty.
    """
    return head + b',"seq":', state_version + b"}"


def encode_state_version(presence: int, health: int) -> bytes:
    """The ``stateVersion`` part of presence and health events."""
    return b',"stateVersion":{"presence":%d,"health":%d}' % (presence, health)
