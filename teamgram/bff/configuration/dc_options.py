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


def dc_options(dc_ids: Sequence[int], addresses: Sequence[str], tcp_port: int | None) -> list[Any]:
    """``dcOption`` of each address that is one for each data centre, IPv4 first within one.

    The data centres stay in their order, for Telethon looks up which one it is
    in by the address and takes the first. IPv4 options are plain ones: TDLib
    and kurigram dial what is listed, GramJS takes the first IPv4 one, and TDLib
    never uses static ones over an HTTP proxy (``DcOptionsSet.cpp``).

    Args:
        dc_ids: those that are at these addresses.
        tcp_port: the port to tell instead of the addresses' own, if any.
    """
    found = [(host, tcp_port or port) for host, port in map(split_address, addresses) if host]
    found.sort(key=lambda address: ":" in address[0])
    return [
        tl.dcOption(id=dc_id, ip_address=host, port=port, ipv6=":" in host) for dc_id in dc_ids for host, port in found
    ]
