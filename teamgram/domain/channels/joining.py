"""Coming into channels and going out of them, by oneself or through others.

Each costs the rows of who comes or goes, and one post in a supergroup that says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.message import Action
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.admin_log import Brought, CameIn, MemberRow, WentOut, log_txn
from teamgram.domain.channels.channel import MAX_CHANNELS, Channel, Flag, Member, Membership, Seat
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.errors import (
    BotsJoinAsAdmins,
    ChannelsTooMany,
    ChannelTooLarge,
    OtherInTooManyChannels,
)
from teamgram.domain.channels.invite_events import CameByLink, CameByRequest
from teamgram.domain.channels.join_requests import ask_in_channel_txn
from teamgram.domain.channels.member_news import note_in_channel_txn
from teamgram.domain.chats import inviting
from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import JoinRequestSent, UserAlreadyParticipant
from teamgram.domain.chats.invite import revoke_links_txn
from teamgram.domain.chats.join_requests import JoinRequest, forget_all_requests_txn
from teamgram.domain.contacts.relations import is_bot_txn
from teamgram.domain.ids.username import username_key
from teamgram.domain.updates.events import ChannelChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.store import release_username_txn

MAX_DELETED = 1000
"""Members of a channel that its owner may delete; larger ones stay, as on the official server."""


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of an invitation.

    Attributes:
        change: the post that says so; None where there is none.
        missing: who did not come along, because they do not want to.
    """

    change: OwnChange | None
    missing: tuple[int, ...]


class ChannelJoining:
    """Lets people into channels and out of them."""

    def __init__(self, database: Database, channels: Channels, fanout: Fanout) -> None:
        self._database = database
        self._channels = channels
        self._fanout = fanout

    async def join(self, actor: Actor, channel_id: int) -> OwnChange | None:
        """Come into a public channel; the post that says so, None in a channel.

        Raises:
            ChannelNotFound, ChannelPrivate, UserAlreadyParticipant, ChannelsTooMany.
            JoinRequestSent: administrators decide there; JoinRequestsTooMany.
        """
        change, asked = await self._database.write("join channel", self._join_txn, actor, channel_id)
        if asked:
            raise JoinRequestSent(str(channel_id))
        return change

    def _join_txn(self, txn: Transaction, actor: Actor, channel_id: int) -> tuple[OwnChange | None, bool]:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_joins(seat)
        if rights.asks_to_join(seat):
            ask_in_channel_txn(txn, self._fanout, channel_id, JoinRequest(actor.user_id, "", actor.now))
            return None, True
        return self.enter_txn(txn, actor, seat, 0, Action("chatAddUser", user_ids=(actor.user_id,))), False

    def enter_txn(
        self,
        txn: Transaction,
        actor: Actor,
        seat: Seat,
        inviter_id: int,
        action: Action,
        came: CameByLink | CameByRequest | None = None,
    ) -> OwnChange | None:
        """Let the actor in, whom a rule has let pass, and post in a supergroup that they came.

        Args:
            seat: read with the channel locked.
            came: how, for the log; None: by themselves.

        Raises:
            ChannelsTooMany.
        """
        if store.count_of_txn(txn, actor.user_id) >= MAX_CHANNELS:
            raise ChannelsTooMany(str(actor.user_id))
        member = self._come_txn(txn, actor, seat, inviter_id)
        log_txn(txn, actor, seat.channel.id, came or CameIn())
        whom, by_request = (actor.user_id, actor.user_id, actor.now), isinstance(came, CameByRequest)
        note_in_channel_txn(
            txn, self._fanout, seat.channel.id, whom, seat.membership, member.membership, by_request=by_request
        )
        self._tell_after(txn, seat.channel.id, (actor.user_id,), actor.perm_auth_key_id)
        return None if seat.channel.is_broadcast else self._channels.tell_txn(txn, actor, seat.channel, action)

    def _come_txn(self, txn: Transaction, actor: Actor, seat: Seat, inviter_id: int) -> Member:
        """Write somebody down as a member: what they were forbidden stays so, but for being there."""
        before = seat.membership
        membership = Membership()
        if before is not None and before.standing is Standing.LEFT:
            membership = Membership(banned_rights=before.banned_rights, banned_until=before.banned_until)
        member = Member(seat.user_id, membership, inviter_id, actor.now, changed_at=actor.now)
        self._channels.put_in_txn(txn, seat.channel, member)
        return member

    async def leave(self, actor: Actor, channel_id: int) -> None:
        """Go out of a channel.

        Raises:
            ChannelNotFound, ChannelPrivate, UserNotParticipant, OwnerMustStay.
        """
        await self._database.write("leave channel", self._leave_txn, actor, channel_id)

    def _leave_txn(self, txn: Transaction, actor: Actor, channel_id: int) -> None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        membership = rights.check_leaves(seat)
        if not seat.channel.is_broadcast:
            self._channels.tell_txn(txn, actor, seat.channel, Action("chatDeleteUser", user_ids=(actor.user_id,)))
        member = store.members_txn(txn, channel_id, [actor.user_id])[actor.user_id]
        gone = msgspec.structs.replace(
            membership, standing=Standing.LEFT, role=Role.MEMBER, admin_rights=0, rank="", hidden_up_to=0
        )
        member = replace(member, membership=gone, promoted_by=0, changed_at=actor.now)
        self._channels.take_out_txn(txn, seat.channel, member)
        revoke_links_txn(txn, seat.channel.marked, actor.user_id)
        log_txn(txn, actor, channel_id, WentOut())
        note_in_channel_txn(txn, self._fanout, channel_id, (actor.user_id, actor.user_id, actor.now), membership, gone)
        self._tell_after(txn, channel_id, (actor.user_id,), actor.perm_auth_key_id)

    async def invite(self, actor: Actor, channel_id: int, user_ids: Sequence[int]) -> Invited:
        """Bring people in.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatWriteForbidden, ChatAdminRequired: see ``rights.check_invites``.
            UserAlreadyParticipant: all of them are there.
            UserKicked: see ``rights.check_brings``; UserNotMutualContact: see ``inviting.check_brings_back_txn``.
            BotsJoinAsAdmins, OtherInTooManyChannels.
            UserNotFound, PeerDeactivated, PeerBlockedByOwner: see ``inviting.check_brings``.
        """
        return await self._database.write("invite to channel", self._invite_txn, actor, channel_id, tuple(user_ids))

    def _invite_txn(self, txn: Transaction, actor: Actor, channel_id: int, user_ids: tuple[int, ...]) -> Invited:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_invites(seat)
        channel = seat.channel
        members = store.members_txn(txn, channel_id, user_ids)
        wanted: list[Seat] = []
        for user_id in dict.fromkeys(user_ids):
            known = members.get(user_id)
            other = Seat.at(channel, user_id, known.membership if known is not None else None, actor.now)
            if other.is_present:
                continue
            rights.check_brings(seat, other.membership)
            wanted.append(other)
        if not wanted:
            raise UserAlreadyParticipant(str(channel_id))
        invited, missing = inviting.invited_txn(txn, actor.user_id, [other.user_id for other in wanted])
        coming = [other for other in wanted if other.user_id in invited]
        for other in coming:
            self._check_comes_txn(txn, actor, other)
        for other in coming:
            member = self._come_txn(txn, actor, other, actor.user_id)
            log_txn(txn, actor, channel_id, Brought(MemberRow.of(member)))
            whom = actor.user_id, other.user_id, actor.now
            note_in_channel_txn(txn, self._fanout, channel_id, whom, other.membership, member.membership)
        change = None
        if coming and not channel.is_broadcast:
            change = self._channels.tell_txn(txn, actor, channel, Action("chatAddUser", user_ids=tuple(invited)))
        self._tell_after(txn, channel_id, tuple(invited))
        return Invited(change, tuple(missing))

    def _check_comes_txn(self, txn: Transaction, actor: Actor, other: Seat) -> None:
        if other.channel.is_broadcast and is_bot_txn(txn, other.user_id):
            raise BotsJoinAsAdmins(str(other.user_id))
        if other.membership is not None and other.membership.standing is Standing.LEFT:
            inviting.check_brings_back_txn(txn, actor.user_id, other.user_id)
        if store.count_of_txn(txn, other.user_id) >= MAX_CHANNELS:
            raise OtherInTooManyChannels(str(other.user_id))

    async def delete(self, actor: Actor, channel_id: int) -> None:
        """Do away with a channel: nobody is in it any more, and its username is free.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired.
            ChannelTooLarge: see ``MAX_DELETED``.
        """
        await self._database.write("delete channel", self._delete_txn, actor, channel_id)

    def _delete_txn(self, txn: Transaction, actor: Actor, channel_id: int) -> None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_owns(seat)
        if seat.channel.members > MAX_DELETED:
            raise ChannelTooLarge(str(seat.channel.members))
        self._close_txn(txn, actor, seat.channel)

    async def shut(self, channel_id: int, now: int) -> bool:
        """Do away with a channel of any size, for an operator who must act; False: it was gone before.

        Raises:
            ChannelNotFound.
        """
        return await self._database.write("shut channel", self._shut_txn, channel_id, now)

    def _shut_txn(self, txn: Transaction, channel_id: int, now: int) -> bool:
        channel = store.channel_txn(txn, channel_id, lock=True)
        if channel.has(Flag.DELETED):
            return False
        self._close_txn(txn, Actor(0, now), channel)
        return True

    def _close_txn(self, txn: Transaction, actor: Actor, channel: Channel) -> None:
        channel_id = channel.id
        user_ids = store.present_ids_txn(txn, channel_id, 2 * MAX_DELETED)
        if channel.username:
            release_username_txn(txn, username_key(channel.username))
        flags = channel.flags | Flag.DELETED
        store.update_channel_txn(txn, channel_id, flags=int(flags), username="", members=0)
        store.all_leave_txn(txn, channel_id, actor.now)
        forget_all_requests_txn(txn, channel.marked)
        for some in chunks(user_ids):
            txn.execute(f"DELETE FROM dialogs WHERE peer = ? AND owner_id IN ({marks(some)})", (channel.marked, *some))
        self._channels.changed_after(txn, channel_id)
        # Told before it is forgotten who was there.
        self._tell_after(txn, channel_id, user_ids, actor.perm_auth_key_id)
        left = Membership(standing=Standing.LEFT)
        self._channels.memberships.tell_after(txn, channel_id, dict.fromkeys(user_ids, left))

    def _tell_after(
        self, txn: Transaction, channel_id: int, user_ids: Sequence[int], except_perm_auth_key_id: int = 0
    ) -> None:
        """After the commit these hear that they are something else in the channel."""
        if user_ids:
            event = ChannelChanged(channel_id)
            txn.call_after(self._fanout.publish, tuple(user_ids), event, except_perm_auth_key_id)
