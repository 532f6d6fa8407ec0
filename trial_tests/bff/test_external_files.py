"""Files sent by their address in the web, which the server fetches where its operator lets it."""

import os
from typing import Any

from teamgram.domain.web_pages.external import FETCHES, MAX_PHOTO
from teamgram.domain.web_pages.settings import MAX_FETCHED
from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase
from trial_tests.bff.talk_house import House
from trial_tests.bff.test_files import downloaded, location, picture, sent
from trial_tests.domain.web_pages.fake_site import FakeSite


class ExternalFilesTests(BackendTestCase):
    """Ann, Bob and a site."""

    async def setUp(self) -> None:
        self.site = FakeSite(self)
        await self.move_in(House(self, file_fetcher=self.site.fetcher(), account_quota=30 << 20))

    async def move_in(self, house: House) -> None:
        """Ann and Bob live there."""
        self.house = house
        self.ann, self.bob = await house.sign_up("Ann"), await house.sign_up("Bob")
        self.to_bob, self.to_ann = self.ann.peer(self.bob), self.bob.peer(self.ann)

    async def refused(self, error: str, media: Any) -> None:
        """It is not sent."""
        self.house.clock.advance(1 / FETCHES.per_second)
        with self.assertRaises(RpcError) as caught:
            await sent(self.ann, self.to_bob, media)
        self.assertEqual(caught.exception.message, error)

    async def test_fetched(self) -> None:
        """A photo in its sizes, a file as it is with its name; Bob gets them from here."""
        url = self.site.page("/a.png", picture(300, 200, "PNG"), "image/png")
        message = await sent(self.ann, self.to_bob, tl.inputMediaPhotoExternal(url=url), "look")
        self.assertEqual([size.type for size in message.media.photo.sizes], ["i", "s", "m"])
        data = os.urandom(5000)
        url = self.site.page("/my%20file.zip", data, "application/zip")
        self.site.pages["/my file.zip"] = self.site.pages["/my%20file.zip"]
        await sent(self.ann, self.to_bob, tl.inputMediaDocumentExternal(url=url + "?x=1"))
        got = (await self.bob.history(self.to_ann)).messages[0].media
        self.assertEqual(await downloaded(self.bob, location(got)), data)
        [name] = got.document.attributes
        self.assertEqual((got.document.mime_type, name.file_name), ("application/zip", "my file.zip"))

    async def test_refused(self) -> None:
        """No address, a private one, nobody there, another kind, too large."""
        photo, file = tl.inputMediaPhotoExternal, tl.inputMediaDocumentExternal
        large = self.site.page("/large", bytes(MAX_PHOTO + 1), "image/jpeg")
        larger = self.site.page("/larger", bytes(MAX_FETCHED + 1), "video/mp4")
        self.site.names["inside.example"] = [["10.0.0.1"]]
        for media, error in (
            (photo(url="http://localhost/"), "EXTERNAL_URL_INVALID"),
            (file(url="ftp://site.example/"), "EXTERNAL_URL_INVALID"),
            (file(url=self.site.url("/a", "inside.example")), "WEBPAGE_CURL_FAILED"),
            (photo(url=self.site.page("/a", "text", "text/plain")), "WEBPAGE_CURL_FAILED"),
            (file(url=self.site.page("/b", "page")), "WEBPAGE_CURL_FAILED"),
            (photo(url=self.site.page("/c", "no picture", "image/png")), "PHOTO_EXT_INVALID"),
            (photo(url=large), "PHOTO_SAVE_FILE_INVALID"),
            (file(url=larger), "WEBPAGE_CURL_FAILED"),
        ):
            await self.refused(error, media)

    async def test_bounds(self) -> None:
        """So often, and so much, as an account may."""
        url = self.site.page("/a", bytes(6 << 20), "application/zip")
        for _ in range(5):
            await sent(self.ann, self.to_bob, tl.inputMediaDocumentExternal(url=url))
        await self.refused("STORAGE_QUOTA_EXCEEDED", tl.inputMediaDocumentExternal(url=url))
        gone = tl.inputMediaDocumentExternal(url=self.site.page("/b", "page"))
        for _ in range(int(FETCHES.burst)):
            with self.assertRaises(RpcError):
                await sent(self.bob, self.to_ann, gone)
        with self.assertRaises(RpcError) as caught:
            await sent(self.bob, self.to_ann, gone)
        self.assertTrue(caught.exception.message.startswith("FLOOD_WAIT_"))

    async def test_off(self) -> None:
        """As shipped: nobody is asked."""
        await self.move_in(House(self))
        url = self.site.page("/a.png", picture(300, 200, "PNG"), "image/png")
        for media in (tl.inputMediaPhotoExternal(url=url), tl.inputMediaDocumentExternal(url=url)):
            await self.refused("EXTERNAL_URL_INVALID", media)
        self.assertEqual(self.site.hits["/a.png"], 0)
