"""Reactions over the Bot API."""

from typing import Any

from trial_tests.backends import on_every_backend
from trial_tests.bots.methods.test_methods import ApiTestCase


@on_every_backend
class ReactionTests(ApiTestCase):
    """A bot reacts to what somebody wrote."""

    async def test_react(self) -> None:
        """It is seen, changed, taken back; the same again changes nothing."""
        message_id = (await self.ask("getUpdates"))[0]["message"]["message_id"]
        which: dict[str, Any] = {"chat_id": self.anna.user.id, "message_id": message_id}
        for emoji in ("👍", "👍", "❤️"):
            self.assertTrue(await self.ask("setMessageReaction", reaction=[{"type": "emoji", "emoji": emoji}], **which))
        (message,) = (await self.anna.history(self.anna.peer(self.bot), limit=1)).messages
        self.assertEqual([one.reaction.emoticon for one in message.reactions.results], ["❤"])
        self.assertTrue(await self.ask("setMessageReaction", **which))
        self.assertTrue(await self.ask("setMessageReaction", reaction=[], **which))
        (message,) = (await self.anna.history(self.anna.peer(self.bot), limit=1)).messages
        self.assertFalse(message.reactions and message.reactions.results)
        like = {"type": "emoji", "emoji": "👍"}
        wrongs: tuple[Any, ...] = ("x", [like, like], [{"type": "emoji", "emoji": "x"}], [{"type": "paid"}], [7])
        for wrong in wrongs:
            refusal = await self.refused("setMessageReaction", reaction=wrong, **which)
            self.assertTrue(refusal.startswith("Bad Request: "), (wrong, refusal))
        self.assertEqual(
            await self.refused("setMessageReaction", chat_id=self.anna.user.id, message_id=999, reaction=[like]),
            "Bad Request: message to react not found",
        )
