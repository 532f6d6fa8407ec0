"""A person's OpenClaw brought over: from its databases, and from the files of before; nothing of theirs changes."""

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

import zstandard

from teamgram.openclaw.importing.bringing_over import BringingOver, Plan
from teamgram.openclaw.importing.openclaw_state import NoOpenClawState, OpenClawState
from trial_tests.openclaw.agent.agents import AgentsHouse, AgentsTestCase
from trial_tests.openclaw.house import DeviceKey

#: As 2026.9.6 makes them, of the columns that are read and those that must not be empty.
_AGENT_TABLES = """
CREATE TABLE session_nodes (session_key TEXT NOT NULL PRIMARY KEY, current_session_id TEXT NOT NULL,
    entry_json TEXT NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE transcript_events (session_id TEXT NOT NULL, seq INTEGER NOT NULL, event_json TEXT,
    created_at INTEGER NOT NULL, event_zstd BLOB, PRIMARY KEY (session_id, seq));
CREATE TABLE session_transcript_active_events (session_id TEXT NOT NULL, active_position INTEGER NOT NULL,
    event_seq INTEGER NOT NULL, PRIMARY KEY (session_id, active_position));
"""
_STATE_TABLES = """
CREATE TABLE cron_jobs (store_key TEXT NOT NULL, job_id TEXT NOT NULL, name TEXT NOT NULL, job_json TEXT NOT NULL,
    sort_order INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (store_key, job_id));
CREATE TABLE device_pairing_paired (device_id TEXT NOT NULL PRIMARY KEY, public_key TEXT NOT NULL, display_name TEXT,
    operator_label TEXT, platform TEXT, device_family TEXT, client_id TEXT, client_mode TEXT, roles_json TEXT,
    approved_scopes_json TEXT, tokens_json TEXT, node_surface_json TEXT, created_at_ms INTEGER NOT NULL,
    approved_at_ms INTEGER NOT NULL, last_seen_at_ms INTEGER);
"""
_STAMP = "2026-12-01T09:11:01.865Z"
_CONFIG = """{ // theirs
  gateway: { port: 28789, bind: "tailnet", auth: { mode: "token", token: "their-token" } },
  agents: { defaults: { userTimezone: "Europe/Berlin" }, entries: { main: {}, clerk: { name: "Clerk" } } },
  wizard: { lastRunVersion: "2026.9.6" },
}"""
PHONE = DeviceKey(9)


def said(record_id: str, parent: str | None, role: str, text: str) -> dict[str, Any]:
    """A message as OpenClaw keeps it."""
    message = {"role": role, "content": [{"type": "text", "text": text}], "timestamp": 1796116261865}
    return {"type": "message", "id": record_id, "parentId": parent, "timestamp": _STAMP, "message": message}


def fingerprint(directory: Path) -> dict[str, str]:
    """Every file of a directory."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def of_today(directory: Path, config: str = _CONFIG) -> None:
    """A state directory of 2026.9.6."""
    (directory / "agents/main/agent").mkdir(parents=True)
    (directory / "state").mkdir()
    (directory / "openclaw.json").write_text(config)
    records: list[dict[str, Any]] = [
        {"type": "session", "version": 4, "id": "s1", "timestamp": _STAMP, "cwd": "/x"},
        {"type": "model_change", "provider": "fake", "modelId": "m", "id": "c", "parentId": None, "timestamp": _STAMP},
        said("m1", "c", "user", "hello from the person"),
        said("m2", "m1", "assistant", "You said: hello"),
        said("m3", "m2", "user", "left aside"),
        {"type": "compaction", "id": "k", "parentId": "m2", "timestamp": _STAMP, "summary": "They met.",
         "firstKeptEntryId": "c", "tokensBefore": 10},
        said("m4", "k", "user", "large " + "x" * 5000),
        said("m5", "m4", "assistant", "so be it"),
    ]  # fmt: skip
    with sqlite3.connect(directory / "agents/main/agent/openclaw-agent.sqlite") as database:
        database.executescript(_AGENT_TABLES)
        entry = {"sessionId": "s1", "updatedAt": 1796116262000, "label": "old talks", "thinkingLevel": "low"}
        database.execute("INSERT INTO session_nodes VALUES ('agent:main:main', 's1', ?, 1)", [json.dumps(entry)])
        for seq, record in enumerate(records):
            text: str | None = json.dumps(record)
            packed = zstandard.ZstdCompressor().compress(text.encode()) if record.get("id") == "m4" and text else None
            database.execute(
                "INSERT INTO transcript_events VALUES ('s1', ?, ?, 1, ?)", [seq, None if packed else text, packed]
            )
        for position, seq in enumerate((1, 2, 3, 5, 6, 7)):
            database.execute("INSERT INTO session_transcript_active_events VALUES ('s1', ?, ?)", [position, seq])
    database.close()
    jobs: list[dict[str, Any]] = [
        {"id": "j1", "name": "nightly", "enabled": True, "createdAtMs": 1, "sessionTarget": "isolated",
         "schedule": {"kind": "cron", "expr": "0 3 * * *", "tz": "Europe/Berlin"}, "wakeMode": "now",
         "payload": {"kind": "agentTurn", "message": "say good night", "toolsAllow": ["*"]},
         "delivery": {"mode": "announce", "channel": "last"}, "state": {}},
        {"id": "j2", "name": "heartbeat-main", "declarationKey": "heartbeat:main", "payload": {"kind": "heartbeat"},
         "schedule": {"kind": "every", "everyMs": 1800000}},
        {"id": "j3", "name": "shell", "payload": {"kind": "command", "argv": ["ls"]}, "sessionTarget": "isolated",
         "wakeMode": "now", "schedule": {"kind": "every", "everyMs": 1800000}},
    ]  # fmt: skip
    token = {"operator": {"token": "t" * 43, "role": "operator", "scopes": ["operator.read"], "createdAtMs": 5}}
    with sqlite3.connect(directory / "state/openclaw.sqlite") as database:
        database.executescript(_STATE_TABLES)
        for job in jobs:
            database.execute(
                "INSERT INTO cron_jobs VALUES ('s', ?, ?, ?, 0)", [job["id"], job["name"], json.dumps(job)]
            )
        database.execute(
            "INSERT INTO device_pairing_paired VALUES (?, ?, 'Kitchen', NULL, 'linux', 'Linux', 'gateway-client', "
            "'backend', ?, ?, ?, NULL, 5, 5, 6)",
            [PHONE.id, PHONE.public_key, '["operator"]', '["operator.read"]', json.dumps(token)],
        )
    database.close()


def of_before(directory: Path) -> None:
    """A state directory of the middle of 2026."""
    sessions = directory / "agents/main/sessions"
    sessions.mkdir(parents=True)
    (directory / "cron").mkdir()
    (directory / "openclaw.json").write_text("{}")
    entries = {
        "agent:main:main": {
            "sessionId": "abc",
            "updatedAt": 1796116262000,
            "modelOverride": "gpt",
            "providerOverride": "o",
        },
        "agent:main:work": {"sessionId": "../../etc/passwd", "updatedAt": 1},
        "nonsense::": 7,
    }
    (sessions / "sessions.json").write_text(json.dumps(entries))
    lines = [
        {"type": "session", "version": 3, "id": "abc", "timestamp": _STAMP, "cwd": "/x"},
        said("a", None, "user", "first"),
        said("b", "a", "assistant", "second"),
        said("x", "b", "user", "another branch"),
        said("c", "b", "user", "third"),
    ]
    text = "\n".join(map(json.dumps, lines)) + "\n{broken\n"
    (sessions / "abc.jsonl").write_text(text)
    job = {"name": "old", "schedule": {"kind": "every", "everyMs": 60000}, "sessionTarget": "main", "wakeMode": "now",
           "payload": {"kind": "systemEvent", "text": "tick"}}  # fmt: skip
    (directory / "cron/jobs.json").write_text(json.dumps({"version": 1, "jobs": [job]}))


class BringingOverTests(AgentsTestCase):
    """Into a house that was never used."""

    def setUp(self) -> None:
        super().setUp()
        self.theirs = Path(self.mktemp())
        self.theirs.mkdir()

    def bring(self, house: AgentsHouse | None = None) -> Plan:
        """Plan it and do it; nothing of theirs is another afterwards."""
        house = house or self.house
        before = fingerprint(self.theirs)
        bringing = BringingOver(OpenClawState(self.theirs), house.plane, house.agents)
        plan = bringing.plan()
        self.successResultOf(Deferred.fromCoroutine(bringing.carry_out(plan)))
        self.assertEqual(fingerprint(self.theirs), before)
        return plan

    def test_today(self) -> None:
        """Conversations, jobs, devices and settings, after a restart, too; a second time there is nothing to do."""
        of_today(self.theirs)
        plan = self.bring()
        later = self.house.again()
        client = later.client()
        client.hello(auth={"token": "their-token"})
        self.assertEqual([text[:25] for _, text in self.history(client=client)], [
            "hello from the person", "You said: hello", "large " + "x" * 19, "so be it",
        ])  # fmt: skip
        session = later.parts.sessions.get("agent:main:main")
        assert session is not None
        self.assertEqual(
            (session.label, session.settings, session.messages), ("old talks", {"thinkingLevel": "low"}, 4)
        )
        reading = Deferred.fromCoroutine(later.parts.compaction.context(session, 100_000))
        seen = self.successResultOf(reading)
        self.assertIn("They met.", str(seen.messages[0]))
        (job,) = self.ok("cron.list", client)["jobs"]
        self.assertEqual((job["name"], job["payload"]), ("nightly", {"kind": "agentTurn", "message": "say good night"}))
        phone = later.client("192.0.2.7", headers={"x-forwarded-for": "192.0.2.7"})
        hello = phone.hello(PHONE, scopes=["operator.read"], auth={"deviceToken": "t" * 43})
        self.assertEqual(hello["auth"]["method"], "device-token")
        self.assertEqual(later.plane.config.sections.agents.entries["clerk"].name, "Clerk")
        notes = "\n".join(plan.notes)
        for told in ("wizard", "agents.defaults.userTimezone", "gateway.bind", 'job "shell"'):
            self.assertIn(told, notes)
        again = self.bring(later)
        self.assertEqual((again.sessions, again.devices, again.tree), ([], [], None))
        self.assertEqual([job["name"] for job in again.jobs], ["shell"])
        self.assertEqual((again.known_sessions, again.known_jobs, again.known_devices), (1, 1, 1))

    def test_before(self) -> None:
        """Files: of a tree the branch to the last message; names that lead elsewhere are nobody's."""
        of_before(self.theirs)
        plan = self.bring()
        self.assertEqual([text for _, text in self.history()], ["first", "second", "third"])
        session = self.house.parts.sessions.get("agent:main:main")
        assert session is not None
        self.assertEqual((session.model, len(plan.sessions), len(plan.jobs)), ("o/gpt", 1, 1))
        self.assertIn("1 records", "\n".join(plan.notes))

    def test_shown_first(self) -> None:
        """To plan changes nothing here; it says how much there is."""
        of_today(self.theirs)
        before = fingerprint(self.house.directory)
        plan = BringingOver(OpenClawState(self.theirs), self.house.plane, self.house.agents).plan()
        self.assertEqual(fingerprint(self.house.directory), before)
        shown = "\n".join(plan.lines())
        for line in ("conversations   1 with 5 records", "jobs            2", "devices         1"):
            self.assertIn(line, shown)

    def test_what_is_here_stays(self) -> None:
        """A conversation that goes on here is not overwritten."""
        of_today(self.theirs)
        self.send("mine", "run-1")
        self.house.advance(0.5)
        self.assertEqual(self.bring().known_sessions, 1)
        self.assertEqual(self.history()[0], ("user", "mine"))

    def test_no_state(self) -> None:
        """Another directory, and broken databases."""
        self.assertRaises(NoOpenClawState, OpenClawState, self.theirs)
        of_today(self.theirs)
        for path in self.theirs.rglob("*.sqlite"):
            path.write_bytes(b"SQLite format 3\0" + bytes(range(256)))
        self.assertEqual(self.bring().sessions, [])
