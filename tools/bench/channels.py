"""What channels cost the server: a post to many members, some of them here, and what those ask who come back."""

import random
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from teamgram.mtproto.tl import decode, encode, tl
from tools.bench.groups import Members
from tools.bench.load import Pump, sealed
from tools.bench.measured import cpu_seconds
from tools.bench.messenger import IN_FLIGHT, Bench, Figures, results
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.session import Received

ONLINE = (10, 200)
MEMBERS = (1_000, 100_000)
POSTS = 300
CONVERSATIONS = 500
ASKED = 200

# Ids of people who are only counted.
_NOBODY = 1 << 40


def new_posts(messages: Sequence[Received]) -> int:
    """How many posts these updates bring."""
    number = 0
    for message in messages:
        update: Any = decode(message.body)
        if update.NAME == "updates":
            number += sum(one.NAME == "updateNewChannelMessage" for one in update.updates)
    return number


class ChannelBench:
    """Figures of supergroups."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def figures(self) -> dict[str, Callable[[], Awaitable[Figures]]]:
        """Name -> what measures it; each returns its lines."""
        return {"channel post": self.post, "channel dialogs": self.dialogs}

    async def post(self) -> Figures:
        """One member writes, some of the others are here; then one of them comes back."""
        lines: Figures = {}
        people: list[tuple[PeerSession, Any]] = []
        for size in ONLINE:
            while len(people) < size + 1:
                people.append(await self._bench.user())
            channel = await self._founded(people)
            for members in MEMBERS if size == max(ONLINE) else MEMBERS[:1]:
                self._fill(channel.id, members - len(people))
                spent = await self._posts(people, channel)
                name = f"post to a supergroup of {members:,} members, {size} of them here"
                lines[name] = f"{spent * 1e3:.2f} ms"
        lines["getChannelDifference of 100 messages"] = await self._differences(people[1][0], channel)
        for session, _ in people:
            await session.connection.close()
        return lines

    async def _founded(self, people: Sequence[tuple[PeerSession, Any]]) -> Any:
        (founder, _), *others = people
        made = await founder.call(tl.channels.createChannel(title="Everybody", about="", megagroup=True))
        address = _address(made.chats[0])
        name = f"everybody_{random.getrandbits(40)}"
        await founder.call(tl.channels.updateUsername(channel=address, username=name))
        for session, _ in others:
            await session.call(tl.channels.joinChannel(channel=address))
        # That they came is told to all of them; it is no part of the figure.
        for session, _ in others:
            await session.call(tl.updates.getState())
        return made.chats[0]

    def _fill(self, channel_id: int, number: int) -> None:
        """Write so many members down who are never here."""
        rows = [(channel_id, _NOBODY + place, 0, 0, 1_700_000_000) for place in range(number)]
        with closing(sqlite3.connect(self._bench.server.data_dir / "teamgram.db", timeout=30)) as database:
            database.executemany(
                "INSERT OR IGNORE INTO channel_members (channel_id, user_id, standing, role, joined_at)"
                " VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            database.execute("UPDATE channels SET members = ? WHERE id = ?", (number, channel_id))
            database.commit()

    async def _posts(self, people: Sequence[tuple[PeerSession, Any]], channel: Any) -> float:
        """CPU seconds of a post, what delivers it included."""
        (sender, _), *others = people
        takes = [session.take for session, _ in people]
        members = Members([session for session, _ in others], new_posts)
        cpu = 0.0
        for counted in (POSTS // 6, POSTS):
            bodies = [
                encode(tl.messages.sendMessage(peer=_peer(channel), message="a post of usual length", random_id=id_))
                for id_ in (random.getrandbits(62) for _ in range(counted))
            ]
            frames = sealed(sender, bodies)
            before = cpu_seconds(self._bench.server.pid)
            reached: Deferred[None] = members.expect(len(others) * len(frames))
            pump = Pump(sender, frames, IN_FLIGHT, results)
            pump.start()
            await gatherResults([pump.done, reached])
            cpu = cpu_seconds(self._bench.server.pid) - before
        for (session, _), take in zip(people, takes, strict=True):
            session.take = take  # type: ignore[method-assign]
        return cpu / POSTS

    async def _differences(self, session: PeerSession, channel: Any) -> str:
        asked = tl.updates.getChannelDifference(
            channel=_address(channel), filter=tl.channelMessagesFilterEmpty(), pts=205, limit=100
        )
        return await self._asked(session, asked)

    async def _asked(self, session: PeerSession, query: Any) -> str:
        take = session.take
        spent = 0.0
        for counted in (ASKED // 10, ASKED):
            frames = sealed(session, [encode(query)] * counted)
            before = cpu_seconds(self._bench.server.pid)
            pump = Pump(session, frames, IN_FLIGHT, results)
            pump.start()
            await pump.done
            spent = cpu_seconds(self._bench.server.pid) - before
        session.take = take  # type: ignore[method-assign]
        return f"{spent / ASKED * 1e3:.2f} ms"

    async def dialogs(self) -> Figures:
        """The first page of somebody's list: of so many channels, and of so many private chats."""
        lines: Figures = {}
        asked = tl.messages.getDialogs(offset_date=0, offset_id=0, offset_peer=tl.inputPeerEmpty(), limit=100, hash=0)
        session, _ = await self._bench.user()
        for number in range(CONVERSATIONS - 1):
            await session.call(tl.channels.createChannel(title=f"Channel {number}", about="", broadcast=True))
        lines[f"getDialogs of somebody in {CONVERSATIONS} channels"] = await self._asked(session, asked)
        await session.connection.close()
        session, _ = await self._bench.user()
        for place, user_id in enumerate(self._people(CONVERSATIONS)):
            to = tl.inputPeerUser(user_id=user_id, access_hash=7)
            await session.call(tl.messages.sendMessage(peer=to, message="hello", random_id=place + 1))
        lines[f"getDialogs of somebody in {CONVERSATIONS} private chats"] = await self._asked(session, asked)
        await session.connection.close()
        return lines

    def _people(self, number: int) -> list[int]:
        ids = [_NOBODY + place for place in range(number)]
        with closing(sqlite3.connect(self._bench.server.data_dir / "teamgram.db", timeout=30)) as database:
            database.executemany(
                "INSERT INTO users (id, access_hash, first_name, created_at) VALUES (?, 7, ?, 1700000000)",
                [(id_, f"Person {id_}") for id_ in ids],
            )
            database.commit()
        return ids


def _address(channel: Any) -> Any:
    return tl.inputChannel(channel_id=channel.id, access_hash=channel.access_hash)


def _peer(channel: Any) -> Any:
    return tl.inputPeerChannel(channel_id=channel.id, access_hash=channel.access_hash)
