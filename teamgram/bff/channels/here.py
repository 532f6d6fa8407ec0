"""Which members of a channel have a device that is here: whom a post is pushed to, found without asking the database.

Somebody who comes has what they are in channels read once; from then on whoever joins and leaves is told on the bus.
"""

from collections.abc import Awaitable, Callable, Mapping, Set
from types import MappingProxyType

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.bff.devices_here import DevicesHere
from teamgram.domain.channels.channel import Membership
from teamgram.domain.channels.memberships import Memberships, MembershipsChanged
from teamgram.interfaces.bus import Bus

_NOBODY: Mapping[int, Membership] = MappingProxyType({})


class ChannelsHere:
    """By channel, the members that are here, and what they are there.

    Args:
        is_bot: whether a user is one.
        missed: called with a user and a channel of theirs in which something was told before it was known that they
            are in it.
    """

    _log = Logger()

    def __init__(
        self,
        memberships: Memberships,
        devices: DevicesHere,
        bus: Bus,
        is_bot: Callable[[int], Awaitable[bool]],
        missed: Callable[[int, int], object],
    ) -> None:
        self._memberships = memberships
        self._is_bot = is_bot
        self._devices = devices
        self._missed = missed
        self._here: dict[int, dict[int, Membership]] = {}
        self._channels_of: dict[int, set[int]] = {}
        self._bots: set[int] = set()
        # Channels in which something is told while a newcomer's are being read.
        self._reading: dict[int, set[int]] = {}
        self._settled: list[Deferred[None]] = []
        bus.listen(MembershipsChanged, self._changed)
        memberships.when_forgotten(self._read_again)
        devices.watch(self._came_or_went)

    def __len__(self) -> int:
        return len(self._channels_of)

    def members(self, channel_id: int) -> Mapping[int, Membership]:
        """Those members of a channel who are here, and what they are there. It changes by and by: do not keep it."""
        return self._here.get(channel_id, _NOBODY)

    def bots(self, channel_id: int) -> Set[int]:
        """The bots among them."""
        return self.members(channel_id).keys() & self._bots if self._bots else frozenset()

    async def settled(self) -> None:
        """Wait until it is known of everybody who is here."""
        if self._reading:
            waiter: Deferred[None] = Deferred()
            self._settled.append(waiter)
            await waiter

    def told(self, channel_id: int) -> None:
        """Something is told in the channel now."""
        for channels in self._reading.values():
            channels.add(channel_id)

    def _came_or_went(self, user_id: int, is_here: bool) -> None:
        if not is_here:
            self._bots.discard(user_id)
            for channel_id in self._channels_of.pop(user_id, ()):
                self._take_out(user_id, channel_id)
        elif user_id not in self._reading:
            self._reading[user_id] = set()
            Deferred.fromCoroutine(self._read(user_id)).addErrback(self._failed, user_id).addCallback(self._was_read)

    async def _read(self, user_id: int) -> None:
        try:
            is_bot = await self._is_bot(user_id)
            memberships = await self._memberships.of(user_id)
        finally:
            told = self._reading.pop(user_id)
        if not self._devices.is_here(user_id):
            return
        channels = self._channels_of[user_id] = set()
        if is_bot:
            self._bots.add(user_id)
        for channel_id, membership in memberships.items():
            if membership.is_present:
                channels.add(channel_id)
                self._here.setdefault(channel_id, {})[user_id] = membership
        for channel_id in told & channels:
            self._missed(user_id, channel_id)

    def _was_read(self, _: None) -> None:
        if not self._reading:
            settled, self._settled = self._settled, []
            for waiter in settled:
                waiter.callback(None)

    def _read_again(self) -> None:
        for user_id in list(self._channels_of):
            for channel_id in self._channels_of.pop(user_id):
                self._take_out(user_id, channel_id)
            self._came_or_went(user_id, True)

    def _failed(self, failure: Failure, user_id: int) -> None:
        # They hear nothing of channels by themselves until they come again.
        self._log.failure("the channels of user {user_id} could not be read", failure=failure, user_id=user_id)

    def _changed(self, changed: MembershipsChanged) -> None:
        channel_id = changed.channel_id
        for user_id, membership in changed.memberships:
            channels = self._channels_of.get(user_id)
            if channels is None:
                continue
            if membership is not None and membership.is_present:
                channels.add(channel_id)
                self._here.setdefault(channel_id, {})[user_id] = membership
            elif channel_id in channels:
                channels.discard(channel_id)
                self._take_out(user_id, channel_id)

    def _take_out(self, user_id: int, channel_id: int) -> None:
        here = self._here.get(channel_id)
        if here is not None:
            here.pop(user_id, None)
            if not here:
                del self._here[channel_id]
