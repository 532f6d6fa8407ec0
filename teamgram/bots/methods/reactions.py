"""``setMessageReaction``."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.formatting.marked_text import identifier
from teamgram.bots.registry import ApiCall, api_method
from teamgram.domain.boxes.reactions import custom
from teamgram.domain.domain import Domain
from teamgram.domain.messages.errors import MessageNotModified
from teamgram.domain.reactions.errors import ReactionEmpty
from teamgram.domain.reactions.reacting import ReactionRequest

_MAX_EMOJI = 16


class BotReactions:
    """What a bot reacts with."""

    def __init__(self, domain: Domain, conversations: Conversations, clock: Any) -> None:
        self._domain = domain
        self._conversations = conversations
        self._clock = clock

    @api_method("setMessageReaction")
    async def set_reaction(self, call: ApiCall) -> bool:
        """True, also when nothing changes; without a reaction the bot's own is taken back."""
        parameters = call.parameters
        peer, message_id = await self._conversations.peer(call.bot_id, parameters), parameters.message_id()
        given = parameters.object("reaction") or []
        if not isinstance(given, list) or len(given) > 1:
            raise bad_request("can't parse reaction: an Array of one ReactionType was expected")
        if message_id not in await self._conversations.messages(call.bot_id, peer, [message_id]):
            raise bad_request("message to react not found")
        now, reactions = int(self._clock.seconds()), tuple(_reaction(one) for one in given)
        try:
            await self._domain.reactions.react(
                ReactionRequest(call.bot_id, peer, message_id, reactions, now, parameters.flag("is_big"))
            )
        except (MessageNotModified, ReactionEmpty):
            pass
        return True


def _reaction(given: Any) -> str:
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "emoji":
        emoji = str(given.get("emoji") or "").replace("\ufe0f", "")
        if 0 < len(emoji) <= _MAX_EMOJI and not emoji.isascii():
            return emoji
    elif kind == "custom_emoji":
        number = identifier(str(given.get("custom_emoji_id")))
        if number:
            return custom(number)
    raise bad_request("REACTION_INVALID")
