"""What Pyrogram and kurigram do with channels and supergroups."""

MARK = 10**12


class Channels:
    """A part of the driver; a channel is ``["channel", bare id]`` as a peer."""

    def _on_channel(self, name, update):
        if name == "UpdateReadChannelOutbox":
            self.emit("read", max_id=update.max_id, outbox=True)

    async def do_found_channel(self, title, broadcast=False, about=""):
        found = self.client.create_channel if broadcast else self.client.create_supergroup
        return -(await found(title, about)).id - MARK

    async def do_name_channel(self, channel, username):
        await self.client.set_chat_username(-MARK - channel, username)

    async def do_join_channel(self, username):
        # What joining answers differs from version to version.
        await self.client.join_chat(username)
        return -(await self.client.get_chat(username)).id - MARK

    async def do_leave_channel(self, channel):
        await self.client.leave_chat(-MARK - channel)

    async def do_bring_in(self, channel, users):
        await self.client.add_chat_members(-MARK - channel, users)

    async def do_channel_members(self, channel):
        return sorted([member.user.id async for member in self.client.get_chat_members(-MARK - channel)])

    async def do_about_channel(self, channel):
        chat = await self.client.get_chat(-MARK - channel)
        return {"members": chat.members_count, "unread": None}
