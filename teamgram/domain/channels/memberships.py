"""What people are in channels, in memory: read whole for somebody, then kept true by what is told of changes.

Whoever is connected has theirs here, so that who is to hear of a post is known without asking the database.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping

import msgspec

from teamgram.cache.bus import EventsMissed
from teamgram.database import Database, Transaction
from teamgram.domain.channels import store
from teamgram.domain.channels.channel import Membership
from teamgram.domain.updates.fanout import FanoutBus


class MembershipsChanged(msgspec.Struct, frozen=True):
    """After a commit: what these users are in a channel from now on (None: nobody that it knows)."""

    channel_id: int
    memberships: tuple[tuple[int, Membership | None], ...]


class Memberships:
    """By user, what they are in every channel; the least recently asked go first."""

    def __init__(self, database: Database, bus: FanoutBus, *, max_users: int = 10_000) -> None:
        self._database = database
        self._bus = bus
        self._max_users = max_users
        self._users: OrderedDict[int, dict[int, Membership]] = OrderedDict()
        # What is told while somebody's are being read: newer than what is read, or the same.
        self._meanwhile: dict[int, dict[int, list[tuple[int, Membership | None]] | None]] = {}
        self._reads = 0
        self._when_forgotten: list[Callable[[], object]] = []
        bus.listen(MembershipsChanged, self._changed)
        bus.listen(EventsMissed, self._forget)

    def cached(self, user_id: int) -> Mapping[int, Membership] | None:
        """What the user is, by channel, when it is in memory; None says nothing about the database."""
        memberships = self._users.get(user_id)
        if memberships is not None:
            self._users.move_to_end(user_id)
        return memberships

    async def of(self, user_id: int) -> Mapping[int, Membership]:
        """What the user is, by channel."""
        memberships = self.cached(user_id)
        if memberships is not None:
            return memberships
        self._reads += 1
        number = self._reads
        self._meanwhile.setdefault(user_id, {})[number] = []
        try:
            read = await self._database.read("memberships of user", store.memberships_of_txn, user_id)
        finally:
            reads = self._meanwhile[user_id]
            meanwhile = reads.pop(number)
            if not reads:
                del self._meanwhile[user_id]
        if meanwhile is None:
            return read
        for channel_id, membership in meanwhile:
            _set(read, channel_id, membership)
        self._users[user_id] = read
        self._users.move_to_end(user_id)
        while len(self._users) > self._max_users:
            self._users.popitem(last=False)
        return read

    def when_forgotten(self, watcher: Callable[[], object]) -> None:
        """``watcher`` is called when all that was told of changes so far may have had holes."""
        self._when_forgotten.append(watcher)

    def tell_after(self, txn: Transaction, channel_id: int, memberships: Mapping[int, Membership | None]) -> None:
        """After the commit everybody who remembers them hears what these users are."""
        txn.call_after(self._bus.publish, MembershipsChanged(channel_id, tuple(memberships.items())))

    def _forget(self, missed: EventsMissed) -> None:
        self._users.clear()
        # What is being read now may be older than what was missed: it serves who asked, and nobody else.
        for reads in self._meanwhile.values():
            reads.update(dict.fromkeys(reads, None))
        for watcher in self._when_forgotten:
            watcher()

    def _changed(self, changed: MembershipsChanged) -> None:
        for user_id, membership in changed.memberships:
            known = self._users.get(user_id)
            if known is not None:
                _set(known, changed.channel_id, membership)
            for meanwhile in self._meanwhile.get(user_id, {}).values():
                if meanwhile is not None:
                    meanwhile.append((changed.channel_id, membership))


def _set(memberships: dict[int, Membership], channel_id: int, membership: Membership | None) -> None:
    if membership is None:
        memberships.pop(channel_id, None)
    else:
        memberships[channel_id] = membership
