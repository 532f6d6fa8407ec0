"""Photos and invite links over the Bot API."""

from typing import Any

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.test_files import picture
from trial_tests.bots.methods.test_methods import ApiTestCase, uploaded


@on_every_backend
class GroupCareTests(ApiTestCase):
    """A group that the bot administers."""

    async def appoint(self, chat_id: int) -> None:
        """Make the bot an administrator."""
        user = self.anna.input_user(self.bot)
        await self.anna.call(tl.messages.editChatAdmin(chat_id=-chat_id, user_id=user, is_admin=True))

    async def test_photo(self) -> None:
        """A group's photo, which members hear of; and who may not change it does not have it opened."""
        chat_id = await self.group()
        await self.appoint(chat_id)
        self.assertTrue(
            await self.ask("setChatPhoto", {"photo": uploaded(picture(300, 300), "p.jpg")}, chat_id=chat_id)
        )
        (message,) = (await self.boris.history(tl.inputPeerChat(chat_id=-chat_id), limit=1)).messages
        self.assertEqual(message.action.NAME, "messageActionChatEditPhoto")
        self.assertTrue(await self.ask("deleteChatPhoto", chat_id=chat_id))
        self.assertEqual(await self.refused("deleteChatPhoto", chat_id=chat_id), "Bad Request: CHAT_NOT_MODIFIED")
        self.assertIn("uploaded", await self.refused("setChatPhoto", chat_id=chat_id, photo="x"))
        everything = tl.chatBannedRights(change_info=True, until_date=0)
        user, peer = self.anna.input_user(self.bot), tl.inputPeerChat(chat_id=-chat_id)
        await self.anna.call(tl.messages.editChatDefaultBannedRights(peer=peer, banned_rights=everything))
        await self.anna.call(tl.messages.editChatAdmin(chat_id=-chat_id, user_id=user, is_admin=False))
        self.assertEqual(await self.refused("deleteChatPhoto", chat_id=chat_id), "Bad Request: not enough rights")

    async def test_links(self) -> None:
        """Links of the bot's own: main, more, changed, revoked; somebody comes in by one."""
        chat_id = await self.group()
        which: dict[str, Any] = {"chat_id": chat_id}
        self.assertEqual(await self.refused("exportChatInviteLink", **which), "Bad Request: not enough rights")
        await self.appoint(chat_id)
        main = await self.ask("exportChatInviteLink", **which)
        self.assertTrue(main.startswith("https://t.me/+"))
        self.assertNotEqual(await self.ask("exportChatInviteLink", **which), main)
        end = self.now() + 1000
        made = await self.ask("createChatInviteLink", name="N", expire_date=end, member_limit=2, **which)
        self.assertEqual((made["name"], made["expire_date"], made["member_limit"]), ("N", end, 2))
        self.assertEqual((made["creator"]["id"], made["is_primary"]), (self.bot.user.id, False))
        link = made["invite_link"]
        changed = await self.ask("editChatInviteLink", invite_link=link, name="M", **which)
        self.assertEqual((changed["name"], "expire_date" in changed), ("M", False))
        carla = await self.house.sign_up("Carla", username="carla_c")
        await carla.call(tl.messages.importChatInvite(hash=link.rpartition("+")[2]))
        self.assertEqual(await self.ask("getChatMemberCount", **which), 4)
        self.assertTrue((await self.ask("revokeChatInviteLink", invite_link=link, **which))["is_revoked"])
        for more in ({"expire_date": 5}, {"member_limit": -1}, {"creates_join_request": True, "member_limit": 3}):
            self.assertTrue((await self.refused("createChatInviteLink", **more, **which)).startswith("Bad Request: "))
        by_asking = await self.ask("createChatInviteLink", creates_join_request=True, **which)
        self.assertTrue(by_asking["creates_join_request"])
        self.assertEqual(
            await self.refused("revokeChatInviteLink", invite_link="x", **which), "Bad Request: INVITE_HASH_INVALID"
        )

    async def test_promote(self) -> None:
        """Only the creator of a basic group appoints."""
        chat_id = await self.group()
        await self.appoint(chat_id)
        self.assertEqual(
            await self.refused("promoteChatMember", chat_id=chat_id, user_id=self.boris.user.id, can_change_info=True),
            "Bad Request: not enough rights",
        )


@on_every_backend
class ProfilePhotoTests(ApiTestCase):
    """The bot's own, and other people's."""

    async def test_own(self) -> None:
        """Put up, seen, taken down."""
        photo = {"type": "static", "photo": "attach://p"}
        self.assertTrue(await self.ask("setMyProfilePhoto", {"p": uploaded(picture(400, 400), "p.jpg")}, photo=photo))
        self.assertEqual(len(await self.house.domain.profile_photos.seen_of(self.anna.user.id, self.bot.user.id)), 1)
        photos = await self.ask("getUserProfilePhotos", user_id=self.bot.user.id)
        self.assertEqual((photos["total_count"], len(photos["photos"])), (1, 1))
        self.assertTrue(await self.ask("getFile", file_id=photos["photos"][0][0]["file_id"]))
        self.assertTrue(await self.ask("removeMyProfilePhoto"))
        self.assertEqual((await self.ask("getUserProfilePhotos", user_id=self.bot.user.id))["total_count"], 0)
        for wrong in ({}, {"type": "static", "photo": "x"}, "x", {"type": "odd"}):
            self.assertTrue((await self.refused("setMyProfilePhoto", photo=wrong)).startswith("Bad Request: "))

    async def test_others(self) -> None:
        """Of whom it has met."""
        self.assertEqual((await self.ask("getUserProfilePhotos", user_id=self.anna.user.id))["photos"], [])
        self.assertEqual(
            await self.refused("getUserProfilePhotos", user_id=self.boris.user.id), "Bad Request: user not found"
        )
