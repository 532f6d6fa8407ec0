"""The same people at several processes: a gnetway, two that hold sessions, one bff (two where MariaDB is)."""

import unittest

from trial_tests.backends import on_every_backend
from trial_tests.clients.cluster import KeptCluster
from trial_tests.clients.house import have
from trial_tests.clients.test_chat import SECONDS_TO_SEE, ChatScenario


@on_every_backend
class ClusterDayTests(ChatScenario):
    """A day with three libraries."""

    one_server = True
    kept_class = KeptCluster

    async def test_three_libraries(self) -> None:
        """Telethon, Pyrogram and kurigram in one conversation, each with a device more."""
        a = await self.sign_up("telethon", "Ada", "full")
        b = await self.sign_up("pyrogram", "Bob")
        c = await self.sign_up("kurigram", "Cyd", "obfuscated")
        await self.acquaint(a, b, c)
        await self.private_chat(a, b)
        await self.private_chat(c, a)
        await self.group_of_three(a, b, c)
        await self.dialogs_in_order(a, b, c)
        await self.accounts("telethon", a, b)

    @unittest.skipUnless(have("gramjs") and have("mtcute"), "no Node libraries: tools/setup_test.sh needs node and npm")
    async def test_node(self) -> None:
        """GramJS over WebSocket, and mtcute with temporary keys: one that is bound has another owner then."""
        a = await self.sign_up("gramjs", "Ada", "websocket")
        b = await self.sign_up("mtcute", "Bob", pfs=True)
        await self.acquaint(a, b)
        for one, other in ((a, b), (b, a)):
            await one.do("send", peer=["user", other.user["id"]], text=f"from {one.name}")
            await other.event("new_message", SECONDS_TO_SEE, text=f"from {one.name}")

    async def test_over_http(self) -> None:
        """Answers and updates by long polls."""
        a = await self.sign_up("telethon", "Ada", "http")
        b = await self.sign_up("telethon", "Bob", "full")
        await self.acquaint(a, b)
        for one, other in ((a, b), (b, a)):
            await one.do("send", peer=["user", other.user["id"]], text=f"from {one.name}")
            await other.event("new_message", 2 * SECONDS_TO_SEE, text=f"from {one.name}")
