"""What leads a build of a Telegram app to Telegram: its RSA keys, the addresses of its data centres, their ports.

Keys and addresses are text in the program, each a C string. Telegram Desktop
keeps its addresses in tables of ``struct { int id; const char *ip; int port; }``
(``mtproto_dc_options.cpp``: ``kBuiltInDcs`` and three more), found by their
shape; TDLib makes its ports in machine code (``ConnectionCreator.cpp``,
``get_default_dc_options``), known for the builds that were looked at.
"""

import re
from base64 import b64decode
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address, ip_network

from teamgram.mtproto.crypto.rsa import RsaKeyError, RsaPublicKey

#: Larger than any build: Telegram Desktop's for macOS, with both processors in it, has 400 MB.
MAX_BUILD_BYTES = 1 << 30

#: Fingerprints of Telegram's keys: its servers', its test servers', and the one that signs addresses found over DNS.
KNOWN_KEYS = {
    0xD09D1D85DE64FD85: "servers",
    0xB25898DF208D2603: "test servers",
    0x6F3A701151477715: "emergency addresses",
}
_NEEDED_KEYS = {0xD09D1D85DE64FD85, 0xB25898DF208D2603}

PRODUCTION_ADDRESSES = frozenset(
    {"149.154.175.50", "149.154.167.51", "95.161.76.100", "149.154.175.100", "149.154.167.91", "149.154.171.5"}
)
TEST_ADDRESSES = frozenset({"149.154.175.10", "149.154.167.40", "149.154.175.117"})

_NETWORKS = [ip_network(text) for text in ("149.154.160.0/20", "95.161.64.0/20")]
#: 2048 bits in PKCS#1 are 270 bytes, 360 characters; the lines may be of any length.
_BASE64_CHARACTERS = 360
_PEM = re.compile(rb"-----BEGIN RSA PUBLIC KEY-----\n([A-Za-z0-9+/=\n]{200,600})-----END RSA PUBLIC KEY-----")
#: Each begins with what is searched for fast, so that a build is looked through in tenths of a second.
_IPV4 = [re.compile(re.escape(begin) + rb"\d{1,3}\.\d{1,3}(?=\0)") for begin in (b"\x00149.154.", b"\x0095.161.")]
_IPV6 = re.compile(rb"\x002001:0?(?:b28:f23[df]|67c:0?4e8):[0-9a-f:]{4,26}(?=\0)")
#: The end of one row of Telegram Desktop's tables in a 64-bit build: 443 and padding; before it lie the id in 4 bytes,
#: 4 bytes of padding and a pointer, or what a loader makes one of.
_ROW_END = re.compile(rb"\xbb\x01\0{6}")
_ROW_ID = re.compile(rb"[\x01-\x05]\0{7}")
_ROW_BYTES, _ROW_PORT = 24, 16
#: The data centres of each table: IPv4, IPv6, and the test servers' of both.
_TABLES = {(1, 2, 2, 3, 4, 5): 1, (1, 2, 3, 4, 5): 1, (1, 2, 3): 2}
#: tdjson 1.8.69 for x86-64: 443 and 80 moved into one register, and 5222 behind them.
_TDLIB_PORTS = (b"\xbb\x01\0\0\x50\0\0\0", b"\xc7\x45\xb8\x66\x14\0\0")


class UnknownBuildError(ValueError):
    """No build of a Telegram app, or one that is not known well enough to be changed; the text says why."""


@dataclass(frozen=True, slots=True)
class BuildPart:
    """Something in a build.

    Attributes:
        offset: in bytes, from the file's beginning.
        length: in bytes.
        text: what it says there, for people.
    """

    offset: int
    length: int
    text: str


@dataclass(frozen=True, slots=True)
class Build:
    """Everything in a program that leads it to Telegram.

    Attributes:
        keys: the PEM blocks, without a last newline.
        ipv4, ipv6: addresses, without the zero byte behind them.
        ports: little-endian numbers of 4 bytes; empty when they were not found and cannot be changed.
    """

    keys: tuple[BuildPart, ...]
    ipv4: tuple[BuildPart, ...]
    ipv6: tuple[BuildPart, ...]
    ports: tuple[BuildPart, ...]

    def places(self) -> list[BuildPart]:
        """All of them, as they lie in the file."""
        return sorted((*self.keys, *self.ipv4, *self.ipv6, *self.ports), key=lambda place: place.offset)


def examine(program: bytes) -> Build:
    """Find what leads a program to Telegram.

    Raises:
        UnknownBuildError: something that every known build has is missing, or there is a key or an address of
            Telegram's that none of them has.
    """
    keys = _keys(program)
    ipv4 = _ipv4(program)
    ipv6 = tuple(_text(match) for match in _IPV6.finditer(program))
    return Build(keys, ipv4, ipv6, _table_ports(program) or _tdlib_ports(program))


def _keys(program: bytes) -> tuple[BuildPart, ...]:
    found = []
    seen = set()
    for match in _PEM.finditer(program):
        letters = match[1].replace(b"\n", b"")
        if len(letters) != _BASE64_CHARACTERS:
            continue  # Telegram Desktop's updates are signed with keys of 1024 bits
        fingerprint = _fingerprint(letters)
        if fingerprint not in KNOWN_KEYS:
            raise UnknownBuildError(
                f"it has a key of 2048 bits that is none of Telegram's ({fingerprint:016x} at byte {match.start()}): "
                "was it changed already? Give the original program"
            )
        seen.add(fingerprint)
        found.append(
            BuildPart(match.start(), len(match[0]), f"{fingerprint:016x}, of Telegram's {KNOWN_KEYS[fingerprint]}")
        )
    if missing := _NEEDED_KEYS - seen:
        names = " and ".join(KNOWN_KEYS[fingerprint] for fingerprint in sorted(missing))
        raise UnknownBuildError(f"the key of Telegram's {names} is not in it: no known build of a Telegram app")
    return tuple(found)


def _fingerprint(letters: bytes) -> int:
    pem = b"-----BEGIN RSA PUBLIC KEY-----\n%s\n-----END RSA PUBLIC KEY-----\n" % letters
    try:
        b64decode(letters, validate=True)
        return RsaPublicKey.from_pem(pem).fingerprint & 0xFFFFFFFFFFFFFFFF
    except (RsaKeyError, ValueError):
        return 0


def _ipv4(program: bytes) -> tuple[BuildPart, ...]:
    known = PRODUCTION_ADDRESSES | TEST_ADDRESSES
    found = []
    for place in (_text(match) for pattern in _IPV4 for match in pattern.finditer(program)):
        if place.text in known:
            found.append(place)
        elif _is_telegrams(place.text):
            raise UnknownBuildError(
                f"it knows an address of Telegram's that no known build has: {place.text} at byte {place.offset}"
            )
    there = {place.text for place in found}
    if missing := sorted(PRODUCTION_ADDRESSES - there):
        # Some compilers write short texts as numbers into the code (Debian's libtdjson 1.8.57).
        raise UnknownBuildError(f"addresses that every known build has are not in it as text: {', '.join(missing)}")
    return tuple(found)


def _text(match: re.Match[bytes]) -> BuildPart:
    """What was found, without the zero byte before it."""
    return BuildPart(match.start() + 1, len(match[0]) - 1, match[0][1:].decode())


def _is_telegrams(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return isinstance(address, IPv4Address) and any(address in network for network in _NETWORKS)


def _table_ports(program: bytes) -> tuple[BuildPart, ...]:
    """Of Telegram Desktop's tables: all four of them, once for each processor that the file is for, or nothing."""
    runs: list[list[tuple[int, int]]] = []  # rows as (offset, data centre)
    for match in _ROW_END.finditer(program):
        start = match.start() - _ROW_PORT
        if start < 0 or not _ROW_ID.match(program, start):
            continue
        row = start, program[start]
        # Tables may touch: the first row of the next one has a lower number.
        if runs and start == runs[-1][-1][0] + _ROW_BYTES and row[1] >= runs[-1][-1][1]:
            runs[-1].append(row)
        else:
            runs.append([row])
    counted = {ids: [run for run in runs if tuple(dc for _, dc in run) == ids] for ids in _TABLES}
    copies = len(counted[(1, 2, 2, 3, 4, 5)])
    if not copies or any(len(counted[ids]) != times * copies for ids, times in _TABLES.items()):
        return ()
    rows = sorted(start for found in counted.values() for run in found for start, _ in run)
    return tuple(BuildPart(start + _ROW_PORT, 4, "443") for start in rows)


def _tdlib_ports(program: bytes) -> tuple[BuildPart, ...]:
    if [program.count(pattern) for pattern in _TDLIB_PORTS] != [1, 1]:
        return ()
    both, behind = (program.index(pattern) for pattern in _TDLIB_PORTS)
    return (BuildPart(both, 4, "443"), BuildPart(both + 4, 4, "80"), BuildPart(behind + 3, 4, "5222"))
