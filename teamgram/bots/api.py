"""Calls of bots: who asks, which method, and what is answered."""

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from teamgram.bots.errors import METHOD_NOT_FOUND, NOT_HERE, UNAUTHORIZED, bad_request, refusal_of, too_many
from teamgram.bots.file_ids import FileIds
from teamgram.bots.http import Download
from teamgram.bots.parameters import Parameters, UploadedFile
from teamgram.bots.views.media import MediaViews
from teamgram.bots.views.messages import BotMessageViews
from teamgram.bots.views.updates import BotUpdateViews
from teamgram.bots.webhooks import Webhooks
from teamgram.domain.bots.bot import Bot
from teamgram.domain.bots.errors import BotTokenInvalid
from teamgram.domain.domain import Domain
from teamgram.domain.errors import DomainError
from teamgram.net.addresses import address_group
from teamgram.net.token_buckets import Limit, TokenBuckets

if TYPE_CHECKING:
    from teamgram.bots.methods.families import ApiFamilies
    from teamgram.bots.registry import Handler

#: Wrong tokens of one network.
WRONG_TOKENS = Limit(20, 0.2)
#: Calls of one bot (core.telegram.org/bots/faq: "no more than 30 messages per second" in all chats), and a burst.
CALLS = Limit(300, 60)
_TRACKED = 50_000


class BotApi:
    """Answers calls. Implements :class:`teamgram.bots.http.Answers`.

    Attributes:
        webhooks: who brings updates; start and stop them.
    """

    _log = Logger()

    def __init__(self, domain: Domain, clock: Any, file_key: bytes, *, private_webhooks: bool = False) -> None:
        """Args:
        clock: the reactor.
        file_key: seals ``file_id``s.
        private_webhooks: updates may be brought to this network, and by plain HTTP.
        """
        self._domain = domain
        self._clock = clock
        self._wrong = TokenBuckets(WRONG_TOKENS, _TRACKED)
        self._calls = TokenBuckets(CALLS, _TRACKED)
        self._file_ids = FileIds(file_key)
        self._media = MediaViews(self._file_ids)
        self._messages = BotMessageViews(domain, self._media)
        self._updates = BotUpdateViews(domain, self._messages)
        self.webhooks = Webhooks(domain, self._updates, clock, private=private_webhooks, carry=self._carry)

    @cached_property
    def _methods(self) -> "ApiFamilies":
        # All methods and their table are a megabyte; most servers' bots have yet to come.
        from teamgram.bots.methods.families import ApiFamilies

        return ApiFamilies(
            self._domain, self._file_ids, self._media, self._messages, self._updates, self.webhooks, self._clock
        )

    @property
    def handlers(self) -> "dict[str, Handler]":
        """What is there, by the method's name in lower case."""
        return self._methods.handlers

    async def admit(self, token: str, address: str) -> None:
        """Whether somebody's call may bring much.

        Raises:
            ApiError: nobody has that token.
        """
        await self._bot(token, address)

    async def call(
        self, token: str, method: str, given: dict[str, Any], files: dict[str, UploadedFile], address: str
    ) -> Any:
        """The result of a method.

        Raises:
            ApiError: it is refused.
        """
        return await self._answer(await self._bot(token, address), method, given, files, address)

    async def _carry(self, bot_id: int, method: str, given: dict[str, Any]) -> None:
        """What a webhook's receiver answered with; methods that tell or that change webhooks are passed over."""
        name = method.lower()
        if name.startswith("get") or name in ("setwebhook", "deletewebhook", "close", "logout"):
            return
        await self._answer(await self._domain.bots.require(bot_id), method, given, {}, "")

    async def _answer(
        self, bot: Bot, method: str, given: dict[str, Any], files: dict[str, UploadedFile], address: str
    ) -> Any:
        wait = self._calls.take(bot.user_id, self._clock.seconds())
        if wait:
            raise too_many(wait)
        declared = self._methods.declared.get(method.lower())
        if declared is None:
            raise METHOD_NOT_FOUND
        handler = self.handlers.get(method.lower())
        if handler is None:
            raise NOT_HERE
        parameters = Parameters(declared, given, files)
        for name in sorted(declared.required):
            if name not in given and name not in files:
                raise bad_request(f"{name} is empty" if name != "text" else "message text is empty")
        began = time.monotonic()
        try:
            return await handler(self._methods.call(bot, parameters, address))
        except DomainError as error:
            raise refusal_of(error) from None
        finally:
            self._log.debug(
                "bot {bot_id}: {method} in {seconds:.3f} s",
                bot_id=bot.user_id, method=declared.name, seconds=time.monotonic() - began,
            )  # fmt: skip

    async def download(self, token: str, path: str, address: str) -> Download:
        """A file by the path that ``getFile`` told.

        Raises:
            ApiError: there is none for this bot.
        """
        bot = await self._bot(token, address)
        return await self._methods.downloads.by_path(bot.user_id, path)

    async def _bot(self, token: str, address: str) -> Bot:
        try:
            return await self._domain.bots.by_token(token)
        except BotTokenInvalid:
            # Who has a right one is let in whatever others of the same network do: behind a proxy they all are.
            wait = self._wrong.take(address_group(address), self._clock.seconds())
            if wait:
                raise too_many(wait) from None
            raise UNAUTHORIZED from None
