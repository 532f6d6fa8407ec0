"""SIGHUP with clients connected: what changes at once, what waits for a restart, and what is refused as a whole."""

import datetime
import shutil
import ssl
from pathlib import Path

from twisted.internet.error import ConnectionRefusedError
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from teamgram.app.config.loader import load_configuration
from teamgram.app.reload import changed_keys, is_live
from teamgram.mtproto.tl import tl
from trial_tests.app.operating import OperatingTestCase
from trial_tests.clients.server import PROJECT, free_port
from trial_tests.peer.calls import CallFailed


def certificate(name: str) -> tuple[bytes, bytes]:
    """(certificate, key) for a name, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    signed = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return signed.public_bytes(Encoding.PEM), private


class ReloadTests(OperatingTestCase):
    """Nobody is disconnected by it."""

    async def test_listeners_limits_routes_and_levels(self) -> None:
        """A port is replaced, a limit set, a service taken away and a level raised, and the old connection goes on."""
        session, _ = await self.sign_up_peer("Ada")
        port = free_port()
        self.edit("gnetway.yaml", f"        - 127.0.0.1:{self.server.port}\n", f"        - 127.0.0.1:{port}\n")
        self.edit("gnetway.yaml", "  Level: info", "  Level: debug")
        self.edit("session.yaml", '    "/mtproto.RPCUsernames": "bff.bff"\n', "")
        with (self.server.config / "bff.yaml").open("a") as file:
            file.write("\nFloodLimits:\n  help.getNearestDc: {Burst: 1, PerSecond: 0.001}\n")
        output = await self.reload()
        self.assertIn("configuration reloaded: ", output)
        self.assertIn("gnetway.yaml: Gnetway.Server[0].Addresses", output)
        self.assertNotIn("after a restart", output)
        await self.connect_to(port)
        await self.server.logged("opened: tcp from")
        await self.refused(self.connect_to(self.server.port), ConnectionRefusedError)
        await session.call(tl.help.getNearestDc())
        limited = await self.refused(session.call(tl.help.getNearestDc()), CallFailed)
        self.assertIn("FLOOD_WAIT", str(limited))
        missing = await self.refused(session.call(tl.account.checkUsername(username="ada_l")), CallFailed)
        self.assertIn("METHOD_NOT_IMPL", str(missing))
        self.assertEqual(self.server.output.count("not in the IDMap, so off: RPCUsernames"), 1)

    async def test_what_cannot_be_used_changes_nothing(self) -> None:
        """One wrong file, a port that is taken, or a certificate that is none: refused, with where, in one line."""
        session, _ = await self.sign_up_peer("Ada")
        port = free_port()
        good = (self.server.config / "gnetway.yaml").read_text()
        self.edit("gnetway.yaml", f"- 127.0.0.1:{self.server.port}\n", f"- 127.0.0.1:{port}\n")
        self.edit("bff.yaml", "Country: US", "Contry: US")
        output = await self.reload()
        self.assertIn("the running one stays: ", output)
        self.assertIn("bff.yaml: Contry: unknown key; did you mean Country?", output)
        self.edit("bff.yaml", "Contry: US", "Country: US")
        self.edit("gnetway.yaml", f"- 127.0.0.1:{port}\n", f"- 127.0.0.1:{self.server.gateway_port}\n")
        self.assertIn("ddress already in use", await self.reload())
        (self.server.config / "gnetway.yaml").write_text(good)
        self.edit("gnetway.yaml", "- Proto: http ", "- CertFile: no.pem\n      KeyFile: no.key\n      Proto: http ")
        self.assertIn(f"{self.server.data_dir}/no.pem", await self.reload())
        (self.server.config / "gnetway.yaml").write_text(good)
        self.edit("openclaw.yaml", "  bind: loopback", "  bind: 7")
        self.assertIn("gateway.bind", await self.reload())
        await self.refused(self.connect_to(port), ConnectionRefusedError)
        await self.connect_to(self.server.port)
        await session.call(tl.help.getNearestDc())

    async def test_half_of_a_file_changes_nothing(self) -> None:
        """Any of the files, emptied or cut off where it is valid YAML still, is refused by its name."""
        for name in ("gnetway.yaml", "session.yaml", "authsession.yaml", "bff.yaml", "openclaw.yaml"):
            path = self.server.config / name
            good = path.read_text()
            lines = good.splitlines(keepends=True)
            # Before the last line that begins a section.
            last = max(n for n, line in enumerate(lines) if line[0].isalpha() and n > 0)
            for content in ("", "".join(lines[:last])):
                path.write_text(content)
                output = await self.reload()
                self.assertRegex(output, f"{name}: holds (nothing|only the beginning)")
                self.assertIn("the running one stays", output)
            path.write_text(good)
        self.assertIn("configuration reloaded: no key has changed", await self.reload())
        await self.connect_to(self.server.port)

    async def test_some_things_wait_for_a_restart(self) -> None:
        """What only a restart can change is named, again each time, and what can be changed is."""
        self.edit("gnetway.yaml", "DcId: 2", "DcId: 4")
        output = await self.reload()
        self.assertIn("these settings hold after a restart: gnetway.yaml: DcId", output)
        self.edit("bff.yaml", "Country: US", "Country: AT")
        output = await self.reload()
        self.assertIn("configuration reloaded: bff.yaml: Country", output)
        self.assertIn("these settings hold after a restart: gnetway.yaml: DcId\n", output)
        session = await self.peer_session()
        nearest = await session.call(tl.help.getNearestDc())
        self.assertEqual((nearest.country, nearest.this_dc), ("AT", 2))

    async def test_the_fixed_code_ends_when_the_world_may_come_in(self) -> None:
        """A listener beyond loopback takes 12345 away, in the same moment; back on loopback it is there again."""
        await self.sign_up_peer("Ada")
        here, everywhere = f"127.0.0.1:{self.server.port}\n", f"0.0.0.0:{self.server.port}\n"
        self.edit("gnetway.yaml", here, everywhere)
        self.assertIn("configuration reloaded", await self.reload())
        invalid = await self.refused(self.sign_up_peer("Ben"), CallFailed)
        self.assertIn("PHONE_CODE_INVALID", str(invalid))
        self.edit("gnetway.yaml", everywhere, here)
        self.assertIn("configuration reloaded", await self.reload())
        await self.sign_up_peer("Cyd")

    async def test_fresh_devices(self) -> None:
        """How long a device that has signed in must wait before it ends others is read again."""
        session, _ = await self.sign_up_peer("Ada")
        self.assertTrue(await session.call(tl.auth.resetAuthorizations()))
        self.edit("bff.yaml", "Country: US", "FreshSessionDelay: 1h\nCountry: US")
        self.assertIn("configuration reloaded", await self.reload())
        fresh = await self.refused(session.call(tl.auth.resetAuthorizations()), CallFailed)
        self.assertIn("FRESH_RESET_AUTHORISATION_FORBIDDEN", str(fresh))
        self.edit("bff.yaml", "FreshSessionDelay: 1h", "FreshSessionDelay: 0")
        self.assertIn("configuration reloaded", await self.reload())
        self.assertTrue(await session.call(tl.auth.resetAuthorizations()))

    async def test_a_new_certificate(self) -> None:
        """Files below the data directory, replaced: the next handshake shows the new one."""
        port = free_port()
        self.edit("gnetway.yaml", f"- 127.0.0.1:{self.server.http_port}\n", f"- 127.0.0.1:{port}\n")
        tls = "- CertFile: tls/a.pem\n      KeyFile: tls/a.key\n      Proto: http "
        self.edit("gnetway.yaml", "- Proto: http ", tls)
        directory = self.server.data_dir / "tls"
        directory.mkdir()
        for name in ("first", "second"):
            public, private = certificate(name)
            (directory / "a.pem").write_bytes(public)
            (directory / "a.key").write_bytes(private)
            self.assertIn("configuration reloaded", await self.reload())
            shown = await deferToThread(ssl.get_server_certificate, ("127.0.0.1", port), timeout=10)
            subject = x509.load_pem_x509_certificate(shown.encode()).subject
            self.assertEqual(subject.rfc4514_string(), f"CN={name}")


class ChangedKeysTests(SynchronousTestCase):
    """Which keys differ, and which of them take effect at once."""

    def changed(self, file: str, old: str, new: str) -> list[str]:
        directory = Path(self.mktemp())
        shutil.copytree(PROJECT / "etc", directory)
        before = load_configuration(directory)
        text = (directory / file).read_text()
        self.assertIn(old, text)
        (directory / file).write_text(text.replace(old, new, 1))
        return list(changed_keys(before, load_configuration(directory)))

    def test_keys_are_told_by_their_path(self) -> None:
        """One changed value is one path; what is for other programs is not told."""
        self.assertEqual(self.changed("gnetway.yaml", "DcId: 2", "DcId: 3"), ["gnetway.yaml: DcId"])
        self.assertEqual(self.changed("bff.yaml", "Name: bff.bff", "Name: other"), [])
        self.assertEqual(self.changed("gnetway.yaml", "DcId: 2", "DcId: 2\nMaxProc: 4"), [])
        self.assertEqual(
            self.changed("session.yaml", '"/mtproto.RPCTos": "bff.bff"', '"/mtproto.RPCTos": "bff.other"'),
            ["session.yaml: BFFProxyClients.IDMap./mtproto.RPCTos"],
        )

    def test_what_needs_a_restart(self) -> None:
        """Limits of the stages, the database and the cache do; listeners, levels and codes do not."""
        for key in ("gnetway.yaml: Gnetway.Server[0].Secret", "bff.yaml: Code.Secret", "session.yaml: Log.Level"):
            self.assertTrue(is_live(key), key)
        for key in ("gnetway.yaml: Gnetway.Limits.IdleTimeout", "authsession.yaml: Cache", "bff.yaml: LangPacks"):
            self.assertFalse(is_live(key), key)
