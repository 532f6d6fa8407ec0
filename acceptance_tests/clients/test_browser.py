"""Libraries in a page of Chromium, over a WebSocket, as web clients use them."""

import unittest
from typing import Any

from acceptance_tests.clients.libraries import MORE_LIBRARIES
from trial_tests.clients.house import HouseTestCase
from trial_tests.clients.process import PROJECT
from trial_tests.clients.test_chat import SECONDS_TO_SEE


@unittest.skipUnless((PROJECT / ".test/more/browser").exists(), "not set up: make test-more-clients does it")
class BrowserTests(HouseTestCase):
    """With Telethon."""

    libraries = MORE_LIBRARIES

    async def talk(self, library: str, **options: Any) -> None:
        """Sign up, write and be written to, edit and see edits."""
        thon = await self.sign_up("telethon", "Thon")
        page = await self.sign_up(library, "Page", port=self.server.websocket_port, **options)
        await self.acquaint(page, thon)
        to_page, to_thon = ["user", page.user["id"]], ["user", thon.user["id"]]
        sent = await page.do("send", peer=to_thon, text="from a page")
        await thon.event("new_message", SECONDS_TO_SEE, text="from a page")
        await page.do("edit", peer=to_thon, id=sent["id"], text="from this page")
        await thon.event("edited", SECONDS_TO_SEE, text="from this page")
        sent = await thon.do("send", peer=to_page, text="to a page")
        await page.event("new_message", SECONDS_TO_SEE, text="to a page")
        await thon.do("edit", peer=to_page, id=sent["id"], text="to that page")
        await page.event("edited", SECONDS_TO_SEE, text="to that page")
        await thon.do("create_group", title="web", users=[page.user["id"]])
        await page.event("service_message", SECONDS_TO_SEE)
        texts = [message["text"] for message in await page.do("history", peer=to_thon)]
        self.assertEqual(texts, ["to that page", "from this page"])

    async def test_gramjs(self) -> None:
        """GramJS, layer 198, obfuscated abridged."""
        await self.talk("gramjs-web", fingerprint=str(self.server.fingerprint))

    async def test_mtcute(self) -> None:
        """mtcute, layer 221, obfuscated intermediate."""
        await self.talk("mtcute-web")

    async def test_mtcute_with_temporary_keys(self) -> None:
        """Its usePfs in a page."""
        await self.talk("mtcute-web", pfs=True)
