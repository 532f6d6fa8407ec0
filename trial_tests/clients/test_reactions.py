"""Reactions by five libraries: each reacts, changes that and takes it back, and the others see it as it happens."""

import unittest
from typing import Any

from trial_tests.clients.house import have
from trial_tests.clients.process import ClientProcess
from trial_tests.clients.test_chat import SECONDS_TO_SEE, ChatScenario

OTHERS = ("telethon-old", "kurigram", "mtcute", "tdlib")
LIKE, LOVE, FIRE = "👍", "❤", "🔥"


@unittest.skipUnless(all(map(have, OTHERS)), "not all libraries are there: tools/setup_test.sh")
class ReactionTests(ChatScenario):
    """Telethon, an old one, kurigram, mtcute and TDLib in one group."""

    one_server = True

    async def everybody(self, words: str) -> tuple[list[ClientProcess], list[Any], dict[ClientProcess, int]]:
        """The clients, the group that all are in, and everybody's id of the first one's message there."""
        clients = [await self.sign_up("telethon", "Tel")]
        for library in OTHERS:
            clients.append(await self.sign_up(library, library.title()))
        await self.acquaint(*clients)
        chat = await clients[0].do("create_group", title="opinions", users=[one.user["id"] for one in clients[1:]])
        peer = ["chat", chat]
        ids = {clients[0]: (await clients[0].do("send", peer=peer, text=words))["id"]}
        for one in clients[1:]:
            ids[one] = (await one.event("new_message", SECONDS_TO_SEE, text=words))["id"]
        # As opening the group does: TDLib reads there what may be reacted with.
        await clients[-1].do("members", chat=chat)
        return clients, peer, ids

    async def test_all_react(self) -> None:
        """Each with another one; everybody is told of each, and has the same in the end but for what is their own."""
        clients, peer, ids = await self.everybody("what do you say?")
        own = {}
        for one, emoji in zip(clients, ([LIKE], [LOVE], [LOVE], [LIKE], [FIRE]), strict=True):
            own[one] = emoji
            await one.do("react", peer=peer, id=ids[one], emoji=emoji)
            for other in clients:
                if other is not one:
                    await other.event("reactions", SECONDS_TO_SEE, id=ids[other])
        for one in clients:
            seen = await one.do("reactions_to", peer=peer, id=ids[one])
            self.assertEqual(seen, {"counts": {LIKE: 2, LOVE: 2, FIRE: 1}, "chosen": own[one]}, one.name)
        # The author, and an app that is here, are told who.
        expected = sorted([one.user["id"], emoji[0]] for one, emoji in own.items())
        for one in (clients[0], clients[-1]):
            self.assertEqual(sorted(await one.do("reactors", peer=peer, id=ids[one])), expected, one.name)
        for one in clients:
            await one.do("react", peer=peer, id=ids[one], emoji=[])
        for one in clients[:-1]:
            self.assertEqual((await one.do("reactions_to", peer=peer, id=ids[one]))["counts"], {}, one.name)

    async def test_in_a_supergroup(self) -> None:
        """One post for all: all react and vote, and each looks what became of it."""
        clients = [await self.sign_up("telethon", "Tel")]
        for library in OTHERS:
            clients.append(await self.sign_up(library, library.title()))
        founder, tdlib = clients[0], clients[-1]
        channel = await founder.do("found_channel", title="Opinions")
        await founder.do("name_channel", channel=channel, username="opinions_here")
        peer = ["channel", channel]
        for one in clients[1:]:
            await one.do("join_channel", username="opinions_here")
        await tdlib.do("about_channel", channel=channel)
        post = (await founder.do("send", peer=peer, text="what do you say?"))["id"]
        for one in clients[1:]:
            await one.event("new_message", SECONDS_TO_SEE, text="what do you say?")
        for one, emoji in zip(clients, (LIKE, LOVE, LOVE, LIKE, FIRE), strict=True):
            await one.do("react", peer=peer, id=post, emoji=[emoji])
        everything = {LIKE: 2, LOVE: 2, FIRE: 1}
        for one in clients:
            seen = await self.until_counted(one, peer, post, everything)
            self.assertEqual(len(seen["chosen"]), 1, one.name)
        poll = await tdlib.do("poll", peer=peer, question="And now?", answers=["yes", "no"])
        for place, one in enumerate(clients):
            await one.do("history", peer=peer, limit=5)
            await one.do("vote", peer=peer, id=poll, places=[place % 2])
        for one in clients[:-1]:
            stands = await one.do("poll_at", peer=peer, id=poll)
            self.assertEqual((stands["counts"], len(stands["chosen"])), ([3, 2], 1), one.name)
        await tdlib.do("close_poll", peer=peer, id=poll)
        for one in clients:
            stands = await one.do("poll_at", peer=peer, id=poll)
            self.assertEqual((stands["closed"], stands["counts"]), (True, [3, 2]), one.name)

    async def until_counted(self, one: ClientProcess, peer: list[Any], id_: int, counts: dict[str, int]) -> Any:
        """The reactions to a post; TDLib answers from what it was told, which comes no more often than so."""
        while True:
            seen = await one.do("reactions_to", peer=peer, id=id_)
            if seen["counts"] == counts and seen["chosen"]:
                return seen
            await one.event("reactions", SECONDS_TO_SEE)

    async def test_an_app_reacts(self) -> None:
        """TDLib offers the reactions and gets their pictures; what it has not seen waits, and is seen by looking."""
        telethon, tdlib = await self.sign_up("telethon", "Tel"), await self.sign_up("tdlib", "Td")
        await self.acquaint(telethon, tdlib)
        to_td, to_tel = ["user", tdlib.user["id"]], ["user", telethon.user["id"]]
        pictures = await telethon.do("reaction_pictures")
        self.assertGreater(len(pictures["emoji"]), 60)
        self.assertGreater(min(pictures["sizes"]), 400)
        await telethon.do("send", peer=to_td, text="good?")
        seen = await tdlib.event("new_message", SECONDS_TO_SEE, text="good?")
        self.assertGreater(await tdlib.do("reaction_file", emoji=LIKE), 400)
        offered = await tdlib.do("tap", peer=to_tel, id=seen["id"], emoji=LOVE)
        self.assertIn(LIKE, offered)
        told = await telethon.event("reactions", SECONDS_TO_SEE, counts={LOVE: 1})
        self.assertEqual(await telethon.do("news", peer=to_td), [told["id"]])
        await tdlib.do("send", peer=to_tel, text="very")
        answer = await telethon.event("new_message", SECONDS_TO_SEE, text="very")
        await telethon.do("react", peer=to_td, id=answer["id"], emoji=[FIRE])
        news = await tdlib.event("news", SECONDS_TO_SEE, left=1)
        await tdlib.do("read", peer=to_tel, max_id=news["id"])
        await tdlib.event("news", SECONDS_TO_SEE, left=0)

    async def test_after_a_while_away(self) -> None:
        """What happened meanwhile comes with the difference."""
        telethon, kurigram = await self.sign_up("telethon", "Tel"), await self.sign_up("kurigram", "Kuri")
        await self.acquaint(telethon, kurigram)
        to_kuri, to_tel = ["user", kurigram.user["id"]], ["user", telethon.user["id"]]
        state = await telethon.do("state")
        sent = await telethon.do("send", peer=to_kuri, text="later")
        seen = await kurigram.event("new_message", SECONDS_TO_SEE, text="later")
        await kurigram.do("react", peer=to_tel, id=seen["id"], emoji=[LIKE])
        difference = await telethon.do("difference", pts=state["pts"], date=state["date"])
        kinds = [(one["kind"], one["message"]["id"]) for one in difference["others"] if one["message"]]
        self.assertEqual(kinds, [("UpdateEditMessage", sent["id"])])
