"""Lists of invite links, a page at a time: an administrator's, who came by one, who has any."""

from collections.abc import Sequence
from dataclasses import replace

from teamgram.database import Transaction
from teamgram.domain.boxes.store import marks
from teamgram.domain.chats.invite import COLUMNS, Invite, InvitePage, invite_of, invite_txn
from teamgram.domain.invites.place import check_manages_link, check_sees_link_makers, invite_for_txn, place_txn

MAX_PAGE = 100


def listed_txn(
    txn: Transaction,
    user_id: int,
    group_id: int,
    admin_id: int,
    revoked: bool,
    limit: int,
    after: tuple[int, str] | None,
) -> InvitePage:
    """See ``InviteLinks.listed``."""
    check_manages_link(place_txn(txn, user_id, group_id), user_id, admin_id)
    of_admin = "FROM chat_invites WHERE chat_id = ? AND admin_id = ? AND revoked = ?"
    which = (group_id, admin_id, int(revoked))
    txn.execute(f"SELECT COUNT(*) {of_admin}", which)
    (count,) = txn.fetchone() or (0,)
    further = ""
    bounds: tuple[int | str, ...] = ()
    if after is not None:
        date, hash_ = after
        last = invite_txn(txn, hash_)
        # The main one stands first, whenever it was made; a main one that was revoked stands with the others.
        first = last is not None and last.permanent and not revoked
        further = " AND (permanent = 0 OR revoked = 1)"
        if not first:
            further += " AND (created_at < ? OR (created_at = ? AND hash > ?))"
            bounds = (date, date, hash_)
    txn.execute(
        f"SELECT {COLUMNS} {of_admin}{further}"
        " ORDER BY CASE WHEN revoked = 0 THEN permanent ELSE 0 END DESC, created_at DESC, hash LIMIT ?",
        (*which, *bounds, min(max(limit, 1), MAX_PAGE)),
    )
    return InvitePage(count, tuple(counted_txn(txn, [invite_of(row) for row in txn.fetchall()])))


def counted_txn(txn: Transaction, invites: Sequence[Invite]) -> list[Invite]:
    """The links as they are shown: each with how many have asked by it and wait."""
    asked = [invite.hash for invite in invites if invite.request_needed]
    if not asked:
        return list(invites)
    txn.execute(f"SELECT hash, COUNT(*) FROM join_requests WHERE hash IN ({marks(asked)}) GROUP BY hash", asked)
    waiting: dict[str, int] = dict(txn.fetchall())
    return [replace(invite, waiting=waiting.get(invite.hash, 0)) for invite in invites]


def uses_txn(
    txn: Transaction, user_id: int, group_id: int, hash_: str, limit: int, after: tuple[int, int] | None
) -> InvitePage:
    """See ``InviteLinks.uses``."""
    invite_for_txn(txn, user_id, group_id, hash_)
    txn.execute("SELECT COUNT(*) FROM chat_invite_uses WHERE hash = ?", (hash_,))
    (count,) = txn.fetchone() or (0,)
    further = ""
    bounds: tuple[int, ...] = ()
    if after is not None:
        date, last_id = after
        further, bounds = " AND (joined_at < ? OR (joined_at = ? AND user_id < ?))", (date, date, last_id)
    txn.execute(
        f"SELECT user_id, joined_at, approved_by FROM chat_invite_uses WHERE hash = ?{further}"
        " ORDER BY joined_at DESC, user_id DESC LIMIT ?",
        (hash_, *bounds, min(max(limit, 1), MAX_PAGE)),
    )
    return InvitePage(count, uses=tuple((row[0], row[1], row[2]) for row in txn.fetchall()))


def admins_txn(txn: Transaction, user_id: int, group_id: int) -> list[tuple[int, int, int]]:
    """See ``InviteLinks.admins``."""
    check_sees_link_makers(place_txn(txn, user_id, group_id), user_id)
    txn.execute(
        "SELECT admin_id, SUM(1 - revoked), SUM(revoked) FROM chat_invites WHERE chat_id = ?"
        " GROUP BY admin_id ORDER BY admin_id",
        (group_id,),
    )
    return [(row[0], int(row[1]), int(row[2])) for row in txn.fetchall()]
