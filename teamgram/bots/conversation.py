"""Which chat, person or message a bot means, and whether it may."""

from teamgram.bots.errors import bad_request, forbidden
from teamgram.bots.parameters import Parameters
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.chats.chat import Chat, Standing
from teamgram.domain.domain import Domain
from teamgram.domain.ids.peer import Peer, PeerKind, chat_id_of, is_chat, is_user
from teamgram.domain.users.user import User

CHAT_NOT_FOUND = bad_request("chat not found")


class Conversations:
    """Looks chats up for bots: a person has to have written to the bot first, and of a group it has to be a member."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    async def peer(self, bot_id: int, parameters: Parameters, name: str = "chat_id") -> int:
        """The marked id of the chat that a parameter names.

        Raises:
            ApiError: it names none that the bot knows.
        """
        text = parameters.text(name).strip()
        if not text:
            raise bad_request("chat_id is empty")
        marked = await self._named(text)
        await self._check_known(bot_id, marked)
        return marked

    async def _named(self, text: str) -> int:
        if text.startswith("@"):
            peer: Peer | None = await self._domain.users.resolve_username(text[1:65])
            if peer is None or peer.kind is not PeerKind.USER:
                raise CHAT_NOT_FOUND
            return peer.marked
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            raise CHAT_NOT_FOUND
        return int(text)

    async def _check_known(self, bot_id: int, marked: int) -> None:
        if is_user(marked):
            user = (await self._domain.users.get([marked])).get(marked)
            if user is None or marked == bot_id:
                raise CHAT_NOT_FOUND
            if user.is_deleted:
                raise forbidden("user is deactivated")
            if (await self._domain.dialogs.get(bot_id, marked)).top_message_id == 0:
                raise CHAT_NOT_FOUND
        elif is_chat(marked):
            await self.group(bot_id, marked)
        else:
            raise CHAT_NOT_FOUND

    async def group(self, bot_id: int, marked: int) -> Chat:
        """A basic group of the bot's.

        Raises:
            ApiError: none, or not any more.
        """
        if not is_chat(marked):
            raise bad_request("method is available only for groups and supergroups")
        chat = (await self._domain.chats.get([chat_id_of(marked)])).get(chat_id_of(marked))
        part = chat.participant(bot_id) if chat is not None else None
        if chat is None or part is None:
            raise CHAT_NOT_FOUND
        if chat.deactivated:
            raise forbidden("the group chat was deleted")
        if part.standing is Standing.REMOVED:
            raise forbidden("bot was kicked from the group chat")
        if part.standing is Standing.LEFT:
            raise forbidden("bot is not a member of the group chat")
        return chat

    async def person(self, bot_id: int, parameters: Parameters, chat: Chat | None = None) -> User:
        """The person that ``user_id`` names: one whom the bot has met, or who is or was in that group of its.

        Raises:
            ApiError: nobody.
        """
        user_id = parameters.user_id()
        is_met = chat is not None and chat.participant(user_id) is not None
        is_met = is_met or await self._has_met(bot_id, user_id)
        user = (await self._domain.users.get([user_id])).get(user_id) if is_met else None
        if user is None or user.is_deleted:
            raise bad_request("user not found")
        return user

    async def without_strangers(self, bot_id: int, entities: tuple[Entity, ...]) -> tuple[Entity, ...]:
        """Those of a text's entities that name nobody whom the bot has not met: ids are numbers, and can be guessed."""
        named = {one.user_id for one in entities if one.user_id}
        strangers = {user_id for user_id in named if not await self._has_met(bot_id, user_id)}
        return tuple(one for one in entities if one.user_id not in strangers)

    async def _has_met(self, bot_id: int, user_id: int) -> bool:
        if user_id == bot_id or (await self._domain.dialogs.get(bot_id, user_id)).top_message_id:
            return True
        return bool(await self._domain.chats.common(bot_id, user_id, 0, 1))

    async def answered(self, bot_id: int, peer: int, parameters: Parameters) -> int:
        """The bot's id of the message that is to be answered, 0 for none.

        Raises:
            ApiError: there is none, and the bot does not want to go on without.
        """
        reply = parameters.object("reply_parameters")
        message_id, alone = parameters.number("reply_to_message_id"), parameters.flag("allow_sending_without_reply")
        if isinstance(reply, dict):
            given = reply.get("message_id")
            message_id = given if isinstance(given, int) else 0
            alone = bool(reply.get("allow_sending_without_reply"))
            other = reply.get("chat_id")
            if other is not None and str(other) != str(peer):
                raise bad_request("replying to messages of other chats is not available on this server")
        if message_id <= 0:
            return 0
        found = (await self._domain.messages.get(bot_id, [message_id])).get(message_id)
        if found is not None and found.peer == peer:
            return message_id
        if alone:
            return 0
        raise bad_request("message to be replied not found")
