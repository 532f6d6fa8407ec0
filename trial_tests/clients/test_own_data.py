"""What a client is told of its user's own doings: with whom they have most to do, and everything in an export."""

import unittest

from trial_tests.clients.house import FIXED_CODE, HouseTestCase, have
from trial_tests.clients.test_chat import SECONDS_TO_SEE


@unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
class OwnDataTests(HouseTestCase):
    """Ada has TDLib, Bob Telethon."""

    one_server = True

    async def test_top_chats(self) -> None:
        """Another device of hers suggests whom she writes to, until she takes them off the list."""
        ada, bob = await self.sign_up("tdlib", "Ada"), await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        await ada.do("send", peer=["user", bob.user["id"]], text="hello")
        await bob.event("new_message", SECONDS_TO_SEE, text="hello")

        other = await self.connect("tdlib", "Ada again")
        await other.do("sign_in", phone=ada.phone, code=FIXED_CODE)

        async def top() -> list[int]:
            category = {"@type": "topChatCategoryUsers"}
            found = await other.do("ask", method="getTopChats", arguments={"category": category, "limit": 10})
            return list(found["chat_ids"])

        self.assertEqual(await top(), [bob.user["id"]])
        arguments = {"category": {"@type": "topChatCategoryUsers"}, "chat_id": bob.user["id"]}
        await other.do("ask", method="removeTopChat", arguments=arguments)
        self.assertEqual(await top(), [])

    async def test_an_export(self) -> None:
        """Telethon's takeout has dialogs, messages and the numbers of the phone book that are nobody's."""
        bob = await self.sign_up("telethon", "Bob")
        await bob.do("send", peer=["self", 0], text="a note")
        taken = await bob.do("take_out", numbers=["+15550199999"])
        self.assertEqual(taken["notes"], ["a note"])
        self.assertEqual(taken["phones"], ["15550199999"])
        self.assertIn("Bob", taken["dialogs"])
