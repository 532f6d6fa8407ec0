"""A web app that a test shows from this server: opened, signed in, looked at."""

import os
import re
from pathlib import Path
from typing import ClassVar

from twisted.internet.defer import Deferred

import yaml

from acceptance_tests.apps.app_house import PICTURES, AppTestCase
from acceptance_tests.apps.browser import Browser
from acceptance_tests.apps.web_apps import WebApp
from trial_tests.clients.process import ClientProcess

#: A name of a text instead of the text, as apps show it when a language pack lacks it.
_RAW_KEY = re.compile(r"lng_\w+|[A-Z][a-z]+(?:[A-Z][a-z0-9]+)+(?:\.\w+)*|[A-Za-z]\w*(?:\.[A-Z]\w*)+")
_SECONDS_TO_SETTLE = 10
#: What looks like it: devices in the list of sessions, keys of the keyboard.
_NO_KEYS = re.compile(r"Page(?:Up|Down)|Mozilla/.*|AppleWebKit/.*|HeadlessChrome.*|\d.*|.*\.txt")


class WebAppTestCase(AppTestCase):
    """A web app in a browser, and a server that shows it."""

    app_class: ClassVar[type[WebApp]]
    #: The environment's variable that names the build.
    build_in: ClassVar[str]
    path = "/app/"

    def configure(self) -> None:
        super().configure()
        file = self.server.config / "gnetway.yaml"
        clients = [{"Path": self.path, "Directory": str(Path(os.environ[self.build_in]).absolute())}]
        file.write_text(file.read_text() + yaml.safe_dump({"WebClients": clients}))

    async def started(self) -> WebApp:
        """Its first page."""
        place = PICTURES / f"{self.app_class.__name__}-{self.id().rpartition('.')[2].removeprefix('test_')}"
        for old in place.glob("*.png"):
            old.unlink()
        browser = Browser(self.reactor, self.directory / "browser", place)
        self.addCleanup(lambda: Deferred.fromCoroutine(browser.close()))
        print(f"\nscreenshots: {place}", flush=True)
        await browser.start()
        self.addCleanup(lambda: Deferred.fromCoroutine(browser.picture("end")))
        await browser.open(f"http://127.0.0.1:{self.server.http_port}{self.path}")
        await self.until_asked("auth.exportLoginToken")
        return self.app_class(browser)

    async def by_qr(self, phone_of: ClientProcess) -> WebApp:
        """Signed in by the QR code that it shows, which somebody's other device accepts."""
        app = await self.started()
        await self.look(app, "qr")
        await phone_of.do("accept_login", token=self.login_token().hex())
        await self.until_asked("messages.getDialogs")
        await app.browser.until_text("Telegram")
        return app

    async def look(self, app: WebApp, name: str) -> None:
        """A page: nothing on it is waited for any longer, and no text is a key."""
        browser = app.browser
        for _ in range(4 * _SECONDS_TO_SETTLE):
            await self.pause(0.25)
            if not await browser.count(app.spinners):
                break
        else:
            self.fail(f"it turns for ever; see {await browser.picture(name)}")
        await self.pause(0.3)
        path = await browser.picture(name)
        keys = [text for text in await browser.texts() if _RAW_KEY.fullmatch(text) and not _NO_KEYS.fullmatch(text)]
        self.assertEqual(keys, [], f"keys of a language pack in place of texts; see {path}")

    async def check_app(self, app: WebApp) -> None:
        """Manners, and nothing that JavaScript does not understand."""
        await self.check_manners()
        wrong = [
            one for one in app.browser.complaints if "TypeError" in one and not any(key in one for key in app.known)
        ]
        self.assertEqual(wrong, [])
