"""Who may do what in a basic group: one function a deed, pure, over the group as the transaction sees it.

Whoever changes a group, or writes, edits, deletes, pins or looks in it, asks
here, inside the transaction that does it. ``docs/permissions.md`` has the whole
table. What each right of an administrator or the creator covers is Telegram's
(core.telegram.org/api/rights, and the descriptions of TDLib's methods).
"""

from teamgram.domain.chats.chat import Banned, Chat, Participant, Role, Standing
from teamgram.domain.chats.errors import (
    ChatAdminRequired,
    ChatForbidden,
    ChatNotFound,
    ChatWriteForbidden,
    InviteHashExpired,
    UserAlreadyParticipant,
    UserNotParticipant,
)

WRITING = Banned.SEND_MESSAGES | Banned.SEND_PLAIN
"""Either of them forbids texts. What forbids media is in ``messages/media.py``."""


def known(chat: Chat | None, chat_id: int, user_id: int) -> Chat:
    """A group that the user is or was in: for others it does not exist.

    Raises:
        ChatNotFound.
    """
    if chat is None or chat.participant(user_id) is None:
        raise ChatNotFound(str(chat_id))
    return chat


def may(chat: Chat, user_id: int, banned: Banned) -> bool:
    """Whether they may do what ``banned`` would forbid a member; administrators are not bound by it."""
    participant = chat.member(user_id)
    if participant is None or chat.deactivated:
        return False
    # As plain ints: what an enum makes of & costs more than all the rest here.
    return participant.role is not Role.MEMBER or not chat.default_banned_rights & int(banned)


def _member(chat: Chat, user_id: int) -> Participant:
    participant = chat.member(user_id)
    if participant is None or chat.deactivated:
        raise ChatWriteForbidden(str(chat.id))
    return participant


def _admin(chat: Chat, user_id: int) -> Participant:
    participant = chat.member(user_id)
    if participant is None or chat.deactivated or participant.role is Role.MEMBER:
        raise ChatAdminRequired(str(chat.id))
    return participant


def _creator(chat: Chat, user_id: int) -> Participant:
    participant = _admin(chat, user_id)
    if participant.role is not Role.CREATOR:
        raise ChatAdminRequired(str(chat.id))
    return participant


def check_looks(chat: Chat, user_id: int) -> None:
    """See who is there, who has read what, and take messages out of it: for who is in it.

    Raises:
        ChatForbidden.
    """
    if chat.member(user_id) is None:
        raise ChatForbidden(str(chat.id))


def sees(chat: Chat, user_id: int) -> bool:
    """Whether they see what the group is called and looks like: who is in it, and who left on their own."""
    participant = chat.participant(user_id)
    return participant is not None and participant.standing is not Standing.REMOVED


def check_writes(chat: Chat, user_id: int, forbidden_by: Banned = WRITING) -> None:
    """Send, edit and be seen typing: for members who are not silenced.

    Args:
        forbidden_by: the bans any of which silences members in what they do.

    Raises:
        ChatWriteForbidden.
    """
    if not may(chat, user_id, forbidden_by):
        raise ChatWriteForbidden(str(chat.id))


def check_permitted(chat: Chat, user_id: int, banned: Banned) -> None:
    """What members may do unless the group forbids it (``banned``): rename, bring in, pin.

    Raises:
        ChatWriteForbidden: they are not in it.
        ChatAdminRequired: only administrators may.
    """
    _member(chat, user_id)
    if not may(chat, user_id, banned):
        raise ChatAdminRequired(str(chat.id))


def check_brings_in(chat: Chat, user_id: int, other_id: int) -> bool:
    """Make somebody a member.

    Returns:
        whether they had left by themselves, which is not everybody's to undo.

    Raises:
        ChatWriteForbidden, ChatAdminRequired: see ``check_permitted``; who was put out comes back through an
            administrator alone.
        UserAlreadyParticipant.
    """
    check_permitted(chat, user_id, Banned.INVITE_USERS)
    other = chat.participant(other_id)
    if other is None:
        return False
    if other.standing is Standing.PRESENT:
        raise UserAlreadyParticipant(str(other_id))
    if other.standing is Standing.REMOVED:
        _admin(chat, user_id)
    return other.standing is Standing.LEFT


def check_puts_out(chat: Chat, user_id: int, other_id: int) -> Participant:
    """Leave (oneself), or put somebody out: the creator everybody, administrators members, members whom they brought.

    Returns:
        who goes.

    Raises:
        ChatWriteForbidden, UserNotParticipant, ChatAdminRequired.
    """
    other = chat.member(other_id)
    if other is None:
        raise UserNotParticipant(str(other_id))
    me = _member(chat, user_id)
    brought = other.role is Role.MEMBER and other.inviter_id == user_id
    if user_id != other_id and me.role <= other.role and not brought:
        raise ChatAdminRequired(str(chat.id))
    return other


def check_appoints(chat: Chat, user_id: int, other_id: int) -> Participant:
    """Make a member an administrator or a member again: the creator.

    Returns:
        whose role changes.

    Raises:
        ChatAdminRequired, UserNotParticipant.
    """
    _creator(chat, user_id)
    other = chat.member(other_id)
    if other is None:
        raise UserNotParticipant(str(other_id))
    return other


def check_gives_away(chat: Chat, user_id: int, other_id: int) -> None:
    """Make another member the creator: the creator.

    Raises:
        ChatAdminRequired, UserNotParticipant.
    """
    _creator(chat, user_id)
    if chat.member(other_id) is None:
        raise UserNotParticipant(str(other_id))


def check_restricts(chat: Chat, user_id: int) -> None:
    """Say what members may not do: administrators.

    Raises:
        ChatAdminRequired.
    """
    _admin(chat, user_id)


def check_protects(chat: Chat, user_id: int) -> None:
    """Forbid that what is written there is copied: the creator.

    Raises:
        ChatAdminRequired.
    """
    _creator(chat, user_id)


def check_sets_lifetime(chat: Chat, user_id: int) -> None:
    """Say how long messages stay: administrators, who may delete them as well.

    Raises:
        ChatAdminRequired.
    """
    _admin(chat, user_id)


def check_closes(chat: Chat, user_id: int) -> None:
    """Delete the group for everybody: the creator, while they are in it.

    Raises:
        ChatAdminRequired.
    """
    _creator(chat, user_id)


def may_delete_for_all(chat: Chat, user_id: int, sender_id: int) -> bool:
    """Whether a message may be taken from everybody: one's own while one is in the group, administrators any."""
    participant = chat.member(user_id)
    return participant is not None and (sender_id == user_id or participant.role is not Role.MEMBER)


def check_makes_links(chat: Chat, user_id: int) -> None:
    """Make an invite link of one's own: administrators.

    Raises:
        ChatAdminRequired.
    """
    _admin(chat, user_id)


def check_manages_link(chat: Chat, user_id: int, admin_id: int) -> None:
    """See, change, revoke and forget the links of ``admin_id``: administrators their own, the creator everybody's.

    Raises:
        ChatAdminRequired.
    """
    if _admin(chat, user_id).role is not Role.CREATOR and user_id != admin_id:
        raise ChatAdminRequired(str(chat.id))


def check_sees_link_makers(chat: Chat, user_id: int) -> None:
    """See who has how many links: the creator.

    Raises:
        ChatAdminRequired.
    """
    _creator(chat, user_id)


def check_lets_in(chat: Chat, user_id: int) -> None:
    """See who asks to be let in, and decide: administrators.

    Raises:
        ChatAdminRequired.
    """
    _admin(chat, user_id)


def check_enters(chat: Chat, user_id: int, *, usable: bool) -> None:
    """Come in by a link.

    Args:
        usable: the link is neither revoked nor run out nor used up.

    Raises:
        UserAlreadyParticipant.
        InviteHashExpired: also for who was put out: they do not come back on their own.
    """
    participant = chat.participant(user_id)
    if chat.member(user_id) is not None:
        raise UserAlreadyParticipant(str(user_id))
    if chat.deactivated or not usable or (participant is not None and participant.standing is Standing.REMOVED):
        raise InviteHashExpired
