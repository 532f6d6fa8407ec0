"""Whom one may bring into a group: facts about the two, and what the other one allows (privacy key ``ChatInvite``)."""

from collections.abc import Mapping, Sequence

from teamgram.database import Transaction
from teamgram.domain.chats.errors import BotGroupsBlocked, UserNotMutualContact
from teamgram.domain.contacts.relations import (
    BlockedByPeer,
    PeerBlockedByOwner,
    PeerDeactivated,
    Relation,
    is_token_bot_txn,
    relations_txn,
)
from teamgram.domain.privacy.errors import UserPrivacyRestricted
from teamgram.domain.privacy.facts import allowing_txn
from teamgram.domain.privacy.keys import CHAT_INVITE
from teamgram.domain.users.store import users_by_id_txn
from teamgram.domain.users.user import SERVICE_USER_ID, UserNotFound


def check_brings(relation: Relation, *, allowed: bool) -> None:
    """Whether the one may put the other into a group, whatever the group says.

    Args:
        allowed: the other's ``ChatInvite`` rules let the one.

    Raises:
        PeerBlockedByOwner, BlockedByPeer, PeerDeactivated.
        UserNotFound: the service account is in no group.
        UserPrivacyRestricted.
    """
    if relation.other_id == SERVICE_USER_ID:
        raise UserNotFound(f"{SERVICE_USER_ID} is nobody to bring anywhere")
    if relation.other_is_deleted:
        raise PeerDeactivated(str(relation.other_id))
    if relation.has_blocked:
        raise PeerBlockedByOwner(str(relation.other_id))
    if relation.is_blocked:
        raise BlockedByPeer(str(relation.other_id))
    # Bots have no settings of their own, and are there to be added.
    if not allowed and not relation.other_is_bot:
        raise UserPrivacyRestricted(str(relation.other_id))


def check_brings_txn(txn: Transaction, user_id: int, other_id: int) -> None:
    """``check_brings`` for one other user.

    Raises:
        as ``check_brings``.
    """
    relation = relations_txn(txn, user_id, [other_id]).get(other_id)
    if relation is None:
        raise UserNotFound(f"no user {other_id}")
    check_brings(relation, allowed=other_id in _allowing_txn(txn, user_id, {other_id: relation}))
    _check_goes_into_groups_txn(txn, {other_id: relation})


def _check_goes_into_groups_txn(txn: Transaction, others: Mapping[int, Relation]) -> None:
    """Bots whose owners keep them out of groups.

    Raises:
        BotGroupsBlocked.
    """
    bots = [other_id for other_id, relation in others.items() if relation.other_is_bot]
    for user in users_by_id_txn(txn, bots).values() if bots else ():
        if user.traits.no_groups:
            raise BotGroupsBlocked(str(user.id))


def _allowing_txn(txn: Transaction, user_id: int, others: Mapping[int, Relation]) -> set[int]:
    """Those who let the one bring them; nobody lets a bot, which would write so to whom it may not write first."""
    if any(relation.is_bot for relation in others.values()) and is_token_bot_txn(txn, user_id):
        return set()
    return set(allowing_txn(txn, CHAT_INVITE, list(others), user_id))


def check_brings_back_txn(txn: Transaction, user_id: int, other_id: int) -> None:
    """Whether the one may bring the other back who left: somebody whom the other knows may.

    Raises:
        UserNotMutualContact: the other does not have the one in the address book.
    """
    txn.execute("SELECT 1 FROM contacts WHERE owner_id = ? AND contact_id = ?", (other_id, user_id))
    if txn.fetchone() is None:
        raise UserNotMutualContact(str(other_id))


def invited_txn(txn: Transaction, user_id: int, other_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """Those who come along into a new group, and those who do not want to (by their rules, or a block).

    Raises:
        UserNotFound, PeerDeactivated: see ``check_brings``.
        BotGroupsBlocked.
    """
    relations = relations_txn(txn, user_id, other_ids)
    _check_goes_into_groups_txn(txn, relations)
    allowing = _allowing_txn(txn, user_id, relations)
    invited: list[int] = []
    missing: list[int] = []
    for other_id in other_ids:
        if other_id not in relations:
            raise UserNotFound(f"no user {other_id}")
        try:
            check_brings(relations[other_id], allowed=other_id in allowing)
        except (BlockedByPeer, UserPrivacyRestricted):
            missing.append(other_id)
        else:
            invited.append(other_id)
    return invited, missing
