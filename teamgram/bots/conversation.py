"""Which chat, person or message a bot means, and whether it may."""

from collections.abc import Sequence
from typing import Any

from teamgram.bots.errors import bad_request, forbidden, moved
from teamgram.bots.formatting.entities import formatted
from teamgram.bots.parameters import Parameters
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.message import Message
from teamgram.domain.channels.channel import Flag, Seat
from teamgram.domain.channels.errors import ChannelNotFound
from teamgram.domain.channels.general_topic import GENERAL
from teamgram.domain.chats.chat import Chat, Standing
from teamgram.domain.domain import Domain
from teamgram.domain.ids.peer import (
    Peer,
    PeerKind,
    channel_id_of,
    chat_id_of,
    is_channel,
    is_chat,
    is_user,
    marked_channel,
)
from teamgram.domain.messages.mentions import members_named
from teamgram.domain.messages.quotes import MAX_QUOTE
from teamgram.domain.messages.replies import Quote
from teamgram.domain.messages.threads import NO_THREAD, thread_of
from teamgram.domain.users.user import User

CHAT_NOT_FOUND = bad_request("chat not found")


class Conversations:
    """Looks chats up for bots: a person has to have written to the bot first, and of a group it has to be a member."""

    def __init__(self, domain: Domain, clock: Any) -> None:
        self._domain = domain
        self._clock = clock

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
            if peer is None or peer.kind is PeerKind.CHAT:
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
        elif is_channel(marked):
            await self.seat(bot_id, marked)
        else:
            raise CHAT_NOT_FOUND

    async def seat(self, bot_id: int, marked: int) -> Seat:
        """A channel or supergroup of the bot's, and what the bot is there.

        Raises:
            ApiError: none, or not any more.
        """
        try:
            seat = await self._domain.channels.seat(bot_id, channel_id_of(marked), int(self._clock.seconds()))
        except ChannelNotFound:
            raise CHAT_NOT_FOUND from None
        if seat.is_present:
            return seat
        kind = "channel" if seat.channel.is_broadcast else "supergroup"
        if seat.membership is not None and seat.membership.standing is Standing.REMOVED:
            raise forbidden(f"bot was kicked from the {kind} chat")
        if seat.membership is None and not seat.channel.is_public:
            raise CHAT_NOT_FOUND
        raise forbidden(f"bot is not a member of the {kind} chat")

    async def messages(self, bot_id: int, peer: int, message_ids: Sequence[int]) -> dict[int, Message]:
        """Those of the messages that lie in that chat of the bot's, by id."""
        if is_channel(peer):
            seat = await self.seat(bot_id, peer)
            found, _ = await self._domain.messages.in_channel(bot_id, peer, message_ids, seat.hidden_up_to)
            return found
        own = await self._domain.messages.get(bot_id, message_ids)
        return {message_id: message for message_id, message in own.items() if message.peer == peer}

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
        if chat.migrated_to:
            raise moved(marked_channel(chat.migrated_to))
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
        if await self._domain.chats.common(bot_id, user_id, 0, 1):
            return True
        mine = await self._domain.channels.memberships.of(bot_id)
        theirs = await self._domain.channels.memberships.of(user_id) if mine else {}
        return any(channel_id in theirs for channel_id, membership in mine.items() if membership.is_present)

    async def mentioned(self, bot_id: int, peer: int, text: str, entities: tuple[Entity, ...]) -> frozenset[int]:
        """Members of a group whom a text names; nobody in a private chat."""
        if not entities or not is_chat(peer):
            return frozenset()
        return await members_named(self._domain.users, await self.group(bot_id, peer), text, entities)

    async def answered(self, bot_id: int, peer: int, parameters: Parameters) -> tuple[int, Quote | None]:
        """The bot's id of the message that is to be answered, 0 for none, and what is quoted of it.

        Raises:
            ApiError: there is none, and the bot does not want to go on without.
        """
        reply, source = parameters.object("reply_parameters"), peer
        message_id, alone = parameters.number("reply_to_message_id"), parameters.flag("allow_sending_without_reply")
        quote: Quote | None = None
        if isinstance(reply, dict):
            inner = parameters.inner(reply)
            message_id, alone = inner.number("message_id"), inner.flag("allow_sending_without_reply")
            if inner.has("chat_id"):
                source = await self.peer(bot_id, inner)
            quote = await self._quote(bot_id, inner, source if source != peer else 0)
        thread_id = await self._thread(bot_id, peer, parameters)
        if message_id <= 0:
            return thread_id, None
        found = (await self.messages(bot_id, source, [message_id])).get(message_id)
        if found is not None and (source != peer or not thread_id or thread_of(found).id == thread_id):
            return message_id, quote
        if alone:
            return thread_id, None
        raise bad_request("message to be replied not found")

    async def _thread(self, bot_id: int, peer: int, parameters: Parameters) -> int:
        """What has to be answered to write in the thread, or topic, that is named; 0: none is, or it is General.

        Raises:
            ApiError: there is no such thread.
        """
        thread_id = parameters.number("message_thread_id")
        if thread_id == 0:
            return 0
        if is_channel(peer):
            is_forum = (await self.seat(bot_id, peer)).channel.has(Flag.FORUM)
            if is_forum and thread_id == GENERAL:
                return 0
            first = (await self.messages(bot_id, peer, [thread_id])).get(thread_id)
            thread = thread_of(first) if first is not None else NO_THREAD
            if thread.id == thread_id and (thread.in_topic or not is_forum):
                return thread_id
        raise bad_request("message thread not found")

    async def _quote(self, bot_id: int, reply: Parameters, elsewhere: int) -> Quote | None:
        text = reply.text("quote")
        if not text:
            return Quote("", peer=elsewhere) if elsewhere else None
        if len(text) > MAX_QUOTE * 4:
            raise bad_request("QUOTE_TEXT_INVALID")
        text, entities = formatted(text, reply.text("quote_parse_mode"), reply.object("quote_entities"))
        known = await self.without_strangers(bot_id, tuple(entities))
        return Quote(text, known, max(0, reply.number("quote_position")), elsewhere)
