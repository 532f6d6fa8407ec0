"""Polls over the Bot API."""

from typing import Any

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bots.methods.test_methods import ApiTestCase


@on_every_backend
class PollTests(ApiTestCase):
    """A bot asks, people vote."""

    async def vote(self, *options: bytes) -> None:
        """Anna votes in the newest message."""
        peer = self.anna.peer(self.bot)
        message_id = (await self.anna.history(peer, limit=1)).messages[0].id
        await self.anna.call(tl.messages.sendVote(peer=peer, msg_id=message_id, options=list(options)))

    async def test_poll(self) -> None:
        """It is asked, who votes is told where that is no secret, and it is stopped."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        sent = await self.ask(
            "sendPoll", question="<b>Tea?</b>", question_parse_mode="HTML", options=["yes", {"text": "no"}],
            is_anonymous=False, allows_multiple_answers=True, **to,
        )  # fmt: skip
        poll = sent["poll"]
        self.assertEqual((poll["question"], poll["type"], poll["is_anonymous"]), ("Tea?", "regular", False))
        self.assertEqual([(one["text"], one["voter_count"]) for one in poll["options"]], [("yes", 0), ("no", 0)])
        await self.ask("getUpdates", offset=-1)
        await self.vote(b"0", b"1")
        answer, state = (await self.ask("getUpdates"))[-2:]
        self.assertEqual((answer["poll_answer"]["option_ids"], answer["poll_answer"]["poll_id"]), ([0, 1], poll["id"]))
        self.assertEqual(answer["poll_answer"]["user"]["id"], self.anna.user.id)
        self.assertEqual([one["voter_count"] for one in state["poll"]["options"]], [1, 1])
        await self.vote()
        self.assertEqual((await self.ask("getUpdates"))[-2]["poll_answer"]["option_ids"], [])
        keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
        ended = await self.ask("stopPoll", message_id=sent["message_id"], reply_markup=keyboard, **to)
        (message,) = (await self.anna.history(self.anna.peer(self.bot), limit=1)).messages
        self.assertEqual(message.reply_markup.rows[0].buttons[0].text, "Go")
        self.assertEqual((ended["is_closed"], ended["total_voter_count"]), (True, 0))
        self.assertTrue((await self.ask("getUpdates"))[-1]["poll"]["is_closed"])
        refusal = await self.refused("stopPoll", message_id=sent["message_id"], **to)
        self.assertTrue(refusal.startswith("Bad Request: "), refusal)

    async def test_quiz(self) -> None:
        """The right answer is told to who asked, and votes that are secret to nobody."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        sent = await self.ask(
            "sendPoll", question="1+1", options='["1", "2"]', type="quiz", correct_option_id=1, explanation="*two*",
            explanation_parse_mode="MarkdownV2", open_period=60, **to,
        )  # fmt: skip
        poll = sent["poll"]
        self.assertEqual((poll["correct_option_ids"], poll["explanation"], poll["open_period"]), ([1], "two", 60))
        await self.ask("getUpdates", offset=-1)
        await self.vote(b"1")
        told = await self.ask("getUpdates")
        self.assertEqual([next(iter(one.keys() - {"update_id"})) for one in told][-1:], ["poll"])
        self.assertNotIn("poll_answer", told[-1])

    async def test_refusals(self) -> None:
        """What is no poll, and what polls here do not have."""
        good: dict[str, Any] = {"chat_id": self.anna.user.id, "question": "q", "options": ["a", "b"]}
        for wrong in (
            {"question": " "}, {"options": ["a"]}, {"options": "x"}, {"options": ["a"] * 13}, {"options": ["a", ""]},
            {"type": "odd"}, {"type": "quiz"}, {"type": "quiz", "correct_option_id": 5}, {"open_period": 1},
            {"type": "quiz", "correct_option_id": 1, "allows_multiple_answers": True}, {"members_only": True},
            {"media": {"type": "photo"}}, {"options": ["a", {"text": "b", "media": {}}]},
        ):  # fmt: skip
            refusal = await self.refused("sendPoll", **{**good, **wrong})
            self.assertTrue(refusal.startswith("Bad Request: "), (wrong, refusal))
        self.assertEqual(
            await self.refused("stopPoll", chat_id=self.anna.user.id, message_id=1),
            "Bad Request: message with poll to stop not found",
        )
