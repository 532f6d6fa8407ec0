"""BotFather's account: takes what is written to it, each once, and answers."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

import msgspec

from teamgram.bots.father.talk import ABOUT, COMMANDS, DESCRIPTION, FatherReply, Step, Talk
from teamgram.bots.views.keyboards import keyboard_from
from teamgram.domain.bots.bot import CommandSet
from teamgram.domain.bots.errors import TakenElsewhere
from teamgram.domain.bots.update import BotMessage
from teamgram.domain.boxes.message import Extra, Message
from teamgram.domain.domain import Domain
from teamgram.domain.errors import DomainError
from teamgram.domain.files.drawings import AGENT
from teamgram.domain.ids.peer import is_user
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.messages.text import clean
from teamgram.domain.updates.events import UserChanged
from teamgram.domain.users.user import FATHER_USERNAME

USERNAME, NAME = FATHER_USERNAME, "BotFather"
_SETTING = "botfather"
_WAIT_SECONDS, _RETRY_SECONDS = 50, 5.0

#: Ends the sessions of a bot whose token is revoked.
SignOut = Callable[[int], Awaitable[object]]


class BotFather:
    """Runs between ``start`` and ``stop``."""

    _log = Logger()

    def __init__(self, domain: Domain, clock: Any, sign_out: SignOut, api_root: Callable[[], str]) -> None:
        self._domain = domain
        self._clock = clock
        self._sign_out = sign_out
        self._api_root = api_root
        self._task: Deferred[None] | None = None

    def start(self) -> None:
        """Have an account, and answer what is written to it."""
        task = self._task = Deferred.fromCoroutine(self._run())
        task.addErrback(self._failed)

    async def stop(self) -> None:
        """Answer nothing more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await task

    def _failed(self, failure: Failure) -> None:
        if not isinstance(failure.value, CancelledError):
            self._log.failure("BotFather stopped", failure=failure)

    async def _run(self) -> None:
        bot_id = await self._account()
        if not bot_id:
            self._log.warn("somebody has the username BotFather: bots are made by teamgram bots create alone")
            return
        await self._introduce(bot_id)
        inbox, offset = self._domain.bot_inbox, 0
        while True:
            try:
                waiting = await inbox.take(bot_id, offset, 100, _WAIT_SECONDS)
                ids = [one.update.id for one in waiting if isinstance(one.update, BotMessage) and not one.update.edited]
                messages = await self._domain.messages.get(bot_id, ids) if ids else {}
                for one in waiting:
                    message = messages.get(one.update.id) if isinstance(one.update, BotMessage) else None
                    if message is not None and is_user(message.peer):
                        await self._take(bot_id, message)
                    offset = one.update_id + 1
            except CancelledError:
                raise
            except Exception as error:
                if not isinstance(error, TakenElsewhere):
                    self._log.failure("BotFather could not read what was written to it")
                await self._rest()

    async def _rest(self) -> None:
        done: Deferred[None] = Deferred()
        timer = self._clock.callLater(_RETRY_SECONDS, done.callback, None)
        try:
            await done
        finally:
            if timer.active():
                timer.cancel()

    async def _account(self) -> int:
        """The id of the account, made by the first start; 0: the name is somebody else's."""
        peer = await self._domain.users.resolve_username(USERNAME)
        if peer is None:
            now = int(self._clock.seconds())
            return (await self._domain.bots.create_of_server(NAME, USERNAME, now)).id
        bot = (await self._domain.bots.get([peer.id])).get(peer.id)
        return bot.user_id if bot is not None and bot.owner_id == 0 else 0

    async def _introduce(self, bot_id: int) -> None:
        """What apps show of it before the first message, its menu and its picture; what it has already stays."""
        domain = self._domain
        domain.portraits.want(bot_id, AGENT)
        details = (await domain.bots.require(bot_id)).details
        if not details.commands:
            await domain.bots.set_commands(bot_id, CommandSet(commands=COMMANDS))
        if not details.description:
            await domain.bots.set_description(bot_id, DESCRIPTION)
        if not (await domain.users.require(bot_id)).about:
            await domain.bots.set_profile(bot_id, about=ABOUT)

    async def _take(self, bot_id: int, message: Message) -> None:
        """One message; what cannot be answered is passed, or nobody after it would be heard."""
        domain, person_id, now = self._domain, message.peer, int(self._clock.seconds())
        talk = Talk(domain.bots, domain.users, self._api_root())
        try:
            stored = await domain.account_settings.get(person_id, _SETTING, {})
            step = msgspec.convert(stored, Step)
            reply = await talk.answer(person_id, message.text, step, now)
            if reply.step != step:
                await domain.account_settings.set(person_id, _SETTING, msgspec.to_builtins(reply.step))
            # Who hears of a new token may rely on the old one being dead everywhere.
            await self._tell(reply)
            await self._say(bot_id, message, reply, now)
        except DomainError as error:
            self._log.warn("BotFather could not answer {person_id}: {error!r}", person_id=person_id, error=error)
        except CancelledError:
            raise
        except Exception:
            self._log.failure("BotFather could not answer {person_id}", person_id=person_id)

    async def _say(self, bot_id: int, message: Message, reply: FatherReply, now: int) -> None:
        text, entities, tags = clean(reply.text, ())
        given = (
            {"keyboard": [[word] for word in reply.words], "one_time_keyboard": True, "resize_keyboard": True}
            if reply.words
            else {"remove_keyboard": True}
        )
        # The same for the same message: one that was answered before a crash is not answered twice.
        digest = hashlib.sha256(f"father:{bot_id}:{message.content_id}".encode()).digest()
        random_id = int.from_bytes(digest[:8], "big", signed=True) or 1
        extra = Extra(entities=entities, reply_markup=keyboard_from(given))
        await self._domain.messages.send(SendRequest(bot_id, message.peer, text, random_id, now, extra, tags))
        await self._domain.messages.read_history(bot_id, message.peer, message.id, now)

    async def _tell(self, reply: FatherReply) -> None:
        for bot_id in filter(None, (reply.renamed, reply.deleted)):
            viewers = await self._domain.watchers.of(bot_id)
            self._domain.fanout.publish([bot_id, *viewers], UserChanged(bot_id))
        for bot_id in filter(None, (reply.revoked, reply.deleted)):
            await self._sign_out(bot_id)
