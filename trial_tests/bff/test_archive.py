"""The archive: what lies in it, what comes out of it by itself, and what goes into it."""

from typing import Any

from teamgram.domain.privacy.archiving import Archiving
from teamgram.domain.users.notifications import FOREVER
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import START, Device, House
from trial_tests.bff.test_channels import ChannelTestCase
from trial_tests.bff.test_dialogs import users_of
from trial_tests.bff.test_messages import error_of


@on_every_backend
class ArchiveTests(ChannelTestCase):
    """Anna has chats with Boris and Clara."""

    async def talked(self) -> tuple[House, Device, Device, Device]:
        house, anna, boris, clara = await self.house()
        for device in (boris, clara):
            house.clock.advance(1)
            await device.send(device.peer(anna), "hi")
        await anna.take()
        return house, anna, boris, clara

    def move(self, peer: Any, folder_id: int) -> Any:
        return tl.folders.editPeerFolders(folder_peers=[tl.inputFolderPeer(peer=peer, folder_id=folder_id)])

    async def lists(self, device: Device) -> tuple[list[int], list[int]]:
        """With whom the dialogs of both folders are."""
        main = await device.dialogs(folder_id=0)
        main.dialogs = [one for one in main.dialogs if one.NAME == "dialog"]
        return users_of(main), users_of(await device.dialogs(folder_id=1))

    async def test_moved(self) -> None:
        """It takes pts, is told to the other devices and in the difference, and unpins."""
        house, anna, boris, clara = await self.talked()
        other = Device(house, anna.user)
        pin = tl.messages.toggleDialogPin(peer=tl.inputDialogPeer(peer=anna.peer(boris)), pinned=True)
        await anna.call(pin)
        await other.take()
        before = (await anna.call(tl.updates.getState())).pts
        answer = await anna.call(self.move(anna.peer(boris), 1))
        told = [tl.folderPeer(peer=tl.peerUser(user_id=boris.user.id), folder_id=1)]
        update = tl.updateFolderPeers(folder_peers=told, pts=before + 1, pts_count=1)
        self.assertEqual(answer.updates, [update])
        self.assertEqual(await other.take(), [update])
        self.assertEqual((await anna.difference(before)).other_updates, [update])
        self.assertEqual(await self.lists(anna), ([clara.user.id], [boris.user.id]))
        self.assertEqual((await anna.call(tl.messages.getPinnedDialogs(folder_id=0))).dialogs, [])
        self.assertEqual((await anna.call(self.move(anna.peer(boris), 1))).updates, [])
        self.assertEqual(await error_of(anna.call(self.move(anna.peer(boris), 2))), "FOLDER_ID_INVALID")
        await anna.call(self.move(anna.peer(boris), 0))
        self.assertEqual(await self.lists(anna), ([clara.user.id, boris.user.id], []))

    async def test_how_it_is_found(self) -> None:
        """The main list says what is unread in it; who names no folder is given both."""
        _, anna, boris, clara = await self.talked()
        await anna.call(self.move(anna.peer(boris), 1))
        [folder, dialog] = (await anna.dialogs(folder_id=0)).dialogs
        self.assertEqual((folder.NAME, folder.folder.id, folder.peer.user_id), ("dialogFolder", 1, boris.user.id))
        self.assertEqual((folder.unread_unmuted_peers_count, folder.unread_muted_peers_count), (1, 0))
        self.assertEqual((dialog.NAME, dialog.peer.user_id, dialog.folder_id), ("dialog", clara.user.id, None))
        both = await anna.dialogs()
        self.assertEqual(users_of(both), [clara.user.id, boris.user.id])
        self.assertEqual([one.folder_id for one in both.dialogs], [None, 1])

    async def test_news_take_it_out(self) -> None:
        """Unless it is muted, or the owner wants it kept; what they send themselves does not."""
        house, anna, boris, clara = await self.talked()
        mute = {"mute_until": FOREVER}
        for kept, chosen in (
            (False, Archiving()),
            (True, Archiving(keep_unmuted=True)),
            (True, Archiving(keep_foldered=True)),
        ):
            await house.privacy.set_archiving(anna.user.id, chosen)
            if chosen.keep_foldered:
                lists: dict[str, Any] = {"pinned_peers": [], "exclude_peers": []}
                title = tl.textWithEntities(text="B", entities=[])
                folder = tl.dialogFilter(id=2, title=title, include_peers=[anna.peer(boris)], **lists)
                await anna.call(tl.messages.updateDialogFilter(id=2, filter=folder))
            for peer in (anna.peer(boris), anna.peer(clara)):
                await anna.call(self.move(peer, 1))
            await anna.send(anna.peer(boris), "mine")
            self.assertEqual(len((await self.lists(anna))[1]), 2)
            await house.domain.notifications.change(anna.user.id, str(clara.user.id), **mute)
            await anna.take()
            await boris.send(boris.peer(anna), "news")
            await clara.send(clara.peer(anna), "news")
            names = [update.NAME for update in await anna.take()]
            came_out = [] if kept else ["updateFolderPeers"]
            self.assertEqual(names, ["updateNewMessage", *came_out, "updateNewMessage"])
            archived = [clara.user.id, boris.user.id] if kept else [clara.user.id]
            self.assertEqual((await self.lists(anna))[1], archived)

    async def test_strangers_go_into_it(self) -> None:
        """Muted, where the owner wants that: not who is in the book, and not who has written before."""
        house, anna, boris, clara = await self.talked()
        await house.privacy.set_archiving(anna.user.id, Archiving(new_strangers=True))
        friend, stranger = await house.sign_up("Friend"), await house.sign_up("Stranger")
        await house.contacts.add(anna.user.id, friend.user, "Friend", "", "", START)
        for device in (boris, friend, stranger):
            await device.send(device.peer(anna), "hello")
        told = [update.NAME for update in await anna.take()]
        self.assertEqual(sorted(told)[:2], ["updateFolderPeers", "updateNewMessage"])
        self.assertIn("updateNotifySettings", told)
        main, archived = await self.lists(anna)
        self.assertEqual(
            (sorted(main), archived), (sorted([friend.user.id, boris.user.id, clara.user.id]), [stranger.user.id])
        )
        [dialog] = (await anna.dialogs(folder_id=1)).dialogs
        self.assertEqual(dialog.notify_settings.mute_until, FOREVER)
        await stranger.send(stranger.peer(anna), "hello?")
        self.assertEqual((await self.lists(anna))[1], [stranger.user.id])

    async def test_channels_too(self) -> None:
        """They lie in it like all others, and in folders by their address."""
        _, anna, boris, _ = await self.talked()
        channel = await self.founded(anna)
        await anna.call(self.move(self.peer(channel), 1))
        [one] = (await anna.dialogs(folder_id=1)).dialogs
        self.assertEqual((one.peer, one.folder_id), (tl.peerChannel(channel_id=channel.id), 1))
        first = (await anna.dialogs(folder_id=0)).dialogs[0]
        self.assertEqual((first.NAME, first.peer), ("dialogFolder", tl.peerChannel(channel_id=channel.id)))
        both = (await anna.dialogs()).dialogs
        self.assertEqual([one.folder_id for one in both if one.peer == first.peer], [1])
        lists: dict[str, Any] = {"pinned_peers": [], "exclude_peers": []}
        title = tl.textWithEntities(text="C", entities=[])
        folder = tl.dialogFilter(id=2, title=title, include_peers=[self.peer(channel)], **lists)
        await anna.call(tl.messages.updateDialogFilter(id=2, filter=folder))
        [_, kept] = (await anna.call(tl.messages.getDialogFilters())).filters
        self.assertEqual(kept.include_peers, [self.peer(channel)])
        private = tl.messages.updateDialogFilter(id=2, filter=folder)
        self.assertEqual(await error_of(boris.call(private)), "CHANNEL_PRIVATE")
