"""Administrators, bans, lists of members, settings and the log of what was done, in channels and supergroups."""

from typing import Any

from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import START, Device, House
from trial_tests.bff.test_messages import TalkTestCase, error_of

NO_RIGHTS = tl.chatAdminRights()
NO_BANS = tl.chatBannedRights(until_date=0)
OUT = tl.chatBannedRights(until_date=0, view_messages=True)


class ChannelTestCase(TalkTestCase):
    """A supergroup of Anna's (or her channel); Boris and Clara are not in it."""

    async def supergroup(self, **fields: Any) -> tuple[House, Device, Device, Device, Any]:
        house, anna, boris, clara = await self.house()
        create = tl.channels.createChannel(**{"title": "The club", "about": "", "megagroup": True, **fields})
        chat = next(chat for chat in (await anna.call(create)).chats)
        return house, anna, boris, clara, tl.inputChannel(channel_id=chat.id, access_hash=chat.access_hash)

    async def admin(self, by: Device, channel: Any, who: Device, rank: str = "", **rights: bool) -> Any:
        admin_rights = tl.chatAdminRights(**rights)
        query = tl.channels.editAdmin(channel=channel, user_id=by.input_user(who), admin_rights=admin_rights, rank=rank)
        return await by.call(query)

    async def ban(self, by: Device, channel: Any, who: Device, bans: Any) -> Any:
        return await by.call(tl.channels.editBanned(channel=channel, participant=by.peer(who), banned_rights=bans))

    async def bring(self, by: Device, channel: Any, *members: Device) -> None:
        """By making them administrators for a moment."""
        for member in members:
            await self.admin(by, channel, member, other=True)
            await self.admin(by, channel, member)

    async def part(self, by: Device, channel: Any, who: Device) -> Any:
        query = tl.channels.getParticipant(channel=channel, participant=by.peer(who))
        return (await by.call(query)).participant

    async def listed(self, by: Device, channel: Any, filter_: Any, limit: int = 100) -> Any:
        return await by.call(
            tl.channels.getParticipants(channel=channel, filter=filter_, offset=0, limit=limit, hash=0)
        )

    def full(self, by: Device, channel: Any) -> Any:
        return by.call(tl.channels.getFullChannel(channel=channel))


@on_every_backend
class AdminTests(ChannelTestCase):
    """channels.editAdmin."""

    async def test_appointed_and_dismissed(self) -> None:
        """An administrator has the rights that were given, is told, and is a member again afterwards."""
        _, anna, boris, _, channel = await self.supergroup()
        answer = await self.admin(anna, channel, boris, "chef", ban_users=True, post_messages=True)
        self.assertEqual([update.NAME for update in answer.updates], ["updateChannel"])
        self.assertEqual([update.NAME for update in await boris.take()], ["updateChannel"])
        part = await self.part(anna, channel, boris)
        self.assertEqual((part.NAME, part.rank, part.can_edit), ("channelParticipantAdmin", "chef", True))
        # Posting is a right of channels only; "other" comes with any.
        expected = tl.chatAdminRights(ban_users=True, other=True)
        self.assertEqual(part.admin_rights, expected)
        (seen,) = (await boris.call(tl.channels.getChannels(id=[channel]))).chats
        self.assertEqual((seen.admin_rights, seen.left, seen.participants_count), (expected, False, 2))
        await self.admin(anna, channel, boris)
        self.assertEqual((await self.part(anna, channel, boris)).NAME, "channelParticipant")
        self.assertEqual((await self.part(boris, channel, boris)).NAME, "channelParticipantSelf")

    async def test_who_may_appoint(self) -> None:
        """Administrators give what they have, and change only whom they appointed themselves."""
        house, anna, boris, clara, channel = await self.supergroup()
        dora = await house.sign_up("Dora")
        await self.admin(anna, channel, boris, add_admins=True, invite_users=True, ban_users=True)
        await self.admin(anna, channel, clara, add_admins=True, invite_users=True, ban_users=True)
        self.assertEqual(await error_of(self.admin(boris, channel, dora, delete_messages=True)), "CHAT_ADMIN_REQUIRED")
        await self.admin(boris, channel, dora, ban_users=True)
        self.assertEqual(await error_of(self.admin(clara, channel, dora)), "CHAT_ADMIN_REQUIRED")
        self.assertEqual(await error_of(self.ban(clara, channel, dora, OUT)), "USER_ADMIN_INVALID")
        self.assertEqual(await error_of(self.ban(dora, channel, boris, OUT)), "USER_ADMIN_INVALID")
        self.assertEqual(await error_of(self.admin(dora, channel, dora, ban_users=True)), "CHAT_ADMIN_REQUIRED")
        self.assertEqual(await error_of(self.admin(boris, channel, anna)), "PARTICIPANT_ID_INVALID")
        self.assertFalse((await self.part(clara, channel, dora)).can_edit)
        await self.ban(boris, channel, dora, OUT)
        self.assertEqual((await self.part(boris, channel, dora)).NAME, "channelParticipantBanned")

    async def test_titles(self) -> None:
        """A title is short and has no emoji."""
        _, anna, boris, _, channel = await self.supergroup()
        self.assertEqual(await error_of(self.admin(anna, channel, boris, "x" * 17, other=True)), "ADMIN_RANK_INVALID")
        self.assertEqual(
            await error_of(self.admin(anna, channel, boris, "\U0001f600", other=True)), "ADMIN_RANK_EMOJI_NOT_ALLOWED"
        )
        await self.admin(anna, channel, anna, "boss", anonymous=True)
        part = await self.part(anna, channel, anna)
        self.assertEqual(
            (part.NAME, part.rank, part.admin_rights.anonymous), ("channelParticipantCreator", "boss", True)
        )


@on_every_backend
class SpeakingTests(ChannelTestCase):
    """In whose name somebody writes."""

    async def test_send_as(self) -> None:
        """There is one name for each, and no other is taken: nobody is shown who believes that they are not."""
        _, anna, boris, _, channel = await self.supergroup()
        await self.bring(anna, channel, boris)
        peer = tl.inputPeerChannel(channel_id=channel.channel_id, access_hash=channel.access_hash)
        names = [(await device.call(tl.channels.getSendAs(peer=peer))).peers for device in (anna, boris)]
        self.assertEqual([[one.peer.user_id for one in some] for some in names], [[anna.user.id], [boris.user.id]])
        self.assertEqual(await error_of(anna.send(peer, "hidden", send_as=peer)), "SEND_AS_PEER_INVALID")
        await anna.send(peer, "I", send_as=tl.inputPeerSelf())
        await self.admin(anna, channel, anna, anonymous=True)
        (only,) = (await anna.call(tl.channels.getSendAs(peer=peer))).peers
        self.assertEqual(only.peer.channel_id, channel.channel_id)
        self.assertTrue(await anna.call(tl.messages.saveDefaultSendAs(peer=peer, send_as=peer)))
        await anna.send(peer, "hidden", send_as=peer)
        self.assertEqual(await error_of(anna.send(peer, "I", send_as=tl.inputPeerSelf())), "SEND_AS_PEER_INVALID")
        newest = (await boris.history(peer)).messages[0]
        self.assertEqual((newest.message, newest.from_id.channel_id), ("hidden", channel.channel_id))


@on_every_backend
class BanTests(ChannelTestCase):
    """channels.editBanned and messages.editChatDefaultBannedRights."""

    async def test_put_out_and_let_in(self) -> None:
        """Who is put out sees nothing of it any more, and is on a list that administrators see."""
        _, anna, boris, clara, channel = await self.supergroup()
        await self.bring(anna, channel, boris, clara)
        await boris.take()
        answer = await self.ban(anna, channel, boris, OUT)
        (update,) = [update for update in answer.updates if update.NAME == "updateNewChannelMessage"]
        self.assertEqual(update.message.action, tl.messageActionChatDeleteUser(user_id=boris.user.id))
        updates = await boris.take()
        self.assertEqual(updates[-1].NAME, "updateChannel")
        (seen,) = (await boris.call(tl.channels.getChannels(id=[channel]))).chats
        self.assertEqual(seen.NAME, "channelForbidden")
        self.assertEqual(await error_of(self.full(boris, channel)), "CHANNEL_PRIVATE")
        put_out = await self.listed(anna, channel, tl.channelParticipantsKicked(q=""))
        (part,) = put_out.participants
        self.assertEqual(
            (put_out.count, part.peer.user_id, part.left, part.kicked_by), (1, boris.user.id, True, anna.user.id)
        )
        self.assertEqual(
            await error_of(self.listed(clara, channel, tl.channelParticipantsKicked(q=""))), "CHAT_ADMIN_REQUIRED"
        )
        self.assertEqual(await error_of(self.part(clara, channel, boris)), "USER_NOT_PARTICIPANT")
        self.assertEqual((await self.full(anna, channel)).full_chat.participants_count, 2)
        await self.ban(anna, channel, boris, NO_BANS)
        self.assertEqual((await self.listed(anna, channel, tl.channelParticipantsKicked(q=""))).participants, [])

    async def test_who_may_ban(self) -> None:
        """Administrators with that right; nobody bans themselves, or the owner."""
        _, anna, boris, clara, channel = await self.supergroup()
        await self.bring(anna, channel, clara)
        await self.admin(anna, channel, boris, invite_users=True)
        for device in (boris, clara):
            self.assertEqual(await error_of(self.ban(device, channel, clara, OUT)), "CHAT_ADMIN_REQUIRED")
        await self.admin(anna, channel, boris, ban_users=True)
        for who in (anna, boris):
            self.assertEqual(await error_of(self.ban(boris, channel, who, OUT)), "PARTICIPANT_ID_INVALID")
        await self.ban(boris, channel, clara, OUT)

    async def test_by_the_number_alone(self) -> None:
        """A channel's number addresses it for nobody, its members among them."""
        _, anna, _, _, channel = await self.supergroup()
        channel.access_hash += 1
        self.assertEqual(await error_of(self.full(anna, channel)), "CHANNEL_INVALID")

    async def test_restricted_for_a_while(self) -> None:
        """A restriction ends by itself; one that would end at once, or in years, has no end."""
        house, anna, boris, _, channel = await self.supergroup()
        await self.bring(anna, channel, boris)
        bans = tl.chatBannedRights(until_date=START + 3600, send_messages=True)
        await self.ban(anna, channel, boris, bans)
        (seen,) = (await boris.call(tl.channels.getChannels(id=[channel]))).chats
        self.assertEqual((seen.banned_rights.send_messages, seen.banned_rights.until_date), (True, START + 3600))
        (part,) = (await self.listed(anna, channel, tl.channelParticipantsBanned(q=""))).participants
        self.assertEqual((part.NAME, part.left), ("channelParticipantBanned", False))
        house.clock.advance(3601)
        (seen,) = (await boris.call(tl.channels.getChannels(id=[channel]))).chats
        self.assertIsNone(seen.banned_rights)
        await self.ban(anna, channel, boris, tl.chatBannedRights(until_date=5, send_media=True))
        (seen,) = (await boris.call(tl.channels.getChannels(id=[channel]))).chats
        self.assertEqual(seen.banned_rights.until_date, 0x7FFFFFFF)

    async def test_everybody(self) -> None:
        """What nobody may do is told to all; nobody is blinded."""
        _, anna, boris, _, channel = await self.supergroup()
        await self.bring(anna, channel, boris)
        await boris.take()
        peer = tl.inputPeerChannel(channel_id=channel.channel_id, access_hash=channel.access_hash)
        query = tl.messages.editChatDefaultBannedRights(
            peer=peer, banned_rights=tl.chatBannedRights(until_date=0, send_polls=True)
        )
        await anna.call(query)
        (update,) = await boris.take()
        self.assertEqual(
            (update.NAME, update.default_banned_rights.send_polls), ("updateChatDefaultBannedRights", True)
        )
        self.assertEqual(await error_of(anna.call(query)), "CHAT_NOT_MODIFIED")
        self.assertEqual(await error_of(boris.call(query)), "CHAT_ADMIN_REQUIRED")
        query.banned_rights.view_messages = True
        self.assertEqual(await error_of(anna.call(query)), "BANNED_RIGHTS_INVALID")


@on_every_backend
class ListTests(ChannelTestCase):
    """channels.getParticipants."""

    async def test_lists(self) -> None:
        """Recent ones, administrators, those of a name; a channel's are its administrators' to see."""
        house, anna, boris, clara, channel = await self.supergroup()
        bot = await house.sign_up("Robot", is_bot=True)
        await self.bring(anna, channel, boris, clara)
        await self.admin(anna, channel, bot, other=True)

        async def names(by: Device, filter_: Any) -> list[str]:
            found = await self.listed(by, channel, filter_)
            known = {user.id: user.first_name for user in found.users}
            return sorted(known[part.user_id] for part in found.participants)

        self.assertEqual(await names(boris, tl.channelParticipantsRecent()), ["Anna", "Boris", "Clara", "Robot"])
        self.assertEqual(await names(boris, tl.channelParticipantsAdmins()), ["Anna", "Robot"])
        self.assertEqual(await names(boris, tl.channelParticipantsBots()), ["Robot"])
        self.assertEqual(await names(boris, tl.channelParticipantsSearch(q="bOR")), ["Boris"])
        self.assertEqual(await names(boris, tl.channelParticipantsContacts(q="")), [])
        page = await self.listed(boris, channel, tl.channelParticipantsRecent(), limit=2)
        self.assertEqual((page.count, len(page.participants)), (4, 2))
        await anna.call(tl.channels.toggleParticipantsHidden(channel=channel, enabled=True))
        self.assertEqual(
            await error_of(self.listed(boris, channel, tl.channelParticipantsRecent())), "CHAT_ADMIN_REQUIRED"
        )
        self.assertEqual(len((await self.listed(anna, channel, tl.channelParticipantsRecent())).participants), 4)

    async def test_of_a_channel(self) -> None:
        """Subscribers see neither each other nor who administers."""
        _, anna, boris, clara, channel = await self.supergroup(megagroup=False, broadcast=True)
        await self.bring(anna, channel, boris, clara)
        for filter_ in (tl.channelParticipantsRecent(), tl.channelParticipantsAdmins()):
            self.assertEqual(await error_of(self.listed(boris, channel, filter_)), "CHAT_ADMIN_REQUIRED")
        self.assertEqual(await error_of(self.part(boris, channel, clara)), "CHAT_ADMIN_REQUIRED")
        self.assertEqual((await self.part(boris, channel, boris)).NAME, "channelParticipantSelf")


@on_every_backend
class SettingsTests(ChannelTestCase):
    """What a channel is set to."""

    async def test_switches(self) -> None:
        """Each is switched by who may, seen by all, and refused where it makes no sense."""
        _, anna, boris, _, channel = await self.supergroup()
        await self.bring(anna, channel, boris)
        await boris.take()
        toggle = tl.channels.toggleJoinToSend
        (chat,) = (await anna.call(toggle(channel=channel, enabled=True))).chats
        self.assertTrue(chat.join_to_send)
        self.assertEqual(await error_of(anna.call(toggle(channel=channel, enabled=True))), "CHAT_NOT_MODIFIED")
        self.assertEqual(await error_of(boris.call(toggle(channel=channel, enabled=False))), "CHAT_ADMIN_REQUIRED")
        self.assertEqual({update.NAME for update in await boris.take()}, {"updateChannel"})
        await anna.call(tl.channels.togglePreHistoryHidden(channel=channel, enabled=True))
        await anna.call(tl.channels.toggleSlowMode(channel=channel, seconds=30))
        full = (await self.full(boris, channel)).full_chat
        self.assertEqual((full.hidden_prehistory, full.slowmode_seconds), (True, 30))
        self.assertEqual(
            await error_of(anna.call(tl.channels.toggleSlowMode(channel=channel, seconds=31))), "SECONDS_INVALID"
        )
        self.assertEqual(
            await error_of(anna.call(tl.channels.toggleSignatures(channel=channel, signatures_enabled=True))),
            "BROADCAST_ID_INVALID",
        )
        peer = tl.inputPeerChannel(channel_id=channel.channel_id, access_hash=channel.access_hash)
        (chat,) = (await anna.call(tl.messages.toggleNoForwards(peer=peer, enabled=True))).chats
        self.assertTrue(chat.noforwards)

    async def test_slow_mode(self) -> None:
        """Members wait between two messages, whatever way they send them; administrators do not."""
        house, anna, boris, _, channel = await self.supergroup()
        await self.bring(anna, channel, boris)
        await anna.call(tl.channels.toggleSlowMode(channel=channel, seconds=30))
        peer = tl.inputPeerChannel(channel_id=channel.channel_id, access_hash=channel.access_hash)
        for _ in range(2):
            # A repeated send has its first result.
            await boris.send(peer, "one", random_id=5)
        with self.assertRaises(RpcError) as caught:
            await boris.send(peer, "two")
        self.assertEqual((caught.exception.code, str(caught.exception.message)), (420, "SLOWMODE_WAIT_30"))
        full = (await self.full(boris, channel)).full_chat
        self.assertEqual(full.slowmode_next_send_date, START + 30)
        sent = [(await anna.send(peer, text)).updates for text in ("one", "two")]
        ids = [next(update.id for update in updates if update.NAME == "updateMessageID") for updates in sent]
        forward = tl.messages.forwardMessages(from_peer=peer, id=ids, random_id=[8, 9], to_peer=peer)
        self.assertEqual(await error_of(boris.call(forward)), "SLOWMODE_MULTI_MSGS_DISABLED")
        house.clock.advance(30)
        await boris.send(peer, "two")

    async def test_discussion(self) -> None:
        """A channel and a supergroup belong together until one goes with another."""
        _, anna, boris, _, group = await self.supergroup()
        made = await anna.call(tl.channels.createChannel(title="News", about="", broadcast=True))
        chat = made.chats[0]
        news = tl.inputChannel(channel_id=chat.id, access_hash=chat.access_hash)
        (found,) = (await anna.call(tl.channels.getGroupsForDiscussion())).chats
        self.assertEqual(found.id, group.channel_id)
        link = tl.channels.setDiscussionGroup(broadcast=news, group=group)
        self.assertTrue(await anna.call(link))
        self.assertEqual(await error_of(anna.call(link)), "CHAT_NOT_MODIFIED")
        for one, other in ((news, group), (group, news)):
            full = await self.full(anna, one)
            self.assertEqual(full.full_chat.linked_chat_id, other.channel_id)
            self.assertIn(other.channel_id, [chat.id for chat in full.chats])
        self.assertEqual(
            await error_of(anna.call(tl.channels.togglePreHistoryHidden(channel=group, enabled=True))),
            "MEGAGROUP_PREHISTORY_HIDDEN",
        )
        await self.bring(anna, group, boris)
        end = tl.channels.setDiscussionGroup(broadcast=tl.inputChannelEmpty(), group=group)
        self.assertEqual(await error_of(boris.call(end)), "CHAT_ADMIN_REQUIRED")
        await anna.call(end)
        self.assertIsNone((await self.full(anna, news)).full_chat.linked_chat_id)


@on_every_backend
class AdminLogTests(ChannelTestCase):
    """channels.getAdminLog."""

    async def log(self, by: Device, channel: Any, **fields: Any) -> list[Any]:
        fields = {"q": "", "max_id": 0, "min_id": 0, "limit": 100, **fields}
        return list((await by.call(tl.channels.getAdminLog(channel=channel, **fields))).events)

    async def test_what_was_done(self) -> None:
        """Administrators see what was done for two days, the newest first; they filter and search it."""
        house, anna, boris, clara, channel = await self.supergroup()
        await self.bring(anna, channel, boris)
        await self.admin(anna, channel, clara, ban_users=True)
        await anna.call(tl.channels.toggleSlowMode(channel=channel, seconds=10))
        await self.ban(clara, channel, boris, OUT)
        self.assertEqual(
            [event.action.NAME.removeprefix("channelAdminLogEventAction") for event in await self.log(anna, channel)],
            ["ParticipantToggleBan", "ToggleSlowMode", *["ParticipantToggleAdmin"] * 3],
        )
        (kicked,) = await self.log(anna, channel, events_filter=tl.channelAdminLogEventsFilter(kick=True))
        self.assertEqual(
            (kicked.user_id, kicked.action.new_participant.NAME, kicked.action.new_participant.peer.user_id),
            (clara.user.id, "channelParticipantBanned", boris.user.id),
        )
        self.assertEqual(await self.log(anna, channel, events_filter=tl.channelAdminLogEventsFilter(ban=True)), [])
        self.assertEqual(await self.log(anna, channel, events_filter=tl.channelAdminLogEventsFilter(send=True)), [])
        self.assertEqual(len(await self.log(anna, channel, admins=[anna.input_user(clara)])), 1)
        self.assertEqual(len(await self.log(anna, channel, q="boris")), 3)
        self.assertEqual(len(await self.log(anna, channel, max_id=kicked.id, limit=2)), 2)
        self.assertEqual(await error_of(self.log(boris, channel)), "CHANNEL_PRIVATE")
        await self.ban(anna, channel, boris, NO_BANS)
        (again,) = await self.log(anna, channel, events_filter=tl.channelAdminLogEventsFilter(kick=True), limit=1)
        self.assertEqual(again.id, kicked.id)
        house.clock.advance(48 * 3600 + 1)
        self.assertEqual(await self.log(anna, channel), [])

    async def test_messages_and_members(self) -> None:
        """Who came, went, was brought; what was pinned, changed and taken away."""
        _, anna, boris, clara, channel = await self.supergroup()
        peer = tl.inputPeerChannel(channel_id=channel.channel_id, access_hash=channel.access_hash)
        await anna.call(tl.channels.inviteToChannel(channel=channel, users=[anna.input_user(boris)]))
        await anna.call(tl.channels.updateUsername(channel=channel, username="the_club_here"))
        await clara.call(tl.channels.joinChannel(channel=channel))
        sent = (await boris.send(peer, "hello")).updates
        message_id = next(update.message.id for update in sent if update.NAME == "updateNewChannelMessage")
        await boris.call(tl.messages.editMessage(peer=peer, id=message_id, message="hello all"))
        await anna.call(tl.messages.updatePinnedMessage(peer=peer, id=message_id))
        await anna.call(tl.channels.deleteMessages(channel=channel, id=[message_id]))
        await clara.call(tl.channels.leaveChannel(channel=channel))
        self.assertEqual(
            [event.action.NAME.removeprefix("channelAdminLogEventAction") for event in await self.log(anna, channel)],
            [
                "ParticipantLeave",
                "DeleteMessage",
                "UpdatePinned",
                "EditMessage",
                "ParticipantJoin",
                "ChangeUsername",
                "ParticipantInvite",
            ],
        )
        (edited,) = await self.log(anna, channel, q="all", events_filter=tl.channelAdminLogEventsFilter(edit=True))
        self.assertEqual(
            (edited.user_id, edited.action.prev_message.message, edited.action.new_message.message),
            (boris.user.id, "hello", "hello all"),
        )

    async def test_members_do_not_see_it(self) -> None:
        """It is the administrators'."""
        _, anna, boris, _, channel = await self.supergroup()
        await self.bring(anna, channel, boris)
        self.assertEqual(await error_of(self.log(boris, channel)), "CHAT_ADMIN_REQUIRED")
