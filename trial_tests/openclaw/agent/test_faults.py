"""Faults: ``kill -9`` at seeded moments, clients that do not read, SIGTERM in mid-run, cut sockets."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import yaml

from trial_tests.openclaw.agent.agents import AgentsTestCase
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import SocketClient

#: How often to kill; ``make test`` does a few, a long night some hundreds.
LOOPS = int(os.environ.get("TEAMGRAM_KILL_LOOPS", "4"))
SEED = int(os.environ.get("TEAMGRAM_KILL_SEED", "1"))


class Process:
    """One run of ``serve.py``."""

    def __init__(self, directory: Path) -> None:
        root = Path(__file__).resolve().parents[3]
        command = [sys.executable, "-m", "trial_tests.openclaw.agent.serve", str(directory)]
        self.process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().split()[1])

    def end(self, number: int) -> int:
        """Send a signal and wait; the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


class Talker:
    """A client that talks, and passes over what it is not waiting for."""

    def __init__(self, port: int) -> None:
        self.socket = SocketClient(port)
        self.socket.hello(caps=["tool-events"])
        self._count = 0

    def post(self, method: str, params: dict[str, Any]) -> str:
        """Ask, and wait for nothing; the request's id."""
        self._count += 1
        request_id = f"r{self._count}"
        self.socket.send({"type": "req", "id": request_id, "method": method, "params": params})
        return request_id

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The response; events are passed over."""
        request_id = self.post(method, params)
        while True:
            frame = self.socket.read()
            if isinstance(frame, tuple):
                raise EOFError
            if frame.get("type") == "res" and frame["id"] == request_id:
                return dict(frame)


class KillTests(SynchronousTestCase):
    """A real process and its files."""

    def setUp(self) -> None:
        """A directory."""
        self.directory = Path(tempfile.mkdtemp(prefix="openclaw-kill-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        tree = {"gateway": {"port": 0, "auth": {"token": TOKEN}}}
        (self.directory / "openclaw.yaml").write_text(yaml.safe_dump(tree))

    def start(self) -> Process:
        """A process that is dead when the test ends."""
        process = Process(self.directory)
        self.addCleanup(process.process.kill)
        return process

    def test_kill(self) -> None:
        """No acknowledged message is lost, no run happens twice, every transcript can be read."""
        chance = random.Random(SEED)
        acknowledged: dict[str, tuple[str, str]] = {}
        for loop in range(LOOPS):
            process = self.start()
            talker = Talker(process.port)
            self.check(talker, acknowledged)
            until = time.monotonic() + chance.uniform(0.0, 0.4)
            number = 0
            while time.monotonic() < until:
                run_id, key = f"run-{loop}-{number}", f"s{chance.randrange(3)}"
                text = chance.choice(("hello {}", "long {} chunks=20 delay=0.01", "USETOOL {}", "big {} size=200000"))
                text = text.format(run_id)
                mode = chance.choice(("steer", "followup", "collect", "interrupt"))
                params = {"sessionKey": key, "message": text, "idempotencyKey": run_id, "queueMode": mode}
                if chance.random() < 0.3:
                    # Whether it is done before the kill is left open; what was acknowledged must be there either way.
                    talker.post("sessions.compact", {"key": key, "maxLines": 100_000})
                if talker.request("chat.send", params)["ok"]:
                    acknowledged[run_id] = (key, text)
                number += 1
            process.end(signal.SIGKILL)
        process = self.start()
        self.check(Talker(process.port), acknowledged)
        process.end(signal.SIGTERM)

    def check(self, talker: Talker, acknowledged: dict[str, tuple[str, str]]) -> None:
        """After a restart."""
        for path in self.directory.glob("openclaw/agents/*/sessions/*.jsonl"):
            for line in path.read_bytes().splitlines():
                json.loads(line)
        for key in {key for key, _ in acknowledged.values()}:
            said: dict[str, list[str]] = {}
            ends: list[str] = []
            for message in self.messages(talker, key):
                if message["role"] == "assistant" and message["stopReason"] in ("stop", "error"):
                    ends.append(message["__openclaw"]["runId"])
                if message["role"] == "user":
                    said.setdefault(message["__openclaw"]["runId"], []).append(message["content"])
            # Every answer is to a message of its own; a run that ran twice would give one too many.
            self.assertLessEqual(len(ends), len(said), key)
            for run_id, (where, text) in acknowledged.items():
                if where == key:
                    self.assertEqual(said.get(run_id), [text], run_id)
        before = {key: self.total(talker, key) for key in ("s0", "s1", "s2")}
        for run_id, (key, text) in list(acknowledged.items())[-20:]:
            params = {"sessionKey": key, "message": text, "idempotencyKey": run_id}
            response = talker.request("chat.send", params)
            self.assertNotIn((response.get("payload") or {}).get("status"), ("started", "in_flight"), run_id)
        self.assertEqual({key: self.total(talker, key) for key in before}, before)

    def messages(self, talker: Talker, key: str) -> list[dict[str, Any]]:
        """All of a session's, page by page: long ones are not told in one answer."""
        found: list[dict[str, Any]] = []
        total = 0
        while True:
            params = {"sessionKey": key, "limit": 1000, "offset": len(found)}
            answer = talker.request("chat.history", params)["payload"]
            self.assertNotIn("inFlightRun", answer)
            if found and answer["totalMessages"] != total:
                # The ends of what was cut off are being written just now, and pages are counted from the end.
                found, total = [], 0
                continue
            found, total = answer["messages"] + found, answer["totalMessages"]
            if not answer["hasMore"]:
                return found

    def total(self, talker: Talker, key: str) -> int:
        """Messages in a session."""
        answer = talker.request("chat.history", {"sessionKey": key, "limit": 1})
        return int(answer["payload"]["totalMessages"])

    def test_terminate(self) -> None:
        """SIGTERM in mid-run: the final comes, then shutdown, then 1012, and the process ends well."""
        process = self.start()
        talker = Talker(process.port)
        talker.request("chat.send", {"sessionKey": "main", "message": "hi chunks=10 delay=0.05", "idempotencyKey": "k"})
        process.process.send_signal(signal.SIGTERM)
        names = []
        while True:
            frame = talker.socket.read()
            if isinstance(frame, tuple):
                break
            payload = frame.get("payload") or {}
            names.append(payload.get("state") if frame.get("event") == "chat" else frame.get("event"))
        self.assertEqual(frame, ("close", 1012))
        self.assertEqual(names[-1], "shutdown")
        self.assertEqual(names.count("final"), 1)
        talker.socket.close()
        self.assertEqual(process.process.wait(20), 0)
        assert process.process.stdout is not None
        process.process.stdout.close()


class SlowReaderTests(AgentsTestCase):
    """Clients that do not keep up."""

    def test_deltas_are_merged(self) -> None:
        """A client that reads nothing for a while gets the whole text in fewer events, numbered without a hole."""
        self.client.take()
        self.client.transport.stick()
        self.send_from_another("hello chunks=100 delay=0.05")
        self.house.advance(8.0)
        self.client.transport.unstick()
        self.house.advance(0.1)
        numbers = [event["seq"] for event in self.client.events()]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        deltas = [chat for chat in self.chats("run-1") if chat["state"] == "delta"]
        self.assertLess(len(deltas), 5)
        (final,) = self.ends("run-1")
        text = final["message"]["content"][0]["text"]
        self.assertEqual("".join(delta["deltaText"] for delta in deltas), text)

    def send_from_another(self, text: str) -> None:
        """Somebody else starts the run."""
        self.send(text, client=self.operator())

    def test_the_others_do_not_wait(self) -> None:
        """One stuck client holds up nobody."""
        self.client.transport.stick()
        other = self.operator()
        self.send("hello chunks=20 delay=0.05", client=other)
        self.house.advance(3.0)
        self.assertEqual(len(self.ends("run-1", other)), 1)

    def test_two_megabytes(self) -> None:
        """A reply of 2 MB costs one client less than three times its size."""
        self.client.take()
        before = len(self.client.transport.written)
        self.send("size=2097152")
        self.house.advance(2.0)
        (final,) = self.ends("run-1")
        self.assertGreater(len(final["message"]["content"][0]["text"]), 2_097_000)
        self.assertLess(len(self.client.transport.written) - before, 3 * 2_097_152)
