"""Folders as TDLib makes, shares and follows them."""

import unittest
from typing import Any

from trial_tests.clients.house import FIXED_CODE, HouseTestCase, have
from trial_tests.clients.process import ClientProcess
from trial_tests.clients.test_chat import SECONDS_TO_SEE


def folder(name: str, **fields: Any) -> dict[str, Any]:
    """``chatFolder``."""
    text = {"@type": "formattedText", "text": name}
    return {"name": {"@type": "chatFolderName", "text": text, "animate_custom_emoji": False}, "color_id": -1, **fields}


@unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
class FolderClientTests(HouseTestCase):
    """Two people with TDLib."""

    one_server = True

    async def ask(self, client: ClientProcess, method: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await client.do("ask", method=method, arguments=arguments)
        return answer

    async def test_a_folder_is_shared(self) -> None:
        """Ada makes one and a link to it; Bob looks at it, comes in, and has the group in a folder of the name."""
        ada = await self.sign_up("tdlib", "Ada")
        bob = await self.sign_up("tdlib", "Bob")
        await self.acquaint(ada, bob)
        group = await ada.do("create_group", title="Choir", users=[])
        info = await self.ask(ada, "createChatFolder", folder=folder("Songs", included_chat_ids=[-group]))
        read = await self.ask(ada, "getChatFolder", chat_folder_id=info["id"])
        self.assertEqual((read["name"]["text"]["text"], read["included_chat_ids"]), ("Songs", [-group]))
        link = await self.ask(
            ada, "createChatFolderInviteLink", chat_folder_id=info["id"], name="for all", chat_ids=[-group]
        )
        seen = await self.ask(bob, "checkChatFolderInviteLink", invite_link=link["invite_link"])
        self.assertEqual(seen["chat_folder_info"]["name"]["text"]["text"], "Songs")
        await self.ask(
            bob, "addChatFolderByInviteLink", invite_link=link["invite_link"], chat_ids=seen["missing_chat_ids"]
        )
        self.assertEqual(await ada.do("members", chat=group), sorted([ada.user["id"], bob.user["id"]]))
        again = await self.ask(bob, "checkChatFolderInviteLink", invite_link=link["invite_link"])
        self.assertEqual((again["missing_chat_ids"], again["added_chat_ids"]), ([], [-group]))
        theirs = again["chat_folder_info"]["id"]
        leave = await self.ask(bob, "getChatFolderChatsToLeave", chat_folder_id=theirs)
        self.assertEqual(leave["chat_ids"], [-group])
        await self.ask(bob, "deleteChatFolder", chat_folder_id=theirs, leave_chat_ids=[-group])
        self.assertEqual(await ada.do("members", chat=group), [ada.user["id"]])

    async def test_the_archive(self) -> None:
        """A chat in it is in that list on another device as well, and back in the main one when there is news."""
        ada = await self.sign_up("tdlib", "Ada")
        bob = await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        await ada.do("send", peer=["user", bob.user["id"]], text="hello")
        chat = bob.user["id"]
        archive, main = {"@type": "chatListArchive"}, {"@type": "chatListMain"}
        await self.ask(ada, "addChatToList", chat_id=chat, chat_list=archive)
        other = await self.connect("tdlib", "Ada again")
        await other.do("sign_in", phone=ada.phone, code=FIXED_CODE)
        for device in (ada, other):
            found = await self.ask(device, "getChats", chat_list=archive, limit=10)
            self.assertEqual(found["chat_ids"], [chat])
        await bob.event("new_message", SECONDS_TO_SEE, text="hello")
        await bob.do("send", peer=["user", ada.user["id"]], text="news")
        await ada.event("new_message", SECONDS_TO_SEE, text="news")
        await self.ask(ada, "getChats", chat_list=main, limit=10)
        told = await self.ask(ada, "getChat", chat_id=chat)
        self.assertEqual([place["list"]["@type"] for place in told["positions"]], ["chatListMain"])
