"""From agents to people: messages that are sent whole, by whatever way somebody is named."""

from typing import Any

from teamgram.domain.boxes.message import Extra
from teamgram.domain.errors import DomainError
from teamgram.domain.ids.peer import is_user
from teamgram.domain.messages.sending import SendRequest
from teamgram.openclaw.agent.delivery import ButtonRows, FileToSend
from teamgram.openclaw.config.telegram import CHANNEL
from teamgram.openclaw.gateway.errors import invalid, unavailable
from teamgram.openclaw.messenger.accounts import AgentAccount, AgentAccounts
from teamgram.openclaw.messenger.domain import MessengerDomain
from teamgram.openclaw.messenger.formatting import as_messages
from teamgram.openclaw.messenger.reply import random_id
from teamgram.openclaw.messenger.sent_files import SentFiles

#: Of one delivery.
MAX_MESSAGE_CHARS = 1_000_000


class Outbound:
    """Sends."""

    def __init__(self, domain: MessengerDomain, accounts: AgentAccounts, reactor: Any) -> None:
        self._domain = domain
        self._accounts = accounts
        self._reactor = reactor

    async def say(
        self,
        account: AgentAccount,
        peer: int,
        text: str,
        key: str,
        *,
        markdown: bool = False,
        buttons: ButtonRows | None = None,
        answers: int = 0,
    ) -> int:
        """Any text, in as many messages as it takes; the id of the last one. Under one key it is said once.

        Args:
            markdown: it is what a model wrote.
            buttons: below the last message.
            answers: the message that it answers there, which also says in which topic; 0: none.

        Raises:
            DomainError: the chat does not take it.
        """
        message_id, now = 0, int(self._reactor.seconds())
        found = as_messages(text, markdown=markdown)
        for number, piece in enumerate(found):
            random = random_id(account.user_id, key, number) if number else random_id(account.user_id, key)
            markup = self._keyboard(buttons) if number == len(found) - 1 else b""
            extra = Extra(entities=piece.entities, reply_markup=markup)
            request = SendRequest(
                account.user_id, peer, piece.text, random, now, extra, piece.tags, reply_to_id=answers
            )
            message_id = (await self._domain.messages.send(request)).ids[0][1]
        return message_id

    def _keyboard(self, buttons: ButtonRows | None) -> bytes:
        keyboard = self._domain.keyboard
        return keyboard(buttons) if buttons and keyboard is not None else b""

    async def deliver(
        self, to: str, text: str, agent_id: str, key: str, buttons: ButtonRows | None = None
    ) -> dict[str, Any]:
        """``send``: to a user id, a ``@username`` or a ``+phone``.

        Raises:
            GatewayError: nobody is there.
        """
        account = self._account(agent_id)
        if len(text) > MAX_MESSAGE_CHARS:
            raise invalid(f"message is longer than {MAX_MESSAGE_CHARS} characters")
        peer = await self.peer(to)
        try:
            message_id = await self.say(account, peer, text, key, markdown=not buttons, buttons=buttons)
        except DomainError as error:
            raise invalid(f"OutboundDeliveryError: {type(error).__name__}") from None
        return {"messageId": str(message_id), "chatId": str(peer)}

    async def deliver_files(
        self, to: str, files: list[FileToSend], caption: str, agent_id: str, key: str
    ) -> dict[str, Any]:
        """Files, to whom :meth:`deliver` takes words.

        Raises:
            GatewayError: nobody is there, or they are not taken.
        """
        account = self._account(agent_id)
        peer = await self.peer(to)
        try:
            message_id = await SentFiles(self._domain, self._reactor).send(account, peer, files, caption, key)
        except DomainError as error:
            raise invalid(f"OutboundDeliveryError: {type(error).__name__}") from None
        return {"messageId": str(message_id), "chatId": str(peer)}

    def _account(self, agent_id: str) -> AgentAccount:
        account = self._accounts.by_agent.get(agent_id)
        if account is None:
            # It may have one in a moment: accounts are opened after the start.
            raise unavailable(f'agent "{agent_id}" has no account in the messenger', retryable=True)
        return account

    async def peer(self, to: str) -> int:
        """The marked id of whom somebody names.

        Raises:
            GatewayError: nobody is there.
        """
        target = to.removeprefix(f"{CHANNEL}:").strip()
        users, peer = self._domain.users, 0
        if target.lstrip("-").isdigit() and not target.startswith("+"):
            peer = int(target)
            if is_user(peer) and peer not in await users.get([peer]):
                peer = 0
        elif target.startswith("+"):
            found = await users.by_phone(target[1:])
            peer = found.id if found is not None else 0
        else:
            resolved = await users.resolve_username(target.removeprefix("@"))
            peer = resolved.marked if resolved is not None else 0
        if not peer:
            raise invalid(f"nobody in the messenger is {to}")
        return peer
