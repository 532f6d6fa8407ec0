"""Topics of forums: titles, who manages one, pages."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.channels.channel import AdminRight, Channel, Flag, Kind, Membership, Seat
from teamgram.domain.channels.channels import NewChannel
from teamgram.domain.channels.general_topic import GENERAL
from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import ChatAdminRequired
from teamgram.domain.domain import Domain
from teamgram.domain.forums.errors import PinnedTopicsTooMany, TopicTitleInvalid
from teamgram.domain.forums.topics import MAX_PINNED, MAX_TITLE, NewTopic, Topic, check_manages, checked_title
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts
from trial_tests.domain.filing import open_filing

ANNA, BORIS = 1, 2


class TitleTests(SynchronousTestCase):
    """What a topic may be called."""

    def test_titles(self) -> None:
        """In one line, neither empty nor long."""
        self.assertEqual(checked_title("  a \n b "), "a b")
        self.assertEqual(checked_title("x" * MAX_TITLE), "x" * MAX_TITLE)
        for title in ("", " \n", "x" * (MAX_TITLE + 1)):
            with self.assertRaises(TopicTitleInvalid):
                checked_title(title)


class ManagingTests(SynchronousTestCase):
    """Who changes a topic."""

    def seat(self, user_id: int, membership: Membership | None) -> Seat:
        channel = Channel(1, 2, Kind.MEGAGROUP, int(Flag.FORUM), "Forum", "", "public", ANNA, 0)
        return Seat.at(channel, user_id, membership, 0)

    def test_who(self) -> None:
        """Who began it while they are there, and administrators with that right; General is theirs alone."""
        own = Topic(7, BORIS, 0, "Mine", 0, 0, False, False, 0, 7)
        general = Topic(GENERAL, BORIS, 0, "General", 0, 0, False, False, 0, 7)
        member, left = Membership(), Membership(standing=Standing.LEFT)
        keeper = Membership(role=Role.ADMIN, admin_rights=int(AdminRight.MANAGE_TOPICS))
        other = Membership(role=Role.ADMIN, admin_rights=int(AdminRight.PIN_MESSAGES))
        check_manages(self.seat(BORIS, member), own)
        for topic in (own, general):
            check_manages(self.seat(ANNA, keeper), topic)
        for user_id, membership, topic in (
            (BORIS, left, own),
            (BORIS, None, own),
            (BORIS, member, general),
            (ANNA, member, own),
            (ANNA, other, own),
        ):
            with self.assertRaises(ChatAdminRequired):
                check_manages(self.seat(user_id, membership), topic)


@on_every_backend
class PageTests(BackendTestCase):
    """Topics in order."""

    async def test_pages(self) -> None:
        """Pinned ones first, then the one with the newest message; each page goes on where the last one ended."""
        database, clock = self.open_database(), Clock()
        clock.advance(1_000)
        await add_accounts(database, ANNA)
        fanout = Fanout()
        domain = Domain.open(database, fanout, clock, open_filing(self, database, clock))
        actor = Actor(ANNA, 1_000)
        channel_id, _ = await domain.channels.create(actor, NewChannel(Kind.MEGAGROUP, "Forum", flags=int(Flag.FORUM)))
        ids = [GENERAL]
        for number in range(7):
            change = await domain.topics.create(actor, channel_id, NewTopic(f"Topic {number}"), number + 1)
            ids += change.messages
        for topic_id in ids[1 : 1 + MAX_PINNED]:
            await domain.topics.pin(actor, channel_id, topic_id, True)
        with self.assertRaises(PinnedTopicsTooMany):
            await domain.topics.pin(actor, channel_id, ids[-1], True)
        expected = [*reversed(ids[1 : 1 + MAX_PINNED]), ids[7], ids[6], GENERAL]
        got: list[int] = []
        before = (0, 0)
        while page := await domain.topics_seen.page(ANNA, 1_000, channel_id, "", before, 3):
            if not page.topics:
                break
            self.assertEqual(page.count, 8)
            got += [seen.topic.id for seen in page.topics]
            last = page.topics[-1].topic
            before = (last.top_message_id, last.id)
        self.assertEqual(got, expected)
        found = await domain.topics_seen.page(ANNA, 1_000, channel_id, "topic 6", (0, 0), 3)
        self.assertEqual([seen.topic.id for seen in found.topics], [ids[7]])
