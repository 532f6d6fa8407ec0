"""What is told in channels, drawn once for all who see it alike, and pushed to those members who are here.

Users are drawn in their ``min`` form, which is nobody's own; only who sent something, or is spoken to in it, has a
drawing of their own. So each further member who is here costs a look into a table.
"""

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from teamgram.bff.channels.here import ChannelsHere
from teamgram.bff.devices_here import DevicesHere
from teamgram.bff.live_updates import LiveUpdates
from teamgram.bff.views.updates import (
    Drawing,
    UpdateViews,
    entries_drawing,
    reacted_drawing,
    split_peers,
    transient_drawing,
)
from teamgram.domain.boxes.events import OF_A_MESSAGE, LogEntry
from teamgram.domain.boxes.message import Message
from teamgram.domain.channels.channel import Membership
from teamgram.domain.channels.channels import Channels
from teamgram.domain.hearing.ears import Ear, ear_of
from teamgram.domain.ids.peer import channel_id_of, is_channel, marked_channel
from teamgram.domain.updates.events import ChannelMoved, MessageReacted, TransientEvent
from teamgram.domain.updates.fanout import Fanout, ToldInChannel
from teamgram.domain.users.users import Users
from teamgram.interfaces.bus import Bus
from teamgram.interfaces.updates import PushedUpdates, Receiver
from teamgram.mtproto.tl import encode


@dataclass(slots=True)
class _Told:
    """What is told in one channel.

    Attributes:
        event: a transient event; else ``entries`` of its log, with the messages that they speak of by id.
        apart: who gets a drawing of their own.
    """

    channel_id: int
    except_perm_auth_key_id: int
    entries: list[LogEntry] = field(default_factory=list)
    messages: dict[int, Message] = field(default_factory=dict)
    event: TransientEvent | None = None
    except_user_id: int = 0
    apart: set[int] = field(default_factory=set)

    def drawing(self, viewer_id: int, views: UpdateViews, unheard: Set[int] = frozenset()) -> Drawing:
        """For one viewer, or (0) for all who are nobody in it.

        Args:
            unheard: ids of messages that the viewer, a bot, does not hear: only that something was.
        """
        event = self.event
        if isinstance(event, MessageReacted) and viewer_id:
            return reacted_drawing(event, viewer_id)
        if event is not None:
            return transient_drawing(event)
        messages = self.messages
        if viewer_id:
            messages = {id_: one.seen_by(viewer_id) for id_, one in messages.items() if id_ not in unheard}
        return entries_drawing(self.entries, messages, views.files, unheard)

    def unheard_by(self, bot: Ear, sender_is_bot: Callable[[int], bool]) -> frozenset[int]:
        """The ids of the messages that a bot does not hear."""
        return frozenset(
            id_
            for id_, one in self.messages.items()
            if one.sender_id != bot.bot_id
            and not bot.hears(
                one.text,
                one.extra,
                mentioned=bot.bot_id in one.mentions,
                by_bot=sender_is_bot(one.sender_id),
            )
        )


def _concerned(event: TransientEvent) -> set[int]:
    """Who is told apart of a transient event."""
    if isinstance(event, MessageReacted):
        return {event.author_id, *(user_id for user_id, _ in event.choices)}
    return set()


class ChannelUpdates:
    """Subscribes itself to the ``Fanout``.

    Args:
        live: pushes what is one member's alone.
        bus: to session.

    Attributes:
        here: which members of a channel are here.
    """

    _log = Logger()

    def __init__(
        self,
        views: UpdateViews,
        channels: Channels,
        users: Users,
        devices: DevicesHere,
        live: LiveUpdates,
        fanout: Fanout,
        bus: Bus,
        clock: IReactorTime,
    ) -> None:
        self._views = views
        self._channels = channels
        self._users = users
        self._devices = devices
        self._live = live
        self._bus = bus
        self._clock = clock
        self.here = ChannelsHere(channels.memberships, devices, bus, self._is_bot, self._missed)
        # What waits for something to be read, by channel: it leaves in the order in which it happened.
        self._waiting: dict[int, deque[_Told]] = {}
        self._settled: list[Deferred[None]] = []
        fanout.subscribe(self)
        fanout.bus.listen(ToldInChannel, self._told_in_channel)

    async def settled(self) -> None:
        """Wait until everything that was told has been pushed."""
        await self.here.settled()
        while self._waiting:
            waiter: Deferred[None] = Deferred()
            self._settled.append(waiter)
            await waiter

    async def _is_bot(self, user_id: int) -> bool:
        return (await self._users.require(user_id)).is_bot

    def _missed(self, user_id: int, channel_id: int) -> None:
        self._live.transient((user_id,), ChannelMoved(channel_id), 0)

    # --- FanoutSubscriber ---

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        """``LiveUpdates`` tells users."""

    def logged(
        self,
        entries: Sequence[LogEntry],
        messages: Mapping[tuple[int, int], Message],
        except_perm_auth_key_id: int,
    ) -> None:
        """Push the log entries of channels."""
        by_channel: dict[int, _Told] = {}
        for entry in entries:
            owner_id = entry.owner_id
            if not is_channel(owner_id):
                continue
            told = by_channel.get(owner_id)
            if told is None:
                told = by_channel[owner_id] = _Told(channel_id_of(owner_id), except_perm_auth_key_id)
            told.entries.append(entry)
            event = entry.event
            if isinstance(event, OF_A_MESSAGE):
                message = messages.get((owner_id, event.id))
                if message is not None:
                    told.messages[event.id] = message
                    told.apart.update((message.sender_id, *message.mentions, *message.reactors))
        for told in by_channel.values():
            self._tell(told)

    def _told_in_channel(self, told: ToldInChannel) -> None:
        self._tell(
            _Told(
                told.channel_id,
                told.except_perm_auth_key_id,
                event=told.event,
                except_user_id=told.except_user_id,
                apart=_concerned(told.event),
            )
        )

    def _tell(self, told: _Told) -> None:
        self.here.told(told.channel_id)
        waiting = self._waiting.get(told.channel_id)
        if waiting is not None:
            waiting.append(told)
        elif self.here.members(told.channel_id) and not self._is_pushed(told):
            self._waiting[told.channel_id] = deque((told,))
            Deferred.fromCoroutine(self._drain(told.channel_id))

    async def _drain(self, channel_id: int) -> None:
        waiting = self._waiting[channel_id]
        try:
            while waiting:
                told = waiting[0]
                try:
                    await self._load(told)
                    if not self._is_pushed(told):
                        # Somebody whom they name is forgotten again, or gone.
                        self._log.error(
                            "updates of channel {channel_id} could not be pushed: nothing known of some whom they name",
                            channel_id=channel_id,
                        )
                except CancelledError:
                    raise
                except Exception:
                    self._failed(channel_id)
                waiting.popleft()
        finally:
            del self._waiting[channel_id]
            if not self._waiting:
                settled, self._settled = self._settled, []
                for waiter in settled:
                    waiter.callback(None)

    async def _load(self, told: _Told) -> None:
        """Have everybody in memory whom it names, and those who get a drawing of their own."""
        user_ids, group_ids = split_peers(told.drawing(0, self._views).peers)
        await self._views.load_alike(user_ids)
        await self._channels.get([told.channel_id, *(channel_id_of(one) for one in group_ids if is_channel(one))])
        bots = self.here.bots(told.channel_id)
        if bots:
            await self._users.get({*bots, *(one.sender_id for one in told.messages.values())})
        for user_id in (told.apart & self.here.members(told.channel_id).keys()) | bots:
            await self._views.peers(user_id, {*user_ids, *group_ids})

    def _failed(self, channel_id: int) -> None:
        # It is in the log; clients fetch it when they see the gap.
        self._log.failure("updates of channel {channel_id} could not be pushed", channel_id=channel_id)

    def _is_pushed(self, told: _Told) -> bool:
        """Draw and push; False: something must be read first, and nothing has been pushed."""
        try:
            return self._push(told)
        except Exception:
            self._failed(told.channel_id)
            return True

    def _unheard(self, told: _Told) -> dict[int, frozenset[int]] | None:
        """By bot that is here, what it does not hear of this; None: somebody must be read first."""
        bots = self.here.bots(told.channel_id) if told.messages else frozenset()
        found: dict[int, frozenset[int]] = {}
        if not bots:
            return found
        senders = {one.sender_id: self._users.cached(one.sender_id) for one in told.messages.values()}
        members = self.here.members(told.channel_id)
        for bot_id in bots:
            bot = self._users.cached(bot_id)
            if bot is None or None in senders.values():
                return None
            ear = ear_of(bot, members[bot_id])
            unheard = told.unheard_by(ear, lambda sender_id: bool((one := senders[sender_id]) and one.is_bot))
            if unheard:
                found[bot_id] = unheard
        return found

    def _push(self, told: _Told) -> bool:
        takes_updates, except_key = self._devices.take_updates, told.except_perm_auth_key_id
        here = self.here.members(told.channel_id)
        receivers = [
            user_id for user_id in here if user_id != told.except_user_id and takes_updates(user_id, except_key)
        ]
        if not receivers:
            return True
        channel, unheard = self._channels.cached(told.channel_id), self._unheard(told)
        if channel is None or unheard is None:
            return False
        drawing = told.drawing(0, self._views)
        marked = marked_channel(told.channel_id)
        user_ids, group_ids = split_peers(drawing.peers)
        users = self._views.minimal(user_ids)
        if users is None:
            return False
        others = [group_id for group_id in group_ids if group_id != marked]
        alike: dict[Hashable, list[Receiver]] = {}
        alone: list[tuple[int, bytes]] = []
        seen_as: dict[Membership, Hashable] = {}
        groups = self._views.groups
        for user_id in receivers:
            if user_id in told.apart or user_id in unheard:
                drawn = told.drawing(user_id, self._views, unheard.get(user_id, frozenset()))
                own = self._views.at_once(user_id, drawn, *split_peers(drawn.peers))
                if own is None:
                    return False
                alone.append((user_id, encode(own)))
                continue
            membership = here[user_id]
            seen = seen_as.get(membership)
            if seen is None:
                seen = seen_as[membership] = groups.channels.as_membership(channel, membership)
            key: Hashable = seen
            if others:
                seen_others = groups.seen(user_id, others)
                if seen_others is None:
                    return False
                key = seen, seen_others
            alike.setdefault(key, []).append(Receiver(user_id))
        pushed: list[PushedUpdates] = []
        for some in alike.values():
            chats = groups.cached(some[0].user_id, group_ids)
            if chats is None:
                return False
            body = encode(self._views.updates(drawing, users, chats))
            pushed.append(PushedUpdates(body, tuple(some), (), except_key))
        pushed += [PushedUpdates(body, (Receiver(user_id),), (), except_key) for user_id, body in alone]
        for one in pushed:
            self._bus.publish(one)
        return True
