"""The table of who may import whom, held against the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

from twisted.trial import unittest

import teamgram

PACKAGE = Path(teamgram.__file__).parent

#: Folder -> what of ours it may import, beside itself.
MAY_IMPORT: dict[str, set[str]] = {
    "net": set(),
    "mtproto": set(),
    "interfaces": {"mtproto"},
    "gnetway": {"net", "mtproto", "interfaces"},
    "session": {"mtproto", "interfaces"},
    "authsession": {"mtproto", "interfaces", "database", "cache"},
    "bff": {"mtproto", "interfaces", "domain"},
    "domain": {"net", "database", "cache", "blobs"},
    "openclaw": {"net", "domain", "database", "interfaces"},
    "bots": {"net", "mtproto", "domain"},
    "database": set(),
    "cache": set(),
    "blobs": set(),
    "cluster": {"interfaces", "mtproto"},
    "clients": {"mtproto", "interfaces"},
    "app": {
        "net",
        "mtproto",
        "interfaces",
        "gnetway",
        "session",
        "authsession",
        "bff",
        "domain",
        "bots",
        "openclaw",
        "database",
        "cache",
        "blobs",
        "cluster",
        "clients",
    },
}

#: Plain Python: no Twisted, no database, no configuration.
CORES = [
    "net",
    "mtproto",
    "interfaces",
    "clients",
    "cluster/addresses.py",
    "cluster/ring.py",
    "gnetway/time_wheel.py",
    "gnetway/conn_context.py",
    "session/backpressure.py",
    "session/counts.py",
    "session/errors.py",
    "session/events.py",
    "session/http_polls.py",
    "session/inbox.py",
    "session/invoke.py",
    "session/main_auth.py",
    "session/outbox.py",
    "session/routing.py",
    "session/rpc_queue.py",
    "session/salts.py",
    "session/service_messages.py",
    "session/service_requests.py",
    "session/session.py",
    "session/session_list.py",
    "session/settings.py",
    "openclaw/gateway/append_only.py",
    "openclaw/gateway/auth.py",
    "openclaw/gateway/door.py",
    "openclaw/gateway/events.py",
    "openclaw/gateway/flushing.py",
    "openclaw/gateway/frames.py",
    "openclaw/gateway/outbox.py",
    "openclaw/agent/context.py",
    "openclaw/agent/idempotency.py",
    "openclaw/agent/model_health.py",
    "openclaw/agent/outcome.py",
    "openclaw/agent/providers/failures.py",
    "openclaw/agent/providers/model_api.py",
    "openclaw/agent/providers/reply_body.py",
    "openclaw/agent/providers/reply_stream.py",
    "openclaw/agent/providers/reply_text.py",
    "openclaw/agent/providers/sse.py",
    "openclaw/agent/providers/tool_calls.py",
    "openclaw/agent/run_records.py",
    "openclaw/agent/slots.py",
    "openclaw/agent/streaming.py",
    "openclaw/config/telegram.py",
    "openclaw/messenger/access.py",
    "openclaw/messenger/addressing.py",
    "openclaw/messenger/formatting.py",
    "openclaw/messenger/markdown.py",
    "openclaw/messenger/pieces.py",
    "openclaw/sessions/agent_session.py",
    "openclaw/sessions/keys.py",
    "openclaw/agent/cron_schedule.py",
    "openclaw/methods/session_filter.py",
    "openclaw/sessions/transcripts.py",
]

#: Packages in which no modules need each other, not even in functions or for types.
WITHOUT_CIRCLES = [
    "mtproto",
    "interfaces",
    "gnetway",
    "session",
    "authsession",
    "bff",
    "domain",
    "cache",
    "database",
    "net",
    "blobs",
    "clients",
    "openclaw",
    "app",
    "cluster",
]


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """(dotted module, line) of every import in the file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.lineno
            if node.module == "teamgram":
                for alias in node.names:
                    yield f"teamgram.{alias.name}", node.lineno


def modules_in(package: Path) -> dict[str, set[str]]:
    """Every module of a package, with those of the same package that it imports, wherever it does."""
    named = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in package.rglob("*.py")
    }
    needs: dict[str, set[str]] = {}
    for name, path in named.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                modules = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= (modules & named.keys()) or {node.module}
        needs[name] = (found & named.keys()) - {name}
    return needs


def left_in_circles(needs: dict[str, set[str]]) -> set[str]:
    """What remains when whatever needs nothing that remains, or is needed by nothing that remains, is taken away."""
    left = dict(needs)
    while True:
        wanted = set().union(*left.values()) if left else set()
        gone = {name for name, others in left.items() if name not in wanted or not others & left.keys()}
        if not gone:
            return set(left)
        left = {name: others - gone for name, others in left.items() if name not in gone}


class LayeringTests(unittest.SynchronousTestCase):
    """Imports point downwards."""

    def test_every_folder_is_in_the_table(self) -> None:
        """A new folder has to say what it may import."""
        folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
        self.assertEqual(folders, set(MAY_IMPORT))

    def test_no_import_climbs(self) -> None:
        """No folder imports one that the table does not give it."""
        climbing = []
        for folder, allowed in MAY_IMPORT.items():
            for path in sorted((PACKAGE / folder).rglob("*.py")):
                for module, line in imports_of(path):
                    parts = module.split(".")
                    if parts[0] == "teamgram" and len(parts) > 1 and parts[1] not in allowed | {folder, "__version__"}:
                        climbing.append(f"{path.relative_to(PACKAGE)}:{line} imports {module}")
        self.assertEqual(climbing, [])

    def test_no_circle_of_nouns(self) -> None:
        """The rooms of the domain lie in an order: none needs, over however many, one that needs it."""
        rooms = [path.parent for path in sorted((PACKAGE / "domain").glob("*/__init__.py"))]
        needs: dict[str, set[str]] = {room.name: set() for room in rooms}
        for room in rooms:
            for path in room.rglob("*.py"):
                for module, _ in imports_of(path):
                    parts = module.split(".")
                    if (
                        parts[:2] == ["teamgram", "domain"]
                        and len(parts) > 2
                        and parts[2] in needs.keys() - {room.name}
                    ):
                        needs[room.name].add(parts[2])
        while needs:
            free = {name for name, others in needs.items() if not others & needs.keys()}
            self.assertTrue(free, f"these need each other: {sorted(needs)}")
            needs = {name: others for name, others in needs.items() if name not in free}

    def test_no_circle_of_modules(self) -> None:
        """No module needs one that needs it, over however many; for types and in functions counts as well."""
        for package in WITHOUT_CIRCLES:
            self.assertEqual(left_in_circles(modules_in(PACKAGE / package)), set(), package)

    def test_circles_are_found(self) -> None:
        """Also those of three, and what only hangs on to one is none."""
        needs = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"a"}}
        self.assertEqual(left_in_circles(needs), {"a", "b", "c"})

    def test_cores_are_plain_python(self) -> None:
        """No core imports twisted, zope or a database driver."""
        heavy = {"twisted", "zope", "autobahn", "txredisapi", "pymysql", "sqlite3", "yaml"}
        found = []
        for core in CORES:
            path = PACKAGE / core
            for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
                found += [
                    f"{file.relative_to(PACKAGE)}:{line} imports {module}"
                    for module, line in imports_of(file)
                    if module.split(".")[0] in heavy
                ]
        self.assertEqual(found, [])

    def test_no_drawers(self) -> None:
        """Nothing is called utils, common, misc or helpers."""
        drawers = {"utils", "util", "common", "misc", "helpers"}
        self.assertEqual([str(p) for p in PACKAGE.rglob("*") if p.stem in drawers], [])

    def test_the_reactor_is_not_imported_at_module_level(self) -> None:
        """Whoever needs the reactor is given one."""
        found = []
        for path in sorted(PACKAGE.rglob("*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ImportFrom) and node.module == "twisted.internet":
                    found += [str(path.relative_to(PACKAGE)) for alias in node.names if alias.name == "reactor"]
        self.assertEqual(found, [])
