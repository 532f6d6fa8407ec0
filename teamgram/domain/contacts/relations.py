"""What stands between two users: who they are, and who has blocked whom.

The facts are read in the transaction that acts on them; the rules over them
are pure. Every road to a private chat asks here: a person's client, an agent's
reply, the control plane's ``send``.
"""

from collections.abc import Sequence

import msgspec

from teamgram.database import Transaction
from teamgram.domain.errors import DomainError
from teamgram.domain.users.user import UserNotFound


class PeerBlockedByOwner(DomainError):
    """The user has blocked whom they write to."""


class PeerDeactivated(DomainError):
    """The other account is deleted."""


class PeerIsBot(DomainError):
    """A bot does not write to a bot."""


class NotBegun(DomainError):
    """A bot writes to somebody who has not written to it."""


class BlockedByPeer(DomainError):
    """The other one has blocked the user, which only a bot is told."""


_USERS_PER_QUERY = 500


class Relation(msgspec.Struct, frozen=True):
    """Two users, as one of them acts towards the other.

    Attributes:
        is_bot: the one who acts.
        has_blocked: the one who acts has blocked the other.
        is_blocked: the other has blocked the one who acts.
        ttl: seconds after which messages between the two delete themselves, 0 for never; None: nobody has chosen.
        default_ttl: what the one who acts wants that to be in conversations that they begin.
    """

    user_id: int
    other_id: int
    is_bot: bool = False
    other_is_bot: bool = False
    other_is_deleted: bool = False
    has_blocked: bool = False
    is_blocked: bool = False
    ttl: int | None = None
    default_ttl: int = 0


def relation_txn(txn: Transaction, user_id: int, other_id: int) -> Relation:
    """What stands between the two now.

    Raises:
        UserNotFound: nobody has one of the ids.
    """
    # Two look-ups by key: for a list of ids SQLite would build a table first, which costs more than they do.
    txn.execute(
        "SELECT me.is_bot, other.is_bot, other.is_deleted,"
        " EXISTS (SELECT 1 FROM blocks WHERE owner_id = me.id AND blocked_id = other.id),"
        " EXISTS (SELECT 1 FROM blocks WHERE owner_id = other.id AND blocked_id = me.id),"
        " (SELECT seconds FROM private_ttls WHERE owner_id = me.id AND peer = other.id), me.default_ttl"
        " FROM users me CROSS JOIN users other WHERE me.id = ? AND other.id = ?",
        (user_id, other_id),
    )
    row = txn.fetchone()
    if row is None:
        raise UserNotFound(f"no user {user_id}, or no user {other_id}")
    return Relation(user_id, other_id, *map(bool, row[:5]), *row[5:])


def relations_txn(txn: Transaction, user_id: int, other_ids: Sequence[int]) -> dict[int, Relation]:
    """As ``relation_txn`` for many at once, by the other's id; ids that nobody has are left out."""
    found: dict[int, Relation] = {}
    mine = is_bot_txn(txn, user_id)
    for start in range(0, len(other_ids), _USERS_PER_QUERY):
        part = other_ids[start : start + _USERS_PER_QUERY]
        txn.execute(
            "SELECT u.id, u.is_bot, u.is_deleted,"
            " (SELECT COUNT(*) FROM blocks b WHERE b.owner_id = ? AND b.blocked_id = u.id),"
            " (SELECT COUNT(*) FROM blocks b WHERE b.owner_id = u.id AND b.blocked_id = ?)"
            f" FROM users u WHERE u.id IN ({', '.join('?' * len(part))})",
            (user_id, user_id, *part),
        )
        for other_id, is_bot, is_deleted, has_blocked, is_blocked in txn.fetchall():
            found[other_id] = Relation(
                user_id, other_id, mine, bool(is_bot), bool(is_deleted), bool(has_blocked), bool(is_blocked)
            )
    return found


def is_bot_txn(txn: Transaction, user_id: int) -> bool:
    """Whether that account is a bot."""
    txn.execute("SELECT is_bot FROM users WHERE id = ?", (user_id,))
    row = txn.fetchone()
    return row is not None and bool(row[0])


def check_writes(relation: Relation) -> bool:
    """Whether what the one writes reaches the other; it does not when the other has blocked them.

    Raises:
        PeerBlockedByOwner, PeerDeactivated: nobody can write so.
        PeerIsBot, BlockedByPeer: to a bot that writes.
    """
    if relation.user_id == relation.other_id:
        return True
    if relation.has_blocked:
        raise PeerBlockedByOwner(str(relation.other_id))
    if relation.other_is_deleted:
        raise PeerDeactivated(str(relation.other_id))
    if relation.is_bot and relation.other_is_bot:
        raise PeerIsBot(str(relation.other_id))
    if relation.is_bot and relation.is_blocked:
        # A person is not told that they are blocked; a bot is.
        raise BlockedByPeer(str(relation.other_id))
    return not relation.is_blocked


def is_token_bot_txn(txn: Transaction, user_id: int) -> bool:
    """Whether that account is a bot that somebody runs by its token: an agent's is not."""
    txn.execute("SELECT 1 FROM bots WHERE user_id = ? AND LENGTH(secret_hash) > 0", (user_id,))
    return txn.fetchone() is not None


def check_begun_txn(txn: Transaction, relation: Relation) -> None:
    """A bot with an owner does not write first, whichever protocol it speaks (docs/bots.md); agents may.

    Raises:
        NotBegun: it would.
    """
    if not relation.is_bot or relation.user_id == relation.other_id:
        return
    txn.execute(
        "SELECT 1 FROM bots b WHERE b.user_id = ? AND LENGTH(b.secret_hash) > 0 AND NOT EXISTS"
        " (SELECT 1 FROM dialogs d WHERE d.owner_id = b.user_id AND d.peer = ? AND d.top_message_id > 0)",
        (relation.user_id, relation.other_id),
    )
    if txn.fetchone() is not None:
        raise NotBegun(str(relation.other_id))


def reaches(relation: Relation) -> bool:
    """Whether what is no writing (typing, reading, taking messages back) has an effect on the other's side."""
    return not (relation.has_blocked or relation.is_blocked)


def takes_back(relation: Relation) -> bool:
    """Whether the one may take messages from the other's box: not out of the hands of who has blocked them."""
    return not relation.is_blocked
