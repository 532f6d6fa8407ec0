"""Which addresses are one client, and which are this machine."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.net.addresses import address_group, is_loopback, is_within, parse_networks


class AddressTests(SynchronousTestCase):
    """Groups, loopback and networks."""

    def test_groups(self) -> None:
        """An IPv4 address stands for itself, also inside IPv6; an IPv6 one for its /64; this machine for itself."""
        for host, group in (
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("::1", "::1"),
            ("example.org", "example.org"),
        ):
            self.assertEqual(address_group(host), group)

    def test_loopback(self) -> None:
        """127.0.0.0/8 and ::1 in every spelling; what merely looks like one is none."""
        for host in ("127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"):
            self.assertTrue(is_loopback(host), host)
        for host in ("192.0.2.1", "127.0.0.1.evil.example", "localhost", "", "::2", "::ffff:192.0.2.1"):
            self.assertFalse(is_loopback(host), host)

    def test_networks(self) -> None:
        """Single addresses and networks of both families; nothing else."""
        networks = parse_networks(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"])
        for host in ("10.1.2.3", "::ffff:10.1.2.3", "192.0.2.1", "2001:db8::9"):
            self.assertTrue(is_within(host, networks), host)
        for host in ("11.0.0.1", "192.0.2.2", "2001:db9::", "name", ""):
            self.assertFalse(is_within(host, networks), host)
        self.assertRaises(ValueError, parse_networks, ["proxy.example"])
