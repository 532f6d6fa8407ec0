"""``sendPoll`` and ``stopPoll``."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.formatting.entities import formatted
from teamgram.bots.methods.sending import BotSending, refuse_unavailable
from teamgram.bots.parameters import Parameters
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.keyboards import keyboard_from
from teamgram.bots.views.polls import poll_json
from teamgram.domain.boxes.media import Media
from teamgram.domain.domain import Domain
from teamgram.domain.messages.editing import EditRequest
from teamgram.domain.polls.asking import MAX_ANSWERS, WantedPoll, WrittenText, checked_poll

_NOT_HERE = ("allow_adding_options", "members_only", "country_codes", "media", "explanation_media", "description")
_MAX_TEXT = 4096


class BotPolls:
    """Polls that bots ask."""

    def __init__(self, domain: Domain, conversations: Conversations, sending: BotSending) -> None:
        self._domain = domain
        self._conversations = conversations
        self._sending = sending

    @api_method("sendPoll")
    async def send_poll(self, call: ApiCall) -> Any:
        """Message."""
        given = call.parameters
        for name in _NOT_HERE:
            if given.has(name) and (given.flag(name) or given.object(name)):
                raise bad_request(f"{name} is not available on this server")
        kind = given.text("type") or "regular"
        if kind not in ("regular", "quiz"):
            raise bad_request("unsupported poll type specified")
        asked = WantedPoll(
            _written(given, "question"),
            _options(given),
            _correct(given) if kind == "quiz" else None,
            _written(given, "explanation"),
            public=given.has("is_anonymous") and not given.flag("is_anonymous"),
            multiple=given.flag("allows_multiple_answers"),
            shuffles=given.flag("shuffle_options"),
            once=given.has("allows_revoting") and not given.flag("allows_revoting"),
            hides_results=given.flag("hide_results_until_closes"),
            closed=given.flag("is_closed"),
            close_period=given.number("open_period"),
            close_date=given.number("close_date"),
        )
        poll = checked_poll(call.bot_id, asked, self._sending.now())
        told = await self._sending.send(call, Media(poll=poll), "")
        return told

    @api_method("stopPoll")
    async def stop_poll(self, call: ApiCall) -> Any:
        """Poll."""
        refuse_unavailable(call.parameters)
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        message_id, now = call.parameters.message_id(), self._sending.now()
        found = (await self._conversations.messages(call.bot_id, peer, [message_id])).get(message_id)
        if found is None or found.extra.media is None or found.extra.media.poll is None:
            raise bad_request("message with poll to stop not found")
        await self._domain.polls.close(call.bot_id, peer, message_id, now)
        markup = keyboard_from(call.parameters.object("reply_markup"))
        if markup != found.extra.reply_markup:
            await self._domain.messages.edit(EditRequest(call.bot_id, peer, message_id, now, reply_markup=markup))
        ended = await self._domain.polls.look(call.bot_id, peer, message_id)
        return poll_json(ended.poll, ended.state)


def _written(given: Parameters, name: str) -> WrittenText:
    text, mode, entities = given.text(name)[:_MAX_TEXT], f"{name}_parse_mode", f"{name}_entities"
    return WrittenText(*formatted(text, given.text(mode), given.object(entities)))


def _options(given: Parameters) -> list[tuple[WrittenText, bytes]]:
    options = given.object("options")
    if not isinstance(options, list):
        raise bad_request("can't parse options: an Array of InputPollOption was expected")
    found = []
    for one in options[: MAX_ANSWERS + 1]:
        inner = given.inner(one if isinstance(one, dict) else {"text": one})
        if inner.has("media"):
            raise bad_request("media of options is not available on this server")
        found.append((_written(inner, "text"), b""))
    return found


def _correct(given: Parameters) -> list[int]:
    several = given.object("correct_option_ids")
    if isinstance(several, list) and all(isinstance(one, int) for one in several):
        return several
    return [given.number("correct_option_id")] if given.has("correct_option_id") else []
