"""Methods of the Bot API, asked without a socket."""

import importlib
import io
import pkgutil
import re
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from teamgram.bots import methods
from teamgram.bots.api import CALLS, WRONG_TOKENS, BotApi
from teamgram.bots.errors import ApiError
from teamgram.bots.parameters import UploadedFile
from teamgram.bots.table import declared_methods
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.test_bots import BotTestCase


def uploaded(content: bytes, name: str = "a.bin", kind: str = "application/octet-stream") -> UploadedFile:
    """A file as a body gives it."""
    return UploadedFile(name, kind, io.BytesIO(content), len(content))


class ApiTestCase(BotTestCase):
    """Anna and Boris, and a bot that Anna has written to."""

    async def setUp(self) -> None:
        await super().setUp()
        self.api = BotApi(self.house.domain, self.house.clock, b"k" * 32)
        await self.anna.send(self.anna.peer(self.bot), "/start")

    async def ask(self, method: str, files: dict[str, UploadedFile] | None = None, **given: Any) -> Any:
        """The result."""
        return await self.api.call(self.token, method, given, files or {}, "192.0.2.1")

    async def refused(self, method: str, **given: Any) -> str:
        """The description of a refusal."""
        try:
            await self.ask(method, **given)
        except ApiError as error:
            return error.description
        raise AssertionError(f"{method} was not refused")

    async def group(self) -> int:
        """A group of Anna's with Boris and the bot; its id as the Bot API writes it."""
        users = [self.anna.input_user(self.boris), self.anna.input_user(self.bot)]
        created = await self.anna.call(tl.messages.createChat(users=users, title="Group"))
        return -int(created.updates.chats[0].id)


class PageTests(SynchronousTestCase):
    """``docs/bots.md``."""

    def test_methods(self) -> None:
        """It names every method that is answered, and beside them every other that there is."""
        page = (Path(__file__).resolve().parents[3] / "docs" / "bots.md").read_text(encoding="utf-8")
        table = page.partition("## What is there")[2].partition("Everything else")[0].partition("| | |")[2]
        named = set(re.findall(r"`([a-z][A-Za-z]+)(?:\(s\))?`", table))
        named |= {f"{name}s" for name in re.findall(r"`([a-z][A-Za-z]+)\(s\)`", table)}
        kinds = {"message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "poll"}
        answered = set()
        for module in pkgutil.iter_modules(methods.__path__, f"{methods.__name__}."):
            for family in vars(importlib.import_module(module.name)).values():
                for function in vars(family).values() if isinstance(family, type) else ():
                    answered |= set(getattr(function, "_bot_api_methods", ()))
        self.assertEqual(named - kinds, answered)
        others = page.partition("Everything else")[2].partition("Nor are there")[0]
        declared = {one.name for one in declared_methods().values()}
        self.assertEqual(set(re.findall(r"`([a-z][A-Za-z]+)`", others)), declared - answered)


@on_every_backend
class ApiTests(ApiTestCase):
    """Texts, chats and updates."""

    async def test_me(self) -> None:
        """A bot knows itself, in whatever case it writes a method; unknown ones are told apart from those not here."""
        me = await self.ask("GETME")
        self.assertEqual((me["id"], me["is_bot"], me["username"]), (self.bot.user.id, True, "helper_bot"))
        self.assertEqual(await self.refused("getNothing"), "Not Found: method not found")
        self.assertEqual(await self.refused("sendInvoice"), "Bad Request: method is not available on this server")

    async def test_tokens(self) -> None:
        """A wrong token is 401, many of one network 429, and who has a right one is let in all the same."""
        codes = []
        for _ in range(int(WRONG_TOKENS.burst) + 2):
            try:
                await self.api.call("1:" + "a" * 35, "getMe", {}, {}, "192.0.2.1")
            except ApiError as error:
                codes.append(error.code)
        self.assertEqual(codes, [401] * int(WRONG_TOKENS.burst) + [429, 429])
        self.assertTrue(await self.ask("getMe"))

    async def test_flood(self) -> None:
        """A bot that asks too much is told when to come again."""
        for _ in range(int(CALLS.burst)):
            await self.ask("getMe")
        try:
            await self.ask("getMe")
        except ApiError as error:
            self.assertEqual((error.code, error.parameters), (429, {"retry_after": 1}))
        else:
            self.fail("not refused")
        self.house.clock.advance(1)
        await self.ask("getMe")

    async def test_send(self) -> None:
        """A text arrives as it was meant, and is told as it was sent."""
        told = await self.ask("sendMessage", chat_id=str(self.anna.user.id), text="<b>Hi</b>", parse_mode="HTML")
        self.assertEqual((told["text"], told["entities"]), ("Hi", [{"offset": 0, "length": 2, "type": "bold"}]))
        self.assertEqual((told["chat"]["id"], told["from"]["id"]), (self.anna.user.id, self.bot.user.id))
        (message,) = (await self.anna.history(self.anna.peer(self.bot), limit=1)).messages
        self.assertEqual((message.message, message.entities[0].NAME), ("Hi", "messageEntityBold"))

    async def test_to_whom(self) -> None:
        """Only who wrote first, by id or name; no bot begins."""
        self.assertEqual(await self.refused("sendMessage", chat_id="", text="x"), "Bad Request: chat_id is empty")
        for chat_id in (
            self.boris.user.id,
            12345,
            "@nobody_here",
            "@boris_b",
            "x",
            self.bot.user.id,
            -5,
            -(10**12) - 5,
        ):
            self.assertEqual(
                await self.refused("sendMessage", chat_id=chat_id, text="x"), "Bad Request: chat not found", chat_id
            )
        self.assertTrue(await self.ask("sendMessage", chat_id="@anna_a", text="x"))
        await self.house.contacts.block(self.anna.user.id, self.bot.user.id, self.now())
        refusal = await self.refused("sendMessage", chat_id=self.anna.user.id, text="x")
        self.assertEqual(refusal, "Forbidden: bot was blocked by the user")

    async def test_texts(self) -> None:
        """What cannot be sent."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        self.assertEqual(await self.refused("sendMessage", **to), "Bad Request: message text is empty")
        self.assertEqual(await self.refused("sendMessage", text=" ", **to), "Bad Request: message text is empty")
        self.assertEqual(await self.refused("sendMessage", text="x" * 4097, **to), "Bad Request: message is too long")
        self.assertEqual(await self.refused("sendMessage", text="x" * 40000, **to), "Bad Request: text is too long")
        self.assertEqual(
            await self.refused("sendMessage", text="*x", parse_mode="MarkdownV2", **to),
            "Bad Request: can't parse entities: Can't find end of Bold entity at byte offset 0",
        )
        self.assertEqual(
            await self.refused("sendMessage", text="x", parse_mode="rtf", **to), "Bad Request: unsupported parse_mode"
        )

    async def test_edit_and_delete(self) -> None:
        """Edits are seen, the same again is told, and what is deleted is gone on both sides."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        sent = await self.ask("sendMessage", text="one", **to)
        which: dict[str, Any] = {**to, "message_id": sent["message_id"]}
        edited = await self.ask("editMessageText", text="two", **which)
        self.assertEqual((edited["text"], "edit_date" in edited), ("two", True))
        again = await self.refused("editMessageText", text="two", **which)
        self.assertTrue(again.startswith("Bad Request: message is not modified"), again)
        self.assertTrue(await self.ask("deleteMessage", **which))
        self.assertEqual(await self.refused("deleteMessage", **which), "Bad Request: message to delete not found")
        texts = [getattr(one, "message", "") for one in (await self.anna.history(self.anna.peer(self.bot))).messages]
        self.assertEqual(texts, ["/start"])

    async def test_reply_forward_copy(self) -> None:
        """Answers, forwards and copies."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        first = await self.ask("sendMessage", text="first", **to)
        answer = await self.ask("sendMessage", text="x", reply_parameters={"message_id": first["message_id"]}, **to)
        self.assertEqual(answer["reply_to_message"]["text"], "first")
        missing = {"message_id": 99999}
        self.assertEqual(
            await self.refused("sendMessage", text="x", reply_parameters=missing, **to),
            "Bad Request: message to be replied not found",
        )
        alone = missing | {"allow_sending_without_reply": True}
        self.assertNotIn("reply_to_message", await self.ask("sendMessage", text="x", reply_parameters=alone, **to))
        which: dict[str, Any] = {**to, "from_chat_id": self.anna.user.id, "message_id": first["message_id"]}
        forwarded = await self.ask("forwardMessage", **which)
        self.assertEqual(forwarded["forward_origin"]["sender_user"]["id"], self.bot.user.id)
        copied = await self.ask("copyMessage", **which)
        message = (await self.house.domain.messages.get(self.bot.user.id, [copied["message_id"]]))[copied["message_id"]]
        self.assertEqual((message.text, message.extra.forward), ("first", None))

    async def test_updates(self) -> None:
        """What people write comes until it is confirmed."""
        (update,) = await self.ask("getUpdates")
        self.assertEqual((update["message"]["text"], update["message"]["from"]["id"]), ("/start", self.anna.user.id))
        self.assertEqual(update["message"]["entities"][0]["type"], "bot_command")
        self.assertEqual(len(await self.ask("getUpdates", offset=update["update_id"])), 1)
        waiting = Deferred.fromCoroutine(self.ask("getUpdates", offset=str(update["update_id"] + 1), timeout=30))
        await self.anna.send(self.anna.peer(self.bot), "more")
        (more,) = await waiting
        self.assertEqual(more["message"]["text"], "more")
        # The button "request_contact" in an app: a bot knows by user_id that the number is the sender's own.
        card = tl.inputMediaContact(phone_number=self.anna.user.phone, first_name="A", last_name="", vcard="")
        peer = self.anna.peer(self.bot)
        await self.anna.call(tl.messages.sendMedia(peer=peer, media=card, message="", random_id=9))
        (given,) = await self.ask("getUpdates", offset=str(more["update_id"] + 1))
        self.assertEqual(given["message"]["contact"]["user_id"], self.anna.user.id)
        sent = await self.ask(
            "sendContact", chat_id=self.anna.user.id, phone_number=self.anna.user.phone, first_name="A"
        )
        self.assertNotIn("user_id", sent["contact"], "a bot tries numbers out")
        self.assertEqual((await self.ask("getWebhookInfo"))["pending_update_count"], 1)
        await self.ask("deleteWebhook", drop_pending_updates=True)
        self.assertEqual(await self.ask("getUpdates"), [])

    async def test_deleted_meanwhile(self) -> None:
        """A message that is gone before it is taken is not told, and does not end the wait for the next."""
        await self.ask("getUpdates", offset=-1)
        (update,) = await self.ask("getUpdates")
        offset = update["update_id"] + 1
        await self.ask("getUpdates", offset=offset)
        sent = await self.anna.send(self.anna.peer(self.bot), "oops")
        await self.anna.call(tl.messages.deleteMessages(id=[sent.id], revoke=True))
        waiting = Deferred.fromCoroutine(self.ask("getUpdates", offset=offset, timeout=30))
        await self.anna.send(self.anna.peer(self.bot), "kept")
        self.assertEqual([one["message"]["text"] for one in await waiting], ["kept"])

    async def test_conflict(self) -> None:
        """Two that take the same bot's updates: the first is told."""
        (update,) = await self.ask("getUpdates")
        offset = update["update_id"] + 1
        first = Deferred.fromCoroutine(self.ask("getUpdates", offset=offset, timeout=30))
        await self.ask("getMe")
        second = Deferred.fromCoroutine(self.ask("getUpdates", offset=offset, timeout=30))
        error = await self.assertFailure(first, ApiError)
        self.assertEqual(error.code, 409)
        await self.anna.send(self.anna.peer(self.bot), "x")
        self.assertEqual(len(await second), 1)

    async def test_buttons(self) -> None:
        """A keyboard is shown, a press is told, and the answer reaches who pressed."""
        keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}, {"text": "L", "url": "example.org"}]]}
        sent = await self.ask("sendMessage", chat_id=self.anna.user.id, text="press", reply_markup=keyboard)
        rows = sent["reply_markup"]["inline_keyboard"]
        self.assertEqual([list(one) for one in rows[0]], [["text", "callback_data"], ["text", "url"]])
        last = (await self.ask("getUpdates", offset=-1))[-1]["update_id"]
        message_id = (await self.anna.history(self.anna.peer(self.bot), limit=1)).messages[0].id
        query = tl.messages.getBotCallbackAnswer(peer=self.anna.peer(self.bot), msg_id=message_id, data=b"go")
        pressed = Deferred.fromCoroutine(self.anna.call(query))
        told = (await self.ask("getUpdates", offset=last + 1, timeout=5))[-1]["callback_query"]
        self.assertEqual((told["data"], told["from"]["id"]), ("go", self.anna.user.id))
        self.assertEqual(told["message"]["message_id"], sent["message_id"])
        await self.ask("answerCallbackQuery", callback_query_id=told["id"], text="done")
        self.assertEqual((await pressed).message, "done")
        for button, error in (
            ({"text": "x", "callback_data": "x" * 65}, "BUTTON_DATA_INVALID"),
            ({"text": ""}, "can't parse keyboard button: the text of a button must be non-empty"),
            ({"text": "x"}, "text buttons are unallowed in the inline keyboard"),
            ({"text": "x", "pay": True}, "pay is not available on this server"),
        ):
            markup = {"inline_keyboard": [[button]]}
            refusal = await self.refused("sendMessage", chat_id=self.anna.user.id, text="x", reply_markup=markup)
            self.assertEqual(refusal, f"Bad Request: {error}")

    async def test_reply_keyboard(self) -> None:
        """Keyboards in place of the usual one, and taking them away."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id, "text": "x"}
        await self.ask("sendMessage", reply_markup='{"keyboard": [["A", "B"]], "resize_keyboard": true}', **to)
        (message,) = (await self.anna.history(self.anna.peer(self.bot), limit=1)).messages
        self.assertEqual([one.text for one in message.reply_markup.rows[0].buttons], ["A", "B"])
        await self.ask("sendMessage", reply_markup={"remove_keyboard": True}, **to)
        (message,) = (await self.anna.history(self.anna.peer(self.bot), limit=1)).messages
        self.assertEqual(message.reply_markup.NAME, "replyKeyboardHide")

    async def test_groups(self) -> None:
        """What a bot sees of a group, and that it may there what anybody of its standing may."""
        chat_id = await self.group()
        which: dict[str, Any] = {"chat_id": chat_id}
        self.assertEqual((await self.ask("getChat", **which))["title"], "Group")
        self.assertEqual(await self.ask("getChatMemberCount", **which), 3)
        admins = await self.ask("getChatAdministrators", **which)
        self.assertEqual([one["status"] for one in admins], ["creator"])
        member = await self.ask("getChatMember", user_id=self.boris.user.id, **which)
        self.assertEqual(member["status"], "member")
        refusal = await self.refused("banChatMember", user_id=self.boris.user.id, **which)
        self.assertTrue(refusal.startswith("Bad Request: "), refusal)
        chat = self.anna.input_user(self.bot)
        await self.anna.call(tl.messages.editChatAdmin(chat_id=-chat_id, user_id=chat, is_admin=True))
        self.assertTrue(await self.ask("setChatTitle", title="Renamed", **which))
        self.assertTrue(await self.ask("banChatMember", user_id=self.boris.user.id, **which))
        self.assertEqual((await self.ask("getChatMember", user_id=self.boris.user.id, **which))["status"], "kicked")
        sent = await self.ask("sendMessage", text="pin me", **which)
        self.assertTrue(await self.ask("pinChatMessage", message_id=sent["message_id"], **which))
        self.assertTrue(await self.ask("unpinChatMessage", **which))
        self.assertTrue(await self.ask("leaveChat", **which))
        self.assertEqual(
            await self.refused("sendMessage", text="x", **which),
            "Forbidden: bot is not a member of the group chat",
        )

    async def test_kicked(self) -> None:
        """A bot that was put out is told so, and writes there no more."""
        chat_id = await self.group()
        await self.anna.call(tl.messages.deleteChatUser(chat_id=-chat_id, user_id=self.anna.input_user(self.bot)))
        self.assertEqual(
            await self.refused("sendMessage", chat_id=chat_id, text="x"),
            "Forbidden: bot was kicked from the group chat",
        )

    async def test_strangers_groups(self) -> None:
        """A group that the bot was never in is none."""
        created = await self.anna.call(tl.messages.createChat(users=[self.anna.input_user(self.boris)], title="Other"))
        chat_id = -created.updates.chats[0].id
        for method in ("getChat", "getChatMemberCount", "getChatAdministrators", "leaveChat"):
            self.assertEqual(await self.refused(method, chat_id=chat_id), "Bad Request: chat not found", method)

    async def test_profile(self) -> None:
        """What a bot says of itself."""
        await self.ask("setMyCommands", commands=[{"command": "/help", "description": "Help"}])
        self.assertEqual(await self.ask("getMyCommands"), [{"command": "help", "description": "Help"}])
        await self.ask("setMyDescription", description="long")
        self.assertEqual(await self.ask("getMyDescription"), {"description": "long"})
        await self.ask("setMyName", name="Other")
        self.assertEqual((await self.ask("getMe"))["first_name"], "Other")

    async def test_typing(self) -> None:
        """Typing is seen."""
        self.assertTrue(await self.ask("sendChatAction", chat_id=self.anna.user.id, action="typing"))
        self.assertIn("updateUserTyping", [one.NAME for one in await self.anna.take()])
        refusal = await self.refused("sendChatAction", chat_id=self.anna.user.id, action="dancing")
        self.assertEqual(refusal, "Bad Request: wrong parameter action in request")


@on_every_backend
class ApiFilesTests(ApiTestCase):
    """Files both ways."""

    async def test_document(self) -> None:
        """What a bot sends can be sent again by its id, and fetched; another bot's id opens nothing."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        content = bytes(range(256)) * 3000
        sent = await self.ask("sendDocument", {"document": uploaded(content)}, caption="*c*",
                              parse_mode="MarkdownV2", **to)  # fmt: skip
        document = sent["document"]
        self.assertEqual((document["file_name"], document["file_size"], sent["caption"]), ("a.bin", len(content), "c"))
        again = await self.ask("sendDocument", document=document["file_id"], **to)
        self.assertEqual(again["document"], document)
        file = await self.ask("getFile", file_id=document["file_id"])
        download = await self.api.download(self.token, file["file_path"], "192.0.2.1")
        self.assertEqual(await download.read(1000, 100), content[1000:1100])
        _, token = await self.house.domain.bots.create(0, "Other", "other_bot", self.now())
        for method in ("getFile", "sendDocument"):
            given: dict[str, Any] = {"file_id": document["file_id"], "document": document["file_id"], **to}
            error = await self.assertFailure(
                Deferred.fromCoroutine(self.api.call(token, method, given, {}, "192.0.2.1")), ApiError
            )
            self.assertEqual(error.code, 400)
        error = await self.assertFailure(
            Deferred.fromCoroutine(self.api.download(token, file["file_path"], "192.0.2.1")), ApiError
        )
        self.assertEqual(error.code, 404)

    async def test_refusals(self) -> None:
        """What is no file."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        self.assertEqual(
            await self.refused("sendDocument", document="", **to), "Bad Request: there is no document in the request"
        )
        for written in ("nonsense", "attach://missing"):
            self.assertTrue((await self.refused("sendDocument", document=written, **to)).startswith("Bad Request: wr"))
        empty = Deferred.fromCoroutine(self.ask("sendDocument", {"document": uploaded(b"")}, **to))
        self.assertEqual((await self.assertFailure(empty, ApiError)).description, "Bad Request: file must be non-empty")

    async def test_protected(self) -> None:
        """A file that came in a protected message is fetched and not sent on."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        files = {"document": uploaded(b"secret")}
        sent = await self.ask("sendDocument", files, protect_content=True, **to)
        file_id = sent["document"]["file_id"]
        self.assertTrue(await self.ask("getFile", file_id=file_id))
        self.assertEqual(
            await self.refused("sendDocument", document=file_id, **to), "Bad Request: message can't be forwarded"
        )

    async def test_album_place_dice(self) -> None:
        """Albums, places, contacts and dice."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        files = {name: uploaded(name.encode(), f"{name}.txt") for name in ("one", "two")}
        media = [{"type": "document", "media": f"attach://{name}", "caption": name} for name in files]
        album = await self.ask("sendMediaGroup", files, media=media, **to)
        self.assertEqual([one["caption"] for one in album], ["one", "two"])
        self.assertEqual(len({one["media_group_id"] for one in album}), 1)
        self.assertTrue((await self.refused("sendMediaGroup", media=media[:1], **to)).endswith("in a media group"))
        place = await self.ask("sendLocation", latitude="52.5", longitude=13.4, **to)
        self.assertEqual(place["location"], {"latitude": 52.5, "longitude": 13.4})
        self.assertEqual(
            await self.refused("sendLocation", latitude=91, longitude=0, **to), "Bad Request: wrong location specified"
        )
        dice = await self.ask("sendDice", **to)
        self.assertTrue(1 <= dice["dice"]["value"] <= 6)
        contact = await self.ask("sendContact", phone_number="+123", first_name="C", **to)
        self.assertEqual(contact["contact"]["phone_number"], "+123")
