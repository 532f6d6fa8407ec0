"""``teamgram reports`` and ``teamgram chats``, without a server and with one."""

import json

from teamgram.mtproto.tl import tl
from trial_tests.app.test_command_line import run
from trial_tests.clients.asking import AskingTestCase


class ModerationCommandTests(AskingTestCase):
    """A running server, and its operator's terminal."""

    async def operator(self, *arguments: object) -> str:
        """What a command prints."""
        where = ("--config", self.server.config, "--data-dir", self.server.data_dir)
        code, output, errors = await run(*arguments[:2], *where, *arguments[2:])
        self.assertEqual((code, errors), (0, ""), output)
        return output

    async def test_read_and_acted(self) -> None:
        """A report is listed, shown and closed; the group that it is about is closed, and its members are told."""
        session, ada = await self.sign_up_peer("Ada")
        made = await session.call(tl.messages.createChat(users=[], title="Bad\x1b[31m words"))
        chat_id = made.updates.chats[0].id
        peer = tl.inputPeerChat(chat_id=chat_id)
        await session.call(tl.messages.sendMessage(peer=peer, message="something\nbad", random_id=1))
        asked = tl.messages.report(peer=peer, id=[1, 2], option=b"violence", message="see there")
        await session.call(asked)
        listed = json.loads(await self.operator("reports", "list", "--json"))
        self.assertEqual([(one["reporter"], one["peer"], one["messages"]) for one in listed], [(ada.id, -chat_id, 2)])
        shown = await self.operator("reports", "show", listed[0]["id"])
        self.assertIn("they write: see there", shown)
        self.assertIn(f"{ada.id}: something bad", shown)
        self.assertIn(f"closed: {listed[0]['id']}", await self.operator("reports", "close", listed[0]["id"]))
        self.assertEqual(await self.operator("reports", "list"), "")
        self.assertIn("Bad [31m words", await self.operator("chats", "list"))
        told = await self.operator("chats", "ban", "--", -chat_id)
        self.assertIn(f"group {-chat_id} is closed, messages deleted: 2", told)
        code, _, errors = await run(
            "chats", "show", "--config", self.server.config, "--data-dir", self.server.data_dir, "--", -4711
        )
        self.assertEqual(code, 1)
        self.assertIn("there is no group -4711", errors)
        await self.server.terminate()
        self.assertIn("closed: True", await self.operator("chats", "show", "--", -chat_id))
        self.assertIn(f"{ada.id} reports message", await self.operator("reports", "list", "--all"))
