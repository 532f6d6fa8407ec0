"""Where a process is reached by the others."""

from ipaddress import ip_address


def split_address(address: str) -> tuple[str, int]:
    """Host and port of "host:port"; IPv6 in brackets.

    Raises:
        ValueError: it is none.
    """
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{address!r} is no address; write it like 127.0.0.1:20120")
    return host, int(port)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches it; a name that has to be looked up is taken for another machine's."""
    host, _ = split_address(address)
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
