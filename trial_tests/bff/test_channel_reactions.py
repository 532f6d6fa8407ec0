"""Reactions and votes in channels and supergroups, where one post is everybody's."""

from typing import Any

from teamgram.domain.reactions.message_reactions import REST
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_channel_administration import ChannelTestCase
from trial_tests.bff.test_messages import error_of
from trial_tests.bff.test_polls import A, B, asked, counted
from trial_tests.bff.test_polls import chosen as voted
from trial_tests.bff.test_reactions import FIRE, LIKE, LOVE, chosen, told


class PostedTestCase(ChannelTestCase):
    """Anna has posted; Boris and Clara are members."""

    async def posted(self, media: Any = None, **kind: Any) -> None:
        """A channel with one message."""
        self.here, self.anna, self.boris, self.clara, self.channel = await self.supergroup(**kind)
        self.addCleanup(self.here.domain.reactions.stop)
        self.addCleanup(self.here.domain.polls.stop)
        await self.bring(self.anna, self.channel, self.boris, self.clara)
        peer = {"channel_id": self.channel.channel_id, "access_hash": self.channel.access_hash}
        self.peer = tl.inputPeerChannel(**peer)
        if media is None:
            sent = await self.anna.send(self.peer, "hello")
        else:
            sent = await self.anna.call(
                tl.messages.sendMedia(peer=self.peer, media=media, message="", random_id=next(self.here.keys))
            )
        self.post_id = next(update.id for update in sent.updates if update.NAME == "updateMessageID")
        await self.take_all()

    async def message(self, device: Device) -> Any:
        """The post as somebody has it."""
        return next(one for one in (await device.history(self.peer)).messages if one.id == self.post_id)

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
        await self.posted()
        own = await self.react(self.boris, LIKE)
        self.assertEqual((told(own), chosen(own), own.min), ({LIKE: 1}, [LIKE], False))
        pushed = await self.take_all()
        names = [update.NAME for update in pushed["Clara"]]
        self.assertEqual(names.count("updateEditChannelMessage"), 1)
        (changed,) = [one for one in pushed["Clara"] if one.NAME == "updateMessageReactions"]
        # Not in the min form: TDLib forgets what it chose itself when it has seen nothing else.
        self.assertEqual((told(changed.reactions), chosen(changed.reactions)), ({LIKE: 1}, []))
        self.assertFalse(changed.reactions.min)
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
        await self.posted()
        await self.react(self.boris, LIKE)
        page = {"offset_id": 0, "add_offset": 0, "limit": 10, "max_id": 0, "min_id": 0}
        query = tl.messages.getUnreadReactions(peer=self.peer, **page)
        self.assertEqual([message.id for message in (await self.anna.call(query)).messages], [self.post_id])
        self.assertEqual((await self.boris.call(query)).messages, [])
        await self.anna.call(tl.messages.readReactions(peer=self.peer))
        self.assertEqual((await self.anna.call(query)).messages, [])

    async def test_below_a_post(self) -> None:
        """In a channel nobody is told who reacted."""
        await self.posted(megagroup=False, broadcast=True)
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
        await self.posted()
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
    """One poll, however many vote; a list is ticked off in the post itself."""

    async def vote(self, device: Device, option: bytes) -> Any:
        """The answer's results."""
        answer = await device.call(tl.messages.sendVote(peer=self.peer, msg_id=self.post_id, options=[option]))
        return answer.updates[0].results

    async def test_votes(self) -> None:
        """All are told alike how it stands; who has not voted does not see it in the message."""
        await self.votes()

    async def test_votes_below_a_post(self) -> None:
        """In a channel as in a supergroup."""
        await self.votes(megagroup=False, broadcast=True)

    async def votes(self, **kind: bool) -> None:
        """Boris votes, Clara does not, Dora may not."""
        await self.posted(asked(), **kind)
        self.assertEqual(counted(await self.vote(self.boris, B)), [0, 1, 0])
        pushed = await self.take_all()
        (changed,) = [one for one in pushed["Clara"] if one.NAME == "updateMessagePoll"]
        stands = changed.results
        self.assertEqual((stands.min, counted(stands), stands.total_voters), (True, [0, 1, 0], 1))
        *_, last = [one for one in pushed["Boris"] if one.NAME == "updateMessagePoll"]
        self.assertEqual(counted(last.results), [0, 1, 0])
        self.assertEqual(voted((await self.message(self.boris)).media.results), [B])
        self.assertIsNone((await self.message(self.clara)).media.results.results)
        self.assertTrue((await self.message(self.anna)).media.poll.creator)
        dora = await self.here.sign_up("Dora")
        query = tl.messages.sendVote(peer=self.peer, msg_id=self.post_id, options=[A])
        self.assertEqual(await error_of(dora.call(query)), "CHANNEL_PRIVATE")

    async def test_closed(self) -> None:
        """Everybody is told how it ended, by an edit that says nothing of anybody's own vote."""
        await self.posted(asked())
        for device, option in ((self.anna, A), (self.boris, B)):
            await self.vote(device, option)
        await self.take_all()
        query = tl.messages.editMessage(peer=self.peer, id=self.post_id, media=asked(closed=True))
        self.assertEqual(await error_of(self.boris.call(query)), "MESSAGE_AUTHOR_REQUIRED")
        ended, edited = (await self.anna.call(query)).updates
        self.assertEqual(
            (edited.NAME, voted(ended.results), ended.poll.creator), ("updateEditChannelMessage", [A], True)
        )
        pushed = await self.take_all()
        (edited,) = [one for one in pushed["Clara"] if one.NAME == "updateEditChannelMessage"]
        results = edited.message.media.results
        self.assertEqual((results.min, counted(results), voted(results)), (True, [1, 1, 0], []))
        results = (await self.message(self.boris)).media.results
        self.assertEqual((results.min, counted(results), voted(results)), (False, [1, 1, 0], [B]))

    async def test_sent_on_from_a_channel(self) -> None:
        """The poll of a group is that of the channel."""
        await self.posted(asked(), megagroup=False, broadcast=True)
        await self.vote(self.anna, A)
        to_boris = self.anna.peer(self.boris)
        forward = tl.messages.forwardMessages(from_peer=self.peer, to_peer=to_boris, id=[self.post_id], random_id=[5])
        await self.anna.call(forward)
        copy = (await self.boris.history(self.boris.peer(self.anna))).messages[0]
        vote = tl.messages.sendVote(peer=self.boris.peer(self.anna), msg_id=copy.id, options=[B])
        self.assertEqual(counted((await self.boris.call(vote)).updates[0].results), [1, 1, 0])
        self.assertEqual((await self.message(self.clara)).media.results.total_voters, 2)

    async def test_ticked_off(self) -> None:
        """By a member of a supergroup, in the one copy that there is."""
        things = [tl.todoItem(id=1, title=tl.textWithEntities(text="bread", entities=[]))]
        title = tl.textWithEntities(text="To do", entities=[])
        todo = tl.todoList(title=title, list=things, others_can_complete=True)
        await self.posted(tl.inputMediaTodo(todo=todo))
        tick = tl.messages.toggleTodoCompleted(peer=self.peer, msg_id=self.post_id, completed=[1], incompleted=[])
        edited, told = (await self.boris.call(tick)).updates
        self.assertEqual((edited.NAME, told.NAME), ("updateEditChannelMessage", "updateNewChannelMessage"))
        self.assertEqual(told.message.reply_to.reply_to_msg_id, self.post_id)
        (done,) = (await self.message(self.clara)).media.completions
        self.assertEqual(done.completed_by.user_id, self.boris.user.id)

    async def test_by_the_difference(self) -> None:
        """A first reaction comes with the channel's difference, with the reader's own choice."""
        await self.posted()
        pts = (await self.full(self.clara, self.channel)).full_chat.pts
        await self.react(self.boris, LIKE)
        await self.react(self.clara, FIRE)
        query = tl.updates.getChannelDifference(
            channel=self.channel, filter=tl.channelMessagesFilterEmpty(), pts=pts, limit=100
        )
        (edited,) = (await self.clara.call(query)).other_updates
        self.assertEqual(edited.NAME, "updateEditChannelMessage")
        self.assertEqual(
            (told(edited.message.reactions), chosen(edited.message.reactions)), ({LIKE: 1, FIRE: 1}, [FIRE])
        )
