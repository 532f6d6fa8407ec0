"""The manhole, through OpenSSH's client."""

import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any
from unittest.mock import patch

from twisted.internet.error import ConnectionRefusedError
from twisted.internet.threads import deferToThread
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from teamgram.app.config.errors import ConfigError
from teamgram.app.config.sections import ManholeSection
from teamgram.app.manhole import manhole_settings
from teamgram.mtproto.tl import tl
from trial_tests.app.operating import OperatingTestCase
from trial_tests.clients.server import free_port
from trial_tests.openclaw.live import SocketClient

try:
    from teamgram.app.manhole_shell import PasswordChecker, run_line
except ImportError as error:
    raise SkipTest(f"conch cannot be loaded: {error}") from None

_QUIET = ("UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no", "BatchMode=yes", "LogLevel=ERROR")


def make_key(path: Path) -> None:
    """A key pair of the operator's."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


class ManholeTests(OperatingTestCase):
    """A server with clients connected, looked into."""

    if shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        skip = "no OpenSSH client: apt-get install openssh-client"

    async def open(self) -> None:
        """SIGHUP opens a manhole for a key made for this test."""
        self.key = self.directory / "id"
        make_key(self.key)
        shutil.copy(self.key.with_suffix(".pub"), self.server.data_dir / "operators.pub")
        self.ssh_port = free_port()
        self.edit("operations.yaml", 'ListenOn: ""', f"ListenOn: 127.0.0.1:{self.ssh_port}")
        self.edit("operations.yaml", 'AuthorizedKeys: ""', "AuthorizedKeys: operators.pub")
        self.assertIn("manhole open", await self.reload())

    async def ssh(self, line: str, key: Path | None = None, user: str = "operator") -> tuple[str, int]:
        """What a line printed, and its exit code (255: not let in)."""
        options = [part for option in _QUIET for part in ("-o", option)]
        where = ["-p", str(self.ssh_port), "-i", str(key or self.key), "-o", "IdentitiesOnly=yes", f"{user}@127.0.0.1"]
        output, errors, code = await getProcessOutputAndValue("/usr/bin/ssh", [*options, *where, line])
        return (output or errors).decode(), code

    async def test_it_shows_and_closes_what_is_alive(self) -> None:
        """Connections, keys, sessions and queues are listed by id; one call shows or closes any of them."""
        session, user = await self.sign_up_peer("Ada")
        session_id, auth_key_id = session.core.session_id, session.core.auth_key.auth_key_id
        await self.open()
        host_key = self.server.data_dir / "manhole_host_key"
        self.assertEqual(stat.S_IMODE(host_key.stat().st_mode), 0o600)
        for line, shown in (
            ("connections()", str(auth_key_id)),
            ("wrappers()", str(user.id)),
            ("sessions()", str(session_id)),
            ("queues()", "requests running"),
            (f"show({session_id})", "updates"),
            (f"show({user.id})", str(auth_key_id)),
            ("show(connections()[0])", "ConnContext"),
            ("usage()", "close(x)"),
        ):
            output, code = await self.ssh(line)
            self.assertEqual(code, 0, output)
            self.assertIn(shown, output, line)
        output, code = await self.ssh("show(12345678)")
        self.assertEqual(code, 1)
        self.assertIn("is in memory", output)
        self.assertIn("1 connections close", (await self.ssh(f"close({auth_key_id})"))[0])
        await session.connection.until_closed()
        await self.server.logged("closed by the operator")
        session.attach(await self.connection())
        await session.call(tl.help.getNearestDc())
        self.assertIn("ended", (await self.ssh(f"close({session_id})"))[0])

    async def test_only_who_may_come_in(self) -> None:
        """Another key or another name is turned away; when it is closed by SIGHUP nobody gets in."""
        await self.open()
        other = self.directory / "other"
        make_key(other)
        self.assertEqual((await self.ssh("1", key=other))[1], 255)
        self.assertEqual((await self.ssh("1", user="root"))[1], 255)
        self.assertEqual(await self.ssh("6*7"), ("42\n", 0))
        self.edit("operations.yaml", f"ListenOn: 127.0.0.1:{self.ssh_port}", 'ListenOn: ""')
        await self.reload()
        await self.refused(self.connect_to(self.ssh_port), ConnectionRefusedError)

    async def test_one_key_is_watched(self) -> None:
        """debug() logs the frames and requests of one key by name, id and size, and of no other; then it ends."""
        ada, _ = await self.sign_up_peer("Ada")
        ben, _ = await self.sign_up_peer("Ben")
        await self.open()
        await self.ssh(f"debug({ada.core.auth_key.auth_key_id})")
        before = len(self.server.output)
        await ada.call(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="wondrous", random_id=1))
        await self.refused(ada.call(tl.users.getFullUser(id=tl.inputUser(user_id=9, access_hash=1))), Exception)
        await ben.call(tl.help.getNearestDc())
        await self.server.logged("users.getFullUser")
        watched = self.server.output[before:]
        self.assertIn("messages.sendMessage", watched)
        self.assertIn(f"key {ada.core.auth_key.auth_key_id}: frame of ", watched)
        self.assertRegex(watched, r"users.getFullUser .*: 400 \w+ after ")
        self.assertNotIn(str(ben.core.auth_key.auth_key_id), watched)
        self.assertNotIn("wondrous", watched)
        self.assertIn("none", (await self.ssh(f"debug({ada.core.auth_key.auth_key_id}, False)"))[0])
        before = len(self.server.output)
        await ada.call(tl.help.getNearestDc())
        self.assertNotIn("getNearestDc", self.server.output[before:])


class ManholeSettingsTests(SynchronousTestCase):
    """What a manhole may be."""

    def refused(self, **section: str) -> str:
        data_dir = Path(self.mktemp())
        data_dir.mkdir()
        (data_dir / "empty").touch()
        error = self.assertRaises(ConfigError, manhole_settings, ManholeSection(**section), data_dir)
        return str(error)

    def test_it_is_off_unless_asked_for(self) -> None:
        """As shipped there is none."""
        self.assertIsNone(manhole_settings(ManholeSection(), Path(".")))

    def test_never_beyond_loopback_nor_without_a_secret(self) -> None:
        """Each wrong setting is told with its path."""
        for address in ("0.0.0.0:2222", "192.0.2.1:22", "localhost", "127.0.0.1:x", "[::]:2222"):
            self.assertIn("Manhole.ListenOn", self.refused(ListenOn=address, PasswordFile="empty"), address)
        self.assertIn("Manhole.AuthorizedKeys", self.refused(ListenOn="127.0.0.1:0"))
        self.assertIn("cannot be read", self.refused(ListenOn="[::1]:0", AuthorizedKeys="missing"))
        self.assertIn("no public key", self.refused(ListenOn="127.0.0.1:0", AuthorizedKeys="empty"))
        self.assertIn("is empty", self.refused(ListenOn="127.0.0.1:0", PasswordFile="empty"))

    def test_a_missing_conch_says_what_to_type(self) -> None:
        """Without conch's libraries the start ends with the command that installs them."""
        data_dir = Path(self.mktemp())
        data_dir.mkdir()
        (data_dir / "password").write_text("secret\n")
        section = ManholeSection(ListenOn="127.0.0.1:0", PasswordFile="password")
        with patch.dict("sys.modules", {"teamgram.app.manhole_shell": None}):
            error = self.assertRaises(ConfigError, manhole_settings, section, data_dir)
        self.assertIn(".venv/bin/pip install -e '.[manhole]'", str(error))

    def test_passwords(self) -> None:
        """Only the right user with the right password, and no representation of settings shows it."""

        class Credentials:
            def __init__(self, username: bytes, password: bytes) -> None:
                self.username, self.password = username, password

        data_dir = Path(self.mktemp())
        data_dir.mkdir()
        (data_dir / "password").write_bytes(b"open sesame\r\nsecond line\n")
        settings: Any = manhole_settings(ManholeSection(ListenOn="127.0.0.1:0", PasswordFile="password"), data_dir)
        self.assertEqual(settings.password, b"open sesame")
        self.assertNotIn("sesame", repr(settings))
        checker = PasswordChecker(b"operator", settings.password)
        self.assertEqual(
            self.successResultOf(checker.requestAvatarId(Credentials(b"operator", b"open sesame"))), b"operator"
        )
        for user, password in ((b"operator", b"open"), (b"root", b"open sesame"), (b"", b"")):
            self.failureResultOf(checker.requestAvatarId(Credentials(user, password)))

    def test_a_line_prints_what_it_is_worth(self) -> None:
        """As at a prompt; an exception is told, and counts as a failure."""
        self.assertEqual(run_line("x", {"x": 5}), ("5\n", False))
        output, failed = run_line("x +", {})
        self.assertTrue(failed)
        self.assertIn("SyntaxError", output)


class ControlMethodTests(OperatingTestCase):
    """The same over the control port, for who has its token."""

    async def call(self, *requests: tuple[str, dict[str, Any]]) -> list[Any]:
        """The frames that answer the requests, by a client of this machine with the shared secret."""
        token = (self.server.data_dir / "gateway.token").read_text().strip()

        def run() -> list[Any]:
            client = SocketClient(self.server.gateway_port)
            client.hello(auth={"token": token})
            answers = []
            for number, (method, params) in enumerate(requests):
                client.send({"type": "req", "id": str(number), "method": method, "params": params})
                while (frame := client.read())["type"] != "res":
                    pass
                answers.append(frame)
            client.close()
            return answers

        answers: list[Any] = await deferToThread(run)
        return answers

    async def test_a_key_is_watched_and_the_configuration_reloaded(self) -> None:
        """teamgram.debug switches one key's log on and off, teamgram.reload does as SIGHUP; nonsense is refused."""
        session, _ = await self.sign_up_peer("Ada")
        auth_key_id = str(session.core.auth_key.auth_key_id)
        on, wrong, reloaded = await self.call(
            ("teamgram.debug", {"authKeyId": auth_key_id}),
            ("teamgram.debug", {"authKeyId": "everybody"}),
            ("teamgram.reload", {}),
        )
        self.assertEqual(on["payload"], {"watched": [auth_key_id]})
        self.assertEqual(wrong["error"]["code"], "INVALID_REQUEST")
        self.assertEqual(reloaded["payload"], {"reloaded": True})
        await session.call(tl.help.getNearestDc())
        await self.server.logged(f"key {auth_key_id}: help.getNearestDc")
        (off,) = await self.call(("teamgram.debug", {"authKeyId": auth_key_id, "on": False}))
        self.assertEqual(off["payload"], {"watched": []})
