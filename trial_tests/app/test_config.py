"""Configuration: what loads, and what a wrong file is told."""

import re
import shutil
from pathlib import Path
from typing import Any

from twisted.trial import unittest

from teamgram.app import stage_settings
from teamgram.app.config import sections
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import load_configuration, load_file
from teamgram.app.config.units import parse_duration, parse_size
from teamgram.session.settings import SessionSettings

PROJECT = Path(__file__).parents[2]

#: As teamgram-server ships it, shortened to one of each kind of key.
TEAMGRAM_GNETWAY = """
Name: interface.gateway
ListenOn: 127.0.0.1:20110
Etcd:
  Hosts:
    - 127.0.0.1:2379
  Key: interface.gateway
Log:
  ServiceName: interface.gateway
  Mode: file
  Path: ../logs/gnetway
  Level: debug
RSAKey:
  - KeyFile: "./server_pkcs1.key"
    KeyFingerprint: "12240908862933197005"
KeyFile: "./server_pkcs1.key"
KeyFingerprint: "12240908862933197005"
MaxProc: 4
Gnetway:
  Server:
    - Proto: tcp
      Addresses:
        - 0.0.0.0:10443
        - 0.0.0.0:5222
    - Proto: websocket
      Addresses:
        - 0.0.0.0:11443
  Multicore: false
  SendBuf: 65536
  ReceiveBuf: 65536
Session:
  Etcd:
    Hosts:
      - 127.0.0.1:2379
    Key: interface.session
"""


class ShippedConfigurationTests(unittest.SynchronousTestCase):
    """``etc/`` as it is in the project."""

    def test_it_loads_and_uses_every_key(self) -> None:
        """Nothing in the shipped files is ignored."""
        self.assertEqual(load_configuration(PROJECT / "etc").unused, ())

    def test_fresh_devices_wait_where_strangers_come(self) -> None:
        """Unset, a fresh device waits for nothing on loopback and for a day elsewhere; what is set holds everywhere."""
        unset = sections.BffFile()
        self.assertEqual(stage_settings.fresh_session_delay(unset, True), 0)
        self.assertEqual(stage_settings.fresh_session_delay(unset, False), 86_400)
        for chosen, seconds in (("2h", 7200.0), (0, 0.0)):
            file = sections.BffFile(FreshSessionDelay=chosen)
            for loopback in (True, False):
                self.assertEqual(stage_settings.fresh_session_delay(file, loopback), seconds)
        path = Path(self.mktemp())
        path.write_text("Name: bff\nFreshSessionDelay: soon\n")
        self.assertIn("FreshSessionDelay", str(self.assertRaises(ConfigError, load_file, path, sections.BffFile)))

    def test_session_limits(self) -> None:
        """What the shipped file shows in comments is what holds without them, and each of them arrives."""
        text = (PROJECT / "etc" / "session.yaml").read_text()
        shown = dict(re.findall(r"^#   (\w+): (\w+) +#", text, re.M))
        limits = sections.SessionLimits()
        self.assertEqual({name: str(getattr(limits, name)) for name in limits.__struct_fields__}, shown)
        path = Path(self.mktemp())
        path.write_text(text)
        self.assertEqual(stage_settings.session(load_file(path, sections.SessionFile)[0]), SessionSettings())
        for name in limits.__struct_fields__:
            other = {"s": "7s", "m": "7m", "B": "7KiB"}.get(shown[name][-1], "7")
            path.write_text(f"{text}\nLimits:\n  {name}: {other}\n")
            changed = stage_settings.session(load_file(path, sections.SessionFile)[0])
            self.assertNotEqual(changed, SessionSettings(), name)

    def test_every_listener_is_on_loopback(self) -> None:
        """0.0.0.0 is the operator's choice, never ours."""
        servers = load_configuration(PROJECT / "etc").gnetway.Gnetway.Server
        addresses = [address for server in servers for address in server.Addresses]
        self.assertTrue(addresses)
        self.assertEqual([a for a in addresses if not a.startswith(("127.0.0.1:", "[::1]:"))], [])


class LoaderTests(unittest.SynchronousTestCase):
    """One file at a time."""

    def load(self, text: str, shape: type[sections.Section] = sections.GnetwayFile) -> sections.Section:
        path = Path(self.mktemp())
        path.write_text(text)
        return load_file(path, shape)[0]

    def refused(self, text: str) -> str:
        error = self.assertRaises(ConfigError, self.load, text)
        return f"{error.path}: {error.problem}"

    def test_teamgram_s_own_file_loads(self) -> None:
        """An operator's file loads unchanged and says which of its keys mean nothing here."""
        directory = Path(self.mktemp())
        shutil.copytree(PROJECT / "etc", directory)
        (directory / "gnetway.yaml").write_text(TEAMGRAM_GNETWAY)
        configuration = load_configuration(directory)
        self.assertEqual(configuration.gnetway.Gnetway.Server[1].Addresses, ["0.0.0.0:11443"])
        self.assertIn("gnetway.yaml: MaxProc", configuration.unused)
        self.assertNotIn("gnetway.yaml: Gnetway.SendBuf", configuration.unused)

    def test_an_unknown_key_names_the_nearest(self) -> None:
        """A typing mistake is told with its path and the right spelling."""
        text = "Gnetway:\n  Server:\n    - Prot: tcp\n      Addresses: ['127.0.0.1:1']\n"
        self.assertEqual(self.refused(text), "Gnetway.Server[0].Prot: unknown key; did you mean Proto?")

    def test_a_wrong_type_names_its_path(self) -> None:
        """A value of the wrong type is told with where it stands."""
        text = "Gnetway:\n  Server:\n    - Proto: 5\n      Addresses: []\n"
        self.assertEqual(self.refused(text), "Gnetway.Server[0].Proto: expected `str`, got `int`")

    def test_a_number_too_small_to_work_with(self) -> None:
        """A limit of none would stop everything."""
        text = "Gnetway:\n  Server: []\n  Limits: {AuthKeyCache: 0}\n"
        self.assertEqual(self.refused(text), "Gnetway.Limits.AuthKeyCache: expected `int` >= 1")

    def test_a_missing_key_is_named(self) -> None:
        """What must be there and is not is told by name."""
        self.assertIn("Server", self.refused("Gnetway: {}"))

    def test_a_duration_says_how_it_is_written(self) -> None:
        """A unit that does not exist is refused at the start, not when it is used."""
        text = "Gnetway:\n  Server: []\n  Limits:\n    IdleTimeout: 5 parsecs\n"
        self.assertIn("write it like 30s", self.refused(text))

    def test_no_yaml_and_no_file(self) -> None:
        """A file that is no YAML, no mapping, or not there is told as such."""
        self.assertIn("is no YAML", self.refused("a: [b"))
        self.assertIn("must be a mapping", self.refused("- a"))
        missing = self.assertRaises(ConfigError, load_file, Path("nowhere.yaml"), sections.BffFile)
        self.assertIn("no such file", str(missing))


class UnitTests(unittest.SynchronousTestCase):
    """Durations and sizes."""

    def test_durations(self) -> None:
        """Go's form, bare seconds, and nothing else."""
        seconds_of: dict[Any, float] = {"300s": 300, "1h30m": 5400, "250ms": 0.25, 90: 90, "2": 2, "1d": 86400}
        for text, seconds in seconds_of.items():
            self.assertEqual(parse_duration(text), seconds, text)
        never: list[Any] = ["", "5x", "s", "1h 30m", True, -1]
        for wrong in never:
            self.assertRaises(ValueError, parse_duration, wrong)

    def test_sizes(self) -> None:
        """Binary and decimal units, bare bytes, and nothing else."""
        examples: list[tuple[Any, int]] = [("64KiB", 65536), ("1MB", 10**6), (7, 7), ("8", 8), ("1 GiB", 2**30)]
        for text, size in examples:
            self.assertEqual(parse_size(text), size, text)
        never: list[Any] = ["", "1.5MiB", "KiB", -1, True]
        for wrong in never:
            self.assertRaises(ValueError, parse_size, wrong)


class IDMapTests(unittest.SynchronousTestCase):
    """``BFFProxyClients.IDMap`` in ``session.yaml``."""

    def test_it_is_written_as_teamgram_writes_it(self) -> None:
        """Every key is ``/mtproto.RPC…``, every value a bff's name."""
        id_map = load_configuration(PROJECT / "etc").session.BFFProxyClients.IDMap
        self.assertGreaterEqual(len(id_map), 27)
        for service, target in id_map.items():
            self.assertTrue(re.fullmatch(r"/mtproto\.RPC\w+", service), service)
            self.assertEqual(target, "bff.bff")
