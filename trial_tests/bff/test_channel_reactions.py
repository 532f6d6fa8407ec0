"""Reactions and votes in channels and supergroups, where one post is everybody's."""

from typing import Any

from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import BoxChanges, Outgoing
from teamgram.domain.boxes.media import Media
from teamgram.domain.boxes.message import Extra, Tag
from teamgram.domain.boxes.poll import Poll, PollAnswer
from teamgram.domain.ids.peer import marked_channel
from teamgram.domain.reactions.message_reactions import REST
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import START, Device
from trial_tests.bff.test_channel_administration import ChannelTestCase
from trial_tests.bff.test_messages import error_of
from trial_tests.bff.test_reactions import FIRE, LIKE, LOVE, chosen, told

POLL = Poll(77, 1, "Which?", (PollAnswer("A", b"a"), PollAnswer("B", b"b")))


class PostedTestCase(ChannelTestCase):
    """Anna has posted; Boris and Clara are members."""

    async def posted(self, extra: Extra, **kind: Any) -> None:
        """A channel with one message."""
        self.here, self.anna, self.boris, self.clara, self.channel = await self.supergroup(**kind)
        self.addCleanup(self.here.domain.reactions.stop)
        self.addCleanup(self.here.domain.polls.stop)
        await self.bring(self.anna, self.channel, self.boris, self.clara)
        peer = {"channel_id": self.channel.channel_id, "access_hash": self.channel.access_hash}
        self.peer = tl.inputPeerChannel(**peer)
        self.marked = marked_channel(self.channel.channel_id)
        self.post_id = await self.here.database.write("post", self._post_txn, extra)
        await self.take_all()

    def _post_txn(self, txn: Any, extra: Extra) -> int:
        changes = BoxChanges(txn, START)
        changes.lock((self.marked,))
        audience, tags = Audience.channel(self.marked), Tag.POLL if extra.media is not None else Tag(0)
        (copies,) = changes.post(self.anna.user.id, audience, [Outgoing("hello", extra, int(tags), 1)])
        changes.save(self.here.fanout.deliver)
        return copies[self.marked].id

    async def take_all(self) -> dict[str, list[Any]]:
        """What everybody was pushed."""
        await self.here.domain.reactions.settled()
        await self.here.domain.polls.settled()
        return {one.user.first_name: await one.take() for one in (self.anna, self.boris, self.clara)}

    async def react(self, device: Device, *emoji: str) -> Any:
        """The answer's reactions."""
        reactions = [tl.reactionEmoji(emoticon=one) for one in emoji]
        answer = await device.call(tl.messages.sendReaction(peer=self.peer, msg_id=self.post_id, reaction=reactions))
        return next(update.reactions for update in answer.updates if update.NAME == "updateMessageReactions")

    async def seen(self, device: Device) -> Any:
        """What a client is told that asks."""
        answer = await device.call(tl.messages.getMessagesReactions(peer=self.peer, id=[self.post_id]))
        return answer.updates[0].reactions


@on_every_backend
class ChannelReactionsTests(PostedTestCase):
    """One row a reaction, and one telling for all who are here."""

    async def test_in_a_supergroup(self) -> None:
        """The first is in the channel's log, the others are told in the min form and no more often than that."""
        await self.posted(Extra())
        own = await self.react(self.boris, LIKE)
        self.assertEqual((told(own), chosen(own), own.min), ({LIKE: 1}, [LIKE], False))
        pushed = await self.take_all()
        names = [update.NAME for update in pushed["Clara"]]
        self.assertEqual(names.count("updateEditChannelMessage"), 1)
        (changed,) = [one for one in pushed["Clara"] if one.NAME == "updateMessageReactions" and one.reactions.min]
        self.assertEqual((told(changed.reactions), chosen(changed.reactions)), ({LIKE: 1}, []))
        self.assertEqual(changed.reactions.recent_reactions[0].peer_id.user_id, self.boris.user.id)
        for device, emoji in ((self.clara, [LIKE]), (self.anna, [LOVE, FIRE]), (self.clara, [FIRE])):
            await self.react(device, *emoji)
        self.assertEqual([one.NAME for one in (await self.take_all())["Boris"]], ["updateMessageReactions"])
        self.here.clock.advance(REST)
        (changed,) = (await self.take_all())["Boris"]
        self.assertEqual(
            (changed.NAME, told(changed.reactions)), ("updateMessageReactions", {FIRE: 2, LIKE: 1, LOVE: 1})
        )
        for device, mine in ((self.anna, [LOVE, FIRE]), (self.boris, [LIKE]), (self.clara, [FIRE])):
            self.assertEqual(chosen(await self.seen(device)), mine)
        query = tl.messages.getMessageReactionsList(peer=self.peer, id=self.post_id, limit=9)
        self.assertEqual((await self.boris.call(query)).count, 4)

    async def test_what_waits_for_the_author(self) -> None:
        """Counted, listed and seen as elsewhere."""
        await self.posted(Extra())
        await self.react(self.boris, LIKE)
        page = {"offset_id": 0, "add_offset": 0, "limit": 10, "max_id": 0, "min_id": 0}
        query = tl.messages.getUnreadReactions(peer=self.peer, **page)
        self.assertEqual([message.id for message in (await self.anna.call(query)).messages], [self.post_id])
        self.assertEqual((await self.boris.call(query)).messages, [])
        await self.anna.call(tl.messages.readReactions(peer=self.peer))
        self.assertEqual((await self.anna.call(query)).messages, [])

    async def test_below_a_post(self) -> None:
        """In a channel nobody is told who reacted."""
        await self.posted(Extra(post=True), megagroup=False, broadcast=True)
        own = await self.react(self.boris, LIKE)
        self.assertEqual((own.can_see_list, own.recent_reactions), (False, None))
        pushed = await self.take_all()
        for update in pushed["Clara"]:
            if update.NAME == "updateMessageReactions":
                self.assertIsNone(update.reactions.recent_reactions)
        query = tl.messages.getMessageReactionsList(peer=self.peer, id=self.post_id, limit=9)
        self.assertEqual(await error_of(self.clara.call(query)), "BROADCAST_FORBIDDEN")

    async def test_who_may(self) -> None:
        """Members; who was put out does not even look. What the channel does not allow, nobody."""
        await self.posted(Extra())
        dora = await self.here.sign_up("Dora")
        reactions = [tl.reactionEmoji(emoticon=LIKE)]
        query = tl.messages.sendReaction(peer=self.peer, msg_id=self.post_id, reaction=reactions)
        self.assertEqual(await error_of(dora.call(query)), "CHANNEL_PRIVATE")
        some = tl.chatReactionsSome(reactions=[tl.reactionEmoji(emoticon=LOVE)])
        allow = tl.messages.setChatAvailableReactions(peer=self.peer, available_reactions=some)
        self.assertEqual(await error_of(self.boris.call(allow)), "CHAT_ADMIN_REQUIRED")
        await self.anna.call(allow)
        self.assertEqual(await error_of(self.boris.call(query)), "REACTION_INVALID")
        full = (await self.full(self.boris, self.channel)).full_chat
        self.assertEqual([one.emoticon for one in full.available_reactions.reactions], [LOVE])


@on_every_backend
class ChannelPollsTests(PostedTestCase):
    """One poll, however many vote."""

    async def test_votes(self) -> None:
        """Who has voted is told how it stands, the others how many have."""
        await self.posted(Extra(media=Media(poll=POLL)))
        vote = tl.messages.sendVote(peer=self.peer, msg_id=self.post_id, options=[b"b"])
        (update,) = (await self.boris.call(vote)).updates
        self.assertEqual([one.voters for one in update.results.results], [0, 1])
        pushed = await self.take_all()
        (changed,) = [one for one in pushed["Clara"] if one.NAME == "updateMessagePoll"]
        self.assertEqual((changed.results.min, changed.results.results, changed.results.total_voters), (True, None, 1))
        *_, last = [one for one in pushed["Boris"] if one.NAME == "updateMessagePoll"]
        self.assertEqual([one.voters for one in last.results.results], [0, 1])
        dora = await self.here.sign_up("Dora")
        self.assertEqual(await error_of(dora.call(vote)), "CHANNEL_PRIVATE")
