"""Channels and supergroups by five libraries: each founds, comes in, writes, and the others see it."""

import unittest

from twisted.internet.task import deferLater

from trial_tests.backends import on_every_backend
from trial_tests.clients.house import HouseTestCase, have
from trial_tests.clients.process import ClientError, ClientProcess
from trial_tests.clients.test_chat import SECONDS_TO_SEE, ChatScenario
from trial_tests.clients.test_offline import Conversation

OTHERS = ("kurigram", "mtcute", "tdlib", "telethon-old")


@unittest.skipUnless(all(map(have, OTHERS)), "not all libraries are there: tools/setup_test.sh")
class ChannelTests(ChatScenario):
    """Telethon, kurigram, mtcute, TDLib and an old Telethon."""

    one_server = True

    async def everybody(self) -> list[ClientProcess]:
        """One client of each library."""
        clients = [await self.sign_up("telethon", "Tel")]
        for library in OTHERS:
            clients.append(await self.sign_up(library, library.title()))
        return clients

    async def test_a_supergroup_of_each(self) -> None:
        """Each founds one, the others join by its name: what one writes, edits and deletes all of them see."""
        clients = await self.everybody()
        for number, founder in enumerate(clients):
            others = [one for one in clients if one is not founder]
            channel = await founder.do("found_channel", title=f"Group {number}")
            name = f"group_of_{number}_here"
            await founder.do("name_channel", channel=channel, username=name)
            peer = ["channel", channel]
            for one in others:
                self.assertEqual(await one.do("join_channel", username=name), channel)
            for writer in clients:
                words = f"said by {clients.index(writer)} in {number}"
                sent = await writer.do("send", peer=peer, text=words)
                for one in clients:
                    if one is not writer:
                        seen = await one.event("new_message", SECONDS_TO_SEE, text=words)
                        self.assertEqual((seen["id"], seen["peer"], seen["out"]), (sent["id"], peer, False))
                await writer.do("edit", peer=peer, id=sent["id"], text=f"{words}, or not")
                for one in others:
                    if one is not writer:
                        await one.event("edited", SECONDS_TO_SEE, text=f"{words}, or not")
            await others[0].do("delete", peer=peer, ids=[sent["id"]]) if others[0] is writer else await writer.do(
                "delete", peer=peer, ids=[sent["id"]]
            )
            ids = sorted(one.user["id"] for one in clients)
            histories = []
            for one in clients:
                found = await one.do("history", peer=peer)
                histories.append([(m["id"], m["text"]) for m in found if m["text"]])
                self.assertEqual(await one.do("channel_members", channel=channel), ids)
                self.assertEqual((await one.do("about_channel", channel=channel))["members"], len(clients))
            self.assertEqual(histories, [histories[0]] * len(clients))
            self.assertEqual(len(histories[0]), len(clients) - 1)
            await others[0].do("leave_channel", channel=channel)
            self.assertEqual((await founder.do("about_channel", channel=channel))["members"], len(clients) - 1)

    async def knows(self, client: ClientProcess, channel: int) -> None:
        """Wait until a client has heard that it was brought in."""
        for _ in range(100):
            try:
                await client.do("about_channel", channel=channel)
                return
            except ClientError:
                await deferLater(self.reactor, 0.05)
        self.fail(f"{client.name} knows nothing of channel {channel}")

    async def test_a_channel_of_each(self) -> None:
        """Each founds one and brings the others in: they read, and may not post."""
        clients = await self.everybody()
        await self.acquaint(*clients)
        for number, founder in enumerate(clients):
            others = [one for one in clients if one is not founder]
            channel = await founder.do("found_channel", title=f"News {number}", broadcast=True)
            peer = ["channel", channel]
            await founder.do("bring_in", channel=channel, users=[one.user["id"] for one in others])
            for one in others:
                # What comes while TDLib asks what a new channel is it has from the answer, and tells of no new message.
                await self.knows(one, channel)
                await one.do("history", peer=peer)
            sent = await founder.do("send", peer=peer, text=f"news of {number}")
            for one in others:
                seen = await one.event("new_message", SECONDS_TO_SEE, text=f"news of {number}")
                self.assertEqual((seen["id"], seen["peer"], seen["from"]), (sent["id"], peer, None))
                with self.assertRaises(Exception) as refused:
                    await one.do("send", peer=peer, text="me, too")
                self.assertRegex(str(refused.exception), "(?i)admin|rights")


@on_every_backend
class AwayTests(HouseTestCase):
    """Who was away finds what was written in a supergroup meanwhile, also when the server was killed between."""

    async def test_everything_is_told_once(self) -> None:
        """Messages, edits and deletions over a kill -9: each is told once, and the history is the server's."""
        ada = await self.sign_up("telethon", "Ada")
        bob = await self.sign_up("telethon", "Bob", session=True, catch_up=True)
        channel = await ada.do("found_channel", title="All of us")
        await ada.do("name_channel", channel=channel, username="all_of_us_here")
        await bob.do("join_channel", username="all_of_us_here")
        talk = Conversation(ada, ["channel", channel], "to all")
        await talk.write(3)
        await bob.event("new_message", text="to all 2")
        await bob.do("disconnect")
        await bob.stop()

        await talk.write(20)
        await self.server.kill()
        await self.server.start()
        await talk.write(20)
        await talk.edit(talk.ids[4:20:5])
        await talk.delete(talk.ids[5:20:5])

        bob = await self.connect("telethon", "Bob", session=True, catch_up=True)
        expected = talk.texts(3)
        seen = [(await bob.event("new_message", text=text))["text"] for text in expected]
        self.assertEqual(seen, expected)
        await ada.do("send", peer=["channel", channel], text="the last one")
        await bob.event("new_message", text="the last one")
        told = [event["text"] for event in bob.events if event.get("event") == "new_message"]
        self.assertEqual([text for text in told if text in expected], [], "told once")
        history = await bob.do("history", peer=["channel", channel])
        found = [message["text"] for message in reversed(history) if message["text"]]
        self.assertEqual(found, [*talk.texts(), "the last one"])
