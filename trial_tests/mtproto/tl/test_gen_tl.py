"""The tool that makes the schema text, on small schemas of its own."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from teamgram.mtproto.tl.definitions import Definition, parse_line

TOOL = Path(__file__).parents[3] / "tools" / "gen_tl.py"
LINE = "inputPeerUser#dde8a54c user_id:long access_hash:long = InputPeer;"
CHANGED = "folderPeer#e9baa668 peer:Peer folder_id:int = FolderPeer;"


def load_tool() -> Any:
    if not TOOL.exists():
        raise SkipTest("the tool is not part of an installed package")
    spec = importlib.util.spec_from_file_location("gen_tl", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def defined(line: str) -> Definition:
    definition = parse_line(line)
    assert definition is not None
    return definition


class GenTlTests(SynchronousTestCase):
    """Reading packages and joining layers."""

    def setUp(self) -> None:
        self.tool = load_tool()

    def test_forms_agree(self) -> None:
        """The same constructor reads the same from TL text, mtcute's JSON and teleproto's array."""
        text = f"module.exports = `{LINE}\n---functions---\nhelp.getConfig#c4f9186b = Config;"
        peer, config = self.tool.parse_tl_text(text)
        self.assertEqual((peer, config.is_function), (defined(LINE), True))
        arguments = [{"name": "user_id", "type": "int53"}, {"name": "access_hash", "type": "long"}]
        entry = {"kind": "class", "name": "inputPeerUser", "id": peer.id, "type": "InputPeer", "arguments": arguments}
        self.assertEqual(list(self.tool.parse_json(json.dumps({"e": [entry]}))), [peer])
        plain = {"isVector": False, "isFlag": False, "flagIndicator": False, "type": "long", "flagName": None}
        entry = {
            "name": "InputPeerUser",
            "constructorId": peer.id,
            "argsConfig": {"userId": plain, "accessHash": plain},
            "result": "InputPeer",
            "isFunction": False,
        }
        self.assertEqual(list(self.tool.parse_js_definitions(f"module.exports = {json.dumps([entry])};")), [peer])

    def test_crate(self) -> None:
        """A crate is what cargo puts beside a package that depends on that very version; its files are read there."""
        cache = Path(self.mktemp())
        asked: list[list[str]] = []

        def run(command: list[str], *, cwd: Path, **_: Any) -> None:
            asked.append(command)
            manifest = tomllib.loads((cwd / "Cargo.toml").read_text())
            self.assertEqual(manifest["dependencies"], {"some-types": "=0.1.2"})
            self.assertTrue((cwd / "src" / "lib.rs").exists())
            for crate in ("some-types", "another"):
                (cwd / "vendor" / crate / "tl").mkdir(parents=True)
                (cwd / "vendor" / crate / "tl" / "api.tl").write_text(f"// {crate}")

        self.patch(self.tool.subprocess, "run", run)
        for _ in range(2):
            folder = self.tool.fetch("crate:some-types@0.1.2", cache)
            self.assertEqual(list(self.tool.read_members(folder, "tl/api.tl")), ["// some-types"])
        self.assertEqual(asked, [["cargo", "vendor", "--quiet"]])

    def test_missing_client(self) -> None:
        """Without a registry's client the tool stops at once and says so; what is downloaded already needs none."""
        cache = Path(self.mktemp())
        self.patch(self.tool.shutil, "which", lambda client: None if client == "cargo" else client)
        packages = ["npm:a@1", "crate:some-types@0.1.2"]
        failure = self.assertRaises(SystemExit, self.tool.check_clients, packages, cache)
        self.assertIn("cargo is not installed", str(failure))
        self.tool.folder_of(packages[1], cache).mkdir(parents=True)
        self.tool.check_clients(packages, cache)

    def test_unverified_definitions_are_left_out(self) -> None:
        """A definition whose CRC32 is not its id counts only when another layer's is right."""
        wrong = defined(LINE)._replace(fields=())
        collector = self.tool.Collector(frozenset())
        collector.add_layer(1, [wrong], loose=False)
        self.assertEqual(collector.settle_unverified(), ["layer 1: dde8a54c"])
        collector.add_layer(2, [defined(LINE)], loose=False)
        self.assertEqual(collector.settle_unverified(), [])
        self.assertEqual(collector.layers[1], {0xDDE8A54C})

    def test_true_fields_are_joined(self) -> None:
        """Flags under an unchanged id are the union over the layers."""
        first = defined("x#1 flags:# a:flags.0?true b:int = X;")
        second = defined("x#1 flags:# c:flags.1?true b:int = X;")
        joined = self.tool.merge_true_fields(first, second)
        self.assertEqual(str(joined), "x#1 flags:# a:flags.0?true c:flags.1?true b:int = X;")

    def test_loose_layers_lose_their_neighbours(self) -> None:
        """A package that keeps names of other layers is cut to what the layers around it have, or nobody else."""
        line, changed = defined(LINE), defined(CHANGED)
        self.assertEqual(changed.crc32(), changed.id)
        collector = self.tool.Collector(frozenset())
        collector.add_layer(1, [changed], loose=False)
        collector.add_layer(2, [line], loose=False)
        collector.add_layer(3, [line, changed], loose=True)
        collector.add_layer(4, [line], loose=False)
        self.assertEqual(collector.prune_loose_layers(), 1)
        self.assertEqual(collector.layers[3], {line.id})

    def test_gap(self) -> None:
        """A layer made from the one below it: a definition added, a name removed."""
        line, changed = defined(LINE), defined(CHANGED)
        collector = self.tool.Collector(frozenset())
        collector.add_layer(1, [line], loose=False)
        collector.add_layer(3, [changed], loose=False)
        collector.add_gap(2, 1, f"+{changed.id:x} -inputPeerUser")
        self.assertEqual(collector.layers[2], {changed.id})
        self.assertRaises(SystemExit, collector.add_gap, 2, 1, "+1234")

    def test_gap_from_a_file(self) -> None:
        """A file of lines beside the table gives types and functions; each must have the id of its normal form."""
        folder = Path(self.mktemp())
        folder.mkdir()
        self.patch(self.tool, "TOOLS", folder)
        collector = self.tool.Collector(frozenset())
        collector.add_layer(1, [defined(LINE)], loose=False)
        function = "help.getConfig#c4f9186b = Config;"
        (folder / "more.tl").write_text(f"// why\n---types---\n{CHANGED}\n---functions---\n{function}\n")
        collector.add_gap(2, 1, "more.tl")
        self.assertEqual(collector.layers[2], {defined(line).id for line in (LINE, CHANGED, function)})
        self.assertTrue(collector.definitions[0xC4F9186B].is_function)
        (folder / "wrong.tl").write_text(CHANGED.replace("folder_id", "folder"))
        self.assertRaises(SystemExit, collector.add_gap, 3, 1, "wrong.tl")

    def test_runs_of_layers(self) -> None:
        """Runs are over known layers; the one that reaches the newest is left open."""
        known = [1, 2, 4, 5, 9]
        self.assertEqual(self.tool.ranges({1, 2, 4, 9}, known), "1-4,9-")
        self.assertEqual(self.tool.ranges({2, 5}, known), "2,5")
