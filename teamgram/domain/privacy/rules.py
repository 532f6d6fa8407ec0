"""Privacy rules as values, and how they are read. Plain Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

PrivacyKey = str
"""What a rule is about, by the tail of TL's ``inputPrivacyKey…`` name: ``PhoneNumber``, ``StatusTimestamp``, …"""


class RuleKind(StrEnum):
    """TL's ``privacyValue…`` names, without that prefix; the strings are stored."""

    ALLOW_ALL = "AllowAll"
    ALLOW_CONTACTS = "AllowContacts"
    ALLOW_USERS = "AllowUsers"
    ALLOW_CLOSE_FRIENDS = "AllowCloseFriends"
    DISALLOW_ALL = "DisallowAll"
    DISALLOW_CONTACTS = "DisallowContacts"
    DISALLOW_USERS = "DisallowUsers"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a privacy setting; ``user_ids`` only for the kinds that name users."""

    kind: RuleKind
    user_ids: tuple[int, ...] = ()


PrivacyRules = Mapping[PrivacyKey, Sequence[Rule]]
"""A user's own settings; what is absent is as ``DEFAULTS`` has it."""

_EVERYBODY = (Rule(RuleKind.ALLOW_ALL),)
_CONTACTS = (Rule(RuleKind.ALLOW_CONTACTS),)

DEFAULTS: PrivacyRules = {"PhoneNumber": _CONTACTS, "Birthday": _CONTACTS}


def rules_for(rules: PrivacyRules, key: PrivacyKey) -> Sequence[Rule]:
    """The rules in force for one key."""
    own = rules.get(key)
    return own if own is not None else DEFAULTS.get(key, _EVERYBODY)


def allows(
    rules: PrivacyRules, key: PrivacyKey, viewer_id: int, *, is_contact: bool, is_close_friend: bool = False
) -> bool:
    """Whether the viewer may see it.

    The narrower rule wins, whatever the order: named users, then close
    friends, then contacts, then everybody; nothing said means no.

    Args:
        is_contact: the *owner* of the rules has the viewer as a contact.
    """
    lines = rules_for(rules, key)
    if lines is _EVERYBODY:
        return True
    by_kind = {line.kind: line for line in lines}
    if RuleKind.DISALLOW_USERS in by_kind and viewer_id in by_kind[RuleKind.DISALLOW_USERS].user_ids:
        return False
    if RuleKind.ALLOW_USERS in by_kind and viewer_id in by_kind[RuleKind.ALLOW_USERS].user_ids:
        return True
    if is_close_friend and RuleKind.ALLOW_CLOSE_FRIENDS in by_kind:
        return True
    if is_contact:
        if RuleKind.DISALLOW_CONTACTS in by_kind:
            return False
        if RuleKind.ALLOW_CONTACTS in by_kind:
            return True
    return RuleKind.ALLOW_ALL in by_kind
