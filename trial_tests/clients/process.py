"""A client library in a process of its own, spoken to from a trial test."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet import defer, error, interfaces, protocol
from twisted.python.failure import Failure

PROJECT = Path(__file__).parents[2]
DRIVERS = Path(__file__).parent / "drivers"

#: Library name -> (its interpreter, its driver, arguments). ``tools/setup_test.sh`` makes the environments.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "telethon": (".venv/bin/python", "telethon_driver.py"),
    "telethon-old": (".test/telethon-old/bin/python", "telethon_driver.py"),
    "kurigram": (".test/kurigram/bin/python", "pyrogram_driver.py"),
    "pyrogram": (".test/pyrogram/bin/python", "pyrogram_driver.py"),
    # Debian's Node may be older than these libraries want; the control plane's tests bring a newer one.
    "gramjs": (".test/npm/node_modules/.bin/node", "gramjs_driver.cjs"),
    "mtcute": (".test/npm/node_modules/.bin/node", "mtcute_driver.mjs"),
    "tdlib": (".test/tdlib/bin/python", "tdlib_driver.py"),
}


class ClientError(Exception):
    """The library raised; the message begins with the RPC error's name where there was one."""


class ClientProcess(protocol.ProcessProtocol):
    """One client: ``await client.do("send", peer=…, text=…)`` and ``await client.event("new_message", …)``."""

    def __init__(self, reactor: Any, name: str) -> None:
        self._reactor = reactor
        self.name = name
        self.user: dict[str, Any] = {}
        self.phone = ""
        self.events: list[dict[str, Any]] = []
        self._waiting: list[tuple[Callable[[dict[str, Any]], bool], defer.Deferred[dict[str, Any]]]] = []
        self._answers: dict[int, defer.Deferred[Any]] = {}
        self._next = 0
        self._buffer = b""
        self._errors = b""
        self.ended: defer.Deferred[None] = defer.Deferred()

    def outReceived(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._line(json.loads(line))

    def errReceived(self, data: bytes) -> None:
        self._errors = (self._errors + data)[-8000:]

    def _line(self, line: dict[str, Any]) -> None:
        if "event" in line:
            for waiter in list(self._waiting):
                if waiter[0](line):
                    self._waiting.remove(waiter)
                    waiter[1].callback(line)
                    return
            self.events.append(line)
            return
        answer = self._answers.pop(line["id"])
        if answer.called:
            return
        if "error" in line:
            answer.errback(ClientError(line["error"]))
        else:
            answer.callback(line["ok"])

    def processEnded(self, reason: Failure) -> None:
        if not reason.check(error.ProcessDone):
            gone = ClientError(f"{self.name} ended: {self._errors.decode(errors='replace')[-2000:]}")
            for answer in [*self._answers.values(), *(d for _, d in self._waiting)]:
                if not answer.called:
                    answer.errback(gone)
        self.ended.callback(None)

    def do(self, command: str, timeout: float = 30, **args: Any) -> "defer.Deferred[Any]":
        """Run a driver's command.

        Raises (through the Deferred):
            ClientError: the library raised.
            TimeoutError: no answer within ``timeout`` seconds.
        """
        self._next += 1
        answer: defer.Deferred[Any] = defer.Deferred()
        self._answers[self._next] = answer
        line = json.dumps({"id": self._next, "do": command, "args": args}) + "\n"
        self.transport.write(line.encode())
        return self._within(answer, timeout, f"{command} was not answered")

    def event(self, kind: str, timeout: float = 10, **fields: Any) -> "defer.Deferred[dict[str, Any]]":
        """The first event of that kind with those fields, seen already or still to come; each is given out once."""

        def wanted(line: dict[str, Any]) -> bool:
            return line["event"] == kind and all(line.get(name) == value for name, value in fields.items())

        for line in self.events:
            if wanted(line):
                self.events.remove(line)
                return defer.succeed(line)
        waiting: defer.Deferred[dict[str, Any]] = defer.Deferred()
        self._waiting.append((wanted, waiting))
        return self._within(waiting, timeout, f"no {kind} {fields}; unread events: {self.events[-6:]}")

    def _within(self, waiting: "defer.Deferred[Any]", timeout: float, what: str) -> "defer.Deferred[Any]":
        def late() -> None:
            if not waiting.called:
                tail = self._errors.decode(errors="replace")[-1500:]
                waiting.errback(TimeoutError(f"{self.name}: {what} within {timeout:g} s; its stderr: {tail}"))

        call = self._reactor.callLater(timeout, late)

        def arrived(result: Any) -> Any:
            if call.active():
                call.cancel()
            return result

        return waiting.addBoth(arrived)

    async def stop(self) -> None:
        """End the process and wait for it."""
        if self.ended.called:
            return
        try:
            self.transport.signalProcess("KILL")
        except error.ProcessExitedAlready:
            pass
        await self.ended


async def start_client(reactor: interfaces.IReactorProcess, program: tuple[str, ...], name: str) -> ClientProcess:
    """A running, not yet connected client: an interpreter with a driver, or a driver that needs none."""
    client = ClientProcess(reactor, name)
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    executable = str(PROJECT / program[0])
    command = [executable, *(str(DRIVERS / driver) for driver in program[1:2]), *program[2:]]
    reactor.spawnProcess(client, executable, command, environment, str(PROJECT))
    await client.event("ready", timeout=60)
    return client
