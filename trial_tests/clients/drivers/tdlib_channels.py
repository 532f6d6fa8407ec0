"""What TDLib does with channels and supergroups."""

MARK = 10**12


class Channels:
    """A part of the driver; a channel is ``["channel", bare id]`` as a peer."""

    async def do_found_channel(self, title, broadcast=False, about=""):
        chat = await self._ask(
            "createNewSupergroupChat", title=title, is_channel=broadcast, description=about, is_forum=False
        )
        return chat["type"]["supergroup_id"]

    async def do_name_channel(self, channel, username):
        await self._ask("setSupergroupUsername", supergroup_id=channel, username=username)

    async def do_join_channel(self, username):
        chat = await self._ask("searchPublicChat", username=username)
        await self._ask("joinChat", chat_id=chat["id"])
        return chat["type"]["supergroup_id"]

    async def do_leave_channel(self, channel):
        await self._ask("leaveChat", chat_id=-MARK - channel)

    async def do_bring_in(self, channel, users):
        await self._ask("addChatMembers", chat_id=-MARK - channel, user_ids=users)

    async def do_channel_members(self, channel):
        recent = {"@type": "supergroupMembersFilterRecent"}
        found = await self._ask("getSupergroupMembers", supergroup_id=channel, filter=recent, offset=0, limit=200)
        return sorted(member["member_id"]["user_id"] for member in found["members"])

    async def do_about_channel(self, channel):
        full = await self._ask("getSupergroupFullInfo", supergroup_id=channel)
        chat = await self._ask("getChat", chat_id=-MARK - channel)
        return {"members": full["member_count"], "unread": chat["unread_count"]}
