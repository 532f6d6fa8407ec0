"""PROXY protocol headers, both versions."""

import struct
from ipaddress import IPv4Address, IPv6Address

from twisted.trial.unittest import SynchronousTestCase

from teamgram.mtproto.proxy_protocol import (
    V2_SIGNATURE,
    ProxyHeader,
    ProxyHeaderError,
    parse_proxy_header,
)

V1_TCP4 = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"
V1_TCP6 = b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"
V2_TCP4 = (
    V2_SIGNATURE
    + b"\x21\x11"
    + struct.pack(">H", 12)
    + IPv4Address("192.0.2.1").packed
    + IPv4Address("198.51.100.2").packed
    + struct.pack(">HH", 56324, 443)
)
V2_TCP6_WITH_TLV = (
    V2_SIGNATURE
    + b"\x21\x21"
    + struct.pack(">H", 36 + 7)
    + IPv6Address("2001:db8::1").packed
    + IPv6Address("2001:db8::2").packed
    + struct.pack(">HH", 56324, 443)
    + b"\x05\x00\x04abcd"
)
V2_LOCAL = V2_SIGNATURE + b"\x20\x00\x00\x00"

TCP4 = ProxyHeader("192.0.2.1", 56324, "198.51.100.2", 443)
TCP6 = ProxyHeader("2001:db8::1", 56324, "2001:db8::2", 443)

HEADERS = [
    (V1_TCP4, TCP4),
    (V1_TCP6, TCP6),
    (b"PROXY UNKNOWN\r\n", ProxyHeader()),
    (b"PROXY UNKNOWN whatever it says here\r\n", ProxyHeader()),
    (V2_TCP4, TCP4),
    (V2_TCP6_WITH_TLV, TCP6),
    (V2_LOCAL, ProxyHeader()),
]


class ProxyHeaderTests(SynchronousTestCase):
    def test_each_form_at_every_split(self) -> None:
        """A header is complete at its last byte, whatever follows, and at no byte before."""
        for data, expected in HEADERS:
            for split in range(len(data)):
                self.assertIsNone(parse_proxy_header(data[:split]), (data, split))
            self.assertEqual(parse_proxy_header(data), (expected, len(data)))
            self.assertEqual(parse_proxy_header(data + b"\xef\xef"), (expected, len(data)))

    def test_what_is_no_header_fails_on_its_first_wrong_byte(self) -> None:
        """A client that sends its own bytes where a header is due is refused without waiting for more."""
        for data in (b"\xef", b"GET / HTTP/1.1\r\n", b"PROXZ", b"\r\n\r\n\x01", V2_SIGNATURE[:11] + b"x"):
            with self.assertRaises(ProxyHeaderError):
                parse_proxy_header(data)

    def test_malformed_version_1(self) -> None:
        """Wrong words, addresses and ports are refused, and so is a line without end."""
        for line in (
            b"PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n",
            b"PROXY TCP4 192.0.2.1 2001:db8::1 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.2 70000 443\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n",
            b"PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
            b"PROXY TCP4 192.0.2.\xff 198.51.100.2 1 2\r\n",
            b"PROXY " + b"x" * 101,
        ):
            with self.assertRaises(ProxyHeaderError, msg=line):
                parse_proxy_header(line)

    def test_malformed_version_2(self) -> None:
        """A wrong version or command, a length too small for the addresses or beyond the bound are refused."""
        for header in (
            V2_SIGNATURE + b"\x11\x11\x00\x0c" + bytes(12),
            V2_SIGNATURE + b"\x22\x11\x00\x0c" + bytes(12),
            V2_SIGNATURE + b"\x21\x11\x00\x0b" + bytes(11),
            V2_SIGNATURE + b"\x21\x21\x00\x0c" + bytes(12),
            V2_SIGNATURE + b"\x21\x11\xff\xff",
        ):
            with self.assertRaises(ProxyHeaderError, msg=header):
                parse_proxy_header(header)
