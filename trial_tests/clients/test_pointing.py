"""What is written over a build of a Telegram app, and what is refused."""

import unittest
from ipaddress import IPv4Address
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.clients.build import Build, UnknownBuildError, examine
from teamgram.clients.pointing import Server, ipv4_text, ipv6_text, point_at
from teamgram.mtproto.crypto.rsa import RsaPrivateKey
from trial_tests.clients import builds
from trial_tests.clients.house import have
from trial_tests.clients.process import PROJECT

KEY = RsaPrivateKey.generate()
HERE = Server(IPv4Address("127.0.0.1"), 10443, KEY.public_pem())
OWN_PORTS = Server(IPv4Address("127.0.0.1"), None, KEY.public_pem())
DEBIAN = Path("/usr/bin/telegram-desktop")


def letters_of(block: bytes) -> bytes:
    """The base64 in a PEM."""
    return b"".join(block.strip().splitlines()[1:-1])


class PointingTests(SynchronousTestCase):
    """Keys, addresses and ports, and not one byte beside."""

    def check(self, program: bytes, server: Server, build: Build, changed: bytes) -> None:
        """It is as long, differs inside the places only, and says ours in each."""
        self.assertEqual(len(changed), len(program))
        rest, rest_changed = bytearray(program), bytearray(changed)
        for place in build.places():
            for one in (rest, rest_changed):
                one[place.offset : place.offset + place.length] = bytes(place.length)
        self.assertEqual(rest, rest_changed)
        for place in build.keys:
            block = changed[place.offset : place.offset + place.length]
            self.assertEqual(letters_of(block), letters_of(server.public_key))
            old = program[place.offset : place.offset + place.length]
            self.assertEqual([len(line) for line in block.split()], [len(line) for line in old.split()])
        for place in build.ipv4:
            text = changed[place.offset : place.offset + place.length].rstrip(b"\0").decode()
            self.assertEqual(IPv4Address(int(text) if text.isdigit() else text), server.address)

    def nothing_left(self, changed: bytes) -> None:
        """Neither of Telegram's keys nor of its addresses."""
        for letters in (builds.SERVERS_KEY, builds.TEST_KEY, builds.DNS_KEY):
            self.assertNotIn(letters[:60], changed.replace(b"\n", b""))
        for text in (*builds.IPV4, *builds.IPV6):
            self.assertNotIn(text, changed)

    def test_desktop(self) -> None:
        """All three keys, nine addresses, two of IPv6 and seventeen ports; updates' keys and others' addresses stay."""
        program = builds.desktop()
        changed, build = point_at(program, HERE)
        self.assertEqual([len(part) for part in (build.keys, build.ipv4, build.ipv6, build.ports)], [3, 9, 2, 17])
        self.check(program, HERE, build, changed)
        self.assertEqual(changed.count(b"\xcb\x28\0\0"), 17)  # 10443
        self.assertIn(builds.BESIDE, changed)
        self.nothing_left(changed)

    def test_own_ports(self) -> None:
        """Without a port the tables stay."""
        changed, build = point_at(builds.desktop(), OWN_PORTS)
        for ids in builds.TABLES:
            self.assertIn(builds.table(ids), changed)
        self.assertEqual(len(build.ports), 17)

    def test_two_processors(self) -> None:
        """A file for two processors has everything twice, and all of it is changed."""
        program = builds.desktop() * 2
        changed, build = point_at(program, HERE)
        self.check(program, HERE, build, changed)
        self.nothing_left(changed)
        self.assertEqual([len(build.keys), len(build.ports)], [6, 34])

    def test_tables_that_touch(self) -> None:
        """One table right behind the other is two tables."""
        program = builds.desktop().replace(b"\xff".join(map(builds.table, builds.TABLES)), b"%s")
        program = program.replace(b"%s", b"".join(map(builds.table, builds.TABLES)))
        self.assertEqual(len(examine(program).ports), 17)

    def test_tdlib(self) -> None:
        """Its three ports in machine code, and the key in lines of its own width."""
        program = builds.tdlib()
        changed, build = point_at(program, HERE)
        self.check(program, HERE, build, changed)
        self.nothing_left(changed)
        self.assertTrue(changed.startswith(b"\x48\xb8\xcb\x28\0\0\xcb\x28\0\0\x90\xc7\x45\xb8\xcb\x28\0\0\xc3"))

    def test_texts(self) -> None:
        """An address that is too long for its place is written as one number; IPv6 has the mapped form."""
        self.assertEqual(ipv4_text(IPv4Address("127.0.0.1"), 13), b"127.0.0.1\0\0\0\0")
        self.assertEqual(ipv4_text(IPv4Address("192.168.100.200"), 15), b"192.168.100.200")
        self.assertEqual(ipv4_text(IPv4Address("192.168.100.200"), 13), b"3232261320\0\0\0")
        self.assertEqual(ipv6_text(IPv4Address("10.1.2.3"), 39), b"0000:0000:0000:0000:0000:ffff:0a01:0203")
        self.assertEqual(ipv6_text(IPv4Address("10.1.2.3"), 20), b"::ffff:a01:203\0\0\0\0\0\0")

    def refused(self, program: bytes, said: str, server: Server = HERE) -> None:
        """Nothing is made of it, and that is why."""
        self.assertRegex(str(self.assertRaises(UnknownBuildError, point_at, program, server)), said)

    def test_unknown_builds(self) -> None:
        """Whatever lacks something of Telegram's, or has more of it than is known, is refused in words."""
        self.refused(b"", "key of Telegram's test servers and servers is not in it")
        self.refused(builds.desktop(keys=(builds.TEST_KEY,)), "the key of Telegram's servers is not in it")
        self.refused(builds.desktop(ipv4=builds.IPV4[:-1]), "are not in it as text: 95.161.76.100$")
        self.refused(builds.desktop(ipv4=(*builds.IPV4, b"149.154.165.1")), "no known build has: 149.154.165.1 at")
        self.refused(builds.desktop() + b"\0http://149.154.167.51/api\0", "left inside other text")
        other = letters_of(RsaPrivateKey.generate().public_pem())
        keys = (builds.SERVERS_KEY, builds.TEST_KEY)
        self.refused(builds.desktop(keys=(*keys, other)), "a key of 2048 bits that is none of Telegram's")
        self.refused(
            builds.desktop(keys=(*keys, b"!" + other[1:])) + b"\0" + builds.pem(b"A" * 360), "none of Telegram's"
        )

    def test_a_copy_is_no_original(self) -> None:
        """What was changed once is not changed again: it might be another server's."""
        changed, _ = point_at(builds.desktop(), HERE)
        self.refused(changed, "was it changed already")

    def test_ports_that_are_not_found(self) -> None:
        """A build whose tables look otherwise keeps its own ports, and none else is promised."""
        program = builds.desktop().replace(builds.table((1, 2, 3, 4, 5)), builds.table((1, 2, 3, 4, 4)))
        self.refused(program, "ports is not known")
        _, build = point_at(program, OWN_PORTS)
        self.assertEqual(build.ports, ())

    def test_a_key_of_another_kind(self) -> None:
        """The server's own key is checked as well."""
        for key in (b"", b"-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n"):
            error = self.assertRaises(ValueError, point_at, builds.desktop(), Server(HERE.address, 1, key))
            self.assertNotIsInstance(error, UnknownBuildError)

    @given(st.data())
    @settings(max_examples=60, deadline=None)
    def test_hostile_programs(self, data: st.DataObject) -> None:
        """Any bytes, and a build with any bytes in it anywhere, are changed rightly or refused."""
        program = data.draw(st.sampled_from([builds.desktop(), builds.tdlib(), b""]))
        at = data.draw(st.integers(0, len(program)))
        parts = st.sampled_from(
            [b"\x00149.154.167.51", builds.pem(b"A" * 360), b"\0", builds.table((1, 2)), b"\xff" * 9]
        )
        program = (
            program[:at] + b"".join(data.draw(st.lists(parts | st.binary(max_size=40), max_size=4))) + program[at:]
        )
        try:
            changed, build = point_at(program, HERE)
        except UnknownBuildError:
            return
        self.check(program, HERE, build, changed)


class RealBuildTests(SynchronousTestCase):
    """Programs as they are shipped, where they are installed."""

    @unittest.skipUnless(DEBIAN.exists(), "no telegram-desktop: apt install telegram-desktop")
    def test_debians_desktop(self) -> None:
        """Debian's Telegram Desktop has what is expected of one, ports included."""
        program = DEBIAN.read_bytes()
        changed, build = point_at(program, HERE)
        self.assertEqual([len(part) for part in (build.keys, build.ipv4, build.ipv6, build.ports)], [3, 9, 8, 17])
        self.assertEqual(len(changed), len(program))
        self.assertNotIn(b"149.154.1", changed)

    @unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
    def test_tdlibs_library(self) -> None:
        """TDLib's wheel as well; what comes of it signs in with every test of TDLib."""
        [path] = PROJECT.glob(".test/tdlib/lib/python*/site-packages/tdjson.libs/libtdjson*")
        _, build = point_at(path.read_bytes(), HERE)
        self.assertEqual([len(part) for part in (build.keys, build.ipv4, build.ipv6, build.ports)], [3, 9, 8, 3])
