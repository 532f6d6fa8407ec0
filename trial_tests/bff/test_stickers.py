"""Sticker sets through the caller and the codec: made, looked at, installed and sent."""

import io
import os
import struct
import zlib
from typing import Any

from PIL import Image

from teamgram.domain.files.animations import read_tgs
from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import BffTestCase, Device, House
from trial_tests.bff.test_files import downloaded, input_document, location, sent, uploaded
from trial_tests.domain.files.test_animations import tgs, webm


def still(w: int = 512, h: int = 300, kind: str = "WEBP") -> bytes:
    """A still sticker of noise."""
    written = io.BytesIO()
    Image.frombytes("RGB", (w, h), os.urandom(w * h * 3)).resize((w, h)).save(written, kind, quality=10)
    return written.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 900 million pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 6, 0, 0, 0)
    parts = (head, b"IDAT" + zlib.compress(bytes(1000)), b"IEND")
    chunks = (struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


async def uploaded_document(device: Device, data: bytes, mime_type: str = "image/webp", file_id: int = 1) -> Any:
    """``InputDocument`` of what a device uploads to make a sticker of."""
    file = await uploaded(device, data, file_id)
    media = tl.inputMediaUploadedDocument(file=file, mime_type=mime_type, attributes=[])
    answer = await device.call(tl.messages.uploadMedia(peer=tl.inputPeerSelf(), media=media))
    return input_document(answer).id


async def item(device: Device, data: bytes, emoji: str = "😀", mime_type: str = "image/webp", **fields: Any) -> Any:
    """``inputStickerSetItem`` of bytes."""
    document = await uploaded_document(device, data, mime_type, int.from_bytes(os.urandom(6)))
    return tl.inputStickerSetItem(document=document, emoji=emoji, **fields)


def reference(document: Any) -> Any:
    """``inputDocument`` of a document that was told."""
    return tl.inputDocument(id=document.id, access_hash=document.access_hash, file_reference=document.file_reference)


def alt(document: Any) -> str:
    """The emoji that a sticker stands for."""
    return next(str(one.alt) for one in document.attributes if one.NAME == "documentAttributeSticker")


def file_name(document: Any) -> str:
    """What a sticker's file is called."""
    return next(str(one.file_name) for one in document.attributes if one.NAME == "documentAttributeFilename")


def input_set(set_: Any) -> Any:
    """``inputStickerSetID``."""
    return tl.inputStickerSetID(id=set_.id, access_hash=set_.access_hash)


@on_every_backend
class StickersTests(BffTestCase):
    """Ann makes a set, Bob uses it."""

    async def setUp(self) -> None:
        self.house = House(self)
        self.ann = await self.house.sign_up("Ann")
        self.bob = await self.house.sign_up("Bob")
        self.phone = Device(self.house, self.bob.user)

    async def create(self, *items: Any, short_name: str = "cats", title: str = "Nice cats", **fields: Any) -> Any:
        """``messages.stickerSet`` of a new set of Ann's."""
        query = tl.stickers.createStickerSet(
            user_id=tl.inputUserSelf(), title=title, short_name=short_name, stickers=list(items), **fields
        )
        return await self.ann.call(query)

    async def test_the_whole_road(self) -> None:
        """A WebP becomes a set; whoever knows its name installs it and sends of it, and others find it by that."""
        picture = still()
        made = await self.create(await item(self.ann, picture, "😀🎉", keywords="cat, Funny"))
        self.assertEqual((made.set.count, made.set.creator, made.set.title), (1, True, "Nice cats"))
        named = tl.inputStickerSetShortName(short_name="CATS")
        seen = await self.bob.call(tl.messages.getStickerSet(stickerset=named, hash=0))
        self.assertEqual((seen.set.id, seen.set.creator, seen.set.installed_date), (made.set.id, False, None))
        self.assertEqual([pack.emoticon for pack in seen.packs], ["😀", "🎉"])
        self.assertEqual(seen.keywords[0].keyword, ["cat", "funny"])
        (document,) = seen.documents
        kinds = {attribute.NAME: attribute for attribute in document.attributes}
        size, said = kinds["documentAttributeImageSize"], kinds["documentAttributeSticker"]
        self.assertEqual((size.w, size.h, said.alt, said.stickerset.id), (512, 300, "😀", made.set.id))
        self.assertEqual(document.thumbs[0].w, 128)
        where = tl.inputDocumentFileLocation(
            id=document.id, access_hash=document.access_hash, file_reference=document.file_reference, thumb_size=""
        )
        self.assertEqual(await downloaded(self.bob, where), picture)
        where.thumb_size = "m"
        small = await self.bob.call(tl.upload.getFile(location=where, offset=0, limit=1 << 20))
        self.assertEqual((small.type.NAME, Image.open(io.BytesIO(small.bytes)).format), ("storage.fileWebp", "WEBP"))

        await self.phone.take()
        answer = await self.bob.call(tl.messages.installStickerSet(stickerset=input_set(seen.set), archived=False))
        self.assertEqual(answer.NAME, "messages.stickerSetInstallResultSuccess")
        (told,) = await self.phone.take()
        self.assertEqual((told.NAME, told.stickerset.set.id), ("updateNewStickerSet", made.set.id))
        self.assertIsNotNone(told.stickerset.set.installed_date)
        mine = await self.bob.call(tl.messages.getAllStickers(hash=0))
        self.assertEqual([set_.id for set_ in mine.sets], [made.set.id])
        again = await self.bob.call(tl.messages.getAllStickers(hash=mine.hash))
        self.assertEqual(again.NAME, "messages.allStickersNotModified")

        eve = await self.house.sign_up("Eve")
        await sent(self.bob, self.bob.peer(eve), tl.inputMediaDocument(id=reference(document)))
        (message,) = (await eve.history(eve.peer(self.bob))).messages
        said = next(one for one in message.media.document.attributes if one.NAME == "documentAttributeSticker")
        theirs = await eve.call(tl.messages.getStickerSet(stickerset=said.stickerset, hash=0))
        self.assertEqual(theirs.set.title, "Nice cats")
        self.assertEqual(await downloaded(eve, location(message.media)), picture)
        same = await eve.call(tl.messages.getStickerSet(stickerset=said.stickerset, hash=theirs.set.hash))
        self.assertEqual(same.NAME, "messages.stickerSetNotModified")

    async def test_only_what_it_is(self) -> None:
        """Each kind of sticker is taken for what it holds; everything else is refused by name."""
        tgs_mime, webm_mime = "application/x-tgsticker", "video/webm"
        made = await self.create(
            await item(self.ann, still(300, 512, "PNG"), mime_type="image/png"),
            await item(self.ann, tgs(), mime_type="text/plain"),
            await item(self.ann, webm(), mime_type=webm_mime),
        )
        self.assertEqual([one.mime_type for one in made.documents], ["image/webp", tgs_mime, webm_mime])
        self.assertEqual((made.set.animated, made.set.videos, made.set.count), (False, False, 3))
        for error, data, mime_type in (
            ("STICKER_PNG_NOPNG", b"no picture", "image/png"),
            ("STICKER_PNG_DIMENSIONS", bomb(), "image/png"),
            ("STICKER_PNG_NOPNG", still(kind="JPEG"), "image/png"),
            ("STICKER_PNG_DIMENSIONS", still(500, 500), "image/webp"),
            ("STICKER_PNG_DIMENSIONS", still(513, 512), "image/webp"),
            ("STICKER_TGS_NOTGS", b"\x1f\x8bno", tgs_mime),
            ("STICKER_TGS_NOTGS", tgs(w=256), tgs_mime),
            ("STICKER_TGS_NOTGS", tgs(op=600), tgs_mime),
            ("STICKER_TGS_NOTGS", tgs(fr=24), tgs_mime),
            ("STICKER_VIDEO_NOWEBM", b"\x1a\x45\xdf\xa3no", webm_mime),
            ("STICKER_VIDEO_NOWEBM", webm(milliseconds=4000), webm_mime),
            ("STICKER_GIF_DIMENSIONS", webm(w=400, h=400), webm_mime),
            ("STICKER_VIDEO_BIG", webm(padding=300_000), webm_mime),
            ("STICKER_FILE_INVALID", os.urandom(600_000), "image/webp"),
        ):
            one = await item(self.ann, data, mime_type=mime_type)
            with self.assertRaises(RpcError) as caught:
                await self.create(one, short_name="other")
            self.assertEqual(caught.exception.message, error, mime_type)

    async def test_nothing_else_in_the_file(self) -> None:
        """What a camera, or anybody, wrote into or behind a picture goes to nobody."""
        image = Image.frombytes("RGB", (512, 512), bytes(512 * 512 * 3))
        exif = Image.Exif()
        exif[0x010E] = "secret place"
        written = io.BytesIO()
        image.save(written, "WEBP", exif=exif)
        behind = still() + b"secret archive"
        made = await self.create(await item(self.ann, written.getvalue()), await item(self.ann, behind))
        for document in made.documents:
            where = tl.inputDocumentFileLocation(
                id=document.id, access_hash=document.access_hash, file_reference=document.file_reference, thumb_size=""
            )
            content = await downloaded(self.bob, where)
            self.assertNotIn(b"secret", content)
            self.assertEqual(Image.open(io.BytesIO(content)).format, "WEBP")

    async def test_names(self) -> None:
        """A short name is one set's, however it is written."""
        one = await item(self.ann, still())
        await self.create(one, short_name="Good_name")
        for error, fields in (
            ("PACK_SHORT_NAME_OCCUPIED", {"short_name": "good_NAME"}),
            ("PACK_SHORT_NAME_INVALID", {"short_name": "1st"}),
            ("PACK_SHORT_NAME_INVALID", {"short_name": "a__b"}),
            ("PACK_SHORT_NAME_INVALID", {"short_name": ""}),
            ("PACK_TITLE_INVALID", {"short_name": "fine", "title": " \n "}),
            ("PACK_TITLE_INVALID", {"short_name": "fine", "title": "x" * 65}),
        ):
            with self.assertRaises(RpcError) as caught:
                await self.create(one, **fields)
            self.assertEqual(caught.exception.message, error)
        for emoji in ("", "cat", "😀x", "😀" * 21):
            with self.assertRaises(RpcError) as caught:
                await self.create(await item(self.ann, still(), emoji), short_name="fine")
            self.assertEqual(caught.exception.message, "STICKER_EMOJI_INVALID")
        with self.assertRaises(RpcError) as caught:
            await self.create(short_name="fine")
        self.assertEqual(caught.exception.message, "STICKERS_EMPTY")
        await self.refused("SHORT_NAME_OCCUPIED", self.bob, tl.stickers.checkShortName(short_name="good_name"))
        await self.refused("SHORT_NAME_INVALID", self.bob, tl.stickers.checkShortName(short_name="no name"))
        self.assertTrue(await self.bob.call(tl.stickers.checkShortName(short_name="another")))
        name = (await self.bob.call(tl.stickers.suggestShortName(title="Ünïque Cats!"))).short_name
        self.assertTrue(await self.bob.call(tl.stickers.checkShortName(short_name=name)))
        for_bob = tl.stickers.createStickerSet(
            user_id=self.ann.input_user(self.bob), title="t", short_name="fine", stickers=[one]
        )
        await self.refused("USER_ID_INVALID", self.ann, for_bob)

    async def test_changes(self) -> None:
        """What its maker changes of a set, others see; nobody else changes anything."""
        pictures = [still(512, 100 + number) for number in range(3)]
        made = await self.create(*[await item(self.ann, picture) for picture in pictures[:2]])
        set_, first = input_set(made.set), made.documents[0]
        other = await item(self.bob, still())
        for query in (
            tl.stickers.addStickerToSet(stickerset=set_, sticker=other),
            tl.stickers.renameStickerSet(stickerset=set_, title="mine"),
            tl.stickers.setStickerSetThumb(stickerset=set_, thumb_document_id=first.id),
            tl.stickers.deleteStickerSet(stickerset=set_),
        ):
            await self.refused("STICKERSET_INVALID", self.bob, query)
        for query in (
            tl.stickers.removeStickerFromSet(sticker=reference(first)),
            tl.stickers.changeStickerPosition(sticker=reference(first), position=1),
            tl.stickers.changeSticker(sticker=reference(first), emoji="🎉"),
            tl.stickers.replaceSticker(sticker=reference(first), new_sticker=other),
        ):
            await self.refused("STICKER_INVALID", self.bob, query)
        wrong = tl.inputStickerSetID(id=set_.id, access_hash=set_.access_hash ^ 1)
        await self.refused("STICKERSET_INVALID", self.bob, tl.messages.getStickerSet(stickerset=wrong, hash=0))

        tablet = Device(self.house, self.ann.user)
        await tablet.take()
        call = self.ann.call
        added = await call(tl.stickers.addStickerToSet(stickerset=set_, sticker=await item(self.ann, pictures[2])))
        self.assertEqual((await tablet.take())[0].NAME, "updateStickerSets")
        self.assertNotEqual(added.set.hash, made.set.hash)
        moved = await call(tl.stickers.changeStickerPosition(sticker=reference(first), position=2))
        self.assertEqual([one.id for one in moved.documents][2], first.id)
        changed = await call(tl.stickers.changeSticker(sticker=reference(first), emoji="🎉", keywords="party"))
        self.assertEqual([pack.emoticon for pack in changed.packs], ["😀", "🎉"])
        found = await self.bob.call(tl.messages.getStickers(emoticon="🎉", hash=0))
        self.assertEqual([one.id for one in found.stickers], [first.id])
        said = next(one for one in found.stickers[0].attributes if one.NAME == "documentAttributeSticker")
        self.assertEqual(said.alt, "🎉")
        message = await sent(self.ann, self.ann.peer(self.bob), tl.inputMediaDocument(id=reference(first)))
        said = next(one for one in message.media.document.attributes if one.NAME == "documentAttributeSticker")
        self.assertEqual(said.alt, "🎉")
        renamed = await call(tl.stickers.renameStickerSet(stickerset=set_, title="Dogs"))
        self.assertEqual(renamed.set.title, "Dogs")
        replaced = await call(
            tl.stickers.replaceSticker(sticker=reference(first), new_sticker=await item(self.ann, pictures[0]))
        )
        self.assertEqual((len(replaced.documents), replaced.documents[2].id == first.id), (3, False))
        await self.refused("STICKER_INVALID", self.ann, tl.stickers.removeStickerFromSet(sticker=reference(first)))
        thumbed = await call(
            tl.stickers.setStickerSetThumb(
                stickerset=set_, thumb=await uploaded_document(self.ann, still(100, 100, "PNG"), "image/png", 77)
            )
        )
        where = tl.inputStickerSetThumb(stickerset=set_, thumb_version=thumbed.set.thumb_version)
        self.assertEqual(Image.open(io.BytesIO(await downloaded(self.bob, where))).size, (100, 100))
        bad = await uploaded_document(self.ann, still(90, 100), "image/webp", 78)
        query = tl.stickers.setStickerSetThumb(stickerset=set_, thumb=bad)
        await self.refused("STICKER_THUMB_PNG_NOPNG", self.ann, query)
        removed = await call(tl.stickers.removeStickerFromSet(sticker=reference(replaced.documents[0])))
        self.assertEqual(removed.set.count, 2)
        await self.bob.call(tl.messages.installStickerSet(stickerset=set_, archived=False))
        await self.bob.take()
        await call(tl.stickers.renameStickerSet(stickerset=set_, title="Cats"))
        self.assertTrue(await call(tl.stickers.deleteStickerSet(stickerset=set_)))
        self.assertEqual([one.NAME for one in await self.bob.take()], ["updateStickerSets"] * 2)
        await self.refused("STICKERSET_INVALID", self.bob, tl.messages.getStickerSet(stickerset=set_, hash=0))
        self.assertEqual((await self.bob.call(tl.messages.getAllStickers(hash=0))).sets, [])
        self.assertTrue(
            await downloaded(self.bob, location((await self.bob.history(self.bob.peer(self.ann))).messages[0].media))
        )

    async def test_lists(self) -> None:
        """In the order that its owner wants, put away and back, on all of their devices."""
        sets = []
        for number in range(3):
            made = await self.create(await item(self.ann, still()), short_name=f"s{number}", title=f"Pets {number}")
            sets.append(made.set)
        for set_ in sets:
            await self.bob.call(tl.messages.installStickerSet(stickerset=input_set(set_), archived=False))
        ids = [set_.id for set_ in sets]

        async def mine() -> list[int]:
            return [set_.id for set_ in (await self.bob.call(tl.messages.getAllStickers(hash=0))).sets]

        self.assertEqual(await mine(), ids[::-1])
        await self.phone.take()
        await self.bob.call(tl.messages.reorderStickerSets(order=[ids[0], ids[2], 12345]))
        self.assertEqual(await mine(), [ids[0], ids[2], ids[1]])
        (told,) = await self.phone.take()
        self.assertEqual((told.NAME, told.order), ("updateStickerSetsOrder", [ids[0], ids[2], ids[1]]))
        toggle = [input_set(sets[0]), input_set(sets[1])]
        await self.bob.call(tl.messages.toggleStickerSets(archive=True, stickersets=toggle))
        self.assertEqual([update.NAME for update in await self.phone.take()], ["updateStickerSets"])
        self.assertEqual(await mine(), [ids[2]])
        archived = await self.bob.call(tl.messages.getArchivedStickers(offset_id=0, limit=1))
        self.assertEqual((archived.count, archived.sets[0].set.id), (2, ids[0]))
        self.assertTrue(archived.sets[0].set.archived)
        after = await self.bob.call(tl.messages.getArchivedStickers(offset_id=ids[0], limit=10))
        self.assertEqual([one.set.id for one in after.sets], [ids[1]])
        await self.bob.call(tl.messages.toggleStickerSets(unarchive=True, stickersets=toggle[:1]))
        await self.bob.call(tl.messages.uninstallStickerSet(stickerset=toggle[1]))
        self.assertEqual(sorted(await mine()), sorted([ids[0], ids[2]]))
        own = await self.ann.call(tl.messages.getMyStickers(offset_id=0, limit=2))
        rest = await self.ann.call(tl.messages.getMyStickers(offset_id=own.sets[-1].set.id, limit=2))
        self.assertEqual({one.set.id for one in own.sets + rest.sets}, set(ids))
        self.assertEqual(
            (own.count, (await self.bob.call(tl.messages.getMyStickers(offset_id=0, limit=9))).count), (3, 0)
        )
        found = await self.bob.call(tl.messages.searchStickerSets(q="pet", hash=0))
        self.assertEqual({one.set.id for one in found.sets}, set(ids))
        found = await self.bob.call(tl.messages.searchStickerSets(q="pets 1", hash=0))
        self.assertEqual([one.set.id for one in found.sets], [ids[1]])

    async def test_sent(self) -> None:
        """What is sent is the first of the recent ones, and its set the first of all, if the client wants that."""
        sets = [await self.create(await item(self.ann, still()), short_name=f"s{number}") for number in range(2)]
        for made in sets:
            await self.bob.call(tl.messages.installStickerSet(stickerset=input_set(made.set), archived=False))
        await self.phone.take()
        to_ann, media = self.bob.peer(self.ann), tl.inputMediaDocument(id=reference(sets[0].documents[0]))
        await sent(self.bob, to_ann, media)
        self.assertEqual({one.NAME for one in await self.phone.take()}, {"updateNewMessage", "updateRecentStickers"})
        recent = await self.phone.call(tl.messages.getRecentStickers(hash=0))
        self.assertEqual([one.id for one in recent.stickers], [sets[0].documents[0].id])
        await sent(self.bob, to_ann, media, update_stickersets_order=True)
        raised = [one for one in await self.phone.take() if one.NAME == "updateMoveStickerSetToTop"]
        self.assertEqual([one.stickerset for one in raised], [sets[0].set.id])
        mine = await self.bob.call(tl.messages.getAllStickers(hash=0))
        self.assertEqual([one.id for one in mine.sets], [sets[0].set.id, sets[1].set.id])

    async def test_in_a_group_without_stickers(self) -> None:
        """There they are refused by their name, and by that of all media where none may be sent."""
        made = await self.create(await item(self.ann, still()))
        chat = await self.bob.call(tl.messages.createChat(users=[self.bob.input_user(self.ann)], title="g"))
        group = tl.inputPeerChat(chat_id=chat.updates.chats[0].id)
        media = tl.inputMediaDocument(id=reference(made.documents[0]))
        dice = tl.inputMediaDice(emoticon="🎲")
        for banned, wanted, error in (
            ("send_stickers", media, "CHAT_SEND_STICKERS_FORBIDDEN"),
            ("send_games", dice, "CHAT_SEND_GAME_FORBIDDEN"),
        ):
            rights = tl.chatBannedRights(**{banned: True}, until_date=0)
            await self.bob.call(tl.messages.editChatDefaultBannedRights(peer=group, banned_rights=rights))
            query = tl.messages.sendMedia(peer=group, media=wanted, message="", random_id=9)
            await self.refused(error, self.ann, query)

    async def test_custom_emoji(self) -> None:
        """Sets of small ones that stand in texts: found by their ids alone."""
        made = await self.create(await item(self.ann, still(100, 100), "🐈"), emojis=True)
        with self.assertRaises(RpcError) as caught:
            await self.create(await item(self.ann, still()), emojis=True, short_name="big")
        self.assertEqual(caught.exception.message, "STICKER_PNG_DIMENSIONS")
        (document,) = made.documents
        (found,) = await self.bob.call(tl.messages.getCustomEmojiDocuments(document_id=[document.id, 5]))
        said = next(one for one in found.attributes if one.NAME == "documentAttributeCustomEmoji")
        self.assertEqual((said.alt, said.stickerset.id), ("🐈", made.set.id))
        where = tl.inputDocumentFileLocation(
            id=found.id, access_hash=found.access_hash, file_reference=found.file_reference, thumb_size=""
        )
        self.assertTrue(await downloaded(self.bob, where))
        ids = (await self.bob.call(tl.messages.searchCustomEmoji(emoticon="🐈", hash=0))).document_id
        self.assertEqual(ids, [document.id])
        await self.bob.call(tl.messages.installStickerSet(stickerset=input_set(made.set), archived=False))
        (told,) = await self.phone.take()
        self.assertEqual(told.NAME, "updateNewStickerSet")
        self.assertEqual((await self.bob.call(tl.messages.getAllStickers(hash=0))).sets, [])
        (mine,) = (await self.bob.call(tl.messages.getEmojiStickers(hash=0))).sets
        self.assertEqual((mine.id, mine.emojis), (made.set.id, True))

    async def test_drawn_here(self) -> None:
        """Every dice has its drawings, in the order that apps count on; nobody can change or find these sets."""
        sizes = {"🎲": 7, "🎯": 7, "🏀": 6, "⚽": 6, "🎳": 7, "🎰": 21}
        for emoji, count in sizes.items():
            named = tl.inputStickerSetDice(emoticon=emoji)
            found = await self.bob.call(tl.messages.getStickerSet(stickerset=named, hash=0))
            self.assertEqual((found.set.count, found.set.official, found.set.animated), (count, True, True))
            self.assertEqual(len(found.documents), count)
            if count < 10:
                # As they are written in Web A, which compares all of it; Desktop looks at the first character.
                self.assertEqual(
                    [pack.emoticon for pack in found.packs], [f"{face}\u20e3" for face in "#123456"[:count]]
                )
                self.assertEqual([alt(one) for one in found.documents], [pack.emoticon for pack in found.packs])
            again = await self.ann.call(tl.messages.getStickerSet(stickerset=named, hash=found.set.hash))
            self.assertEqual(again.NAME, "messages.stickerSetNotModified")
        document = found.documents[20]
        where = tl.inputDocumentFileLocation(
            id=document.id, access_hash=document.access_hash, file_reference=document.file_reference, thumb_size=""
        )
        self.assertEqual(read_tgs(await downloaded(self.bob, where)).w, 512)
        moving = await self.bob.call(tl.messages.getStickerSet(stickerset=tl.inputStickerSetAnimatedEmoji(), hash=0))
        # Web K looks for an emoji without U+FE0F, and takes no animation that is not called as Telegram calls them.
        self.assertIn("\u2764", [pack.emoticon for pack in moving.packs])
        self.assertEqual({file_name(one) for one in moving.documents}, {"AnimatedSticker.tgs"})
        self.assertEqual((await self.bob.call(tl.messages.searchStickerSets(q="dice", hash=0))).sets, [])
        self.assertEqual((await self.bob.call(tl.messages.getStickers(emoticon="❤️", hash=0))).stickers, [])
        await self.refused(
            "STICKERSET_INVALID", self.ann, tl.stickers.renameStickerSet(stickerset=input_set(moving.set), title="mine")
        )
        unknown = tl.inputStickerSetDice(emoticon="🙂")
        query = tl.messages.getStickerSet(stickerset=unknown, hash=0)
        await self.refused("EMOTICON_STICKERPACK_MISSING", self.bob, query)

    async def test_at_hand(self) -> None:
        """Recent and favourite stickers, and saved GIFs: newest first, with an end, on all devices."""
        made = await self.create(*[await item(self.ann, still()) for _ in range(7)])
        for document in made.documents:
            await self.bob.call(tl.messages.faveSticker(id=reference(document), unfave=False))
        updates = {update.NAME for update in await self.phone.take()}
        self.assertEqual(updates, {"updateFavedStickers"})
        faved = await self.bob.call(tl.messages.getFavedStickers(hash=0))
        self.assertEqual([one.id for one in faved.stickers], [one.id for one in made.documents[:1:-1]])
        await self.bob.call(tl.messages.faveSticker(id=reference(made.documents[6]), unfave=True))
        self.assertEqual(len((await self.bob.call(tl.messages.getFavedStickers(hash=0))).stickers), 4)
        for document in made.documents[:2]:
            await self.bob.call(tl.messages.saveRecentSticker(id=reference(document), unsave=False))
        recent = await self.bob.call(tl.messages.getRecentStickers(hash=0))
        self.assertEqual([one.id for one in recent.stickers], [one.id for one in made.documents[1::-1]])
        same = await self.bob.call(tl.messages.getRecentStickers(hash=recent.hash))
        self.assertEqual(same.NAME, "messages.recentStickersNotModified")
        await self.bob.call(tl.messages.clearRecentStickers())
        self.assertEqual((await self.bob.call(tl.messages.getRecentStickers(hash=0))).stickers, [])

        media = tl.inputMediaUploadedDocument(
            file=await uploaded(self.ann, b"gif", 9),
            mime_type="video/mp4",
            attributes=[tl.documentAttributeAnimated()],
        )
        message = await sent(self.ann, self.ann.peer(self.bob), media)
        (seen,) = (await self.bob.history(self.bob.peer(self.ann))).messages
        eve = await self.house.sign_up("Eve")
        stolen = tl.messages.saveGif(id=reference(message.media.document), unsave=False)
        await self.refused("FILE_REFERENCE_EXPIRED", eve, stolen)
        await self.bob.call(tl.messages.saveGif(id=reference(seen.media.document), unsave=False))
        (gif,) = (await self.bob.call(tl.messages.getSavedGifs(hash=0))).gifs
        await self.bob.call(tl.messages.deleteMessages(id=[seen.id], revoke=False))
        where = tl.inputDocumentFileLocation(
            id=gif.id, access_hash=gif.access_hash, file_reference=gif.file_reference, thumb_size=""
        )
        self.assertEqual(await downloaded(self.bob, where), b"gif")
        await self.refused("FILE_REFERENCE_EXPIRED", eve, tl.upload.getFile(location=where, offset=0, limit=4096))
        sticker = reference(made.documents[0])
        await self.refused("GIF_ID_INVALID", self.bob, tl.messages.saveGif(id=sticker, unsave=False))
        await self.refused("STICKER_ID_INVALID", self.bob, tl.messages.faveSticker(id=reference(gif), unfave=False))
