"""Polls in supergroups, where everybody is told alike."""

from typing import Any

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_channels import JoinedTestCase
from trial_tests.bff.test_polls import A, B, asked, chosen, counted


@on_every_backend
class ChannelPollTests(JoinedTestCase):
    """What is pushed when somebody votes."""

    async def voted(self, **fields: Any) -> tuple[Any, dict[str, list[Any]], Device]:
        """The answer to a vote for B, and what was pushed for it to who asked the question and to another device."""
        house, anna, boris, _, channel = await self.joined()
        house.domain.polls.start()
        self.addCleanup(house.domain.polls.stop)
        send = tl.messages.sendMedia(peer=self.peer(channel), media=asked(**fields), message="", random_id=1)
        (message,) = [one.message for one in (await anna.call(send)).updates if one.NAME == "updateNewChannelMessage"]
        phone = Device(house, boris.user)
        await anna.take(), await boris.take()
        vote = tl.messages.sendVote(peer=self.peer(channel), msg_id=message.id, options=[B])
        (update,) = (await boris.call(vote)).updates
        await house.domain.polls.settled()
        return update.results, {"Anna": await anna.take(), "Boris": await boris.take()}, phone

    async def test_no_update_takes_a_vote_back(self) -> None:
        """All are told how it stands: of an update without results Web A makes that the reader has not voted."""
        results, pushed, phone = await self.voted()
        self.assertEqual((counted(results), chosen(results)), ([0, 1, 0], [B]))
        for name in pushed:
            (told,) = [update for update in pushed[name] if update.NAME == "updateMessagePoll"]
            self.assertEqual((told.results.min, counted(told.results), chosen(told.results)), (True, [0, 1, 0], []))
        own = [update.results for update in await phone.take() if update.NAME == "updateMessagePoll"]
        self.assertEqual([chosen(one) for one in own if not one.min], [[B]])

    async def test_what_only_voters_may_know(self) -> None:
        """Which answer of a quiz is right and why, and who has voted, is told to nobody by that."""
        results, pushed, _ = await self.voted(correct=[1], solution="Because.", public_voters=True)
        self.assertEqual(
            (results.solution, [one.correct for one in results.results]), ("Because.", [False, True, False])
        )
        (told,) = pushed["Anna"]
        self.assertEqual((counted(told.results), told.results.solution), ([0, 1, 0], None))
        self.assertEqual([one.correct for one in told.results.results], [False] * 3)
        self.assertIsNone(told.results.recent_voters)

    async def test_hidden_until_the_end(self) -> None:
        """How many have voted, and nothing of what: yet there is a result for each answer."""
        results, pushed, _ = await self.voted(hide_results_until_close=True)
        self.assertEqual((counted(results), chosen(results)), ([0, 0, 0], [B]))
        (told,) = pushed["Anna"]
        self.assertEqual((counted(told.results), told.results.total_voters), ([0, 0, 0], 1))
        self.assertNotIn(A, chosen(told.results))
