"""Where an invite link leads, and who may do what with those of it.

A *group id* is here what the link is stored with: a basic group's id, or a channel's marked id.
"""

from teamgram.database import Transaction
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels.channel import AdminRight, Seat
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.chats import rights, store
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.errors import ChatAdminRequired, InviteHashInvalid
from teamgram.domain.chats.invite import Invite, invite_txn
from teamgram.domain.ids.peer import channel_id_of, is_channel

Place = Chat | Seat


def place_txn(txn: Transaction, user_id: int, group_id: int, now: int = 0, *, lock: bool = False) -> Place:
    """The group, or the user's seat in the channel, if they may know of it.

    Args:
        now: unix seconds at which bans must not have ended; who administers has none.

    Raises:
        ChatNotFound, ChannelNotFound, ChannelPrivate.
    """
    if is_channel(group_id):
        seat = seat_txn(txn, channel_id_of(group_id), user_id, now, lock=lock)
        channel_rights.check_reads(seat)
        return seat
    return rights.known(store.chat_txn(txn, group_id, (user_id,), lock=lock), group_id, user_id)


def check_makes_links(place: Place, user_id: int) -> None:
    """Make an invite link of one's own: administrators, of a channel those who may bring people in.

    Raises:
        ChatAdminRequired.
    """
    if isinstance(place, Chat):
        rights.check_makes_links(place, user_id)
    else:
        channel_rights.check_has(place, AdminRight.INVITE_USERS)


def check_manages_link(place: Place, user_id: int, admin_id: int) -> None:
    """See, change, revoke and forget the links of ``admin_id``: one's own, the owner everybody's.

    Raises:
        ChatAdminRequired.
    """
    if isinstance(place, Chat):
        rights.check_manages_link(place, user_id, admin_id)
        return
    check_makes_links(place, user_id)
    if not place.is_owner and user_id != admin_id:
        raise ChatAdminRequired(str(place.channel.id))


def check_sees_link_makers(place: Place, user_id: int) -> None:
    """See who has how many links: the owner.

    Raises:
        ChatAdminRequired.
    """
    if isinstance(place, Chat):
        rights.check_sees_link_makers(place, user_id)
    else:
        channel_rights.check_owns(place)


def check_lets_in(place: Place, user_id: int) -> None:
    """See who asks to be let in, and decide: administrators, of a channel those who may bring people in.

    Raises:
        ChannelPrivate, ChatAdminRequired.
    """
    if isinstance(place, Chat):
        rights.check_lets_in(place, user_id)
    else:
        channel_rights.check_lets_in(place)


def invite_for_txn(txn: Transaction, user_id: int, group_id: int, hash_: str, lock: bool = False) -> Invite:
    """A group's link for who may manage it.

    Raises:
        ChatNotFound, ChannelNotFound, ChannelPrivate, ChatAdminRequired, InviteHashInvalid.
    """
    place = place_txn(txn, user_id, group_id, lock=lock)
    invite = invite_txn(txn, hash_)
    if invite is None or invite.chat_id != group_id:
        # Who may look after none hears no more of this one than of any other.
        check_manages_link(place, user_id, user_id)
        raise InviteHashInvalid
    check_manages_link(place, user_id, invite.admin_id)
    return invite
