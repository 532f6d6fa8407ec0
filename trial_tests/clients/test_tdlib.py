"""TDLib, the library of Telegram's own programs; its wheel speaks a layer newer than any published one."""

import unittest

from trial_tests.clients.house import HouseTestCase, have
from trial_tests.clients.test_chat import SECONDS_TO_SEE


@unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
class TdlibTests(HouseTestCase):
    """TDLib with Telethon; obfuscated, as it always is.

    TDLib 1.8.69 reads neither messageReplyHeader nor userFull of 229: replies
    reach it without their header, and full profiles are left out here.
    """

    async def test_a_conversation(self) -> None:
        """Sign up with a temporary key, write with quick acks, edit, delete, a group, lists, and sign out."""
        ada = await self.sign_up("tdlib", "Ada", pfs=True, quick_ack=True)
        bob = await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        to_ada, to_bob = ["user", ada.user["id"]], ["user", bob.user["id"]]

        first = await ada.do("send", peer=to_bob, text="good morning")
        await ada.event("quick_ack")
        seen = await bob.event("new_message", SECONDS_TO_SEE, text="good morning")
        await bob.do("typing", peer=to_ada)
        await ada.event("typing", SECONDS_TO_SEE, user=bob.user["id"])
        await bob.do("send", peer=to_ada, text="and to you", reply_to=seen["id"])
        answer = await ada.event("new_message", SECONDS_TO_SEE, text="and to you")
        await ada.do("edit", peer=to_bob, id=first["id"], text="good evening")
        await bob.event("edited", SECONDS_TO_SEE, text="good evening", id=seen["id"])
        await ada.do("read", peer=to_bob, max_id=answer["id"])
        await bob.event("read", SECONDS_TO_SEE, outbox=True)
        await bob.do("edit", peer=to_ada, id=answer["id"], text="and to you, too")
        await ada.event("edited", SECONDS_TO_SEE, text="and to you, too")
        await bob.do("delete", peer=to_ada, ids=[seen["id"]])
        self.assertEqual((await ada.event("deleted", SECONDS_TO_SEE))["ids"], [first["id"]])

        group = await ada.do("create_group", title="two", users=[bob.user["id"]])
        await bob.event("service_message", SECONDS_TO_SEE, peer=["chat", group])
        await bob.do("send", peer=["chat", group], text="hello, both")
        await ada.event("new_message", SECONDS_TO_SEE, text="hello, both")
        self.assertEqual(await ada.do("members", chat=group), sorted([ada.user["id"], bob.user["id"]]))
        await ada.do("rename_group", chat=group, title="the two of us")
        [dialog] = [dialog for dialog in await ada.do("dialogs") if dialog["peer"] == ["chat", group]]
        self.assertEqual(dialog["title"], "the two of us")

        sessions = await ada.do("sessions")
        self.assertEqual([session["current"] for session in sessions], [True])
        # It ends only when its destroy_auth_key has been answered.
        await ada.do("sign_out")
