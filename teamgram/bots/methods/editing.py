"""What changes messages: their text, what they carry, their keyboards, and where somebody is."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.formatting.composing import Written, captioned, composed
from teamgram.bots.input_media import GivenMedia, heading_of, point_of, proximity_of
from teamgram.bots.link_previews import GivenPreviews, shows_above
from teamgram.bots.methods.sending import refuse_unavailable
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.keyboards import keyboard_from
from teamgram.bots.views.messages import BotMessageViews
from teamgram.bots.views.updates import named_inline_message
from teamgram.domain.boxes.media import LinkPreview, Media
from teamgram.domain.boxes.message import Message
from teamgram.domain.domain import Domain
from teamgram.domain.messages.changed_media import Move
from teamgram.domain.messages.editing import EditRequest

_REPLACING = ("photo", "video", "animation", "audio", "document")


class BotEditing:
    """Edits."""

    def __init__(
        self,
        domain: Domain,
        conversations: Conversations,
        given: GivenMedia,
        previews: GivenPreviews,
        views: BotMessageViews,
        clock: Any,
    ) -> None:
        self._domain = domain
        self._conversations = conversations
        self._given = given
        self._previews = previews
        self._views = views
        self._clock = clock

    @api_method("editMessageText")
    async def edit_text(self, call: ApiCall) -> Any:
        """Message, or True of what somebody sent by way of the bot."""
        written = composed(call.parameters, "text", "entities")
        preview = await self._previews.under(call.bot_id, call.parameters, written[0], written[1])
        return await self._edit(call, written, preview=preview)

    @api_method("editMessageCaption")
    async def edit_caption(self, call: ApiCall) -> Any:
        """Message, or True of what somebody sent by way of the bot."""
        return await self._edit(call, captioned(call.parameters))

    @api_method("editMessageReplyMarkup")
    async def edit_reply_markup(self, call: ApiCall) -> Any:
        """Message, or True of what somebody sent by way of the bot."""
        return await self._edit(call, None)

    @api_method("editMessageMedia")
    async def edit_media(self, call: ApiCall) -> Any:
        """Message, or True of what somebody sent by way of the bot."""
        given = call.parameters.object("media")
        if not isinstance(given, dict):
            raise bad_request("can't parse media JSON object: expected an Object")
        kind = str(given.get("type") or "")
        if kind not in _REPLACING:
            raise bad_request("media type can't be used in the message")
        inner = call.parameters.inner({**given, kind: given.get("media")})
        written = captioned(inner)
        if not call.parameters.has("inline_message_id"):
            # Files are kept only for who may change the message.
            peer, message_id, now = await self._which(call)
            await self._domain.messages.check_editable(call.bot_id, peer, message_id, now)
        elif self._given.upload(inner, kind) is not None:
            raise bad_request("a new file can't be uploaded for an inline message: use a file_id or an HTTP URL")
        return await self._edit(call, written, await self._given.media(call.bot_id, inner, kind))

    @api_method("editMessageLiveLocation")
    async def edit_live_location(self, call: ApiCall) -> Any:
        """Message, or True of what somebody sent by way of the bot."""
        parameters = call.parameters
        if parameters.has("live_period"):
            raise bad_request("the period of a live location can't be changed on this server")
        move = Move(
            point_of(parameters),
            heading_of(parameters) if parameters.has("heading") else None,
            proximity_of(parameters) if parameters.has("proximity_alert_radius") else None,
        )
        return await self._edit(call, None, move=move)

    @api_method("stopMessageLiveLocation")
    async def stop_live_location(self, call: ApiCall) -> Any:
        """Message, or True of what somebody sent by way of the bot."""
        return await self._edit(call, None, move=Move(stopped=True))

    async def _which(self, call: ApiCall) -> tuple[int, int, int]:
        """(chat, message, now)."""
        refuse_unavailable(call.parameters)
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        message_id = call.parameters.message_id()
        if message_id not in await self._conversations.messages(call.bot_id, peer, [message_id]):
            raise bad_request("message to edit not found")
        return peer, message_id, int(self._clock.seconds())

    async def _edit(
        self,
        call: ApiCall,
        written: Written | None,
        media: Media | None = None,
        move: Move | None = None,
        preview: LinkPreview | None = None,
    ) -> Any:
        bot_id, via = call.bot_id, None
        if call.parameters.has("inline_message_id"):
            owner_id, message_id, key = named_inline_message(call.parameters.text("inline_message_id"))
            peer, now, via = 0, int(self._clock.seconds()), (bot_id, key)
        else:
            owner_id = bot_id
            peer, message_id, now = await self._which(call)
        text, entities, tags = written if written is not None else (None, (), 0)
        change = await self._domain.messages.edit(
            EditRequest(
                owner_id,
                peer,
                message_id,
                now,
                text,
                await self._conversations.without_strangers(bot_id, entities),
                tags,
                keyboard_from(call.parameters.object("reply_markup")),
                shows_above(call.parameters),
                media=media,
                move=move,
                preview=preview,
                via=via,
            )
        )
        self._domain.previews.fetch_pending(preview)
        if via is not None:
            return True
        edited: Message | None = change.messages.get(message_id)
        if edited is None:
            edited = (await self._conversations.messages(bot_id, peer, [message_id]))[message_id]
        return await self._views.json(bot_id, edited)
