"""Messages that wait, as TDLib and Telethon know them."""

import time
import unittest
from typing import Any

from trial_tests.clients.house import FIXED_CODE, HouseTestCase, have
from trial_tests.clients.process import ClientProcess
from trial_tests.clients.test_chat import SECONDS_TO_SEE


@unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
class ScheduledClientTests(HouseTestCase):
    """Ada writes with TDLib, Bob reads with Telethon."""

    one_server = True

    async def ask(self, client: ClientProcess, method: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await client.do("ask", method=method, arguments=arguments)
        return answer

    async def waiting(self, client: ClientProcess, chat: int) -> list[dict[str, Any]]:
        found = await self.ask(client, "getChatScheduledMessages", chat_id=chat)
        return list(found["messages"])

    async def test_put_off_and_sent(self) -> None:
        """It waits on both devices of hers under the same date, is put off further, and then sent at once."""
        ada, bob = await self.sign_up("tdlib", "Ada"), await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        chat = bob.user["id"]
        await self.ask(ada, "createPrivateChat", user_id=chat)
        date = int(time.time()) + 3600
        content = {"@type": "inputMessageText", "text": {"@type": "formattedText", "text": "in an hour"}}
        at = {"@type": "messageSchedulingStateSendAtDate", "send_date": date}
        await self.ask(
            ada,
            "sendMessage",
            chat_id=chat,
            input_message_content=content,
            options={"@type": "messageSendOptions", "scheduling_state": at},
        )
        other = await self.connect("tdlib", "Ada again")
        await other.do("sign_in", phone=ada.phone, code=FIXED_CODE)
        await other.do("import_contact", phone=bob.phone, first_name="Bob")
        await self.ask(other, "createPrivateChat", user_id=chat)
        # It asks for them where the profile says that there are any.
        await self.ask(other, "getUserFullInfo", user_id=chat)
        [there] = await self.waiting(other, chat)
        self.assertEqual(there["content"]["text"]["text"], "in an hour")
        self.assertEqual(there["scheduling_state"]["send_date"], date)
        later = {**at, "send_date": date + 60}
        await self.ask(
            other, "editMessageSchedulingState", chat_id=chat, message_id=there["id"], scheduling_state=later
        )
        [there] = await self.waiting(other, chat)
        self.assertEqual(there["scheduling_state"]["send_date"], date + 60)
        await self.ask(other, "editMessageSchedulingState", chat_id=chat, message_id=there["id"])
        await bob.event("new_message", SECONDS_TO_SEE, text="in an hour")
        await ada.event("new_message", SECONDS_TO_SEE, text="in an hour")
        for device in (ada, other):
            self.assertEqual(await self.waiting(device, chat), [])
        history = await ada.do("history", peer=["user", chat])
        self.assertEqual([message["text"] for message in history], ["in an hour"])

    async def test_reminders(self) -> None:
        """What one schedules for oneself waits, and is deleted."""
        bob = await self.sign_up("telethon", "Bob")
        sent = await bob.do("schedule", peer=["self", 0], text="milk", date=int(time.time()) + 3600)
        self.assertEqual(await bob.do("scheduled", peer=["self", 0]), [{"id": sent, "text": "milk"}])
        await bob.do("delete_scheduled", peer=["self", 0], ids=[sent])
        self.assertEqual(await bob.do("scheduled", peer=["self", 0]), [])
