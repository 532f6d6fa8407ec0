"""What people write to agents: who may, what is meant for them, commands, and everything else as a turn."""

from teamgram.domain.boxes.message import Message
from teamgram.domain.ids.peer import is_channel, is_user
from teamgram.domain.users.user import User
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.approvals.typed_words import TypedWords
from teamgram.openclaw.config.telegram import CHANNEL, TelegramSection, telegram_section
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.messenger import pairing
from teamgram.openclaw.messenger.access import Access, access
from teamgram.openclaw.messenger.accounts import AgentAccount
from teamgram.openclaw.messenger.addressing import command_and_words, may_be_answered, names
from teamgram.openclaw.messenger.attachments import Attachments, said
from teamgram.openclaw.messenger.commands import Commands
from teamgram.openclaw.messenger.domain import MessengerDomain
from teamgram.openclaw.messenger.outbound import Outbound
from teamgram.openclaw.messenger.owners import Owners
from teamgram.openclaw.messenger.pairing import PersonPairing
from teamgram.openclaw.messenger.turns import Turns, topic_of

_START = "/start"


class Incoming:
    """Takes messages, one after the other."""

    def __init__(
        self,
        parts: AgentParts,
        domain: MessengerDomain,
        owners: Owners,
        paired: PersonPairing,
        attachments: Attachments,
        outbound: Outbound,
        turns: Turns,
        typed_words: TypedWords,
        commands: Commands,
    ) -> None:
        self._parts = parts
        self._domain = domain
        self._owners = owners
        self._paired = paired
        self._attachments = attachments
        self._outbound = outbound
        self._turns = turns
        self._typed_words = typed_words
        self._commands = commands

    @property
    def section(self) -> TelegramSection:
        """``channels.telegram`` as it is now."""
        return telegram_section(self._parts.config.sections.channels)

    async def take(self, account: AgentAccount, message: Message) -> None:
        """One message: a command, or a run whose reply is shown as it comes.

        Raises:
            DomainError: the messenger refuses what it takes to answer.
        """
        if message.extra.action is not None:
            return
        album = await self._attachments.album(message)
        if album[0].id != message.id:
            return  # it was taken with the first
        text = said(album)
        is_named = any(one.mentioned or names(one.text, account.username) for one in album)
        if not text or not self._is_meant(account, message, is_named):
            return
        sender = (await self._domain.users.get([message.sender_id])).get(message.sender_id)
        if sender is None or not may_be_answered(
            sender, self._parts.config.sections.channels.get(CHANNEL), is_named=is_named
        ):
            return
        found = access(self.section, sender.id, message.peer, self._owners, self._paired)
        if found is Access.PAIR and not sender.is_bot:
            await self._ask_to_pair(account, sender)
        if found is Access.ANSWER:
            await self._answer(account, album, sender, text)

    async def _answer(self, account: AgentAccount, album: list[Message], sender: User, text: str) -> None:
        message = album[0]
        session = self._turns.session(account, message.peer, topic_of(message))
        await self._read(account, message.peer, album[-1].id)
        answers = 0 if is_user(message.peer) else message.id
        command, words = command_and_words(text, account.username)
        done = await self._commands.take(command, words, session, sender) if command else None
        if done is not None:
            if command == "/model":
                await self._commands.save(session)
            await self._outbound.say(
                account, message.peer, done[0], f"command:{message.id}", buttons=done[1], answers=answers
            )
            return
        told = await self._typed_words.take(
            text,
            session.key,
            sender.first_name or str(sender.id),
            (lambda one: True) if sender.id in self._owners else None,
            "channel",
        )
        if told is not None:
            await self._outbound.say(account, message.peer, told, f"word:{message.id}", answers=answers)
            return
        # A model that is asked costs money: not for a reply that nobody could be shown.
        await self._domain.messages.check_writable(account.user_id, message.peer)
        if command == _START:
            text = words or "Hello!"
        try:
            await self._turns.start(account, album, session, sender, text)
        except GatewayError as error:
            words = f"⚠️ {error.message}"
            await self._outbound.say(account, message.peer, words, f"refused:{message.id}", answers=answers)

    async def _read(self, account: AgentAccount, peer: int, message_id: int) -> None:
        if is_channel(peer):
            await self._domain.messages.read_channel(account.user_id, peer, message_id)
        else:
            now = int(self._parts.reactor.seconds())
            await self._domain.messages.read_history(account.user_id, peer, message_id, now)

    def _is_meant(self, account: AgentAccount, message: Message, is_named: bool) -> bool:
        """In private everything is for the agent, in groups what names it or answers it, unless somebody says more."""
        if is_user(message.peer) or is_named:
            return True
        group = self.section.group(message.peer)
        if group is not None and not group.require_mention:
            return True
        session = self._parts.sessions.get(self._turns.key(account, message.peer, topic_of(message)))
        return session is not None and session.settings.get("groupActivation") == "always"

    async def _ask_to_pair(self, account: AgentAccount, sender: User) -> None:
        name = " ".join(filter(None, (sender.first_name, sender.last_name)))
        request = await self._paired.ask(sender.id, account.agent_id, name)
        if request is not None:
            words = pairing.told(request, f"@{account.username}")
            await self._outbound.say(account, sender.id, words, f"pair:{request.code}", markdown=True)
