"""Who may do what in a channel or supergroup: one function a deed, pure, over a ``Seat`` as the transaction sees it.

``docs/channels.md`` has the whole table. What each right of an administrator covers is Telegram's
(core.telegram.org/api/rights).
"""

from teamgram.domain.channels.channel import AdminRight, Flag, Membership, Seat
from teamgram.domain.channels.errors import (
    AdminUntouchable,
    ChannelPrivate,
    MemberInvalid,
    OwnerMustStay,
    UserBannedInChannel,
    UserKicked,
)
from teamgram.domain.chats.chat import Banned, Role, Standing
from teamgram.domain.chats.errors import (
    ChatAdminRequired,
    ChatWriteForbidden,
    InviteHashExpired,
    UserAlreadyParticipant,
    UserNotParticipant,
)

WRITING = Banned.SEND_MESSAGES | Banned.SEND_PLAIN
"""Either of them forbids texts."""


def reads(seat: Seat) -> bool:
    """Whether they see what is posted there: who is in it, and unless they were put out everybody if it is public.

    A channel's subscribers see its discussion group.
    """
    channel, membership = seat.channel, seat.membership
    if channel.has(Flag.DELETED):
        return False
    if membership is not None and (
        membership.standing is Standing.REMOVED or membership.banned_rights & Banned.VIEW_MESSAGES
    ):
        return False
    return channel.is_public or seat.subscribes or (membership is not None and membership.is_present)


def check_reads(seat: Seat) -> None:
    """See what is posted there.

    Raises:
        ChannelPrivate.
    """
    if not reads(seat):
        raise ChannelPrivate(str(seat.channel.id))


def _name(seat: Seat) -> str:
    return str(seat.channel.id)


def check_present(seat: Seat) -> Membership:
    """Be in it.

    Raises:
        ChannelPrivate: it is not theirs to know.
        UserNotParticipant.
    """
    check_reads(seat)
    if seat.membership is None or not seat.membership.is_present:
        raise UserNotParticipant(_name(seat))
    return seat.membership


def check_has(seat: Seat, right: AdminRight) -> None:
    """Do what needs an administrator's right.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    check_reads(seat)
    if not seat.has(right):
        raise ChatAdminRequired(_name(seat))


def check_administers(seat: Seat) -> None:
    """See who wrote what is said in its name: any administrator.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    check_reads(seat)
    if not seat.is_admin:
        raise ChatAdminRequired(_name(seat))


def check_owns(seat: Seat) -> None:
    """Do what is the owner's alone.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    check_reads(seat)
    if not seat.is_owner:
        raise ChatAdminRequired(_name(seat))


def may(seat: Seat, banned: Banned) -> bool:
    """Whether a member may do what ``banned`` would forbid; administrators are not bound by it."""
    if not seat.is_present:
        return False
    return seat.is_admin or not seat.banned & int(banned)


def comments(seat: Seat) -> bool:
    """Whether they write there without being in it: where a channel's posts are spoken of, unless one has to join."""
    channel = seat.channel
    return not channel.is_broadcast and channel.linked_id != 0 and not channel.has(Flag.JOIN_TO_SEND)


def check_posts(seat: Seat, forbidden_by: Banned = WRITING) -> None:
    """Write there: in a channel administrators who may post, in a supergroup members who are not silenced.

    Args:
        forbidden_by: the bans any of which silences members in what they do.

    Raises:
        ChannelPrivate.
        ChatAdminRequired: they may not post in this channel.
        UserBannedInChannel: they are silenced; ChatWriteForbidden: everybody is, or they are not in it (``comments``).
    """
    check_reads(seat)
    if seat.channel.is_broadcast:
        if not seat.has(AdminRight.POST_MESSAGES):
            raise ChatAdminRequired(_name(seat))
        return
    if not seat.is_present and not comments(seat):
        raise ChatWriteForbidden(_name(seat))
    if seat.is_admin:
        return
    if seat.membership is not None and seat.membership.banned_rights & int(forbidden_by):
        raise UserBannedInChannel(_name(seat))
    if seat.channel.default_banned_rights & int(forbidden_by):
        raise ChatWriteForbidden(_name(seat))


def check_speaks(seat: Seat) -> None:
    """Be seen typing: who may write something there.

    Raises:
        ChannelPrivate, ChatAdminRequired, UserBannedInChannel, ChatWriteForbidden.
    """
    check_posts(seat, Banned.SEND_MESSAGES)


def may_edit_others(seat: Seat) -> bool:
    """Whether they change what others have posted: administrators of a channel with that right."""
    return seat.channel.is_broadcast and seat.has(AdminRight.EDIT_MESSAGES)


def may_delete(seat: Seat, sender_id: int) -> bool:
    """Whether they take somebody's message away for all: their own where they may still write, any with that right."""
    if seat.has(AdminRight.DELETE_MESSAGES):
        return True
    if sender_id != seat.user_id or not seat.is_present:
        return False
    return seat.has(AdminRight.POST_MESSAGES) if seat.channel.is_broadcast else True


def check_pins(seat: Seat) -> None:
    """Pin and unpin: in a channel administrators who may change posts, in a supergroup as it is set.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    check_reads(seat)
    if seat.channel.is_broadcast:
        if not seat.has(AdminRight.EDIT_MESSAGES):
            raise ChatAdminRequired(_name(seat))
    elif not (seat.has(AdminRight.PIN_MESSAGES) or (not seat.is_admin and may(seat, Banned.PIN_MESSAGES))):
        raise ChatAdminRequired(_name(seat))


def check_changes_info(seat: Seat) -> None:
    """Rename, describe and picture it: administrators with that right, members of a supergroup that lets them.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    check_reads(seat)
    if seat.has(AdminRight.CHANGE_INFO):
        return
    if seat.channel.is_broadcast or seat.is_admin or not may(seat, Banned.CHANGE_INFO):
        raise ChatAdminRequired(_name(seat))


def check_invites(seat: Seat) -> None:
    """Bring somebody in: administrators with that right, members of a supergroup that lets them.

    Raises:
        ChannelPrivate, ChatAdminRequired; ChatWriteForbidden: they are not in it.
    """
    check_reads(seat)
    if not seat.is_present:
        raise ChatWriteForbidden(_name(seat))
    if seat.has(AdminRight.INVITE_USERS):
        return
    if seat.channel.is_broadcast or seat.is_admin or not may(seat, Banned.INVITE_USERS):
        raise ChatAdminRequired(_name(seat))


def check_brings(seat: Seat, other: Membership | None) -> None:
    """Bring this one in: who was put out only through who may put out.

    Raises:
        UserAlreadyParticipant, UserKicked.
    """
    if other is None:
        return
    if other.is_present:
        raise UserAlreadyParticipant(_name(seat))
    if other.standing is Standing.REMOVED and not seat.has(AdminRight.BAN_USERS):
        raise UserKicked(_name(seat))


def check_joins(seat: Seat) -> None:
    """Come in by oneself, into a public one.

    Raises:
        ChannelPrivate, UserAlreadyParticipant.
    """
    check_reads(seat)
    if seat.is_present:
        raise UserAlreadyParticipant(_name(seat))


def asks_to_join(seat: Seat) -> bool:
    """Whether who comes by themselves has to be let in: where it is set so, in a supergroup that they can see."""
    return seat.channel.has(Flag.JOIN_REQUEST) and not seat.channel.is_broadcast


def check_lets_in(seat: Seat) -> None:
    """See who asks to be let in, and decide: administrators who may bring people in.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    check_has(seat, AdminRight.INVITE_USERS)


def check_enters(seat: Seat, *, usable: bool) -> None:
    """Come in by a link.

    Args:
        usable: the link is neither revoked nor run out nor used up.

    Raises:
        UserAlreadyParticipant.
        InviteHashExpired: also for who was put out: they do not come back on their own.
    """
    if seat.is_present:
        raise UserAlreadyParticipant(_name(seat))
    out = seat.membership is not None and seat.membership.standing is Standing.REMOVED
    if out or not usable or seat.channel.has(Flag.DELETED):
        raise InviteHashExpired


def check_leaves(seat: Seat) -> Membership:
    """Leave.

    Raises:
        ChannelPrivate, UserNotParticipant.
        OwnerMustStay: it is theirs.
    """
    membership = check_present(seat)
    if membership.role is Role.CREATOR:
        raise OwnerMustStay(_name(seat))
    return membership


def sees_members(seat: Seat) -> bool:
    """Whether they see who is in it: in a channel administrators, in a supergroup members, unless that is hidden."""
    if seat.is_admin:
        return True
    return seat.is_present and not (seat.channel.is_broadcast or seat.channel.has(Flag.PARTICIPANTS_HIDDEN))


def check_sees_members(seat: Seat) -> None:
    """See who is in it: see ``sees_members``.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    check_reads(seat)
    if not sees_members(seat):
        raise ChatAdminRequired(_name(seat))


def sees_banned(seat: Seat) -> bool:
    """Whether they see who is restricted or was put out: administrators."""
    return reads(seat) and seat.is_admin


def check_sees_banned(seat: Seat) -> None:
    """See who is restricted or was put out.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    check_reads(seat)
    if not sees_banned(seat):
        raise ChatAdminRequired(_name(seat))


def check_sees_admins(seat: Seat) -> None:
    """See who administers it: in a channel its administrators, in a supergroup its members.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    check_reads(seat)
    if seat.channel.is_broadcast and not seat.is_admin:
        raise ChatAdminRequired(_name(seat))


def check_sees_admin_log(seat: Seat) -> None:
    """See what was done: administrators.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    check_reads(seat)
    if not seat.is_admin:
        raise ChatAdminRequired(_name(seat))


def may_change_admin(seat: Seat, other: Membership | None, promoted_by: int) -> bool:
    """Whether an administrator is theirs to change: the owner's all, others' those whom they made one."""
    if other is None or not other.is_present or other.role is not Role.ADMIN:
        return False
    return seat.is_owner or (seat.has(AdminRight.ADD_ADMINS) and promoted_by == seat.user_id)


def check_restricts(seat: Seat, other_id: int, other: Membership | None, promoted_by: int) -> None:
    """Restrict somebody or put them out: administrators with that right, members, and administrators of their making.

    Raises:
        ChannelPrivate, ChatAdminRequired.
        MemberInvalid: oneself, or the owner.
        AdminUntouchable.
    """
    check_has(seat, AdminRight.BAN_USERS)
    if other_id == seat.user_id or (other is not None and other.role is Role.CREATOR):
        raise MemberInvalid(str(other_id))
    is_admin = other is not None and other.is_present and other.role is not Role.MEMBER
    if is_admin and not may_change_admin(seat, other, promoted_by):
        raise AdminUntouchable(str(other_id))


def check_takes_back(seat: Seat, other_id: int, other: Membership) -> None:
    """Make somebody an administrator who is not in it, or was silenced.

    Raises:
        ChatAdminRequired: they may not bring somebody in, or not take a ban back.
    """
    if not other.is_present and not seat.has(AdminRight.INVITE_USERS):
        raise ChatAdminRequired(str(other_id))
    if other.banned_rights and not seat.has(AdminRight.BAN_USERS):
        raise ChatAdminRequired(str(other_id))


def check_appoints(seat: Seat, other_id: int, other: Membership | None, promoted_by: int, rights: int) -> None:
    """Give somebody an administrator's rights, or take them.

    Administrators who may appoint give what they have themselves, to members and to whom they appointed.

    Args:
        promoted_by: who made them an administrator before.
        rights: ``AdminRight`` bits that they are to have.

    Raises:
        ChannelPrivate, ChatAdminRequired.
        MemberInvalid: the owner.
    """
    check_reads(seat)
    if seat.is_owner:
        return
    if other is not None and other.role is Role.CREATOR:
        raise MemberInvalid(str(other_id))
    is_own = other_id == seat.user_id
    if not seat.has(AdminRight.ADD_ADMINS) and not (is_own and seat.is_admin and not rights):
        raise ChatAdminRequired(_name(seat))
    own = seat.membership.admin_rights if seat.membership is not None else 0
    if rights & ~own:
        raise ChatAdminRequired(_name(seat))
    is_admin = other is not None and other.is_present and other.role is Role.ADMIN
    if is_admin and not is_own and promoted_by != seat.user_id:
        raise ChatAdminRequired(_name(seat))
