"""Polls and to-do lists by five libraries: each asks, votes, looks and closes, and the others see it."""

import unittest

from trial_tests.clients.house import have
from trial_tests.clients.process import ClientProcess
from trial_tests.clients.test_chat import SECONDS_TO_SEE, ChatScenario

OTHERS = ("kurigram", "mtcute", "tdlib", "telethon-old")


@unittest.skipUnless(all(map(have, OTHERS)), "not all libraries are there: tools/setup_test.sh")
class PollTests(ChatScenario):
    """Telethon, kurigram, mtcute, TDLib and an old Telethon in one group."""

    one_server = True

    async def everybody(self) -> tuple[list[ClientProcess], list[object]]:
        """The clients, and the group that all are in."""
        clients = [await self.sign_up("telethon", "Tel")]
        for library in OTHERS:
            clients.append(await self.sign_up(library, library.title()))
        await self.acquaint(*clients)
        chat = await clients[0].do("create_group", title="votes", users=[one.user["id"] for one in clients[1:]])
        return clients, ["chat", chat]

    async def own_ids(self, clients: list[ClientProcess], peer: list[object], words: str) -> dict[ClientProcess, int]:
        """Everybody's own id of what comes behind a text that all have by now."""
        await clients[0].do("send", peer=peer, text=words)
        ids = {}
        for one in clients:
            if one is not clients[0]:
                seen = await one.event("new_message", SECONDS_TO_SEE, text=words)
                ids[one] = seen["id"] + 1
        return ids

    async def test_each_asks(self) -> None:
        """One votes for one, another for another: all who have voted see the same, and how it ended everybody."""
        clients, peer = await self.everybody()
        for number, asker in enumerate(clients):
            ids = await self.own_ids(clients, peer, f"the next question is number {number}")
            answers = ["bread", "rice", "potatoes"]
            ids[asker] = await asker.do("poll", peer=peer, question=f"What for {number}?", answers=answers)
            for one in clients:
                if one is not asker and one is clients[0]:
                    ids[one] = (await one.do("history", peer=peer, limit=1))[0]["id"]
            for place, one in enumerate(clients):
                if one is not asker:
                    await one.do("history", peer=peer, limit=5)
                await one.do("vote", peer=peer, id=ids[one], places=[place % 2])
            for place, one in enumerate(clients):
                stands = await self._stands(one, peer, ids[one], 5)
                self.assertEqual((stands["counts"], stands["chosen"]), ([3, 2, 0], [place % 2]), f"{asker} {one}")
            await clients[-1].do("vote", peer=peer, id=ids[clients[-1]], places=[])
            await clients[0].event("poll", SECONDS_TO_SEE, voters=4)
            await asker.do("close_poll", peer=peer, id=ids[asker])
            for one in clients:
                stands = await self._stands(one, peer, ids[one], 4)
                self.assertTrue(stands["closed"], f"{asker} {one}")
                self.assertEqual(stands["counts"], [2, 2, 0])

    async def _stands(self, one: ClientProcess, peer: list[object], id_: int, voters: int) -> dict[str, object]:
        """How the poll stands; TDLib answers from what it was told, which may still be on its way."""
        while True:
            stands: dict[str, object] = await one.do("poll_at", peer=peer, id=id_)
            if stands["voters"] == voters:
                return stands
            await one.event("poll", SECONDS_TO_SEE)

    async def test_quiz(self) -> None:
        """A quiz of each is answered once."""
        clients, peer = await self.everybody()
        for number, asker in enumerate(clients):
            other = clients[number - 1]
            ids = await self.own_ids(clients, peer, f"quiz {number}")
            await asker.do("poll", peer=peer, question="How many?", answers=["one", "two"], correct=1)
            id_ = ids.get(other) or (await other.do("history", peer=peer, limit=1))[0]["id"]
            await other.do("history", peer=peer, limit=3)
            await other.do("vote", peer=peer, id=id_, places=[0])
            stands = await self._stands(other, peer, id_, 1)
            self.assertEqual(stands["chosen"], [0])

    async def test_who_voted(self) -> None:
        """Telethon lists the voters of a public poll of TDLib's."""
        clients, peer = await self.everybody()
        telethon, tdlib = clients[0], clients[3]
        await tdlib.do("poll", peer=peer, question="Who?", answers=["I", "not I"], public=True)
        for one in clients[:2]:
            id_ = (await one.do("history", peer=peer, limit=1))[0]["id"]
            await one.do("vote", peer=peer, id=id_, places=[0])
        found = await telethon.do("voters", peer=peer, id=(await telethon.do("history", peer=peer, limit=1))[0]["id"])
        self.assertEqual(sorted(found), sorted(one.user["id"] for one in clients[:2]))

    async def test_to_do(self) -> None:
        """One Telethon ticks off what another has listed; TDLib, for which that costs Premium, sees it."""
        ada, bob = await self.sign_up("telethon", "Ada"), await self.sign_up("telethon", "Bob")
        tdlib = await self.sign_up("tdlib", "Td")
        await self.acquaint(ada, bob, tdlib)
        chat = await ada.do("create_group", title="list", users=[bob.user["id"], tdlib.user["id"]])
        peer = ["chat", chat]
        id_ = await ada.do("list", peer=peer, title="To do", items=["bread", "milk"])
        seen = (await bob.do("history", peer=peer, limit=1))[0]["id"]
        at_tdlib = (await tdlib.do("history", peer=peer, limit=1))[0]["id"]
        await bob.do("tick", peer=peer, id=seen, items=[2])
        await tdlib.event("service_message", SECONDS_TO_SEE, action="messageChecklistTasksDone")
        self.assertEqual(await ada.do("list_at", peer=peer, id=id_), [2])
        self.assertEqual(await tdlib.do("list_at", peer=peer, id=at_tdlib), [2])
