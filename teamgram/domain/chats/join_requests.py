"""Who asks to be let into groups and channels: the rows, and how administrators hear of them.

A *group id* is a basic group's id, or a channel's marked id, as in what links are kept under.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Transaction
from teamgram.domain.bot_news.news import JoinAsked, note_txn, takers_txn
from teamgram.domain.boxes.store import marks
from teamgram.domain.chats import store
from teamgram.domain.chats.errors import JoinRequestsTooMany
from teamgram.domain.chats.invite import Invite, invite_txn
from teamgram.domain.ids.peer import is_channel, marked_chat
from teamgram.domain.updates.events import AskedByLink, JoinRequested, JoinRequestsPending
from teamgram.domain.updates.fanout import Fanout

MAX_PENDING = 500
"""Groups that somebody may wait for at once: as many as they may be in."""

MAX_COUNTED = 10_000
"""There may be more who wait; nobody counts further."""

SHOWN = 3
"""Of those who wait, so many are named beside the count: clients show their pictures."""


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """Somebody who waits.

    Attributes:
        hash: the link that they asked by; empty where they asked at a public group itself.
        requested_at: unix seconds.
    """

    user_id: int
    hash: str
    requested_at: int


@dataclass(frozen=True, slots=True)
class Pending:
    """Who waits for a group.

    Attributes:
        count: up to ``MAX_COUNTED``.
        recent: the latest, ``SHOWN`` of them.
    """

    count: int = 0
    recent: tuple[int, ...] = ()


def request_txn(txn: Transaction, group_id: int, user_id: int) -> JoinRequest | None:
    """What somebody asked, if they wait."""
    txn.execute("SELECT hash, requested_at FROM join_requests WHERE group_id = ? AND user_id = ?", (group_id, user_id))
    row = txn.fetchone()
    return JoinRequest(user_id, row[0], row[1]) if row is not None else None


def ask_txn(txn: Transaction, group_id: int, request: JoinRequest) -> bool:
    """Write down that somebody asks; False: they waited already, and the newer link counts.

    Raises:
        JoinRequestsTooMany.
    """
    user_id = request.user_id
    is_new = request_txn(txn, group_id, user_id) is None
    if is_new:
        txn.execute("SELECT COUNT(*) FROM join_requests WHERE user_id = ?", (user_id,))
        row = txn.fetchone()
        if row is not None and row[0] >= MAX_PENDING:
            raise JoinRequestsTooMany(str(user_id))
    changes = {"hash": request.hash, "requested_at": request.requested_at}
    txn.upsert("join_requests", {"group_id": group_id, "user_id": user_id}, changes)
    return is_new


def forget_requests_txn(txn: Transaction, group_id: int, user_ids: Sequence[int]) -> bool:
    """These do not wait any more; False: none of them did."""
    which, params = f"FROM join_requests WHERE group_id = ? AND user_id IN ({marks(user_ids)})", (group_id, *user_ids)
    # Looked for first: most who come in have not asked, and deleting nothing would hold a gap against who asks now.
    txn.execute(f"SELECT 1 {which} LIMIT 1", params)
    if txn.fetchone() is None:
        return False
    txn.execute(f"DELETE {which}", params)
    return True


def forget_all_requests_txn(txn: Transaction, group_id: int) -> None:
    """Nobody waits for a group that is no more."""
    txn.execute("DELETE FROM join_requests WHERE group_id = ?", (group_id,))


def move_requests_txn(txn: Transaction, group_id: int, new_group_id: int) -> None:
    """Whoever waited for the one waits for the other."""
    txn.execute("UPDATE join_requests SET group_id = ? WHERE group_id = ?", (new_group_id, group_id))


def pending_txn(txn: Transaction, group_id: int) -> Pending:
    """Who waits for a group."""
    txn.execute(
        "SELECT user_id FROM join_requests WHERE group_id = ? ORDER BY requested_at DESC, user_id DESC LIMIT ?",
        (group_id, SHOWN),
    )
    recent = tuple(row[0] for row in txn.fetchall())
    if len(recent) < SHOWN:
        return Pending(len(recent), recent)
    txn.execute(
        "SELECT COUNT(*) FROM (SELECT 1 FROM join_requests WHERE group_id = ? LIMIT ?) AS counted",
        (group_id, MAX_COUNTED),
    )
    row = txn.fetchone()
    return Pending(row[0] if row else 0, recent)


def marked_of(group_id: int) -> int:
    """The marked id of what a group id means."""
    return group_id if is_channel(group_id) else marked_chat(group_id)


def tell_pending_txn(txn: Transaction, fanout: Fanout, group_id: int, admin_ids: Sequence[int]) -> None:
    """After the commit these administrators hear who waits now."""
    if admin_ids:
        pending = pending_txn(txn, group_id)
        event = JoinRequestsPending(marked_of(group_id), pending.count, pending.recent)
        txn.call_after(fanout.publish, tuple(admin_ids), event)


def tell_bots_txn(
    txn: Transaction, fanout: Fanout, group_id: int, admin_ids: Sequence[int], request: JoinRequest
) -> None:
    """After the commit those of the administrators that are bots hear of one who asks."""
    bots = bots_among_txn(txn, admin_ids)
    if bots:
        invite = invite_txn(txn, request.hash) if request.hash else None
        event = JoinRequested(
            marked_of(group_id),
            request.user_id,
            request.requested_at,
            asked_by(invite) if invite is not None else None,
        )
        txn.call_after(fanout.publish, tuple(bots), event)
        asked = JoinAsked(marked_of(group_id), request.user_id, request.requested_at, request.hash)
        takers = takers_txn(txn, bots, "chat_join_request")
        note_txn(txn, fanout.bus, [(bot_id, asked) for bot_id in takers], request.requested_at)


def asked_by(invite: Invite) -> AskedByLink:
    """A link as the event tells of it."""
    return AskedByLink(
        invite.hash,
        invite.admin_id,
        invite.title,
        invite.created_at,
        invite.expires_at,
        invite.permanent,
        invite.revoked,
    )


def bots_among_txn(txn: Transaction, user_ids: Sequence[int]) -> list[int]:
    """Those of these users that are bots."""
    if not user_ids:
        return []
    txn.execute(f"SELECT id FROM users WHERE is_bot = 1 AND id IN ({marks(user_ids)})", user_ids)
    return [row[0] for row in txn.fetchall()]


def admins_txn(txn: Transaction, chat_id: int) -> list[int]:
    """Who administers a basic group: all of them let people in."""
    return store.admin_ids_txn(txn, chat_id)


def ask_in_chat_txn(txn: Transaction, fanout: Fanout, chat_id: int, request: JoinRequest) -> None:
    """Somebody asks to be let into a basic group, whom a rule lets ask; its administrators hear of it.

    Raises:
        JoinRequestsTooMany.
    """
    if ask_txn(txn, chat_id, request):
        admin_ids = admins_txn(txn, chat_id)
        tell_pending_txn(txn, fanout, chat_id, admin_ids)
        tell_bots_txn(txn, fanout, chat_id, admin_ids, request)


def end_in_chat_txn(txn: Transaction, fanout: Fanout, chat_id: int, *user_ids: int) -> None:
    """These do not wait for the basic group any more; who administers it hears so if they did."""
    if forget_requests_txn(txn, chat_id, user_ids):
        tell_pending_txn(txn, fanout, chat_id, admins_txn(txn, chat_id))
