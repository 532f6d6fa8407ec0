"""One walk through a web app, the same for Web A and Web K."""

import re

from acceptance_tests.apps.app_house import SECONDS_TO_ANSWER
from acceptance_tests.apps.media import send_media
from acceptance_tests.apps.web_apps import WebApp
from acceptance_tests.apps.web_house import WebAppTestCase
from trial_tests.clients.house import FIXED_CODE
from trial_tests.clients.process import ClientError


class WebWalk(WebAppTestCase):
    """As its user would, with clicks and keys; what came of it is seen at the server and by a Telethon user."""

    async def test_a_conversation(self) -> None:
        """Sign up by number, write both ways, send a photo and a file, search, outlive a crash, sign out."""
        app = await self.started()
        browser = app.browser
        await app.by_number("+15550102")
        await self.until_asked("auth.sendCode")
        await self.pause(2)
        await browser.type(FIXED_CODE)
        await self.until_asked("auth.signIn")
        await self.look(app, "name")
        await app.say_name("Wanda")
        await self.until_asked("auth.signUp")
        await browser.until_text("Telegram")
        await self.look(app, "welcomed")

        bob = await self.sign_up("telethon", "Bob")
        [wanda] = await bob.do("import_contact", phone="15550102", first_name="Wanda")
        to_wanda = ["user", wanda["id"]]
        await bob.do("send", peer=to_wanda, text="good morning")
        await browser.until_text("good morning")
        await app.open_chat("Bob")
        await app.send("and to you")
        await bob.event("new_message", SECONDS_TO_ANSWER, text="and to you")
        # On a slow machine Web A sometimes says only now what it had shown before.
        await bob.event("read", SECONDS_TO_ANSWER, outbox=True)
        await self.look(app, "chat")

        photo, file = await browser.picture("photo"), self.directory / "notes.txt"
        file.write_text("one, two\n")
        await app.attach(photo, "Photo or Video")
        await bob.event("new_message", SECONDS_TO_ANSWER, text="")
        await app.attach(file, "File")
        seen = await bob.event("new_message", SECONDS_TO_ANSWER, text="")
        await bob.do("download", peer=seen["peer"], id=seen["id"], path=str(self.directory / "fetched.txt"))
        self.assertEqual((self.directory / "fetched.txt").read_text(), "one, two\n")
        await self.look(app, "sent-files")

        await app.search("mor good")
        await self.until_asked("messages.searchGlobal")
        await browser.until(lambda texts: sum("morning" in one for one in texts) > 1, "what was searched for")
        await self.look(app, "found")
        await browser.press("Escape")

        await send_media(bob, to_wanda, self.directory)
        for selector, count in app.media.items():
            await browser.until_drawn(selector, count)
        await self.look(app, "media")
        await browser.scroll(app.messages, -700)
        await self.look(app, "media-before")

        await self.server.kill()
        await app.send("written in the dark")
        await browser.picture("server-is-dead")
        await self.server.start()
        await bob.event("new_message", SECONDS_TO_ANSWER, text="written in the dark")
        await bob.do("send", peer=to_wanda, text="there you are")
        await app.until_newest("there you are", SECONDS_TO_ANSWER)
        await self.look(app, "back-again")

        await app.open_settings()
        await self.look(app, "settings")
        await app.log_out()
        await self.until_asked("auth.logOut")
        await self.pause(3)
        await browser.picture("signed-out")
        await self.check_app(app)

    async def test_settings(self) -> None:
        """Signed in by QR code: every page of the settings and behind them rests; another session is ended."""
        other = await self.sign_up("telethon", "Wanda")
        app = await self.by_qr(other)
        browser = app.browser
        await app.open_settings()
        for page, more in app.settings.items():
            await browser.click_text(page)
            await self.opened(app, page)
            for one in more:
                await browser.click_text(one)
                await self.opened(app, f"{page} {one}")
                await app.back()
                await self.shown(app, one)
                # While pages slide, Web A hears no click on its arrow.
                await self.pause(0.7)
            if page == app.sessions:
                await app.end_session(app.device)
                await self.until_asked("account.resetAuthorization", of=app.version)
                await browser.until(lambda texts: not any(app.device in one for one in texts), "the session gone")
                await self.look(app, "ended-session")
            await app.back()
            await self.pause(0.7)
        self.assertIsNone(await other.do("me"))
        await self.check_app(app)

    async def shown(self, app: WebApp, button: str) -> None:
        """The page on which that stands, in whatever case."""
        await app.browser.until(lambda texts: any(button.lower() == one.lower() for one in texts), button)

    async def opened(self, app: WebApp, name: str) -> None:
        """A page that slides in, looked at."""
        await self.pause(0.7)
        await self.look(app, re.sub(r"[^a-z]+", "-", name.lower())[:60])
        seen = [one for one in await app.browser.texts() if re.search(r"\b(undefined|NaN|null)\b", one)]
        self.assertEqual(seen, [], f"what the app was not told, on {name}")

    async def test_a_group(self) -> None:
        """Signed in by QR code: make a group, write, rename it, add somebody, leave it."""
        other, bob, carol = [await self.sign_up("telethon", name) for name in ("Wanda", "Bob", "Carol")]
        await self.acquaint(other, bob, carol)
        app = await self.by_qr(other)
        browser = app.browser
        await app.new_group("Walkers", "Bob")
        group = (await bob.event("service_message", SECONDS_TO_ANSWER))["peer"]
        await browser.until_text("Walkers")
        await bob.do("send", peer=group, text="here I am")
        await browser.until_text("here I am")
        await self.pause(2)
        await app.send("so we are two")
        await bob.event("new_message", SECONDS_TO_ANSWER, text="so we are two", peer=group)
        # In the list of chats, and in the chat.
        await browser.until(lambda texts: sum("so we are two" in one for one in texts) > 1, "what was sent")
        await self.look(app, "group")

        await app.rename_group("Runners")
        await self.until_asked("messages.editChatTitle", of=app.version)
        renamed = await bob.event("service_message", SECONDS_TO_ANSWER, peer=group)
        self.assertEqual(renamed["action"], "MessageActionChatEditTitle")
        # In the list of chats, over the chat, and on the group's page.
        await browser.until(lambda texts: texts.count("Runners") > 2, "the new name")
        await self.look(app, "renamed")

        await app.add_member("Carol")
        await carol.event("service_message", SECONDS_TO_ANSWER, peer=group)
        await self.look(app, "added")
        self.assertEqual(len(await bob.do("members", chat=group[1])), 3)
        await carol.do("send", peer=group, text="me too")
        await browser.until_text("me too")

        await app.leave_group()
        await self.until_asked(app.leaves_by, of=app.version)
        await browser.until(lambda texts: "Runners" not in texts, "the group gone")
        await self.look(app, "left")
        if app.leaves_by == "messages.deleteChatUser":
            self.assertEqual(await bob.do("members", chat=group[1]), sorted([bob.user["id"], carol.user["id"]]))
        else:
            with self.assertRaisesRegex(ClientError, "ChatParticipantsForbidden"):
                await bob.do("members", chat=group[1])
        await self.check_app(app)
