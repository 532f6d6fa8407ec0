"""Topics of forums (core.telegram.org/bots/api#createforumtopic and below)."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.formatting.marked_text import identifier
from teamgram.bots.methods.sending import new_random_id
from teamgram.bots.parameters import Parameters
from teamgram.bots.registry import ApiCall, api_method
from teamgram.domain.channels.channel import Flag
from teamgram.domain.channels.general_topic import GENERAL
from teamgram.domain.chats.chats import Actor
from teamgram.domain.domain import Domain
from teamgram.domain.forums.topics import NewTopic, TopicChange
from teamgram.domain.ids.peer import is_channel


class BotTopics:
    """A bot that looks after a forum's topics."""

    def __init__(self, domain: Domain, conversations: Conversations, clock: Any) -> None:
        self._domain = domain
        self._conversations = conversations
        self._clock = clock

    async def _forum(self, call: ApiCall) -> tuple[Actor, int]:
        """Who acts, and in which forum.

        Raises:
            ApiError: the chat is none.
        """
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        if not is_channel(peer):
            raise bad_request("the chat is not a supergroup")
        channel = (await self._conversations.seat(call.bot_id, peer)).channel
        if channel.is_broadcast:
            raise bad_request("the chat is not a supergroup")
        if not channel.has(Flag.FORUM):
            raise bad_request("the chat is not a forum")
        return Actor(call.bot_id, int(self._clock.seconds()), 0), channel.id

    async def _change(self, call: ApiCall, topic_id: int, change: TopicChange) -> bool:
        actor, channel_id = await self._forum(call)
        await self._domain.topics.edit(actor, channel_id, topic_id, change)
        return True

    @api_method("createForumTopic")
    async def create(self, call: ApiCall) -> Any:
        """ForumTopic."""
        given = call.parameters
        actor, channel_id = await self._forum(call)
        new = NewTopic(given.text("name"), given.number("icon_color"), _icon(given) or 0)
        made = await self._domain.topics.create(actor, channel_id, new, new_random_id())
        (message,) = made.messages.values()
        action = message.extra.action
        assert action is not None, "a topic begins with a service message"
        told = {"message_thread_id": message.id, "name": action.title, "icon_color": action.icon_color}
        return told | ({"icon_custom_emoji_id": str(action.icon_emoji_id)} if action.icon_emoji_id else {})

    @api_method("editForumTopic")
    async def edit(self, call: ApiCall) -> bool:
        """True; what is not given stays."""
        given = call.parameters
        title = given.text("name") if given.has("name") else None
        return await self._change(call, _topic_id(given), TopicChange(title, _icon(given)))

    @api_method("closeForumTopic")
    async def close(self, call: ApiCall) -> bool:
        """True."""
        return await self._change(call, _topic_id(call.parameters), TopicChange(closed=True))

    @api_method("reopenForumTopic")
    async def reopen(self, call: ApiCall) -> bool:
        """True."""
        return await self._change(call, _topic_id(call.parameters), TopicChange(closed=False))

    @api_method("deleteForumTopic")
    async def delete(self, call: ApiCall) -> bool:
        """True: it is gone with everything in it."""
        actor, channel_id = await self._forum(call)
        topic_id, is_all = _topic_id(call.parameters), False
        while not is_all:
            _, is_all = await self._domain.topics.delete(actor, channel_id, topic_id)
        return True

    @api_method("unpinAllForumTopicMessages")
    async def unpin_all(self, call: ApiCall) -> bool:
        """True."""
        return await self._unpin_all(call, _topic_id(call.parameters))

    @api_method("unpinAllGeneralForumTopicMessages")
    async def unpin_all_of_general(self, call: ApiCall) -> bool:
        """True."""
        return await self._unpin_all(call, GENERAL)

    async def _unpin_all(self, call: ApiCall, topic_id: int) -> bool:
        actor, _ = await self._forum(call)
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        await self._domain.messages.unpin_all(call.bot_id, peer, actor.now, topic_id=topic_id)
        return True

    @api_method("editGeneralForumTopic")
    async def edit_general(self, call: ApiCall) -> bool:
        """True."""
        return await self._change(call, GENERAL, TopicChange(call.parameters.text("name")))

    @api_method("closeGeneralForumTopic")
    async def close_general(self, call: ApiCall) -> bool:
        """True."""
        return await self._change(call, GENERAL, TopicChange(closed=True))

    @api_method("reopenGeneralForumTopic")
    async def reopen_general(self, call: ApiCall) -> bool:
        """True: it is shown again, too."""
        return await self._change(call, GENERAL, TopicChange(closed=False))

    @api_method("hideGeneralForumTopic")
    async def hide_general(self, call: ApiCall) -> bool:
        """True: it is closed, too."""
        return await self._change(call, GENERAL, TopicChange(hidden=True))

    @api_method("unhideGeneralForumTopic")
    async def unhide_general(self, call: ApiCall) -> bool:
        """True."""
        return await self._change(call, GENERAL, TopicChange(hidden=False))


def _topic_id(parameters: Parameters) -> int:
    found = parameters.number("message_thread_id")
    if found <= GENERAL:
        raise bad_request("invalid message thread identifier specified")
    return found


def _icon(parameters: Parameters) -> int | None:
    """The id of a custom emoji, 0 for none; None: nothing is said of it.

    Raises:
        ApiError: it is no id.
    """
    text = parameters.text("icon_custom_emoji_id", "-")
    if text == "-":
        return None
    number = identifier(text) if text else 0
    if text and not number:
        raise bad_request("invalid custom emoji identifier specified")
    return number
