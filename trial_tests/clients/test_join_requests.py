"""Asking to be let in, by Telethon and kurigram: each administers, each asks."""

import unittest

from trial_tests.backends import on_every_backend
from trial_tests.clients.house import HouseTestCase, have
from trial_tests.clients.process import ClientProcess


@unittest.skipUnless(have("kurigram"), "kurigram is not there: tools/setup_test.sh")
@on_every_backend
class JoinRequestTests(HouseTestCase):
    """A supergroup, a channel and a basic group of each."""

    async def ask(self, owner: ClientProcess, other: ClientProcess, peer: list[object], *, is_told: bool) -> None:
        """The other one asks, is turned away, asks again and is let in."""
        link = await owner.do("link_to_ask_by", peer=peer)
        for approved in (False, True):
            self.assertTrue(await other.do("ask_to_join", link=link))
            if is_told:
                told = await owner.event("asked", count=1)
                self.assertEqual(told["users"], [other.user["id"]])
            self.assertEqual(await owner.do("who_asks", peer=peer), [other.user["id"]])
            await owner.do("let_in", peer=peer, user=other.user["id"], approved=approved)
            self.assertEqual(await owner.do("who_asks", peer=peer), [])

    async def test_of_each(self) -> None:
        """Who was let in reads what was written; whoever was turned away did not come in by that."""
        tel = await self.sign_up("telethon", "Tel")
        kuri = await self.sign_up("kurigram", "Kuri")
        await self.acquaint(tel, kuri)
        for owner, other in ((tel, kuri), (kuri, tel)):
            for broadcast in (False, True):
                channel = await owner.do("found_channel", title=f"By {owner.name}", broadcast=broadcast)
                peer: list[object] = ["channel", channel]
                await owner.do("send", peer=peer, text="read this")
                await self.ask(owner, other, peer, is_told=owner is tel)
                if owner is tel:
                    self.assertEqual((await owner.do("about_channel", channel=channel))["members"], 2)
                texts = [message["text"] for message in await other.do("history", peer=peer)]
                self.assertIn("read this", texts)
        chat = await tel.do("create_group", title="We two", users=[])
        await self.ask(tel, kuri, ["chat", chat], is_told=True)
        await tel.do("send", peer=["chat", chat], text="welcome")
        await kuri.event("new_message", text="welcome")
