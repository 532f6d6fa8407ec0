"""The Bot API's figures: CPU time of a send over HTTP and of an update to who waits, and what many who wait cost."""

import http.client
import json
import selectors
import socket
import statistics
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread

from teamgram.mtproto.tl import tl
from tools.bench.load import Counter
from tools.bench.measured import cpu_seconds
from tools.bench.messenger import Bench, Figures, new_messages
from trial_tests.openclaw.live import SocketClient
from trial_tests.peer.calls import PeerSession

BOTS, SENDS = 10, 200
"""Each bot sends so often in a row: more would meet its flood limit."""
UPDATES = 200
WAITING = 900
"""Below ``MaxConnectionsPerAddress``."""
SECONDS = 60
"""So long they wait: all of them are answered once, and ask again."""


class BotBench:
    """Figures of one running server."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._made = 0

    def figures(self) -> dict[str, Callable[[], Awaitable[Figures]]]:
        """Name -> what measures it; each returns its lines."""
        return {"bot sends": self._sends, "bot updates": self._updates, "bots waiting": self._waiting}

    def _cpu(self) -> float:
        return cpu_seconds(self._bench.server.pid)

    def _make(self, number: int) -> list[tuple[str, str]]:
        """(username, token) of so many new bots; blocks."""
        client = SocketClient(self._bench.server.gateway_port)
        client.hello(auth={"token": (self._bench.server.data_dir / "gateway.token").read_text().strip()})
        made = []
        for _ in range(number):
            self._made += 1
            params = {"username": f"bench_{self._made}_bot", "name": "Bench", "owner": ""}
            client.send({"type": "req", "id": "r", "method": "teamgram.bots.create", "params": params})
            while (answer := client.read()).get("type") != "res":
                pass
            made.append((params["username"], answer["payload"]["token"]))
        client.close()
        return made

    async def _met(self, username: str) -> tuple[PeerSession, Any, Any]:
        """Somebody who has written to a bot: their session, their user, and how they name the bot."""
        session, user = await self._bench.user()
        found = await session.call(tl.contacts.resolveUsername(username=username))
        peer = tl.inputPeerUser(user_id=found.users[0].id, access_hash=found.users[0].access_hash)
        await session.call(tl.messages.sendMessage(peer=peer, message="/start", random_id=1))
        return session, user, peer

    async def _sends(self) -> Figures:
        """Bots, each to a person of its own who is online; until all of it has come there."""
        bots = await deferToThread(self._make, BOTS)
        people = [await self._met(username) for username, _ in bots]
        counters = [Counter(session, SENDS, new_messages) for session, _, _ in people]
        before = self._cpu()

        def send(token: str, user_id: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self._bench.server.bot_api_port)
            body = json.dumps({"chat_id": user_id, "text": "a message of usual length"})
            for _ in range(SENDS):
                connection.request("POST", f"/bot{token}/sendMessage", body, {"content-type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
            connection.close()

        def all_of_them() -> None:
            with ThreadPoolExecutor(BOTS) as pool:
                list(pool.map(send, [token for _, token in bots], [user.id for _, user, _ in people]))

        await gatherResults([deferToThread(all_of_them), *(counter.reached for counter in counters)])
        each = (self._cpu() - before) / (BOTS * SENDS)
        for session, _, _ in people:
            await session.connection.close()
        return {f"Bot API sendMessage with delivery, {BOTS} bots": f"{each * 1e6:.0f} µs"}

    async def _updates(self) -> Figures:
        """Somebody writes to a bot: while it waits, less the same while it does not."""
        [(username, token)] = await deferToThread(self._make, 1)
        session, _, peer = await self._met(username)
        seen: list[float] = []
        connection = http.client.HTTPConnection("127.0.0.1", self._bench.server.bot_api_port)

        def take(offset: int, timeout: int) -> int:
            connection.request("GET", f"/bot{token}/getUpdates?timeout={timeout}&offset={offset}")
            told = json.load(connection.getresponse())["result"]
            seen.append(time.perf_counter())
            return int(told[-1]["update_id"]) + 1 if told else offset

        async def write(number: int) -> None:
            await session.call(tl.messages.sendMessage(peer=peer, message="hello", random_id=number))

        before = self._cpu()
        for number in range(UPDATES):
            await write(1000 + number)
        alone = self._cpu() - before
        offset = await deferToThread(take, -1, 0)
        seen.clear()
        waited, before = [], self._cpu()
        for number in range(UPDATES):
            taking = deferToThread(take, offset, 50)
            began = time.perf_counter()
            await write(5000 + number)
            offset = await taking
            waited.append(seen[-1] - began)
        each = (self._cpu() - before - alone) / UPDATES
        await session.connection.close()
        connection.close()
        slowest = statistics.quantiles(waited, n=100)[98]
        return {
            "Bot API update to a waiting getUpdates, with its call": f"{each * 1e6:.0f} µs",
            "Bot API, from the send to the bot (wall clock), p99": f"{slowest * 1e3:.1f} ms",
        }

    async def _waiting(self) -> Figures:
        """Many poll and nobody writes."""
        bots = await deferToThread(self._make, WAITING)
        share = await deferToThread(self._wait, [token for _, token in bots])
        return {f"{WAITING} bots polling with a timeout of 50 s, of a core": f"{share * 100:.1f} %"}

    def _wait(self, tokens: list[str]) -> float:
        with selectors.DefaultSelector() as selector:
            for token in tokens:
                one = socket.create_connection(("127.0.0.1", self._bench.server.bot_api_port))
                selector.register(one, selectors.EVENT_READ, token)
                one.sendall(_poll(token))
            time.sleep(3)  # What coming costs is no part of it.
            before, began = self._cpu(), time.monotonic()
            while time.monotonic() < began + SECONDS:
                for key, _ in selector.select(1.0):
                    assert isinstance(key.fileobj, socket.socket)
                    assert b'"ok":true' in key.fileobj.recv(65536)
                    key.fileobj.sendall(_poll(key.data))
            share = (self._cpu() - before) / (time.monotonic() - began)
            for key in list(selector.get_map().values()):
                assert isinstance(key.fileobj, socket.socket)
                key.fileobj.close()
        return share


def _poll(token: str) -> bytes:
    return f"GET /bot{token}/getUpdates?timeout=50 HTTP/1.1\r\nhost: x\r\n\r\n".encode()
