"""The PROXY protocol header that a load balancer puts before a connection's first byte, versions 1 and 2.

Owns the parsing alone: who may send one, and what is done with the
addresses, is the listener's business. Source: "The PROXY protocol", versions
1 and 2, HAProxy (sections 2.1 and 2.2).
"""

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

V1_PREFIX = b"PROXY "
#: The longest version 1 line with its CRLF (section 2.1).
V1_MAX_BYTES = 107
V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
#: Signature, version and command, family, length.
V2_FIXED_BYTES = 16
#: Addresses and TLVs; real balancers send some hundred bytes at most.
V2_MAX_REST_BYTES = 4096

_V2_LOCAL, _V2_PROXY = 0, 1
_V2_INET, _V2_INET6 = 1, 2
_V2_STREAM = 1


class ProxyHeaderError(Exception):
    """These bytes are no PROXY header."""


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """Who connected to the balancer, and where.

    All None/0 when the balancer speaks for itself (``LOCAL``, a health check)
    or does not know (``UNKNOWN``): the connection's own addresses hold.
    """

    client_host: str | None = None
    client_port: int = 0
    local_host: str | None = None
    local_port: int = 0


def parse_proxy_header(data: bytes) -> tuple[ProxyHeader, int] | None:
    """The header at the start of ``data`` and its length in bytes; None while it is not complete.

    Raises:
        ProxyHeaderError: no continuation can make a header of this; raised
            on the first byte that does not fit.
    """
    if data[: len(V2_SIGNATURE)] == V2_SIGNATURE[: len(data)]:
        return _parse_v2(data) if len(data) >= V2_FIXED_BYTES else None
    if data[: len(V1_PREFIX)] == V1_PREFIX[: len(data)]:
        return _parse_v1(data)
    raise ProxyHeaderError("neither version's signature")


def _parse_v1(data: bytes) -> tuple[ProxyHeader, int] | None:
    end = data.find(b"\r\n", 0, V1_MAX_BYTES)
    if end < 0:
        if len(data) >= V1_MAX_BYTES:
            raise ProxyHeaderError("version 1 line too long")
        return None
    try:
        words = data[:end].decode("ascii").split(" ")
    except UnicodeDecodeError:
        raise ProxyHeaderError("version 1 line is not ASCII") from None
    if len(words) >= 2 and words[1] == "UNKNOWN":
        return ProxyHeader(), end + 2
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise ProxyHeaderError("malformed version 1 line")
    address_class = IPv4Address if words[1] == "TCP4" else IPv6Address
    try:
        client, local = str(address_class(words[2])), str(address_class(words[3]))
    except AddressValueError:
        raise ProxyHeaderError("malformed address in version 1 line") from None
    return ProxyHeader(client, _port(words[4]), local, _port(words[5])), end + 2


def _port(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= 5) or int(word) > 65535:
        raise ProxyHeaderError("malformed port in version 1 line")
    return int(word)


def _parse_v2(data: bytes) -> tuple[ProxyHeader, int] | None:
    version, command = data[12] >> 4, data[12] & 15
    if version != 2 or command not in (_V2_LOCAL, _V2_PROXY):
        raise ProxyHeaderError("unknown version or command in version 2 header")
    family, protocol = data[13] >> 4, data[13] & 15
    rest_bytes = int.from_bytes(data[14:16], "big")
    if rest_bytes > V2_MAX_REST_BYTES:
        raise ProxyHeaderError("version 2 header too long")
    end = V2_FIXED_BYTES + rest_bytes
    if len(data) < end:
        return None
    if command == _V2_LOCAL or protocol != _V2_STREAM or family not in (_V2_INET, _V2_INET6):
        return ProxyHeader(), end
    size = 4 if family == _V2_INET else 16
    if rest_bytes < 2 * size + 4:
        raise ProxyHeaderError("version 2 header shorter than its addresses")
    address_class = IPv4Address if family == _V2_INET else IPv6Address
    client, local = data[16 : 16 + size], data[16 + size : 16 + 2 * size]
    ports = 16 + 2 * size
    header = ProxyHeader(
        str(address_class(client)),
        int.from_bytes(data[ports : ports + 2], "big"),
        str(address_class(local)),
        int.from_bytes(data[ports + 2 : ports + 4], "big"),
    )
    return header, end
