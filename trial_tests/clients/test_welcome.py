"""What a new account begins with on the server as shipped."""

import io
from typing import Any

from twisted.internet.task import deferLater

from PIL import Image

from teamgram.mtproto.tl import tl
from trial_tests.clients.asking import AskingTestCase


class WelcomeTests(AskingTestCase):
    """777000 writes first."""

    def configure(self) -> None:
        path = self.server.config / "bff.yaml"
        text = path.read_text()
        self.assertIn('\nWelcomeMessage: ""\n', text)
        path.write_text(text.replace('\nWelcomeMessage: ""\n', "\n"))

    async def test_it_says_where_the_agents_are(self) -> None:
        """The chat is there with the sign-up's answer, unread, and names an agent that can be written to."""
        session, _ = await self.sign_up_peer("Ada")
        fields = {"offset_date": 0, "offset_id": 0, "offset_peer": tl.inputPeerEmpty(), "limit": 10, "hash": 0}
        dialogs = await session.call(tl.messages.getDialogs(**fields))
        [dialog], [message] = dialogs.dialogs, dialogs.messages
        self.assertEqual((dialog.peer.user_id, dialog.unread_count), (777000, 1))
        self.assertTrue(message.message.startswith("Welcome, Ada!"), message.message)
        links = [button.type.url for row in message.reply_markup.rows for button in row.buttons]
        [name] = [word[1:] for word in message.message.split() if word.startswith("@")]
        self.assertEqual(links, [f"tg://resolve?domain={name}"])
        searched = await session.call(tl.contacts.search(q=name[:4], limit=10))
        self.assertIn(name, [user.username for user in searched.users])
        found = await session.call(tl.contacts.resolveUsername(username=name))
        [agent] = found.users
        self.assertTrue(agent.bot)
        peer = tl.inputPeerUser(user_id=agent.id, access_hash=agent.access_hash)
        await session.call(tl.messages.sendMessage(peer=peer, message="/start", random_id=1))
        service = tl.inputPeerUser(user_id=777000, access_hash=0)
        for one in (service, peer):
            self.assertEqual(await self.side_of_photo(session, one), 640)

    async def side_of_photo(self, session: Any, peer: Any) -> int:
        """The size of somebody's picture, once it is drawn."""
        named = tl.inputUser(user_id=peer.user_id, access_hash=peer.access_hash)
        for _ in range(100):
            [user] = await session.call(tl.users.getUsers(id=[named]))
            if user.photo is not None:
                where = tl.inputPeerPhotoFileLocation(peer=peer, photo_id=user.photo.photo_id, big=True)
                file = await session.call(tl.upload.getFile(location=where, offset=0, limit=1 << 20))
                return Image.open(io.BytesIO(file.bytes)).width
            await deferLater(self.reactor, 0.1)
        raise AssertionError(f"{peer.user_id} has no picture")
