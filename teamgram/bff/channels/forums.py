"""RPCForums and RPCMessageThreads: topics of forums, and what answers a message."""

from typing import Any

from teamgram.bff.channels.members import channel_changed
from teamgram.bff.errors import bad_request
from teamgram.bff.messages.history import page_from
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import message_view, peer_view, peers_in
from teamgram.bff.views.notifications import notify_settings_view
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.channels.channel import Flag, Seat
from teamgram.domain.channels.general_topic import GENERAL
from teamgram.domain.forums.looking import SeenTopic, TopicsPage
from teamgram.domain.forums.topics import NewTopic, TopicChange
from teamgram.domain.ids.peer import Peer
from teamgram.domain.users.notifications import UNCHANGED
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class ForumsService(RpcService):
    """Topics. Up to layer 221 their methods are those of channels, then those of any peer."""

    name = "RPCForums"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def _seat(self, caller: RpcMetadata, query: Any) -> Seat:
        return await self._shared.seat(caller, query.peer if hasattr(query, "peer") else query.channel)

    @rpc("channels.toggleForum")
    async def toggle_forum(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.toggleForum#3ff75734 channel:InputChannel enabled:Bool tabs:Bool = Updates"""
        shared, seat = self._shared, await self._seat(caller, query)
        await shared.domain.topics.set_forum(shared.actor(caller), seat.channel.id, query.enabled, bool(query.tabs))
        return await channel_changed(shared, caller, seat)

    @rpc("channels.createForumTopic")
    @rpc("messages.createForumTopic")
    async def create_topic(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.createForumTopic#2f98c3d5 flags:# title_missing:flags.4?true peer:InputPeer ... = Updates"""
        shared, seat = self._shared, await self._seat(caller, query)
        if not query.random_id:
            raise bad_request("RANDOM_ID_EMPTY")
        new = NewTopic(query.title, query.icon_color or 0, query.icon_emoji_id or 0)
        change = await shared.domain.topics.create(shared.actor(caller), seat.channel.id, new, query.random_id)
        (first,) = change.messages
        return await shared.updates.answer(change, [(query.random_id, first)])

    @rpc("channels.editForumTopic")
    @rpc("messages.editForumTopic")
    async def edit_topic(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.editForumTopic#cecc1134 flags:# peer:InputPeer topic_id:int title:flags.0?string ... = Updates"""
        shared, seat = self._shared, await self._seat(caller, query)
        wanted = TopicChange(query.title, query.icon_emoji_id, query.closed, query.hidden)
        change = await shared.domain.topics.edit(shared.actor(caller), seat.channel.id, query.topic_id, wanted)
        return await shared.updates.answer(change, [])

    @rpc("channels.updatePinnedForumTopic")
    @rpc("messages.updatePinnedForumTopic")
    async def pin_topic(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.updatePinnedForumTopic#175df251 peer:InputPeer topic_id:int pinned:Bool = Updates"""
        shared, seat = self._shared, await self._seat(caller, query)
        await shared.domain.topics.pin(shared.actor(caller), seat.channel.id, query.topic_id, query.pinned)
        update = tl.updatePinnedForumTopic(
            pinned=query.pinned, peer=peer_view(seat.channel.marked), topic_id=query.topic_id
        )
        return await self._told(caller, seat, update)

    @rpc("channels.reorderPinnedForumTopics")
    @rpc("messages.reorderPinnedForumTopics")
    async def reorder_topics(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.reorderPinnedForumTopics#e7841f0 flags:# force:flags.0?true peer:InputPeer ... = Updates"""
        shared, seat = self._shared, await self._seat(caller, query)
        actor = shared.actor(caller)
        await shared.domain.topics.reorder_pinned(actor, seat.channel.id, query.order, force=query.force)
        update = tl.updatePinnedForumTopics(peer=peer_view(seat.channel.marked), order=query.order)
        return await self._told(caller, seat, update)

    async def _told(self, caller: RpcMetadata, seat: Seat, update: Any) -> Any:
        answer = await channel_changed(self._shared, caller, seat)
        answer.updates = [update]
        return answer

    @rpc("channels.deleteTopicHistory")
    @rpc("messages.deleteTopicHistory")
    async def delete_topic(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.deleteTopicHistory#d2816f10 peer:InputPeer top_msg_id:int = messages.AffectedHistory"""
        shared, seat = self._shared, await self._seat(caller, query)
        change, is_all = await shared.domain.topics.delete(shared.actor(caller), seat.channel.id, query.top_msg_id)
        return _affected(change, is_all)

    @rpc("channels.getForumTopics")
    @rpc("messages.getForumTopics")
    async def get_topics(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getForumTopics#3ba47bff flags:# peer:InputPeer q:flags.0?string ... = messages.ForumTopics"""
        shared, seat = self._shared, await self._seat(caller, query)
        page = await shared.domain.topics_seen.page(
            caller.user_id,
            shared.now(),
            seat.channel.id,
            (query.q or "")[:128],
            (max(0, query.offset_id), max(0, query.offset_topic)),
            query.limit,
        )
        return await self._page(caller, seat, page)

    @rpc("channels.getForumTopicsByID")
    @rpc("messages.getForumTopicsByID")
    async def get_topics_by_id(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getForumTopicsByID#af0a4a08 peer:InputPeer topics:Vector<int> = messages.ForumTopics"""
        shared, seat = self._shared, await self._seat(caller, query)
        page = await shared.domain.topics_seen.get(caller.user_id, shared.now(), seat.channel.id, query.topics)
        found = {seen.topic.id for seen in page.topics}
        answer = await self._page(caller, seat, page)
        answer.topics += [tl.forumTopicDeleted(id=id_) for id_ in dict.fromkeys(query.topics[:100]) if id_ not in found]
        return answer

    async def _page(self, caller: RpcMetadata, seat: Seat, page: TopicsPage) -> Any:
        shared, marked = self._shared, seat.channel.marked
        peers = {marked, *peers_in(page.messages), *(seen.topic.creator_id for seen in page.topics)}
        users, chats = await shared.peers(caller.user_id, peers)
        return tl.messages.forumTopics(
            count=page.count,
            topics=[_topic_view(seen, seat) for seen in page.topics],
            messages=[message_view(message, shared.updates.files) for message in page.messages],
            chats=chats,
            users=users,
            pts=page.pts,
        )


def _topic_view(seen: SeenTopic, seat: Seat) -> Any:
    topic = seen.topic
    return tl.forumTopic(
        my=topic.creator_id == seat.user_id,
        closed=topic.closed,
        pinned=topic.pinned_order > 0,
        hidden=topic.hidden,
        id=topic.id,
        date=topic.created_at,
        peer=peer_view(seat.channel.marked),
        title=topic.title,
        icon_color=topic.icon_color,
        icon_emoji_id=topic.icon_emoji_id or None,
        top_message=topic.top_message_id,
        read_inbox_max_id=seen.read_inbox_max_id,
        read_outbox_max_id=seen.read_outbox_max_id,
        unread_count=seen.unread,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        from_id=peer_view(topic.creator_id),
        notify_settings=notify_settings_view(UNCHANGED),
    )


def _affected(change: OwnChange, is_all: bool) -> Any:
    return tl.messages.affectedHistory(pts=change.pts, pts_count=change.pts_count, offset=0 if is_all else 1)


class ThreadsService(RpcService):
    """What answers a message, or was written in a topic."""

    name = "RPCMessageThreads"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def _discussion(self, caller: RpcMetadata, query: Any) -> tuple[Seat, int]:
        """Where the message that is meant is answered, and by which id; a post is meant by its copy in the group.

        Raises:
            ChannelNotFound, ChannelPrivate, MessageIdInvalid.
        """
        shared = self._shared
        seat = await shared.seat(caller, query.peer)
        group_id, message_id = await shared.domain.topics_seen.discussion(
            caller.user_id, shared.now(), seat.channel.id, query.msg_id
        )
        return await shared.seat_at(caller, Peer.channel(group_id)), message_id

    @rpc("messages.getReplies")
    async def get_replies(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getReplies#22ddd30c peer:InputPeer msg_id:int offset_id:int ... = messages.Messages"""
        shared = self._shared
        group, message_id = await self._discussion(caller, query)
        what: dict[str, Any] = {"thread_id": message_id}
        if group.channel.has(Flag.FORUM) and message_id == GENERAL:
            what = {"general": True}
        search = await shared.search_in(caller, Peer.channel(group.channel.id), **what)
        found = await shared.domain.messages.page(search, page_from(query))
        return await shared.page_answer(caller.user_id, found)

    @rpc("messages.getDiscussionMessage")
    async def get_discussion_message(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getDiscussionMessage#446972fd peer:InputPeer msg_id:int = messages.DiscussionMessage"""
        shared = self._shared
        seat, message_id = await self._discussion(caller, query)
        seen = await shared.domain.topics_seen.thread(caller.user_id, shared.now(), seat.channel.id, message_id)
        users, chats = await shared.peers(caller.user_id, {seat.channel.marked, *peers_in([seen.message])})
        replies = seen.message.replies
        return tl.messages.discussionMessage(
            messages=[message_view(seen.message, shared.updates.files)],
            max_id=replies[1] if replies is not None else None,
            read_inbox_max_id=seen.read_inbox_max_id,
            read_outbox_max_id=seen.read_outbox_max_id,
            unread_count=seen.unread,
            chats=chats,
            users=users,
        )

    @rpc("messages.readDiscussion")
    async def read_discussion(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.readDiscussion#f731a9f4 peer:InputPeer msg_id:int read_max_id:int = Bool"""
        shared = self._shared
        seat, message_id = await self._discussion(caller, query)
        await shared.domain.topics_seen.read(
            caller.user_id, shared.now(), seat.channel.id, message_id, query.read_max_id, caller.perm_auth_key_id
        )
        return True
