"""Messages that delete themselves, as TDLib knows them."""

import unittest
from typing import Any

from trial_tests.clients.house import HouseTestCase, have
from trial_tests.clients.process import ClientProcess
from trial_tests.clients.test_chat import SECONDS_TO_SEE

DAY = 86_400


@unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
class LifetimeClientTests(HouseTestCase):
    """Ada and Bob with TDLib."""

    one_server = True

    async def ask(self, client: ClientProcess, method: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await client.do("ask", method=method, arguments=arguments)
        return answer

    async def test_both_sides_know(self) -> None:
        """The chat says how long messages stay, and each of them when it ends; the default is kept."""
        ada, bob = await self.sign_up("tdlib", "Ada"), await self.sign_up("tdlib", "Bob")
        await self.acquaint(ada, bob)
        await ada.do("send", peer=["user", bob.user["id"]], text="hello")
        await bob.event("new_message", SECONDS_TO_SEE, text="hello")
        await self.ask(ada, "setChatMessageAutoDeleteTime", chat_id=bob.user["id"], message_auto_delete_time=DAY)
        await bob.event("service_message", SECONDS_TO_SEE)
        await ada.do("send", peer=["user", bob.user["id"]], text="for a day")
        seen = await bob.event("new_message", SECONDS_TO_SEE, text="for a day")
        for one, other in ((ada, bob), (bob, ada)):
            chat = await self.ask(one, "getChat", chat_id=other.user["id"])
            self.assertEqual(chat["message_auto_delete_time"], DAY)
        message = await self.ask(bob, "getMessage", chat_id=ada.user["id"], message_id=seen["id"] << 20)
        self.assertLessEqual(message["auto_delete_in"], DAY)
        self.assertGreater(message["auto_delete_in"], DAY - 600)
        time = {"@type": "messageAutoDeleteTime", "time": 7 * DAY}
        await self.ask(ada, "setDefaultMessageAutoDeleteTime", message_auto_delete_time=time)
        self.assertEqual((await self.ask(ada, "getDefaultMessageAutoDeleteTime"))["time"], 7 * DAY)
