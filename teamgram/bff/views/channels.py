"""Channels and supergroups as a given viewer sees them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from twisted.internet.interfaces import IReactorTime

from teamgram.bff.views.chats import ChatViews, banned_rights_view
from teamgram.bff.views.media import chat_photo_view
from teamgram.domain.channels.channel import ALL_RIGHTS, FOREVER, AdminRight, Channel, Flag, Membership, Seat
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.rights import reads
from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.ids.peer import CHANNEL_MARK, channel_id_of, chat_id_of, is_channel, is_chat
from teamgram.mtproto.tl import tl

# chatAdminRights has a flag for each bit, named like it.
_RIGHTS = tuple((right.name.lower(), int(right)) for right in AdminRight if right.name)
# Channels whose views are kept.
_MOST_VIEWS = 2_000


class SeenChannel(NamedTuple):
    """What of a ``channel`` is not the same for everybody: two viewers for whom this is equal see the same."""

    creator: bool = False
    left: bool = False
    admin_rights: int = 0
    banned_rights: int = 0
    banned_until: int = 0
    is_forbidden: bool = False


_FORBIDDEN = SeenChannel(left=True, is_forbidden=True)
_MEMBER = SeenChannel()
_VISITOR = SeenChannel(left=True)


def how_seen(seat: Seat) -> SeenChannel:
    """What the viewer sees of the channel in their own way."""
    membership = seat.membership
    if not reads(seat):
        is_out = membership is not None and membership.standing is Standing.REMOVED
        return (
            _FORBIDDEN._replace(banned_until=membership.banned_until)
            if is_out and membership is not None
            else _FORBIDDEN
        )
    if membership is None:
        return _VISITOR
    if membership.role is Role.MEMBER and not membership.banned_rights:
        return _MEMBER if membership.is_present else _VISITOR
    creator = membership.role is Role.CREATOR
    admin_rights = 0
    if membership.is_present and membership.role is not Role.MEMBER:
        admin_rights = membership.admin_rights or int(ALL_RIGHTS if creator else 0)
    return SeenChannel(
        creator, not membership.is_present, admin_rights, membership.banned_rights, membership.banned_until
    )


def channel_view(channel: Channel, seen: SeenChannel, dc_id: int) -> Any:
    """``channel``, or ``channelForbidden`` for whom it is not shown to.

    Args:
        dc_id: where clients get its photo.
    """
    broadcast = channel.is_broadcast
    if seen.is_forbidden:
        return tl.channelForbidden(
            id=channel.id,
            access_hash=channel.access_hash,
            title=channel.title,
            broadcast=broadcast,
            megagroup=not broadcast,
            until_date=seen.banned_until or None,
        )
    flags = channel.flags
    return tl.channel(
        id=channel.id,
        access_hash=channel.access_hash,
        title=channel.title,
        username=channel.username or None,
        photo=chat_photo_view(channel.photo, dc_id),
        date=channel.created_at,
        creator=seen.creator,
        left=seen.left,
        broadcast=broadcast,
        megagroup=not broadcast,
        signatures=bool(flags & Flag.SIGNATURES),
        signature_profiles=bool(flags & Flag.SIGNATURE_PROFILES),
        has_link=channel.linked_id != 0,
        slowmode_enabled=channel.slowmode_seconds > 0,
        gigagroup=bool(flags & Flag.GIGAGROUP),
        noforwards=bool(flags & Flag.NOFORWARDS),
        join_to_send=bool(flags & Flag.JOIN_TO_SEND),
        join_request=bool(flags & Flag.JOIN_REQUEST),
        forum=bool(flags & Flag.FORUM),
        forum_tabs=bool(flags & Flag.FORUM_TABS),
        autotranslation=bool(flags & Flag.AUTOTRANSLATION),
        admin_rights=admin_rights_view(seen.admin_rights) if seen.admin_rights or seen.creator else None,
        banned_rights=banned_rights_view(seen.banned_rights, seen.banned_until or FOREVER)
        if seen.banned_rights
        else None,
        default_banned_rights=None if broadcast else banned_rights_view(channel.default_banned_rights),
        participants_count=channel.members,
    )


def admin_rights_view(rights: int) -> Any:
    """``chatAdminRights`` from ``AdminRight`` bits."""
    return tl.chatAdminRights(**{name: bool(rights & bit) for name, bit in _RIGHTS})


def admin_rights_from(view: Any) -> int:
    """``AdminRight`` bits from ``chatAdminRights``."""
    return sum(bit for name, bit in _RIGHTS if getattr(view, name, False))


class ChannelViews:
    """Renders channels; ``cached`` never waits, ``render`` always answers."""

    def __init__(self, channels: Channels, dc_id: int, clock: IReactorTime) -> None:
        self._channels = channels
        self._dc_id = dc_id
        self._clock = clock
        # What was drawn of the channel as it is remembered, which is replaced as a whole when it changes.
        self._views: dict[int, tuple[Channel, dict[SeenChannel, Any]]] = {}

    def seen(self, viewer_id: int, channel_id: int) -> SeenChannel | None:
        """What is the viewer's own in what ``cached`` would give, or None with it."""
        seat = self._channels.cached_seat(viewer_id, channel_id, int(self._clock.seconds()))
        return None if seat is None else how_seen(seat)

    def cached(self, viewer_id: int, channel_id: int) -> Any | None:
        """``Chat`` for the viewer, or None: ask ``render``."""
        seat = self._channels.cached_seat(viewer_id, channel_id, int(self._clock.seconds()))
        return None if seat is None else self.view(seat.channel, how_seen(seat))

    def as_membership(self, channel: Channel, membership: Membership | None) -> SeenChannel:
        """How somebody sees it who is that there."""
        return how_seen(Seat.at(channel, 0, membership, int(self._clock.seconds())))

    def view(self, channel: Channel, seen: SeenChannel) -> Any:
        """The channel for all who see it so, drawn once. The objects are shared."""
        known = self._views.get(channel.id)
        if known is None or known[0] is not channel:
            if len(self._views) >= _MOST_VIEWS:
                self._views.clear()
            known = self._views[channel.id] = channel, {}
        view = known[1].get(seen)
        if view is None:
            view = known[1][seen] = channel_view(channel, seen, self._dc_id)
        return view

    async def previews(self, viewer_id: int, channel_ids: Iterable[int]) -> list[Any]:
        """As ``render``, but who may not look into one sees what is shown to who may come in."""
        channels = await self._channels.get(channel_ids)
        memberships: Mapping[int, Membership] = await self._channels.memberships.of(viewer_id) if channels else {}
        views = []
        for channel_id, channel in channels.items():
            seen = self.as_membership(channel, memberships.get(channel_id))
            views.append(self.view(channel, _VISITOR if seen.is_forbidden else seen))
        return views

    async def render(self, viewer_id: int, channel_ids: Iterable[int]) -> dict[int, Any]:
        """``Chat`` objects for the viewer by id; ids that no channel has are left out."""
        channels = await self._channels.get(channel_ids)
        memberships: Mapping[int, Membership] = await self._channels.memberships.of(viewer_id) if channels else {}
        now = int(self._clock.seconds())
        return {
            channel_id: self.view(
                channel,
                how_seen(
                    Seat.at(channel, viewer_id, memberships.get(channel_id), now, memberships.get(channel.linked_id))
                ),
            )
            for channel_id, channel in channels.items()
        }


class GroupViews:
    """``Chat`` objects of any kind, by marked id."""

    def __init__(self, chats: ChatViews, channels: ChannelViews) -> None:
        self.chats = chats
        self.channels = channels

    def cached(self, viewer_id: int, marked_ids: Iterable[int]) -> list[Any] | None:
        """For the viewer, in the given order, or None: ask ``render``."""
        views = []
        for marked in marked_ids:
            if marked < -CHANNEL_MARK:
                view = self.channels.cached(viewer_id, channel_id_of(marked))
            else:
                view = self.chats.cached(viewer_id, chat_id_of(marked))
            if view is None:
                return None
            views.append(view)
        return views

    def seen(self, viewer_id: int, marked_ids: Iterable[int]) -> tuple[object, ...] | None:
        """What is the viewer's own in what ``cached`` would give, or None with it."""
        seen: list[object] = []
        for marked in marked_ids:
            if marked < -CHANNEL_MARK:
                one: object = self.channels.seen(viewer_id, channel_id_of(marked))
                if one is None:
                    return None
            else:
                is_here, one = self.chats.seen(viewer_id, chat_id_of(marked))
                if not is_here:
                    return None
            seen.append(one)
        return tuple(seen)

    async def previews(self, viewer_id: int, marked_ids: Sequence[int]) -> list[Any]:
        """Of those that the viewer may come into."""
        chat_ids = [chat_id_of(marked) for marked in marked_ids if is_chat(marked)]
        channel_ids = [channel_id_of(marked) for marked in marked_ids if is_channel(marked)]
        return await self.chats.previews(viewer_id, chat_ids) + await self.channels.previews(viewer_id, channel_ids)

    async def render(self, viewer_id: int, marked_ids: Iterable[int]) -> list[Any]:
        """For the viewer, in the given order, each once; ids that nothing has are left out."""
        ids = list(dict.fromkeys(marked_ids))
        views = await self.chats.render(viewer_id, [chat_id_of(marked) for marked in ids if not is_channel(marked)])
        found = {-view.id: view for view in views}
        wanted = [channel_id_of(marked) for marked in ids if is_channel(marked)]
        if wanted:
            rendered = await self.channels.render(viewer_id, wanted)
            found.update((-CHANNEL_MARK - channel_id, view) for channel_id, view in rendered.items())
        return [found[marked] for marked in ids if marked in found]
