"""``Update`` (core.telegram.org/bots/api#update)."""

from collections.abc import Sequence
from typing import Any

from teamgram.bots.views.messages import BotMessageViews, chat_json
from teamgram.bots.views.users import user_json
from teamgram.domain.bots.update import BotCallback, BotMessage, WaitingUpdate
from teamgram.domain.domain import Domain


class BotUpdateViews:
    """Draws what waits for a bot, as it is now: a message that was deleted meanwhile is not told any more."""

    def __init__(self, domain: Domain, messages: BotMessageViews) -> None:
        self._domain = domain
        self._messages = messages

    async def told(self, bot_id: int, waiting: Sequence[WaitingUpdate]) -> list[dict[str, Any]]:
        """Those that are still to be told, in order."""
        ids = []
        people = set()
        for one in waiting:
            if isinstance(one.update, BotMessage):
                ids.append(one.update.id)
            else:
                ids.append(one.update.message_id)
                people |= {one.update.user_id, one.update.peer}
        messages = await self._domain.messages.get(bot_id, sorted(set(ids))) if ids else {}
        around = await self._messages.around(bot_id, list(messages.values()), people)
        told = []
        for one in waiting:
            update = one.update
            if isinstance(update, BotCallback):
                message = messages.get(update.message_id)
                user = around.users.get(update.user_id)
                if user is None:
                    continue
                query: dict[str, Any] = {"id": str(update.query_id), "from": user_json(user)}
                if message is not None:
                    query["message"] = self._messages.told(bot_id, message, around)
                else:
                    chat = chat_json(update.peer, around)
                    query["message"] = {"message_id": update.message_id, "chat": chat, "date": 0}
                query["chat_instance"] = str(update.chat_instance)
                query["data"] = update.data.decode("utf-8", "replace")
                told.append({"update_id": one.update_id, "callback_query": query})
                continue
            message = messages.get(update.id)
            if message is not None:
                kind = "edited_message" if update.edited else "message"
                told.append({"update_id": one.update_id, kind: self._messages.told(bot_id, message, around)})
        return told
