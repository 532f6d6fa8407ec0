"""What Telethon does with channels and supergroups."""

from telethon import events, functions, types


class Channels:
    """A part of the driver; a channel is ``["channel", bare id]`` as a peer."""

    def _listen_to_channels(self):
        kinds = (types.UpdateNewChannelMessage, types.UpdateChannelTooLong, types.UpdateReadChannelOutbox)
        self.client.add_event_handler(self._on_channel, events.Raw(kinds))

    async def _on_channel(self, update):
        name = type(update).__name__
        if name == "UpdateNewChannelMessage" and isinstance(update.message, types.MessageService):
            self.emit("service_message", **self._message(update.message))
        elif name == "UpdateReadChannelOutbox":
            self.emit("read", max_id=update.max_id, outbox=True)

    async def do_found_channel(self, title, broadcast=False, about=""):
        request = functions.channels.CreateChannelRequest(title, about, broadcast=broadcast, megagroup=not broadcast)
        return (await self.client(request)).chats[0].id

    async def do_name_channel(self, channel, username):
        await self.client(functions.channels.UpdateUsernameRequest(types.PeerChannel(channel), username))

    async def do_join_channel(self, username):
        entity = await self.client.get_entity(username)
        await self.client(functions.channels.JoinChannelRequest(entity))
        return entity.id

    async def do_leave_channel(self, channel):
        await self.client(functions.channels.LeaveChannelRequest(types.PeerChannel(channel)))

    async def do_bring_in(self, channel, users):
        await self.client(functions.channels.InviteToChannelRequest(types.PeerChannel(channel), users))

    async def do_channel_members(self, channel):
        return sorted([user.id async for user in self.client.iter_participants(types.PeerChannel(channel))])

    async def do_about_channel(self, channel):
        full = await self.client(functions.channels.GetFullChannelRequest(types.PeerChannel(channel)))
        return {"members": full.full_chat.participants_count, "unread": full.full_chat.unread_count}
