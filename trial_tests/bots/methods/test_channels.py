"""Supergroups and channels over the Bot API: what is written there, who is there, and what a bot hears of it."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_files import picture
from trial_tests.bots.methods.test_methods import ApiTestCase, uploaded


class ChannelBotTestCase(ApiTestCase):
    """A supergroup, or a channel, of Anna's, with Boris and the bot."""

    async def open(self, *, broadcast: bool = False, admin: bool = False, **rights: bool) -> dict[str, Any]:
        """A new one; how the Bot API names it."""
        kind = {"broadcast": True} if broadcast else {"megagroup": True}
        chat = (await self.anna.call(tl.channels.createChannel(title="The club", about="Ours", **kind))).chats[0]
        self.channel = tl.inputChannel(channel_id=chat.id, access_hash=chat.access_hash)
        self.peer = tl.inputPeerChannel(channel_id=chat.id, access_hash=chat.access_hash)
        given = tl.chatAdminRights(**(rights or {"other": True}))
        for who in (self.boris, self.bot):
            await self.appoint(who, given)
            if not admin or who is self.boris:
                if broadcast and who is self.bot:
                    continue
                await self.appoint(who, tl.chatAdminRights())
        self.taken = 0
        return {"chat_id": -(10**12) - chat.id}

    async def appoint(self, who: Any, rights: Any) -> None:
        """Make somebody an administrator, or a member."""
        user = self.anna.input_user(who)
        await self.anna.call(tl.channels.editAdmin(channel=self.channel, user_id=user, admin_rights=rights, rank=""))

    async def heard(self) -> list[dict[str, Any]]:
        """What the bot is told since the last time, of chats besides private ones."""
        told = await self.ask("getUpdates", offset=self.taken)
        if told:
            self.taken = told[-1]["update_id"] + 1
        found = [{**one, "kind": next(iter(one.keys() - {"update_id"}))} for one in told]
        return [one for one in found if one[one["kind"]]["chat"]["type"] != "private"]

    async def texts(self) -> list[str]:
        """The texts of these, edits with a star."""
        told = [(one["kind"], one[one["kind"]]) for one in await self.heard()]
        return [said["text"] + "*" * kind.startswith("edited") for kind, said in told if "text" in said]


@on_every_backend
class SupergroupTests(ChannelBotTestCase):
    """A bot in a supergroup."""

    async def test_writing(self) -> None:
        """It sends, answers, edits, forwards, copies, deletes and pins there as anywhere."""
        to = await self.open(admin=True, pin_messages=True, delete_messages=True)
        sent = await self.ask("sendMessage", text="one", **to)
        self.assertEqual((sent["chat"]["type"], sent["chat"]["title"]), ("supergroup", "The club"))
        self.assertEqual(sent["from"]["id"], self.bot.user.id)
        answer = await self.ask("sendMessage", text="two", reply_parameters={"message_id": sent["message_id"]}, **to)
        self.assertEqual(answer["reply_to_message"]["text"], "one")
        edited = await self.ask("editMessageText", text="ONE", message_id=sent["message_id"], **to)
        self.assertEqual(edited["text"], "ONE")
        private: dict[str, Any] = {"chat_id": self.anna.user.id, "from_chat_id": to["chat_id"]}
        self.assertEqual((await self.ask("forwardMessage", message_id=sent["message_id"], **private))["text"], "ONE")
        self.assertTrue(await self.ask("copyMessage", message_id=sent["message_id"], **private))
        self.assertTrue(await self.ask("copyMessage", message_id=sent["message_id"], caption="c", **private))
        photo = await self.ask("sendPhoto", {"photo": uploaded(picture(200, 100), "p.jpg")}, caption="p", **to)
        self.assertIn("photo", photo)
        files = {name: uploaded(name.encode(), f"{name}.txt") for name in ("a", "b")}
        media = [{"type": "document", "media": f"attach://{name}"} for name in files]
        self.assertEqual(len(await self.ask("sendMediaGroup", files, media=media, **to)), 2)
        self.assertTrue(await self.ask("pinChatMessage", message_id=sent["message_id"], **to))
        chat = await self.ask("getChat", **to)
        self.assertEqual(chat["pinned_message"]["message_id"], sent["message_id"])
        self.assertEqual((chat["type"], chat["description"]), ("supergroup", "Ours"))
        self.assertTrue(await self.ask("unpinChatMessage", **to))
        self.assertTrue(await self.ask("sendChatAction", action="typing", **to))
        self.assertTrue(await self.ask("deleteMessage", message_id=answer["message_id"], **to))
        self.assertEqual(
            await self.refused("deleteMessage", message_id=answer["message_id"], **to),
            "Bad Request: message to delete not found",
        )

    async def test_privacy(self) -> None:
        """It hears commands, answers to it and its name; everything as an administrator, or without privacy mode."""
        to = await self.open()
        await self.heard()
        for text in ("hello", "/start", "/start@helper_bot", "/start@other_bot", "@helper_bot look"):
            await self.anna.send(self.peer, text)
        self.assertEqual(await self.texts(), ["/start", "/start@helper_bot", "@helper_bot look"])
        sent = await self.ask("sendMessage", text="mine", **to)
        await self.anna.send(
            self.peer, "an answer", reply_to=tl.inputReplyToMessage(reply_to_msg_id=sent["message_id"])
        )
        self.assertEqual(await self.texts(), ["an answer"])
        await self.appoint(self.bot, tl.chatAdminRights(other=True))
        await self.anna.send(self.peer, "now")
        self.assertEqual(await self.texts(), ["now"])

    async def test_other_bots(self) -> None:
        """Bots never hear each other, though they administer it, in a supergroup and in a basic group."""
        to = await self.open(admin=True)
        await self.heard()
        user, token = await self.house.domain.bots.create(self.anna.user.id, "Other", "other_bot", self.now())
        other = Device(self.house, user)
        await self.appoint(other, tl.chatAdminRights(other=True))
        group = await self.anna.call(tl.messages.createChat(
            users=[self.anna.input_user(self.bot), self.anna.input_user(other)], title="Group"))  # fmt: skip
        chat_id = int(group.updates.chats[0].id)
        for bot in (self.bot, other):
            query = tl.messages.editChatAdmin(chat_id=chat_id, user_id=self.anna.input_user(bot), is_admin=True)
            await self.anna.call(query)
        for where in (to["chat_id"], -chat_id):
            given = {"chat_id": where, "text": "/start @helper_bot"}
            await self.api.call(token, "sendMessage", given, {}, "192.0.2.1")
        self.assertEqual(await self.texts(), [])
        await self.anna.send(self.peer, "but people")
        self.assertEqual(await self.texts(), ["but people"])

    async def test_waiting(self) -> None:
        """Who waits is woken by what is written there; what came while nobody asked is there afterwards."""
        await self.open(admin=True)
        await self.heard()
        waiting = Deferred.fromCoroutine(self.ask("getUpdates", offset=self.taken, timeout=30))
        sent = await self.anna.send(self.peer, "hello")
        (told,) = await waiting
        self.assertEqual((told["message"]["text"], told["message"]["chat"]["type"]), ("hello", "supergroup"))
        self.assertEqual(told["message"]["from"]["id"], self.anna.user.id)
        self.taken = told["update_id"] + 1
        message_id = next(one.id for one in sent.updates if one.NAME == "updateMessageID")
        await self.anna.call(tl.messages.editMessage(peer=self.peer, id=message_id, message="hello!"))
        await self.anna.send(self.peer, "again")
        self.assertEqual(await self.texts(), ["hello!*", "again"])
        self.assertEqual(await self.texts(), [])

    async def test_brought_in_while_waiting(self) -> None:
        """Who waits and is brought into a supergroup listens to it at once, not when the next wait begins."""
        waiting = Deferred.fromCoroutine(self.ask("getUpdates", offset=0, timeout=30, allowed_updates=["message"]))
        await self.open(admin=True)
        await self.anna.send(self.peer, "hello")
        told = await waiting
        while not any(one["message"].get("text") == "hello" for one in told):
            following = max([one["update_id"] for one in told], default=-1) + 1
            told = await self.ask("getUpdates", offset=following, timeout=30)

    async def test_coming_back(self) -> None:
        """What was written while it was away is not told when it comes back."""
        to = await self.open(admin=True)
        await self.anna.send(self.peer, "before")
        self.assertIn("before", await self.texts())
        self.assertTrue(await self.ask("leaveChat", **to))
        self.assertEqual(
            await self.refused("sendMessage", text="x", **to), "Forbidden: bot is not a member of the supergroup chat"
        )
        self.house.clock.advance(10)
        await self.anna.send(self.peer, "meanwhile")
        self.assertEqual(await self.texts(), [])
        self.house.clock.advance(10)
        await self.appoint(self.bot, tl.chatAdminRights(other=True))
        await self.anna.send(self.peer, "after")
        self.assertEqual(await self.texts(), ["after"])

    async def test_members(self) -> None:
        """Who is there and what they are; restricted, promoted, titled, put out and let in again."""
        to = await self.open(
            admin=True, ban_users=True, add_admins=True, invite_users=True, other=True, change_info=True
        )
        boris: dict[str, Any] = {**to, "user_id": self.boris.user.id}
        self.assertEqual(await self.ask("getChatMemberCount", **to), 3)
        admins = await self.ask("getChatAdministrators", **to)
        self.assertEqual({one["status"] for one in admins}, {"creator", "administrator"})
        self.assertEqual((await self.ask("getChatMember", **boris))["status"], "member")
        await self.ask("restrictChatMember", permissions={"can_send_messages": True}, **boris)
        member = await self.ask("getChatMember", **boris)
        self.assertEqual((member["status"], member["can_send_photos"]), ("restricted", False))
        everything = {name: True for name in member if name.startswith("can_")}
        await self.ask("restrictChatMember", permissions=everything, **boris)
        await self.ask("promoteChatMember", can_invite_users=True, **boris)
        await self.ask("setChatAdministratorCustomTitle", custom_title="chef", **boris)
        member = await self.ask("getChatMember", **boris)
        self.assertEqual((member["status"], member["custom_title"]), ("administrator", "chef"))
        self.assertTrue(member["can_be_edited"] and member["can_invite_users"])
        await self.ask("promoteChatMember", **boris)
        self.assertEqual((await self.ask("getChatMember", **boris))["status"], "member")
        await self.ask("banChatMember", until_date=self.now() + 1000, **boris)
        member = await self.ask("getChatMember", **boris)
        self.assertEqual((member["status"], member["until_date"]), ("kicked", self.now() + 1000))
        await self.ask("unbanChatMember", only_if_banned=True, **boris)
        self.assertEqual((await self.ask("getChatMember", **boris))["status"], "left")
        self.assertTrue(await self.ask("setChatTitle", title="Renamed", **to))
        self.assertTrue(await self.ask("setChatDescription", description="Theirs", **to))
        self.assertTrue(await self.ask("setChatPhoto", {"photo": uploaded(picture(300, 300), "p.jpg")}, **to))
        self.assertTrue(await self.ask("setChatPermissions", permissions={"can_send_messages": True}, **to))
        chat = await self.ask("getChat", **to)
        self.assertEqual((chat["title"], chat["description"]), ("Renamed", "Theirs"))
        self.assertEqual((chat["permissions"]["can_send_polls"], "photo" in chat), (False, True))

    async def test_links(self) -> None:
        """An invite link of the bot's, by which somebody comes in."""
        to = await self.open(admin=True, invite_users=True)
        made = await self.ask("createChatInviteLink", name="N", **to)
        self.assertEqual((made["name"], made["creator"]["id"]), ("N", self.bot.user.id))
        carla = await self.house.sign_up("Carla", username="carla_c")
        await carla.call(tl.messages.importChatInvite(hash=made["invite_link"].rpartition("+")[2]))
        self.assertEqual(await self.ask("getChatMemberCount", **to), 4)
        self.assertTrue((await self.ask("revokeChatInviteLink", invite_link=made["invite_link"], **to))["is_revoked"])
        self.assertTrue((await self.ask("exportChatInviteLink", **to)).startswith("https://t.me/+"))

    async def test_without_rights(self) -> None:
        """A member changes nothing, and a stranger's group is none."""
        to = await self.open()
        for method, given in (
            ("banChatMember", {"user_id": self.boris.user.id}), ("deleteChatPhoto", {}),
            ("promoteChatMember", {"user_id": self.boris.user.id, "can_invite_users": True}),
            ("setChatPermissions", {"permissions": {}}), ("pinChatMessage", {"message_id": 1}),
        ):  # fmt: skip
            refusal = await self.refused(method, **to, **given)
            self.assertTrue(refusal.startswith("Bad Request: "), (method, refusal))
        chat = (await self.anna.call(tl.channels.createChannel(title="T", about="", megagroup=True))).chats[0]
        strange = -(10**12) - chat.id
        for method in ("getChat", "getChatMemberCount", "leaveChat"):
            self.assertEqual(await self.refused(method, chat_id=strange), "Bad Request: chat not found")


@on_every_backend
class BroadcastTests(ChannelBotTestCase):
    """A bot that administers a channel."""

    async def test_posts(self) -> None:
        """It posts in the channel's name and is told of others' posts as such."""
        to = await self.open(broadcast=True, admin=True, post_messages=True, edit_messages=True, delete_messages=True)
        await self.heard()
        sent = await self.ask("sendMessage", text="news", **to)
        self.assertEqual(
            (sent["chat"]["type"], "from" in sent, sent["sender_chat"]["title"]), ("channel", False, "The club")
        )
        await self.ask("editMessageText", text="NEWS", message_id=sent["message_id"], **to)
        await self.anna.send(self.peer, "more news")
        (told,) = await self.heard()
        self.assertEqual((told["kind"], told["channel_post"]["text"]), ("channel_post", "more news"))
        button = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
        sent = await self.ask("sendMessage", text="press", reply_markup=button, **to)
        press = tl.messages.getBotCallbackAnswer(peer=self.peer, msg_id=sent["message_id"], data=b"go")
        pressed = Deferred.fromCoroutine(self.boris.call(press))
        query = (await self.ask("getUpdates", offset=self.taken, timeout=5))[-1]["callback_query"]
        self.assertEqual(query["message"]["text"], "press")
        await self.ask("answerCallbackQuery", callback_query_id=query["id"], text="ok")
        self.assertEqual((await pressed).message, "ok")
