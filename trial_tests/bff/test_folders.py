"""Folders, and links by which others get one."""

from typing import Any

from teamgram.domain.folders.folder import MAX_FOLDERS
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_channels import ChannelTestCase
from trial_tests.bff.test_chats import GroupTestCase
from trial_tests.bff.test_messages import TalkTestCase, error_of


def folder(title: str, **fields: Any) -> Any:
    """``dialogFilter``."""
    lists: dict[str, Any] = {"pinned_peers": [], "include_peers": [], "exclude_peers": []}
    return tl.dialogFilter(**{"id": 2, "title": tl.textWithEntities(text=title, entities=[]), **lists, **fields})


def put(folder_id: int, written: Any) -> Any:
    """messages.updateDialogFilter."""
    return tl.messages.updateDialogFilter(id=folder_id, filter=written)


async def titles(device: Device) -> list[str]:
    """The device's folders by name, all chats as "*"."""
    listed = (await device.call(tl.messages.getDialogFilters())).filters
    return ["*" if one.NAME == "dialogFilterDefault" else one.title.text for one in listed]


@on_every_backend
class FolderTests(TalkTestCase):
    """What one puts together for oneself."""

    async def test_made_changed_and_deleted(self) -> None:
        """Every device is told of it, with who is in it named so that it can be asked for."""
        house, anna, boris, clara = await self.house()
        other = Device(house, anna.user)
        self.assertEqual(await titles(anna), ["*"])
        emoji = tl.messageEntityCustomEmoji(offset=0, length=2, document_id=77)
        written = folder(
            "🎒 School",
            contacts=True,
            exclude_read=True,
            emoticon="🎒",
            color=3,
            pinned_peers=[anna.peer(boris)],
            include_peers=[tl.inputPeerSelf()],
            exclude_peers=[anna.peer(clara)],
        )
        written.title.entities = [emoji, tl.messageEntityBold(offset=0, length=1)]
        self.assertTrue(await anna.call(put(5, written)))
        (update,) = await other.take()
        [_, kept] = (await anna.call(tl.messages.getDialogFilters())).filters
        self.assertEqual(update, tl.updateDialogFilter(id=5, filter=kept))
        self.assertEqual((kept.id, kept.title.text, kept.title.entities), (5, "🎒 School", [emoji]))
        self.assertEqual((kept.contacts, kept.exclude_read, kept.bots), (True, True, False))
        self.assertEqual((kept.emoticon, kept.color), ("🎒", 3))
        self.assertEqual(kept.pinned_peers, [anna.peer(boris)])
        self.assertEqual([peer.user_id for peer in kept.include_peers], [anna.user.id])
        self.assertEqual(kept.exclude_peers, [anna.peer(clara)])
        # As it is given it can be given back.
        await anna.call(put(5, kept))
        self.assertEqual((await anna.call(tl.messages.getDialogFilters())).filters[1], kept)
        await other.take()
        self.assertTrue(await anna.call(put(5, None)))
        self.assertEqual(await other.take(), [tl.updateDialogFilter(id=5)])
        self.assertEqual(await titles(anna), ["*"])

    async def test_order_and_tags(self) -> None:
        """All chats have a place among them; tags are shown on all devices or none."""
        house, anna, _, _ = await self.house()
        for number, name in enumerate(("a", "b", "c"), 2):
            await anna.call(put(number, folder(name, groups=True)))
        other = Device(house, anna.user)
        await anna.call(tl.messages.updateDialogFiltersOrder(order=[4, 0, 9, 2]))
        self.assertEqual(await other.take(), [tl.updateDialogFilterOrder(order=[4, 0, 2, 3])])
        self.assertEqual(await titles(other), ["c", "*", "a", "b"])
        await anna.call(tl.messages.toggleDialogFilterTags(enabled=True))
        self.assertEqual(await other.take(), [tl.updateDialogFilters()])
        self.assertTrue((await other.call(tl.messages.getDialogFilters())).tags_enabled)

    async def test_refused(self) -> None:
        """What no folder can be, by its official name."""
        _, anna, boris, _ = await self.house()
        stranger = tl.inputPeerUser(user_id=boris.user.id, access_hash=1)
        for error, query in (
            ("FILTER_ID_INVALID", put(1, folder("a", groups=True))),
            ("FILTER_ID_INVALID", put(256, None)),
            ("FILTER_ID_INVALID", put(2, tl.dialogFilterDefault())),
            ("FILTER_TITLE_EMPTY", put(2, folder(" ", groups=True))),
            ("FILTER_INCLUDE_EMPTY", put(2, folder("a"))),
            ("FILTER_INCLUDE_TOO_MUCH", put(2, folder("a", include_peers=[tl.inputPeerSelf()] * 201))),
            ("MESSAGE_TOO_LONG", put(2, folder("a" * 100, groups=True))),
            ("PEER_ID_INVALID", put(2, folder("a", include_peers=[stranger]))),
            ("PEER_ID_INVALID", put(2, folder("a", include_peers=[tl.inputPeerChat(chat_id=4711)]))),
        ):
            self.assertEqual(await error_of(anna.call(query)), error)
        for number in range(2, MAX_FOLDERS + 2):
            await anna.call(put(number, folder("a", groups=True)))
        self.assertEqual(await error_of(anna.call(put(99, folder("a", groups=True)))), "DIALOG_FILTERS_TOO_MUCH")
        await anna.call(put(2, folder("b", groups=True)))
        self.assertEqual(await anna.call(tl.messages.getSuggestedDialogFilters()), [])

    async def test_suggested(self) -> None:
        """Two that everybody can use, until one has them; as they come they can be taken."""
        _, anna, _, _ = await self.house()
        for left in (2, 1, 0):
            suggested = await anna.call(tl.messages.getSuggestedDialogFilters())
            self.assertEqual(len(suggested), left)
            if suggested:
                await anna.call(put(suggested[0].filter.id, suggested[0].filter))
        self.assertEqual(await titles(anna), ["*", "Unread", "Personal"])

    async def test_older_layers(self) -> None:
        """Names are plain text there, the list is a vector, and what they do not know is left out."""
        house, anna, boris, _ = await self.house()
        await anna.call(put(2, folder("Old", include_peers=[anna.peer(boris)], color=1)))
        for layer in (135, 145, 160, 180, 195):
            device = Device(house, anna.user, layer)
            answer = await device.call(tl.messages.getDialogFilters())
            listed = answer if isinstance(answer, list) else answer.filters
            self.assertEqual([one.title.text for one in listed if one.NAME == "dialogFilter"], ["Old"], layer)
            await device.take()
            await anna.call(put(2, folder(f"Old {layer}", include_peers=[anna.peer(boris)])))
            (update,) = await device.take()
            self.assertEqual(update.filter.title.text, f"Old {layer}")
            await device.call(put(2, update.filter))
            await anna.call(put(2, folder("Old", include_peers=[anna.peer(boris)])))


@on_every_backend
class SharedFolderTests(GroupTestCase, ChannelTestCase):
    """Links: Anna shares her groups, Clara follows."""

    async def shared(self) -> tuple[House, Device, Device, Device, list[Any], str]:
        """Two groups of Anna's (Boris is in both) in a folder, and the slug of a link to the first."""
        house, anna, boris, clara, first = await self.group()
        answer = await anna.call(tl.messages.createChat(users=[anna.input_user(boris)], title="Second"))
        groups = [tl.inputPeerChat(chat_id=number) for number in (first, answer.updates.chats[0].id)]
        await anna.call(put(7, folder("Ours", include_peers=groups)))
        made = await anna.call(self.export(groups[:1]))
        self.assertEqual((made.filter.NAME, made.filter.has_my_invites), ("dialogFilterChatlist", True))
        slug = made.invite.url.removeprefix("https://t.me/addlist/")
        return house, anna, boris, clara, groups, slug

    def export(self, peers: list[Any], title: str = "for friends") -> Any:
        return tl.chatlists.exportChatlistInvite(chatlist=self.list(7), title=title, peers=peers)

    def list(self, folder_id: int) -> Any:
        return tl.inputChatlistDialogFilter(filter_id=folder_id)

    async def test_followed(self) -> None:
        """She sees what it leads to, comes in, has the folder, and hears when there is more."""
        house, anna, boris, clara, groups, slug = await self.shared()
        seen = await clara.call(tl.chatlists.checkChatlistInvite(slug=slug))
        self.assertEqual((seen.NAME, seen.title.text), ("chatlists.chatlistInvite", "Ours"))
        self.assertEqual([peer.chat_id for peer in seen.peers], [groups[0].chat_id])
        self.assertEqual([(chat.NAME, chat.title, chat.left) for chat in seen.chats], [("chat", "The group", True)])
        second = Device(house, clara.user)
        await boris.take()
        joined = await clara.call(tl.chatlists.joinChatlistInvite(slug=slug, peers=groups))
        self.assertEqual([u.NAME for u in joined.updates], ["updateNewMessage", "updateDialogFilter"])
        self.assertEqual(joined.updates[0].message.action, tl.messageActionChatJoinedByLink(inviter_id=anna.user.id))
        self.assertEqual([u.NAME for u in await second.take()], ["updateNewMessage", "updateDialogFilter"])
        self.assertEqual((await boris.take())[-1].message.action.NAME, "messageActionChatJoinedByLink")
        [_, kept] = (await clara.call(tl.messages.getDialogFilters())).filters
        self.assertEqual(
            (kept.NAME, kept.has_my_invites, kept.include_peers), ("dialogFilterChatlist", False, groups[:1])
        )
        again = await clara.call(tl.chatlists.checkChatlistInvite(slug=slug))
        self.assertEqual(
            (again.NAME, again.filter_id, again.missing_peers), ("chatlists.chatlistInviteAlready", kept.id, [])
        )
        self.assertEqual([peer.chat_id for peer in again.already_peers], [groups[0].chat_id])
        await anna.call(tl.chatlists.editExportedInvite(chatlist=self.list(7), slug=slug, peers=groups, title="both"))
        news = await clara.call(tl.chatlists.getChatlistUpdates(chatlist=self.list(kept.id)))
        self.assertEqual([peer.chat_id for peer in news.missing_peers], [groups[1].chat_id])
        await clara.call(tl.chatlists.hideChatlistUpdates(chatlist=self.list(kept.id)))
        news = await clara.call(tl.chatlists.getChatlistUpdates(chatlist=self.list(kept.id)))
        self.assertEqual(news.missing_peers, [])
        await clara.call(tl.chatlists.joinChatlistUpdates(chatlist=self.list(kept.id), peers=groups[1:]))
        [_, kept] = (await clara.call(tl.messages.getDialogFilters())).filters
        self.assertEqual(kept.include_peers, groups)

    async def test_left(self) -> None:
        """The folder goes, and with it the groups that she chooses among those that came with it."""
        _, anna, _, clara, groups, slug = await self.shared()
        await clara.call(tl.chatlists.joinChatlistInvite(slug=slug, peers=groups))
        [_, kept] = (await clara.call(tl.messages.getDialogFilters())).filters
        leave = await clara.call(tl.chatlists.getLeaveChatlistSuggestions(chatlist=self.list(kept.id)))
        self.assertEqual([peer.chat_id for peer in leave], [groups[0].chat_id])
        left = await clara.call(tl.chatlists.leaveChatlist(chatlist=self.list(kept.id), peers=groups))
        self.assertEqual([u.NAME for u in left.updates], ["updateNewMessage", "updateDialogFilter"])
        self.assertEqual(await titles(clara), ["*"])
        self.assertEqual(await error_of(clara.send(groups[0], "x")), "CHAT_WRITE_FORBIDDEN")
        await anna.send(groups[0], "still mine")

    async def test_who_shares_what(self) -> None:
        """Only groups that one lets people into, and only from a folder of names; links are one's own."""
        _, anna, boris, clara, groups, slug = await self.shared()
        await boris.call(put(7, folder("His", include_peers=groups)))
        self.assertEqual(await error_of(boris.call(self.export(groups))), "CHAT_ADMIN_REQUIRED")
        self.assertEqual(await error_of(anna.call(self.export([]))), "PEERS_LIST_EMPTY")
        self.assertEqual(await error_of(anna.call(self.export([anna.peer(boris)]))), "PEER_ID_INVALID")
        await anna.call(put(8, folder("Kinds", groups=True)))
        kinds = tl.chatlists.exportChatlistInvite(chatlist=self.list(8), title="", peers=groups)
        self.assertEqual(await error_of(anna.call(kinds)), "FILTER_NOT_SUPPORTED")
        self.assertEqual(await error_of(anna.call(put(7, folder("Plain", groups=True)))), "FILTER_ID_INVALID")
        for device in (boris, clara):
            delete = tl.chatlists.deleteExportedInvite(chatlist=self.list(7), slug=slug)
            self.assertEqual(await error_of(device.call(delete)), "INVITE_SLUG_EXPIRED")
        listed = await anna.call(tl.chatlists.getExportedInvites(chatlist=self.list(7)))
        self.assertEqual([one.title for one in listed.invites], ["for friends"])
        await anna.call(tl.chatlists.deleteExportedInvite(chatlist=self.list(7), slug=slug))
        check = tl.chatlists.checkChatlistInvite(slug=slug)
        self.assertEqual(await error_of(clara.call(check)), "INVITE_SLUG_EXPIRED")
        self.assertEqual(await error_of(clara.call(tl.chatlists.checkChatlistInvite(slug=""))), "INVITE_SLUG_EMPTY")

    async def test_a_link_lets_in_while_its_maker_may(self) -> None:
        """Not who was put out, and nobody once its maker is no administrator; other groups are not named by it."""
        _, anna, boris, clara, groups, slug = await self.shared()
        elsewhere = tl.chatlists.joinChatlistInvite(slug=slug, peers=groups[1:])
        self.assertEqual(await error_of(clara.call(elsewhere)), "PEERS_LIST_EMPTY")
        await self.add(anna, groups[0].chat_id, clara)
        await self.remove(anna, groups[0].chat_id, clara)
        self.assertEqual((await clara.call(tl.chatlists.checkChatlistInvite(slug=slug))).peers, [])
        await clara.call(tl.chatlists.joinChatlistInvite(slug=slug, peers=groups[:1]))
        self.assertEqual(await error_of(clara.send(groups[0], "x")), "CHAT_WRITE_FORBIDDEN")
        [_, kept] = (await clara.call(tl.messages.getDialogFilters())).filters
        self.assertEqual(kept.include_peers, [])
        await anna.call(
            tl.messages.editChatAdmin(chat_id=groups[0].chat_id, user_id=anna.input_user(boris), is_admin=True)
        )
        await self.remove(boris, groups[0].chat_id, boris)
        await self.remove(anna, groups[0].chat_id, anna)
        self.assertEqual((await boris.call(tl.chatlists.checkChatlistInvite(slug=slug))).peers, [])

    async def test_channels_are_shared(self) -> None:
        """A channel and a supergroup come with the folder, and go with it; a link lets in while its maker may."""
        _, anna, boris, clara = await self.house()
        news = await self.founded(anna, "News", broadcast=True)
        talk = await self.founded(anna, "Talk")
        both = [self.peer(news), self.peer(talk)]
        await anna.call(put(7, folder("Ours", include_peers=both)))
        slug = (await anna.call(self.export(both))).invite.url.removeprefix("https://t.me/addlist/")
        seen = await clara.call(tl.chatlists.checkChatlistInvite(slug=slug))
        self.assertEqual([peer.channel_id for peer in seen.peers], [news.id, talk.id])
        shown = {(chat.NAME, chat.title, chat.left) for chat in seen.chats}
        self.assertEqual(shown, {("channel", "News", True), ("channel", "Talk", True)})
        joined = await clara.call(tl.chatlists.joinChatlistInvite(slug=slug, peers=both))
        names = [update.NAME for update in joined.updates]
        self.assertEqual(names, ["updateChannel", "updateChannel", "updateNewChannelMessage", "updateDialogFilter"])
        self.assertEqual({(chat.id, chat.left) for chat in joined.chats}, {(news.id, False), (talk.id, False)})
        await clara.send(self.peer(talk), "hello")
        self.assertEqual(await error_of(boris.send(self.peer(talk), "x")), "CHANNEL_PRIVATE")
        [_, kept] = (await clara.call(tl.messages.getDialogFilters())).filters
        self.assertEqual(kept.include_peers, both)
        leave = await clara.call(tl.chatlists.getLeaveChatlistSuggestions(chatlist=self.list(kept.id)))
        self.assertEqual([peer.channel_id for peer in leave], [news.id, talk.id])
        left = await clara.call(tl.chatlists.leaveChatlist(chatlist=self.list(kept.id), peers=both[1:]))
        self.assertEqual([update.NAME for update in left.updates], ["updateChannel", "updateDialogFilter"])
        self.assertEqual(await error_of(clara.send(self.peer(talk), "x")), "CHANNEL_PRIVATE")
        # Not somebody else's channel.
        await clara.call(put(7, folder("Hers", include_peers=[self.peer(news)])))
        self.assertEqual(await error_of(clara.call(self.export([self.peer(news)]))), "CHAT_ADMIN_REQUIRED")
