"""What becomes of invite links after they were made; what is done to those of channels stands in their log."""

import secrets
from dataclasses import replace
from typing import Any

from teamgram.database import Transaction
from teamgram.domain.channels.admin_log import AdminEvent, log_txn
from teamgram.domain.channels.invite_events import InviteChanged, InviteForgotten, InviteRevoked, InviteRow
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import InviteHashExpired, InviteHashInvalid, InvitePermanent, UsageLimitInvalid
from teamgram.domain.chats.invite import COLUMNS, Invite
from teamgram.domain.ids.peer import channel_id_of, is_channel
from teamgram.domain.invites.lists import counted_txn
from teamgram.domain.invites.place import check_manages_link, invite_for_txn, place_txn

HASH_BYTES = 12


def new_permanent(group_id: int, admin_id: int, now: int) -> Invite:
    """An administrator's main link, which is yet to be written down."""
    return Invite(secrets.token_urlsafe(HASH_BYTES), group_id, admin_id, "", now, 0, 0, 0, False, True)


def insert_txn(txn: Transaction, invite: Invite) -> Invite:
    """Write a new link down."""
    txn.execute(
        f"INSERT INTO chat_invites ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?)",
        (
            invite.hash,
            invite.chat_id,
            invite.admin_id,
            invite.title,
            invite.created_at,
            invite.expires_at,
            invite.usage_limit,
            int(invite.permanent),
            int(invite.request_needed),
        ),
    )
    return invite


def shown_txn(txn: Transaction, user_id: int, group_id: int, hash_: str) -> Invite:
    """See ``InviteLinks.get``."""
    (invite,) = counted_txn(txn, [invite_for_txn(txn, user_id, group_id, hash_)])
    return invite


def _changeable_txn(txn: Transaction, user_id: int, group_id: int, hash_: str) -> Invite:
    invite = invite_for_txn(txn, user_id, group_id, hash_, lock=True)
    if invite.revoked:
        raise InviteHashExpired
    return invite


def revoke_txn(txn: Transaction, actor: Actor, group_id: int, hash_: str) -> tuple[Invite, Invite | None]:
    """See ``InviteLinks.revoke``."""
    invite = _changeable_txn(txn, actor.user_id, group_id, hash_)
    txn.execute("UPDATE chat_invites SET revoked = 1 WHERE hash = ?", (hash_,))
    new = insert_txn(txn, new_permanent(group_id, invite.admin_id, actor.now)) if invite.permanent else None
    _log_txn(txn, actor, InviteRevoked(InviteRow.of(replace(invite, revoked=True))), group_id)
    (invite,) = counted_txn(txn, [replace(invite, revoked=True)])
    return invite, new


def edit_txn(txn: Transaction, actor: Actor, group_id: int, hash_: str, wanted: dict[str, Any]) -> Invite:
    """See ``InviteLinks.edit``; ``wanted``: by field, what is another now."""
    before = _changeable_txn(txn, actor.user_id, group_id, hash_)
    invite = replace(before, **wanted)
    if before.permanent and invite != before:
        raise InvitePermanent(hash_)
    if invite.request_needed and invite.usage_limit:
        raise UsageLimitInvalid(str(invite.usage_limit))
    txn.execute(
        "UPDATE chat_invites SET title = ?, expires_at = ?, usage_limit = ?, request_needed = ? WHERE hash = ?",
        (invite.title, invite.expires_at, invite.usage_limit, int(invite.request_needed), hash_),
    )
    if invite != before:
        _log_txn(txn, actor, InviteChanged(InviteRow.of(before), InviteRow.of(invite)), group_id)
    (invite,) = counted_txn(txn, [invite])
    return invite


def _log_txn(txn: Transaction, actor: Actor, event: AdminEvent, group_id: int) -> None:
    """Channels keep a log; basic groups have none."""
    if is_channel(group_id):
        log_txn(txn, actor, channel_id_of(group_id), event)


def delete_txn(txn: Transaction, actor: Actor, group_id: int, hash_: str) -> None:
    """See ``InviteLinks.delete_revoked``."""
    invite = invite_for_txn(txn, actor.user_id, group_id, hash_, lock=True)
    if not invite.revoked:
        raise InviteHashInvalid
    _log_txn(txn, actor, InviteForgotten(InviteRow.of(invite)), group_id)
    txn.execute("DELETE FROM chat_invites WHERE hash = ?", (hash_,))
    txn.execute("DELETE FROM chat_invite_uses WHERE hash = ?", (hash_,))


def delete_all_txn(txn: Transaction, user_id: int, group_id: int, admin_id: int) -> None:
    """See ``InviteLinks.delete_all_revoked``."""
    check_manages_link(place_txn(txn, user_id, group_id, lock=True), user_id, admin_id)
    of_admin = "FROM chat_invites WHERE chat_id = ? AND revoked = 1 AND admin_id = ?"
    txn.execute(f"DELETE FROM chat_invite_uses WHERE hash IN (SELECT hash {of_admin})", (group_id, admin_id))
    txn.execute(f"DELETE {of_admin}", (group_id, admin_id))
