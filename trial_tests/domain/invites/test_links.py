"""Invite links in a database: who comes in by them, and how often."""

from twisted.internet.defer import Deferred, gatherResults

from teamgram.database import Database
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.joining import ChannelJoining
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.chats.errors import InviteHashExpired
from teamgram.domain.invites.links import InviteLinks
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import on_every_backend
from trial_tests.domain.accounts import add_accounts
from trial_tests.domain.chats.test_chats import ANNA, BORIS, CLARA, NOW, ChatsTestCase


def _links(database: Database, chats: Chats) -> InviteLinks:
    fanout = Fanout()
    channels = Channels(database, fanout)
    return InviteLinks(database, chats, channels, ChannelJoining(database, channels, fanout), fanout)


@on_every_backend
class InvitesTests(ChatsTestCase):
    """``InviteLinks``."""

    async def test_the_last_place_is_one(self) -> None:
        """Of three who come by a link for one at the same moment one gets in."""
        chats, _ = await self.chats()
        invites = _links(self.database, chats)
        chat_id = (await chats.create(Actor(ANNA, NOW), [BORIS], "x")).chat_id
        invite = await invites.export(Actor(ANNA, NOW), chat_id, usage_limit=1)
        await add_accounts(self.database, 11, 12, 13)

        async def come(user_id: int) -> bool:
            try:
                await invites.join(Actor(user_id, NOW), invite.hash)
            except InviteHashExpired:
                return False
            return True

        outcomes = await gatherResults([Deferred.fromCoroutine(come(user_id)) for user_id in (11, 12, 13)])
        self.assertEqual(outcomes.count(True), 1)
        self.assertEqual(len((await chats.of_member(ANNA, chat_id)).members), 3)

    async def test_a_link_has_an_end(self) -> None:
        """In the second in which it ends it lets nobody in any more; a second before it does."""
        chats, _ = await self.chats()
        invites = _links(self.database, chats)
        chat_id = (await chats.create(Actor(ANNA, NOW), [BORIS], "x")).chat_id
        invite = await invites.export(Actor(ANNA, NOW), chat_id, expires_at=NOW + 60)
        await self.refused(invites.join(Actor(CLARA, NOW + 60), invite.hash), InviteHashExpired)
        await self.refused(invites.check(CLARA, invite.hash, NOW + 60), InviteHashExpired)
        joined, _ = await invites.join(Actor(CLARA, NOW + 59), invite.hash)
        self.assertEqual(joined, chat_id)
