"""What a bot offers to who asks it from other chats."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.inline_results import GivenResults
from teamgram.bots.parameters import Parameters
from teamgram.bots.registry import ApiCall, api_method
from teamgram.domain.bots.inline_results import (
    MAX_RESULTS,
    MAX_START_PARAM,
    InlineAnswer,
    SwitchButton,
)
from teamgram.domain.domain import Domain

_GALLERIES = frozenset({"photo", "gif", "video", "sticker"})
_ALLOWED = {
    "allow_user_chats": "private",
    "allow_bot_chats": "bot",
    "allow_group_chats": "group",
    "allow_channel_chats": "channel",
}


class BotInlineAnswers:
    """``answerInlineQuery`` and prepared messages."""

    def __init__(self, domain: Domain, conversations: Conversations, results: GivenResults) -> None:
        self._domain = domain
        self._conversations = conversations
        self._results = results

    @api_method("answerInlineQuery")
    async def answer_inline_query(self, call: ApiCall) -> bool:
        """True."""
        parameters = call.parameters
        given = parameters.object("results")
        if not isinstance(given, list):
            raise bad_request("can't parse inline query results JSON object: an Array was expected")
        if len(given) > MAX_RESULTS:
            raise bad_request("too many inline query results specified")
        results = tuple([await self._results.result(call.bot_id, parameters, one) for one in given])
        answer = InlineAnswer(
            results,
            # As TDLib decides it (InlineQueriesManager::answer_inline_query).
            bool(results) and all(one.kind in _GALLERIES for one in results),
            parameters.flag("is_personal"),
            parameters.number("cache_time", 300),
            parameters.text("next_offset"),
            _button(parameters),
        )
        await self._domain.inline.answer(call.bot_id, parameters.number("inline_query_id"), answer)
        return True

    @api_method("savePreparedInlineMessage")
    async def save_prepared(self, call: ApiCall) -> Any:
        """PreparedInlineMessage."""
        parameters = call.parameters
        user = await self._conversations.person(call.bot_id, parameters)
        result = await self._results.result(call.bot_id, parameters, parameters.object("result"))
        allowed = tuple(kind for name, kind in _ALLOWED.items() if parameters.flag(name))
        if not allowed:
            raise bad_request("at least one chat type must be allowed")
        if "group" in allowed:
            allowed = (*allowed, "supergroup")
        made = await self._domain.inline.prepare(call.bot_id, user.id, result, allowed)
        return {"id": made.id, "expiration_date": made.until}


def _button(parameters: Parameters) -> SwitchButton | None:
    given = parameters.object("button")
    if given is None:
        text, start = parameters.text("switch_pm_text"), parameters.text("switch_pm_parameter")
        if not text:
            return None
    elif isinstance(given, dict):
        inner = parameters.inner(given)
        text, start = inner.text("text"), inner.text("start_parameter")
        app = inner.object("web_app")
        if isinstance(app, dict):
            return SwitchButton(text[:64], url=str(app.get("url") or "")[:2048])
    else:
        raise bad_request("can't parse InlineQueryResultsButton: expected an Object")
    if not 1 <= len(start) <= MAX_START_PARAM or not all(one.isalnum() or one in "_-" for one in start):
        raise bad_request("start parameter is invalid")
    return SwitchButton(text[:64], start)
