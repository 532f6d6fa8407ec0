"""Buttons below what agents say, pressed: by whoever may talk to the agent there, and may do what it says."""

from typing import Any

from twisted.logger import Logger

from teamgram.domain.bots.callbacks import CallbackAnswer, Callbacks
from teamgram.domain.bots.errors import CallbackQueryInvalid
from teamgram.domain.boxes.message import Message
from teamgram.domain.errors import DomainError
from teamgram.domain.ids.peer import box_owner
from teamgram.domain.messages.editing import EditRequest
from teamgram.domain.messages.errors import MessageIdInvalid, MessageNotModified
from teamgram.domain.messages.text import clean
from teamgram.domain.updates.events import BotCallbackAsked
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.approvals.pressed import PressedButtons
from teamgram.openclaw.config.telegram import telegram_section
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.messenger.access import Access, access
from teamgram.openclaw.messenger.accounts import AgentAccount
from teamgram.openclaw.messenger.commands import Commands
from teamgram.openclaw.messenger.domain import MessengerDomain
from teamgram.openclaw.messenger.owners import Owners
from teamgram.openclaw.messenger.pairing import PersonPairing
from teamgram.openclaw.messenger.turns import Turns, topic_of

#: Of what is shown for a moment above the chat.
_MAX_TOLD = 200
_NOBODY = "You may not press that."
_LATE = "That is over."


class Presses:
    """Answers them."""

    _log = Logger()

    def __init__(
        self,
        parts: AgentParts,
        domain: MessengerDomain,
        owners: Owners,
        paired: PersonPairing,
        turns: Turns,
        commands: Commands,
        buttons: PressedButtons,
    ) -> None:
        self._parts = parts
        self._domain = domain
        self._owners = owners
        self._paired = paired
        self._turns = turns
        self._commands = commands
        self._buttons = buttons

    async def take(self, account: AgentAccount, asked: BotCallbackAsked) -> None:
        """One press; whoever pressed is told what became of it, and so is everybody who sees the message."""
        told, is_done = await self._outcome(account, asked)
        callbacks: Callbacks | None = self._domain.callbacks
        try:
            if callbacks is not None:
                alert = told.startswith("⚠️")
                callbacks.answer(CallbackAnswer(asked.query_id, account.user_id, told[:_MAX_TOLD], alert=alert))
        except CallbackQueryInvalid:
            pass  # Nobody waits for it any more.
        if is_done:
            await self._show(account, asked, told)

    async def _outcome(self, account: AgentAccount, asked: BotCallbackAsked) -> tuple[str, bool]:
        """(what is told, whether the buttons are done with)."""
        section = telegram_section(self._parts.config.sections.channels)
        sender = (await self._domain.users.get([asked.user_id])).get(asked.user_id)
        may = sender is not None and not sender.is_deleted and not sender.is_bot
        if not may or access(section, asked.user_id, asked.peer, self._owners, self._paired) is not Access.ANSWER:
            return f"⚠️ {_NOBODY}", False
        assert sender is not None
        data = asked.data.decode("utf-8", "replace")
        message = await self._message(account, asked)
        session = self._turns.session(account, asked.peer, topic_of(message) if message is not None else 0)
        told = self._commands.pressed(data, session, asked.user_id)
        if told is not None:
            if not told.startswith("⚠️"):
                await self._commands.save(session)
            return told, not told.startswith("⚠️")
        sees: Any = (lambda one: True) if asked.user_id in self._owners else None
        try:
            told = await self._buttons.take(data, session.key, sender.first_name or str(sender.id), sees)
        except GatewayError as error:
            return f"⚠️ {error.message}", error.code != "FORBIDDEN"
        return (told, True) if told is not None else (f"⚠️ {_LATE}", True)

    async def _message(self, account: AgentAccount, asked: BotCallbackAsked) -> Message | None:
        owner_id = box_owner(account.user_id, asked.peer)
        return (await self._domain.messages.get(owner_id, [asked.message_id])).get(asked.message_id)

    async def _show(self, account: AgentAccount, asked: BotCallbackAsked, told: str) -> None:
        """Below what was asked stands what became of it, in the place of the buttons."""
        found = await self._message(account, asked)
        if found is None:
            return
        text, entities, tags = clean(f"{found.text}\n\n{told}"[:4096], found.extra.entities)
        now = int(self._parts.reactor.seconds())
        request = EditRequest(
            account.user_id,
            asked.peer,
            asked.message_id,
            now,
            text=text,
            entities=entities,
            tags=tags,
            reply_markup=b"",
        )
        try:
            await self._domain.messages.edit(request)
        except (MessageNotModified, MessageIdInvalid):
            pass
        except DomainError as error:
            self._log.warn("the buttons of message {id} stay: {error!r}", id=asked.message_id, error=error)
