"""Channels and supergroups: read through a cache in memory, changed in one transaction each.

Nothing here is written for each member: what all of them see is a post in the channel's own box.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from teamgram.cache.loaded import LoadedRows
from teamgram.database import Database, Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import BoxChanges, Outgoing, OwnChange
from teamgram.domain.boxes.log import FIRST_PTS
from teamgram.domain.boxes.marks import MENTION_UNREAD, REACTION_UNREAD
from teamgram.domain.boxes.message import Action, Extra, Tag
from teamgram.domain.boxes.store import new_dialog_row
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.admin_log import AboutChanged, TitleChanged, log_txn
from teamgram.domain.channels.channel import (
    ALL_RIGHTS,
    MAX_CHANNELS,
    Channel,
    Flag,
    Kind,
    Member,
    Membership,
    Seat,
)
from teamgram.domain.channels.errors import ChannelNotFound, ChannelsTooMany
from teamgram.domain.channels.general_topic import add_general_txn, note_general_txn
from teamgram.domain.channels.join_requests import end_in_channel_txn
from teamgram.domain.channels.memberships import Memberships
from teamgram.domain.channels.voice import in_name_of, is_anonymous
from teamgram.domain.chats.chat import Role
from teamgram.domain.chats.chats import MAX_ABOUT, Actor, checked_title
from teamgram.domain.chats.errors import (
    ChatAboutNotModified,
    ChatAboutTooLong,
    ChatFoundingForbidden,
    ChatNotModified,
    UsersTooMany,
)
from teamgram.domain.chats.limits import EVERYTHING, ChatLimits
from teamgram.domain.updates.events import ChannelChanged, ChannelHistoryHidden, ChannelUserTyping
from teamgram.domain.updates.fanout import Fanout


@dataclass(frozen=True, slots=True)
class NewChannel:
    """What a channel is founded with."""

    kind: Kind
    title: str
    about: str = ""
    flags: int = 0
    ttl_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted of a channel, and where its box stands."""

    admins: int
    restricted: int
    put_out: int
    pinned_message_id: int
    pts: int


class Channels:
    """Every channel and supergroup of this server.

    Attributes:
        memberships: what people are in them.
    """

    def __init__(
        self, database: Database, fanout: Fanout, *, max_cached: int = 10_000, limits: ChatLimits = EVERYTHING
    ) -> None:
        self._database = database
        self._limits = limits
        self._fanout = fanout
        self.memberships = Memberships(database, fanout.bus)
        self._rows: LoadedRows[int, Channel] = LoadedRows.shared("channels", fanout.bus, max_cached)

    # --- looking ---

    def cached(self, channel_id: int) -> Channel | None:
        """The channel when it is in memory; None says nothing about the database."""
        return self._rows.get(channel_id)

    async def get(self, channel_ids: Iterable[int]) -> dict[int, Channel]:
        """Those of the channels that exist, by id."""
        found: dict[int, Channel] = {}
        missing: set[int] = set()
        for channel_id in channel_ids:
            channel = self._rows.get(channel_id)
            if channel is None:
                missing.add(channel_id)
            else:
                found[channel_id] = channel
        if missing:
            ticket = self._rows.start_load()
            try:
                loaded = await self._database.read("channels by id", store.channels_txn, tuple(missing))
                self._rows.finish_load(ticket, loaded)
            finally:
                self._rows.abandon_load(ticket)
            found.update(loaded)
        return found

    async def listed(self, limit: int) -> list[Channel]:
        """The newest channels of this server, for its operator."""
        return await self._database.read("newest channels", store.listed_txn, limit)

    def cached_seat(self, user_id: int, channel_id: int, now: int) -> Seat | None:
        """``seat`` when all of it is in memory."""
        channel = self._rows.get(channel_id)
        memberships = self.memberships.cached(user_id) if channel is not None else None
        if channel is None or memberships is None:
            return None
        return Seat.at(channel, user_id, memberships.get(channel_id), now, memberships.get(channel.linked_id))

    async def seat(self, user_id: int, channel_id: int, now: int) -> Seat:
        """A channel, and what the user is there.

        Raises:
            ChannelNotFound.
        """
        channel = (await self.get([channel_id])).get(channel_id)
        if channel is None:
            raise ChannelNotFound(str(channel_id))
        memberships = await self.memberships.of(user_id)
        return Seat.at(channel, user_id, memberships.get(channel_id), now, memberships.get(channel.linked_id))

    async def members(self, channel_id: int, user_ids: Iterable[int]) -> dict[int, Member]:
        """The rows of these users in a channel, by id; who was never there has none."""
        return await self._database.read("channel members by id", store.members_txn, channel_id, tuple(user_ids))

    async def counts(self, seat: Seat) -> Counts:
        """What its administrators are told in numbers."""
        return await self._database.read("channel counts", _counts_txn, seat)

    def say_typing(self, seat: Seat, action: str, progress: int, topic_id: int = 0) -> None:
        """Tell the members who are here what one of them is doing there; in a channel nobody is told.

        Raises:
            ChannelPrivate, ChatAdminRequired, UserBannedInChannel, ChatWriteForbidden.
        """
        rights.check_speaks(seat)
        channel_id, user_id = seat.channel.id, seat.user_id
        if not seat.channel.is_broadcast and not is_anonymous(seat):
            event = ChannelUserTyping(channel_id, user_id, action, progress, topic_id=topic_id)
            self._fanout.publish_in_channel(channel_id, event, 0, user_id)

    # --- making ---

    async def create(self, actor: Actor, new: NewChannel) -> tuple[int, OwnChange]:
        """Found a channel that is the actor's; its id and its first message.

        Raises:
            ChatTitleEmpty, ChatAboutTooLong, ChannelsTooMany.
            ChatFoundingForbidden: the operator lets nobody.
        """
        return await self._database.write("create channel", self._create_txn, actor, new)

    def _create_txn(self, txn: Transaction, actor: Actor, new: NewChannel) -> tuple[int, OwnChange]:
        channel = Channel(
            0,
            secrets.randbits(63),
            new.kind,
            new.flags,
            checked_title(new.title),
            checked_about(new.about),
            "",
            actor.user_id,
            actor.now,
            ttl_seconds=new.ttl_seconds,
        )
        if not self._limits.channels:
            raise ChatFoundingForbidden
        owned = store.count_owned_txn(txn, actor.user_id)
        if owned >= self._limits.channels_of_one or store.count_of_txn(txn, actor.user_id) >= MAX_CHANNELS:
            raise ChannelsTooMany(str(actor.user_id))
        channel = self.found_txn(txn, actor, channel)
        if channel.has(Flag.FORUM):
            add_general_txn(txn, channel.id, actor)
        # Web A shows no channel of which it has heard a message only; the founder's other devices may have it.
        event = ChannelChanged(channel.id)
        txn.call_after(self._fanout.publish, (actor.user_id,), event, actor.perm_auth_key_id)
        told = self.tell_txn(txn, actor, channel, Action("channelCreate", channel.title))
        # Or an app draws "unread messages" over its founder's first post.
        txn.execute(
            "UPDATE dialogs SET read_inbox_max_id = ? WHERE owner_id = ? AND peer = ?",
            (max(told.messages), actor.user_id, channel.marked),
        )
        return channel.id, told

    def found_txn(self, txn: Transaction, actor: Actor, channel: Channel) -> Channel:
        """Write a new channel down with its owner in it; as it is then."""
        channel_id = store.insert_channel_txn(txn, channel)
        owner = Member(
            actor.user_id,
            Membership(role=Role.CREATOR, admin_rights=int(ALL_RIGHTS)),
            actor.user_id,
            actor.now,
            changed_at=actor.now,
        )
        channel = store.channel_txn(txn, channel_id)
        self.put_in_txn(txn, channel, owner)
        return channel

    def put_in_txn(self, txn: Transaction, channel: Channel, member: Member) -> None:
        """Write somebody down who is in the channel now; what was posted before they have read, or never see.

        Raises:
            UsersTooMany: the operator lets no more in.
        """
        most = self._limits.channel_members
        if most and channel.members >= most:
            raise UsersTooMany(str(channel.id))
        txn.execute(
            "SELECT top_message_id FROM dialogs WHERE owner_id = ? AND peer = ?", (channel.marked, channel.marked)
        )
        row = txn.fetchone()
        top = int(row[0]) if row else 0
        if channel.has(Flag.HIDDEN_PREHISTORY) and not channel.is_public:
            member = replace(member, membership=msgspec.structs.replace(member.membership, hidden_up_to=top))
        store.put_member_txn(txn, channel.id, member)
        store.count_members_txn(txn, channel.id, 1)
        # By whatever way they came.
        end_in_channel_txn(txn, self._fanout, channel.id, member.user_id)
        dialog = new_dialog_row(member.user_id, channel.marked)
        txn.insert_ignore("dialogs", dialog | {"read_inbox_max_id": top})
        self.memberships.tell_after(txn, channel.id, {member.user_id: member.membership})
        self.changed_after(txn, channel.id)

    def take_out_txn(self, txn: Transaction, channel: Channel, member: Member) -> None:
        """Write down what somebody is who was in the channel, and is not any more; what they had of it goes."""
        store.put_member_txn(txn, channel.id, member)
        store.count_members_txn(txn, channel.id, -1)
        txn.execute("DELETE FROM dialogs WHERE owner_id = ? AND peer = ?", (member.user_id, channel.marked))
        self._forget_news_txn(txn, member.user_id, channel.marked)
        self.memberships.tell_after(txn, channel.id, {member.user_id: member.membership})
        self.changed_after(txn, channel.id)

    def _forget_news_txn(self, txn: Transaction, user_id: int, marked: int, max_id: int = 1 << 31) -> None:
        """Nothing up to there waits for the user any more. That it spoke to them stays so: they may come back."""
        txn.execute(
            "DELETE FROM message_marks WHERE owner_id = ? AND peer = ? AND kind IN (?, ?) AND id <= ?",
            (user_id, marked, MENTION_UNREAD, REACTION_UNREAD, max_id),
        )

    # --- changing ---

    async def edit_title(self, actor: Actor, channel_id: int, title: str) -> OwnChange:
        """Rename a channel.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ChatTitleEmpty, ChatNotModified.
        """
        return await self._database.write("edit channel title", self._title_txn, actor, channel_id, title)

    def _title_txn(self, txn: Transaction, actor: Actor, channel_id: int, title: str) -> OwnChange:
        title = checked_title(title)
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_changes_info(seat)
        if seat.channel.title == title:
            raise ChatNotModified(str(channel_id))
        store.update_channel_txn(txn, channel_id, title=title)
        self.changed_after(txn, channel_id)
        log_txn(txn, actor, channel_id, TitleChanged(seat.channel.title, title))
        return self.tell_txn(txn, actor, seat.channel, Action("chatEditTitle", title))

    async def edit_about(self, actor: Actor, channel_id: int, about: str) -> None:
        """Describe a channel.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ChatAboutTooLong, ChatAboutNotModified.
        """
        await self._database.write("edit channel about", self._about_txn, actor, channel_id, about)

    def _about_txn(self, txn: Transaction, actor: Actor, channel_id: int, about: str) -> None:
        about = checked_about(about)
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_changes_info(seat)
        if seat.channel.about == about:
            raise ChatAboutNotModified(str(channel_id))
        store.update_channel_txn(txn, channel_id, about=about)
        log_txn(txn, actor, channel_id, AboutChanged(seat.channel.about, about))
        self.changed_after(txn, channel_id, tell=True, except_perm_auth_key_id=actor.perm_auth_key_id)

    async def hide_history(self, actor: Actor, channel_id: int, max_id: int) -> int:
        """Take what was posted up to ``max_id`` (0: all of it) out of the actor's sight; up to where that is.

        Raises:
            ChannelNotFound, ChannelPrivate, UserNotParticipant.
        """
        return await self._database.write("hide channel history", self._hide_txn, actor, channel_id, max_id)

    def _hide_txn(self, txn: Transaction, actor: Actor, channel_id: int, max_id: int) -> int:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        membership = rights.check_present(seat)
        user_id, marked = actor.user_id, seat.channel.marked
        txn.execute("SELECT top_message_id FROM dialogs WHERE owner_id = ? AND peer = ?", (marked, marked))
        row = txn.fetchone()
        top = int(row[0]) if row else 0
        max_id = min(max_id, top) if max_id > 0 else top
        if max_id <= membership.hidden_up_to:
            return membership.hidden_up_to
        membership = msgspec.structs.replace(membership, hidden_up_to=max_id)
        member = store.members_txn(txn, channel_id, [user_id])[user_id]
        store.put_member_txn(txn, channel_id, replace(member, membership=membership))
        self._forget_news_txn(txn, user_id, marked, max_id)
        txn.execute(
            "UPDATE dialogs SET read_inbox_max_id = CASE WHEN read_inbox_max_id < ? THEN ? ELSE read_inbox_max_id END,"
            " unread_mentions = (SELECT COUNT(*) FROM message_marks k WHERE k.owner_id = dialogs.owner_id"
            " AND k.peer = dialogs.peer AND k.kind = ?) WHERE owner_id = ? AND peer = ?",
            (max_id, max_id, MENTION_UNREAD, user_id, marked),
        )
        self.memberships.tell_after(txn, channel_id, {user_id: membership})
        event = ChannelHistoryHidden(channel_id, max_id)
        txn.call_after(self._fanout.publish, (user_id,), event, actor.perm_auth_key_id)
        return max_id

    def tell_txn(self, txn: Transaction, actor: Actor, channel: Channel, action: Action) -> OwnChange:
        """A service message in the channel; the actor's side of it."""
        changes = BoxChanges(txn, actor.now)
        changes.lock((channel.marked,))
        tags = Tag.SERVICE | Tag.CHAT_PHOTO if action.photo is not None else Tag.SERVICE
        seat = Seat(channel, actor.user_id, store.membership_txn(txn, channel.id, actor.user_id))
        extra = in_name_of(seat, Extra(action=action))
        (copies,) = changes.post(actor.user_id, Audience.channel(channel.marked), [Outgoing("", extra, int(tags))])
        if channel.has(Flag.FORUM):
            note_general_txn(txn, channel.id, copies[channel.marked].id)
        changes.save(self._fanout.deliver, actor.perm_auth_key_id)
        return changes.own(channel.marked, actor.user_id)

    def changed_after(
        self, txn: Transaction, channel_id: int, *, tell: bool = False, except_perm_auth_key_id: int = 0
    ) -> None:
        """After the commit nobody remembers the channel as it was.

        Args:
            tell: members who are there hear that something about it has changed.
        """
        txn.call_after(self._rows.invalidate, channel_id)
        if tell:
            event = ChannelChanged(channel_id)
            txn.call_after(self._fanout.publish_in_channel, channel_id, event, except_perm_auth_key_id)


def _counts_txn(txn: Transaction, seat: Seat) -> Counts:
    channel_id, marked = seat.channel.id, seat.channel.marked
    admins = restricted = put_out = 0
    # These lists are short; who is none of them does not count.
    if seat.is_admin:
        admins = store.count_listed_txn(txn, channel_id, admins=True)
        restricted = store.count_listed_txn(txn, channel_id, listed=store.RESTRICTED)
        put_out = store.count_listed_txn(txn, channel_id, listed=store.PUT_OUT)
    txn.execute(
        "SELECT b.pts, COALESCE(d.pinned_message_id, 0) FROM message_boxes b LEFT JOIN dialogs d"
        " ON d.owner_id = b.owner_id AND d.peer = b.owner_id WHERE b.owner_id = ?",
        (marked,),
    )
    row = txn.fetchone()
    pts, pinned = (row[0], row[1]) if row else (FIRST_PTS, 0)
    return Counts(admins, restricted, put_out, pinned if pinned > seat.hidden_up_to else 0, pts)


def checked_about(about: str) -> str:
    """A description.

    Raises:
        ChatAboutTooLong.
    """
    about = about.strip()
    if len(about) > MAX_ABOUT:
        raise ChatAboutTooLong(str(len(about)))
    return about
