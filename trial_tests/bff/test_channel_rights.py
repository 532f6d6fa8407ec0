"""A walk through the whole table of who may do what in channels, and through what nobody outside may see."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import encode, tl
from trial_tests.backends import BackendTestCase
from trial_tests.bff.channel_deeds import DEEDS, Place, outcome
from trial_tests.bff.channel_places import appoint, make_place
from trial_tests.bff.channel_table import (
    ALL_RIGHTS,
    DOCUMENT,
    PRIVATE,
    TABLE,
    WHO_SEES_NOTHING,
    Row,
    written,
)
from trial_tests.bff.talk_house import House

SECRET = "xylophone"
IN_PUBLIC = ("stranger", "left", "member", "silenced", "administrator", "anonymous", "owner")


class DocumentTests(SynchronousTestCase):
    """``docs/channels.md``."""

    def test_it_has_the_table_as_it_is_walked(self) -> None:
        """``python -m trial_tests.bff.channel_table`` writes it anew."""
        document = DOCUMENT.read_text()
        self.assertEqual(document, written(document))


class RightsWalkTests(BackendTestCase):
    """Every role does every deed in a channel of its own; an administrator with each right alone."""

    timeout = 600.0

    async def walk(self, kind: str) -> None:
        """All of one kind of channel."""
        house = House(self)
        roles = [*WHO_SEES_NOTHING, *((role, True) for role in IN_PUBLIC)]
        found: dict[tuple[str, str, bool], str] = {}
        wanted: dict[tuple[str, str, bool], str] = {}
        for role, is_public in roles:
            place = await make_place(house, kind, role, is_public)
            for row in TABLE[kind]:
                house.clock.advance(61)
                found[row.key, role, is_public] = await outcome(DEEDS[row.key](place))
                wanted[row.key, role, is_public] = self.wanted(row, role, is_public)
        self.assertEqual(found, wanted)
        await self.walk_rights(house, kind)

    def wanted(self, row: Row, role: str, is_public: bool) -> str:
        """What the table says."""
        if (role, is_public) in WHO_SEES_NOTHING:
            return PRIVATE
        return {
            "stranger": row.outside,
            "left": row.left or row.outside,
            "member": row.member,
            "silenced": row.silenced,
            "administrator": row.with_all,
            "anonymous": row.with_all,
            "owner": row.owner,
        }[role]

    async def walk_rights(self, house: House, kind: str) -> None:
        """Each right alone is enough for what it is for, and for nothing else."""
        place = await make_place(house, kind, "administrator", True)
        for row in TABLE[kind]:
            if row.key in ("leave", "join", "delete", "delete_own"):
                continue
            for right in ALL_RIGHTS:
                house.clock.advance(61)
                await appoint(place, (right,))
                wanted = row.with_all if right in row.rights else row.without
                self.assertEqual(await outcome(DEEDS[row.key](place)), wanted, f"{row.key} with {right} in a {kind}")

    async def test_in_a_supergroup(self) -> None:
        """Everything."""
        await self.walk("group")

    async def test_in_a_channel(self) -> None:
        """Everything."""
        await self.walk("channel")

    async def test_in_a_forum(self) -> None:
        """What is about topics."""
        await self.walk("forum")


class NothingOutsideTests(BackendTestCase):
    """What is written in a private supergroup is in no answer and no update for who is not in it."""

    timeout = 300.0

    async def test_no_road(self) -> None:
        """Whoever they were, by the right address and all methods that read."""
        house = House(self)
        for role, is_public in WHO_SEES_NOTHING:
            place = await make_place(house, "forum", role, is_public)
            await place.actor.take()
            await place.owner.call(tl.channels.editTitle(channel=place.channel, title="Harmless"))
            await place.owner.call(tl.messages.editChatAbout(peer=place.peer, about=SECRET))
            message_id = await place.said(place.owner)
            await place.owner.call(tl.messages.editMessage(peer=place.peer, id=message_id, message=SECRET))
            await place.owner.call(tl.messages.updatePinnedMessage(peer=place.peer, id=message_id))
            answer = tl.inputReplyToMessage(reply_to_msg_id=message_id)
            await place.other.send(place.peer, SECRET, reply_to=answer)
            # In this form it would be seen.
            self.assertIn(SECRET.encode(), encode(await place.owner.history(place.peer)))
            for query in self.queries(place, message_id):
                try:
                    found = await place.actor.call(query)
                except RpcError as error:
                    self.assertNotEqual(error.code, 500, query.NAME)
                    continue
                self.assertNotIn(SECRET.encode(), encode(found), f"{query.NAME} as {role}")
            for update in await place.actor.take():
                self.assertNotIn(SECRET.encode(), encode(update), f"{update.NAME} to {role}")
            await self.nobody_hears(place, role)

    async def nobody_hears(self, place: Place, role: str) -> None:
        """What goes on there is not told to them, whatever they did before."""
        house = place.house
        self.addCleanup(house.domain.reactions.stop)
        message_id = await place.said(place.owner)
        reactions = [tl.reactionEmoji(emoticon="👍")]
        await place.other.call(tl.messages.sendReaction(peer=place.peer, msg_id=message_id, reaction=reactions))
        await place.other.call(tl.messages.setTyping(peer=place.peer, action=tl.sendMessageTypingAction()))
        await house.domain.reactions.settled()
        self.assertEqual(await place.actor.take(), [], role)

    def queries(self, place: Place, message_id: int) -> list[Any]:
        """Everything that reads, asked about the channel."""
        peer, channel = place.peer, place.channel
        page: dict[str, Any] = {"offset_id": 0, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0}
        dated = {**page, "offset_date": 0, "hash": 0}
        search = {**page, "min_date": 0, "max_date": 0, "hash": 0, "filter": tl.inputMessagesFilterEmpty()}
        named = tl.inputMessageID(id=message_id)
        topics = {"offset_date": 0, "offset_id": 0, "offset_topic": 0, "limit": 100}
        difference = {"filter": tl.channelMessagesFilterEmpty(), "limit": 100}
        shared = tl.inputMessagesFilterPinned()
        return [
            tl.messages.getHistory(peer=peer, **dated),
            tl.messages.search(peer=peer, q=SECRET, **search),
            tl.messages.search(peer=peer, q="", **{**search, "filter": shared}),
            tl.messages.searchGlobal(q=SECRET, filter=tl.inputMessagesFilterEmpty(), min_date=0, max_date=0,
                                     offset_rate=0, offset_peer=tl.inputPeerEmpty(), offset_id=0, limit=100),
            tl.messages.getMessages(id=[named]),
            tl.channels.getMessages(channel=channel, id=[named, tl.inputMessagePinned()]),
            tl.messages.getReplies(peer=peer, msg_id=message_id, **dated),
            tl.messages.getReplies(peer=peer, msg_id=1, **dated),
            tl.messages.getDiscussionMessage(peer=peer, msg_id=message_id),
            tl.messages.getUnreadMentions(peer=peer, **page),
            tl.messages.getUnreadReactions(peer=peer, **page),
            tl.messages.getForumTopics(peer=peer, **topics),
            tl.messages.getForumTopicsByID(peer=peer, topics=[1]),
            tl.messages.getPeerDialogs(peers=[tl.inputDialogPeer(peer=peer)]),
            tl.messages.getDialogs(offset_date=0, offset_id=0, offset_peer=tl.inputPeerEmpty(), limit=100, hash=0),
            tl.messages.getScheduledHistory(peer=peer, hash=0),
            tl.messages.getMessageEditData(peer=peer, id=message_id),
            tl.messages.getMessagesReactions(peer=peer, id=[message_id]),
            tl.messages.getMessageReactionsList(peer=peer, id=message_id, limit=10),
            tl.messages.getMessageReadParticipants(peer=peer, msg_id=message_id),
            tl.messages.getMessagesViews(peer=peer, id=[message_id], increment=True),
            tl.messages.getSearchCounters(peer=peer, filters=[shared]),
            tl.messages.getSearchResultsCalendar(peer=peer, filter=shared, offset_id=0, offset_date=0),
            tl.messages.getSearchResultsPositions(peer=peer, filter=shared, offset_id=0, limit=10),
            tl.messages.forwardMessages(from_peer=peer, id=[message_id], random_id=[next(place.house.keys)],
                                        to_peer=tl.inputPeerSelf()),
            tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="?", random_id=next(place.house.keys),
                                    reply_to=tl.inputReplyToMessage(reply_to_msg_id=message_id, reply_to_peer_id=peer)),
            tl.messages.getHistory(peer=tl.inputPeerSelf(), **dated),
            tl.channels.getChannels(id=[channel]),
            tl.channels.getFullChannel(channel=channel),
            tl.channels.getParticipants(channel=channel, filter=tl.channelParticipantsRecent(), offset=0, limit=10,
                                        hash=0),
            tl.channels.getParticipant(channel=channel, participant=place.actor.peer(place.owner)),
            tl.channels.getAdminLog(channel=channel, q="", max_id=0, min_id=0, limit=100),
            tl.channels.exportMessageLink(channel=channel, id=message_id),
            tl.updates.getChannelDifference(channel=channel, pts=1, **difference),
            tl.updates.getChannelDifference(channel=channel, pts=1, force=True, **difference),
            tl.updates.getDifference(pts=1, date=1, qts=0),
        ]  # fmt: skip


__all__ = ["NothingOutsideTests", "RightsWalkTests"]
