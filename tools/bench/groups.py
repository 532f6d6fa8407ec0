"""What a message to a group costs the server: written, delivered to every member online, and acknowledged by each."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from teamgram.mtproto.tl import encode, tl
from tools.bench.load import Pump, sealed
from tools.bench.measured import cpu_seconds
from tools.bench.messenger import IN_FLIGHT, Bench, Figures, new_messages, results
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.session import Received

SIZES = (10, 60, 150)
DELIVERIES = 6_000
"""Deliveries that one figure is taken from, whatever the group's size."""


class Members:
    """The members that listen: they count what is new and acknowledge every frame, as clients do."""

    def __init__(
        self, sessions: Sequence[PeerSession], counted: Callable[[Sequence[Received]], int] = new_messages
    ) -> None:
        self._sessions = sessions
        self._counted = counted
        self._left = 0
        self._reached: Deferred[None] = Deferred()
        for session in sessions:
            session.take = self._taking(session)  # type: ignore[method-assign, assignment]

    def expect(self, deliveries: int) -> "Deferred[None]":
        """Fires when so many new messages have come, over all members."""
        self._left = deliveries
        self._reached = Deferred()
        return self._reached

    def _taking(self, session: PeerSession) -> Callable[[Any], None]:
        core = session.core

        def take(messages: Any) -> None:
            self._left -= self._counted(list(messages))
            if core.to_ack:
                acks, core.to_ack = core.to_ack, []
                acked = core.message(encode(tl.msgs_ack(msg_ids=acks)), content_related=False)
                connection = session.connection
                connection.write(connection.framing.encode(core.seal(acked).frame))
            if self._left <= 0 and not self._reached.called:
                self._reached.callback(None)

        return take


class GroupBench:
    """Figures of groups in which everybody is online."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._users: list[tuple[PeerSession, Any]] = []

    def figures(self) -> dict[str, Callable[[], Awaitable[Figures]]]:
        """Name -> what measures it; each returns its lines."""
        return {"group message": self.group_message}

    async def group_message(self) -> Figures:
        """One member writes, the others listen."""
        lines: Figures = {}
        for size in SIZES:
            while len(self._users) < size:
                self._users.append(await self._bench.user())
            lines[f"group message, each of {size} members online, {IN_FLIGHT} in flight"] = await self._one_size(
                self._users[:size]
            )
        for session, _ in self._users:
            await session.connection.close()
        self._users = []
        return lines

    async def sent_to(self, size: int, before_counted: Callable[[], Awaitable[object]]) -> None:
        """Messages to so many; ``before_counted`` is called between those that warm up and the others."""
        while len(self._users) < size:
            self._users.append(await self._bench.user())
        await self._one_size(self._users, before_counted)

    async def _one_size(
        self, users: Sequence[tuple[PeerSession, Any]], before_counted: Callable[[], Awaitable[object]] | None = None
    ) -> str:
        (sender, _), *others = users
        invited = [tl.inputUser(user_id=user.id, access_hash=user.access_hash) for _, user in others]
        take = sender.take
        members = Members([session for session, _ in others])
        # That the group was made names everybody to everybody; it is no part of the figure.
        reached = members.expect(len(others))
        made = await sender.call(tl.messages.createChat(users=invited, title="Everybody"))
        peer = tl.inputPeerChat(chat_id=made.updates.chats[0].id)
        await reached
        number = DELIVERIES // len(users)
        cpu = 0.0
        for counted in (number // 6, number):
            bodies = [
                encode(tl.messages.sendMessage(peer=peer, message="a message of usual length", random_id=random_id))
                for random_id in (random.getrandbits(62) for _ in range(counted))
            ]
            frames = sealed(sender, bodies)
            if counted == number and before_counted is not None:
                await before_counted()
            before = cpu_seconds(self._bench.server.pid)
            reached = members.expect(len(others) * len(frames))
            pump = Pump(sender, frames, IN_FLIGHT, results)
            pump.start()
            await gatherResults([pump.done, reached])
            cpu = cpu_seconds(self._bench.server.pid) - before
        sender.take = take  # type: ignore[method-assign]
        return f"{cpu / number / len(users) * 1e6:.0f} µs"
