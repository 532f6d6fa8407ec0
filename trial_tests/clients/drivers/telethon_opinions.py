"""What Telethon does with polls and to-do lists."""

from telethon import events, functions, types


def _text(words):
    """Before layer 179 a string; whichever this version has."""
    return types.TextWithEntities(words, []) if hasattr(types, "TextWithEntities") else words


def _made(kind, **fields):
    """An object of a version that may not have all of these fields."""
    known = kind.__init__.__code__.co_varnames
    return kind(**{name: value for name, value in fields.items() if name in known})


class Opinions:
    """A part of the driver."""

    def _listen_to_opinions(self):
        self.client.add_event_handler(self._on_poll, events.Raw(types.UpdateMessagePoll))
        self.client.add_event_handler(self._on_reactions, events.Raw(types.UpdateMessageReactions))

    async def _on_poll(self, update):
        self.emit("poll", voters=update.results.total_voters)

    async def _on_reactions(self, update):
        counts = {one.reaction.emoticon: one.count for one in update.reactions.results}
        self.emit("reactions", id=update.msg_id, counts=counts)

    async def do_poll(self, peer, question, answers, multiple=False, public=False, correct=None):
        listed = [types.PollAnswer(text=_text(text), option=bytes([65 + place])) for place, text in enumerate(answers)]
        poll = _made(
            types.Poll,
            id=0,
            question=_text(question),
            answers=listed,
            multiple_choice=multiple,
            public_voters=public,
            quiz=correct is not None,
            hash=0,
        )
        right = None
        if correct is not None:
            # Since layer 224 by place.
            by_place = "hash" in types.Poll.__init__.__code__.co_varnames
            right = [correct if by_place else bytes([65 + correct])]
        media = types.InputMediaPoll(poll=poll, correct_answers=right)
        return self._message(await self.client.send_message(await self._peer(peer), file=media))["id"]

    async def do_vote(self, peer, id, places):
        options = [bytes([65 + place]) for place in places]
        message = await self.client.get_messages(await self._peer(peer), ids=id)
        named = [answer.option for answer in message.media.poll.answers]
        options = [named[place] for place in places]
        await self.client(functions.messages.SendVoteRequest(await self._peer(peer), id, options))

    async def do_close_poll(self, peer, id):
        message = await self.client.get_messages(await self._peer(peer), ids=id)
        message.media.poll.closed = True
        media = types.InputMediaPoll(poll=message.media.poll)
        await self.client(functions.messages.EditMessageRequest(await self._peer(peer), id, media=media))

    async def do_poll_at(self, peer, id):
        media = (await self.client.get_messages(await self._peer(peer), ids=id)).media
        results = media.results.results or []
        return {
            "voters": media.results.total_voters,
            "counts": [one.voters for one in results],
            "chosen": [place for place, one in enumerate(results) if one.chosen],
            "closed": bool(media.poll.closed),
        }

    async def do_voters(self, peer, id):
        found = await self.client(functions.messages.GetPollVotesRequest(await self._peer(peer), id, limit=50))
        return [vote.peer.user_id for vote in found.votes]

    async def do_react(self, peer, id, emoji, big=False):
        reactions = [types.ReactionEmoji(emoticon=one) for one in emoji]
        await self.client(
            functions.messages.SendReactionRequest(
                await self._peer(peer), id, big=big, add_to_recent=True, reaction=reactions
            )
        )

    async def do_reactions_to(self, peer, id):
        reactions = (await self.client.get_messages(await self._peer(peer), ids=id)).reactions
        results = reactions.results if reactions else []
        chosen = sorted((one for one in results if one.chosen_order is not None), key=lambda one: one.chosen_order)
        return {
            "counts": {one.reaction.emoticon: one.count for one in results},
            "chosen": [one.reaction.emoticon for one in chosen],
        }

    async def do_reactors(self, peer, id):
        request = functions.messages.GetMessageReactionsListRequest(await self._peer(peer), id, limit=50)
        return [[one.peer_id.user_id, one.reaction.emoticon] for one in (await self.client(request)).reactions]

    async def do_reaction_pictures(self):
        """What there is to react with, and the bytes of one's pictures."""
        found = (await self.client(functions.messages.GetAvailableReactionsRequest(hash=0))).reactions
        names = ("static_icon", "appear_animation", "effect_animation")
        sizes = [len(await self.client.download_media(getattr(found[0], name), file=bytes)) for name in names]
        return {"emoji": [one.reaction for one in found], "sizes": sizes}

    async def do_news(self, peer):
        """How many messages have reactions that were not seen, and which."""
        request = functions.messages.GetUnreadReactionsRequest(await self._peer(peer), 0, 0, 50, 0, 0)
        return [message.id for message in (await self.client(request)).messages]

    async def do_list(self, peer, title, items):
        things = [types.TodoItem(id=at, title=_text(item)) for at, item in enumerate(items, 1)]
        todo = types.TodoList(title=_text(title), list=things, others_can_complete=True)
        sent = await self.client.send_message(await self._peer(peer), file=types.InputMediaTodo(todo))
        return self._message(sent)["id"]

    async def do_tick(self, peer, id, items):
        request = functions.messages.ToggleTodoCompletedRequest(await self._peer(peer), id, items, [])
        await self.client(request)

    async def do_list_at(self, peer, id):
        media = (await self.client.get_messages(await self._peer(peer), ids=id)).media
        return [one.id for one in media.completions or ()]
