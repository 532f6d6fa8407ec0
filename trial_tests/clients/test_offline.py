"""Away and back: what a client finds after others wrote, changed and deleted, and after the server was killed."""

import secrets
from typing import Any

from trial_tests.backends import on_every_backend
from trial_tests.clients.house import HouseTestCase
from trial_tests.clients.process import ClientProcess

MESSAGES = 200
BEFORE = 6  # in each chat, before they go


class Conversation:
    """What ``writer`` has done in one chat, and how it must look afterwards."""

    def __init__(self, writer: ClientProcess, peer: list[Any], name: str) -> None:
        self.writer = writer
        self.peer = peer
        self.name = name
        self.ids: list[int] = []
        self._texts: dict[int, str] = {}

    async def write(self, count: int) -> None:
        """So many messages more, one after the other."""
        for _ in range(count):
            text = f"{self.name} {len(self.ids)}"
            sent = await self.writer.do("send", peer=self.peer, text=text)
            self.ids.append(sent["id"])
            self._texts[sent["id"]] = text

    async def edit(self, ids: list[int]) -> None:
        """Another text for these."""
        for message_id in ids:
            text = self._texts[message_id] = f"{self._texts[message_id]}, better"
            await self.writer.do("edit", peer=self.peer, id=message_id, text=text)

    async def delete(self, ids: list[int]) -> None:
        """These are gone for everybody."""
        await self.writer.do("delete", peer=self.peer, ids=ids)
        for message_id in ids:
            del self._texts[message_id]

    def texts(self, first: int = 0) -> list[str]:
        """As they are now, oldest first, without the ``first`` ones that were written."""
        return [self._texts[message_id] for message_id in self.ids[first:] if message_id in self._texts]


@on_every_backend
class OfflineTests(HouseTestCase):
    """Ada writes while Bob (Telethon) and Cyd (kurigram) are away."""

    async def test_everything_that_happened_is_told_once(self) -> None:
        """200 messages, edits and deletions, in private and in a group; between them the server is killed."""
        ada = await self.sign_up("telethon", "Ada")
        bob = await self.sign_up("telethon", "Bob", session=True, catch_up=True)
        cyd = await self.sign_up("kurigram", "Cyd", session=True, catch_up=True)
        await self.acquaint(ada, bob, cyd)
        group = await ada.do("create_group", title="three", users=[bob.user["id"], cyd.user["id"]])
        chats = [
            Conversation(ada, ["user", bob.user["id"]], "to Bob"),
            Conversation(ada, ["user", cyd.user["id"]], "to Cyd"),
            Conversation(ada, ["chat", group], "to all"),
        ]
        for chat in chats:
            await chat.write(BEFORE)
        for one in (bob, cyd):
            await one.event("new_message", text=f"to all {BEFORE - 1}")
        before = await bob.do("state")
        for one in (bob, cyd):
            await one.do("disconnect")
            await one.stop()

        for chat in chats:
            await chat.edit(chat.ids[:1])
            await chat.delete(chat.ids[1:2])
        await self.write_in_turns(chats, MESSAGES // 2)
        await self.server.kill()
        await self.server.start()
        await self.write_in_turns(chats, MESSAGES // 2)
        for chat in chats:
            await chat.edit(chat.ids[3:60:8])
            await chat.delete(chat.ids[4:60:8])

        to_bob, to_cyd, to_all = chats
        await self.bob_returns(before, to_bob, to_all)
        await self.cyd_returns(to_cyd, to_all)

    async def write_in_turns(self, chats: list[Conversation], count: int) -> None:
        for _ in range(count // len(chats)):
            for chat in chats:
                await chat.write(1)

    async def bob_returns(self, before: dict[str, Any], private: Conversation, group: Conversation) -> None:
        """getDifference from where he was, and the same once more as Telethon itself does it."""
        bob = await self.connect("telethon", "Bob", session=True, catch_up=True)
        told = await bob.do("difference", pts=before["pts"], date=before["date"])
        ids = [message["id"] for message in told["messages"]]
        self.assertEqual(ids, sorted(set(ids)), "in order, none twice")
        self.assertEqual(told["pts"], (await bob.do("state"))["pts"])
        deleted = [i for other in told["others"] if other["kind"] == "UpdateDeleteMessages" for i in other["ids"]]
        self.assertEqual(len(deleted), len(set(deleted)))
        self.assertEqual(set(deleted) & set(ids), set(), "what is gone is not told as new")
        edited = [o["message"]["text"] for o in told["others"] if o["kind"] == "UpdateEditMessage"]
        for chat in (private, group):
            new = [message["text"] for message in told["messages"] if message["text"].startswith(chat.name)]
            self.assertEqual(new, chat.texts(BEFORE))
            self.assertIn(f"{chat.name} 0, better", edited)
            history = await bob.do("history", peer=self.as_seen(chat), limit=300)
            self.assertEqual([m["text"] for m in reversed(history) if m["text"]], chat.texts())
            for text in new:
                await bob.event("new_message", text=text)
        again = [line["text"] for line in bob.events if line["event"] == "new_message"]
        self.assertEqual(again, [], "Telethon was told something twice")

    def as_seen(self, chat: Conversation) -> list[Any]:
        return chat.peer if chat.peer[0] == "chat" else ["user", chat.writer.user["id"]]

    async def cyd_returns(self, private: Conversation, group: Conversation) -> None:
        """kurigram recovers its gap at start."""
        cyd = await self.connect("kurigram", "Cyd", session=True, catch_up=True)
        for chat in (private, group):
            history = await cyd.do("history", peer=self.as_seen(chat), limit=300)
            self.assertEqual([m["text"] for m in reversed(history) if m["text"]], chat.texts())
            for text in chat.texts(BEFORE):
                await cyd.event("new_message", text=text)
        again = [line["text"] for line in cyd.events if line["event"] == "new_message"]
        self.assertEqual(again, [], "kurigram was told something twice")

    async def test_killed_while_sending(self) -> None:
        """What was answered is there once after the kill; what is sent again with its random_id makes no second one."""
        ada = await self.sign_up("telethon", "Ada")
        bob = await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        before = await bob.do("state")
        to_bob = ["user", bob.user["id"]]
        messages = [[f"number {n}", secrets.randbits(62)] for n in range(MESSAGES)]
        sending = ada.do("send_many", timeout=90, peer=to_bob, messages=messages)
        for _ in range(20):
            await ada.event("told")
        await self.server.kill()
        await self.server.start()
        # Telethon connects anew and sends again what was not answered.
        self.assertEqual(len(await sending), MESSAGES)
        await self.everything_is_there_once(ada, bob, before)
        told_again = await ada.do("send_many", timeout=90, peer=to_bob, messages=messages)
        self.assertEqual(len(told_again), MESSAGES)
        await self.everything_is_there_once(ada, bob, before)

    async def everything_is_there_once(self, ada: ClientProcess, bob: ClientProcess, before: dict[str, Any]) -> None:
        wanted = sorted(f"number {n}" for n in range(MESSAGES))
        told = await bob.do("difference", pts=before["pts"], date=before["date"])
        self.assertEqual(sorted(m["text"] for m in told["messages"]), wanted)
        for one, other in ((ada, bob), (bob, ada)):
            history = await one.do("history", peer=["user", other.user["id"]], limit=MESSAGES + 50)
            self.assertEqual(sorted(m["text"] for m in history), wanted)
