"""IP addresses: which of them count as one client, and which are this machine. Plain Python.

Whatever counts or limits by address (connections, sign-in codes, wrong
secrets) counts :func:`address_group`, or one IPv6 subscriber is 2^64 clients.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IpNetwork = IPv4Network | IPv6Network


def parse_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that ``host`` is, IPv4 out of IPv6 where it is wrapped so; None for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def address_group(host: str) -> str:
    """The unit that limits count by: an IPv4 address, or the /64 that one IPv6 subscriber has."""
    address = parse_address(host)
    if address is None:
        return host
    if isinstance(address, IPv6Address) and not address.is_loopback:
        return str(IPv6Address(int(address) >> 64 << 64)) + "/64"
    text = str(address)
    return host if text == host else text  # one object, where thousands of connections have both


def is_loopback(host: str) -> bool:
    """127.0.0.0/8 and ::1, also as IPv4 in IPv6; a name is never."""
    address = parse_address(host)
    return address is not None and address.is_loopback


def parse_networks(texts: Iterable[str]) -> tuple[IpNetwork, ...]:
    """Addresses and networks (``10.0.0.0/8``, ``2001:db8::/32``, ``192.0.2.1``).

    Raises:
        ValueError: one is neither; its text is in the message.
    """
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


def is_within(host: str, networks: Iterable[IpNetwork]) -> bool:
    """Whether an address lies in one of the networks."""
    address = parse_address(host)
    return address is not None and any(address in network for network in networks)
