"""Who may talk to an agent: one rule for whatever is written to it and whatever is pressed. Plain Python."""

from collections.abc import Container
from enum import Enum

from teamgram.domain.ids.peer import is_user
from teamgram.openclaw.config.telegram import TelegramSection, names_account


class Access(Enum):
    """What becomes of what somebody writes: it is answered, they are asked to pair, or nothing happens at all."""

    ANSWER, PAIR, NOTHING = range(3)


def access(
    section: TelegramSection, sender_id: int, peer: int, owners: Container[int], paired: Container[int]
) -> Access:
    """Whether somebody may talk to an agent there.

    Who was let in by a code may talk to it in private and nowhere else: what is said in a group is everybody's there.

    Args:
        peer: marked id of the dialog.
        paired: whom the operator let in.
    """
    if not section.enabled:
        return Access.NOTHING
    if not is_user(peer):
        return Access.ANSWER if _in_group(section, sender_id, peer, owners) else Access.NOTHING
    policy = section.dm_policy
    if policy == "disabled":
        return Access.NOTHING
    if names_account(section.allow_from, sender_id) or sender_id in owners:
        return Access.ANSWER
    if policy == "pairing":
        return Access.ANSWER if sender_id in paired else Access.PAIR
    return Access.NOTHING


def _in_group(section: TelegramSection, sender_id: int, peer: int, owners: Container[int]) -> bool:
    group = section.group(peer)
    if group is None or not group.enabled:
        return False
    policy = group.group_policy or section.group_policy
    if policy != "allowlist":
        return policy == "open"
    named = section.allow_from if section.group_allow_from is None else section.group_allow_from
    if group.allow_from is not None:
        named = group.allow_from
    return sender_id in owners or names_account(named, sender_id)
