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

    async def do_ask_to_join(self, link):
        return type(await self.client.join_chat(link)).__name__ == "ChatJoinResultRequestSent"

    async def do_link_to_ask_by(self, peer):
        link = await self.client.create_chat_invite_link(self._chat(peer), creates_join_request=True)
        return link.invite_link

    async def do_who_asks(self, peer):
        return [one.user.id async for one in self.client.get_chat_join_requests(self._chat(peer))]

    async def do_let_in(self, peer, user, approved=True):
        act = self.client.approve_chat_join_request if approved else self.client.decline_chat_join_request
        await act(self._chat(peer), user)

    async def do_leave_channel(self, channel):
        await self.client.leave_chat(-MARK - channel)

    async def do_bring_in(self, channel, users):
        await self.client.add_chat_members(-MARK - channel, users)

    async def do_channel_members(self, channel):
        return sorted([member.user.id async for member in self.client.get_chat_members(-MARK - channel)])

    async def do_about_channel(self, channel):
        chat = await self.client.get_chat(-MARK - channel)
        return {"members": chat.members_count, "unread": None}
