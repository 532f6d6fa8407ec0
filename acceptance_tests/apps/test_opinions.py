"""Telegram Desktop reacts and votes, beside a Telethon user."""

import unittest

from acceptance_tests.apps.app_house import SECONDS_TO_ANSWER
from acceptance_tests.apps.desktop import VERSION
from acceptance_tests.apps.desktop_house import DesktopTestCase
from acceptance_tests.apps.screen import have_a_screen
from teamgram.clients.desktop import find_binary


@unittest.skipUnless(find_binary() and have_a_screen(), "no telegram-desktop, xvfb, openbox, xdotool and imagemagick")
class OpinionTests(DesktopTestCase):
    """With mouse and keyboard; what came of it is seen by the other user, and in the pictures."""

    async def test_opinions(self) -> None:
        """What the other reacts with is drawn, a double click reacts, and a click on an answer votes."""
        other, bob = [await self.sign_up("telethon", name) for name in ("Desk", "Bob")]
        await self.acquaint(other, bob)
        to_desk = ["user", other.user["id"]]
        desktop = await self.by_qr(other)
        screen = desktop.screen
        await self.until_asked("messages.getAvailableReactions", of=VERSION)
        await bob.do("send", peer=to_desk, text="shall we walk?")
        await self.pause(1)
        await desktop.open_chat(0)
        await desktop.send("gladly")
        answer = await bob.event("new_message", SECONDS_TO_ANSWER, text="gladly")
        await bob.do("react", peer=to_desk, id=answer["id"], emoji=["🔥"])
        await screen.picture("fire-flies-in")
        await screen.still("fire")
        poll = await bob.do("poll", peer=to_desk, question="Where to?", answers=["hills", "shore", "woods"])
        await screen.still("poll")
        await screen.click(585, 563)  # shore
        await bob.event("poll", SECONDS_TO_ANSWER, voters=1)
        await screen.still("voted")
        await screen.right_click(600, 382)  # "shall we walk?"
        await screen.still("offered")
        await screen.click(624, 360)  # the first one
        await bob.event("reactions", SECONDS_TO_ANSWER, counts={"❤": 1})
        await screen.still("reacted")
        await bob.do("vote", peer=to_desk, id=poll, places=[2])
        stands = await bob.do("poll_at", peer=to_desk, id=poll)
        self.assertEqual((stands["counts"], stands["chosen"]), ([0, 1, 1], [2]))
        await screen.still("both-voted")
        await bob.do("close_poll", peer=to_desk, id=poll)
        await screen.still("closed")
        await self.check_manners()
