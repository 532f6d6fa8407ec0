"""``ChannelParticipant`` objects."""

from collections.abc import Iterable
from typing import Any

from teamgram.bff.views.channels import admin_rights_view
from teamgram.bff.views.chats import banned_rights_view
from teamgram.bff.views.messages import peer_view
from teamgram.domain.channels.channel import ALL_RIGHTS, FOREVER, Member, Seat
from teamgram.domain.channels.rights import may_change_admin
from teamgram.domain.chats.chat import Role, Standing
from teamgram.mtproto.tl import tl


def member_view(member: Member, seat: Seat) -> Any:
    """Somebody in a channel as the one in the seat sees them: of bans their administrators alone."""
    membership, is_self = member.membership, member.user_id == seat.user_id
    if membership.is_present and membership.role is Role.CREATOR:
        return tl.channelParticipantCreator(
            user_id=member.user_id,
            admin_rights=admin_rights_view(membership.admin_rights or int(ALL_RIGHTS)),
            rank=membership.rank or None,
        )
    if membership.is_present and membership.role is Role.ADMIN:
        return tl.channelParticipantAdmin(
            can_edit=may_change_admin(seat, membership, member.promoted_by),
            self=is_self,
            user_id=member.user_id,
            # The flag that says that they are who asks has it along.
            inviter_id=(member.inviter_id or member.user_id) if is_self else None,
            promoted_by=member.promoted_by,
            date=member.changed_at,
            admin_rights=admin_rights_view(membership.admin_rights),
            rank=membership.rank or None,
        )
    if (membership.banned_rights or membership.standing is Standing.REMOVED) and (seat.is_admin or is_self):
        return tl.channelParticipantBanned(
            left=not membership.is_present,
            peer=peer_view(member.user_id),
            # Who restricts is told to administrators.
            kicked_by=member.restricted_by if seat.is_admin else member.user_id,
            date=member.changed_at,
            banned_rights=banned_rights_view(membership.banned_rights, membership.banned_until or FOREVER),
        )
    if not membership.is_present:
        return tl.channelParticipantLeft(peer=peer_view(member.user_id))
    if is_self:
        return tl.channelParticipantSelf(
            user_id=member.user_id, inviter_id=member.inviter_id or member.user_id, date=member.joined_at
        )
    return tl.channelParticipant(user_id=member.user_id, date=member.joined_at)


def named(members: Iterable[Member]) -> set[int]:
    """The users whom such objects speak of."""
    return {
        user_id
        for member in members
        for user_id in (member.user_id, member.inviter_id, member.promoted_by, member.restricted_by)
        if user_id
    }
