"""What was written to the agents' accounts, read from their update logs: in order, each once, and none in the way.

A message that cannot be taken care of, for whatever reason, is logged,
counted and passed: what a stranger writes must never keep the next one from
being heard. A log that cannot be read is read again a while later.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.domain.boxes.difference import UpdateLog
from teamgram.domain.boxes.events import NewMessage
from teamgram.domain.boxes.message import Message
from teamgram.domain.errors import DomainError
from teamgram.openclaw.messenger.accounts import AgentAccount, AgentAccounts

_DIFFERENCE_LIMIT = 100

#: After a log or the accounts' file failed.
RETRY_SECONDS = 5.0

Take = Callable[[AgentAccount, Message], Awaitable[None]]


@dataclass(slots=True)
class MessengerFailures:
    """Totals since start, shown in ``/metrics``.

    Attributes:
        passed_messages: messages to agents that could not be taken care of.
        unshown_replies: answers that could not be written where they belong.
        failed_reads: times that an account's log, or the accounts' file, could not be used.
    """

    passed_messages: int = 0
    unshown_replies: int = 0
    failed_reads: int = 0

    def totals(self) -> list[tuple[str, str, Callable[[], float]]]:
        """(name, help, figure) of each, as ``/metrics`` has them."""
        return [
            (
                "openclaw_messenger_passed_messages",
                "Messages to agents that could not be taken care of and were passed",
                lambda: self.passed_messages,
            ),
            (
                "openclaw_messenger_unshown_replies",
                "Replies of agents that could not be written where they belong",
                lambda: self.unshown_replies,
            ),
            (
                "openclaw_messenger_failed_reads",
                "Times that the log of an agent's account could not be read",
                lambda: self.failed_reads,
            ),
        ]


class AgentInbox:
    """Reads the accounts' logs.

    Attributes:
        failures: what went wrong; the owner of this object shows it.
    """

    _log = Logger()

    def __init__(
        self, accounts: AgentAccounts, updates: UpdateLog, reactor: Any, take: Take, failures: MessengerFailures
    ) -> None:
        """Args:
        take: is given each message that somebody else wrote.
        """
        self.failures = failures
        self._accounts = accounts
        self._updates = updates
        self._reactor = reactor
        self._take = take
        self._open = False
        self._reading: dict[int, Deferred[None]] = {}
        self._again: set[int] = set()
        self._retries: dict[int, Any] = {}

    @property
    def is_open(self) -> bool:
        """Whether messages are taken."""
        return self._open

    def start(self) -> None:
        """From now on :meth:`heard` reads."""
        self._open = True

    async def stop(self) -> None:
        """Take no further message; returns when none is being taken."""
        self._open = False
        for call in self._retries.values():
            call.cancel()
        self._retries.clear()
        while self._reading:
            ended: Deferred[None] = Deferred()
            next(iter(self._reading.values())).addBoth(ended.callback)
            await ended

    def heard(self, account: AgentAccount) -> None:
        """There may be something new for an account."""
        user_id = account.user_id
        if not self._open:
            return
        if user_id in self._reading:
            self._again.add(user_id)
            return
        retry = self._retries.pop(user_id, None)
        if retry is not None:
            retry.cancel()
        reading = self._reading[user_id] = Deferred()
        Deferred.fromCoroutine(self._read(account)).addBoth(self._read_over, account).chainDeferred(reading)

    def _read_over(self, result: Any, account: AgentAccount) -> None:
        del self._reading[account.user_id]
        if result is not None:
            self.failures.failed_reads += 1
            self._log.failure("the log of @{username} could not be read", failure=result, username=account.username)
            if self._open:
                self._retries[account.user_id] = self._reactor.callLater(RETRY_SECONDS, self._retry, account)
        elif account.user_id in self._again:
            # Heard between the last look and here.
            self.heard(account)

    def _retry(self, account: AgentAccount) -> None:
        del self._retries[account.user_id]
        self.heard(account)

    async def _read(self, account: AgentAccount) -> None:
        """Everything in the account's log that was not taken care of, in order."""
        more = True
        while more and self._open:
            self._again.discard(account.user_id)
            difference = await self._updates.difference(account.user_id, account.pts, _DIFFERENCE_LIMIT)
            for entry in difference.entries:
                if not self._open:
                    break  # The next start goes on here.
                message = None
                if isinstance(entry.event, NewMessage):
                    message = difference.messages.get(entry.event.id)
                if message is not None and not message.out:
                    await self.take_one(account, message)
                account.pts = entry.pts
            if difference.too_long:
                account.pts = difference.state.pts
            if difference.entries or difference.too_long:
                await self._accounts.save()
            more = account.user_id in self._again or (bool(difference.entries) and account.pts < difference.state.pts)

    async def take_one(self, account: AgentAccount, message: Message) -> None:
        """Take a message; one that cannot be is passed."""
        try:
            await self._take(account, message)
        except DomainError as error:
            # What the messenger's rules refuse needs no traceback: any stranger can bring it about.
            self.failures.passed_messages += 1
            self._log.warn(
                "message {id} to @{username} was passed: {error!r}",
                id=message.id, username=account.username, error=error,
            )  # fmt: skip
        except Exception:
            self.failures.passed_messages += 1
            self._log.failure("message {id} to @{username} was passed", id=message.id, username=account.username)
