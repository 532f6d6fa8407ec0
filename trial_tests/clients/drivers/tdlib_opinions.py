"""What TDLib does with polls and to-do lists."""

SERVER_ID = 1 << 20  # TDLib keeps room for local messages between those of the server


def _text(words):
    return {"@type": "formattedText", "text": words}


class Opinions:
    """A part of the driver."""

    def _on_updateMessageInteractionInfo(self, update):
        counts = self._reacted(update)
        self.emit("reactions", id=update["message_id"] // SERVER_ID, counts=counts)

    def _on_updateMessageUnreadReactions(self, update):
        self.emit("news", id=update["message_id"] // SERVER_ID, left=update["unread_reaction_count"])

    def _reacted(self, holder):
        reactions = holder.get("interaction_info", {}).get("reactions", {}).get("reactions", [])
        return {one["type"]["emoji"]: one["total_count"] for one in reactions}

    async def do_react(self, peer, id, emoji, big=False):
        chat, had = await self._chat(peer), (await self.do_reactions_to(peer, id))["chosen"]
        more = {"is_big": big, "update_recent_reactions": True}
        for one in emoji:
            await self._ask("getEmojiReaction", emoji=one)  # answered when it has the list
        for method, some, arguments in (
            ("removeMessageReaction", [one for one in had if one not in emoji], {}),
            ("addMessageReaction", [one for one in emoji if one not in had], more),
        ):
            for one in some:
                kind = {"@type": "reactionTypeEmoji", "emoji": one}
                await self._ask(method, chat_id=chat, message_id=id * SERVER_ID, reaction_type=kind, **arguments)

    async def do_tap(self, peer, id, emoji):
        """As a person does it, with what TDLib offers."""
        chat = await self._chat(peer)
        offered = await self._ask("getMessageAvailableReactions", chat_id=chat, message_id=id * SERVER_ID, row_size=5)
        await self._ask(
            "addMessageReaction",
            chat_id=chat,
            message_id=id * SERVER_ID,
            reaction_type={"@type": "reactionTypeEmoji", "emoji": emoji},
            is_big=False,
            update_recent_reactions=True,
        )
        return [one["type"]["emoji"] for one in offered["popular_reactions"] + offered["top_reactions"]]

    async def do_reactions_to(self, peer, id):
        message = await self._ask("getMessage", chat_id=await self._chat(peer), message_id=id * SERVER_ID)
        reactions = message.get("interaction_info", {}).get("reactions", {}).get("reactions", [])
        return {
            "counts": self._reacted(message),
            "chosen": [one["type"]["emoji"] for one in reactions if one["is_chosen"]],
        }

    async def do_reactors(self, peer, id):
        found = await self._ask(
            "getMessageAddedReactions",
            chat_id=await self._chat(peer),
            message_id=id * SERVER_ID,
            offset="",
            limit=50,
        )
        return [[one["sender_id"]["user_id"], one["type"]["emoji"]] for one in found["reactions"]]

    async def do_reaction_file(self, emoji):
        """The size of one reaction's animation, as it came from the server."""
        reaction = await self._ask("getEmojiReaction", emoji=emoji)
        file = reaction["effect_animation"]["sticker"]
        got = await self._ask("downloadFile", file_id=file["id"], priority=1, offset=0, limit=0, synchronous=True)
        return got["local"]["downloaded_size"]

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
