"""``teamgram client``: what it makes, what it says, and what it refuses."""

import re
from pathlib import Path

from teamgram.mtproto.crypto.rsa import RsaPrivateKey
from trial_tests.app.test_command_line import CommandTestCase, run
from trial_tests.clients import builds


class ClientCommandTests(CommandTestCase):
    """Builds of our own, and the shipped configuration."""

    def setUp(self) -> None:
        super().setUp()
        self.data_dir.mkdir()
        self.key = RsaPrivateKey.generate()
        (self.data_dir / "server_public.pem").write_bytes(self.key.public_pem())
        self.binary = self.place()
        self.binary.write_bytes(builds.desktop())

    def place(self) -> Path:
        """Where nothing is yet."""
        return Path(self.mktemp()).absolute()

    def read(self, path: str) -> bytes:
        """What is in it."""
        return Path(path).read_bytes()

    def listener(self, number: int) -> int:
        """The port of the configuration's TCP listener of that number."""
        found = re.findall(r"127\.0\.0\.1:(\d+)", (self.config / "gnetway.yaml").read_text())
        return int(found[number])

    async def make(self, *arguments: object) -> tuple[str, bytes]:
        """(what was said, the copy), of a command that succeeds."""
        code, output, errors = await run("client", "desktop", *self.where, "--binary", self.binary, *arguments)
        self.assertEqual((code, errors), (0, ""), output)
        copy = re.search(r"-> (.*)", output)
        assert copy is not None
        return output, self.read(copy[1])

    async def refused(self, code: int, *texts: str, command: str = "desktop") -> None:
        """It ends with that code and says so, without a traceback, and leaves no copy."""
        arguments = texts[1:]
        found, output, errors = await run("client", command, *self.where, *arguments)
        self.assertEqual(found, code, output + errors)
        self.assertIn(texts[0], errors)
        self.assertNotIn("Traceback", errors)
        self.assertEqual(list(self.data_dir.glob("clients/*/*")), [])

    async def test_desktop(self) -> None:
        """The first listener's address and port, below the data directory, for its owner alone; the original stays."""
        output, copy = await self.make("--no-start")
        self.assertEqual(copy.count(self.listener(0).to_bytes(4, "little")), 17)
        self.assertEqual(copy.count(b"127.0.0.1\0"), len(builds.IPV4) + 1)  # and one that it had
        self.assertIn("31 places", output)
        self.assertIn("149.154.167.51, at byte ", output)
        self.assertEqual(self.binary.read_bytes(), builds.desktop())
        [laid] = (self.data_dir / "clients" / "desktop").iterdir()
        self.assertEqual((laid.name, laid.stat().st_mode & 0o777), (self.binary.name, 0o700))
        # And again, over the first one.
        self.assertEqual((await self.make("--no-start"))[1], copy)

    async def test_own_ports(self) -> None:
        """Where 443 is served the app keeps its ports, and is told what must listen there."""
        self.edit("gnetway.yaml", f"        - 127.0.0.1:{self.listener(1)}\n", "        - 127.0.0.1:443\n")
        output, copy = await self.make("--no-start")
        self.assertIn(builds.table((1, 2, 3, 4, 5)), copy)
        self.assertIn("        - 127.0.0.1:443        # below Proto: tcp", output)
        self.assertIn("CAP_NET_BIND_SERVICE", output)

    async def test_another_server(self) -> None:
        """Address, port and key of a server elsewhere need no configuration here."""
        other = RsaPrivateKey.generate()
        pem = self.data_dir / "other.pem"
        pem.write_bytes(other.public_pem())
        where = self.place()
        self.where = ("--config", Path("/nowhere"), "--data-dir", self.data_dir)
        where_it_is = ("--address", "192.168.100.200", "--port", "4430", "--key", pem, "--directory", where)
        output, copy = await self.make(*where_it_is, "--no-start")
        self.assertIn(f"-> {where / self.binary.name}", output)
        self.assertIn(b"\000192.168.100.200\0", copy)
        self.assertIn(other.public_pem().strip(), copy)

    async def test_a_build_whose_ports_are_not_found(self) -> None:
        """It keeps them unless one was asked for, which is refused."""
        self.binary.write_bytes(builds.desktop().replace(builds.table((1, 2, 3, 4, 5)), b""))
        output, _ = await self.make("--no-start")
        self.assertIn("It dials ports of its own", output)
        (self.data_dir / "clients" / "desktop" / self.binary.name).unlink()
        await self.refused(1, "ports is not known", "--binary", str(self.binary), "--port", "4430")

    async def test_where_it_cannot_be_started(self) -> None:
        """Without a display, and of a program for another system, the copy is made and that is said."""
        output, _ = await self.make()
        self.assertIn("no display here", output)
        self.assertNotIn("started, process", output)
        self.binary.write_bytes(b"MZ" + builds.desktop())
        output, copy = await self.make()
        self.assertIn("a program for another system", output)
        self.assertTrue(copy.startswith(b"MZ"))

    async def test_tdlib(self) -> None:
        """The library's copy has the same name."""
        library = self.place()
        library.write_bytes(builds.tdlib())
        code, _, errors = await run("client", "tdlib", *self.where, library)
        self.assertEqual((code, errors), (0, ""))
        copy = (self.data_dir / "clients" / "tdlib" / library.name).read_bytes()
        self.assertEqual(copy.count(self.listener(0).to_bytes(4, "little")), 3)

    async def test_what_is_no_build(self) -> None:
        """Something else, nothing, the copy itself, or no key yet: a clear word each."""
        copy = self.place()
        await self.make("--no-start", "--directory", copy)
        await self.refused(1, "was it changed already", "--binary", str(copy / self.binary.name))
        await self.refused(
            69, "original: name another directory", "--binary", str(self.binary), "--directory", str(self.binary.parent)
        )
        await self.refused(1, "no build that is known here", "--binary", __file__)
        await self.refused(69, "No such file", "--binary", "/nowhere/telegram")
        await self.refused(1, "no build that is known here", __file__, command="tdlib")
        await self.refused(
            1, "nowhere.invalid has no IPv4", "--binary", str(self.binary), "--address", "nowhere.invalid"
        )
        await self.refused(2, "invalid", "--port", "70000")
        (self.data_dir / "server_public.pem").unlink()
        await self.refused(1, "start the server once", "--binary", str(self.binary))
