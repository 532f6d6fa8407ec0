"""What a new account begins with on the server as shipped."""

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
        [name] = [word[1:] for word in message.message.split() if word.startswith("@")]
        found = await session.call(tl.contacts.resolveUsername(username=name))
        self.assertTrue(found.users[0].bot)
