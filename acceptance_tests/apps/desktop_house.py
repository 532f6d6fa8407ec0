"""What every walk through Telegram Desktop begins with: a copy that runs, and somebody signed in."""

import os
import re
import signal
import sys
from pathlib import Path

from twisted.internet.utils import getProcessOutputAndValue

from acceptance_tests.apps.app_house import AppTestCase
from acceptance_tests.apps.desktop import VERSION, Desktop
from trial_tests.clients.process import ClientProcess


class DesktopTestCase(AppTestCase):
    """One Telegram Desktop on a screen of its own; its own log is read at the end as well."""

    async def started(self) -> Desktop:
        """The copy runs and was heard of; it ends with the test."""
        screen = self.open_screen()
        arguments = ["client", "desktop", "--config", str(self.server.config), "--data-dir", str(self.server.data_dir)]
        teamgram = str(Path(sys.executable).with_name("teamgram"))
        output, errors, code = await getProcessOutputAndValue(teamgram, arguments, env=screen.environment)
        started = re.search(rb"started, process (\d+)", output)
        if started is not None:
            self.addCleanup(os.kill, int(started[1]), signal.SIGKILL)
        self.assertEqual((code, errors), (0, b""), output)
        self.assertIn(b"It came through", output)
        await self.until_asked("help.getConfig", of=VERSION)
        await screen.still("welcome")
        return Desktop(screen)

    async def by_qr(self, phone_of: ClientProcess) -> Desktop:
        """Signed in by the QR code that it shows, which somebody's other device accepts."""
        desktop = await self.started()
        await desktop.start_messaging()
        await self.until_asked("auth.exportLoginToken", of=VERSION)
        await desktop.screen.still("qr")
        await phone_of.do("accept_login", token=self.login_token().hex())
        await self.until_asked("messages.getDialogs", of=VERSION)
        await desktop.screen.still("signed-in")
        return desktop

    async def check_manners(self) -> None:
        await super().check_manners()
        log = (self.server.data_dir / "clients/desktop/data/log.txt").read_text(errors="replace")
        self.assertEqual(re.findall(r".*API Error.*", log), [], "what Telegram Desktop complains about in its log")
