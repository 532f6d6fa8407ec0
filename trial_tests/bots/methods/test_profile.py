"""What a bot says of itself: languages, menu buttons, rights that it asks for; and what is pinned where it is."""

from typing import Any

from teamgram.bff.views.bots import bot_info_view
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.test_files import picture
from trial_tests.bff.test_messages import error_of
from trial_tests.bots.methods.test_methods import ApiTestCase, uploaded


@on_every_backend
class ProfileTests(ApiTestCase):
    """Over HTTP, and the same over MTProto."""

    async def test_languages(self) -> None:
        """A description for some, the other for everybody else; none taken for a name."""
        await self.ask("setMyDescription", description="Hello")
        await self.ask("setMyDescription", description="Hallo", language_code="de")
        await self.ask("setMyShortDescription", short_description="kurz", language_code="de")
        self.assertEqual(await self.ask("getMyDescription"), {"description": "Hello"})
        self.assertEqual(await self.ask("getMyDescription", language_code="de"), {"description": "Hallo"})
        self.assertEqual(await self.ask("getMyDescription", language_code="fr"), {"description": ""})
        self.assertEqual(await self.ask("getMyShortDescription", language_code="de"), {"short_description": "kurz"})
        bot = await self.house.domain.bots.require(self.bot.user.id)
        user = await self.house.users.require(self.bot.user.id)
        for lang_code, description in (("de", "Hallo"), ("fr", "Hello"), ("", "Hello")):
            self.assertEqual(bot_info_view(user, bot, user.id, lang_code).description, description)
        info = await self.bot.call(tl.bots.getBotInfo(lang_code="de"))
        self.assertEqual((info.description, info.about), ("Hallo", "kurz"))
        await self.bot.call(tl.bots.setBotInfo(lang_code="de", description=""))
        self.assertEqual(await self.ask("getMyDescription", language_code="de"), {"description": ""})
        for wrong in ("deu", "d", "DE", "%%"):
            self.assertTrue(await self.refused("setMyDescription", description="x", language_code=wrong))
        self.assertTrue(await self.refused("setMyName", name="Name", language_code="de"))

    async def test_menu(self) -> None:
        """A button for everybody, another one for somebody."""
        self.assertEqual(await self.ask("getChatMenuButton"), {"type": "default"})
        app = {"type": "web_app", "text": "Open", "web_app": {"url": "https://example.org/app"}}
        await self.ask("setChatMenuButton", menu_button=app)
        await self.ask("setChatMenuButton", chat_id=self.anna.user.id, menu_button={"type": "commands"})
        self.assertEqual(await self.ask("getChatMenuButton"), app)
        self.assertEqual(await self.ask("getChatMenuButton", chat_id=self.anna.user.id), {"type": "commands"})
        everybody = await self.bot.call(tl.bots.getBotMenuButton(user_id=tl.inputUserEmpty()))
        self.assertEqual((everybody.text, everybody.url), ("Open", "https://example.org/app"))
        button = tl.botMenuButtonDefault()
        await self.bot.call(tl.bots.setBotMenuButton(user_id=self.bot.input_user(self.anna), button=button))
        self.assertEqual(await self.ask("getChatMenuButton", chat_id=self.anna.user.id), app)
        for wrong in ({"type": "odd"}, {"type": "web_app", "text": "x"}, {**app, "web_app": {"url": "http://x"}}, "x"):
            self.assertTrue((await self.refused("setChatMenuButton", menu_button=wrong)).startswith("Bad Request"))
        refusal = await self.refused("setChatMenuButton", chat_id=await self.group(), menu_button=app)
        self.assertIn("private chats only", refusal)
        query = tl.bots.getBotMenuButton(user_id=tl.inputUserEmpty())
        self.assertEqual(await error_of(self.anna.call(query)), "USER_BOT_REQUIRED")

    async def test_rights(self) -> None:
        """What it asks for in groups, and in channels."""
        await self.ask("setMyDefaultAdministratorRights", rights={"can_delete_messages": True, "can_manage_chat": True})
        told = await self.ask("getMyDefaultAdministratorRights")
        self.assertEqual([name for name, is_set in told.items() if is_set], ["can_manage_chat", "can_delete_messages"])
        self.assertNotIn("can_post_messages", told)
        rights = tl.chatAdminRights(post_messages=True)
        await self.bot.call(tl.bots.setBotBroadcastDefaultAdminRights(admin_rights=rights))
        told = await self.ask("getMyDefaultAdministratorRights", for_channels=True)
        self.assertEqual([name for name, is_set in told.items() if is_set], ["can_post_messages"])
        await self.ask("setMyDefaultAdministratorRights")
        self.assertNotIn(True, (await self.ask("getMyDefaultAdministratorRights")).values())

    async def test_chat(self) -> None:
        """A group's photo and what is pinned there; that no page was wanted under a text."""
        group = await self.group()
        user = self.anna.input_user(self.bot)
        await self.anna.call(tl.messages.editChatAdmin(chat_id=-group, user_id=user, is_admin=True))
        await self.ask("setChatPhoto", {"photo": uploaded(picture(300, 300), "p.jpg")}, chat_id=group)
        off: dict[str, Any] = {"link_preview_options": {"is_disabled": True}}
        sent = await self.ask("sendMessage", chat_id=group, text="example.org", **off)
        self.assertEqual(sent["link_preview_options"], {"is_disabled": True})
        await self.ask("pinChatMessage", chat_id=group, message_id=sent["message_id"])
        told = await self.ask("getChat", chat_id=group)
        self.assertEqual(told["pinned_message"]["message_id"], sent["message_id"])
        self.assertTrue(await self.ask("getFile", file_id=told["photo"]["small_file_id"]))
