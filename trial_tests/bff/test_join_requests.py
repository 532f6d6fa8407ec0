"""Asking to be let into groups and channels through the bff's door."""

from typing import Any

from teamgram.domain.privacy.keys import ABOUT
from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_channels import ChannelTestCase
from trial_tests.bff.test_messages import error_of

_HIDE = tl.messages.hideChatJoinRequest
_HIDE_ALL = tl.messages.hideAllChatJoinRequests


class AskedTestCase(ChannelTestCase):
    """What Anna's links are asked for."""

    async def link(self, device: Device, peer: Any, **bounds: Any) -> Any:
        """A new link by which one asks."""
        return await device.call(tl.messages.exportChatInvite(peer=peer, request_needed=True, **bounds))

    async def asks(self, device: Device, invite: Any) -> None:
        """Somebody asks by it."""
        hash_ = invite.link.rpartition("+")[2]
        error = await error_of(device.call(tl.messages.importChatInvite(hash=hash_)))
        self.assertEqual(error, "INVITE_REQUEST_SENT")

    async def waiting(self, device: Device, peer: Any, **which: Any) -> Any:
        """Who waits."""
        fields = {"requested": True, "offset_date": 0, "offset_user": tl.inputUserEmpty(), "limit": 10, **which}
        return await device.call(tl.messages.getChatInviteImporters(peer=peer, **fields))

    async def waiting_ids(self, device: Device, peer: Any, **which: Any) -> list[int]:
        """Their ids."""
        return [one.user_id for one in (await self.waiting(device, peer, **which)).importers]


@on_every_backend
class ChannelRequestTests(AskedTestCase):
    """Links of channels and supergroups by which one asks."""

    async def test_asked_and_let_in(self) -> None:
        """Administrators hear who waits and see them; who is let in is told, and so are the group and its log."""
        house, anna, boris, clara = await self.house()
        channel = await self.founded(anna)
        invite = await self.link(anna, self.peer(channel), title="friends")
        self.assertTrue(invite.request_needed)
        preview = await boris.call(tl.messages.checkChatInvite(hash=invite.link.rpartition("+")[2]))
        self.assertTrue(preview.request_needed)
        await self.asks(boris, invite)
        (update,) = await anna.take()
        self.assertEqual(update.NAME, "updatePendingJoinRequests")
        self.assertEqual((update.requests_pending, update.recent_requesters), (1, [boris.user.id]))
        await self.asks(boris, invite)
        self.assertEqual(await anna.take(), [], "they wait already")
        house.clock.advance(1)
        await self.asks(clara, invite)
        self.assertEqual((await boris.dialogs()).dialogs, [])
        full = (await anna.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
        self.assertEqual((full.requests_pending, full.recent_requesters), (2, [clara.user.id, boris.user.id]))
        self.assertEqual(await self.waiting_ids(anna, self.peer(channel)), [clara.user.id, boris.user.id])
        shown = await anna.call(tl.messages.getExportedChatInvite(peer=self.peer(channel), link=invite.link))
        self.assertEqual((shown.invite.requested, shown.invite.usage), (2, None))
        await anna.take()

        answer = await anna.call(_HIDE(peer=self.peer(channel), user_id=anna.input_user(boris), approved=True))
        self.assertEqual((answer.updates[0].NAME, answer.updates[0].requests_pending), ("updatePendingJoinRequests", 1))
        new = [update for update in await anna.take() if update.NAME == "updateNewChannelMessage"]
        self.assertEqual([one.message.action.NAME for one in new], ["messageActionChatJoinedByRequest"])
        self.assertEqual(new[0].message.from_id, tl.peerUser(user_id=boris.user.id))
        self.assertIn("updateChannel", [update.NAME for update in await boris.take()])
        await boris.send(self.peer(channel), "here I am")
        self.assertEqual(await self.waiting_ids(anna, self.peer(channel)), [clara.user.id])
        came = await anna.call(
            tl.messages.getChatInviteImporters(
                peer=self.peer(channel), link=invite.link, offset_date=0, offset_user=tl.inputUserEmpty(), limit=10
            )
        )
        self.assertEqual([(one.user_id, one.approved_by) for one in came.importers], [(boris.user.id, anna.user.id)])
        log = await anna.call(
            tl.channels.getAdminLog(channel=self.address(channel), q="", max_id=0, min_id=0, limit=10)
        )
        event = log.events[0]
        self.assertEqual(event.user_id, boris.user.id)
        self.assertEqual(event.action.NAME, "channelAdminLogEventActionParticipantJoinByRequest")
        self.assertEqual((event.action.approved_by, event.action.invite.title), (anna.user.id, "friends"))

    async def test_turned_away(self) -> None:
        """Who is turned away may ask again; who waits no more cannot be decided on."""
        _, anna, boris, _ = await self.house()
        channel = await self.founded(anna, "News", broadcast=True)
        invite = await self.link(anna, self.peer(channel))
        await self.asks(boris, invite)
        away = _HIDE(peer=self.peer(channel), user_id=anna.input_user(boris))
        answer = await anna.call(away)
        self.assertEqual((answer.updates[0].requests_pending, answer.updates[0].recent_requesters), (0, []))
        self.assertEqual((await boris.dialogs()).dialogs, [])
        for approved in (False, True):
            hide = _HIDE(peer=self.peer(channel), user_id=anna.input_user(boris), approved=approved)
            self.assertEqual(await error_of(anna.call(hide)), "HIDE_REQUESTER_MISSING")
        await self.asks(boris, invite)
        self.assertEqual(await self.waiting_ids(anna, self.peer(channel)), [boris.user.id])

    async def test_who_decides(self) -> None:
        """Administrators who may bring people in, and nobody else: neither members nor other administrators."""
        _, anna, boris, clara = await self.house()
        channel = await self.founded(anna)
        invite = await self.link(anna, self.peer(channel))
        await anna.call(tl.channels.inviteToChannel(channel=self.address(channel), users=[anna.input_user(boris)]))
        await self.asks(clara, invite)
        calls = (
            _HIDE(peer=self.peer(channel), user_id=boris.input_user(clara), approved=True),
            _HIDE_ALL(peer=self.peer(channel), approved=True),
            tl.messages.getChatInviteImporters(
                peer=self.peer(channel), requested=True, offset_date=0, offset_user=tl.inputUserEmpty(), limit=10
            ),
        )
        edit = tl.channels.editAdmin
        for rights in (None, tl.chatAdminRights(ban_users=True, change_info=True)):
            if rights is not None:
                user = anna.input_user(boris)
                await anna.call(edit(channel=self.address(channel), user_id=user, admin_rights=rights, rank=""))
            for call in calls:
                self.assertEqual(await error_of(boris.call(call)), "CHAT_ADMIN_REQUIRED")
            full = (await boris.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
            self.assertEqual((full.requests_pending, full.recent_requesters), (None, None))
        for call in calls:
            self.assertEqual(await error_of(clara.call(call)), "CHANNEL_PRIVATE")
        await boris.take()
        await anna.call(_HIDE(peer=self.peer(channel), user_id=anna.input_user(clara)))
        self.assertEqual(await boris.take(), [], "it is not theirs to hear")
        await self.asks(clara, invite)
        rights = tl.chatAdminRights(invite_users=True)
        user = anna.input_user(boris)
        await anna.call(edit(channel=self.address(channel), user_id=user, admin_rights=rights, rank=""))
        await boris.call(calls[0])
        await clara.send(self.peer(channel), "let in")

    async def test_all_at_once(self) -> None:
        """All who wait, or who asked by one link; the others go on waiting."""
        house, anna, boris, clara = await self.house()
        dora = await house.sign_up("Dora")
        channel = await self.founded(anna)
        first, second = [await self.link(anna, self.peer(channel)) for _ in range(2)]
        self.assertEqual(await error_of(anna.call(_HIDE_ALL(peer=self.peer(channel)))), "HIDE_REQUESTER_MISSING")
        for device, invite in ((boris, first), (clara, second), (dora, second)):
            house.clock.advance(1)
            await self.asks(device, invite)
        self.assertEqual(await self.waiting_ids(anna, self.peer(channel), link=first.link), [boris.user.id])
        await anna.call(_HIDE_ALL(peer=self.peer(channel), approved=True, link=second.link))
        self.assertEqual(await self.waiting_ids(anna, self.peer(channel)), [boris.user.id])
        full = (await anna.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
        self.assertEqual(full.participants_count, 3)
        answer = await anna.call(_HIDE_ALL(peer=self.peer(channel)))
        self.assertEqual(answer.updates[0].requests_pending, 0)
        self.assertEqual(await error_of(boris.send(self.peer(channel), "and I?")), "CHANNEL_PRIVATE")

    async def test_listed_in_pages_and_by_name(self) -> None:
        """The latest first; by the beginning of a name, but not within one link."""
        _, anna, boris, clara = await self.house()
        channel = await self.founded(anna)
        invite = await self.link(anna, self.peer(channel))
        await self.asks(boris, invite)
        await self.asks(clara, invite)
        page = await self.waiting(anna, self.peer(channel), limit=1)
        self.assertEqual((page.count, [one.user_id for one in page.importers]), (2, [clara.user.id]))
        date, user = page.importers[0].date, anna.input_user(clara)
        page = await self.waiting(anna, self.peer(channel), limit=1, offset_date=date, offset_user=user)
        self.assertEqual((page.count, [one.user_id for one in page.importers]), (2, [boris.user.id]))
        self.assertEqual(await self.waiting_ids(anna, self.peer(channel), q="bor"), [boris.user.id])
        self.assertEqual(
            await error_of(self.waiting(anna, self.peer(channel), q="bor", link=invite.link)),
            "SEARCH_WITH_LINK_NOT_SUPPORTED",
        )

    async def test_of_themselves_they_say_what_they_let_see(self) -> None:
        """Who asks is shown with what they say of themselves, unless they keep it from who administers."""
        house, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        await house.users.update(boris.user.id, about="a baker")
        await self.asks(boris, await self.link(anna, self.peer(channel)))
        (one,) = (await self.waiting(anna, self.peer(channel))).importers
        self.assertEqual((one.requested, one.about), (True, "a baker"))
        await house.privacy.set(boris.user.id, ABOUT, [Rule(RuleKind.DISALLOW_ALL)])
        (one,) = (await self.waiting(anna, self.peer(channel))).importers
        self.assertIsNone(one.about)

    async def test_who_comes_otherwise_waits_no_more(self) -> None:
        """Brought in, put out, or in by another link: there is nothing to decide any more, and that is told."""
        house, anna, boris, clara = await self.house()
        dora = await house.sign_up("Dora")
        channel = await self.founded(anna)
        invite = await self.link(anna, self.peer(channel))
        for device in (boris, clara, dora):
            await self.asks(device, invite)
        other = await anna.call(tl.messages.exportChatInvite(peer=self.peer(channel)))
        await boris.call(tl.messages.importChatInvite(hash=other.link.rpartition("+")[2]))
        await anna.call(tl.channels.inviteToChannel(channel=self.address(channel), users=[anna.input_user(clara)]))
        banned = tl.chatBannedRights(view_messages=True, until_date=0)
        await anna.take()
        await anna.call(
            tl.channels.editBanned(channel=self.address(channel), participant=anna.peer(dora), banned_rights=banned)
        )
        pending = [update for update in await anna.take() if update.NAME == "updatePendingJoinRequests"]
        self.assertEqual([one.requests_pending for one in pending], [0])
        self.assertEqual(await self.waiting_ids(anna, self.peer(channel)), [])
        hide = _HIDE(peer=self.peer(channel), user_id=anna.input_user(boris), approved=True)
        self.assertEqual(await error_of(anna.call(hide)), "USER_ALREADY_PARTICIPANT")
        hash_ = invite.link.rpartition("+")[2]
        self.assertEqual(await error_of(dora.call(tl.messages.importChatInvite(hash=hash_))), "INVITE_HASH_EXPIRED")

    async def test_bounds_of_such_a_link(self) -> None:
        """It is for no number of uses; changed and taken back it stands in the log."""
        _, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        peer = self.peer(channel)
        self.assertEqual(await error_of(self.link(anna, peer, usage_limit=2)), "USAGE_LIMIT_INVALID")
        invite = await self.link(anna, peer)
        edit = tl.messages.editExportedChatInvite
        self.assertEqual(
            await error_of(anna.call(edit(peer=peer, link=invite.link, usage_limit=2))), "USAGE_LIMIT_INVALID"
        )
        changed = (await anna.call(edit(peer=peer, link=invite.link, request_needed=False, usage_limit=2))).invite
        self.assertEqual((changed.request_needed, changed.usage_limit), (False, 2))
        await boris.call(tl.messages.importChatInvite(hash=invite.link.rpartition("+")[2]))
        await anna.call(edit(peer=peer, link=invite.link, revoked=True))
        await anna.call(tl.messages.deleteExportedChatInvite(peer=peer, link=invite.link))
        filters = tl.channelAdminLogEventsFilter(invites=True, join=True)
        log = await anna.call(
            tl.channels.getAdminLog(
                channel=self.address(channel), q="", events_filter=filters, max_id=0, min_id=0, limit=10
            )
        )
        self.assertEqual(
            [event.action.NAME.removeprefix("channelAdminLogEventAction") for event in log.events],
            ["ExportedInviteDelete", "ExportedInviteRevoke", "ParticipantJoinByInvite", "ExportedInviteEdit"],
        )
        main = (await anna.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat.exported_invite
        self.assertEqual(
            await error_of(anna.call(edit(peer=peer, link=main.link, title="mine"))), "CHAT_INVITE_PERMANENT"
        )


@on_every_backend
class PublicRequestTests(AskedTestCase):
    """Public groups in which one asks."""

    async def test_asked_at_the_group(self) -> None:
        """Only where people could come by themselves; who joins waits, and is let in by no link."""
        _, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        toggle = tl.channels.toggleJoinRequest(channel=self.address(channel), enabled=True)
        self.assertEqual(await error_of(anna.call(toggle)), "CHAT_PUBLIC_REQUIRED")
        await anna.call(tl.channels.updateUsername(channel=self.address(channel), username="we_are_many"))
        self.assertEqual(await error_of(boris.call(toggle)), "CHAT_ADMIN_REQUIRED")
        answer = await anna.call(toggle)
        self.assertTrue(answer.chats[0].join_request)
        join = tl.channels.joinChannel(channel=self.address(channel))
        self.assertEqual(await error_of(boris.call(join)), "INVITE_REQUEST_SENT")
        self.assertEqual(await self.waiting_ids(anna, self.peer(channel)), [boris.user.id])
        await anna.call(_HIDE(peer=self.peer(channel), user_id=anna.input_user(boris), approved=True))
        await boris.send(self.peer(channel), "thank you")
        log = await anna.call(tl.channels.getAdminLog(channel=self.address(channel), q="", max_id=0, min_id=0, limit=1))
        self.assertEqual(log.events[0].action.invite, tl.chatInvitePublicJoinRequests())

    async def test_for_the_links_too(self) -> None:
        """The setting may be for the links that there are, as well."""
        _, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        await anna.call(tl.channels.updateUsername(channel=self.address(channel), username="we_are_many"))
        invite = await anna.call(tl.messages.exportChatInvite(peer=self.peer(channel)))
        toggle = tl.channels.toggleJoinRequest
        await anna.call(toggle(channel=self.address(channel), enabled=True, apply_to_invites=True))
        await self.asks(boris, invite)
        await anna.call(toggle(channel=self.address(channel), enabled=False, apply_to_invites=True))
        await boris.call(tl.messages.importChatInvite(hash=invite.link.rpartition("+")[2]))

    async def test_not_in_channels(self) -> None:
        """Into a channel one comes, or asks by a link."""
        _, anna, _, _ = await self.house()
        channel = await self.founded(anna, "News", broadcast=True)
        toggle = tl.channels.toggleJoinRequest(channel=self.address(channel), enabled=True)
        self.assertEqual(await error_of(anna.call(toggle)), "MEGAGROUP_ID_INVALID")


@on_every_backend
class GroupRequestTests(AskedTestCase):
    """Links of basic groups by which one asks."""

    async def test_asked_and_let_in(self) -> None:
        """All its administrators hear of it and decide; members neither. Who comes in is told like the others."""
        house, anna, boris, clara = await self.house()
        dora = await house.sign_up("Dora")
        created = await anna.call(tl.messages.createChat(users=[anna.input_user(boris)], title="We"))
        chat_id = created.updates.chats[0].id
        peer = tl.inputPeerChat(chat_id=chat_id)
        invite = await self.link(anna, peer)
        await boris.take()
        await self.asks(clara, invite)
        self.assertEqual([update.NAME for update in await anna.take()], ["updatePendingJoinRequests"])
        self.assertEqual(await boris.take(), [])
        hide = _HIDE(peer=peer, user_id=boris.input_user(clara), approved=True)
        self.assertEqual(await error_of(boris.call(hide)), "CHAT_ADMIN_REQUIRED")
        self.assertEqual(await error_of(dora.call(hide)), "PEER_ID_INVALID")
        self.assertEqual(await error_of(self.waiting(boris, peer)), "CHAT_ADMIN_REQUIRED")
        full = (await anna.call(tl.messages.getFullChat(chat_id=chat_id))).full_chat
        self.assertEqual((full.requests_pending, full.recent_requesters), (1, [clara.user.id]))
        full = (await boris.call(tl.messages.getFullChat(chat_id=chat_id))).full_chat
        self.assertIsNone(full.requests_pending)
        await anna.call(tl.messages.editChatAdmin(chat_id=chat_id, user_id=anna.input_user(boris), is_admin=True))
        await boris.call(hide)
        told = [update for update in await clara.take() if update.NAME == "updateNewMessage"]
        self.assertEqual([one.message.action.NAME for one in told], ["messageActionChatJoinedByRequest"])
        full = (await anna.call(tl.messages.getFullChat(chat_id=chat_id))).full_chat
        self.assertIsNone(full.requests_pending)
        members = {one.user_id: one for one in full.participants.participants}
        self.assertEqual(members[clara.user.id].inviter_id, boris.user.id)
        await self.asks(dora, invite)
        migrated = await anna.call(tl.messages.migrateChat(chat_id=chat_id))
        channel = next(chat for chat in migrated.chats if chat.NAME == "channel")
        self.assertEqual(await self.waiting_ids(anna, self.peer(channel)), [dora.user.id])


@on_every_backend
class BotRequestTests(AskedTestCase):
    """Bots that look after who comes in."""

    async def test_told_and_decides(self) -> None:
        """A bot with the right hears who asks and by which link, and lets them in."""
        house, anna, boris, _ = await self.house()
        bot = await house.sign_up("Doorman", is_bot=True)
        channel = await self.founded(anna)
        rights = tl.chatAdminRights(invite_users=True)
        edit = tl.channels.editAdmin
        await anna.call(edit(channel=self.address(channel), user_id=anna.input_user(bot), admin_rights=rights, rank=""))
        invite = await self.link(anna, self.peer(channel), title="door")
        await bot.take()
        await self.asks(boris, invite)
        (asked,) = [update for update in await bot.take() if update.NAME == "updateBotChatInviteRequester"]
        self.assertEqual(asked.peer, tl.peerChannel(channel_id=channel.id))
        self.assertEqual((asked.user_id, asked.invite.link, asked.invite.title), (boris.user.id, invite.link, "door"))
        await bot.call(_HIDE(peer=self.peer(channel), user_id=bot.input_user(boris), approved=True))
        await boris.send(self.peer(channel), "in")
