"""Telegram Web A in channels, supergroups and topics, from a build that the environment names, as ``test_web``."""

import os
import unittest

from acceptance_tests.apps.app_house import SECONDS_TO_ANSWER
from acceptance_tests.apps.browser import find_chromium
from acceptance_tests.apps.web_a_channels import WebAChannels
from acceptance_tests.apps.web_house import WebAppTestCase


@unittest.skipUnless(os.environ.get("WEB_A") and find_chromium(), "no build of Web A (WEB_A=DIR), or no chromium")
class WebAChannelTests(WebAppTestCase):
    """Two walks; what came of each step is seen by Telethon users."""

    app_class = WebAChannels
    build_in = "WEB_A"
    asked_anew = frozenset({"channels.getFullChannel", "channels.getParticipants", "messages.search"})

    async def begun(self) -> WebAChannels:
        """Wanda's Web A, with Bob and Carol among her contacts."""
        self.wanda, self.bob, self.carol = [await self.sign_up("telethon", name) for name in ("Wanda", "Bob", "Carol")]
        await self.acquaint(self.wanda, self.bob, self.carol)
        app = await self.by_qr(self.wanda)
        assert isinstance(app, WebAChannels)
        return app

    async def test_a_channel(self) -> None:
        """Made, posted in, reacted to; comments in a group that is linked to it; a folder for it."""
        app = await self.begun()
        browser, carol = app.browser, self.carol
        await app.new_channel("Weather", "Carol")
        await app.send("Rain tomorrow")
        channel = (await carol.event("new_message", SECONDS_TO_ANSWER, text="Rain tomorrow"))["peer"]
        await self.look(app, "posted")
        await app.react(2)
        await self.until_asked("messages.sendReaction", of=app.version)
        await browser.until_drawn(".message-reaction.chosen", 1)
        await carol.event("reactions", SECONDS_TO_ANSWER, counts={"❤": 1})
        await self.look(app, "reacted")

        talk = await self.wanda.do("found_channel", title="Weather talk")
        await browser.until_text("Weather talk")
        await app.link_group("Weather talk")
        await self.until_asked("channels.setDiscussionGroup", of=app.version)
        await self.look(app, "linked")
        await app.close_page()
        await app.send("Snow on Sunday")
        post = await carol.event("new_message", SECONDS_TO_ANSWER, text="Snow on Sunday", peer=channel)
        await browser.until_text("Leave a comment")
        await self.look(app, "with-comments")
        await app.comment("I doubt it")
        said = await self.wanda.do("history", peer=["channel", talk])
        self.assertIn("I doubt it", [one["text"] for one in said])
        await self.look(app, "commented")
        self.assertGreater(post["id"], 1)

        await app.new_folder("Sky", "Weather")
        await browser.until(lambda texts: texts.count("Sky") > 0, "the folder")
        await self.look(app, "folder")
        await self.check_app(app)

    async def test_a_supergroup(self) -> None:
        """One of somebody else's, with a poll; a message for later; one of one's own that becomes a forum."""
        app = await self.begun()
        browser, bob = app.browser, self.bob
        yard = await bob.do("found_channel", title="Yard")
        await bob.do("bring_in", channel=yard, users=[self.wanda.user["id"], self.carol.user["id"]])
        await browser.until_text("Yard")
        await bob.do("poll", peer=["channel", yard], question="Where to?", answers=["hills", "shore", "woods"])
        await app.open_chat("Yard")
        await browser.click_text("shore")
        await bob.event("poll", SECONDS_TO_ANSWER, voters=1)
        await browser.until_text("100%")
        await self.look(app, "voted")
        await app.schedule("Fog at dawn")
        await self.until_asked("messages.sendMessage", of=app.version)
        [waiting] = await self.wanda.do("scheduled", peer=["channel", yard])
        self.assertEqual(waiting["text"], "Fog at dawn")
        await self.look(app, "scheduled")

        await browser.press("Escape")
        await app.new_group("Club", "Bob")
        await browser.until_text("Club")
        await self.pause(2)
        await app.make_forum()
        await self.until_asked("channels.toggleForum", of=app.version)
        await app.close_page()
        await app.new_topic("Plans")
        await app.send("First plan")
        await bob.event("new_message", SECONDS_TO_ANSWER, text="First plan")
        await self.look(app, "topic")
        await self.check_app(app)
