"""Administrators, restrictions and bans of a channel: one transaction each, told to whom they are about."""

from dataclasses import replace

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.message import Action
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.admin_log import AdminToggled, BanToggled, MemberRow, RightsChanged, log_txn
from teamgram.domain.channels.channel import (
    ALL_RIGHTS,
    FOREVER,
    NOBODY,
    AdminRight,
    Channel,
    Flag,
    Member,
    Membership,
)
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.errors import AdminsTooMany, BansInvalid, RankHasEmoji, RankInvalid
from teamgram.domain.channels.join_requests import end_in_channel_txn
from teamgram.domain.channels.member_news import note_in_channel_txn
from teamgram.domain.chats.chat import Banned, Role, Standing
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import ChatNotModified, UserNotParticipant
from teamgram.domain.chats.invite import revoke_links_txn
from teamgram.domain.chats.inviting import check_brings_txn
from teamgram.domain.updates.events import ChannelChanged, ChannelDefaultBannedChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.store import users_by_id_txn
from teamgram.domain.users.user import UserNotFound

MAX_ADMINS = 50
"""Administrators of one channel (core.telegram.org/method/channels.editAdmin, ADMINS_TOO_MUCH; TDLib says 50)."""

MAX_RANK = 16
"""Characters of an administrator's title (core.telegram.org/api/rights)."""

SHORTEST_BAN, LONGEST_BAN = 30, 366 * 86_400
"""Seconds: what ends sooner or later has no end (core.telegram.org/constructor/chatBannedRights)."""

_OF_CHANNELS = ~(AdminRight.PIN_MESSAGES | AdminRight.ANONYMOUS | AdminRight.MANAGE_TOPICS)
_OF_GROUPS = ~(AdminRight.POST_MESSAGES | AdminRight.EDIT_MESSAGES | AdminRight.MANAGE_DIRECT_MESSAGES)


class ChannelAdministration:
    """Who is more than a member of a channel, and who is less."""

    def __init__(self, database: Database, fanout: Fanout, channels: Channels) -> None:
        self._database = database
        self._fanout = fanout
        self._channels = channels

    async def set_admin(self, actor: Actor, channel_id: int, user_id: int, admin_rights: int, rank: str) -> None:
        """Make somebody an administrator, change what one may do, or make them a member again.

        Args:
            admin_rights: ``AdminRight`` bits; 0 for a member.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, MemberInvalid: see ``rights.check_appoints``.
            AdminsTooMany, RankInvalid, RankHasEmoji, UserNotParticipant, UserNotFound.
            UserPrivacyRestricted, …: see ``inviting.check_brings_txn``; for who is not in it yet.
        """
        await self._database.write(
            "edit channel admin", self._admin_txn, actor, channel_id, user_id, admin_rights, checked_rank(rank)
        )

    def _admin_txn(
        self, txn: Transaction, actor: Actor, channel_id: int, user_id: int, admin_rights: int, rank: str
    ) -> None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        channel = seat.channel
        before = _member_txn(txn, channel_id, user_id, actor.now)
        was = before.membership
        rights.check_appoints(seat, user_id, was, before.promoted_by, admin_rights)
        if was.role is Role.CREATOR:
            # Theirs are all rights; what they choose is their title, and whether they are seen.
            given = int(ALL_RIGHTS) | admin_rights & AdminRight.ANONYMOUS
            now = msgspec.structs.replace(was, admin_rights=given, rank=rank)
        elif admin_rights:
            admin_rights &= int(_OF_CHANNELS if channel.is_broadcast else _OF_GROUPS)
            if was.role is not Role.ADMIN and store.count_listed_txn(txn, channel_id, admins=True) > MAX_ADMINS:
                raise AdminsTooMany(str(channel_id))
            if not was.is_present or was.banned_rights:
                rights.check_takes_back(seat, user_id, was)
            now = Membership(
                role=Role.ADMIN,
                admin_rights=admin_rights | int(AdminRight.OTHER),
                rank=rank,
                hidden_up_to=was.hidden_up_to,
            )
        else:
            if not was.is_present:
                raise UserNotParticipant(str(user_id))
            now = msgspec.structs.replace(was, role=Role.MEMBER, admin_rights=0, rank="")
            revoke_links_txn(txn, channel.marked, user_id)
        if now == was:
            return
        after = replace(
            before,
            membership=now,
            promoted_by=0 if now.role is Role.MEMBER else actor.user_id,
            restricted_by=0 if was.banned_rights else before.restricted_by,
            changed_at=actor.now,
        )
        if was.is_present:
            store.put_member_txn(txn, channel_id, after)
            self._tell_member(txn, channel, user_id, now)
        else:
            check_brings_txn(txn, actor.user_id, user_id)
            after = replace(after, inviter_id=actor.user_id, joined_at=actor.now)
            self._channels.put_in_txn(txn, channel, after)
            txn.call_after(self._fanout.publish, (user_id,), ChannelChanged(channel_id))
        log_txn(txn, actor, channel_id, AdminToggled(MemberRow.of(before), MemberRow.of(after)))
        note_in_channel_txn(txn, self._fanout, channel_id, (actor.user_id, user_id, actor.now), was, now)

    async def set_banned(
        self, actor: Actor, channel_id: int, user_id: int, banned_rights: int, until: int
    ) -> OwnChange | None:
        """Restrict somebody, put them out for good, or let them be again.

        Args:
            banned_rights: ``Banned`` bits; with ``VIEW_MESSAGES`` they are put out, 0 takes everything back.
            until: unix seconds; see ``SHORTEST_BAN``.

        Returns:
            the service message that says who was put out of a supergroup, if there is one.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, AdminUntouchable, MemberInvalid: see
                ``rights.check_restricts``.
            UserNotFound.
        """
        return await self._database.write(
            "edit channel banned", self._banned_txn, actor, channel_id, user_id, banned_rights, until
        )

    def _banned_txn(
        self, txn: Transaction, actor: Actor, channel_id: int, user_id: int, banned_rights: int, until: int
    ) -> OwnChange | None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        channel = seat.channel
        before = _member_txn(txn, channel_id, user_id, actor.now)
        was = before.membership
        rights.check_restricts(seat, user_id, was, before.promoted_by)
        is_out = bool(banned_rights & Banned.VIEW_MESSAGES)
        standing = was.standing
        if is_out:
            standing = Standing.REMOVED
            end_in_channel_txn(txn, self._fanout, channel_id, user_id)
        elif standing is Standing.REMOVED:
            standing = Standing.LEFT
        now = Membership(
            standing,
            banned_rights=banned_rights,
            banned_until=ban_end(until, actor.now) if banned_rights else 0,
            hidden_up_to=was.hidden_up_to,
        )
        if now == was:
            return None
        after = replace(
            before,
            membership=now,
            promoted_by=0,
            restricted_by=actor.user_id if banned_rights else 0,
            changed_at=actor.now,
        )
        if was.role is not Role.MEMBER:
            revoke_links_txn(txn, channel.marked, user_id)
        left = was.is_present and not now.is_present
        if left:
            self._channels.take_out_txn(txn, channel, after)
        else:
            store.put_member_txn(txn, channel_id, after)
        log_txn(txn, actor, channel_id, BanToggled(MemberRow.of(before), MemberRow.of(after)))
        note_in_channel_txn(txn, self._fanout, channel_id, (actor.user_id, user_id, actor.now), was, now)
        change = None
        if left and not channel.is_broadcast:
            change = self._channels.tell_txn(txn, actor, channel, Action("chatDeleteUser", user_ids=(user_id,)))
        # Last, so that who is put out hears of it and of nothing after it.
        self._tell_member(txn, channel, user_id, now)
        return change

    async def set_default_banned(self, actor: Actor, channel_id: int, banned_rights: int) -> None:
        """Say what members of a supergroup may not do.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ChatNotModified.
            BansInvalid: nobody would see anything, or it is a channel or broadcast group, where members do nothing.
        """
        await self._database.write(
            "edit channel default bans", self._default_banned_txn, actor, channel_id, banned_rights
        )

    def _default_banned_txn(self, txn: Transaction, actor: Actor, channel_id: int, banned_rights: int) -> None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_has(seat, AdminRight.BAN_USERS)
        if banned_rights & Banned.VIEW_MESSAGES or seat.channel.is_broadcast or seat.channel.has(Flag.GIGAGROUP):
            raise BansInvalid(str(channel_id))
        if seat.channel.default_banned_rights == banned_rights:
            raise ChatNotModified(str(channel_id))
        store.update_channel_txn(txn, channel_id, default_banned_rights=banned_rights)
        self._channels.changed_after(txn, channel_id)
        event = ChannelDefaultBannedChanged(channel_id, banned_rights)
        txn.call_after(self._fanout.publish_in_channel, channel_id, event, actor.perm_auth_key_id)
        log_txn(txn, actor, channel_id, RightsChanged(seat.channel.default_banned_rights, banned_rights))

    def _tell_member(self, txn: Transaction, channel: Channel, user_id: int, membership: Membership) -> None:
        self._channels.memberships.tell_after(txn, channel.id, {user_id: membership})
        txn.call_after(self._fanout.publish, (user_id,), ChannelChanged(channel.id))


def _member_txn(txn: Transaction, channel_id: int, user_id: int, now: int) -> Member:
    """Somebody's row as it is now; of who was never there, what nobody is.

    Raises:
        UserNotFound.
    """
    member = store.members_txn(txn, channel_id, [user_id]).get(user_id)
    if member is not None:
        return replace(member, membership=member.membership.without_ended_bans(now))
    if user_id not in users_by_id_txn(txn, [user_id]):
        raise UserNotFound(f"no user {user_id}")
    return replace(NOBODY, user_id=user_id)


def ban_end(until: int, now: int) -> int:
    """When a ban ends (unix seconds), which was asked to end at ``until``."""
    return until if SHORTEST_BAN <= until - now <= LONGEST_BAN else FOREVER


def checked_rank(rank: str) -> str:
    """An administrator's title.

    Raises:
        RankInvalid, RankHasEmoji.
    """
    rank = " ".join(rank.split())
    if len(rank) > MAX_RANK:
        raise RankInvalid(rank)
    # Emoji lie in these planes, and are made of what joins them (unicode.org/reports/tr51).
    if any(0x1F000 <= ord(char) <= 0x1FAFF or 0x2600 <= ord(char) <= 0x27BF or char == "\ufe0f" for char in rank):
        raise RankHasEmoji(rank)
    return rank
