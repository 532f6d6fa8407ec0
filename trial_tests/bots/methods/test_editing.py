"""What changes messages over the Bot API, and what stands beside texts."""

from typing import Any

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.test_files import picture
from trial_tests.bots.methods.test_methods import ApiTestCase, uploaded


@on_every_backend
class EditingTests(ApiTestCase):
    """Edits of the bot's own messages."""

    async def test_media(self) -> None:
        """Other media takes the place of what was there; what is none, or not the bot's, is not kept."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        sent = await self.ask("sendDocument", {"document": uploaded(b"one", "one.txt")}, caption="before", **to)
        which: dict[str, Any] = {**to, "message_id": sent["message_id"]}
        media = {"type": "document", "media": "attach://new", "caption": "<b>after</b>", "parse_mode": "HTML"}
        keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
        edited = await self.ask(
            "editMessageMedia", {"new": uploaded(b"two", "two.txt")}, media=media, reply_markup=keyboard, **which
        )
        self.assertEqual((edited["document"]["file_name"], edited["caption"]), ("two.txt", "after"))
        self.assertIn("reply_markup", edited)
        (message,) = (await self.anna.history(self.anna.peer(self.bot), limit=1)).messages
        self.assertEqual((message.message, message.media.document.size), ("after", 3))
        photo = {"type": "photo", "media": "attach://p"}
        changed = await self.ask("editMessageMedia", {"p": uploaded(picture(300, 200), "p.jpg")}, media=photo, **which)
        self.assertIn("photo", changed)
        again = {"type": "photo", "media": changed["photo"][-1]["file_id"], "caption": "c"}
        self.assertEqual((await self.ask("editMessageMedia", media=again, **which))["caption"], "c")
        for wrong, error in (
            ({"type": "voice", "media": "x"}, "Bad Request: media type can't be used in the message"),
            ("nonsense", "Bad Request: can't parse media JSON object"),
            ({"type": "photo"}, "Bad Request: there is no photo in the request"),
        ):
            self.assertEqual(await self.refused("editMessageMedia", media=wrong, **which), error)
        said = await self.anna.send(self.anna.peer(self.bot), "mine")
        theirs = (await self.ask("getUpdates", offset=-1))[0]["message"]["message_id"]
        self.assertEqual(
            await self.refused("editMessageMedia", media=again, **to, message_id=theirs),
            "Bad Request: message can't be edited", said,
        )  # fmt: skip
        dice = await self.ask("sendDice", **to)
        self.assertEqual(
            await self.refused("editMessageMedia", media=again, **to, message_id=dice["message_id"]),
            "Bad Request: message can't be edited",
        )

    async def test_live_location(self) -> None:
        """It moves, and stops."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        sent = await self.ask("sendLocation", latitude=1, longitude=2, live_period=60, heading=90, **to)
        self.assertEqual((sent["location"]["live_period"], sent["location"]["heading"]), (60, 90))
        which: dict[str, Any] = {**to, "message_id": sent["message_id"]}
        moved = await self.ask("editMessageLiveLocation", latitude=3, longitude=4, **which)
        self.assertEqual((moved["location"]["latitude"], moved["location"]["heading"]), (3.0, 90))
        self.assertIn("location", await self.ask("stopMessageLiveLocation", **which))
        self.house.clock.advance(5)
        refusal = await self.refused("editMessageLiveLocation", latitude=3, longitude=5, **which)
        self.assertEqual(refusal, "Bad Request: message can't be edited")
        for more in ({"live_period": 59}, {"live_period": 60, "heading": 361}, {"live_period": 100_000}):
            self.assertIn("specified", await self.refused("sendLocation", latitude=1, longitude=2, **more, **to))

    async def test_keyboards(self) -> None:
        """A keyboard alone is changed, and taken off by an edit without one."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        sent = await self.ask("sendMessage", text="x", **to)
        which: dict[str, Any] = {**to, "message_id": sent["message_id"]}
        keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
        self.assertIn("reply_markup", await self.ask("editMessageReplyMarkup", reply_markup=keyboard, **which))
        self.assertNotIn("reply_markup", await self.ask("editMessageText", text="y", **which))
        self.assertEqual(
            await self.refused("editMessageText", text="y", **to, message_id=999),
            "Bad Request: message to edit not found",
        )


@on_every_backend
class AnsweringTests(ApiTestCase):
    """Quotes, answers to other chats, and names in groups."""

    async def test_quote(self) -> None:
        """A part of a message is quoted; what was not said is not."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        first = await self.ask("sendMessage", text="one two three", **to)
        reply = {"message_id": first["message_id"], "quote": "*two*", "quote_parse_mode": "MarkdownV2"}
        self.assertEqual(
            await self.refused("sendMessage", text="x", reply_parameters=reply, **to),
            "Bad Request: QUOTE_TEXT_INVALID",
        )
        reply = {"message_id": first["message_id"], "quote": "two", "quote_position": 4}
        told = await self.ask("sendMessage", text="x", reply_parameters=reply, **to)
        self.assertEqual(told["quote"], {"text": "two", "position": 4, "is_manual": True})

    async def test_elsewhere(self) -> None:
        """What was said in one chat is answered in another; chats that the bot does not know are none."""
        group = await self.group()
        first = await self.ask("sendMessage", text="in the group", chat_id=group)
        reply = {"message_id": first["message_id"], "chat_id": group}
        told = await self.ask("sendMessage", text="x", chat_id=self.anna.user.id, reply_parameters=reply)
        self.assertEqual(told["quote"]["text"], "in the group")
        reply = {"message_id": 1, "chat_id": self.boris.user.id}
        self.assertEqual(
            await self.refused("sendMessage", text="x", chat_id=group, reply_parameters=reply),
            "Bad Request: chat not found",
        )

    async def test_mentioned(self) -> None:
        """Whom a bot names in a group is told that it was them."""
        group = await self.group()
        await self.ask("sendMessage", text="hello @boris_b", chat_id=group)
        (message,) = (await self.boris.history(tl.inputPeerChat(chat_id=-group), limit=1)).messages
        self.assertTrue(message.mentioned)
