"""Which addresses are anybody's on the Internet, and none of this machine's or its neighbours'."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# What leads from an IPv6 address to an IPv4 one: RFC 6052 (also of local use, RFC 8215), 3056, 4380.
_TRANSLATED = ip_network("64:ff9b::/96")
_REFUSED = [
    ip_network(text)
    for text in (
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
        "fec0::/10",
        "100.64.0.0/10",
        "192.88.99.0/24",
        "0.0.0.0/8",
        "240.0.0.0/4",
        "198.18.0.0/15",
        "192.0.0.0/24",
    )
]


def is_public(text: str) -> bool:
    """Whether an address is global (IANA's registries, as ``ipaddress`` knows them) and reaches nothing else."""
    try:
        address = ip_address(text)
    except ValueError:
        # A zone ("%eth0") is of link-local addresses.
        return False
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        if address.ipv4_mapped is not None:
            return _is_public_v4(address.ipv4_mapped)
        if address in _TRANSLATED:
            return _is_public_v4(IPv4Address(int(address) & 0xFFFFFFFF))
    elif not _is_public_v4(address):
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _REFUSED)


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in _REFUSED)
