"""Groups: who is in them and what they are called; typing; answers to pressed buttons."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.chats import NO_GIFTS, channel_json, group_json, permissions_json, private_chat_json
from teamgram.bots.views.media import MediaViews
from teamgram.bots.views.messages import BotMessageViews
from teamgram.domain.bots.callbacks import CallbackAnswer
from teamgram.domain.channels.channel import Flag
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.chats import Actor
from teamgram.domain.domain import Domain
from teamgram.domain.files.file import avatar_of
from teamgram.domain.ids.peer import channel_id_of, chat_id_of, is_channel, is_user, marked_channel
from teamgram.domain.messages.pins import PinRequest

_ACTIONS = {
    "typing": "sendMessageTypingAction",
    "upload_photo": "sendMessageUploadPhotoAction",
    "record_video": "sendMessageRecordVideoAction",
    "upload_video": "sendMessageUploadVideoAction",
    "record_voice": "sendMessageRecordAudioAction",
    "record_audio": "sendMessageRecordAudioAction",
    "upload_voice": "sendMessageUploadAudioAction",
    "upload_audio": "sendMessageUploadAudioAction",
    "upload_document": "sendMessageUploadDocumentAction",
    "choose_sticker": "sendMessageChooseStickerAction",
    "find_location": "sendMessageGeoLocationAction",
    "record_video_note": "sendMessageRecordRoundAction",
    "upload_video_note": "sendMessageUploadRoundAction",
    "cancel": "sendMessageCancelAction",
}


class BotChats:
    """Groups and private chats, besides their messages."""

    def __init__(
        self,
        domain: Domain,
        conversations: Conversations,
        messages: BotMessageViews,
        media: MediaViews,
        clock: Any,
    ) -> None:
        self._domain = domain
        self._conversations = conversations
        self._messages = messages
        self._media = media
        self._clock = clock

    def _actor(self, call: ApiCall) -> Actor:
        return Actor(call.bot_id, int(self._clock.seconds()), 0)

    async def _group(self, call: ApiCall) -> tuple[Chat, int]:
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        return await self._conversations.group(call.bot_id, peer), peer

    @api_method("sendChatAction")
    async def send_chat_action(self, call: ApiCall) -> bool:
        """True."""
        action = _ACTIONS.get(call.parameters.text("action"))
        if action is None:
            raise bad_request("wrong parameter action in request")
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        if is_channel(peer):
            topic_id = max(0, call.parameters.number("message_thread_id"))
            self._domain.channels.say_typing(await self._conversations.seat(call.bot_id, peer), action, 0, topic_id)
        elif is_user(peer):
            await self._domain.dialogs.say_typing(call.bot_id, peer, action, 0)
        else:
            await self._domain.chats.say_typing(call.bot_id, chat_id_of(peer), action, 0)
        return True

    @api_method("getChat")
    async def get_chat(self, call: ApiCall) -> Any:
        """ChatFullInfo."""
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        if is_user(peer):
            user = await self._domain.users.require(peer)
            told = private_chat_json(user) | {"accent_color_id": user.id % 7, "max_reaction_count": 0}
            told["accepted_gift_types"] = NO_GIFTS
            photos = await self._domain.profile_photos.seen_of(call.bot_id, peer)
            if photos:
                told["photo"] = self._media.chat_photo(call.bot_id, avatar_of(photos[0]))
            told |= await self._pinned(call.bot_id, peer)
            return told | ({"bio": user.about} if user.about and user.is_bot else {})
        if is_channel(peer):
            return await self._channel(call, peer)
        chat = await self._conversations.group(call.bot_id, peer)
        told = group_json(chat) | {"accent_color_id": chat.id % 7, "max_reaction_count": 0}
        told["permissions"] = permissions_json(chat.default_banned_rights)
        if chat.about:
            told["description"] = chat.about
        if chat.noforwards:
            told["has_protected_content"] = True
        if chat.photo is not None:
            told["photo"] = self._media.chat_photo(call.bot_id, chat.photo)
        return told | await self._pinned(call.bot_id, peer)

    async def _channel(self, call: ApiCall, peer: int) -> dict[str, Any]:
        channel = (await self._conversations.seat(call.bot_id, peer)).channel
        told = channel_json(channel) | {"accent_color_id": channel.id % 7, "max_reaction_count": 0}
        told |= {"accepted_gift_types": NO_GIFTS, "permissions": permissions_json(channel.default_banned_rights)}
        more = {
            "active_usernames": [channel.username] if channel.username else None,
            "description": channel.about,
            "linked_chat_id": marked_channel(channel.linked_id) if channel.linked_id else 0,
            "slow_mode_delay": channel.slowmode_seconds,
            "message_auto_delete_time": channel.ttl_seconds,
            "has_protected_content": channel.has(Flag.NOFORWARDS),
        }
        told |= {name: value for name, value in more.items() if value}
        if channel.photo is not None:
            told["photo"] = self._media.chat_photo(call.bot_id, channel.photo)
        return told | await self._pinned(call.bot_id, peer)

    async def _pinned_id(self, bot_id: int, peer: int) -> int:
        """The newest pinned message of a chat, or 0."""
        if is_channel(peer):
            counts = await self._domain.channels.counts(await self._conversations.seat(bot_id, peer))
            return counts.pinned_message_id
        return (await self._domain.dialogs.get(bot_id, peer)).pinned_message_id

    async def _pinned(self, bot_id: int, peer: int) -> dict[str, Any]:
        """The newest pinned message of a chat, if there is one."""
        message_id = await self._pinned_id(bot_id, peer)
        found = (await self._conversations.messages(bot_id, peer, [message_id])).get(message_id) if message_id else None
        return {"pinned_message": await self._messages.json(bot_id, found)} if found is not None else {}

    @api_method("leaveChat")
    async def leave_chat(self, call: ApiCall) -> bool:
        """True."""
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        if is_channel(peer):
            await self._domain.joining.leave(self._actor(call), channel_id_of(peer))
            return True
        chat, _ = await self._group(call)
        await self._domain.chats.remove_user(self._actor(call), chat.id, call.bot_id)
        return True

    @api_method("setChatTitle")
    async def set_chat_title(self, call: ApiCall) -> bool:
        """True."""
        peer, title = await self._conversations.peer(call.bot_id, call.parameters), call.parameters.text("title")
        if is_channel(peer):
            await self._domain.channels.edit_title(self._actor(call), channel_id_of(peer), title)
            return True
        chat, _ = await self._group(call)
        await self._domain.chats.edit_title(self._actor(call), chat.id, title)
        return True

    @api_method("setChatDescription")
    async def set_chat_description(self, call: ApiCall) -> bool:
        """True."""
        peer, about = await self._conversations.peer(call.bot_id, call.parameters), call.parameters.text("description")
        if is_channel(peer):
            await self._domain.channels.edit_about(self._actor(call), channel_id_of(peer), about)
            return True
        chat, _ = await self._group(call)
        await self._domain.chats.edit_about(self._actor(call), chat.id, about)
        return True

    @api_method("pinChatMessage")
    async def pin_chat_message(self, call: ApiCall) -> bool:
        """True."""
        return await self._pin(call, call.parameters.message_id(), pinned=True)

    @api_method("unpinChatMessage")
    async def unpin_chat_message(self, call: ApiCall) -> bool:
        """True; without an id the newest pinned one."""
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        message_id = call.parameters.number("message_id")
        if message_id <= 0:
            message_id = await self._pinned_id(call.bot_id, peer)
        if not message_id:
            raise bad_request("message to unpin not found")
        return await self._pin(call, message_id, pinned=False)

    @api_method("unpinAllChatMessages")
    async def unpin_all_chat_messages(self, call: ApiCall) -> bool:
        """True."""
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        await self._domain.messages.unpin_all(call.bot_id, peer, int(self._clock.seconds()))
        return True

    async def _pin(self, call: ApiCall, message_id: int, *, pinned: bool) -> bool:
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        await self._domain.messages.pin(
            PinRequest(
                call.bot_id,
                peer,
                message_id,
                int(self._clock.seconds()),
                unpin=not pinned,
                silent=call.parameters.flag("disable_notification"),
            )
        )
        return True

    @api_method("answerCallbackQuery")
    async def answer_callback_query(self, call: ApiCall) -> bool:
        """True."""
        parameters = call.parameters
        self._domain.callbacks.answer(
            CallbackAnswer(
                parameters.number("callback_query_id"),
                call.bot_id,
                parameters.text("text"),
                parameters.text("url"),
                parameters.flag("show_alert"),
                parameters.number("cache_time"),
            )
        )
        return True
