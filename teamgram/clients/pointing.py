"""A copy of a Telegram app that knows this server in place of Telegram's: the same bytes but for those."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address

from teamgram.clients.build import MAX_BUILD_BYTES, Build, BuildPart, UnknownBuildError, examine

_BEGIN, _END = b"-----BEGIN RSA PUBLIC KEY-----", b"-----END RSA PUBLIC KEY-----"
#: What must not be left anywhere, not even inside machine code: beginnings of Telegram's addresses as text.
_TRACES = (b"149.154.1", b"95.161.7")


@dataclass(frozen=True, slots=True)
class Server:
    """Where an app shall go.

    Attributes:
        address: as the app's machine reaches the server.
        port: of a TCP listener; None leaves the app's own (443, 80, and 5222 for TDLib).
        public_key: PKCS#1 PEM, 2048 bits.
    """

    address: IPv4Address
    port: int | None
    public_key: bytes


def point_at(program: bytes, server: Server) -> tuple[bytes, Build]:
    """The program with the server's key and address, as long as it was, and what was found in the original.

    Raises:
        UnknownBuildError: it is no known build; or a port is wanted and where it has its ports is not known.
        ValueError: the key is not one of 2048 bits in PKCS#1.
    """
    if len(program) > MAX_BUILD_BYTES:
        raise UnknownBuildError(f"{len(program)} bytes are more than any build of a Telegram app has")
    letters = _letters(server.public_key)
    build = examine(program)
    if server.port is not None and not build.ports:
        raise UnknownBuildError("where this build keeps its ports is not known, so they cannot be changed")
    changed = bytearray(program)
    for place in build.keys:
        _write(changed, place, _in_lines_of(program[place.offset : place.offset + place.length], letters))
    for place in build.ipv4:
        _write(changed, place, ipv4_text(server.address, place.length))
    for place in build.ipv6:
        _write(changed, place, ipv6_text(server.address, place.length))
    if server.port is not None:
        for place in build.ports:
            _write(changed, place, server.port.to_bytes(4, "little"))
    written = bytes(changed)
    _check(program, written, build)
    return written, build


def ipv4_text(address: IPv4Address, length: int) -> bytes:
    """The address as text with zero bytes behind it; as one number where dotted is too long for the place.

    Qt, and so Telegram Desktop, reads a number (``QHostAddress::setAddress``, ``parseIp4``); ``inet_pton`` does not.
    """
    dotted = str(address).encode()
    text = dotted if len(dotted) <= length else str(int(address)).encode()
    return text.ljust(length, b"\0")


def ipv6_text(address: IPv4Address, length: int) -> bytes:
    """The same IPv4 address in the form that IPv6 has for it (RFC 4291, 2.5.5.2)."""
    high, low = divmod(int(address), 1 << 16)
    full = f"0000:0000:0000:0000:0000:ffff:{high:04x}:{low:04x}".encode()
    return full if len(full) == length else f"::ffff:{high:x}:{low:x}".encode().ljust(length, b"\0")


def _letters(pem: bytes) -> bytes:
    match = re.fullmatch(_BEGIN + rb"\n([A-Za-z0-9+/=\n]+)" + _END + rb"\n?", pem)
    letters = match[1].replace(b"\n", b"") if match else b""
    if len(letters) != 360:
        raise ValueError("the server's public key is not one of 2048 bits in PKCS#1")
    return letters


def _in_lines_of(pem: bytes, letters: bytes) -> bytes:
    """The letters of one key in the lines of another: its newlines stay where they are."""
    body = bytearray(pem[len(_BEGIN) : -len(_END)])
    places = [index for index, byte in enumerate(body) if byte != 0x0A]
    for index, letter in zip(places, letters, strict=True):
        body[index] = letter
    return _BEGIN + bytes(body) + _END


def _write(changed: bytearray, place: BuildPart, new: bytes) -> None:
    if len(new) != place.length:
        raise UnknownBuildError(f"{place.text} at byte {place.offset} is too short a place")
    changed[place.offset : place.offset + place.length] = new


def _check(before: bytes, after: bytes, build: Build) -> None:
    """That nothing changed outside the places, and no address of Telegram's is left as text.

    Raises:
        UnknownBuildError: it is not so.
    """
    end = 0
    for place in build.places():
        if before[end : place.offset] != after[end : place.offset]:
            raise UnknownBuildError(f"something before byte {place.offset} would change")
        end = place.offset + place.length
    if before[end:] != after[end:] or len(before) != len(after):
        raise UnknownBuildError(f"something behind byte {end} would change")
    for trace in _TRACES:
        if (left := after.find(trace)) >= 0:
            raise UnknownBuildError(f"an address of Telegram's is left inside other text, at byte {left}")
