"""Transcripts on disk: durable, whole lines only, read from the end."""

import io
import json
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.openclaw.sessions import keys as agent_session_keys
from teamgram.openclaw.sessions import transcript_files, transcripts
from teamgram.openclaw.sessions.agent_sessions import AgentSessions
from teamgram.openclaw.sessions.transcript_writer import OnDisk, TranscriptWriter
from trial_tests.openclaw.house import MemoryReactor

NOW = 1_800_000_000_000


class BackwardReaderTests(SynchronousTestCase):
    """From the newest record to the oldest."""

    @given(st.lists(st.text(max_size=400), max_size=30), st.integers(16, 300))
    @settings(max_examples=150, deadline=None)
    def test_same_as_forward(self, texts: list[str], block: int) -> None:
        """Whatever the blocks cut through, every record comes once, in reverse."""
        data = transcripts.encode_lines([{"n": n, "text": text} for n, text in enumerate(texts)])
        reader = transcripts.BackwardReader(io.BytesIO(data), len(data))
        reader.BLOCK_BYTES = block
        self.assertEqual([record["text"] for record in reader], texts[::-1])
        self.assertEqual(reader.damaged, 0)

    def test_damage_in_the_middle(self) -> None:
        """A line that is none is passed over and counted."""
        data = b'{"n":1}\n{"n":\n{"n":3}\n'
        reader = transcripts.BackwardReader(io.BytesIO(data), len(data))
        self.assertEqual(list(reader), [{"n": 3}, {"n": 1}])
        self.assertEqual(reader.damaged, 1)


class FileTests(SynchronousTestCase):
    """Appending and repairing."""

    def test_failed_append_leaves_nothing(self) -> None:
        """What an append that failed half way left is gone with the next."""
        path = Path(self.mktemp()) / "x.jsonl"
        transcript_files.append(path, 0, b'{"a":1}\n')
        with open(path, "ab") as file:
            file.write(b'{"half')
        transcript_files.append(path, 8, b'{"b":2}\n')
        self.assertEqual(path.read_bytes(), b'{"a":1}\n{"b":2}\n')
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_shortened_by_somebody_else(self) -> None:
        """What somebody took away is gone, but no gap of zero bytes takes its place and what comes then is readable."""
        path = Path(self.mktemp()) / "x.jsonl"
        size = transcript_files.append(path, 0, b'{"a":1}\n{"b":2}\n{"c":3}\n')
        with open(path, "r+b") as file:
            file.truncate(12)
        self.assertEqual(transcript_files.append(path, size, b'{"d":4}\n'), 16)
        self.assertEqual(path.read_bytes(), b'{"a":1}\n{"d":4}\n')

    def test_torn_lines(self) -> None:
        """Whatever remains after the last line end is cut, however long it is."""
        for tail in (b"", b"x", b"x" * 10_000):
            path = Path(self.mktemp())
            path.write_bytes(b'{"a":1}\n' + tail)
            self.assertEqual(transcript_files.cut_torn_line(path), (8, len(tail)))
            self.assertEqual(path.read_bytes(), b'{"a":1}\n')
        path.write_bytes(b"no line end")
        self.assertEqual(transcript_files.cut_torn_line(path), (0, 11))

    def test_appends_share_writes(self) -> None:
        """Appends that come while one is under way go together in the next, in order."""
        jobs: list[Any] = []

        class Pool:
            def callInThreadWithCallback(self, done: Any, function: Any) -> None:
                jobs.append((done, function))

        class Reactor(MemoryReactor):
            def getThreadPool(self) -> Any:
                return Pool()

        path = Path(self.mktemp()) / "x.jsonl"
        writer = TranscriptWriter(path, Reactor())
        waiting: list[Deferred[None]] = []
        for number in range(4):
            line = transcripts.encode_lines([{"n": number}])
            waiting.append(writer.append(lambda line=line, number=number: (line, number + 1)))  # type: ignore[misc]
        self.assertEqual(len(jobs), 1)
        while jobs:
            done, function = jobs.pop(0)
            done(True, function())
        for each in waiting:
            self.successResultOf(each)
        self.assertEqual([json.loads(line)["n"] for line in path.read_bytes().splitlines()], [0, 1, 2, 3])
        self.assertEqual(writer.on_disk, OnDisk(path.stat().st_size, 4))


class IndexTests(SynchronousTestCase):
    """The registry is rebuilt from the files."""

    def setUp(self) -> None:
        """An empty directory."""
        self.directory = Path(self.mktemp())

    def sessions(self) -> AgentSessions:
        """What a process that starts now sees."""
        found = AgentSessions(self.directory, MemoryReactor())
        found.load()
        return found

    def write(self, key: str, *texts: str, label: str = "") -> Path:
        """A session with messages; its file."""
        sessions = self.sessions()
        session = sessions.get(f"agent:main:{key}") or sessions.create(agent_session_keys.parse(key), NOW)
        sessions.relabel(session, label)
        for text in texts:
            message = {"role": "user", "content": text}
            record = transcripts.record(transcripts.MESSAGE, None, NOW, message=message)
            self.successResultOf(sessions.append(session, [record], NOW))
        return sessions.path(session)

    def test_comes_back(self) -> None:
        """Everything about a session, its counters too."""
        self.write("one", "hello", "world", label="My label")
        session = self.sessions().by_label("My label")
        assert session is not None
        self.assertEqual((session.key, session.messages, session.preview), ("agent:main:one", 2, "world"))

    def test_torn_tail(self) -> None:
        """Half a record at the end is cut and reported; what stood before it counts."""
        path = self.write("one", "hello")
        whole = path.read_bytes()
        path.write_bytes(whole + b'{"type":"message","id":"x","mess')
        sessions = self.sessions()
        self.assertEqual(len(sessions.reported), 1)
        self.assertEqual(path.read_bytes(), whole)
        self.assertEqual([session.messages for session in sessions], [1])

    def test_cut_anywhere(self) -> None:
        """Cut at every byte: the rest loads, and what is appended then is readable."""
        path = self.write("one", "first", "second")
        whole = path.read_bytes()
        first_line = whole.index(b"\n") + 1
        batches = [0, *(i for i in range(len(whole)) if whole.startswith(b'"customType":"openclaw.session"', i))]
        for size in range(first_line, len(whole), 7):
            path.write_bytes(whole[:size])
            sessions = self.sessions()
            (session,) = list(sessions)
            # A batch counts once its last record has its end; whole lines of the first count without it.
            done = sum(whole.find(b"\n", at) < size for at in batches[1:])
            lines = whole[:size].rpartition(b"\n")[0].count(b'"type":"message"')
            messages = done if done else lines
            self.assertEqual(session.messages, messages, size)
            record = transcripts.record(transcripts.MESSAGE, None, NOW, message={"role": "user", "content": "after"})
            self.successResultOf(sessions.append(session, [record], NOW))
            for line in path.read_bytes().splitlines():
                json.loads(line)
            path.write_bytes(whole)

    def test_files_of_others(self) -> None:
        """A transcript in the format without our records is a session too."""
        folder = self.directory / "main/sessions"
        folder.mkdir(parents=True)
        head = {"type": "session", "version": 3, "id": "abc", "timestamp": "2026-01-01T00:00:00.000Z", "cwd": "/"}
        message = {"type": "message", "id": "1", "parentId": None, "timestamp": "2026-01-01T00:00:01.000Z",
                   "message": {"role": "user", "content": "hi"}}  # fmt: skip
        (folder / "abc.jsonl").write_bytes(transcripts.encode_lines([head, message]))
        (folder / "noise.jsonl").write_bytes(b"\x00\x01garbage\n")
        (session,) = list(self.sessions())
        self.assertEqual((session.key, session.messages), ("agent:main:explicit:abc", 1))

    def test_ten_thousand(self) -> None:
        """Ten thousand sessions are there in well under a second."""
        folder = self.write("template", "hello").parent
        template = next(folder.iterdir()).read_bytes()
        old = next(folder.iterdir()).stem.encode()
        for number in range(10_000):
            name = f"s{number:06d}"
            text = template.replace(old, name.encode()).replace(b":template", f":{name}".encode())
            (folder / f"{name}.jsonl").write_bytes(text)
        began = time.process_time()
        self.assertEqual(len(self.sessions()), 10_001)
        # Generous: the machine that tests may be busy. It takes about 0.35 s.
        self.assertLess(time.process_time() - began, 1.5)

    def test_session_id_is_no_path(self) -> None:
        """An id that could lead out of the folder is refused."""
        sessions = self.sessions()
        for bad in ("../x", "a/b", ".hidden", "x" * 200, "a\0b"):
            with self.assertRaises(agent_session_keys.BadSessionKey):
                sessions.create(agent_session_keys.parse("k"), NOW, session_id=bad)


class KeyTests(SynchronousTestCase):
    """The grammar."""

    def test_forms(self) -> None:
        """What each form says."""
        for text, canonical, kind, classification, channel, peer in (
            ("main", "agent:main:main", "main", "main", None, None),
            ("Agent:Work:Main", "agent:work:main", "main", "main", None, None),
            ("direct:7", "agent:main:direct:7", "dm", "direct", None, "7"),
            ("telegram:direct:7", "agent:main:telegram:direct:7", "dm", "direct", "telegram", "7"),
            ("telegram:acc:direct:7", "agent:main:telegram:acc:direct:7", "dm", "direct", "telegram", "7"),
            ("telegram:group:-5:topic:3", "agent:main:telegram:group:-5:topic:3", "group", "group", "telegram", "-5"),
            ("cron:j:run:1", "agent:main:cron:j:run:1", "dm", "cron", None, None),
            ("x", "agent:main:x", "dm", "custom", None, None),
            ("global", "global", "dm", "custom", None, None),
        ):
            key = agent_session_keys.parse(text)
            found = (key.text, key.kind, key.classification, key.channel, key.peer)
            self.assertEqual(found, (canonical, kind, classification, channel, peer))

    def test_bad(self) -> None:
        """What is none."""
        for text in ("", " ", "agent:", "agent:x", "agent:-x:main", "x" * 513, "a\x00b", "agent:a b:main"):
            with self.assertRaises(agent_session_keys.BadSessionKey):
                agent_session_keys.parse(text)

    def test_dm_scope(self) -> None:
        """``session.dmScope``."""
        made = [
            agent_session_keys.direct("main", "telegram", "acc", "7", scope)
            for scope in ("main", "per-peer", "per-channel-peer", "per-account-channel-peer")
        ]
        self.assertEqual(
            made,
            [
                "agent:main:main",
                "agent:main:direct:7",
                "agent:main:telegram:direct:7",
                "agent:main:telegram:acc:direct:7",
            ],
        )
