"""Clients in a process of their own: ``python -m tools.bench.crowd``, told by JSON lines what to be.

Frames are encrypted before the start and answers are not decrypted, so that a
crowd costs less than the server it loads; ``tools/bench/processes.py`` talks
to it. One line in says what it is (``Spec``); it connects, prepares and says
"ready"; at "go" it begins, and ends with one line of figures.
"""

import json
import os
import selectors
import socket
import sys
import time
from dataclasses import dataclass
from itertools import cycle

from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.tl import NEWEST_LAYER, encode, tl
from trial_tests.peer.calls import init_connection
from trial_tests.peer.session import ClientSession
from trial_tests.peer.transports import Abridged, Frame

#: Bytes read at once.
_READ = 1 << 18
#: Seconds in which a connection's first answer must come.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Spec:
    """What a crowd is told.

    Attributes:
        kind: ``closed`` (each connection asks when it has been answered), ``steady`` (so many a second, answered or
            not), ``flood`` (whatever the socket takes) or ``probe`` (as ``steady``, and says how long answers took).
        keys: (auth_key in hexadecimal, salt) of each connection.
        body: the boxed request, in hexadecimal.
        requests: prepared for each connection.
        rate: requests a second, of all connections together.
        seconds: how long it lasts; 0 for a ``closed`` one that ends when all was asked.
        niceness: added to the process's.
    """

    port: int
    kind: str
    keys: list[tuple[str, int]]
    body: str
    requests: int
    rate: float = 0.0
    seconds: float = 0.0
    niceness: int = 0


class Line:
    """One connection with one session, and its prepared frames."""

    def __init__(self, spec: Spec, key: tuple[str, int]) -> None:
        body = bytes.fromhex(spec.body)
        self.core = ClientSession(AuthKey(bytes.fromhex(key[0])), salt=key[1])
        self._framing = Abridged()
        self.socket = socket.create_connection(("127.0.0.1", spec.port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        first = tl.invokeWithLayer(layer=NEWEST_LAYER, query=init_connection(encode(tl.help.getConfig())))
        self.socket.sendall(self._framing.opening() + self._sealed(encode(first)))
        while self.frames(self.socket.recv(_READ)) == 0:
            pass
        self.socket.setblocking(False)
        self.prepared = [self._sealed(body) for _ in range(spec.requests)]
        self.prepared.reverse()
        self.asked_at: float | None = None

    def _sealed(self, body: bytes) -> bytes:
        return self._framing.encode(self.core.seal(self.core.message(body)).frame)

    def ask(self) -> None:
        """Send the next request."""
        self.asked_at = time.perf_counter()
        frame = self.prepared.pop()
        sent = self.socket.send(frame)
        if sent < len(frame):
            # A part of a file: the server takes it, whatever it has to say meanwhile.
            self.socket.settimeout(_PATIENCE)
            self.socket.sendall(memoryview(frame)[sent:])
            self.socket.setblocking(False)

    def frames(self, data: bytes) -> int:
        """How many frames these bytes complete."""
        if not data:
            raise SystemExit("the server closed a connection of the crowd")
        number = 0
        self._framing.receive_data(data)
        while (event := self._framing.next_event()) is not None:
            if not isinstance(event, Frame):
                raise SystemExit(f"the server answered {event}")
            number += 1
        return number


class Crowd:
    """All connections of this process."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.lines = [Line(spec, key) for key in spec.keys]
        self._selector = selectors.DefaultSelector()
        for line in self.lines:
            self._selector.register(line.socket, selectors.EVENT_READ, line)

    def run(self) -> dict[str, object]:
        """Do what the crowd is for; its figures."""
        began = time.perf_counter()
        figures = getattr(self, f"_{self.spec.kind}")(began)
        return {"seconds": time.perf_counter() - began, **figures}

    def _closed(self, began: float) -> dict[str, object]:
        left = sum(len(line.prepared) for line in self.lines)
        answered = 0
        for line in self.lines:
            line.ask()
        while left > 0:
            for key, _ in self._selector.select():
                line = key.data
                if line.frames(line.socket.recv(_READ)) and line.asked_at is not None:
                    line.asked_at = None
                    left -= 1
                    answered += 1
                    if line.prepared and not (self.spec.seconds and time.perf_counter() - began > self.spec.seconds):
                        line.ask()
                    else:
                        left -= len(line.prepared)
                        line.prepared.clear()
        return {"answered": answered}

    def _steady(self, began: float) -> dict[str, object]:
        turn = cycle(self.lines)
        asked = 0
        while (now := time.perf_counter() - began) < self.spec.seconds:
            while asked < now * self.spec.rate:
                next(turn).ask()
                asked += 1
            self._discard(0.002)
        return {"asked": asked}

    def _flood(self, began: float) -> dict[str, object]:
        for line in self.lines:
            self._selector.modify(line.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, line)
        waiting = {line: memoryview(b"".join(reversed(line.prepared))) for line in self.lines}
        answered_at = began
        while time.perf_counter() - began < self.spec.seconds:
            for key, events in self._selector.select(0.1):
                line = key.data
                if events & selectors.EVENT_READ:
                    if not line.socket.recv(_READ):
                        raise SystemExit("the server closed a connection of the flood")
                    answered_at = time.perf_counter()
                if events & selectors.EVENT_WRITE:
                    sent = line.socket.send(waiting[line][: 1 << 16])
                    waiting[line] = waiting[line][sent:]
                    if not waiting[line]:
                        self._selector.modify(line.socket, selectors.EVENT_READ, line)
        return {"lasted": answered_at - began}

    def _probe(self, began: float) -> dict[str, object]:
        turn = cycle(self.lines)
        taken: list[float] = []
        asked = 0
        while (now := time.perf_counter() - began) < self.spec.seconds:
            due = asked / self.spec.rate
            if now < due:
                self._answers(due - now, taken)
                continue
            line = next(turn)
            if line.asked_at is not None:
                # Still waiting for the last one: what comes late also delays what follows.
                self._answers(0.1, taken)
                continue
            line.ask()
            asked += 1
        return {"taken": taken}

    def _answers(self, timeout: float, taken: list[float]) -> None:
        for key, _ in self._selector.select(timeout):
            line = key.data
            answered = line.frames(line.socket.recv(_READ))
            if answered and line.asked_at is not None:
                taken.append(time.perf_counter() - line.asked_at)
                line.asked_at = None

    def _discard(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            key.data.socket.recv(_READ)


def main() -> None:
    """Read what to be, be it, say what came of it."""
    spec = Spec(**json.loads(sys.stdin.readline()))
    os.nice(spec.niceness)
    crowd = Crowd(spec)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(crowd.run()), flush=True)


if __name__ == "__main__":
    main()
