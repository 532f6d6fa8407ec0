"""What is said in supergroups that agents are in: it lies in the group's box, so it is taken as any bot takes it."""

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.domain.bots.errors import TakenElsewhere
from teamgram.domain.bots.inbox import BotInbox
from teamgram.domain.bots.update import BotMessage
from teamgram.domain.boxes.message import Message
from teamgram.domain.messages.messages import Messages
from teamgram.openclaw.messenger.accounts import AgentAccount
from teamgram.openclaw.messenger.inbox import RETRY_SECONDS, MessengerFailures

_WAIT_SECONDS, _MOST = 50.0, 100

TakeOne = Callable[[AgentAccount, Message], Awaitable[None]]


class SupergroupInbox:
    """Waits for each account's between ``follow`` and ``stop``."""

    _log = Logger()

    def __init__(
        self, inbox: BotInbox, messages: Messages, clock: Any, take_one: TakeOne, failures: MessengerFailures
    ) -> None:
        """Args:
        take_one: is given each message, and raises nothing.
        """
        self._inbox = inbox
        self._messages = messages
        self._clock = clock
        self._take_one = take_one
        self._failures = failures
        self._following: dict[int, Deferred[None]] = {}
        self._resting: dict[int, Deferred[None]] = {}
        self._taking: set[int] = set()
        self._is_open = True

    def follow(self, account: AgentAccount) -> None:
        """Take what is said to an account from now on, and what was said within the last day."""
        self._is_open = True
        if account.user_id not in self._following:
            following = self._following[account.user_id] = Deferred.fromCoroutine(self._follow(account))
            following.addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        self._log.failure("a supergroup inbox ended", failure=failure)

    async def stop(self) -> None:
        """Take no more; returns when none is being taken."""
        self._is_open = False
        for resting in list(self._resting.values()):
            resting.callback(None)
        while self._following:
            user_id, following = next(iter(self._following.items()))
            ended: Deferred[None] = Deferred()
            following.addBoth(ended.callback)
            if user_id not in self._taking:
                following.cancel()
            await ended

    async def _follow(self, account: AgentAccount) -> None:
        offset, allowed = 0, ("message",)
        try:
            while self._is_open:
                try:
                    waiting = await self._inbox.take(account.user_id, offset, _MOST, _WAIT_SECONDS, allowed)
                    self._taking.add(account.user_id)
                    for one in waiting:
                        if not self._is_open:
                            break  # The next start goes on here.
                        if await self._take(account, one.update):
                            await self._inbox.confirm(account.user_id, one.update_id)
                        offset = one.update_id + 1
                except CancelledError:
                    return
                except TakenElsewhere:
                    await self._rest(account.user_id)
                except Exception:
                    self._failures.failed_reads += 1
                    self._log.failure("the supergroups of @{username} could not be read", username=account.username)
                    await self._rest(account.user_id)
                finally:
                    self._taking.discard(account.user_id)
        finally:
            self._following.pop(account.user_id, None)

    async def _take(self, account: AgentAccount, update: object) -> bool:
        # What lies in the account's own box is read from its log, which keeps it for longer than a day.
        if not isinstance(update, BotMessage) or not update.channel or update.edited:
            return False
        found, _ = await self._messages.in_channel(account.user_id, update.channel, [update.id])
        message = found.get(update.id)
        if message is not None and not message.out:
            await self._take_one(account, message)
        return True

    async def _rest(self, user_id: int) -> None:
        if not self._is_open:
            return
        done = self._resting[user_id] = Deferred()
        timer = self._clock.callLater(RETRY_SECONDS, done.callback, None)
        try:
            await done
        finally:
            del self._resting[user_id]
            if timer.active():
                timer.cancel()
