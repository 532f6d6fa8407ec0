"""Everything that changes a transcript, at the same time: what was acknowledged is there, once, and can be read."""

import json
import os
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agents_service import agents_extension
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.change_order import ChangeOrder
from trial_tests.openclaw.agent.agents import AgentsHouse, AgentsTestCase
from trial_tests.openclaw.live import LiveTestCase, SocketClient

#: How many plays of each length; a long night some hundreds.
PLAYS = int(os.environ.get("TEAMGRAM_CHANGES_PLAYS", "6"))
KEYS = ("one", "two")


class OrderTests(SynchronousTestCase):
    """Whose turn it is."""

    def setUp(self) -> None:
        """Nothing has begun."""
        self.order = ChangeOrder()
        self.begun: list[str] = []
        self.running: dict[str, Deferred[str]] = {}

    def enter(self, name: str, *, alone: bool = False) -> "Deferred[str]":
        """Something that goes on until it is ended."""

        def begin() -> "Deferred[str]":
            self.begun.append(name)
            self.running[name] = Deferred()
            return self.running[name]

        return (self.order.alone if alone else self.order.share)(begin)

    def end(self, name: str) -> None:
        """It has."""
        self.running[name].callback(name)

    def test_alone(self) -> None:
        """Sharers go side by side; who is alone waits for all before and holds up all after."""
        for name in ("a", "b", "C", "d", "E", "f"):
            self.enter(name, alone=name.isupper())
        steps = [list(self.begun)]
        for name in ("a", "b", "C", "d", "E", "f"):
            self.end(name)
            steps.append(list(self.begun))
        self.assertEqual(["".join(step) for step in steps], ["ab", "ab", "abC", "abCd", "abCdE", "abCdEf", "abCdEf"])
        self.assertTrue(self.order.is_idle)

    def test_who_stops_waiting(self) -> None:
        """Whoever asked may go; what was begun still keeps the others out until it has ended."""
        first = self.enter("a")
        self.enter("B", alone=True)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertEqual(self.begun, ["a"])
        self.end("a")
        self.assertEqual(self.begun, ["a", "B"])

    def test_failures(self) -> None:
        """What fails, or cannot even begin, holds up nobody."""

        def broken() -> "Deferred[str]":
            raise ValueError

        self.failureResultOf(self.order.alone(broken), ValueError)
        failing = self.enter("A", alone=True)
        after = self.enter("b")
        self.running["A"].errback(Failure(ValueError()))
        self.failureResultOf(failing, ValueError)
        self.end("b")
        self.assertEqual(self.successResultOf(after), "b")


class RandomPool:
    """A thread pool whose jobs begin and end after random times, each file's in whatever order that gives."""

    def __init__(self, reactor: Any, chance: random.Random) -> None:
        self._reactor = reactor
        self._chance = chance

    def callInThreadWithCallback(self, done: Any, function: Any, *args: Any, **kwargs: Any) -> None:
        """As twisted.python.threadpool."""

        def work() -> None:
            try:
                result, success = function(*args, **kwargs), True
            except Exception:
                result, success = Failure(), False
            self._reactor.callLater(self._chance.uniform(0, 0.1), done, success, result)

        self._reactor.callLater(self._chance.uniform(0, 0.1), work)


class PlayTests(AgentsTestCase):
    """Requests at random on a slow disk, none waiting for another."""

    def test_random(self) -> None:
        """Whatever is sent beside whatever: every message that was acknowledged is in some transcript, once."""
        for seed in range(PLAYS):
            house = AgentsHouse()
            self.addCleanup(house.close)
            self.play(house, random.Random(seed), f"seed {seed}")

    def play(self, house: AgentsHouse, chance: random.Random, note: str) -> None:
        """One play and what must be true after it."""
        pool = RandomPool(house.reactor, chance)
        house.reactor.getThreadPool = lambda: pool  # type: ignore[method-assign,assignment,return-value]
        client = self.operator(house)
        asked: dict[str, str] = {}
        histories: list[str] = []
        by_lines = chance.random() < 0.7
        for number in range(60):
            key, text = chance.choice(KEYS), f"message {number} " + chance.choice(("", "chunks=3 delay=0.1", "USETOOL"))
            kind = chance.choices(
                ("send", "inject", "shorten", "compact", "reset", "patch", "fork", "delete", "history"),
                (30, 8, 10, 4, 4, 6, 3, 3, 8),
            )[0]
            if kind == "reset" and by_lines:
                continue  # Keeping the last lines drops what was said before a reset: that is what they ask for.
            if kind == "shorten" and not by_lines:
                kind = "reset"
            method, params = {
                "send": ("chat.send", {"sessionKey": key, "message": text, "idempotencyKey": f"r{number}",
                                       "queueMode": chance.choice(("steer", "followup", "collect", "interrupt"))}),
                "inject": ("chat.inject", {"sessionKey": key, "message": text}),
                "shorten": ("sessions.compact", {"key": key, "maxLines": 10_000}),
                "compact": ("sessions.compact", {"key": key}),
                "reset": ("sessions.reset", {"key": key}),
                "patch": ("sessions.patch", {"key": key, "statusNote": text}),
                "fork": ("sessions.create", {"key": f"fork{number}", "parentSessionKey": key, "fork": True}),
                "delete": ("sessions.delete", {"key": key}),
                "history": ("chat.history", {"sessionKey": key}),
            }[kind]  # fmt: skip
            client.request(method, params, f"q{number}")
            if kind in ("send", "inject"):
                asked[f"q{number}"] = text
            if kind == "history":
                histories.append(f"q{number}")
            house.advance(chance.choice((0.0, 0.0, 0.02, 0.1, 0.4)))
            if chance.random() < 0.3:
                answers = {request: client.response(request) for request in asked}
                told = [asked[request] for request, answer in answers.items() if answer is not None and answer["ok"]]
                self.check_killed_now(house, told, f"{note}, killed after request {number}")
        house.advance(30)
        kept = self.kept(house.directory, note)
        acknowledged = [text for request, text in asked.items() if client.response(request)["ok"]]
        self.assertGreater(len(acknowledged), 10)
        self.assertEqual({text: kept[text] for text in acknowledged}, dict.fromkeys(acknowledged, 1), note)
        for request in histories:
            messages = client.response(request)["payload"]["messages"]
            numbers = [message["__openclaw"]["seq"] for message in messages]
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))) if numbers else [], note)
            self.assertTrue(not numbers or numbers[0] == 1, (note, numbers))
        later = house.again()
        self.addCleanup(later.close)
        for session in house.parts.sessions:
            if session.last_id:
                again = later.parts.sessions.get(session.key)
                assert again is not None, (note, session.key)
                self.assertEqual((again.messages, again.last_id), (session.messages, session.last_id), note)
        house.reactor.advance(1)
        self.assertEqual(self.flushLoggedErrors(), [], note)

    def check_killed_now(self, house: AgentsHouse, acknowledged: list[str], note: str) -> None:
        """What is on disk at this moment is enough for the next process to have all that was acknowledged, once."""
        directory = Path(self.mktemp())
        shutil.copytree(house.directory, directory)
        later = AgentsHouse(directory=directory)
        later.reactor.rightNow = house.reactor.rightNow
        later.advance(1)
        kept = self.kept(directory, note)
        later.close()
        self.assertEqual({text: kept[text] for text in acknowledged}, dict.fromkeys(acknowledged, 1), note)

    def kept(self, directory: Path, note: str) -> Counter[str]:
        """How often each text was said by the user or put in, over all transcripts but forks; each must be whole."""
        found: Counter[str] = Counter()
        for path in directory.glob("openclaw/agents/*/sessions/*.jsonl*"):
            lines = [json.loads(line) for line in path.read_bytes().splitlines()]
            parent = lines[0]["id"]
            for line in lines[1:]:
                self.assertEqual(line["parentId"], parent, (note, path.name))
                if line.get("customType") != transcripts.SESSION_STATE:
                    parent = line["id"]
            self.assertEqual(lines[-1].get("customType"), transcripts.SESSION_STATE, note)
            if ":fork" in lines[0]["key"]:
                continue
            for line in lines:
                message = line.get("message", {})
                if message.get("role") == "user" or message.get("model") == "gateway-injected":
                    content = message["content"]
                    found[content if isinstance(content, str) else content[0]["text"]] += 1
        return found


class SocketTests(LiveTestCase):
    """The same on a real socket, as it was found."""

    timeout = 60
    extensions = (agents_extension,)

    def talk(self) -> dict[str, str]:
        """Send and shorten without waiting; what was acknowledged."""
        client = SocketClient(self.port)
        client.hello()
        said = {}
        for number in range(40):
            if number % 3 == 2:
                method, params = "sessions.compact", {"key": "main", "maxLines": 10_000}
            else:
                said[f"m{number}"] = text = f"message {number} " + "x" * 20_000
                method, params = "chat.inject", {"sessionKey": "main", "message": text}
                if number == 0:
                    method, params = "chat.send", {**params, "idempotencyKey": "k"}
            client.send({"type": "req", "id": f"m{number}", "method": method, "params": params})
            if number == 0:
                while client.read().get("payload", {}).get("state") != "final":
                    pass
        answers: dict[str, bool] = {"m0": True}
        while len(answers) < 40:
            frame = client.read()
            if frame.get("type") == "res":
                answers[frame["id"]] = frame["ok"]
        client.close()
        return {request: text for request, text in said.items() if answers[request]}

    async def test_compact_beside_messages(self) -> None:
        """No acknowledged message is lost, and no zero byte stands in the file."""
        acknowledged = await self.in_thread(self.talk)
        (path,) = (self.plane.lifetime.state_dir / "agents/main/sessions").glob("*.jsonl")
        content = path.read_bytes()
        self.assertEqual(content.count(0), 0)
        self.assertGreater(len(acknowledged), 20)
        text = "".join(json.dumps(json.loads(line)) for line in content.splitlines())
        self.assertEqual([each for each in acknowledged.values() if json.dumps(each) not in text], [])
