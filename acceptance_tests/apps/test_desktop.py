"""Telegram Desktop, made by ``teamgram client desktop``: sign-up by number, and a conversation with a Telethon user."""

import os
import re
import signal
import sys
import unittest
from pathlib import Path

from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue

import treq

from acceptance_tests.apps.screen import Screen, have_a_screen
from teamgram.clients.desktop import find_binary
from trial_tests.clients.house import FIXED_CODE, HouseTestCase

SECONDS_TO_ANSWER = 60
#: What an app asks for by itself and is refused may be asked again, but not for ever.
MOST_REFUSALS = 3
PICTURES = Path(".test/apps").absolute()


@unittest.skipUnless(find_binary() and have_a_screen(), "no telegram-desktop, xvfb, openbox, xdotool and imagemagick")
class DesktopTests(HouseTestCase):
    """As its user would, with mouse and keyboard; what came of it is seen at the server and by the other user."""

    async def test_a_conversation(self) -> None:
        """From nothing to messages both ways, and nothing asked in vain more than a few times."""
        screen = Screen(PICTURES)
        self.addCleanup(screen.close)
        await self.started(screen)
        # The window is in the middle of the screen, and of the same size everywhere.
        await self.until_asked("help.getConfig")
        await self.pause(3)
        await screen.picture("1-welcome")
        await screen.click(640, 518)  # Start Messaging
        await self.until_asked("auth.exportLoginToken")
        await self.pause(3)
        await screen.picture("2-qr")
        await screen.click(640, 573)  # Or log in using your phone number
        await self.pause(3)
        await screen.type("5550101", "Return")  # behind the +1 of the country
        await self.until_asked("auth.sendCode")
        await self.pause(3)
        await screen.picture("3-code")
        await screen.type(FIXED_CODE)
        await self.until_asked("auth.signIn")
        await self.pause(3)
        await screen.type("Desk", "Tab")
        await screen.type("Top")
        await screen.click(640, 487)  # Sign up
        await self.until_asked("messages.getDialogs")

        bob = await self.sign_up("telethon", "Bob")
        [desk] = await bob.do("import_contact", phone="15550101", first_name="Desk")
        await bob.do("send", peer=["user", desk["id"]], text="good morning")
        await self.pause(4)
        await screen.picture("4-chats")
        await screen.click(380, 173)  # the first chat
        await bob.event("read", SECONDS_TO_ANSWER, outbox=True)
        await screen.click(760, 690)
        await screen.type("and to you", "Return")
        await bob.event("new_message", SECONDS_TO_ANSWER, text="and to you")
        await screen.picture("5-chat")

        refused = re.findall(r'rpc_errors_total\{code="(-?\d+)",method="([^"]*)"\} (\S+)', await self.metrics())
        self.assertEqual([one for one in refused if int(one[0]) >= 500 or float(one[2]) > MOST_REFUSALS], [])

    async def started(self, screen: Screen) -> None:
        """The copy runs and was heard of; it ends with the test."""
        arguments = ["client", "desktop", "--config", str(self.server.config), "--data-dir", str(self.server.data_dir)]
        teamgram = str(Path(sys.executable).with_name("teamgram"))
        output, errors, code = await getProcessOutputAndValue(teamgram, arguments, env=screen.environment)
        started = re.search(rb"started, process (\d+)", output)
        if started is not None:
            self.addCleanup(os.kill, int(started[1]), signal.SIGKILL)
        self.assertEqual((code, errors), (0, b""), output)
        self.assertIn(b"It came through", output)

    async def pause(self, seconds: float) -> None:
        """Let it draw."""
        await deferLater(self.reactor, seconds)

    async def metrics(self) -> str:
        """What the server counted so far."""
        response = await treq.get(f"http://127.0.0.1:{self.server.gateway_port}/metrics", persistent=False)
        return str(await response.text())

    async def until_asked(self, method: str) -> None:
        """The app asked for that method and had its answer."""
        for _ in range(2 * SECONDS_TO_ANSWER):
            if f'rpc_seconds_count{{method="{method}"}}' in await self.metrics():
                return
            await self.pause(0.5)
        self.fail(f"{method} was not asked for; the screenshots are in {PICTURES}")
