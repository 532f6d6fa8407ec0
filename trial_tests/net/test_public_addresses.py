"""Which addresses a server may be sent to by a stranger."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.net.public_addresses import is_public


class PublicAddressesTests(SynchronousTestCase):
    """Anybody's, or not."""

    def test_public(self) -> None:
        """Those that are routed everywhere."""
        for address in ("8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"):
            self.assertTrue(is_public(address), address)

    def test_not_public(self) -> None:
        """This machine's, its neighbours', nobody's, and whatever leads to one of those."""
        for address in (
            "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
            "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
            "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
            "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::7f00:1",
            "::ffff:224.0.0.1", "::ffff:192.88.99.1",
            "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1",
            "2002:7f00:1::", "2002:0a00:0001::1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1",
            "", "localhost", "example.org", "1", "0x7f.1", "127.1", "2130706433", "8.8.8.8 ", "8.8.8.8/32",
        ):  # fmt: skip
            self.assertFalse(is_public(address), address)
