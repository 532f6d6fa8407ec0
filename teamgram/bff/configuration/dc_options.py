"""Which addresses a client is told: the one it came by, in the forms that clients understand."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any

from teamgram.mtproto.tl import tl


def split_address(address: str) -> tuple[str, int]:
    """ "host:port" (IPv6 in brackets or bare) -> (IP address, port); ("", 0) when there is no IP address in it."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        parsed = ip_address(host)
    except ValueError:
        return "", 0
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(parsed), int(port) if port.isdigit() else 0


def dc_options(dc_id: int, addresses: Sequence[str], tcp_port: int | None) -> list[Any]:
    """``dcOption`` of each address that is one, IPv4 first.

    Plain IPv4 options come first and are marked static: TDLib and kurigram
    dial what is listed, GramJS takes the first IPv4 one.

    Args:
        tcp_port: the port to tell instead of the addresses' own, if any.
    """
    options = []
    for address in addresses:
        host, port = split_address(address)
        if host:
            options.append(
                tl.dcOption(id=dc_id, ip_address=host, port=tcp_port or port, ipv6=":" in host, static=":" not in host)
            )
    return sorted(options, key=lambda option: bool(option.ipv6))
