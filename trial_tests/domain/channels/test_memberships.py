"""What people are in channels, as it is remembered."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from teamgram.cache.bus import MemoryBus
from teamgram.domain.channels.channel import Membership
from teamgram.domain.channels.memberships import Memberships, MembershipsChanged
from teamgram.domain.chats.chat import Role

ADMIN = Membership(role=Role.ADMIN, admin_rights=1)
MEMBER = Membership()


class SlowDatabase:
    """Reads end when the test says so."""

    def __init__(self) -> None:
        self.reading: list[Deferred[dict[int, Membership]]] = []

    def read(self, *args: object) -> Deferred[dict[int, Membership]]:
        reading: Deferred[dict[int, Membership]] = Deferred()
        self.reading.append(reading)
        return reading


class MembershipsTests(TestCase):
    def setUp(self) -> None:
        self.bus = MemoryBus()
        self.database = SlowDatabase()
        self.memberships = Memberships(self.database, self.bus, max_users=2)  # type: ignore[arg-type]

    async def known(self, user_id: int, found: dict[int, Membership]) -> dict[int, Membership]:
        asked = Deferred.fromCoroutine(self.memberships.of(user_id))
        self.database.reading.pop().callback(found)
        return dict(await asked)

    async def test_told_while_reading(self) -> None:
        """What is told while somebody's are read is newer than what was read."""
        asked = Deferred.fromCoroutine(self.memberships.of(1))
        self.bus.publish(MembershipsChanged(7, ((1, ADMIN), (2, MEMBER))))
        self.bus.publish(MembershipsChanged(8, ((1, None),)))
        self.database.reading.pop().callback({7: MEMBER, 8: MEMBER, 9: MEMBER})
        self.assertEqual(await asked, {7: ADMIN, 9: MEMBER})

    async def test_kept_true(self) -> None:
        """What is remembered follows what is told; who is not remembered is read again."""
        await self.known(1, {7: MEMBER})
        self.bus.publish(MembershipsChanged(7, ((1, None),)))
        self.bus.publish(MembershipsChanged(8, ((1, ADMIN),)))
        self.assertEqual(self.memberships.cached(1), {8: ADMIN})
        self.assertIsNone(self.memberships.cached(2))

    async def test_bounded(self) -> None:
        """The least recently asked go first."""
        for user_id in (1, 2):
            await self.known(user_id, {})
        self.memberships.cached(1)
        await self.known(3, {})
        self.assertEqual([self.memberships.cached(user_id) for user_id in (1, 2, 3)], [{}, None, {}])
