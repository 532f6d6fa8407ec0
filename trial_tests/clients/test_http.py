"""Telethon over HTTP: it asks one thing at a time and never waits for news."""

from trial_tests.backends import on_every_backend
from trial_tests.clients.house import HouseTestCase
from trial_tests.clients.test_chat import SECONDS_TO_SEE


@on_every_backend
class HttpTests(HouseTestCase):
    """Telethon's ConnectionHttp."""

    async def test_a_conversation(self) -> None:
        """Sign up, write and be read, list; what others write comes along with the next answer."""
        ada = await self.sign_up("telethon", "Ada", "http")
        bob = await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        to_ada, to_bob = ["user", ada.user["id"]], ["user", bob.user["id"]]
        sent = await ada.do("send", peer=to_bob, text="by post")
        await bob.event("new_message", SECONDS_TO_SEE, text="by post")
        await ada.do("edit", peer=to_bob, id=sent["id"], text="by letter")
        await bob.event("edited", SECONDS_TO_SEE, text="by letter")
        await bob.do("send", peer=to_ada, text="and back")
        texts = [message["text"] for message in await ada.do("history", peer=to_bob)]
        self.assertEqual(texts, ["and back", "by letter"])
        await ada.event("new_message", SECONDS_TO_SEE, text="and back")
        self.assertEqual(next(dialog["peer"] for dialog in await ada.do("dialogs")), to_bob)
