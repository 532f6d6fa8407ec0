"""Channels and supergroups through the bff's door."""

from typing import Any
from unittest.mock import patch

from twisted.logger import globalLogPublisher

from teamgram.domain.messages import history
from teamgram.domain.privacy.keys import CHAT_INVITE
from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.mtproto.tl import encode, tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_messages import TalkTestCase, error_of


class ChannelTestCase(TalkTestCase):
    """Anna's supergroup; Boris and Clara are not in it."""

    async def founded(self, device: Device, title: str = "The group", **kind: Any) -> Any:
        """A new channel as its owner sees it: a supergroup unless told otherwise."""
        kind = kind or {"megagroup": True}
        answer = await device.call(tl.channels.createChannel(title=title, about="", **kind))
        return answer.chats[0]

    def address(self, channel: Any) -> Any:
        return tl.inputChannel(channel_id=channel.id, access_hash=channel.access_hash)

    def peer(self, channel: Any) -> Any:
        return tl.inputPeerChannel(channel_id=channel.id, access_hash=channel.access_hash)


@on_every_backend
class FoundingTests(ChannelTestCase):
    """channels.createChannel, getChannels and getFullChannel."""

    async def test_made_with_a_service_message(self) -> None:
        """The answer has exactly one updateMessageID and one updateNewChannelMessage, or TDLib gives it up."""
        _, anna, _, _ = await self.house()
        answer = await anna.call(tl.channels.createChannel(title=" The  group ", about="about it", megagroup=True))
        self.assertEqual(
            [update.NAME for update in answer.updates], ["updateMessageID", "updateChannel", "updateNewChannelMessage"]
        )
        (channel,) = answer.chats
        self.assertEqual((channel.title, channel.creator, channel.megagroup), ("The group", True, True))
        self.assertEqual((channel.broadcast, channel.left, channel.participants_count), (False, False, 1))
        new = answer.updates[2]
        self.assertEqual((new.pts, new.pts_count, new.message.id, new.message.out), (2, 1, 1, True))
        self.assertEqual(new.message.action, tl.messageActionChannelCreate(title="The group"))
        self.assertEqual(new.message.from_id, tl.peerUser(user_id=anna.user.id))
        (dialog,) = (await anna.dialogs()).dialogs
        self.assertEqual((dialog.read_inbox_max_id, dialog.unread_count), (1, 0))

    async def test_other_devices_hear_of_it(self) -> None:
        """By updateChannel, besides its first message."""
        house, anna, _, _ = await self.house()
        phone = Device(house, anna.user)
        await phone.take()
        await self.founded(anna)
        # They are drawn apart, and in no order.
        names = [update.NAME for update in await phone.take()]
        self.assertCountEqual(names, ["updateChannel", "updateNewChannelMessage"])

    async def test_who_posts_in_a_channel_is_not_said(self) -> None:
        """The first message of a channel is the channel's."""
        _, anna, _, _ = await self.house()
        answer = await anna.call(tl.channels.createChannel(title="News", about="", broadcast=True))
        (message,) = [update.message for update in answer.updates if update.NAME == "updateNewChannelMessage"]
        self.assertTrue(message.post)
        self.assertIsNone(message.from_id)

    async def test_looked_at(self) -> None:
        """Its owner gets it whole; who only has its address is told that it is private, and sees its title alone."""
        _, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        full = (await anna.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
        self.assertEqual((full.id, full.participants_count, full.pts, full.admins_count), (channel.id, 1, 2, 1))
        self.assertEqual(
            await error_of(boris.call(tl.channels.getFullChannel(channel=self.address(channel)))), "CHANNEL_PRIVATE"
        )
        (seen,) = (await boris.call(tl.channels.getChannels(id=[self.address(channel)]))).chats
        self.assertEqual(seen.NAME, "channelForbidden")
        wrong = tl.inputChannel(channel_id=channel.id, access_hash=channel.access_hash ^ 1)
        self.assertEqual(await error_of(anna.call(tl.channels.getFullChannel(channel=wrong))), "CHANNEL_INVALID")
        self.assertEqual(await error_of(anna.call(tl.channels.getChannels(id=[wrong]))), "CHANNEL_INVALID")

    async def test_a_peer_in_place_of_a_channel(self) -> None:
        """Some libraries write inputPeerChannel where the schema has InputChannel."""
        _, anna, _, _ = await self.house()
        channel = await self.founded(anna, broadcast=True)
        body = encode(tl.channels.getFullChannel(channel=self.address(channel)))
        body = body[:4] + encode(self.peer(channel))[:4] + body[8:]
        full = (await anna.call_encoded("channels.getFullChannel", body)).full_chat
        self.assertEqual(full.id, channel.id)

    async def test_listed(self) -> None:
        """It stands in the list of conversations with its first message and its pts, among the others by date."""
        house, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        house.clock.advance(1)
        await boris.send(boris.peer(anna), "hello")
        house.clock.advance(1)
        news = await self.founded(anna, "News", broadcast=True)
        dialogs = await anna.dialogs()
        self.assertEqual(
            [dialog.peer for dialog in dialogs.dialogs],
            [
                tl.peerChannel(channel_id=news.id),
                tl.peerUser(user_id=boris.user.id),
                tl.peerChannel(channel_id=channel.id),
            ],
        )
        self.assertEqual(
            [(d.top_message, d.unread_count, d.pts) for d in dialogs.dialogs], [(1, 0, 2), (1, 1, None), (1, 0, 2)]
        )
        self.assertEqual({chat.id for chat in dialogs.chats}, {channel.id, news.id})
        self.assertEqual(len(dialogs.messages), 3)
        last = dialogs.dialogs[0]
        page = await anna.dialogs(
            limit=1, offset_date=house.shared.now(), offset_id=last.top_message, offset_peer=self.peer(news)
        )
        self.assertEqual([dialog.peer for dialog in page.dialogs], [tl.peerUser(user_id=boris.user.id)])


class JoinedTestCase(ChannelTestCase):
    """A public supergroup of Anna's that Boris is in, and a public channel of hers; Clara is in neither."""

    async def joined(self, **kind: Any) -> tuple[House, Device, Device, Device, Any]:
        house, anna, boris, clara = await self.house()
        channel = await self.founded(anna, **kind)
        await anna.call(tl.channels.updateUsername(channel=self.address(channel), username="the_public_one"))
        await boris.call(tl.channels.joinChannel(channel=self.address(channel)))
        await anna.take(), await boris.take(), await clara.take()
        return house, anna, boris, clara, channel

    async def channel_difference(self, device: Device, channel: Any, pts: int, limit: int = 100) -> Any:
        return await device.call(
            tl.updates.getChannelDifference(
                channel=self.address(channel), filter=tl.channelMessagesFilterEmpty(), pts=pts, limit=limit
            )
        )


@on_every_backend
class ComingAndGoingTests(JoinedTestCase):
    """Joining, leaving, bringing in, usernames."""

    async def test_joined_by_its_name(self) -> None:
        """A public channel is found by its username; who joins it has it in the list, and the others hear of it."""
        _, anna, boris, clara, channel = await self.joined()
        found = await clara.call(tl.contacts.resolveUsername(username="the_PUBLIC_one"))
        self.assertEqual(found.peer, tl.peerChannel(channel_id=channel.id))
        self.assertTrue(found.chats[0].left)
        answer = await clara.call(tl.channels.joinChannel(channel=self.address(found.chats[0])))
        self.assertEqual(answer.NAME, "messages.chatInviteJoinResultOk")
        self.assertEqual(
            [update.NAME for update in answer.updates.updates], ["updateChannel", "updateNewChannelMessage"]
        )
        self.assertFalse(answer.updates.chats[0].left)
        for device in (anna, boris):
            (update,) = await device.take()
            self.assertEqual(update.message.action, tl.messageActionChatAddUser(users=[clara.user.id]))
            self.assertEqual(update.message.from_id, tl.peerUser(user_id=clara.user.id))
        self.assertEqual(await clara.take(), [])
        (dialog,) = (await clara.dialogs()).dialogs
        self.assertEqual((dialog.unread_count, dialog.top_message), (0, 3))
        full = (await clara.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
        self.assertEqual((full.participants_count, full.admins_count), (3, None))
        self.assertEqual(
            await error_of(clara.call(tl.channels.joinChannel(channel=self.address(channel)))),
            "USER_ALREADY_PARTICIPANT",
        )

    async def test_old_layers_get_updates(self) -> None:
        """Up to layer 224 joining answers the updates themselves."""
        house, _, _, _, channel = await self.joined()
        old = await house.sign_up("Olga", layer=200)
        answer = await old.call(tl.channels.joinChannel(channel=self.address(channel)))
        self.assertEqual(answer.NAME, "updates")

    async def test_left(self) -> None:
        """Who left hears nothing any more, and has it in no list; what is private is theirs to see no more."""
        _, anna, boris, _, channel = await self.joined()
        answer = await boris.call(tl.channels.leaveChannel(channel=self.address(channel)))
        self.assertTrue(answer.chats[0].left)
        (update,) = await anna.take()
        self.assertEqual(update.message.action, tl.messageActionChatDeleteUser(user_id=boris.user.id))
        await anna.send(self.peer(channel), "still there?")
        self.assertEqual(await boris.take(), [])
        self.assertEqual((await boris.dialogs()).dialogs, [])
        self.assertEqual(
            await error_of(boris.call(tl.channels.leaveChannel(channel=self.address(channel)))), "USER_NOT_PARTICIPANT"
        )
        self.assertEqual(
            await error_of(anna.call(tl.channels.leaveChannel(channel=self.address(channel)))), "USER_CREATOR"
        )
        await anna.call(tl.channels.updateUsername(channel=self.address(channel), username=""))
        self.assertEqual(await error_of(boris.history(self.peer(channel))), "CHANNEL_PRIVATE")
        self.assertEqual(
            await error_of(boris.call(tl.channels.joinChannel(channel=self.address(channel)))), "CHANNEL_PRIVATE"
        )

    async def test_brought_in(self) -> None:
        """Who is brought in hears of it, and the post that says so is unread; who does not want to come is named."""
        house, _, boris, clara, channel = await self.joined()
        dora = await house.sign_up("Dora")
        await house.privacy.set(dora.user.id, CHAT_INVITE, [Rule(RuleKind.DISALLOW_ALL)])
        query = tl.channels.inviteToChannel(
            channel=self.address(channel), users=[boris.input_user(clara), boris.input_user(dora)]
        )
        answer = await boris.call(query)
        self.assertEqual([missing.user_id for missing in answer.missing_invitees], [dora.user.id])
        updates = await clara.take()
        self.assertEqual({update.NAME for update in updates}, {"updateChannel", "updateNewChannelMessage"})
        (dialog,) = (await clara.dialogs()).dialogs
        self.assertEqual(dialog.unread_count, 1)
        again = tl.channels.inviteToChannel(channel=self.address(channel), users=[boris.input_user(clara)])
        self.assertEqual(await error_of(boris.call(again)), "USER_ALREADY_PARTICIPANT")

    async def test_found_by_the_beginning_of_its_name(self) -> None:
        """Public ones are found beside people; who asks for channels gets no supergroups, and nobody private ones."""
        _, anna, boris, _, channel = await self.joined()
        news = await self.founded(anna, "News", broadcast=True)
        await anna.call(tl.channels.updateUsername(channel=self.address(news), username="the_public_news"))
        found = await boris.call(tl.contacts.search(q="the_pub", limit=10))
        self.assertEqual([peer.channel_id for peer in found.results], [news.id, channel.id])
        found = await boris.call(tl.contacts.search(q="the_pub", limit=10, broadcasts=True))
        self.assertEqual([peer.channel_id for peer in found.results], [news.id])
        listed = await anna.call(tl.channels.getAdminedPublicChannels())
        self.assertEqual({chat.id for chat in listed.chats}, {news.id, channel.id})
        await anna.call(tl.channels.updateUsername(channel=self.address(news), username=""))
        found = await boris.call(tl.contacts.search(q="the_pub", limit=10))
        self.assertEqual([peer.channel_id for peer in found.results], [channel.id])

    async def test_names_are_everybodys(self) -> None:
        """A channel gets no name that a person or another channel has; what it gives up is free."""
        _, anna, boris, _, channel = await self.joined()
        check = tl.channels.checkUsername
        empty = tl.inputChannelEmpty()
        self.assertEqual(await error_of(anna.call(check(channel=empty, username="Boris_B"))), "USERNAME_OCCUPIED")
        self.assertEqual(
            await error_of(anna.call(check(channel=empty, username="the_public_one"))), "USERNAME_OCCUPIED"
        )
        self.assertEqual(await error_of(anna.call(check(channel=empty, username="x"))), "USERNAME_INVALID")
        self.assertTrue(await anna.call(check(channel=empty, username="free_for_all")))
        update = tl.channels.updateUsername
        self.assertEqual(
            await error_of(boris.call(update(channel=self.address(channel), username="mine_now"))),
            "CHAT_ADMIN_REQUIRED",
        )
        self.assertEqual(
            await error_of(anna.call(update(channel=self.address(channel), username="the_public_one"))),
            "USERNAME_NOT_MODIFIED",
        )
        await anna.call(update(channel=self.address(channel), username="another_one"))
        self.assertTrue(await anna.call(check(channel=empty, username="the_public_one")))

    async def test_deleted(self) -> None:
        """Nobody is in a deleted channel, its name is free, and all who were there hear of it."""
        _, anna, boris, _, channel = await self.joined()
        delete = tl.channels.deleteChannel(channel=self.address(channel))
        self.assertEqual(await error_of(boris.call(delete)), "CHAT_ADMIN_REQUIRED")
        answer = await anna.call(delete)
        self.assertEqual(answer.chats[0].NAME, "channelForbidden")
        self.assertEqual([update.NAME for update in await boris.take()], ["updateChannel"])
        for device in (anna, boris):
            self.assertEqual((await device.dialogs()).dialogs, [])
            self.assertEqual(await error_of(device.send(self.peer(channel), "hello?")), "CHANNEL_PRIVATE")
        self.assertTrue(
            await boris.call(tl.channels.checkUsername(channel=tl.inputChannelEmpty(), username="the_public_one"))
        )

    async def test_who_is_there(self) -> None:
        """Members of a supergroup see each other; of a channel only its administrators see who reads it."""
        _, anna, boris, clara, channel = await self.joined()

        def listed(address: Any, kind: Any, limit: int = 200) -> Any:
            return tl.channels.getParticipants(channel=address, filter=kind, offset=0, limit=limit, hash=0)

        recent, admins = tl.channelParticipantsRecent(), tl.channelParticipantsAdmins()
        page = await boris.call(listed(self.address(channel), recent))
        self.assertEqual(
            sorted(one.NAME for one in page.participants), ["channelParticipantCreator", "channelParticipantSelf"]
        )
        self.assertEqual({user.id for user in page.users}, {anna.user.id, boris.user.id})
        page = await boris.call(listed(self.address(channel), admins))
        self.assertEqual([one.user_id for one in page.participants], [anna.user.id])
        page = await boris.call(listed(self.address(channel), tl.channelParticipantsSearch(q="ann")))
        self.assertEqual([one.user_id for one in page.participants], [anna.user.id])
        self.assertEqual(await error_of(clara.call(listed(self.address(channel), recent))), "CHAT_ADMIN_REQUIRED")
        kicked = tl.channelParticipantsKicked(q="")
        self.assertEqual(await error_of(boris.call(listed(self.address(channel), kicked))), "CHAT_ADMIN_REQUIRED")
        news = await self.founded(anna, "News", broadcast=True)
        await anna.call(tl.channels.inviteToChannel(channel=self.address(news), users=[anna.input_user(boris)]))
        self.assertEqual(await error_of(boris.call(listed(self.address(news), recent))), "CHAT_ADMIN_REQUIRED")
        self.assertEqual((await anna.call(listed(self.address(news), recent))).count, 2)
        one = tl.channels.getParticipant(channel=self.address(channel), participant=tl.inputPeerSelf())
        self.assertEqual((await boris.call(one)).participant.NAME, "channelParticipantSelf")
        self.assertEqual(await error_of(clara.call(one)), "USER_NOT_PARTICIPANT")


@on_every_backend
class PostingTests(JoinedTestCase):
    """Messages in channels: one row, whoever reads it."""

    async def test_told_to_who_is_here(self) -> None:
        """The sender's answer and the others' push have the same id and pts; users in the push are min."""
        house, anna, boris, clara, channel = await self.joined()
        second = Device(house, boris.user)
        answer = await boris.send(self.peer(channel), "hello")
        self.assertEqual([update.NAME for update in answer.updates], ["updateMessageID", "updateNewChannelMessage"])
        mine = answer.updates[1]
        self.assertTrue(mine.message.out)
        (push,) = anna.pushed
        self.assertTrue(all(user.min for user in push.users))
        (update,) = await anna.take()
        self.assertEqual((update.pts, update.pts_count, update.message.id), (mine.pts, 1, mine.message.id))
        self.assertEqual((update.message.out, update.message.message), (False, "hello"))
        self.assertEqual(update.message.peer_id, tl.peerChannel(channel_id=channel.id))
        (own,) = await second.take()
        self.assertTrue(own.message.out)
        self.assertEqual(await clara.take(), [])
        rows = await house.database.read("rows", _count_rows, -(10**12) - channel.id)
        self.assertEqual(rows, mine.message.id)
        for device in (anna, boris, clara):
            found = await device.history(self.peer(channel))
            self.assertEqual(found.NAME, "messages.channelMessages")
            self.assertEqual((found.messages[0].message, found.pts), ("hello", mine.pts))
            self.assertEqual(found.messages[0].out, device is boris)

    async def test_what_cannot_be_told(self) -> None:
        """A post that nobody can be told of is one line in the log that blames no exception; the next ones are told."""
        house, anna, boris, _, channel = await self.joined()
        lines: list[Any] = []
        observer: Any = lines.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        with patch.object(house.in_channels, "_push", return_value=False):
            await boris.send(self.peer(channel), "lost")
            await house.in_channels.settled()
        said = [line for line in lines if "could not be pushed" in (line.get("log_format") or "")]
        self.assertEqual([(line["log_level"].name, line.get("log_failure")) for line in said], [("error", None)])
        self.assertEqual(await anna.take(), [])
        await boris.send(self.peer(channel), "told")
        (update,) = await anna.take()
        self.assertEqual(update.message.message, "told")

    async def test_sent_once(self) -> None:
        """A repeated send gets the first result, also when it was deleted since."""
        _, anna, boris, _, channel = await self.joined()
        first = await boris.send(self.peer(channel), "once", random_id=77)
        again = await boris.send(self.peer(channel), "once", random_id=77)
        self.assertEqual(
            [(u.NAME, getattr(u, "pts", 0)) for u in again.updates],
            [(u.NAME, getattr(u, "pts", 0)) for u in first.updates],
        )
        self.assertEqual(len(await anna.take()), 1)
        self.assertEqual(await error_of(boris.send(boris.peer(anna), "once", random_id=77)), "RANDOM_ID_DUPLICATE")

    async def test_unread_and_read(self) -> None:
        """Unread is what others wrote after one's mark; who wrote what is read hears of it, and one's other devices."""
        house, anna, boris, _, channel = await self.joined()
        second = Device(house, anna.user)
        for number in range(3):
            await boris.send(self.peer(channel), f"message {number}")
        await anna.send(self.peer(channel), "mine")
        dialog = (await anna.dialogs()).dialogs[0]
        # That Boris came is the first of the four.
        self.assertEqual((dialog.unread_count, dialog.top_message), (4, 6))
        await anna.take(), await second.take(), await boris.take()
        await anna.call(tl.channels.readHistory(channel=self.address(channel), max_id=4))
        (inbox,) = await second.take()
        self.assertEqual((inbox.NAME, inbox.max_id, inbox.still_unread_count), ("updateReadChannelInbox", 4, 1))
        (outbox,) = await boris.take()
        self.assertEqual((outbox.NAME, outbox.max_id), ("updateReadChannelOutbox", 4))
        self.assertEqual(await anna.take(), [])
        dialog = (await anna.dialogs()).dialogs[0]
        self.assertEqual((dialog.unread_count, dialog.read_inbox_max_id), (1, 4))
        await anna.call(tl.channels.readHistory(channel=self.address(channel), max_id=3))
        self.assertEqual((await boris.take(), await second.take()), ([], []))
        mine = (await boris.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
        self.assertEqual(mine.read_outbox_max_id, 4)

    async def test_posts(self) -> None:
        """In a channel its administrators post in its name, and views are counted once for each who looks."""
        _, anna, boris, clara, channel = await self.joined(broadcast=True)
        self.assertEqual(await error_of(boris.send(self.peer(channel), "me, too")), "CHAT_ADMIN_REQUIRED")
        sent = (await anna.send(self.peer(channel), "news")).updates[1].message
        self.assertEqual((sent.post, sent.from_id, sent.views), (True, None, 1))
        (update,) = await boris.take()
        self.assertEqual((update.message.post, update.message.from_id, update.message.views), (True, None, 1))
        self.assertNotIn(anna.user.id, [user.id for user in boris.pushed])
        look = tl.messages.getMessagesViews(peer=self.peer(channel), id=[sent.id, 999], increment=True)
        for device, views in ((boris, 2), (boris, 2), (clara, 3)):
            self.assertEqual((await device.call(look)).views[0].views, views)
        self.assertEqual((await boris.history(self.peer(channel))).messages[0].views, 3)
        found = await boris.call(
            tl.messages.search(
                peer=self.peer(channel),
                q="news",
                from_id=boris.peer(anna),
                filter=tl.inputMessagesFilterEmpty(),
                min_date=0,
                max_date=0,
                offset_id=0,
                add_offset=0,
                limit=10,
                max_id=0,
                min_id=0,
                hash=0,
            )
        )
        self.assertEqual(found.messages, [], "who writes in a channel is not to be found out")

    async def test_edited_deleted_pinned(self) -> None:
        """What becomes of a message is told under the channel's own pts, without a hole."""
        _, anna, boris, _, channel = await self.joined()
        sent = (await boris.send(self.peer(channel), "helo")).updates[1]
        await anna.take()
        edit = tl.messages.editMessage(peer=self.peer(channel), id=sent.message.id, message="hello")
        self.assertEqual(await error_of(anna.call(edit)), "MESSAGE_AUTHOR_REQUIRED")
        await boris.call(edit)
        pin = tl.messages.updatePinnedMessage(peer=self.peer(channel), id=sent.message.id)
        await boris.call(pin)
        delete = tl.channels.deleteMessages
        other = (await anna.send(self.peer(channel), "anna's")).updates[1]
        self.assertEqual(
            await error_of(boris.call(delete(channel=self.address(channel), id=[other.message.id]))),
            "MESSAGE_DELETE_FORBIDDEN",
        )
        affected = await anna.call(delete(channel=self.address(channel), id=[sent.message.id, other.message.id]))
        self.assertEqual(affected.pts_count, 2)
        updates = await anna.take()
        self.assertEqual(
            [update.NAME for update in updates],
            ["updateEditChannelMessage", "updatePinnedChannelMessages", "updateNewChannelMessage"],
        )
        pts = sent.pts
        for update in updates:
            self.assertEqual(update.pts, pts + update.pts_count)
            pts = update.pts
        gone = (await boris.take())[-1]
        self.assertEqual((gone.NAME, gone.messages, gone.pts), ("updateDeleteChannelMessages", [3, 5], affected.pts))
        left = (await boris.history(self.peer(channel))).messages
        self.assertEqual([message.id for message in left], [4, 2, 1])
        self.assertEqual(
            await error_of(anna.call(delete(channel=self.address(channel), id=[1]))), "MESSAGE_DELETE_FORBIDDEN"
        )

    async def test_answers_and_mentions(self) -> None:
        """Who is answered or named there is told; a stranger who is named is not."""
        _, anna, boris, clara, channel = await self.joined()
        first = (await anna.send(self.peer(channel), "well?")).updates[1].message
        await boris.take()
        answered = tl.inputReplyToMessage(reply_to_msg_id=first.id)
        await boris.send(self.peer(channel), "yes @clara_c", reply_to=answered)
        (update,) = await anna.take()
        self.assertTrue(update.message.mentioned and update.message.media_unread)
        self.assertEqual(update.message.reply_to.reply_to_msg_id, first.id)
        self.assertEqual(await clara.take(), [])
        self.assertEqual((await anna.dialogs()).dialogs[0].unread_mentions_count, 1)
        page = {"offset_id": 0, "add_offset": 0, "limit": 10, "max_id": 0, "min_id": 0}
        found = await anna.call(tl.messages.getUnreadMentions(peer=self.peer(channel), **page))
        self.assertEqual([message.id for message in found.messages], [update.message.id])
        await anna.call(tl.channels.readMessageContents(channel=self.address(channel), id=[update.message.id]))
        self.assertEqual((await anna.dialogs()).dialogs[0].unread_mentions_count, 0)
        seen = (await anna.history(self.peer(channel))).messages[0]
        self.assertEqual((seen.mentioned, seen.media_unread), (True, False))

    async def test_anonymous_administrators_are_named_nowhere(self) -> None:
        """What they write, do and pin is the group's, also in searches, pushes and what is sent on."""
        _, anna, boris, _, channel = await self.joined()
        rights = tl.chatAdminRights(anonymous=True, change_info=True, pin_messages=True)
        await anna.call(
            tl.channels.editAdmin(
                channel=self.address(channel), user_id=tl.inputUserSelf(), admin_rights=rights, rank="the boss"
            )
        )
        await boris.take()
        sent = (await anna.send(self.peer(channel), "who am I?")).updates[1].message
        await anna.call(tl.channels.editTitle(channel=self.address(channel), title="Another"))
        await anna.call(tl.messages.updatePinnedMessage(peer=self.peer(channel), id=sent.id))
        await anna.call(tl.messages.setTyping(peer=self.peer(channel), action=tl.sendMessageTypingAction()))
        pushed = list(boris.pushed)
        updates = await boris.take()
        group = tl.peerChannel(channel_id=channel.id)
        messages = [update.message for update in updates if update.NAME == "updateNewChannelMessage"]
        self.assertEqual([message.from_id for message in messages], [group, group, group])
        self.assertEqual(messages[0].post_author, "the boss")
        self.assertNotIn(anna.user.id, [user.id for told in pushed for user in told.users])
        self.assertNotIn("updateChannelUserTyping", [update.NAME for update in updates])
        found = await boris.history(self.peer(channel), min_id=sent.id - 1)
        self.assertEqual({message.from_id.NAME for message in found.messages}, {"peerChannel"})
        self.assertNotIn(anna.user.id, [user.id for user in found.users])
        empty = {"offset_id": 0, "add_offset": 0, "limit": 10, "max_id": 0, "min_id": 0, "hash": 0}
        searched = await boris.call(
            tl.messages.search(
                peer=self.peer(channel),
                q="who",
                from_id=boris.peer(anna),
                filter=tl.inputMessagesFilterEmpty(),
                min_date=0,
                max_date=0,
                **empty,
            )
        )
        self.assertEqual(searched.messages, [])
        forwarded = await boris.call(
            tl.messages.forwardMessages(
                from_peer=self.peer(channel), to_peer=tl.inputPeerSelf(), id=[sent.id], random_id=[9]
            )
        )
        self.assertEqual(forwarded.updates[1].message.fwd_from.from_id, group)

    async def test_cleared(self) -> None:
        """Who clears a history sees nothing of it any more, and the others all; administrators clear it for all."""
        house, anna, boris, clara, channel = await self.joined()
        second = Device(house, boris.user)
        sent = (await anna.send(self.peer(channel), "old words")).updates[1].message
        clear = tl.channels.deleteHistory
        answer = await boris.call(clear(channel=self.address(channel), max_id=0))
        self.assertEqual(answer.updates[0].available_min_id, sent.id)
        self.assertEqual((await second.take())[-1].available_min_id, sent.id)
        self.assertEqual((await boris.history(self.peer(channel))).messages, [])
        got = await boris.call(
            tl.channels.getMessages(channel=self.address(channel), id=[tl.inputMessageID(id=sent.id)])
        )
        self.assertEqual(got.messages[0].NAME, "messageEmpty")
        self.assertEqual((await boris.dialogs()).dialogs, [])
        reply = tl.inputReplyToMessage(reply_to_msg_id=sent.id)
        answered = (await boris.send(self.peer(channel), "new words", reply_to=reply)).updates[1].message
        self.assertIsNone(answered.reply_to)
        self.assertEqual([m.message for m in (await boris.history(self.peer(channel))).messages], ["new words"])
        self.assertEqual((await boris.dialogs()).dialogs[0].top_message, answered.id)
        self.assertEqual((await anna.history(self.peer(channel))).count, 4)
        everybody = clear(channel=self.address(channel), max_id=0, for_everyone=True)
        self.assertEqual(await error_of(boris.call(everybody)), "CHAT_ADMIN_REQUIRED")
        await anna.call(everybody)
        self.assertEqual([m.id for m in (await clara.history(self.peer(channel))).messages], [1])

    async def test_links_to_messages(self) -> None:
        """Whoever can read a message gets a link to it; by the username where there is one."""
        _, anna, boris, _, channel = await self.joined()
        sent = (await anna.send(self.peer(channel), "look")).updates[1].message
        export = tl.channels.exportMessageLink
        got = await boris.call(export(channel=self.address(channel), id=sent.id))
        self.assertRegex(got.link, rf"^https://t\.me/[a-z]\w+/{sent.id}$")
        missing = export(channel=self.address(channel), id=sent.id + 9)
        self.assertEqual(await error_of(boris.call(missing)), "MESSAGE_ID_INVALID")
        await anna.call(tl.channels.updateUsername(channel=self.address(channel), username=""))
        got = await boris.call(export(channel=self.address(channel), id=sent.id))
        self.assertEqual(got.link, f"https://t.me/c/{channel.id}/{sent.id}")

    async def test_cleared_of_one_writer(self) -> None:
        """Administrators delete all that somebody wrote, but not what tells that they wrote it."""
        _, anna, boris, clara, channel = await self.joined()
        await clara.call(tl.channels.joinChannel(channel=self.address(channel)))
        for text in ("one", "two"):
            await boris.send(self.peer(channel), text)
        kept = (await clara.send(self.peer(channel), "mine")).updates[1].message
        clean = tl.channels.deleteParticipantHistory(channel=self.address(channel), participant=clara.peer(boris))
        self.assertEqual(await error_of(clara.call(clean)), "CHAT_ADMIN_REQUIRED")
        clean = tl.channels.deleteParticipantHistory(channel=self.address(channel), participant=anna.peer(boris))
        answer = await anna.call(clean)
        self.assertEqual((answer.pts_count, answer.offset), (3, 0))  # that he joined, too
        left = (await boris.history(self.peer(channel))).messages
        self.assertEqual([m.message for m in left if m.NAME == "message"], ["mine"])
        self.assertEqual(left[0].id, kept.id)
        answer = await anna.call(clean)
        self.assertEqual((answer.pts_count, answer.offset), (0, 0))

    async def test_a_long_history_is_not_counted(self) -> None:
        """Exactly up to a bound, beyond that by the ids; pages are the same."""
        self.patch(history, "MAX_COUNTED", 5)
        _, anna, boris, _, channel = await self.joined()
        for number in range(4):
            await anna.send(self.peer(channel), f"text {number}")
        short = await boris.history(self.peer(channel), limit=2)
        top = short.messages[0].id
        for number in range(6):
            await anna.send(self.peer(channel), f"more {number}")
        page = await boris.history(self.peer(channel), limit=2, offset_id=top)
        self.assertEqual((page.count, [one.message for one in page.messages]), (top + 6, ["text 2", "text 1"]))
        self.assertEqual(page.offset_id_offset, 7)

    async def test_sent_on(self) -> None:
        """A post that is sent on says which channel and which post it was; a message of a group who wrote it."""
        _, anna, boris, clara, channel = await self.joined(broadcast=True)
        sent = (await anna.send(self.peer(channel), "news")).updates[1].message
        answer = await boris.call(
            tl.messages.forwardMessages(
                from_peer=self.peer(channel), to_peer=boris.peer(clara), id=[sent.id], random_id=[5]
            )
        )
        header = answer.updates[1].message.fwd_from
        self.assertEqual((header.from_id, header.channel_post), (tl.peerChannel(channel_id=channel.id), sent.id))
        self.assertEqual([chat.id for chat in answer.chats], [channel.id])
        self.assertEqual((await boris.history(self.peer(channel))).messages[0].forwards, 1)
        into = (
            (
                await anna.call(
                    tl.messages.forwardMessages(
                        from_peer=self.peer(channel), to_peer=self.peer(channel), id=[sent.id], random_id=[6]
                    )
                )
            )
            .updates[1]
            .message
        )
        self.assertEqual((into.post, into.fwd_from.channel_post), (True, sent.id))

    async def test_searched(self) -> None:
        """Words and kinds are looked for in a channel's messages as in any other's."""
        _, anna, boris, clara, channel = await self.joined()
        for text in ("a green apple", "a red apple", "a pear https://example.com"):
            await boris.send(self.peer(channel), text)
        empty = {"offset_id": 0, "add_offset": 0, "limit": 10, "max_id": 0, "min_id": 0, "hash": 0}
        for device in (anna, clara):
            found = await device.call(
                tl.messages.search(
                    peer=self.peer(channel),
                    q="apple",
                    filter=tl.inputMessagesFilterEmpty(),
                    min_date=0,
                    max_date=0,
                    **empty,
                )
            )
            self.assertEqual([message.message for message in found.messages], ["a red apple", "a green apple"])
        counters = await anna.call(
            tl.messages.getSearchCounters(peer=self.peer(channel), filters=[tl.inputMessagesFilterUrl()])
        )
        self.assertEqual([counter.count for counter in counters], [1])


def _count_rows(txn: Any, owner_id: int) -> int:
    txn.execute("SELECT COUNT(*) FROM messages WHERE owner_id = ?", (owner_id,))
    return int(txn.fetchone()[0])


@on_every_backend
class DifferenceTests(JoinedTestCase):
    """updates.getChannelDifference, and what the account's own difference says of channels."""

    async def test_what_happened(self) -> None:
        """All that happened since, in order, equals what was pushed; it comes in slices, and then nothing."""
        _, anna, boris, _, channel = await self.joined()
        pts = (await anna.history(self.peer(channel))).pts
        first = (await boris.send(self.peer(channel), "one")).updates[1]
        await boris.send(self.peer(channel), "two")
        await boris.call(tl.messages.editMessage(peer=self.peer(channel), id=first.message.id, message="ONE"))
        difference = await self.channel_difference(anna, channel, pts)
        self.assertTrue(difference.final)
        self.assertEqual([message.message for message in difference.new_messages], ["ONE", "two"])
        self.assertEqual([update.NAME for update in difference.other_updates], ["updateEditChannelMessage"])
        self.assertEqual(difference.pts, pts + 3)
        sliced = await self.channel_difference(anna, channel, pts, limit=1)
        self.assertEqual((sliced.final, sliced.pts), (False, pts + 1))
        nothing = await self.channel_difference(anna, channel, pts + 3)
        self.assertEqual((nothing.NAME, nothing.pts), ("updates.channelDifferenceEmpty", pts + 3))

    async def test_too_long(self) -> None:
        """Who is too far behind, or ahead, gets the newest messages and goes on from there."""
        house, anna, boris, clara, channel = await self.joined()
        await boris.send(self.peer(channel), "hello")
        await house.database.write("floor", _raise_floor, -(10**12) - channel.id)
        for device in (anna, clara):
            anew = await self.channel_difference(device, channel, 1)
            self.assertEqual((anew.NAME, anew.final), ("updates.channelDifferenceTooLong", True))
            self.assertEqual((anew.dialog.top_message, anew.messages[0].message), (3, "hello"))
            self.assertEqual(anew.dialog.pts, (await anna.history(self.peer(channel))).pts)
        self.assertEqual((await self.channel_difference(clara, channel, 1)).timeout, 30)
        # Apps that are told nothing ask each second.
        self.assertEqual((await self.channel_difference(anna, channel, 1)).timeout, 60)
        ahead = await self.channel_difference(anna, channel, 5000)
        self.assertEqual(ahead.NAME, "updates.channelDifferenceTooLong")
        self.assertGreaterEqual((await anna.history(self.peer(channel))).pts, 5000)

    async def test_the_accounts_own_names_channels(self) -> None:
        """Who was away is told which of their channels moved, and where they came or went."""
        house, anna, boris, clara, channel = await self.joined()
        state = await clara.call(tl.updates.getState())
        house.clock.advance(100)
        since = house.shared.now()
        await boris.send(self.peer(channel), "hello")
        await clara.call(tl.channels.joinChannel(channel=self.address(channel)))
        difference = await anna.call(tl.updates.getDifference(pts=1, date=since, qts=0))
        self.assertEqual([update.NAME for update in difference.other_updates], ["updateChannelTooLong"])
        self.assertEqual([chat.id for chat in difference.chats], [channel.id])
        difference = await clara.call(tl.updates.getDifference(pts=state.pts, date=since, qts=0))
        self.assertEqual(
            [update.NAME for update in difference.other_updates], ["updateChannel", "updateChannelTooLong"]
        )
        house.clock.advance(100)
        nothing = await anna.call(tl.updates.getDifference(pts=1, date=house.shared.now(), qts=0))
        self.assertEqual(nothing.NAME, "updates.differenceEmpty")

    async def test_private_is_private(self) -> None:
        """Nobody else gets anything of a private channel, whatever they know of it."""
        _, anna, _, clara = await self.house()
        channel = await self.founded(anna)
        sent = (await anna.send(self.peer(channel), "secret")).updates[1].message
        peer, address = self.peer(channel), self.address(channel)
        page = {"offset_id": 0, "add_offset": 0, "limit": 10, "max_id": 0, "min_id": 0, "hash": 0}
        empty = tl.inputMessagesFilterEmpty()
        for query in (
            tl.messages.getHistory(peer=peer, offset_date=0, **page),
            tl.messages.search(peer=peer, q="secret", filter=empty, min_date=0, max_date=0, **page),
            tl.channels.getMessages(channel=address, id=[tl.inputMessageID(id=sent.id)]),
            tl.channels.readHistory(channel=address, max_id=0),
            tl.channels.getParticipant(channel=address, participant=tl.inputPeerSelf()),
            tl.messages.getMessagesViews(peer=peer, id=[sent.id], increment=True),
            tl.messages.forwardMessages(from_peer=peer, to_peer=tl.inputPeerSelf(), id=[sent.id], random_id=[1]),
            tl.messages.setTyping(peer=peer, action=tl.sendMessageTypingAction()),
            tl.messages.editMessage(peer=peer, id=sent.id, message="x"),
            tl.messages.updatePinnedMessage(peer=peer, id=sent.id),
            tl.channels.deleteMessages(channel=address, id=[sent.id]),
            tl.updates.getChannelDifference(channel=address, filter=tl.channelMessagesFilterEmpty(), pts=1, limit=9),
        ):
            self.assertEqual(await error_of(clara.call(query)), "CHANNEL_PRIVATE", query.NAME)
        found = await clara.call(
            tl.messages.searchGlobal(
                q="secret",
                filter=empty,
                min_date=0,
                max_date=0,
                offset_rate=0,
                offset_peer=tl.inputPeerEmpty(),
                offset_id=0,
                limit=10,
            )
        )
        self.assertEqual(found.messages, [])


def _raise_floor(txn: Any, owner_id: int) -> None:
    txn.execute("UPDATE message_boxes SET log_floor = pts WHERE owner_id = ?", (owner_id,))


@on_every_backend
class AddressingTests(JoinedTestCase):
    """Whom one knows from a channel's push alone, in ``min`` form."""

    async def test_by_a_message(self) -> None:
        """Somebody is addressed by a message that names them, and by no other, nor by one that one does not see."""
        _, anna, boris, clara, channel = await self.joined()
        await clara.call(tl.channels.joinChannel(channel=self.address(channel)))
        sent = (await boris.send(self.peer(channel), "hello")).updates[1].message
        other = (await anna.send(self.peer(channel), "hi")).updates[1].message

        def by(message_id: int, peer: Any = None) -> Any:
            return tl.inputPeerUserFromMessage(
                peer=peer or self.peer(channel), msg_id=message_id, user_id=boris.user.id
            )

        await clara.send(by(sent.id), "you wrote this")
        self.assertEqual((await boris.take())[-1].message.message, "you wrote this")
        self.assertEqual(await error_of(clara.send(by(other.id), "or this?")), "PEER_ID_INVALID")
        self.assertEqual(await error_of(clara.send(by(sent.id, by(sent.id)), "or so?")), "PEER_ID_INVALID")
        await anna.call(tl.channels.updateUsername(channel=self.address(channel), username=""))
        await clara.call(tl.channels.leaveChannel(channel=self.address(channel)))
        self.assertEqual(await error_of(clara.send(by(sent.id), "still?")), "CHANNEL_PRIVATE")


@on_every_backend
class LinkTests(JoinedTestCase):
    """Invite links of channels."""

    async def test_in_by_a_link(self) -> None:
        """A link shows what it leads to, and lets in as many as it says; who was put out does not come in by it."""
        _, anna, boris, clara = await self.house()
        channel = await self.founded(anna, "Hidden", broadcast=True)
        export = tl.messages.exportChatInvite
        invite = await anna.call(export(peer=self.peer(channel), usage_limit=1, title="one"))
        self.assertEqual(await error_of(boris.call(export(peer=self.peer(channel)))), "CHANNEL_PRIVATE")
        hash_ = invite.link.rpartition("+")[2]
        seen = await boris.call(tl.messages.checkChatInvite(hash=hash_))
        self.assertEqual(
            (seen.NAME, seen.title, seen.broadcast, seen.participants_count), ("chatInvite", "Hidden", True, 1)
        )
        answer = await boris.call(tl.messages.importChatInvite(hash=hash_))
        self.assertEqual([update.NAME for update in answer.updates.updates], ["updateChannel"])
        self.assertEqual((await boris.call(tl.messages.checkChatInvite(hash=hash_))).NAME, "chatInviteAlready")
        self.assertEqual(await error_of(clara.call(tl.messages.importChatInvite(hash=hash_))), "INVITE_HASH_EXPIRED")
        full = (await anna.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
        self.assertTrue(full.exported_invite.permanent)
        main = full.exported_invite.link.rpartition("+")[2]
        importers = tl.messages.getChatInviteImporters(
            peer=self.peer(channel), link=invite.link, offset_date=0, offset_user=tl.inputUserEmpty(), limit=10
        )
        self.assertEqual([one.user_id for one in (await anna.call(importers)).importers], [boris.user.id])
        self.assertEqual(await error_of(boris.call(importers)), "CHAT_ADMIN_REQUIRED")
        banned = tl.chatBannedRights(view_messages=True, until_date=0)
        await anna.call(
            tl.channels.editBanned(channel=self.address(channel), participant=anna.peer(boris), banned_rights=banned)
        )
        self.assertEqual(await error_of(boris.call(tl.messages.importChatInvite(hash=main))), "INVITE_HASH_EXPIRED")
        self.assertEqual((await boris.dialogs()).dialogs, [])

    async def test_a_supergroup_says_who_came_by_a_link(self) -> None:
        """The newcomer and the others have the post; the links of an administrator who is none any more end."""
        _, anna, boris, clara = await self.house()
        channel = await self.founded(anna)
        await anna.call(tl.channels.inviteToChannel(channel=self.address(channel), users=[anna.input_user(boris)]))
        rights = tl.chatAdminRights(invite_users=True)
        edit = tl.channels.editAdmin
        await anna.call(
            edit(channel=self.address(channel), user_id=anna.input_user(boris), admin_rights=rights, rank="")
        )
        invite = await boris.call(tl.messages.exportChatInvite(peer=self.peer(channel)))
        hash_ = invite.link.rpartition("+")[2]
        await anna.take()
        await clara.call(tl.messages.importChatInvite(hash=hash_))
        (update,) = await anna.take()
        self.assertEqual(update.message.action, tl.messageActionChatJoinedByLink(inviter_id=boris.user.id))
        await clara.call(tl.channels.leaveChannel(channel=self.address(channel)))
        none = tl.chatAdminRights()
        await anna.call(edit(channel=self.address(channel), user_id=anna.input_user(boris), admin_rights=none, rank=""))
        self.assertEqual(await error_of(clara.call(tl.messages.importChatInvite(hash=hash_))), "INVITE_HASH_EXPIRED")


@on_every_backend
class MigrationTests(ChannelTestCase):
    """messages.migrateChat."""

    async def test_all_come_along(self) -> None:
        """Members, rights and links are the supergroup's; the old group is read, and leads to it."""
        _, anna, boris, clara = await self.house()
        users = [anna.input_user(boris), anna.input_user(clara)]
        created = await anna.call(tl.messages.createChat(users=users, title="We"))
        chat_id = created.updates.chats[0].id
        old = tl.inputPeerChat(chat_id=chat_id)
        await anna.send(old, "before")
        await anna.call(tl.messages.editChatAdmin(chat_id=chat_id, user_id=anna.input_user(boris), is_admin=True))
        hash_ = (await anna.call(tl.messages.exportChatInvite(peer=old))).link.rpartition("+")[2]
        await boris.take()
        migrate = tl.messages.migrateChat(chat_id=chat_id)
        self.assertEqual(await error_of(boris.call(migrate)), "CHAT_ADMIN_REQUIRED")
        answer = await anna.call(migrate)
        self.assertEqual(
            [update.NAME for update in answer.updates], ["updateNewMessage", "updateChannel", "updateNewChannelMessage"]
        )
        channel = next(chat for chat in answer.chats if chat.NAME == "channel")
        group = next(chat for chat in answer.chats if chat.NAME == "chat")
        self.assertEqual((group.deactivated, group.migrated_to.channel_id), (True, channel.id))
        self.assertEqual((channel.megagroup, channel.creator, channel.participants_count), (True, True, 3))
        updates = await boris.take()
        self.assertEqual(
            {update.NAME for update in updates}, {"updateNewMessage", "updateChannel", "updateNewChannelMessage"}
        )
        moved = next(update for update in updates if update.NAME == "updateNewMessage")
        self.assertEqual(moved.message.action, tl.messageActionChatMigrateTo(channel_id=channel.id))
        seen = (await boris.call(tl.channels.getChannels(id=[self.address(channel)]))).chats[0]
        self.assertTrue(seen.admin_rights.ban_users)
        full = (await clara.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
        self.assertEqual(full.migrated_from_chat_id, chat_id)
        top = (await clara.history(old)).messages[0]
        self.assertEqual(full.migrated_from_max_id, top.id)
        self.assertEqual((await clara.history(old)).messages[1].message, "before")
        self.assertEqual(await error_of(clara.send(old, "still here?")), "CHAT_WRITE_FORBIDDEN")
        await clara.send(self.peer(channel), "here now")
        already = await clara.call(tl.messages.checkChatInvite(hash=hash_))
        self.assertEqual((already.NAME, already.chat.id), ("chatInviteAlready", channel.id))
        self.assertEqual(await error_of(anna.call(migrate)), "CHAT_ADMIN_REQUIRED")
