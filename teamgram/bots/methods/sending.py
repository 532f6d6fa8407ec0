"""Texts, forwards and deletions."""

import secrets
from collections.abc import Sequence
from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.formatting.composing import Written, captioned, composed
from teamgram.bots.link_previews import GivenPreviews, preview_wishes, shows_above
from teamgram.bots.parameters import Parameters
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.keyboards import keyboard_from
from teamgram.bots.views.messages import BotMessageViews
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.media import LinkPreview, Media
from teamgram.domain.boxes.message import Extra
from teamgram.domain.channels.channel import Seat
from teamgram.domain.chats.chat import Chat
from teamgram.domain.domain import Domain
from teamgram.domain.ids.peer import is_channel, is_chat
from teamgram.domain.messages.rules import check_copies
from teamgram.domain.messages.sending import ForwardRequest, SendRequest, Sent, new_group

MAX_AT_ONCE = 100


class BotSending:
    """What puts messages into chats, or takes them away."""

    def __init__(
        self,
        domain: Domain,
        conversations: Conversations,
        previews: GivenPreviews,
        views: BotMessageViews,
        clock: Any,
    ) -> None:
        self._domain = domain
        self._conversations = conversations
        self._previews = previews
        self._views = views
        self._clock = clock

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock.seconds())

    @api_method("sendMessage")
    async def send_message(self, call: ApiCall) -> Any:
        """Message."""
        text, entities, tags = composed(call.parameters, "text", "entities")
        preview = await self._previews.under(call.bot_id, call.parameters, text, entities)
        return await self.send(call, None, text, entities, tags, preview)

    async def send(
        self,
        call: ApiCall,
        media: Media | None,
        text: str,
        entities: tuple[Entity, ...] = (),
        tags: int = 0,
        preview: LinkPreview | None = None,
    ) -> Any:
        """Send one message and draw it."""
        parameters, bot_id = call.parameters, call.bot_id
        refuse_unavailable(parameters)
        peer = await self._conversations.peer(bot_id, parameters)
        entities = await self._conversations.without_strangers(bot_id, entities)
        extra = Extra(
            entities=entities,
            silent=parameters.flag("disable_notification"),
            noforwards=parameters.flag("protect_content"),
            invert_media=shows_above(parameters),
            reply_markup=keyboard_from(parameters.object("reply_markup")),
            media=media,
            preview=preview,
            no_preview=media is None and preview_wishes(parameters).is_off,
        )
        answered, quote = await self._conversations.answered(bot_id, peer, parameters)
        named = await self._conversations.mentioned(bot_id, peer, text, entities)
        sent = await self._domain.messages.send(
            SendRequest(bot_id, peer, text, new_random_id(), self.now(), extra, tags, answered, quote, named)
        )
        self._domain.previews.fetch_pending(preview)
        return await self._drawn(bot_id, sent)

    async def send_album(self, call: ApiCall, items: Sequence[tuple[Media, Written]]) -> Any:
        """Send several as one and draw them."""
        parameters, bot_id = call.parameters, call.bot_id
        refuse_unavailable(parameters)
        peer = await self._conversations.peer(bot_id, parameters)
        answered, quote = await self._conversations.answered(bot_id, peer, parameters)
        group, requests = new_group(), []
        for media, (text, entities, tags) in items:
            entities = await self._conversations.without_strangers(bot_id, entities)
            extra = Extra(
                entities=entities,
                silent=parameters.flag("disable_notification"),
                noforwards=parameters.flag("protect_content"),
                media=media,
                grouped_id=group,
            )
            named = await self._conversations.mentioned(bot_id, peer, text, entities)
            requests.append(
                SendRequest(bot_id, peer, text, new_random_id(), self.now(), extra, tags, answered, quote, named)
            )
        sent = await self._domain.messages.send_all(tuple(requests))
        messages = [sent.own.messages[message_id] for _, message_id in sent.ids]
        around = await self._views.around(bot_id, messages)
        return [self._views.told(bot_id, message, around) for message in messages]

    async def _drawn(self, bot_id: int, sent: Sent) -> Any:
        message = sent.own.messages[sent.ids[0][1]]
        return await self._views.json(bot_id, message)

    @api_method("forwardMessage")
    async def forward_message(self, call: ApiCall) -> Any:
        """Message."""
        sent = await self._forward(call, [call.parameters.message_id()], copies=False)
        return await self._drawn(call.bot_id, sent)

    @api_method("forwardMessages")
    async def forward_messages(self, call: ApiCall) -> Any:
        """Array of MessageId."""
        sent = await self._forward(call, ids_from(call.parameters), copies=False)
        return [{"message_id": message_id} for _, message_id in sent.ids]

    @api_method("copyMessage")
    async def copy_message(self, call: ApiCall) -> Any:
        """MessageId; with a caption of its own, or a keyboard, if the call has one."""
        parameters, bot_id = call.parameters, call.bot_id
        from_peer = await self._conversations.peer(bot_id, parameters, "from_chat_id")
        message_id = parameters.message_id()
        original = (await self._conversations.messages(bot_id, from_peer, [message_id])).get(message_id)
        if original is None or original.extra.action is not None:
            raise bad_request("message to copy not found")
        if not (parameters.has("caption") or parameters.has("reply_markup")):
            sent = await self._forward(call, [message_id], copies=True)
            return {"message_id": sent.ids[0][1]}
        chat: Chat | Seat | None = None
        if is_channel(from_peer):
            chat = await self._conversations.seat(bot_id, from_peer)
        elif is_chat(from_peer):
            chat = await self._conversations.group(bot_id, from_peer)
        check_copies(original, message_id, from_peer, chat)
        text, entities, tags = original.text, original.extra.entities, 0
        if parameters.has("caption") and original.extra.media is not None:
            text, entities, tags = captioned(parameters)
        told = await self.send(call, original.extra.media, text, entities, tags)
        return {"message_id": told["message_id"]}

    @api_method("copyMessages")
    async def copy_messages(self, call: ApiCall) -> Any:
        """Array of MessageId."""
        sent = await self._forward(call, ids_from(call.parameters), copies=True)
        return [{"message_id": message_id} for _, message_id in sent.ids]

    async def _forward(self, call: ApiCall, message_ids: list[int], *, copies: bool) -> Sent:
        parameters, bot_id = call.parameters, call.bot_id
        refuse_unavailable(parameters)
        to_peer = await self._conversations.peer(bot_id, parameters)
        from_peer = await self._conversations.peer(bot_id, parameters, "from_chat_id")
        answered, _ = await self._conversations.answered(bot_id, to_peer, parameters)
        sent = await self._domain.messages.forward(
            ForwardRequest(
                bot_id,
                from_peer,
                to_peer,
                tuple(message_ids),
                tuple(new_random_id() for _ in message_ids),
                self.now(),
                drop_author=copies,
                drop_captions=copies and parameters.flag("remove_caption"),
                silent=parameters.flag("disable_notification"),
                noforwards=parameters.flag("protect_content"),
                reply_to_id=answered,
            )
        )
        for message in sent.own.messages.values():
            self._domain.previews.fetch_pending(message.extra.preview)
        return sent

    # Removing

    @api_method("deleteMessage")
    async def delete_message(self, call: ApiCall) -> bool:
        """True."""
        return await self._delete(call, [call.parameters.message_id()], "message to delete not found")

    @api_method("deleteMessages")
    async def delete_messages(self, call: ApiCall) -> bool:
        """True; what is not there is passed over."""
        return await self._delete(call, ids_from(call.parameters), "")

    async def _delete(self, call: ApiCall, message_ids: list[int], missing: str) -> bool:
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        mine = list(await self._conversations.messages(call.bot_id, peer, message_ids))
        if not mine and missing:
            raise bad_request(missing)
        if is_channel(peer):
            await self._domain.messages.delete_in_channel(call.bot_id, peer, mine, self.now())
        else:
            await self._domain.messages.delete(call.bot_id, mine, revoke=True, now=self.now())
        return True


def new_random_id() -> int:
    """As clients make them."""
    return secrets.randbits(63) + 1


def ids_from(parameters: Parameters) -> list[int]:
    """``message_ids``.

    Raises:
        ApiError: none, or too many.
    """
    given = parameters.object("message_ids")
    if not isinstance(given, list) or not all(isinstance(one, int) for one in given):
        raise bad_request("can't parse message identifiers as JSON array")
    if not given:
        raise bad_request("message identifiers are not specified")
    if len(given) > MAX_AT_ONCE:
        raise bad_request("too many message identifiers specified")
    return given


def refuse_unavailable(parameters: Parameters) -> None:
    """What no chat of this server has yet.

    Raises:
        ApiError.
    """
    for name in ("business_connection_id", "direct_messages_topic_id"):
        if parameters.has(name):
            raise bad_request(f"{name} is not available on this server")
