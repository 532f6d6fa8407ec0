"""Updates that are brought: one courier for each bot with a webhook, a queue for each chat.

What was not taken is brought again, later and later, and holds up what follows in the same chat and nothing else.
An update is confirmed when it was taken, so a crash brings it again at worst.
"""

import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.bots.views.updates import BotUpdateViews
from teamgram.bots.webhook_target import NotBrought, Reach, WebhookTarget
from teamgram.domain.bots.bots import WebhookChanged
from teamgram.domain.bots.errors import BotNotFound, TakenElsewhere
from teamgram.domain.bots.inbox import KEPT_SECONDS
from teamgram.domain.bots.update import WaitingUpdate
from teamgram.domain.domain import Domain
from teamgram.domain.web_pages.checked_endpoints import NameLookup

FIRST_DELAY, MAX_DELAY = 1.0, 60.0
MAX_RETRY_AFTER = 3600
GONE_SECONDS = 23 * 3600
"""A receiver that says 410 for so long is not asked any more (WebhookActor.h: WEBHOOK_DROP_TIMEOUT)."""
_WAIT_SECONDS = 50
STORE_SECONDS = 5.0
"""After the database failed."""

#: Carries out a method that a receiver answered with: (bot id, method, parameters).
Carry = Callable[[int, str, dict[str, Any]], Awaitable[object]]


@dataclass(slots=True)
class LastError:
    """What last went wrong; ``date`` is unix seconds."""

    date: int = 0
    message: str = ""


class Courier:
    """Brings one bot's updates."""

    _log = Logger()

    def __init__(
        self, bot_id: int, target: WebhookTarget, at_once: int, domain: Domain, views: BotUpdateViews, clock: Any,
        carry: Carry,
    ) -> None:  # fmt: skip
        self.last_error = LastError()
        self._bot_id = bot_id
        self._target = target
        self._most = 2 * at_once
        self._domain = domain
        self._views = views
        self._clock = clock
        self._carry = carry
        self._turns = DeferredSemaphore(at_once)
        self._queues: dict[object, deque[tuple[WaitingUpdate, dict[str, Any]]]] = {}
        self._tasks: set[Deferred[None]] = set()
        self._held = 0
        self._room: Deferred[None] | None = None
        self._gone_since = 0.0
        self._running = True

    def start(self) -> None:
        """Bring what waits, and what comes."""
        self._run(self._collect())

    async def stop(self) -> None:
        """Bring nothing more; what was not confirmed waits for the next."""
        self._running = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for task in tasks:
            await task
        await self._target.close()

    def _run(self, coroutine: Any) -> None:
        task: Deferred[None] = Deferred.fromCoroutine(coroutine)
        self._tasks.add(task)

        def over(result: Any) -> None:
            self._tasks.discard(task)
            if isinstance(result, Failure) and not isinstance(result.value, CancelledError):
                self._log.failure("the webhook of bot {bot_id} failed", failure=result, bot_id=self._bot_id)

        task.addBoth(over)

    async def _collect(self) -> None:
        seen = 0
        while self._running:
            if self._held >= self._most:
                self._room = Deferred()
                await self._room
            room = self._most - self._held
            try:
                waiting = await self._domain.bot_inbox.take(self._bot_id, 0, room, _WAIT_SECONDS, after=seen)
                told = {one["update_id"]: one for one in await self._views.told(self._bot_id, waiting)}
            except BotNotFound:
                return
            except TakenElsewhere:
                continue
            except CancelledError:
                raise
            except Exception:
                self._log.failure("updates of bot {bot_id} could not be read", bot_id=self._bot_id)
                await self._sleep(STORE_SECONDS)
                continue
            for one in waiting:
                seen = one.update_id
                if one.update_id not in told:
                    await self._confirm(one.update_id)
                    continue
                self._held += 1
                self._queue(one, told[one.update_id])

    def _queue(self, waiting: WaitingUpdate, told: dict[str, Any]) -> None:
        chat = _chat_of(told)
        queue = self._queues.get(chat)
        if queue is not None:
            queue.append((waiting, told))
            return
        self._queues[chat] = deque([(waiting, told)])
        self._run(self._bring_all(chat))

    async def _bring_all(self, chat: object) -> None:
        queue = self._queues[chat]
        try:
            while queue:
                await self._bring(*queue[0])
                queue.popleft()
                self._held -= 1
                room, self._room = self._room, None
                if room is not None:
                    room.callback(None)
        finally:
            del self._queues[chat]

    async def _bring(self, waiting: WaitingUpdate, told: dict[str, Any]) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                await self._turns.acquire()
                try:
                    answer = await self._target.bring(told)
                finally:
                    self._turns.release()
            except NotBrought as error:
                now = self._clock.seconds()
                self.last_error = LastError(int(now), str(error))
                if error.is_gone:
                    self._gone_since = self._gone_since or now
                    if now - self._gone_since > GONE_SECONDS:
                        await self._domain.bots.set_webhook(self._bot_id, None)
                        return
                wait = min(error.retry_after, MAX_RETRY_AFTER) or delay * random.uniform(1, 1.3)
                delay = min(2 * delay, MAX_DELAY)
                if now + wait > waiting.came_at + KEPT_SECONDS:
                    break
                await self._sleep(wait)
                continue
            self._gone_since = 0.0
            await self._confirm(waiting.update_id)
            await self._carry_out(answer)
            return
        await self._confirm(waiting.update_id)

    async def _confirm(self, update_id: int) -> None:
        """Note that it was taken; while the store is away, again and again, for nothing else may be brought first."""
        while True:
            try:
                await self._domain.bot_inbox.confirm(self._bot_id, update_id)
            except CancelledError:
                raise
            except Exception:
                self._log.failure("update {id} of bot {bot_id} is not confirmed yet", id=update_id, bot_id=self._bot_id)
                await self._sleep(STORE_SECONDS)
            else:
                return

    async def _carry_out(self, answer: dict[str, Any]) -> None:
        method = answer.pop("method", None)
        if isinstance(method, str) and method:
            try:
                await self._carry(self._bot_id, method, answer)
            except CancelledError:
                raise
            except Exception as error:
                # Nobody hears of it, as on the original.
                self._log.debug(
                    "bot {bot_id}: {method} in a webhook's answer was refused: {error}",
                    bot_id=self._bot_id, method=method[:64], error=error,
                )  # fmt: skip

    async def _sleep(self, seconds: float) -> None:
        woken: Deferred[None] = Deferred()
        timer = self._clock.callLater(seconds, woken.callback, None)
        try:
            await woken
        finally:
            if timer.active():
                timer.cancel()


def _chat_of(told: dict[str, Any]) -> object:
    """Whose order an update keeps."""
    for kind in ("message", "edited_message"):
        if kind in told:
            return told[kind]["chat"]["id"]
    query = told.get("callback_query")
    if query is not None:
        return query["message"]["chat"]["id"]
    return told["update_id"]


class Webhooks:
    """The couriers of all bots."""

    _log = Logger()

    def __init__(self, domain: Domain, views: BotUpdateViews, reactor: Any, *, private: bool, carry: Carry) -> None:
        """Args:
        private: receivers in this network, and plain HTTP, are allowed.
        """
        self.private = private
        self._domain = domain
        self._views = views
        self._reactor = reactor
        self._carry = carry
        self._reach = Reach(private)
        self._names = NameLookup(reactor)
        self._couriers: dict[int, Courier] = {}
        self._running = False
        self._pending: set[Deferred[None]] = set()
        domain.fanout.bus.listen(WebhookChanged, lambda changed: self._renew_later(changed.bot_id))

    def start(self) -> None:
        """Begin with whoever has one."""
        self._running = True
        self._later(self._start_all())

    async def stop(self) -> None:
        """Bring nothing more."""
        self._running = False
        couriers, self._couriers = list(self._couriers.values()), {}
        for courier in couriers:
            await courier.stop()

    def last_error(self, bot_id: int) -> LastError:
        """What last went wrong for a bot."""
        courier = self._couriers.get(bot_id)
        return courier.last_error if courier is not None else LastError()

    async def _start_all(self) -> None:
        for bot_id in await self._domain.bots.with_webhooks():
            await self._renew(bot_id)

    def _renew_later(self, bot_id: int) -> None:
        if self._running:
            self._later(self._renew(bot_id))

    def _later(self, coroutine: Any) -> None:
        task: Deferred[None] = Deferred.fromCoroutine(coroutine)
        self._pending.add(task)

        def over(result: Any) -> None:
            self._pending.discard(task)
            if isinstance(result, Failure):
                self._log.failure("webhooks could not be started", failure=result)

        task.addBoth(over)

    async def _renew(self, bot_id: int) -> None:
        before = self._couriers.pop(bot_id, None)
        if before is not None:
            await before.stop()
        bot = (await self._domain.bots.get([bot_id])).get(bot_id)
        if bot is None or bot.webhook is None or not self._running or bot_id in self._couriers:
            return
        target = WebhookTarget(self._reactor, bot.webhook, self._reach, self._names)
        courier = Courier(
            bot_id, target, bot.webhook.max_connections, self._domain, self._views, self._reactor, self._carry
        )
        self._couriers[bot_id] = courier
        courier.start()
