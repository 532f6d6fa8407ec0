"""What Telethon does with channels and supergroups."""

from telethon import errors, events, functions, types


class Channels:
    """A part of the driver; a channel is ``["channel", bare id]`` as a peer."""

    def _listen_to_channels(self):
        kinds = (types.UpdateNewChannelMessage, types.UpdateChannelTooLong, types.UpdateReadChannelOutbox)
        kinds += (types.UpdatePendingJoinRequests,)
        self.client.add_event_handler(self._on_channel, events.Raw(kinds))

    async def _on_channel(self, update):
        name = type(update).__name__
        if name == "UpdateNewChannelMessage" and isinstance(update.message, types.MessageService):
            self.emit("service_message", **self._message(update.message))
        elif name == "UpdatePendingJoinRequests":
            self.emit("asked", count=update.requests_pending, users=update.recent_requesters)
        elif name == "UpdateReadChannelOutbox":
            self.emit("read", max_id=update.max_id, outbox=True)

    async def do_found_channel(self, title, broadcast=False, about="", forum=False):
        request = functions.channels.CreateChannelRequest(
            title, about, broadcast=broadcast, megagroup=not broadcast, **({"forum": True} if forum else {})
        )
        return (await self.client(request)).chats[0].id

    async def do_name_channel(self, channel, username):
        await self.client(functions.channels.UpdateUsernameRequest(types.PeerChannel(channel), username))

    async def do_join_channel(self, username):
        entity = await self.client.get_entity(username)
        await self.client(functions.channels.JoinChannelRequest(entity))
        return entity.id

    async def do_link_to_ask_by(self, peer):
        request = functions.messages.ExportChatInviteRequest(await self._peer(peer), request_needed=True)
        return (await self.client(request)).link

    async def do_ask_to_join(self, link):
        """The error that says that one has asked."""
        try:
            await self.client(functions.messages.ImportChatInviteRequest(link.rpartition("+")[2]))
        except errors.InviteRequestSentError:
            return True
        return False

    async def do_who_asks(self, peer):
        request = functions.messages.GetChatInviteImportersRequest(
            await self._peer(peer), None, types.InputUserEmpty(), 100, requested=True
        )
        return [one.user_id for one in (await self.client(request)).importers]

    async def do_let_in(self, peer, user, approved=True):
        await self.client(
            functions.messages.HideChatJoinRequestRequest(await self._peer(peer), user, approved=approved)
        )

    async def do_leave_channel(self, channel):
        await self.client(functions.channels.LeaveChannelRequest(types.PeerChannel(channel)))

    async def do_bring_in(self, channel, users):
        await self.client(functions.channels.InviteToChannelRequest(types.PeerChannel(channel), users))

    async def do_link_discussion(self, channel, group):
        await self.client(
            functions.channels.SetDiscussionGroupRequest(types.PeerChannel(channel), types.PeerChannel(group))
        )

    async def do_channel_members(self, channel):
        return sorted([user.id async for user in self.client.iter_participants(types.PeerChannel(channel))])

    async def do_about_channel(self, channel):
        full = await self.client(functions.channels.GetFullChannelRequest(types.PeerChannel(channel)))
        return {"members": full.full_chat.participants_count, "unread": full.full_chat.unread_count}

    async def do_search_posts(self, hashtag):
        request = functions.channels.SearchPostsRequest(0, types.InputPeerEmpty(), 0, 20, hashtag=hashtag)
        return [message.message for message in (await self.client(request)).messages]

    async def do_broadcast_numbers(self, channel):
        """What administrators are told in numbers; the second graph is asked for apart."""
        stats = await self.client.get_stats(types.PeerChannel(channel))
        later = await self.client(functions.stats.LoadAsyncGraphRequest(stats.interactions_graph.token))
        return {
            "members": stats.followers.current,
            "posts": [post.msg_id for post in stats.recent_posts_interactions],
            "growth": stats.growth_graph.json.data,
            "interactions": later.json.data,
        }

    async def do_author(self, channel, id):
        request = functions.channels.GetMessageAuthorRequest(types.PeerChannel(channel), id)
        return (await self.client(request)).id
