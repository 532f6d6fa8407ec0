"""Wallpapers and notification sounds through the caller and the codec."""

import io
from typing import Any

from PIL import Image

from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.talk_house import BffTestCase, Device, House
from trial_tests.bff.test_files import downloaded, picture, uploaded
from trial_tests.bff.test_stickers import reference
from trial_tests.domain.saved_files.test_sounds import mp3, opus


def where(document: Any) -> Any:
    """``inputDocumentFileLocation``."""
    return tl.inputDocumentFileLocation(
        id=document.id, access_hash=document.access_hash, file_reference=document.file_reference, thumb_size=""
    )


@on_every_backend
class WallpapersTests(BffTestCase):
    """Ann makes them, Bob has their link."""

    async def setUp(self) -> None:
        self.house = House(self)
        self.ann = await self.house.sign_up("Ann")
        self.bob = await self.house.sign_up("Bob")

    async def test_pictures(self) -> None:
        """A photo loses what a camera wrote into it; whoever has the link gets it, and has it at hand as they like."""
        written = io.BytesIO()
        Image.new("RGB", (3000, 1000), "red").save(written, "JPEG", comment=b"secret place")
        settings = tl.wallPaperSettings(blur=True)
        file = await uploaded(self.ann, written.getvalue())
        upload = tl.account.uploadWallPaper(file=file, mime_type="image/jpeg", settings=settings)
        made = await self.ann.call(upload)
        self.assertEqual((made.creator, made.pattern, made.settings.blur), (True, False, True))
        link = tl.inputWallPaperSlug(slug=made.slug)
        seen = await self.bob.call(tl.account.getWallPaper(wallpaper=link))
        self.assertEqual((seen.id, seen.creator), (made.id, False))
        content = await downloaded(self.bob, where(seen.document))
        self.assertNotIn(b"secret", content)
        self.assertEqual(Image.open(io.BytesIO(content)).size, (2560, 853))
        named = tl.inputWallPaper(id=seen.id, access_hash=seen.access_hash)
        moved = tl.wallPaperSettings(motion=True)
        await self.bob.call(tl.account.installWallPaper(wallpaper=named, settings=moved))
        colours = tl.wallPaperSettings(background_color=0xFF0000, second_background_color=0xFF, rotation=45)
        no_file = tl.inputWallPaperNoFile(id=0)
        await self.bob.call(tl.account.saveWallPaper(wallpaper=no_file, unsave=False, settings=colours))
        mine = await self.bob.call(tl.account.getWallPapers(hash=0))
        self.assertEqual([one.NAME for one in mine.wallpapers], ["wallPaperNoFile", "wallPaper"])
        self.assertEqual(mine.wallpapers[0].settings.rotation, 45)
        self.assertEqual((mine.wallpapers[1].settings.blur, mine.wallpapers[1].settings.motion), (False, True))
        same = await self.bob.call(tl.account.getWallPapers(hash=mine.hash))
        self.assertEqual(same.NAME, "account.wallPapersNotModified")
        several = await self.ann.call(
            tl.account.getMultiWallPapers(wallpapers=[link, tl.inputWallPaperSlug(slug="no")])
        )
        self.assertEqual([one.id for one in several], [made.id])
        await self.bob.call(tl.account.saveWallPaper(wallpaper=named, unsave=True, settings=moved))
        self.assertEqual(len((await self.bob.call(tl.account.getWallPapers(hash=0))).wallpapers), 1)
        await self.bob.call(tl.account.resetWallPapers())
        self.assertEqual((await self.bob.call(tl.account.getWallPapers(hash=0))).wallpapers, [])

    async def test_behind_a_chat(self) -> None:
        """Ann puts one behind her chat with Bob, who is told so and may take it over; nobody else's is touched."""
        to_bob, to_ann = self.ann.peer(self.bob), self.bob.peer(self.ann)
        phone = Device(self.house, self.ann.user)
        file = await uploaded(self.ann, picture(640, 480))
        settings = tl.wallPaperSettings(blur=True)
        upload = tl.account.uploadWallPaper(for_chat=True, file=file, mime_type="image/jpeg", settings=settings)
        made = await self.ann.call(upload)
        named = tl.inputWallPaper(id=made.id, access_hash=made.access_hash)

        async def behind(device: Device, other: Device) -> Any:
            found = await self.house.domain.chat_wallpapers.behind(device.user.id, other.user.id)
            return found

        await self.ann.call(tl.messages.setChatWallPaper(peer=to_bob, wallpaper=named, settings=settings))
        told = await phone.take()
        self.assertEqual({one.NAME for one in told}, {"updatePeerWallpaper", "updateNewMessage"})
        changed = next(one for one in told if one.NAME == "updatePeerWallpaper")
        self.assertEqual((changed.wallpaper.id, changed.peer.user_id), (made.id, self.bob.user.id))
        (message,) = (await self.bob.history(to_ann)).messages
        self.assertEqual((message.action.NAME, message.action.same), ("messageActionSetChatWallPaper", False))
        self.assertTrue(await downloaded(self.bob, where(message.action.wallpaper.document)))
        self.assertIsNone(await behind(self.bob, self.ann))
        motion = tl.wallPaperSettings(motion=True)
        await self.bob.call(tl.messages.setChatWallPaper(peer=to_ann, id=message.id, settings=motion))
        self.assertTrue((await behind(self.bob, self.ann)).wallpaper.drawn_as.motion)
        newest = (await self.ann.history(to_bob)).messages[0]
        self.assertTrue(newest.action.same)
        await self.refused("MESSAGE_ID_INVALID", self.bob, tl.messages.setChatWallPaper(peer=to_ann, id=999))
        colours = tl.wallPaperSettings(background_color=7)
        no_file = tl.inputWallPaperNoFile(id=0)
        both = tl.messages.setChatWallPaper(peer=to_ann, wallpaper=no_file, settings=colours, for_both=True)
        await self.bob.call(both)
        found = await behind(self.ann, self.bob)
        self.assertEqual((found.wallpaper.drawn_as.colours, found.overridden), ((7,), True))
        await self.ann.call(tl.messages.setChatWallPaper(peer=to_bob, revert=True))
        self.assertIsNone(await behind(self.ann, self.bob))
        answer = await self.bob.call(tl.messages.setChatWallPaper(peer=to_ann))
        self.assertEqual([(one.NAME, one.wallpaper) for one in answer.updates], [("updatePeerWallpaper", None)])
        chat = await self.ann.call(tl.messages.createChat(users=[self.ann.input_user(self.bob)], title="g"))
        group = tl.inputPeerChat(chat_id=chat.updates.chats[0].id)
        query = tl.messages.setChatWallPaper(peer=group, wallpaper=no_file, settings=colours)
        await self.refused("PEER_ID_INVALID", self.ann, query)
        old = Device(self.house, self.bob.user, 160)
        self.assertTrue((await old.history(to_ann)).messages)

    async def test_refused(self) -> None:
        """Other files, other types, others' without their link."""
        settings = tl.wallPaperSettings()

        async def upload(data: bytes, mime_type: str) -> Any:
            file = await uploaded(self.ann, data, len(data))
            return tl.account.uploadWallPaper(file=file, mime_type=mime_type, settings=settings)

        made = await self.ann.call(await upload(picture(64, 64, "PNG"), "image/png"))
        self.assertTrue(made.pattern)
        for error, data, mime_type in (
            ("WALLPAPER_MIME_INVALID", picture(64, 64), "image/gif"),
            ("WALLPAPER_FILE_INVALID", picture(64, 65), "image/png"),
            ("WALLPAPER_FILE_INVALID", b"no picture", "image/jpeg"),
        ):
            await self.refused(error, self.ann, await upload(data, mime_type))
        wrong = tl.inputWallPaper(id=made.id, access_hash=made.access_hash ^ 1)
        no_file = tl.inputWallPaperNoFile(id=made.id)
        for view in (wrong, no_file, tl.inputWallPaperSlug(slug="")):
            await self.refused("WALLPAPER_INVALID", self.bob, tl.account.getWallPaper(wallpaper=view))


@on_every_backend
class RingtonesTests(BackendTestCase):
    """One person with two devices."""

    async def test_sounds(self) -> None:
        """Uploaded, saved, told to the other device, and gone again; what is no sound is refused."""
        house = House(self)
        ann = await house.sign_up("Ann")
        phone = Device(house, ann.user)

        async def upload(data: bytes, number: int) -> Any:
            file = await uploaded(ann, data, number)
            return await ann.call(
                tl.account.uploadRingtone(file=file, file_name="../ding.mp3", mime_type="application/x")
            )

        sound, other = await upload(mp3(2), 1), await upload(opus(3), 2)
        self.assertEqual((sound.mime_type, other.mime_type), ("audio/mpeg", "audio/ogg"))
        self.assertEqual(sound.attributes[0].title, "ding.mp3")
        for document in (sound, other):
            saved = await ann.call(tl.account.saveRingtone(id=reference(document), unsave=False))
            self.assertEqual(saved.NAME, "account.savedRingtone")
        self.assertEqual({update.NAME for update in await phone.take()}, {"updateSavedRingtones"})
        found = await phone.call(tl.account.getSavedRingtones(hash=0))
        self.assertEqual([one.id for one in found.ringtones], [other.id, sound.id])
        self.assertEqual(await downloaded(phone, where(found.ringtones[1])), mp3(2))
        same = await phone.call(tl.account.getSavedRingtones(hash=found.hash))
        self.assertEqual(same.NAME, "account.savedRingtonesNotModified")
        await ann.call(tl.account.saveRingtone(id=reference(sound), unsave=True))
        self.assertEqual(len((await ann.call(tl.account.getSavedRingtones(hash=0))).ringtones), 1)
        for number, data in enumerate((b"no sound at all", mp3(20), b"x" * 400_000), 10):
            with self.assertRaises(RpcError) as caught:
                await upload(data, number)
            self.assertIn(caught.exception.message, ("RINGTONE_MIME_INVALID", "RINGTONE_INVALID"))
