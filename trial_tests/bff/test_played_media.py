"""Media that is played, and media that ends by itself, through the caller and the codec."""

import os
from typing import Any

from teamgram.domain.boxes.media import VIEW_ONCE
from teamgram.domain.messages.ending import LOADING, EndingMedia
from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import BffTestCase, Device, House
from trial_tests.bff.test_files import document, downloaded, location, picture, sent, uploaded

VOICE = [tl.documentAttributeAudio(voice=True, duration=3, waveform=b"wave")]
ROUND = [tl.documentAttributeVideo(round_message=True, duration=3.0, w=100, h=100)]
VIDEO = [tl.documentAttributeVideo(duration=3.0, w=100, h=100)]


class PlayedTestCase(BffTestCase):
    """Ann and Bob."""

    async def setUp(self) -> None:
        self.house = House(self)
        self.ann = await self.house.sign_up("Ann")
        self.bob = await self.house.sign_up("Bob")
        self.to_bob, self.to_ann = self.ann.peer(self.bob), self.bob.peer(self.ann)
        self.files = 0

    async def media(self, device: Device, attributes: list[Any], **fields: Any) -> Any:
        """``inputMediaUploadedDocument`` of a little noise."""
        self.files += 1
        return await document(device, os.urandom(100), self.files, attributes=attributes, **fields)

    async def newest(self, device: Device, peer: Any) -> Any:
        """The newest message of a dialog."""
        return (await device.history(peer)).messages[0]


@on_every_backend
class PlayedTests(PlayedTestCase):
    """Voice and round videos."""

    async def test_heard(self) -> None:
        """Unread on both sides until the other one has heard it; both devices are told, and once."""
        phone = Device(self.house, self.bob.user)
        for attributes in (VOICE, ROUND):
            message = await sent(self.ann, self.to_bob, await self.media(self.ann, attributes))
            self.assertTrue(message.media_unread)
            got = await self.newest(self.bob, self.to_ann)
            self.assertTrue(got.media_unread)
            for device in (self.ann, self.bob, phone):
                await device.take()
            # One's own words need no hearing.
            await self.ann.call(tl.messages.readMessageContents(id=[message.id]))
            self.assertEqual(await self.bob.take(), [])
            answer = await self.bob.call(tl.messages.readMessageContents(id=[got.id]))
            self.assertEqual(answer.pts_count, 1)
            (heard,) = await self.ann.take()
            self.assertEqual((heard.NAME, heard.messages), ("updateReadMessagesContents", [message.id]))
            (other,) = await phone.take()
            self.assertEqual((other.NAME, other.messages), ("updateReadMessagesContents", [got.id]))
            for device, peer in ((self.ann, self.to_bob), (self.bob, self.to_ann)):
                self.assertFalse((await self.newest(device, peer)).media_unread)
            await self.bob.call(tl.messages.readMessageContents(id=[got.id]))
            self.assertEqual(await self.ann.take(), [])

    async def test_what_is_not_played(self) -> None:
        """Pictures, videos and files, and what one keeps for oneself, are not waiting to be heard."""
        for attributes in ([], VIDEO):
            self.assertFalse((await sent(self.ann, self.to_bob, await self.media(self.ann, attributes))).media_unread)
        to_self = self.ann.peer(self.ann)
        self.assertFalse((await sent(self.ann, to_self, await self.media(self.ann, VOICE))).media_unread)

    async def test_across_a_block(self) -> None:
        """Who has blocked the sender hears it without their knowing; who is blocked seems not to be heard."""
        message = await sent(self.ann, self.to_bob, await self.media(self.ann, VOICE))
        got = await self.newest(self.bob, self.to_ann)
        await self.house.contacts.block(self.bob.user.id, self.ann.user.id, 1)
        await self.ann.take()
        await self.bob.call(tl.messages.readMessageContents(id=[got.id]))
        self.assertEqual(await self.ann.take(), [])
        self.assertTrue((await self.newest(self.ann, self.to_bob)).media_unread)
        self.assertTrue((await sent(self.ann, self.to_bob, await self.media(self.ann, VOICE))).media_unread)
        self.assertEqual(message.id + 1, (await self.newest(self.ann, self.to_bob)).id)

    async def test_in_a_group(self) -> None:
        """The first who hears it takes the sender's mark off; the others have it still to hear."""
        eve = await self.house.sign_up("Eve")
        users = [self.ann.input_user(self.bob), self.ann.input_user(eve)]
        made = await self.ann.call(tl.messages.createChat(users=users, title="Group"))
        peer = tl.inputPeerChat(chat_id=made.updates.chats[0].id)
        message = await sent(self.ann, peer, await self.media(self.ann, VOICE))
        got = await self.newest(self.bob, peer)
        await self.ann.take()
        await self.bob.call(tl.messages.readMessageContents(id=[got.id]))
        self.assertEqual([update.messages for update in await self.ann.take()], [[message.id]])
        self.assertTrue((await self.newest(eve, peer)).media_unread)
        self.assertFalse((await self.newest(self.ann, peer)).media_unread)

    async def test_who_wants_no_voice(self) -> None:
        """Neither sent nor forwarded; text and other files come all the same."""
        message = await sent(self.ann, self.to_bob, await self.media(self.ann, VOICE))
        await self.house.privacy.set(self.bob.user.id, "VoiceMessages", [Rule(RuleKind.DISALLOW_ALL)])
        for attributes in (VOICE, ROUND):
            query = tl.messages.sendMedia(
                peer=self.to_bob, media=await self.media(self.ann, attributes), message="", random_id=self.files
            )
            await self.refused("VOICE_MESSAGES_FORBIDDEN", self.ann, query)
        forward = tl.messages.forwardMessages(
            from_peer=self.to_bob, to_peer=self.to_bob, id=[message.id], random_id=[77]
        )
        await self.refused("VOICE_MESSAGES_FORBIDDEN", self.ann, forward)
        await sent(self.ann, self.to_bob, await self.media(self.ann, []))


@on_every_backend
class EndingTests(PlayedTestCase):
    """Media that ends by itself."""

    async def setUp(self) -> None:
        await super().setUp()
        self.ending = self.open_ending()

    def open_ending(self) -> EndingMedia:
        """What ends it, as a server starts it."""
        ending = EndingMedia(self.house.database, self.house.fanout, self.house.clock)
        ending.start()
        self.addCleanup(ending.stop)
        return ending

    async def photo(self, ttl: int, caption: str = "look") -> Any:
        """A photo of Ann's that Bob has, as Ann sees it."""
        self.files += 1
        file = await uploaded(self.ann, picture(200, 200), self.files)
        media = tl.inputMediaUploadedPhoto(file=file, ttl_seconds=ttl)
        return await sent(self.ann, self.to_bob, media, caption)

    async def pass_time(self, seconds: float) -> None:
        """And let what is due by then end."""
        self.house.clock.advance(seconds)
        await self.ending.settled()

    async def open(self) -> Any:
        """Bob opens the newest; his message."""
        got = await self.newest(self.bob, self.to_ann)
        await self.bob.call(tl.messages.readMessageContents(id=[got.id]))
        return got

    async def test_ends_for_both(self) -> None:
        """Not before it is opened; then at its time it is gone from both sides, and no reference gives it."""
        for ttl, lives in ((60, 60), (5, LOADING), (VIEW_ONCE, LOADING)):
            message = await self.photo(ttl)
            self.assertEqual((message.media.ttl_seconds, message.media_unread), (ttl, True))
            await self.pass_time(1000)
            got = await self.open()
            await self.pass_time(lives - 1)
            await downloaded(self.bob, location(got.media, "m"), 4096)
            for device in (self.ann, self.bob):
                await device.take()
            await self.pass_time(1)
            for device, peer, old in ((self.ann, self.to_bob, message), (self.bob, self.to_ann, got)):
                (update,) = await device.take()
                self.assertEqual((update.NAME, update.message.id), ("updateEditMessage", old.id))
                left = await self.newest(device, peer)
                self.assertEqual(update.message, left)
                self.assertEqual((left.message, left.media.photo, left.media.ttl_seconds), ("", None, ttl))
                where = location(old.media, "m")
                await self.refused(
                    "FILE_REFERENCE_EXPIRED", device, tl.upload.getFile(location=where, offset=0, limit=4096)
                )

    async def test_after_a_restart(self) -> None:
        """Also what came due while nobody was there to end it."""
        for lives in (LOADING + 100, LOADING - 10):
            await self.photo(VIEW_ONCE)
            await self.open()
            await self.ending.stop()
            self.house.clock.advance(lives)
            self.ending = self.open_ending()
            await self.pass_time(0)
            media = (await self.newest(self.bob, self.to_ann)).media
            self.assertEqual(media.photo is None, lives > LOADING)
        await self.pass_time(10)
        self.assertIsNone((await self.newest(self.bob, self.to_ann)).media.photo)

    async def test_what_it_was(self) -> None:
        """A voice note, a round video, a video: what is left says which."""
        for attributes, flags in (
            (VOICE, (False, False, True)),
            (ROUND, (True, True, False)),
            (VIDEO, (True, False, False)),
        ):
            await sent(self.ann, self.to_bob, await self.media(self.ann, attributes, ttl_seconds=VIEW_ONCE))
            await self.open()
            await self.pass_time(LOADING)
            media = (await self.newest(self.ann, self.to_bob)).media
            self.assertEqual(media.NAME, "messageMediaDocument")
            self.assertEqual((media.video, media.round, media.voice), flags)
            self.assertIsNone(media.document)

    async def test_old_layers(self) -> None:
        """What is over is shown as that in the oldest layer, too, and a live location as one."""
        old = await self.house.sign_up("Old", layer=135)
        await sent(self.ann, self.ann.peer(old), await self.media(self.ann, VOICE, ttl_seconds=VIEW_ONCE))
        peer = old.peer(self.ann)
        got = await self.newest(old, peer)
        await old.call(tl.messages.readMessageContents(id=[got.id]))
        await self.pass_time(LOADING)
        left = (await self.newest(old, peer)).media
        self.assertEqual((left.NAME, left.document, left.ttl_seconds), ("messageMediaDocument", None, VIEW_ONCE))
        live = tl.inputMediaGeoLive(geo_point=tl.inputGeoPoint(lat=1.0, long=2.0), period=60)
        message = await sent(old, peer, live)
        live.geo_point.lat = 3.0
        await old.call(tl.messages.editMessage(peer=peer, id=message.id, media=live))
        self.assertEqual((await self.newest(old, peer)).media.geo.lat, 3.0)

    async def test_deleted_before(self) -> None:
        """Nothing is left to end."""
        message = await self.photo(VIEW_ONCE)
        await self.open()
        await self.ann.call(tl.messages.deleteMessages(id=[message.id], revoke=True))
        await self.pass_time(LOADING)
        self.assertEqual((await self.bob.history(self.to_ann)).messages, [])

    async def test_stays_where_it_is(self) -> None:
        """It is neither forwarded nor sent on by its id nor changed."""
        message = await self.photo(30)
        got = await self.newest(self.bob, self.to_ann)
        forward = tl.messages.forwardMessages(
            from_peer=self.to_ann, to_peer=self.bob.peer(self.bob), id=[got.id], random_id=[9]
        )
        await self.refused("CHAT_FORWARDS_RESTRICTED", self.bob, forward)
        photo = got.media.photo
        named = tl.inputPhoto(id=photo.id, access_hash=photo.access_hash, file_reference=photo.file_reference)
        again = tl.messages.sendMedia(
            peer=self.bob.peer(self.bob), media=tl.inputMediaPhoto(id=named), message="", random_id=10
        )
        await self.refused("CHAT_FORWARDS_RESTRICTED", self.bob, again)
        edit = tl.messages.editMessage(peer=self.to_bob, id=message.id, message="other")
        await self.refused("MEDIA_PREV_INVALID", self.ann, edit)

    async def test_refused(self) -> None:
        """Not for oneself, in groups, for bots; not for plain files; not for longer; not in albums."""
        bot = await self.house.sign_up("Bot", is_bot=True)
        made = await self.ann.call(tl.messages.createChat(users=[self.ann.input_user(self.bob)], title="Group"))
        group = tl.inputPeerChat(chat_id=made.updates.chats[0].id)
        for peer, attributes, ttl in (
            (self.ann.peer(self.ann), VOICE, 5),
            (group, VOICE, 5),
            (self.ann.peer(bot), VOICE, 5),
            (self.to_bob, [], 5),
            (self.to_bob, VOICE, 61),
            (self.to_bob, VOICE, -1),
        ):
            media = await self.media(self.ann, attributes, ttl_seconds=ttl)
            query = tl.messages.sendMedia(peer=peer, media=media, message="", random_id=self.files)
            await self.refused("TTL_MEDIA_INVALID", self.ann, query)
        singles = []
        for number in (1, 2):
            file = await uploaded(self.ann, picture(50, 50), 50 + number)
            media = tl.inputMediaUploadedPhoto(file=file, ttl_seconds=5)
            singles.append(tl.inputSingleMedia(media=media, random_id=60 + number, message=""))
        album = tl.messages.sendMultiMedia(peer=self.to_bob, multi_media=singles)
        await self.refused("TTL_MEDIA_INVALID", self.ann, album)
