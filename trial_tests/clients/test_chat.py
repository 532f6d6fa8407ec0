"""The whole of a first day: two or three people, every action of a messenger, on every transport.

Nothing here looks into the server: what one library does, another one sees.
"""

from trial_tests.backends import on_every_backend
from trial_tests.clients.house import FIXED_CODE, HouseTestCase
from trial_tests.clients.process import ClientError, ClientProcess

SECONDS_TO_SEE = 5  # generous on a busy machine; what is measured is that it comes at all


class ChatScenario(HouseTestCase):
    """What two people do to one another."""

    async def private_chat(self, a: ClientProcess, b: ClientProcess) -> None:
        """Send, reply, edit, forward, read, type, pin, delete, list: both sides agree throughout."""
        to_a, to_b = ["user", a.user["id"]], ["user", b.user["id"]]
        first = await a.do("send", peer=to_b, text="good morning")
        seen = await b.event("new_message", SECONDS_TO_SEE, text="good morning")
        self.assertEqual((seen["peer"], seen["out"]), (to_a, False))

        await b.do("typing", peer=to_a)
        await a.event("typing", SECONDS_TO_SEE, user=b.user["id"])

        await b.do("send", peer=to_a, text="and to you", reply_to=seen["id"])
        answer = await a.event("new_message", SECONDS_TO_SEE, text="and to you")
        self.assertEqual(answer["reply_to"], first["id"], "a reply shows each side its own message id")

        await a.do("edit", peer=to_b, id=first["id"], text="good evening")
        edited = await b.event("edited", SECONDS_TO_SEE, text="good evening")
        self.assertEqual(edited["id"], seen["id"])

        await a.do("read", peer=to_b, max_id=answer["id"])
        await b.event("read", SECONDS_TO_SEE, outbox=True)

        await b.do("pin", peer=to_a, id=seen["id"])
        pinned = await a.event("pinned", SECONDS_TO_SEE)
        self.assertEqual(pinned["ids"], [first["id"]])

        [forwarded] = await b.do("forward", peer=to_a, from_peer=to_a, ids=[seen["id"]])
        self.assertTrue(forwarded["forwarded"])
        copy = await a.event("new_message", SECONDS_TO_SEE, forwarded=True)
        self.assertEqual(copy["text"], "good evening")

        await a.do("delete", peer=to_b, ids=[first["id"]])
        gone = await b.event("deleted", SECONDS_TO_SEE)
        self.assertEqual(gone["ids"], [seen["id"]])

        # Pyrogram does not tell whose a service message is.
        texts_a = [(m["text"], m["out"] and m["text"] != "") for m in await a.do("history", peer=to_b)]
        texts_b = [(m["text"], not m["out"] and m["text"] != "") for m in await b.do("history", peer=to_a)]
        self.assertEqual(texts_a, texts_b)
        self.assertNotIn(first["id"], [m["id"] for m in await a.do("history", peer=to_b)])
        self.assertEqual([m["text"] for m in await a.do("search", peer=to_b, text="to you")], ["and to you"])

    async def group_of_three(self, a: ClientProcess, b: ClientProcess, c: ClientProcess) -> None:
        """Create, talk, rename, add, remove, leave: service messages and members agree."""
        chat = await a.do("create_group", title="three", users=[b.user["id"]])
        peer = ["chat", chat]
        await b.event("service_message", SECONDS_TO_SEE, peer=peer)
        await a.do("send", peer=peer, text="hello, two")
        await b.event("new_message", SECONDS_TO_SEE, text="hello, two")
        await a.do("add_member", chat=chat, user=c.user["id"])
        await c.event("service_message", SECONDS_TO_SEE, peer=peer)
        everybody = sorted(x.user["id"] for x in (a, b, c))
        for one in (a, b, c):
            self.assertEqual(await one.do("members", chat=chat), everybody)
        await c.do("send", peer=peer, text="hello, three")
        await a.event("new_message", SECONDS_TO_SEE, text="hello, three", **{"from": c.user["id"]})
        await b.event("new_message", SECONDS_TO_SEE, text="hello, three", **{"from": c.user["id"]})
        await a.do("rename_group", chat=chat, title="three of us")
        titles = [d["title"] for d in await c.do("dialogs") if d["peer"] == peer]
        self.assertEqual(titles, ["three of us"])
        await a.do("remove_member", chat=chat, user=b.user["id"])
        self.assertEqual(await a.do("members", chat=chat), sorted([a.user["id"], c.user["id"]]))
        await c.do("leave", chat=chat)
        self.assertEqual(await a.do("members", chat=chat), [a.user["id"]])
        with self.assertRaises(ClientError):
            await c.do("send", peer=peer, text="am I still here?")

    async def dialogs_in_order(self, a: ClientProcess, b: ClientProcess, c: ClientProcess) -> None:
        """The chat that was written to last stands first, on both sides."""
        await a.do("send", peer=["user", b.user["id"]], text="to b")
        await a.do("send", peer=["user", c.user["id"]], text="to c")
        await a.do("send", peer=["user", b.user["id"]], text="to b again")
        order = [d["peer"][1] for d in await a.do("dialogs")]
        self.assertLess(order.index(b.user["id"]), order.index(c.user["id"]))
        await b.event("new_message", SECONDS_TO_SEE, text="to b again")
        [dialog] = [d for d in await b.do("dialogs") if d["peer"] == ["user", a.user["id"]]]
        self.assertGreaterEqual(dialog["unread"], 2)

    async def accounts(self, library: str, a: ClientProcess, b: ClientProcess) -> None:
        """A name and a username change are seen; signing out and in again finds the same account."""
        await a.do("set_username", username=f"someone_{a.user['id']}")
        self.assertEqual((await b.do("resolve", username=f"someone_{a.user['id']}"))["id"], a.user["id"])
        changed = await a.do("set_name", first_name="Renamed", about="about me")
        self.assertEqual(changed["first_name"], "Renamed")
        self.assertEqual((await b.do("full_user", user=a.user["id"]))["about"], "about me")
        second = await self.connect(library, "second device")
        same = await second.do("sign_in", phone=a.phone, code=FIXED_CODE)
        self.assertEqual(same["id"], a.user["id"])
        await b.do("send", peer=["user", a.user["id"]], text="to both devices")
        for device in (a, second):
            await device.event("new_message", SECONDS_TO_SEE, text="to both devices")
        if library.startswith("telethon"):
            await second.do("dialogs")
        await a.do("send", peer=["user", b.user["id"]], text="from the first device")
        own = await second.event("new_message", SECONDS_TO_SEE, text="from the first device")
        self.assertTrue(own["out"])
        sessions = await a.do("sessions")
        self.assertEqual(len(sessions), 2)
        [other] = [s for s in sessions if not s["current"]]
        await a.do("end_session", hash=other["hash"])
        with self.assertRaises(ClientError):
            await second.do("dialogs", timeout=10)
        await a.do("sign_out")
        again = await self.connect(library, "again")
        self.assertEqual((await again.do("sign_in", phone=a.phone, code=FIXED_CODE))["id"], a.user["id"])


@on_every_backend
class FirstDayTests(ChatScenario):
    """Three libraries, or one on three transports, through the whole scenario."""

    one_server = True

    async def day(self, first: tuple[str, str], second: tuple[str, str], third: tuple[str, str]) -> None:
        a = await self.sign_up(first[0], "Ada", first[1])
        b = await self.sign_up(second[0], "Bob", second[1])
        c = await self.sign_up(third[0], "Cyd", third[1])
        await self.acquaint(a, b, c)
        await self.private_chat(a, b)
        await self.private_chat(b, c)
        await self.group_of_three(a, b, c)
        await self.dialogs_in_order(a, b, c)
        await self.accounts(first[0], a, b)

    async def test_telethon(self) -> None:
        """Telethon 1.45 on full, abridged and intermediate."""
        await self.day(("telethon", "full"), ("telethon", "abridged"), ("telethon", "intermediate"))

    async def test_telethon_obfuscated(self) -> None:
        """Telethon 1.45 on its obfuscated transport."""
        await self.day(("telethon", "obfuscated"), ("telethon", "full"), ("telethon", "obfuscated"))

    async def test_kurigram(self) -> None:
        """kurigram on abridged, full and intermediate."""
        await self.day(("kurigram", "abridged"), ("kurigram", "full"), ("kurigram", "intermediate"))

    async def test_kurigram_obfuscated(self) -> None:
        """kurigram on both obfuscated transports and the padded one."""
        await self.day(("kurigram", "obfuscated"), ("kurigram", "intermediate_o"), ("kurigram", "padded"))

    async def test_layers(self) -> None:
        """Layers 229, 158 and 181 in one conversation."""
        await self.day(("telethon", "full"), ("pyrogram", ""), ("telethon-old", "full"))

    async def test_oldest_first(self) -> None:
        """The same with the oldest client doing what the newest did."""
        await self.day(("pyrogram", ""), ("telethon", "full"), ("kurigram", "abridged"))
