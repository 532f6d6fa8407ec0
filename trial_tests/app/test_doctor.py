"""``teamgram doctor``: each thing that can be wrong, made wrong."""

import contextlib
import io
import os
import shutil
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import yaml

from teamgram.app.doctor.examination import examine, look
from teamgram.app.doctor.findings import Finding, Verdict
from trial_tests.blobs.s3_server import SKIP, shared_server
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import LiveTestCase, temporary_directory

_ETC = Path(__file__).resolve().parent.parent.parent / "etc"


class DoctorTests(SynchronousTestCase):
    """Each thing that can be wrong is found, with what to do."""

    def setUp(self) -> None:
        """The shipped configuration on free ports, and a data directory as a start leaves it."""
        self.directory = temporary_directory()
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.etc, self.data_dir = self.directory / "etc", self.directory / "var"
        shutil.copytree(_ETC, self.etc)
        self.data_dir.mkdir(mode=0o700)
        self.edit(
            "gnetway.yaml", lambda tree: [each.update(Addresses=["127.0.0.1:0"]) for each in tree["Gnetway"]["Server"]]
        )
        self.edit("openclaw.yaml", lambda tree: (tree["gateway"].update(port=0), tree["mini"].update(port=0)))
        self.token = self.data_dir / "gateway.token"
        self.token.write_text("0123456789abcdef0123456789abcdef\n")
        self.token.chmod(0o600)

    def edit(self, name: str, change: Any) -> None:
        """Change a file of the configuration."""
        tree = yaml.safe_load((self.etc / name).read_text())
        change(tree)
        (self.etc / name).write_text(yaml.safe_dump(tree))

    def test_a_store_of_files_that_is_away(self) -> None:
        """Nobody there, or one that does not let us in; the secret is not shown."""
        section = {"Endpoint": "127.0.0.1:1", "AccessKeyID": "us", "SecretAccessKey": "hush", "Bucket": {}}
        section["Bucket"] = {"Documents": "documents"}
        self.edit("dfs.yaml", lambda tree: tree.pop("Storage") and tree.update(Minio=section))
        [(text, fix)] = self.wrong("files")
        self.assertIn("127.0.0.1:1", text)
        self.assertIn("Endpoint", fix)
        if not SKIP:
            section.update(Endpoint=shared_server().endpoint, AccessKeyID=shared_server().access_key)
            self.edit("dfs.yaml", lambda tree: tree.update(Minio=section))
            [(text, fix)] = self.wrong("files")
            self.assertIn("answers 403", text)
            self.assertNotIn("hush", text)
            section.update(SecretAccessKey=shared_server().secret_key)
            self.edit("dfs.yaml", lambda tree: tree.update(Minio=section))
            self.assertEqual(self.wrong("files"), [])

    def wrong(self, subject: str) -> list[tuple[str, str]]:
        """(text, fix) of what is wrong about a subject; everything else must be well."""
        found = [each for each in look(self.etc, self.data_dir) if each.verdict is Verdict.BAD]
        self.assertEqual({each.subject for each in found}, {subject} if found else set())
        for each in found:
            self.assertTrue(each.fix, each)
        return [(each.text, each.fix) for each in found]

    def examine(self) -> tuple[int, str]:
        """Exit code and what was printed."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = examine(self.etc, self.data_dir)
        return code, output.getvalue()

    def test_well(self) -> None:
        """Nothing is wrong, and it says so with exit code 0."""
        self.assertEqual(self.wrong("nothing"), [])
        code, output = self.examine()
        self.assertEqual(code, 0)
        self.assertTrue(output.endswith("\nnothing is wrong\n"))
        shutil.rmtree(self.data_dir)
        self.assertEqual(self.wrong("nothing"), [])

    def test_configuration(self) -> None:
        """An unknown key is named with its file; the other checks go on."""
        self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(prot=1))
        ((text, _),) = self.wrong("configuration")
        self.assertIn("prot", text)
        code, output = self.examine()
        self.assertEqual(code, 1)
        self.assertTrue(output.endswith("\n1 thing to put right\n"))

    def test_permissions(self) -> None:
        """A token that others can read, a directory that others can write."""
        self.token.chmod(0o644)
        self.assertEqual(self.wrong("permissions")[0][1], f"chmod 600 {self.token}")
        self.token.chmod(0o600)
        self.data_dir.chmod(0o777)
        self.assertEqual(self.wrong("data directory")[0][1], f"chmod 700 {self.data_dir}")

    def test_token(self) -> None:
        """An empty token file."""
        self.token.write_text("")
        self.assertIn(f"rm {self.token}", self.wrong("gateway token")[0][1])

    def test_open_gateway(self) -> None:
        """No authentication beyond loopback."""
        self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(bind="lan", auth={"mode": "none"}))
        self.assertIn("gateway.auth", self.wrong("configuration")[0][0])

    def test_local_devices(self) -> None:
        """Whether devices of this machine are approved silently, and that a proxy may pass for one."""
        self.assertIn("a proxy on this machine that sends no X-Forwarded-For", self.examine()[1])
        self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(trustedProxies=["10.0.0.1"]))
        self.assertIn("each is to be approved: gateway.trustedProxies", self.examine()[1])
        self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(trustedProxies=[], silentLocalPairing=False))
        self.assertIn("each is to be approved: gateway.silentLocalPairing", self.examine()[1])

    def test_ports(self) -> None:
        """A port that another program has; a port of an address that is not ours."""
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(port=port))
            self.assertIn("another program has it", self.wrong(f"port {port}")[0][0])
        self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(bind="custom", customBindHost="203.0.113.1"))
        self.assertIn("cannot be listened on", self.wrong(f"port {port}")[0][0])

    def test_disk(self) -> None:
        """Too little room."""
        full = shutil._ntuple_diskusage(10**10, 10**10, 10**6)
        self.patch(shutil, "disk_usage", lambda path: full)
        self.assertIn("make room", self.wrong("disk")[0][1])

    def test_database(self) -> None:
        """One that is whole, one that is damaged, one that nobody answers for."""
        path = self.data_dir / "teamgram.db"
        with sqlite3.connect(path) as connection:
            connection.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(20000));")
        connection.close()
        self.assertEqual(self.wrong("nothing"), [])
        content = bytearray(path.read_bytes())
        content[4096:8192] = bytes(4096)
        path.write_bytes(content)
        self.assertEqual(len(self.wrong("database")), 1)
        path.write_bytes(b"no database at all, but long enough to be looked at" * 20)
        self.assertEqual(len(self.wrong("database")), 1)
        self.edit("authsession.yaml", lambda tree: tree["Mysql"].update(DSN="user:hidden@tcp(127.0.0.1:1)/x"))
        ((text, _),) = self.wrong("database")
        self.assertNotIn("hidden", text)

    def test_clock(self) -> None:
        """Set back since the last start."""
        later = time.time() + 3600
        os.utime(self.token, (later, later))
        self.assertIn("set back", self.wrong("clock")[0][0])


class DoctorBesideServerTests(LiveTestCase):
    """Beside a running server."""

    async def test_running(self) -> None:
        """Its port is served, and it is ready; when it goes down that is said."""
        etc = self.plane.lifetime.data_dir / "etc"
        shutil.copytree(_ETC, etc)
        (etc / "openclaw.yaml").write_text(yaml.safe_dump({"gateway": {"port": self.port, "auth": {"token": TOKEN}}}))

        async def found() -> dict[str, Finding]:
            findings = await self.in_thread(lambda: list(look(etc, self.plane.lifetime.data_dir)))
            return {each.subject: each for each in findings}

        looked = await found()
        self.assertIs(looked["server"].verdict, Verdict.GOOD)
        self.assertEqual(looked[f"port {self.port}"].text, "gateway: served")
        self.plane.lifetime.draining = True
        self.assertIn("not ready: draining", (await found())["server"].text)
