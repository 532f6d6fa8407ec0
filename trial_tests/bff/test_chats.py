"""Basic groups: making them, who may do what, invite links."""

from typing import Any

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import START, Device, House
from trial_tests.bff.test_messages import TalkTestCase, error_of


class GroupTestCase(TalkTestCase):
    """A group of Anna (its creator) and Boris; Clara is not in it."""

    async def group(self) -> tuple[House, Device, Device, Device, int]:
        house, anna, boris, clara = await self.house()
        answer = await anna.call(tl.messages.createChat(users=[anna.input_user(boris)], title=" The  group "))
        chat_id = answer.updates.chats[0].id
        await boris.take()
        return house, anna, boris, clara, chat_id

    def add(self, device: Device, chat_id: int, user: Device) -> Any:
        return device.call(tl.messages.addChatUser(chat_id=chat_id, user_id=device.input_user(user), fwd_limit=0))

    def remove(self, device: Device, chat_id: int, user: Device) -> Any:
        return device.call(tl.messages.deleteChatUser(chat_id=chat_id, user_id=device.input_user(user)))


@on_every_backend
class GroupTests(GroupTestCase):
    """messages.createChat and what changes a group."""

    async def test_made_with_a_service_message(self) -> None:
        """Everybody in a new group has the message that says so, and the group as they see it."""
        house, anna, boris, _ = await self.house()
        create = tl.messages.createChat(users=[anna.input_user(boris)], title="The group")
        answer = await anna.call(create)
        self.assertEqual(answer.NAME, "messages.invitedUsers")
        self.assertEqual(
            [update.NAME for update in answer.updates.updates],
            ["updateMessageID", "updateChatParticipants", "updateNewMessage"],
        )
        (chat,) = answer.updates.chats
        self.assertEqual((chat.title, chat.creator, chat.participants_count), ("The group", True, 2))
        (update,) = await boris.take()
        self.assertEqual(update.message.action, tl.messageActionChatCreate(title="The group", users=[boris.user.id]))
        old = await house.sign_up("Olga", layer=158)
        answer = await old.call(tl.messages.createChat(users=[old.input_user(anna)], title="x"))
        self.assertEqual(answer.NAME, "updates")

    async def test_messages_reach_every_member(self) -> None:
        """A message is in every member's history; the answer has both updates."""
        _, anna, boris, clara, chat_id = await self.group()
        await self.add(anna, chat_id, clara)
        await boris.take(), await clara.take()
        peer = tl.inputPeerChat(chat_id=chat_id)
        answer = await boris.send(peer, "hi all")
        self.assertEqual([update.NAME for update in answer.updates], ["updateMessageID", "updateNewMessage"])
        for device in (anna, clara):
            update = (await device.take())[-1]
            self.assertEqual((update.message.message, update.message.out), ("hi all", False))
            self.assertEqual(update.message.peer_id, tl.peerChat(chat_id=chat_id))

    async def test_mentions(self) -> None:
        """A member who is named by username, or answered, is told; reading the contents takes the mark off."""
        _, anna, boris, _, chat_id = await self.group()
        peer = tl.inputPeerChat(chat_id=chat_id)
        await anna.send(peer, "hey @Boris_B, look")
        (update,) = await boris.take()
        self.assertTrue(update.message.mentioned and update.message.media_unread)
        answered = tl.inputReplyToMessage(reply_to_msg_id=update.message.id)
        await boris.send(peer, "what?", reply_to=answered)
        self.assertTrue((await anna.take())[-1].message.mentioned)
        self.assertEqual((await boris.dialogs()).dialogs[0].unread_mentions_count, 1)
        await boris.call(tl.messages.readMessageContents(id=[update.message.id]))
        self.assertEqual((await boris.dialogs()).dialogs[0].unread_mentions_count, 0)

    async def test_add_leave_and_put_out(self) -> None:
        """Who leaves or is put out hears no more, and everybody has it in the history."""
        _, anna, boris, clara, chat_id = await self.group()
        peer = tl.inputPeerChat(chat_id=chat_id)
        self.assertEqual(await error_of(clara.send(peer, "x")), "PEER_ID_INVALID")
        self.assertEqual(await error_of(self.add(anna, chat_id, boris)), "USER_ALREADY_PARTICIPANT")
        await self.add(boris, chat_id, clara)
        self.assertEqual([u.NAME for u in await clara.take()], ["updateNewMessage"])
        self.assertEqual(await error_of(self.remove(clara, chat_id, boris)), "CHAT_ADMIN_REQUIRED")
        await self.remove(anna, chat_id, clara)
        last = (await clara.take())[-1]
        self.assertEqual(last.message.action, tl.messageActionChatDeleteUser(user_id=clara.user.id))
        self.assertEqual(await error_of(clara.send(peer, "x")), "CHAT_WRITE_FORBIDDEN")
        self.assertEqual((await clara.dialogs()).chats[0].NAME, "chatForbidden")
        await self.remove(boris, chat_id, boris)
        self.assertTrue((await boris.dialogs()).chats[0].left)
        self.assertEqual(await error_of(self.remove(anna, chat_id, boris)), "USER_NOT_PARTICIPANT")
        await boris.take(), await clara.take()
        await anna.send(peer, "alone")
        self.assertEqual((await boris.take(), await clara.take()), ([], []))

    async def test_who_left_comes_back_by_friends_only(self) -> None:
        """Strangers do not add her again; whom she knows does, and a link lets her in."""
        house, anna, boris, _, chat_id = await self.group()
        await self.remove(boris, chat_id, boris)
        self.assertEqual(await error_of(self.add(anna, chat_id, boris)), "USER_NOT_MUTUAL_CONTACT")
        await house.contacts.add(boris.user.id, anna.user, "Anna", "", "", START)
        await self.add(anna, chat_id, boris)
        self.assertEqual((await boris.take())[-1].NAME, "updateNewMessage")

    async def test_members_are_counted_once(self) -> None:
        """Who comes or goes is told before the group with its new version, by people who are named, to the others.

        Telegram Desktop counts an update of the version that it has from the group once more; TDLib drops one
        whose inviter it does not know.
        """
        house, anna, boris, clara, chat_id = await self.group()
        other = Device(house, boris.user)
        await anna.take(), await boris.take()
        answer = (await self.add(boris, chat_id, clara)).updates
        self.assertEqual([one.NAME for one in answer.updates], ["updateChatParticipants", "updateNewMessage"])
        everybody = {anna.user.id, boris.user.id, clara.user.id}
        listed = answer.updates[0].participants
        self.assertEqual({one.user_id for one in listed.participants}, everybody)
        self.assertEqual((listed.version, answer.chats[0].version, answer.chats[0].participants_count), (2, 2, 3))
        self.assertEqual({user.id for user in answer.users}, everybody)
        await house.live.settled()
        for device in (anna, other):
            add, message = device.pushed
            device.pushed = []
            self.assertEqual(([one.NAME for one in add.updates], add.chats), (["updateChatParticipantAdd"], []))
            self.assertEqual({user.id for user in add.users}, {boris.user.id, clara.user.id})
            self.assertEqual((add.updates[0].version, message.chats[0].version), (2, 2))
        self.assertEqual(boris.pushed, [])
        answer = await self.remove(anna, chat_id, clara)
        self.assertEqual([one.NAME for one in answer.updates], ["updateChatParticipants", "updateNewMessage"])
        self.assertEqual(answer.updates[0].participants.version, 3)
        await house.live.settled()
        gone, message = boris.pushed
        self.assertEqual(([one.NAME for one in gone.updates], gone.chats), (["updateChatParticipantDelete"], []))
        self.assertEqual((gone.updates[0].version, message.chats[0].version), (3, 3))
        self.assertEqual([one.NAME for one in (await self.remove(boris, chat_id, boris)).updates], ["updateNewMessage"])

    async def test_the_version_counts_changes_of_members(self) -> None:
        """Title, about, default rights and protection leave it; an administrator made and unmade raise it by one."""
        _, anna, boris, _, chat_id = await self.group()
        peer = tl.inputPeerChat(chat_id=chat_id)
        rights = tl.chatBannedRights(until_date=0, pin_messages=True)
        for query in (
            tl.messages.editChatTitle(chat_id=chat_id, title="another"),
            tl.messages.editChatAbout(peer=peer, about="new"),
            tl.messages.toggleNoForwards(peer=peer, enabled=True),
            tl.messages.editChatDefaultBannedRights(peer=peer, banned_rights=rights),
        ):
            await anna.call(query)
            (chat,) = (await anna.call(tl.messages.getChats(id=[chat_id]))).chats
            self.assertEqual(chat.version, 1, query.NAME)
        [told] = [one for one in await boris.take() if one.NAME == "updateChatDefaultBannedRights"]
        self.assertEqual((told.version, told.default_banned_rights.pin_messages), (1, True))
        for version, is_admin in ((2, True), (3, False)):
            promote = tl.messages.editChatAdmin(chat_id=chat_id, user_id=anna.input_user(boris), is_admin=is_admin)
            await anna.call(promote)
            (admin,) = await boris.take()
            self.assertEqual((admin.NAME, admin.version), ("updateChatParticipantAdmin", version))

    async def test_put_out_with_the_history(self) -> None:
        """revoke_history takes the group's messages from who is put out, and from nobody else."""
        _, anna, boris, _, chat_id = await self.group()
        await boris.send(tl.inputPeerChat(chat_id=chat_id), "mine")
        await anna.call(
            tl.messages.deleteChatUser(chat_id=chat_id, user_id=anna.input_user(boris), revoke_history=True)
        )
        self.assertEqual((await boris.dialogs()).dialogs, [])
        history = await anna.history(tl.inputPeerChat(chat_id=chat_id))
        self.assertIn("mine", [message.message for message in history.messages if message.NAME == "message"])

    async def test_rename_and_rights(self) -> None:
        """Members may rename until the creator forbids it; administrators still may."""
        _, anna, boris, _, chat_id = await self.group()

        def rename(device: Device, title: str) -> Any:
            return device.call(tl.messages.editChatTitle(chat_id=chat_id, title=title))

        await rename(boris, "By Boris")
        self.assertEqual((await anna.take())[-1].message.action, tl.messageActionChatEditTitle(title="By Boris"))
        self.assertEqual(await error_of(rename(boris, "By Boris")), "CHAT_NOT_MODIFIED")
        self.assertEqual(await error_of(rename(boris, "  ")), "CHAT_TITLE_EMPTY")
        rights = tl.chatBannedRights(until_date=0, change_info=True, send_messages=True)
        peer = tl.inputPeerChat(chat_id=chat_id)
        forbid = tl.messages.editChatDefaultBannedRights(peer=peer, banned_rights=rights)
        self.assertEqual(await error_of(boris.call(forbid)), "CHAT_ADMIN_REQUIRED")
        await anna.call(forbid)
        (update,) = await boris.take()
        self.assertTrue(update.default_banned_rights.change_info)
        self.assertEqual(await error_of(rename(boris, "again")), "CHAT_ADMIN_REQUIRED")
        self.assertEqual(await error_of(boris.send(peer, "x")), "CHAT_WRITE_FORBIDDEN")
        no_texts = tl.chatBannedRights(until_date=0, change_info=True, send_plain=True)
        await anna.call(tl.messages.editChatDefaultBannedRights(peer=peer, banned_rights=no_texts))
        self.assertEqual(await error_of(boris.send(peer, "x")), "CHAT_WRITE_FORBIDDEN")
        await anna.call(forbid)
        await boris.take()
        promote = tl.messages.editChatAdmin(chat_id=chat_id, user_id=anna.input_user(boris), is_admin=True)
        self.assertEqual(await error_of(boris.call(promote)), "CHAT_ADMIN_REQUIRED")
        self.assertTrue(await anna.call(promote))
        await rename(boris, "again")
        await boris.send(peer, "allowed now")

    async def test_full_chat(self) -> None:
        """getFullChat lists the members for who is in, and nobody for who is not."""
        _, anna, boris, clara, chat_id = await self.group()
        full = await anna.call(tl.messages.getFullChat(chat_id=chat_id))
        kinds = [participant.NAME for participant in full.full_chat.participants.participants]
        self.assertEqual(sorted(kinds), ["chatParticipant", "chatParticipantCreator"])
        self.assertEqual({user.id for user in full.users}, {anna.user.id, boris.user.id})
        self.assertEqual(await error_of(clara.call(tl.messages.getFullChat(chat_id=chat_id))), "CHAT_ID_INVALID")
        await self.remove(boris, chat_id, boris)
        full = await boris.call(tl.messages.getFullChat(chat_id=chat_id))
        self.assertEqual(full.full_chat.participants.NAME, "chatParticipantsForbidden")
        common = tl.messages.getCommonChats(user_id=anna.input_user(boris), max_id=0, limit=10)
        self.assertEqual((await anna.call(common)).chats, [])

    async def test_read_receipts_in_groups(self) -> None:
        """The writers of what was read are told, and can ask who has read a message."""
        house, anna, boris, clara, chat_id = await self.group()
        await self.add(anna, chat_id, clara)
        peer = tl.inputPeerChat(chat_id=chat_id)
        sent = await anna.send(peer, "read me")
        message_id = sent.updates[0].id
        await anna.take()
        await boris.call(tl.messages.readHistory(peer=peer, max_id=0))
        (update,) = await anna.take()
        self.assertEqual((update.NAME, update.max_id), ("updateReadHistoryOutbox", message_id))
        readers = await anna.call(tl.messages.getMessageReadParticipants(peer=peer, msg_id=message_id))
        self.assertEqual([(reader.user_id, reader.date) for reader in readers], [(boris.user.id, house.shared.now())])

    async def test_typing(self) -> None:
        """Typing is told to the others, in groups and in private, and to nobody who blocked it."""
        house, anna, boris, clara, chat_id = await self.group()
        typing = tl.sendMessageTypingAction()
        await anna.call(tl.messages.setTyping(peer=tl.inputPeerChat(chat_id=chat_id), action=typing))
        (update,) = await boris.take()
        self.assertEqual((update.NAME, update.from_id.user_id), ("updateChatUserTyping", anna.user.id))
        await anna.call(tl.messages.setTyping(peer=anna.peer(boris), action=typing))
        self.assertEqual([update.NAME for update in await boris.take()], ["updateUserTyping"])
        await house.contacts.block(boris.user.id, anna.user.id, 1)
        await anna.call(tl.messages.setTyping(peer=anna.peer(boris), action=typing))
        self.assertEqual((await boris.take(), await anna.take(), await clara.take()), ([], [], []))


@on_every_backend
class InviteLinkTests(GroupTestCase):
    """Entering by a link."""

    async def test_join_by_link(self) -> None:
        """A link shows the group, lets one in, and no more when it is used up or revoked."""
        house, anna, boris, clara, chat_id = await self.group()
        peer = tl.inputPeerChat(chat_id=chat_id)
        invite = await anna.call(tl.messages.exportChatInvite(peer=peer, usage_limit=1))
        hash_ = invite.link.rpartition("+")[2]
        seen = await clara.call(tl.messages.checkChatInvite(hash=hash_))
        self.assertEqual((seen.NAME, seen.title, seen.participants_count), ("chatInvite", "The group", 2))
        joined = await clara.call(tl.messages.importChatInvite(hash=hash_))
        self.assertEqual(joined.updates.updates[0].message.action.NAME, "messageActionChatJoinedByLink")
        self.assertEqual((await clara.call(tl.messages.checkChatInvite(hash=hash_))).NAME, "chatInviteAlready")
        again = clara.call(tl.messages.importChatInvite(hash=hash_))
        self.assertEqual(await error_of(again), "USER_ALREADY_PARTICIPANT")
        late = await house.sign_up("Dora")
        self.assertEqual(await error_of(late.call(tl.messages.importChatInvite(hash=hash_))), "INVITE_HASH_EXPIRED")
        self.assertEqual(await error_of(late.call(tl.messages.checkChatInvite(hash="x"))), "INVITE_HASH_INVALID")
        main = (await anna.call(tl.messages.getFullChat(chat_id=chat_id))).full_chat.exported_invite
        replaced = await anna.call(tl.messages.editExportedChatInvite(peer=peer, link=main.link, revoked=True))
        self.assertEqual((replaced.NAME, replaced.invite.link), ("messages.exportedChatInviteReplaced", main.link))
        now = (await anna.call(tl.messages.getFullChat(chat_id=chat_id))).full_chat.exported_invite
        self.assertEqual((now.link, now.permanent, now.revoked), (replaced.new_invite.link, True, False))
        by_main = tl.messages.importChatInvite(hash=main.link.rpartition("+")[2])
        self.assertEqual(await error_of(late.call(by_main)), "INVITE_HASH_EXPIRED")
        listed = await anna.call(
            tl.messages.getExportedChatInvites(peer=peer, admin_id=tl.inputUserSelf(), limit=10, revoked=True)
        )
        self.assertEqual([link.link for link in listed.invites], [main.link])
        ask = boris.call(tl.messages.getExportedChatInvites(peer=peer, admin_id=boris.input_user(anna), limit=10))
        self.assertEqual(await error_of(ask), "CHAT_ADMIN_REQUIRED")

    async def test_main_links(self) -> None:
        """Creator and administrators have one from the start; a nameless new one is one more and ends nothing."""
        _, anna, boris, _, chat_id = await self.group()
        peer = tl.inputPeerChat(chat_id=chat_id)

        async def main(device: Device) -> Any:
            return (await device.call(tl.messages.getFullChat(chat_id=chat_id))).full_chat.exported_invite

        first = await main(anna)
        self.assertEqual((first.permanent, first.admin_id), (True, anna.user.id))
        self.assertIsNone(await main(boris))
        await anna.call(tl.messages.editChatAdmin(chat_id=chat_id, user_id=anna.input_user(boris), is_admin=True))
        own = await main(boris)
        self.assertTrue(own.permanent and own.link != first.link and own.admin_id == boris.user.id)
        more = await anna.call(tl.messages.exportChatInvite(peer=peer))
        self.assertEqual((more.permanent, more.revoked), (False, False))
        self.assertEqual(await main(anna), first)
        new = await anna.call(tl.messages.exportChatInvite(peer=peer, legacy_revoke_permanent=True))
        self.assertEqual((new.permanent, await main(anna)), (True, new))
        admins = await anna.call(tl.messages.getAdminsWithInvites(peer=peer))
        counted = {one.admin_id: (one.invites_count, one.revoked_invites_count) for one in admins.admins}
        self.assertEqual(counted, {anna.user.id: (2, 1), boris.user.id: (1, 0)})

    async def test_links_and_who_came_are_paged(self) -> None:
        """The main link, then the newest; ``count`` is of all, whatever page is asked for. Joiners likewise."""
        house, anna, boris, clara, chat_id = await self.group()
        peer = tl.inputPeerChat(chat_id=chat_id)
        made = []
        for number in range(5):
            house.clock.advance(number % 2)  # two of one second among them
            made.append(await anna.call(tl.messages.exportChatInvite(peer=peer, title=f"number {number}")))
        seen: list[Any] = []
        offset: dict[str, Any] = {}
        for size in (2, 2, 2, 0):
            query = tl.messages.getExportedChatInvites(peer=peer, admin_id=tl.inputUserSelf(), limit=2, **offset)
            page = await anna.call(query)
            self.assertEqual((page.count, len(page.invites)), (6, size))
            seen += page.invites
            offset = {"offset_date": seen[-1].date, "offset_link": seen[-1].link}
        self.assertTrue(seen[0].permanent)
        self.assertEqual({one.link for one in seen[1:]}, {one.link for one in made})
        self.assertEqual([one.date for one in seen[1:]], sorted((one.date for one in made), reverse=True))

        link = made[-1].link
        dora = await house.sign_up("Dora")
        for device in (clara, dora):
            house.clock.advance(1)
            await device.call(tl.messages.importChatInvite(hash=link.rpartition("+")[2]))
        came: list[Any] = []
        offset = {"offset_date": 0, "offset_user": tl.inputUserEmpty()}
        for expected in (dora, clara, None):
            page = await anna.call(tl.messages.getChatInviteImporters(peer=peer, link=link, limit=1, **offset))
            self.assertEqual((page.count, len(page.importers)), (2, int(expected is not None)))
            if expected is not None:
                [one] = page.importers
                self.assertEqual((one.user_id, page.users[0].id), (expected.user.id, expected.user.id))
                offset = {"offset_date": one.date, "offset_user": anna.input_user(expected)}
                came.append(one)
        self.assertEqual(came[0].date - came[1].date, 1)
        nobody = tl.inputUserEmpty()
        requests = tl.messages.getChatInviteImporters(
            requested=True, peer=peer, limit=9, offset_date=0, offset_user=nobody
        )
        self.assertEqual((await anna.call(requests)).count, 0)
        importers = tl.messages.getChatInviteImporters(peer=peer, link=link, limit=1, offset_date=0, offset_user=nobody)
        for query in (requests, importers):
            self.assertEqual(await error_of(boris.call(query)), "CHAT_ADMIN_REQUIRED")
