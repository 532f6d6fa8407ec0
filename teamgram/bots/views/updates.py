"""``Update`` (core.telegram.org/bots/api#update)."""

import base64
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from teamgram.bots.errors import bad_request
from teamgram.bots.views.messages import Around, BotMessageViews, chat_json
from teamgram.bots.views.news import news_json, people_in
from teamgram.bots.views.polls import poll_answer_json, poll_json
from teamgram.bots.views.users import user_json
from teamgram.domain.bot_news.news import BotNews, JoinAsked
from teamgram.domain.bots.update import (
    BotCallback,
    BotChosen,
    BotInlineCallback,
    BotInlineQuery,
    BotMessage,
    BotPoll,
    BotPollAnswer,
    WaitingUpdate,
)
from teamgram.domain.boxes.message import Message
from teamgram.domain.chats.invite import Invite
from teamgram.domain.domain import Domain
from teamgram.domain.errors import DomainError
from teamgram.domain.ids.peer import chat_id_of, is_channel

_INLINE_ID = struct.Struct("<iqiq")
_DC_ID = 2
_CHAT_TYPES = {"bot": "private"}


class BotUpdateViews:
    """Draws what waits for a bot, as it is now: a message that was deleted meanwhile is not told any more."""

    def __init__(self, domain: Domain, messages: BotMessageViews) -> None:
        self._domain = domain
        self._messages = messages

    async def told(self, bot_id: int, waiting: Sequence[WaitingUpdate]) -> list[dict[str, Any]]:
        """Those that are still to be told, in order."""
        ids: dict[int, set[int]] = {}
        people = set()
        for one in waiting:
            update = one.update
            if isinstance(update, BotMessage):
                ids.setdefault(update.channel, set()).add(update.id)
            elif isinstance(update, BotNews):
                people |= people_in(update)
            elif not isinstance(update, BotPoll):
                people.add(update.user_id)
            if isinstance(update, BotCallback):
                ids.setdefault(update.peer if is_channel(update.peer) else 0, set()).add(update.message_id)
                people.add(update.peer)
        messages: dict[tuple[int, int], Message] = {}
        for channel, wanted in ids.items():
            if channel:
                found, _ = await self._domain.messages.in_channel(bot_id, channel, sorted(wanted))
            else:
                found = await self._domain.messages.get(bot_id, sorted(wanted))
            messages |= {(channel, message.id): message for message in found.values()}
        invites = await self._invites(bot_id, waiting)
        people |= {one.admin_id for one in invites.values()}
        around = await self._messages.around(bot_id, list(messages.values()), people)
        told = []
        for one in waiting:
            if isinstance(one.update, BotNews):
                fields = news_json(one.update, bot_id, around, invites)
            else:
                fields = self._fields(bot_id, one, messages, around)
            if fields is not None:
                told.append({"update_id": one.update_id, **fields})
        return told

    async def _invites(self, bot_id: int, waiting: Sequence[WaitingUpdate]) -> dict[str, Invite]:
        """The links that somebody asked by, by hash, as far as the bot may see them."""
        found: dict[str, Invite] = {}
        for one in waiting:
            asked = one.update
            if isinstance(asked, JoinAsked) and asked.hash and asked.hash not in found:
                group_id = asked.peer if is_channel(asked.peer) else chat_id_of(asked.peer)
                try:
                    found[asked.hash] = await self._domain.invites.get(bot_id, group_id, asked.hash)
                except DomainError:
                    pass  # Neither is there a link without rights.
        return found

    def _fields(
        self, bot_id: int, one: WaitingUpdate, messages: Mapping[tuple[int, int], Message], around: Around
    ) -> dict[str, Any] | None:
        update = one.update
        if isinstance(update, BotMessage):
            message = messages.get((update.channel, update.id))
            if message is None:
                return None
            kind = "channel_post" if message.extra.post else "message"
            return {f"edited_{kind}" if update.edited else kind: self._messages.told(bot_id, message, around)}
        assert not isinstance(update, BotNews), "those have drawings of their own"
        if isinstance(update, BotPoll):
            return {"poll": poll_json(update.poll, update.state)}
        user = around.users.get(update.user_id)
        if user is None:
            return None
        if isinstance(update, BotPollAnswer):
            return {"poll_answer": poll_answer_json(update, user)}
        who = user_json(user)
        if isinstance(update, BotInlineQuery):
            question = update.question
            query = {"id": str(update.query_id), "from": who, "query": question.query, "offset": question.offset}
            if question.peer_type:
                query["chat_type"] = _CHAT_TYPES.get(question.peer_type, question.peer_type)
            return {"inline_query": query | _location(question.point)}
        if isinstance(update, BotChosen):
            chosen = {"result_id": update.result_id, "from": who, "query": update.query, **_location(update.point)}
            if update.key:
                chosen["inline_message_id"] = inline_message_id(
                    update.owner_id or update.user_id, update.message_id, update.key
                )
            return {"chosen_inline_result": chosen}
        asked: dict[str, Any] = {"id": str(update.query_id), "from": who}
        if isinstance(update, BotInlineCallback):
            asked["inline_message_id"] = inline_message_id(update.owner_id, update.message_id, update.key)
        elif (place := (update.peer if is_channel(update.peer) else 0, update.message_id)) in messages:
            asked["message"] = self._messages.told(bot_id, messages[place], around)
        else:
            chat = chat_json(update.peer, around)
            asked["message"] = {"message_id": update.message_id, "chat": chat, "date": 0}
        asked["chat_instance"] = str(update.chat_instance)
        asked["data"] = update.data.decode("utf-8", "replace")
        return {"callback_query": asked}


def _location(point: tuple[float, float] | None) -> dict[str, Any]:
    return {} if point is None else {"location": {"latitude": point[0], "longitude": point[1]}}


def inline_message_id(owner_id: int, message_id: int, key: int) -> str:
    """By what a bot changes a message that ``owner_id`` sent by way of it (as TDLib writes them)."""
    return base64.urlsafe_b64encode(_INLINE_ID.pack(_DC_ID, owner_id, message_id, key)).rstrip(b"=").decode()


def named_inline_message(text: str) -> tuple[int, int, int]:
    """(owner, message, key) of an ``inline_message_id``.

    Raises:
        ApiError: it is none.
    """
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) < 64 else b""
    except ValueError:
        raw = b""
    if len(raw) != _INLINE_ID.size:
        raise bad_request("MESSAGE_ID_INVALID")
    _, owner_id, message_id, key = _INLINE_ID.unpack(raw)
    return owner_id, message_id, key
