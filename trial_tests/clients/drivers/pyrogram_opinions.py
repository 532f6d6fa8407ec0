"""What kurigram does with polls."""

from pyrogram import enums


class Opinions:
    """A part of the driver."""

    async def do_poll(self, peer, question, answers, multiple=False, public=False, correct=None):
        sent = await self.client.send_poll(
            self._chat(peer),
            question,
            answers,
            is_anonymous=not public,
            type=enums.PollType.REGULAR if correct is None else enums.PollType.QUIZ,
            allows_multiple_answers=multiple,
            correct_option_ids=None if correct is None else [correct],
        )
        return sent.id

    async def do_vote(self, peer, id, places):
        if places:
            await self.client.vote_poll(self._chat(peer), id, places)
        else:
            await self.client.retract_vote(self._chat(peer), id)

    async def do_react(self, peer, id, emoji, big=False):
        await self.client.send_reaction(self._chat(peer), id, emoji=emoji, big=big)

    async def do_reactions_to(self, peer, id):
        reactions = (await self.client.get_messages(self._chat(peer), id)).reactions
        found = reactions.reactions if reactions else []
        chosen = sorted((one for one in found if one.chosen_order is not None), key=lambda one: one.chosen_order)
        return {"counts": {one.emoji: one.count for one in found}, "chosen": [one.emoji for one in chosen]}

    async def do_close_poll(self, peer, id):
        await self.client.stop_poll(self._chat(peer), id)

    async def do_poll_at(self, peer, id):
        poll = (await self.client.get_messages(self._chat(peer), id)).poll
        return {
            "voters": poll.total_voter_count,
            "counts": [option.voter_count for option in poll.options],
            "chosen": poll.chosen_option_ids or [],
            "closed": poll.is_closed,
        }
