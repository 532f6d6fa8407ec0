"""What TDLib does with polls and to-do lists."""

SERVER_ID = 1 << 20  # TDLib keeps room for local messages between those of the server


def _text(words):
    return {"@type": "formattedText", "text": words}


class Opinions:
    """A part of the driver."""

    async def _content(self, peer, id):
        message = await self._ask("getMessage", chat_id=await self._chat(peer), message_id=id * SERVER_ID)
        return message["content"]

    async def _say(self, peer, content):
        message = await self._ask("sendMessage", chat_id=await self._chat(peer), input_message_content=content)
        return (await self._delivered(message))["id"]

    async def do_poll(self, peer, question, answers, multiple=False, public=False, correct=None):
        kind = {"@type": "inputPollTypeRegular"}
        if correct is not None:
            kind = {"@type": "inputPollTypeQuiz", "correct_option_ids": [correct]}
        content = {
            "@type": "inputMessagePoll",
            "question": _text(question),
            "options": [{"@type": "inputPollOption", "text": _text(answer)} for answer in answers],
            "is_anonymous": not public,
            "allows_multiple_answers": multiple,
            "allows_revoting": correct is None,
            "type": kind,
        }
        return await self._say(peer, content)

    async def do_vote(self, peer, id, places):
        chat = await self._chat(peer)
        await self._ask("setPollAnswer", chat_id=chat, message_id=id * SERVER_ID, option_ids=places)

    async def do_close_poll(self, peer, id):
        await self._ask("stopPoll", chat_id=await self._chat(peer), message_id=id * SERVER_ID)

    async def do_poll_at(self, peer, id):
        poll = (await self._content(peer, id))["poll"]
        return {
            "voters": poll["total_voter_count"],
            "counts": [option["voter_count"] for option in poll["options"]],
            "chosen": [place for place, option in enumerate(poll["options"]) if option["is_chosen"]],
            "closed": poll["is_closed"],
        }

    async def do_list_at(self, peer, id):
        tasks = (await self._content(peer, id))["list"]["tasks"]
        return [task["id"] for task in tasks if task.get("completion_date")]
