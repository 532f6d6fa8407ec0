"""Messages, entities and drafts as TL objects of the newest layer, for the owner of the box they lie in."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from teamgram.bff.views.entities import entity_views
from teamgram.bff.views.media import FileViews
from teamgram.bff.views.polls import poll_media_view, recent_voters, todo_item_views, todo_view
from teamgram.bff.views.reactions import names_reactors, reactions_view, shown_reactors
from teamgram.bff.views.wallpapers import wallpaper_view
from teamgram.domain.boxes.message import Action, Draft, Forward, Message, MessageAnswers
from teamgram.domain.boxes.poll import Poll
from teamgram.domain.ids.peer import Peer, PeerKind, marked_channel, marked_chat
from teamgram.mtproto.tl import TLError, decode, tl


@lru_cache(maxsize=10_000)
def peer_view(marked: int) -> Any:
    """``Peer`` for a marked id. The objects are shared: nobody changes them."""
    peer = Peer.from_marked(marked)
    if peer.kind is PeerKind.USER:
        return tl.peerUser(user_id=peer.id)
    if peer.kind is PeerKind.CHAT:
        return tl.peerChat(chat_id=peer.id)
    return tl.peerChannel(channel_id=peer.id)


@lru_cache(maxsize=10_000)
def dialog_peer_view(marked: int) -> Any:
    """``dialogPeer`` for a marked id."""
    return tl.dialogPeer(peer=peer_view(marked))


def forward_view(forward: Forward) -> Any:
    """``messageFwdHeader``."""
    return tl.messageFwdHeader(
        date=forward.date,
        from_id=peer_view(forward.from_id) if forward.from_id else None,
        from_name=forward.from_name or None,
        channel_post=forward.post_id or None,
        post_author=forward.post_author or None,
        saved_from_peer=peer_view(forward.saved_from_peer) if forward.saved_from_peer else None,
        saved_from_msg_id=forward.saved_from_id or None,
        saved_from_id=peer_view(forward.saved_sender_id) if forward.saved_sender_id else None,
        saved_from_name=forward.saved_sender_name or None,
        saved_date=forward.saved_date or None,
        saved_out=forward.saved_out,
    )


def action_view(action: Action, content_id: int, files: FileViews) -> Any:
    """``MessageAction`` of a message of that content."""
    kind = action.kind
    if kind == "channelCreate":
        return tl.messageActionChannelCreate(title=action.title)
    if kind == "channelMigrateFrom":
        return tl.messageActionChannelMigrateFrom(title=action.title, chat_id=action.chat_id)
    if kind == "chatMigrateTo":
        return tl.messageActionChatMigrateTo(channel_id=action.chat_id)
    if kind == "chatCreate":
        return tl.messageActionChatCreate(title=action.title, users=list(action.user_ids))
    if kind == "chatEditTitle":
        return tl.messageActionChatEditTitle(title=action.title)
    if kind == "chatEditPhoto":
        return tl.messageActionChatEditPhoto(photo=files.in_action(action.photo, content_id))
    if kind == "chatDeletePhoto":
        return tl.messageActionChatDeletePhoto()
    if kind == "suggestProfilePhoto":
        return tl.messageActionSuggestProfilePhoto(photo=files.in_action(action.photo, content_id))
    if kind == "setChatWallPaper" and action.wallpaper is not None:
        # Whoever made it is nobody in a message that two see.
        wallpaper = wallpaper_view(action.wallpaper, 0, files)
        return tl.messageActionSetChatWallPaper(same=action.same, for_both=action.for_both, wallpaper=wallpaper)
    if kind == "setMessagesTTL":
        by_default = action.user_ids[0] if action.user_ids else None
        return tl.messageActionSetMessagesTTL(period=action.period, auto_setting_from=by_default)
    if kind == "chatAddUser":
        return tl.messageActionChatAddUser(users=list(action.user_ids))
    if kind == "chatDeleteUser":
        return tl.messageActionChatDeleteUser(user_id=action.user_ids[0])
    if kind == "chatJoinedByLink":
        return tl.messageActionChatJoinedByLink(inviter_id=action.user_ids[0])
    if kind == "chatJoinedByRequest":
        return tl.messageActionChatJoinedByRequest()
    if kind == "pinMessage":
        return tl.messageActionPinMessage()
    if kind == "contactSignUp":
        return tl.messageActionContactSignUp()
    if kind == "todoCompletions":
        return tl.messageActionTodoCompletions(completed=list(action.done), incompleted=list(action.undone))
    if kind == "todoAppendTasks":
        return tl.messageActionTodoAppendTasks(list=todo_item_views(action.items))
    if kind == "topicCreate":
        return tl.messageActionTopicCreate(
            title=action.title, icon_color=action.icon_color, icon_emoji_id=action.icon_emoji_id or None
        )
    if kind == "topicEdit":
        return tl.messageActionTopicEdit(
            title=action.title or None,
            icon_emoji_id=action.icon_emoji_id,
            closed=action.closed,
            hidden=action.hidden,
        )
    if kind == "historyClear":
        return tl.messageActionHistoryClear()
    raise ValueError(f"no view of the action {kind}")


def reply_view(message: Message) -> Any:
    """``messageReplyHeader``, or None when the message answers nothing that its owner has."""
    reply = message.extra.reply
    elsewhere = reply is not None and reply.date != 0
    extra = message.extra
    if not message.reply_to_id and not elsewhere and not extra.thread_id:
        return None
    top_id = extra.thread_id if extra.thread_id != message.reply_to_id else 0
    if reply is None:
        return tl.messageReplyHeader(
            forum_topic=extra.in_topic, reply_to_msg_id=message.reply_to_id or None, reply_to_top_id=top_id or None
        )
    return tl.messageReplyHeader(
        forum_topic=extra.in_topic,
        reply_to_top_id=top_id or None,
        reply_to_msg_id=message.reply_to_id or None,
        reply_from=forward_view(Forward(reply.date, reply.from_id, from_name=reply.from_name)) if elsewhere else None,
        quote=reply.quoted,
        quote_text=reply.quote_text or None,
        quote_entities=entity_views(reply.quote_entities),
        quote_offset=reply.quote_offset or None,
    )


def reply_markup_view(stored: bytes) -> Any:
    """The markup that a bot sent along, or None."""
    if not stored:
        return None
    try:
        return decode(stored)
    except TLError:
        return None


def _is_outgoing(message: Message) -> bool:
    """Whether the owner sent it to somebody else: in Saved Messages nothing is ``out``.

    TDLib logs an error otherwise, and Telethon sets the flag there by itself because servers do not.
    """
    return message.out and message.sender_id != message.peer


def media_view(message: Message, files: FileViews) -> Any:
    """``MessageMedia`` of a message, or None."""
    extra = message.extra
    media = extra.media
    if media is None:
        return files.preview(extra.preview, message.content_id)
    if media.poll is not None:
        return poll_media_view(media.poll, message.poll, is_theirs=has_asked(media.poll, message))
    if media.todo is not None:
        return todo_view(media.todo)
    return files.in_message(media, message.content_id)


def has_asked(poll: Poll, message: Message) -> bool:
    """Whether a poll is its viewer's own; in a channel, where one drawing is for many, only in what they sent."""
    return poll.creator_id in (message.owner_id, message.sender_id if message.out else 0)


def _replies_view(message: Message) -> Any:
    return replies_view(message.replies) if message.replies is not None else None


def replies_view(answers: MessageAnswers) -> Any:
    """``messageReplies``."""
    return tl.messageReplies(
        comments=answers.group_id != 0,
        replies=answers.total,
        replies_pts=0,
        channel_id=answers.group_id or None,
        max_id=answers.last_id or None,
    )


def message_view(message: Message, files: FileViews) -> Any:
    """``message`` or ``messageService`` as its owner sees it."""
    extra = message.extra
    if extra.action is not None:
        return tl.messageService(
            id=message.id,
            out=_is_outgoing(message),
            mentioned=message.mentioned,
            media_unread=message.mention_unread,
            silent=extra.silent,
            post=extra.post,
            from_id=None if extra.post else peer_view(message.from_peer),
            peer_id=peer_view(message.peer),
            reply_to=reply_view(message),
            date=message.date,
            action=action_view(extra.action, message.content_id, files),
        )
    saved_peer = message.saved_peer
    return tl.message(
        id=message.id,
        out=_is_outgoing(message),
        mentioned=message.mentioned,
        media_unread=message.mention_unread or message.media_unread,
        silent=extra.silent,
        pinned=message.pinned,
        noforwards=extra.noforwards,
        invert_media=extra.invert_media,
        post=extra.post,
        from_scheduled=extra.scheduled,
        ttl_period=extra.ttl_period or None,
        from_id=None if extra.post else peer_view(message.from_peer),
        peer_id=peer_view(message.peer),
        saved_peer_id=peer_view(saved_peer) if saved_peer else None,
        fwd_from=forward_view(extra.forward) if extra.forward is not None else None,
        reply_to=reply_view(message),
        date=message.date,
        message=message.text,
        media=media_view(message, files),
        via_bot_id=extra.via_bot_id or None,
        grouped_id=extra.grouped_id or None,
        reply_markup=reply_markup_view(extra.reply_markup),
        views=message.views or None,
        forwards=message.forwards if message.views else None,
        replies=_replies_view(message),
        post_author=extra.author or None,
        entities=entity_views(extra.entities),
        edit_date=message.edit_date or None,
        reactions=reactions_view(message) if message.reactions is not None else None,
    )


def draft_view(draft: Draft | None, date: int = 0) -> Any:
    """``draftMessage``, or ``draftMessageEmpty`` for None."""
    if draft is None:
        return tl.draftMessageEmpty(date=date or None)
    return tl.draftMessage(
        message=draft.text,
        date=draft.date,
        no_webpage=draft.no_webpage,
        invert_media=draft.invert_media,
        entities=entity_views(draft.entities),
        reply_to=tl.inputReplyToMessage(reply_to_msg_id=draft.reply_to_id) if draft.reply_to_id else None,
    )


def peers_in(messages: Iterable[Message]) -> set[int]:
    """Marked ids of everybody whom these messages name: what an answer must carry users and chats for."""
    peers: set[int] = set()
    for message in messages:
        peers.add(message.peer)
        peers.add(message.from_peer)
        extra = message.extra
        if extra.forward is not None:
            forward = extra.forward
            peers.update((forward.from_id, forward.saved_from_peer, forward.saved_sender_id))
        if extra.action is not None:
            peers.update(extra.action.user_ids)
            if extra.action.kind == "chatMigrateTo":
                peers.add(marked_channel(extra.action.chat_id))
            elif extra.action.kind == "channelMigrateFrom":
                peers.add(marked_chat(extra.action.chat_id))
        if extra.via_bot_id:
            peers.add(extra.via_bot_id)
        if extra.reply is not None:
            peers.add(extra.reply.from_id)
        if message.replies is not None and message.replies.group_id:
            peers.add(marked_channel(message.replies.group_id))
        if message.reactions is not None and names_reactors(message):
            peers.update(one.user_id for one in shown_reactors(message.reactions, is_author=message.out))
        media = extra.media
        if media is not None:
            if media.contact is not None:
                peers.add(media.contact.user_id)
            if media.poll is not None and message.poll is not None:
                peers.update(recent_voters(media.poll, message.poll))
            if media.todo is not None:
                peers.update(one.user_id for one in media.todo.done)
        for entity in extra.entities:
            peers.add(entity.user_id)
    peers.discard(0)
    return peers
