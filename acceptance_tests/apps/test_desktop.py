"""Telegram Desktop, made by ``teamgram client desktop``, walked as its users would, with a Telethon user beside it."""

import unittest

from acceptance_tests.apps.app_house import SECONDS_TO_ANSWER
from acceptance_tests.apps.desktop import PRIVACY, SECURITY, VERSION
from acceptance_tests.apps.desktop_house import DesktopTestCase
from acceptance_tests.apps.media import send_media
from acceptance_tests.apps.screen import have_a_screen
from teamgram.clients.desktop import find_binary
from trial_tests.clients.house import FIXED_CODE
from trial_tests.clients.process import ClientProcess


@unittest.skipUnless(find_binary() and have_a_screen(), "no telegram-desktop, xvfb, openbox, xdotool and imagemagick")
class DesktopTests(DesktopTestCase):
    """With mouse and keyboard; what came of it is seen at the server and by the other user."""

    async def test_a_conversation(self) -> None:
        """Sign up by number, write both ways, send files, be sent media, search, outlive a crash, sign out."""
        desktop = await self.started()
        screen = desktop.screen
        await desktop.start_messaging()
        await self.until_asked("auth.exportLoginToken")
        await screen.still("qr")
        await desktop.by_number("5550101")
        await self.until_asked("auth.sendCode")
        await screen.still("code")
        await screen.type(FIXED_CODE)
        await self.until_asked("auth.signIn")
        await screen.still("name")
        await desktop.say_name("Desk", "Top")
        await self.until_asked("messages.getDialogs")
        photo = await screen.still("welcomed")

        bob = await self.sign_up("telethon", "Bob")
        [desk] = await bob.do("import_contact", phone="15550101", first_name="Desk")
        to_desk = ["user", desk["id"]]
        await bob.do("send", peer=to_desk, text="good morning")
        await self.pause(1)
        await desktop.open_chat(0)
        await bob.event("read", SECONDS_TO_ANSWER, outbox=True)
        await desktop.send("and to you")
        await bob.event("new_message", SECONDS_TO_ANSWER, text="and to you")

        file = self.directory / "notes.txt"
        file.write_text("one, two\n")
        await desktop.attach(photo)
        self.assertGreater(len(await self._fetched(bob, "MessageMediaPhoto")), 10_000)
        await desktop.attach(file)
        self.assertEqual(await self._fetched(bob, "MessageMediaDocument"), file.read_bytes())
        await screen.still("sent-files")

        await send_media(bob, to_desk, self.directory)
        await self.until_asked("upload.getWebFile", of=VERSION)
        await screen.still("media")
        await screen.scroll(760, 400, -10)
        await screen.still("media-before")

        await desktop.search("mor good")
        found = await self.until_asked("messages.searchGlobal", of=VERSION)
        self.assertIn("good morning", found.answer)
        await screen.still("found")
        await desktop.escape()
        await desktop.escape()

        await self.server.kill()
        await desktop.open_chat(0)
        await desktop.send("written in the dark")
        await screen.picture("server-is-dead")
        await self.server.start()
        await bob.event("new_message", SECONDS_TO_ANSWER, text="written in the dark")
        await bob.do("send", peer=to_desk, text="there you are")
        await bob.event("read", SECONDS_TO_ANSWER, outbox=True)
        await screen.still("back-again")

        await desktop.escape()
        await desktop.log_out()
        await self.until_asked("auth.logOut")
        await screen.still("signed-out")
        await self.check_manners()

    async def test_a_group(self) -> None:
        """Signed in by QR code: make a group, look at its pages, rename it, add somebody, write, leave."""
        other, bob, carol = [await self.sign_up("telethon", name) for name in ("Desk", "Bob", "Carol")]
        await self.acquaint(other, bob)
        await bob.do("send", peer=["user", other.user["id"]], text="shall we walk?")
        desktop = await self.by_qr(other)
        screen = desktop.screen

        await desktop.menu("new group")
        await screen.type("Walkers", "Return")
        await screen.still("members")
        await screen.click(640, 222)  # the only contact
        await screen.click(776, 674)  # Create
        group = (await bob.event("service_message", SECONDS_TO_ANSWER))["peer"]
        await screen.still("group")
        await bob.do("send", peer=group, text="here I am")
        await desktop.send("so we are two")
        await bob.event("new_message", SECONDS_TO_ANSWER, text="so we are two", peer=group)

        await desktop.chat_info()
        await screen.click(774, 140)
        await screen.still("group-info-menu")
        await screen.click(724, 251)  # Manage Group
        await screen.still("edit-group")
        for name, y in (("invite-links", 609), ("permissions", 570), ("reactions", 531)):
            await screen.click(560, y)
            await screen.still(name)
            await desktop.escape()
        await screen.click(690, 205)
        await screen.type("", "ctrl+a")
        await screen.type("Runners")
        await screen.click(784, 675)  # Save
        await self.until_asked("messages.editChatTitle", of=VERSION)
        await bob.event("service_message", SECONDS_TO_ANSWER, peer=group)
        await screen.still("renamed")
        await desktop.escape()

        await self.acquaint(other, carol)
        await self.pause(1)
        await desktop.chat_info()
        await screen.click(823, 385)  # Add members
        await screen.still("add-members")
        await screen.click(640, 327)  # Carol, below the link and Bob
        await screen.click(776, 674)  # Invite
        await screen.still("add-carol")
        await screen.type("", "Return")
        await carol.event("service_message", SECONDS_TO_ANSWER, peer=group)
        await screen.still("added")
        self.assertEqual(len(await bob.do("members", chat=group[1])), 3)

        await desktop.chat_menu()
        await screen.click(980, 384)  # Delete and exit
        await screen.still("leave")
        await screen.click(756, 500)  # Leave
        await self.until_asked("messages.deleteChatUser", of=VERSION)
        await screen.still("left")
        self.assertEqual(await bob.do("members", chat=group[1]), sorted([bob.user["id"], carol.user["id"]]))
        await self.check_manners()

    async def test_settings(self) -> None:
        """Every page of the settings comes to a rest, so do those of privacy; another session is ended there."""
        other = await self.sign_up("telethon", "Desk")
        desktop = await self.by_qr(other)
        screen = desktop.screen
        for name in ("contacts", "calls"):
            await desktop.menu(name)
            await desktop.escape()
        await desktop.menu("saved")
        await desktop.escape()

        await desktop.open_settings()
        for name in ("profile", "notifications", "chats", "advanced", "calls"):
            await desktop.settings_page(name)
            await screen.scroll(640, 500, 50)
            await screen.still(f"settings-{name}-end")
            await desktop.back()
        await desktop.settings_page("language")
        await desktop.escape()

        await desktop.settings_page("privacy")
        for name, y in SECURITY.items():
            await screen.click(560, y)
            await screen.still(f"security-{name}", must_be=name != "auto-delete")
            if name == "sessions":
                await screen.click(822, 484)  # the cross of the other one
                await screen.still("end-session")
                await screen.type("", "Return")
                await self.until_asked("account.resetAuthorization", of=VERSION)
                await screen.still("ended-session")
            await desktop.back()
        await screen.scroll(640, 500, 50)
        for name, y in PRIVACY.items():
            await screen.click(540, y)
            await screen.still(f"privacy-{name.replace(' ', '-')}")
            await desktop.escape()
        self.assertIsNone(await other.do("me"))
        await self.check_manners()

    async def _fetched(self, bob: ClientProcess, kind: str) -> bytes:
        """What the next message to Bob carries."""
        seen = await bob.event("new_message", SECONDS_TO_ANSWER, text="")
        path = self.directory / "fetched"
        fetched = await bob.do("download", peer=seen["peer"], id=seen["id"], path=str(path))
        self.assertEqual(fetched["kind"], kind)
        [written] = self.directory.glob("fetched*")
        data = written.read_bytes()
        written.unlink()
        return data
