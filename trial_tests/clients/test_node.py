"""The libraries that run in Node: GramJS (layer 198) and mtcute (layer 223)."""

import unittest

from trial_tests.clients.house import HouseTestCase, have
from trial_tests.clients.process import ClientProcess
from trial_tests.clients.test_chat import SECONDS_TO_SEE


class TalkScenario(HouseTestCase):
    """What every library can do, however small it is."""

    async def conversation(self, a: ClientProcess, b: ClientProcess) -> None:
        """Send, reply, edit, forward, read, type, delete, list."""
        to_a, to_b = ["user", a.user["id"]], ["user", b.user["id"]]
        first = await a.do("send", peer=to_b, text="good morning")
        seen = await b.event("new_message", SECONDS_TO_SEE, text="good morning")
        await b.do("typing", peer=to_a)
        await a.event("typing", SECONDS_TO_SEE, user=b.user["id"])
        await b.do("send", peer=to_a, text="and to you", reply_to=seen["id"])
        answer = await a.event("new_message", SECONDS_TO_SEE, text="and to you")
        self.assertEqual(answer.get("reply_to", first["id"]), first["id"])
        await a.do("edit", peer=to_b, id=first["id"], text="good evening")
        await b.event("edited", SECONDS_TO_SEE, text="good evening", id=seen["id"])
        await a.do("read", peer=to_b, max_id=answer["id"])
        await b.event("read", SECONDS_TO_SEE, outbox=True)
        [forwarded] = await b.do("forward", peer=to_a, from_peer=to_a, ids=[seen["id"]])
        self.assertTrue(forwarded["forwarded"])
        await a.event("new_message", SECONDS_TO_SEE, text="good evening")
        await a.do("delete", peer=to_b, ids=[first["id"]])
        await b.event("deleted", SECONDS_TO_SEE, ids=[seen["id"]])
        texts = [[m["text"] for m in await one.do("history", peer=peer)] for one, peer in ((a, to_b), (b, to_a))]
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(texts[0][:2], ["good evening", "and to you"])

    async def group(self, a: ClientProcess, b: ClientProcess) -> None:
        """Create, talk, rename, list."""
        chat = await a.do("create_group", title="two", users=[b.user["id"]])
        peer = ["chat", chat]
        await b.event("service_message", SECONDS_TO_SEE, peer=peer)
        await b.do("send", peer=peer, text="hello, both")
        await a.event("new_message", SECONDS_TO_SEE, text="hello, both")
        await a.do("rename_group", chat=chat, title="both of us")
        for one in (a, b):
            self.assertEqual(await one.do("members", chat=chat), sorted([a.user["id"], b.user["id"]]))
            self.assertEqual([d["title"] for d in await one.do("dialogs") if d["peer"] == peer], ["both of us"])


@unittest.skipUnless(have("gramjs") and have("mtcute"), "no Node libraries: tools/setup_test.sh needs node and npm")
class NodeTests(TalkScenario):
    """Each on all of its transports, with one another and with Telethon."""

    one_server = True

    async def test_gramjs_and_mtcute(self) -> None:
        """With one another and with Telethon, plain, and mtcute with temporary keys."""
        gramjs = await self.sign_up("gramjs", "Gram")
        mtcute = await self.sign_up("mtcute", "Cute", pfs=True)
        telethon = await self.sign_up("telethon", "Thon")
        await self.acquaint(gramjs, mtcute, telethon)
        await self.conversation(gramjs, mtcute)
        await self.conversation(mtcute, telethon)
        await self.conversation(telethon, gramjs)
        await self.group(gramjs, telethon)
        await self.group(mtcute, gramjs)
        for one in (gramjs, mtcute):
            await one.do("sign_out")

    async def test_every_other_transport(self) -> None:
        """Sign up, send and receive on each."""
        first = await self.sign_up("gramjs", "first", "abridged")
        others = [
            await self.sign_up("gramjs", "second", "obfuscated"),
            await self.sign_up("gramjs", "web", "websocket"),
            await self.sign_up("mtcute", "third", "padded"),
            await self.sign_up("mtcute", "fourth", "obfuscated"),
            await self.sign_up("mtcute", "fifth", "padded_o", pfs=True),
        ]
        await self.acquaint(first, *others)
        for other in others:
            await first.do("send", peer=["user", other.user["id"]], text=f"to {other.name}")
            await other.event("new_message", SECONDS_TO_SEE, text=f"to {other.name}")
            await other.do("send", peer=["user", first.user["id"]], text=f"from {other.name}")
            await first.event("new_message", SECONDS_TO_SEE, text=f"from {other.name}")
