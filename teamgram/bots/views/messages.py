"""``Message`` (core.telegram.org/bots/api#message), for the bot in whose box it lies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from teamgram.bots.formatting.entities import entities_json
from teamgram.bots.link_previews import preview_options_json
from teamgram.bots.views.chats import channel_json, group_json, private_chat_json
from teamgram.bots.views.keyboards import keyboard_json
from teamgram.bots.views.media import MediaViews
from teamgram.bots.views.polls import poll_json
from teamgram.bots.views.users import user_json
from teamgram.domain.boxes.message import Action, Forward, Message
from teamgram.domain.boxes.poll import UNASKED
from teamgram.domain.channels.channel import Channel, Flag
from teamgram.domain.chats.chat import Chat
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
    marked_chat,
)
from teamgram.domain.messages.threads import TOPIC_CREATED
from teamgram.domain.users.user import User


@dataclass(frozen=True, slots=True)
class Around:
    """What messages speak of: people, groups and channels, by their ids, and what they answer, by chat and id.

    Attributes:
        sets: names of sticker sets, by id.
    """

    users: Mapping[int, User]
    chats: Mapping[int, Chat]
    answered: Mapping[tuple[int, int], Message]
    channels: Mapping[int, Channel]
    sets: Mapping[int, str]


class BotMessageViews:
    """Draws messages with the people, groups and messages that they speak of."""

    def __init__(self, domain: Domain, media: MediaViews) -> None:
        self._domain = domain
        self._media = media

    async def around(self, bot_id: int, messages: Sequence[Message], more: Iterable[int] = ()) -> Around:
        """What has to be read for these; ``more``: marked ids besides."""
        answered = await self._answered(bot_id, messages)
        marked = {bot_id, *more}
        for one in (*messages, *answered.values()):
            marked |= _named_in(one)
        peers = [Peer.from_marked(each) for each in marked]
        users = await self._domain.users.get({peer.id for peer in peers if peer.kind is PeerKind.USER})
        chats = await self._domain.chats.get({peer.id for peer in peers if peer.kind is PeerKind.CHAT})
        channels = await self._domain.channels.get({peer.id for peer in peers if peer.kind is PeerKind.CHANNEL})
        sets = await self._domain.sticker_sets.named(
            {one for message in (*messages, *answered.values()) for one in _sets_in(message)}
        )
        return Around(users, chats, answered, channels, sets)

    async def _answered(self, bot_id: int, messages: Sequence[Message]) -> dict[tuple[int, int], Message]:
        """What they answer, by chat and id: a channel's ids are its own."""
        wanted: dict[int, set[int]] = {}
        for one in messages:
            if one.reply_to_id:
                wanted.setdefault(one.peer if is_channel(one.peer) else 0, set()).add(one.reply_to_id)
        found: dict[tuple[int, int], Message] = {}
        for channel, ids in wanted.items():
            if channel:
                some, _ = await self._domain.messages.in_channel(bot_id, channel, sorted(ids), unheard=True)
            else:
                some = await self._domain.messages.get(bot_id, sorted(ids))
            found |= {(message.peer, message.id): message for message in some.values()}
        return found

    async def json(self, bot_id: int, message: Message) -> dict[str, Any]:
        """One message."""
        return self.told(bot_id, message, await self.around(bot_id, [message]))

    def told(self, bot_id: int, message: Message, around: Around, *, with_answered: bool = True) -> dict[str, Any]:
        """A message whose surroundings were read."""
        sender, extra = around.users.get(message.sender_id), message.extra
        told: dict[str, Any] = {"message_id": message.id}
        if extra.post or extra.as_peer:
            # A channel's word is the channel's, whoever wrote it.
            told["sender_chat"] = chat_json(extra.as_peer or message.peer, around)
            told |= {"author_signature": extra.author} if extra.author else {}
        elif sender is not None:
            told["from"] = user_json(sender)
        told |= {"chat": chat_json(message.peer, around), "date": message.date}
        if message.edit_date:
            told["edit_date"] = message.edit_date
        begins = extra.action is not None and extra.action.kind == TOPIC_CREATED
        thread_id = message.id if begins else extra.thread_id
        if thread_id and is_channel(message.peer):
            told |= {"message_thread_id": thread_id} | ({"is_topic_message": True} if begins or extra.in_topic else {})
        if extra.forward is not None:
            told |= _origin_fields(extra.forward, around)
        answered = around.answered.get((message.peer, message.reply_to_id))
        if answered is not None and with_answered:
            told["reply_to_message"] = self.told(bot_id, answered, around, with_answered=False)
        if extra.reply is not None and extra.reply.quote_text:
            quote: dict[str, Any] = {"text": extra.reply.quote_text, "position": extra.reply.quote_offset}
            if extra.reply.quote_entities:
                quote["entities"] = entities_json(extra.reply.quote_entities, around.users)
            told["quote"] = quote | ({"is_manual": True} if extra.reply.quoted else {})
        via_bot = around.users.get(extra.via_bot_id)
        if via_bot is not None:
            told["via_bot"] = user_json(via_bot)
        if extra.grouped_id:
            told["media_group_id"] = str(extra.grouped_id)
        if extra.action is not None:
            return told | self._action_fields(bot_id, message, extra.action, around)
        protected = extra.noforwards or _is_protected(message.peer, around)
        if protected:
            told["has_protected_content"] = True
        name, entities = "text", "entities"
        if extra.media is not None:
            told |= self._media.fields(bot_id, extra.media, protected=protected, sets=around.sets)
            if extra.media.poll is not None:
                told["poll"] = poll_json(extra.media.poll, message.poll or UNASKED)
            name, entities = "caption", "caption_entities"
            if extra.invert_media:
                told["show_caption_above_media"] = True
        elif extra.preview is not None:
            options = preview_options_json(extra.preview, above=extra.invert_media)
            told |= {"link_preview_options": options} if options else {}
        elif extra.no_preview:
            told["link_preview_options"] = {"is_disabled": True}
        if message.text:
            told[name] = message.text
        if extra.entities and message.text:
            told[entities] = entities_json(extra.entities, around.users)
        keyboard = keyboard_json(extra.reply_markup)
        return told | ({"reply_markup": keyboard} if keyboard is not None else {})

    def _action_fields(self, bot_id: int, message: Message, action: Action, around: Around) -> dict[str, Any]:
        if action.kind == "chatEditPhoto" and action.photo is not None:
            return {"new_chat_photo": self._media.sizes(bot_id, action.photo)}
        pinned = around.answered.get((message.peer, message.reply_to_id))
        if action.kind == "pinMessage" and pinned is not None:
            return {"pinned_message": self.told(bot_id, pinned, around, with_answered=False)}
        return _action_fields(action, around)


def chat_json(marked: int, around: Around) -> dict[str, Any]:
    """``Chat`` of a dialog."""
    if is_chat(marked):
        chat = around.chats.get(chat_id_of(marked))
        return group_json(chat) if chat is not None else {"id": marked, "type": "group", "title": ""}
    if is_channel(marked):
        channel = around.channels.get(channel_id_of(marked))
        return channel_json(channel) if channel is not None else {"id": marked, "type": "channel", "title": ""}
    user = around.users.get(marked)
    return private_chat_json(user) if user is not None else {"id": marked, "type": "private", "first_name": ""}


def _is_protected(marked: int, around: Around) -> bool:
    if is_channel(marked):
        channel = around.channels.get(channel_id_of(marked))
        return channel is not None and channel.has(Flag.NOFORWARDS)
    chat = around.chats.get(chat_id_of(marked)) if is_chat(marked) else None
    return chat is not None and chat.noforwards


def _sets_in(message: Message) -> list[int]:
    media = message.extra.media
    said = media.document.sticker if media is not None and media.document is not None else None
    return [said.set_id] if said is not None and said.set_id else []


def _named_in(message: Message) -> set[int]:
    extra = message.extra
    named = {message.peer, message.sender_id}
    named |= {marked for marked in (extra.via_bot_id, extra.as_peer) if marked}
    named |= {entity.user_id for entity in extra.entities if entity.user_id}
    if extra.forward is not None and extra.forward.from_id:
        named.add(extra.forward.from_id)
    if extra.action is not None:
        named |= set(extra.action.user_ids)
    if extra.reply is not None:
        named |= {entity.user_id for entity in extra.reply.quote_entities if entity.user_id}
    return named


def _origin_fields(forward: Forward, around: Around) -> dict[str, Any]:
    date = forward.date
    user = around.users.get(forward.from_id) if forward.from_id and is_user(forward.from_id) else None
    if user is not None:
        told = user_json(user)
        origin = {"type": "user", "sender_user": told, "date": date}
        return {"forward_origin": origin, "forward_from": told, "forward_date": date}
    if forward.from_id and is_channel(forward.from_id):
        chat = chat_json(forward.from_id, around)
        return {"forward_origin": {"type": "chat", "sender_chat": chat, "date": date}, "forward_date": date}
    origin = {"type": "hidden_user", "sender_user_name": forward.from_name, "date": date}
    return {"forward_origin": origin, "forward_sender_name": forward.from_name, "forward_date": date}


def _action_fields(action: Action, around: Around) -> dict[str, Any]:
    people = [user_json(around.users[user_id]) for user_id in action.user_ids if user_id in around.users]
    kind = action.kind
    if kind in ("chatAddUser", "chatJoinedByLink", "chatJoinedByRequest") and people:
        return {"new_chat_participant": people[0], "new_chat_member": people[0], "new_chat_members": people}
    if kind == "chatDeleteUser" and people:
        return {"left_chat_participant": people[0], "left_chat_member": people[0]}
    if kind == "chatEditTitle":
        return {"new_chat_title": action.title}
    if kind == "chatCreate":
        return {"group_chat_created": True}
    if kind == "channelCreate":
        return {"channel_chat_created": True}
    if kind == "chatDeletePhoto":
        return {"delete_chat_photo": True}
    if kind == TOPIC_CREATED:
        told: dict[str, Any] = {"name": action.title, "icon_color": action.icon_color}
        return {"forum_topic_created": told | _icon_field(action)}
    if kind == "topicEdit":
        return _topic_edit_fields(action)
    if kind == "chatMigrateTo" and action.chat_id:
        return {"migrate_to_chat_id": marked_channel(action.chat_id)}
    if kind == "channelMigrateFrom" and action.chat_id:
        return {"migrate_from_chat_id": marked_chat(action.chat_id)}
    if kind == "setMessagesTTL":
        return {"message_auto_delete_timer_changed": {"message_auto_delete_time": action.period}}
    return {}


def _icon_field(action: Action) -> dict[str, Any]:
    return {"icon_custom_emoji_id": str(action.icon_emoji_id)} if action.icon_emoji_id else {}


def _topic_edit_fields(action: Action) -> dict[str, Any]:
    if action.hidden is not None:
        return {"general_forum_topic_hidden" if action.hidden else "general_forum_topic_unhidden": {}}
    if action.closed is not None:
        return {"forum_topic_closed" if action.closed else "forum_topic_reopened": {}}
    changed: dict[str, Any] = {"name": action.title} if action.title else {}
    if action.icon_emoji_id is not None:
        changed["icon_custom_emoji_id"] = str(action.icon_emoji_id or "")
    return {"forum_topic_edited": changed}
