"""Pages under messages, through the caller and the codec."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.domain.web_pages.previews import FRESH, KEEP
from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_files import downloaded, picture
from trial_tests.domain.web_pages.fake_site import FakeSite, pause

ABOUT = '<meta property="og:title" content="{}"><meta property="og:image" content="/a.jpg">'


@on_every_backend
class WebPagesTests(BackendTestCase):
    """Ann sends links, Bob sees where they lead."""

    async def setUp(self) -> None:
        self.site = FakeSite(self)
        self.house = House(self, fetcher=self.site.fetcher())
        # Before the database closes.
        self.addCleanup(lambda: Deferred.fromCoroutine(self.house.domain.previews.stop()))
        self.ann = await self.house.sign_up("Ann")
        self.bob = await self.house.sign_up("Bob")
        self.to_bob, self.to_ann = self.ann.peer(self.bob), self.bob.peer(self.ann)
        self.url = self.site.page("/page", ABOUT.format("A page"))
        self.site.page("/a.jpg", picture(600, 300), "image/jpeg")

    async def came(self, device: Device) -> Any:
        """The page that is pushed to a device."""
        for _ in range(400):
            for update in await device.take():
                if update.NAME == "updateWebPage":
                    return update
            await pause(0.01)
        self.fail("no page came")

    async def newest(self, device: Device, peer: Any) -> Any:
        """The newest message that a device sees."""
        return (await device.history(peer)).messages[0]

    async def test_comes_after_the_message(self) -> None:
        """The message leaves at once with a page to come; then the page is told, and lies in the message."""
        answer = await self.ann.send(self.to_bob, f"look: {self.url}")
        (message,) = [update.message for update in answer.updates if update.NAME == "updateNewMessage"]
        self.assertEqual(message.media.webpage.NAME, "webPagePending")
        update = await self.came(self.bob)
        page = update.webpage
        self.assertEqual((page.id, page.title, page.url), (message.media.webpage.id, "A page", self.url))
        state = await self.bob.call(tl.updates.getState())
        self.assertEqual((update.pts, update.pts_count), (state.pts, 0))
        await self.came(self.ann)
        seen = (await self.newest(self.bob, self.to_ann)).media
        self.assertEqual((seen.NAME, seen.webpage.title, seen.safe), ("messageMediaWebPage", "A page", True))
        photo = seen.webpage.photo
        where = tl.inputPhotoFileLocation(
            id=photo.id, access_hash=photo.access_hash, file_reference=photo.file_reference, thumb_size="x"
        )
        self.assertTrue((await downloaded(self.bob, where)).startswith(b"\xff\xd8"))
        where.file_reference = page.photo.file_reference
        self.assertTrue((await downloaded(self.bob, where)).startswith(b"\xff\xd8"))
        where.file_reference = photo.file_reference
        eve = await self.house.sign_up("Eve")
        with self.assertRaises(RpcError):
            await downloaded(eve, where)
        # Known now: it is there at once, and nobody is asked again.
        answer = await self.ann.send(self.to_bob, self.url)
        (message,) = [update.message for update in answer.updates if update.NAME == "updateNewMessage"]
        self.assertEqual((message.media.webpage.title, self.site.hits["/page"]), ("A page", 1))

    async def test_none(self) -> None:
        """Not where the sender wants none, and no page where there is nothing; what was to come goes again."""
        await self.ann.send(self.to_bob, self.url, no_webpage=True)
        self.assertIsNone((await self.newest(self.bob, self.to_ann)).media)
        await self.ann.send(self.to_bob, self.site.page("/empty", "<p>nothing"))
        self.assertEqual((await self.came(self.bob)).webpage.NAME, "webPageEmpty")
        self.assertIsNone((await self.newest(self.bob, self.to_ann)).media)
        self.assertEqual(self.site.hits["/page"], 0)

    async def test_edited_and_sent_on(self) -> None:
        """A link that is written into a message brings its page, which goes along when that is sent on."""
        await self.ann.send(self.to_bob, "no link yet")
        sent = await self.newest(self.ann, self.to_bob)
        edit = tl.messages.editMessage(peer=self.to_bob, id=sent.id, message=f"a link: {self.url}")
        await self.ann.call(edit)
        await self.came(self.bob)
        self.assertEqual((await self.newest(self.bob, self.to_ann)).media.webpage.title, "A page")
        forward = tl.messages.forwardMessages(
            from_peer=self.to_bob, to_peer=tl.inputPeerSelf(), id=[sent.id], random_id=[77]
        )
        await self.ann.call(forward)
        self.assertEqual((await self.newest(self.ann, tl.inputPeerSelf())).media.webpage.title, "A page")
        await self.ann.call(tl.messages.editMessage(peer=self.to_bob, id=sent.id, message=self.url, no_webpage=True))
        self.assertIsNone((await self.newest(self.bob, self.to_ann)).media)

    async def test_chosen(self) -> None:
        """The sender says which page, and how large; one that insists is told when there is none."""
        media = tl.inputMediaWebPage(url=self.url, force_large_media=True)
        send = tl.messages.sendMedia(peer=self.to_bob, media=media, message="words", random_id=5)
        await self.ann.call(send)
        seen = await self.newest(self.bob, self.to_ann)
        self.assertEqual((seen.message, seen.media.webpage.title), ("words", "A page"))
        self.assertEqual((seen.media.force_large_media, seen.media.manual), (True, True))
        self.site.page("/empty", "")
        for url in (self.site.url("/empty"), "http://localhost/", "no address"):
            media = tl.inputMediaWebPage(url=url)
            send = tl.messages.sendMedia(peer=self.to_bob, media=media, message="words", random_id=6)
            with self.assertRaises(RpcError) as caught:
                await self.ann.call(send)
            self.assertEqual(caught.exception.message, "WEBPAGE_MEDIA_EMPTY")
        sent = (await self.newest(self.ann, self.to_bob)).id
        small = tl.inputMediaWebPage(url=self.url, force_small_media=True)
        await self.ann.call(tl.messages.editMessage(peer=self.to_bob, id=sent, message="words", media=small))
        self.assertTrue((await self.newest(self.bob, self.to_ann)).media.force_small_media)
        media = tl.inputMediaWebPage(url="no address", optional=True)
        await self.ann.call(tl.messages.sendMedia(peer=self.to_bob, media=media, message="words only", random_id=7))
        self.assertIsNone((await self.newest(self.bob, self.to_ann)).media)

    async def test_asked_for(self) -> None:
        """While one writes, and for reading; a link to a picture is one."""
        shown = await self.ann.call(tl.messages.getWebPagePreview(message=f"see {self.url}"))
        self.assertEqual(shown.media.webpage.title, "A page")
        page = await self.ann.call(tl.messages.getWebPage(url=self.url, hash=0))
        self.assertEqual(page.webpage.title, "A page")
        same = await self.ann.call(tl.messages.getWebPage(url=self.url, hash=page.webpage.hash))
        self.assertEqual(same.webpage.NAME, "webPageNotModified")
        old = Device(self.house, self.ann.user, 160)
        self.assertEqual((await old.call(tl.messages.getWebPage(url=self.url, hash=0))).title, "A page")
        image = await self.ann.call(tl.messages.getWebPagePreview(message=self.site.url("/a.jpg")))
        self.assertEqual((image.media.webpage.type, image.media.webpage.photo.NAME), ("photo", "photo"))
        for text in ("no link", "http://localhost/"):
            none = await self.ann.call(tl.messages.getWebPagePreview(message=text))
            self.assertEqual(none.media.NAME, "messageMediaEmpty")
        with self.assertRaises(RpcError) as caught:
            await self.ann.call(tl.messages.getWebPage(url="file:///etc/passwd", hash=0))
        self.assertEqual(caught.exception.message, "WC_CONVERT_URL_INVALID")

    async def test_while_writing(self) -> None:
        """Who writes does not wait for a slow page, and is told when it comes."""
        url = self.site.url("/slow")
        asking = Deferred.fromCoroutine(self.ann.call(tl.messages.getWebPagePreview(message=url)))
        while not self.site.waiting["/slow"]:
            await pause(0.01)
        self.house.clock.advance(3)
        self.assertEqual((await asking).media.webpage.NAME, "webPagePending")
        self.site.page("/slow", "<title>Slow</title>")
        self.site.answer("/slow")
        self.assertEqual((await self.came(self.ann)).webpage.title, "Slow")

    async def test_not_in_a_group_that_forbids_it(self) -> None:
        """There the text goes, and no page under it."""
        chat = await self.ann.call(tl.messages.createChat(users=[self.ann.input_user(self.bob)], title="g"))
        chat_id = chat.updates.chats[0].id
        group = tl.inputPeerChat(chat_id=chat_id)
        rights = tl.chatBannedRights(embed_links=True, until_date=0)
        await self.ann.call(tl.messages.editChatDefaultBannedRights(peer=group, banned_rights=rights))
        await self.bob.send(group, self.url)
        self.assertIsNone((await self.newest(self.ann, group)).media)
        await self.ann.send(group, self.url)
        self.assertIsNotNone((await self.newest(self.bob, group)).media)

    async def test_after_a_restart(self) -> None:
        """What messages waited for when the process ended is fetched by the next."""
        never = self.site.url("/later")
        await self.ann.send(self.to_bob, never)
        await self.house.domain.previews.stop()
        self.site.page("/later", "<title>Later</title>")
        house = House(self, fetcher=self.site.fetcher())
        self.addCleanup(lambda: Deferred.fromCoroutine(house.domain.previews.stop()))
        bob = Device(house, self.bob.user)
        house.domain.previews.start()
        self.assertEqual((await self.came(bob)).webpage.title, "Later")
        (message,) = (await bob.history(self.to_ann)).messages
        self.assertEqual(message.media.webpage.title, "Later")

    async def test_forgotten(self) -> None:
        """A page that nobody asks for goes after a week; the message keeps what it shows."""
        await self.ann.send(self.to_bob, self.url)
        await self.came(self.bob)
        previews = self.house.domain.previews
        self.assertEqual(await previews.sweep(), 0)
        self.house.clock.advance(KEEP + 1)
        self.assertEqual((await previews.sweep(), await previews.sweep()), (1, 0))
        self.assertEqual((await self.newest(self.bob, self.to_ann)).media.webpage.title, "A page")
        await self.ann.send(self.to_bob, self.url)
        await self.came(self.bob)
        self.assertEqual(self.site.hits["/page"], 2)

    async def test_a_message_that_was_refused(self) -> None:
        """Nothing is fetched for it, and nothing of its link stays."""
        chat = await self.bob.call(tl.messages.createChat(users=[self.bob.input_user(self.ann)], title="g"))
        group = tl.inputPeerChat(chat_id=chat.updates.chats[0].id)
        rights = tl.chatBannedRights(send_messages=True, until_date=0)
        await self.bob.call(tl.messages.editChatDefaultBannedRights(peer=group, banned_rights=rights))
        with self.assertRaises(RpcError):
            await self.ann.send(group, self.url)
        self.assertEqual(self.site.hits["/page"], 0)
        previews = self.house.domain.previews
        self.assertEqual(await previews.sweep(), 0)
        self.house.clock.advance(FRESH + 1)
        self.assertEqual((await previews.sweep(), await previews.sweep()), (1, 0))

    async def test_off(self) -> None:
        """A server that fetches nothing shows nothing."""
        house = House(self)
        ann = Device(house, self.ann.user)
        await ann.send(self.to_bob, self.url)
        self.assertIsNone((await self.newest(ann, self.to_bob)).media)
        none = await ann.call(tl.messages.getWebPagePreview(message=self.url))
        self.assertEqual(none.media.NAME, "messageMediaEmpty")
        self.assertEqual(self.site.hits["/page"], 0)
