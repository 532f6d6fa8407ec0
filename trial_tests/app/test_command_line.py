"""``teamgram …`` as a command: what it prints and the exit code it ends with."""

import re
import shutil
import socket
import sys
from pathlib import Path

from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

from teamgram.mtproto.crypto.rsa import RsaPrivateKey
from trial_tests.app.operating import OperatingTestCase
from trial_tests.clients.server import PROJECT, free_port

TEAMGRAM = str(Path(sys.executable).with_name("teamgram"))


async def run(*arguments: object) -> tuple[int, str, str]:
    """(exit code, standard output, standard error)."""
    output, errors, code = await getProcessOutputAndValue(TEAMGRAM, [str(argument) for argument in arguments])
    return code, output.decode(), errors.decode()


class CommandTestCase(TestCase):
    """A copy of the shipped configuration on free ports, and a data directory that is not there yet."""

    timeout = 180.0

    def setUp(self) -> None:
        self.config = Path(self.mktemp()).absolute()
        shutil.copytree(PROJECT / "etc", self.config)
        for file, ports in (("gnetway.yaml", (10443, 5222, 11443, 8801)), ("openclaw.yaml", (18789, 3210))):
            path = self.config / file
            text = path.read_text()
            for port in ports:
                text = re.sub(rf"\b{port}\b", str(free_port()), text)
            path.write_text(text)
        self.data_dir = Path(self.mktemp()).absolute()
        self.where = ("--config", self.config, "--data-dir", self.data_dir)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.config / file
        self.assertIn(old, path.read_text())
        path.write_text(path.read_text().replace(old, new, 1))

    def not_a_directory(self) -> None:
        """Nothing can be written there, not even by root."""
        if not self.data_dir.exists():
            self.data_dir.write_text("in the way")
        self.data_dir = self.data_dir / "var"
        self.where = ("--config", self.config, "--data-dir", self.data_dir)

    async def refused(self, code: int, *texts: str, command: str = "serve") -> None:
        """The command ends with that code and one line that has all texts."""
        found, output, errors = await run(command, *self.where)
        self.assertEqual(found, code, output + errors)
        self.assertNotIn("Traceback", output + errors)
        told = [line for line in (output + errors).splitlines() if line.startswith("teamgram: ")]
        self.assertEqual(len(told), 1, output + errors)
        for text in texts:
            self.assertIn(text, told[0])


class ServeTests(CommandTestCase):
    """A start that cannot be."""

    async def test_a_port_that_is_taken(self) -> None:
        """69 and the address, whichever of the listeners it is."""
        for file in ("gnetway.yaml", "openclaw.yaml"):
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                port = taken.getsockname()[1]
                before = (self.config / file).read_text()
                pattern = r"127\.0\.0\.1:\d+" if file == "gnetway.yaml" else r"port: \d+"
                replacement = f"127.0.0.1:{port}" if file == "gnetway.yaml" else f"port: {port}"
                (self.config / file).write_text(re.sub(pattern, replacement, before, count=1))
                await self.refused(69, "cannot start", f"127.0.0.1:{port}", "in use")
                (self.config / file).write_text(before)

    async def test_a_data_directory_that_cannot_be(self) -> None:
        """69 and its path."""
        self.not_a_directory()
        await self.refused(69, "cannot start", str(self.data_dir))

    async def test_a_configuration_that_cannot_be_used(self) -> None:
        """78, the file, the path in it and the fix, in one line; at once, or when it is put to use."""
        proxied = "- Proto: tcp\n      ProxyProtocolFrom: [10.0.0.0/33]"
        for file, old, new, *texts in (
            ("bff.yaml", "Country:", "Contry:", "bff.yaml: Contry", "did you mean Country?"),
            ("gnetway.yaml", "- Proto: tcp", proxied, "Server[0].ProxyProtocolFrom[0]", "write it like 10.0.0.7"),
            ("gnetway.yaml", "- Proto: tcp", "- Proto: tcp\n      CertFile: a.pem", "Server[0].KeyFile"),
            ("gnetway.yaml", "- Proto: tcp", "- Proto: udp", "Server[0].Proto", "tcp, websocket, http"),
            ("gnetway.yaml", "Level: info", "Level: loud", "gnetway.yaml: Log.Level"),
            ("authsession.yaml", "sqlite:teamgram.db", "postgres:x", "authsession.yaml: Mysql.DSN", "sqlite:FILE"),
            ("openclaw.yaml", "bind: loopback", "bind: 7", "gateway.bind"),
            ("operations.yaml", 'ListenOn: ""', "ListenOn: 0.0.0.0:22", "Manhole.ListenOn", "loopback only"),
        ):
            before = (self.config / file).read_text()
            self.edit(file, old, new)
            await self.refused(78, *texts)
            await self.refused(78, *texts, command="check-config")
            (self.config / file).write_text(before)

    async def test_certificates_that_are_not_there(self) -> None:
        """Looked for below the data directory; 78 with both paths."""
        self.edit("gnetway.yaml", "- Proto: tcp", "- Proto: tcp\n      CertFile: a.pem\n      KeyFile: a.key")
        await self.refused(78, f"{self.data_dir}/a.pem", f"{self.data_dir}/a.key")


class OtherCommandTests(CommandTestCase):
    """What needs no running server."""

    async def test_check_config(self) -> None:
        """0 and what would listen; nothing is written."""
        code, output, errors = await run("check-config", *self.where)
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("this configuration can be used", output)
        self.assertFalse(self.data_dir.exists())

    async def test_keygen(self) -> None:
        """A new key every time, with its fingerprint in the three forms; --show prints the server's."""
        code, output, _ = await run("keygen", *self.where)
        self.assertEqual(code, 0)
        pem = output[: output.index("-----END RSA PRIVATE KEY-----") + 30].encode()
        fingerprint = RsaPrivateKey.from_pem(pem).fingerprint
        self.assertIn(f"fingerprint signed    {fingerprint}", output)
        code, shown, _ = await run("keygen", "--show", *self.where)
        self.assertEqual(code, 0)
        self.assertNotIn("PRIVATE", shown)
        self.assertEqual(shown, (await run("keygen", "--show", *self.where))[1])
        self.data_dir = self.data_dir / "server_public.pem"
        self.not_a_directory()
        code, _, errors = await run("keygen", "--show", *self.where)
        self.assertEqual((code, errors.count("\n")), (69, 1), errors)

    async def test_before_the_first_start(self) -> None:
        """users, sessions and codes say that there is nothing yet, and make nothing."""
        for command in ("users", "sessions", "codes"):
            await self.refused(1, "nothing in", "start the server once", command=command)
        self.assertFalse(self.data_dir.exists())

    async def test_without_a_configuration(self) -> None:
        """78 from every command that needs one."""
        shutil.rmtree(self.config)
        for command in ("serve", "check-config", "users", "sessions", "codes"):
            await self.refused(78, "no such directory", command=command)

    async def test_a_database_that_is_away(self) -> None:
        """69 for the server, 1 for who only wanted to look."""
        self.edit("authsession.yaml", "DSN: sqlite:teamgram.db", f"DSN: a:b@tcp(127.0.0.1:{free_port()})/c")
        await self.refused(69, "cannot start")
        await self.refused(1, command="users")


class InspectionTests(OperatingTestCase):
    """Beside a running server."""

    async def test_users_sessions_and_codes(self) -> None:
        """Accounts, devices and the codes that wait are listed while the server runs; unknown people are not found."""
        _, user = await self.sign_up_peer("Ada")
        where = ("--config", self.server.config, "--data-dir", self.server.data_dir)
        code, output, errors = await run("users", *where)
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(output, rf"{user.id}  \+{user.phone} .* Ada")
        code, output, _ = await run("sessions", *where, user.phone)
        self.assertEqual(code, 0)
        self.assertIn("peer", output)
        code, _, errors = await run("sessions", *where, "@nobody")
        self.assertEqual((code, errors.startswith("teamgram: nobody is @nobody")), (1, True))
        code, output, _ = await run("codes", *where)
        self.assertEqual((code, output), (0, "no code is waiting to be typed\n"))
