"""Sticker sets over the Bot API."""

import io
from typing import Any

from PIL import Image

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bots.methods.test_methods import ApiTestCase, uploaded

NAME = "cats_by_helper_bot"


def png(w: int, h: int) -> bytes:
    """A picture that is small as a file."""
    written = io.BytesIO()
    Image.new("RGBA", (w, h), (200, 80, 20, 255)).save(written, "PNG")
    return written.getvalue()


@on_every_backend
class StickerTests(ApiTestCase):
    """A bot's set from its making to its end."""

    def sticker(self, name: str, emoji: str = "😺") -> dict[str, Any]:
        """An ``InputSticker``."""
        return {"sticker": f"attach://{name}", "format": "static", "emoji_list": [emoji], "keywords": ["cat"]}

    async def make(self) -> dict[str, Any]:
        """A set of two."""
        files = {name: uploaded(png(512, 512), f"{name}.png", "image/png") for name in ("one", "two")}
        stickers = [self.sticker("one"), self.sticker("two", "😸")]
        who: dict[str, Any] = {"user_id": self.anna.user.id}
        self.assertTrue(await self.ask("createNewStickerSet", files, name=NAME, title="Cats", stickers=stickers, **who))
        told: dict[str, Any] = await self.ask("getStickerSet", name=NAME)
        return told

    async def test_life(self) -> None:
        """Made, looked at, sent, changed, deleted."""
        told = await self.make()
        self.assertEqual((told["title"], told["sticker_type"], len(told["stickers"])), ("Cats", "regular", 2))
        one = told["stickers"][0]
        self.assertEqual((one["emoji"], one["set_name"], one["width"], one["is_video"]), ("😺", NAME, 512, False))
        sent = await self.ask("sendSticker", chat_id=self.anna.user.id, sticker=one["file_id"])
        self.assertEqual((sent["sticker"]["set_name"], sent["sticker"]["emoji"]), (NAME, "😺"))
        found = await self.anna.call(
            tl.messages.getStickerSet(stickerset=tl.inputStickerSetShortName(short_name=NAME), hash=0)
        )
        self.assertEqual(found.set.title, "Cats")
        files = {"three": uploaded(png(512, 300), "3.png", "image/png")}
        who: dict[str, Any] = {"user_id": self.anna.user.id, "name": NAME}
        self.assertTrue(await self.ask("addStickerToSet", files, sticker=self.sticker("three", "😹"), **who))
        self.assertTrue(await self.ask("setStickerPositionInSet", sticker=one["file_id"], position=2))
        self.assertTrue(await self.ask("setStickerEmojiList", sticker=one["file_id"], emoji_list=["😻", "😽"]))
        self.assertTrue(await self.ask("setStickerKeywords", sticker=one["file_id"], keywords=["love"]))
        self.assertTrue(await self.ask("setStickerSetTitle", name=NAME, title="More cats"))
        told = await self.ask("getStickerSet", name=NAME)
        self.assertEqual(
            (told["title"], [each["emoji"] for each in told["stickers"]]), ("More cats", ["😸", "😹", "😻"])
        )
        files = {"new": uploaded(png(512, 512), "4.png", "image/png")}
        old = told["stickers"][0]["file_id"]
        self.assertTrue(
            await self.ask("replaceStickerInSet", files, old_sticker=old, sticker=self.sticker("new", "🐱"), **who)
        )
        thumbnail = {"thumbnail": uploaded(png(100, 100), "t.png", "image/png")}
        self.assertTrue(await self.ask("setStickerSetThumbnail", thumbnail, format="static", **who))
        self.assertEqual((await self.ask("getStickerSet", name=NAME))["thumbnail"]["width"], 100)
        self.assertTrue(await self.ask("deleteStickerFromSet", sticker=one["file_id"]))
        told = await self.ask("getStickerSet", name=NAME)
        self.assertEqual([each["emoji"] for each in told["stickers"]], ["🐱", "😹"])
        self.assertTrue(await self.ask("deleteStickerSet", name=NAME))
        self.assertEqual(await self.refused("getStickerSet", name=NAME), "Bad Request: STICKERSET_INVALID")

    async def test_others(self) -> None:
        """Another bot changes nothing of it."""
        await self.make()
        _, token = await self.house.domain.bots.create(0, "Other", "other_bot", self.now())
        self.token = token
        for method, given in (("deleteStickerSet", {}), ("setStickerSetTitle", {"title": "Mine"})):
            self.assertEqual(await self.refused(method, name=NAME, **given), "Bad Request: STICKERSET_INVALID")

    async def test_upload_and_refusals(self) -> None:
        """A file that was uploaded before; names, formats and pictures that are none."""
        who: dict[str, Any] = {"user_id": self.anna.user.id}
        files = {"sticker": uploaded(png(512, 512), "1.png", "image/png")}
        file = await self.ask("uploadStickerFile", files, sticker_format="static", **who)
        sticker = {"sticker": file["file_id"], "format": "static", "emoji_list": ["😺"]}
        new: dict[str, Any] = {"title": "T", "stickers": [sticker], **who}
        self.assertEqual(
            await self.refused("createNewStickerSet", name="cats", **new),
            "Bad Request: invalid sticker set name is specified",
        )
        self.assertTrue(await self.ask("createNewStickerSet", name=NAME, **new))
        self.assertEqual(
            await self.refused("createNewStickerSet", name=NAME, **new),
            "Bad Request: sticker set name is already occupied",
        )
        other: dict[str, Any] = {**new, "name": "dogs_by_helper_bot"}
        for wrong in (
            {},
            {**sticker, "emoji_list": []},
            {**sticker, "format": "odd"},
            "x",
            {**sticker, "sticker": "x"},
        ):
            self.assertTrue(
                (await self.refused("createNewStickerSet", **{**other, "stickers": [wrong]})).startswith("Bad Request")
            )
        stranger: dict[str, Any] = {**other, "user_id": self.boris.user.id}
        self.assertEqual(await self.refused("createNewStickerSet", **stranger), "Bad Request: user not found")

    async def test_custom_emoji(self) -> None:
        """Custom emoji by their ids."""
        files = {"one": uploaded(png(100, 100), "1.png", "image/png")}
        new: dict[str, Any] = {
            "name": NAME,
            "title": "E",
            "stickers": [self.sticker("one")],
            "sticker_type": "custom_emoji",
        }
        self.assertTrue(await self.ask("createNewStickerSet", files, user_id=self.anna.user.id, **new))
        told = (await self.ask("getStickerSet", name=NAME))["stickers"][0]
        found = await self.ask("getCustomEmojiStickers", custom_emoji_ids=[told["custom_emoji_id"], "5"])
        self.assertEqual([each["file_unique_id"] for each in found], [told["file_unique_id"]])
        self.assertEqual((found[0]["type"], found[0]["set_name"]), ("custom_emoji", NAME))
        self.assertTrue(
            await self.ask("setCustomEmojiStickerSetThumbnail", name=NAME, custom_emoji_id=told["custom_emoji_id"])
        )
