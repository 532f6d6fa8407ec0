"""What agents say to people of a messaging channel without being asked there: announcements, replies to be delivered.

Each message is on disk before its first attempt and until the channel took it
or refused it for good, so neither a channel that fails for a while nor
``kill -9`` loses one. Its id is the key under which the channel knows it: none
comes twice.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

import msgspec

from teamgram.openclaw.agent.delivery import Deliveries
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import UNAVAILABLE, GatewayError, unavailable
from teamgram.openclaw.state_file import StateFile, read_json

#: Between the attempts at a channel that fails.
RETRY_SECONDS = (5.0, 25.0, 120.0, 600.0)
MAX_WAITING = 1000
_GRANTED = scopes.expand([scopes.ADMIN])


class OutgoingMessage(msgspec.Struct, rename="camel", omit_defaults=True):
    """One message.

    Attributes:
        id: also its idempotency key.
        job_id, run_id: what it announces, empty for none.
        error: why the last attempt failed.
        buttons: rows of (words, what a press says to us).
    """

    id: str
    channel: str
    to: str
    text: str
    agent_id: str
    job_id: str = ""
    run_id: str = ""
    attempts: int = 0
    error: str = ""
    buttons: list[list[tuple[str, str]]] = []


#: Hears of a message that went after the first attempt had failed, or was given up.
Settled = Callable[[OutgoingMessage, bool], None]


class OutgoingMessages:
    """All that wait.

    Attributes:
        on_settled: see :data:`Settled`.
    """

    _log = Logger()

    def __init__(self, parts: AgentParts, deliveries: Deliveries) -> None:
        """Blocks for one small read.

        Raises:
            ValueError: the file is damaged.
        """
        self._deliveries = deliveries
        self._reactor = parts.reactor
        self._file = StateFile(parts.state_dir / "outgoing.json", self._snapshot, parts.reactor)
        stored = read_json(self._file.path) or {}
        found = msgspec.convert(stored.get("messages", []), list[OutgoingMessage])
        self._waiting = {message.id: message for message in found}
        self._timers: dict[str, Any] = {}
        self._running: set[Deferred[Any]] = set()
        self.on_settled: list[Settled] = []

    def _snapshot(self) -> dict[str, Any]:
        return {"version": 1, "messages": msgspec.to_builtins(list(self._waiting.values()))}

    def start(self) -> None:
        """What waits from before is tried again."""
        for message in self._waiting.values():
            self._later(message, RETRY_SECONDS[0])

    async def stop(self) -> None:
        """No more attempts; what waits is on disk."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        while self._running:
            waiting: Deferred[Any] = Deferred()
            next(iter(self._running)).addBoth(waiting.callback)
            await waiting
        await self._file.close()

    async def send(self, message: OutgoingMessage) -> str:
        """Keep a message and try once; empty when it went, else why not. One that may go later is tried again.

        Raises:
            GatewayError: too many wait, or the disk refuses.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise unavailable("too many messages wait to be delivered", retryable=True)
        self._waiting[message.id] = message
        try:
            await self._file.save()
        except Exception as error:
            del self._waiting[message.id]
            raise unavailable(f"the message could not be kept: {error}", retryable=True) from None
        return await self._attempt(message)

    async def tell_owners(self, text: str, agent_id: str, key: str) -> None:
        """Say what went wrong where the owners look: in the agent's main session, and in their chats with it.

        Raises:
            GatewayError: the disk refuses.
        """
        for number, route in enumerate(self._deliveries.owners(agent_id)):
            await self.send(OutgoingMessage(f"{key}:{number}", route.channel, route.to, text, agent_id))
        await self._deliveries.say_in_main(text, agent_id)

    def waits(self, message_id: str) -> bool:
        """Whether it is still to be delivered."""
        return message_id in self._waiting

    async def _attempt(self, message: OutgoingMessage) -> str:
        message.attempts += 1
        try:
            await self._deliveries.deliver(
                message.to, message.text, message.channel, message.id, message.agent_id, _GRANTED, message.buttons
            )
        except GatewayError as error:
            message.error = error.message
            may_pass = error.code == UNAVAILABLE and self._deliveries.knows(message.channel)
            if may_pass and message.attempts <= len(RETRY_SECONDS):
                self._later(message, RETRY_SECONDS[message.attempts - 1])
                await self._saved()
            else:
                await self._settled(message, False)
        else:
            message.error = ""
            await self._settled(message, True)
        return message.error

    async def _saved(self) -> None:
        try:
            await self._file.save()
        except Exception:
            # Tried once too often after a crash, which the channel knows by its key.
            self._log.failure("what waits to be delivered could not be written")

    def _later(self, message: OutgoingMessage, seconds: float) -> None:
        self._timers[message.id] = self._reactor.callLater(seconds, self._again, message)

    def _again(self, message: OutgoingMessage) -> None:
        del self._timers[message.id]
        attempt: Deferred[Any] = Deferred.fromCoroutine(self._attempt(message))
        self._running.add(attempt)
        attempt.addErrback(lambda failure: self._log.failure("a message could not be delivered", failure=failure))
        attempt.addBoth(lambda _: self._running.discard(attempt))

    async def _settled(self, message: OutgoingMessage, good: bool) -> None:
        del self._waiting[message.id]
        if not good:
            self._log.warn(
                "a message to {to} on {channel} was given up: {error}",
                to=message.to, channel=message.channel, error=message.error,
            )  # fmt: skip
        await self._saved()
        if message.attempts > 1:
            for hear in self.on_settled:
                hear(message, good)
