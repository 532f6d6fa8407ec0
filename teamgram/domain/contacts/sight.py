"""What one user sees of another: pure functions over the viewer's address book and both sides' rules.

These are asked where users are drawn, from what lies in memory. What changes
something is decided from the database, in the transaction that changes it: ``privacy.facts``.
"""

from enum import Enum

from teamgram.domain.contacts.book import AddressBook
from teamgram.domain.privacy.keys import ADDED_BY_PHONE, PHONE_NUMBER, PROFILE_PHOTO, STATUS_TIMESTAMP
from teamgram.domain.privacy.rules import PrivacyKey, PrivacyRules, allows
from teamgram.domain.users.user import User

STRANGER = AddressBook(0, {}, frozenset(), {}, frozenset())
"""The book of somebody who knows nobody and is known to nobody."""


def are_strangers(book: AddressBook, own_rules: PrivacyRules, user_id: int, rules: PrivacyRules) -> bool:
    """Whether the owner of ``book`` sees a user as ``STRANGER`` does: neither book nor rules say anything of the two.

    True only where that is plain to see; False costs no more than looking closer.
    """
    return not (
        rules
        or STATUS_TIMESTAMP in own_rules
        or user_id == book.owner_id
        or user_id in book.contacts
        or user_id in book.added_by
        or user_id in book.close_friend_of
        or user_id in book.blocked
        or user_id in book.blocked_by
    )


def sees(book: AddressBook, user_id: int, rules: PrivacyRules, key: PrivacyKey) -> bool:
    """Whether the owner of ``book`` sees what ``key`` is about of a user; not of who has blocked them.

    Args:
        rules: the user's own.
    """
    if user_id == book.owner_id:
        return True
    return user_id not in book.blocked_by and allows(
        rules,
        key,
        book.owner_id,
        is_contact=user_id in book.added_by,
        is_close_friend=user_id in book.close_friend_of,
    )


def visible_phone(user: User, book: AddressBook, rules: PrivacyRules) -> str:
    """The user's number if the owner of ``book`` may see it, else an empty string."""
    if not user.phone or user.id == book.owner_id:
        return user.phone
    contact = book.contacts.get(user.id)
    if contact is not None and contact.phone == user.phone and sees(book, user.id, rules, ADDED_BY_PHONE):
        # They had it already. Who may not find the user by it has guessed it, and is not told whether rightly.
        return user.phone
    return user.phone if sees(book, user.id, rules, PHONE_NUMBER) else ""


def shows(book: AddressBook, own_rules: PrivacyRules, user_id: int, key: PrivacyKey) -> bool:
    """Whether the owner of ``book`` lets that user see what ``key`` is about of them: ``sees``, the other way."""
    if user_id == book.owner_id:
        return True
    contact = book.contacts.get(user_id)
    return user_id not in book.blocked and allows(
        own_rules,
        key,
        user_id,
        is_contact=contact is not None,
        is_close_friend=contact is not None and contact.is_close_friend,
    )


class PhotoSight(Enum):
    """Which of a user's photos are seen."""

    PHOTOS = 1
    FALLBACK = 2
    NOTHING = 3


def photo_sight(book: AddressBook, user_id: int, rules: PrivacyRules) -> PhotoSight:
    """Which photos the owner of ``book`` sees of a user: who is blocked none, who may not see theirs the fallback."""
    if user_id in book.blocked_by:
        return PhotoSight.NOTHING
    return PhotoSight.PHOTOS if sees(book, user_id, rules, PROFILE_PHOTO) else PhotoSight.FALLBACK


class Seen(Enum):
    """How exactly a user's last time online is seen."""

    EXACTLY = 1
    ROUGHLY = 2
    #: Roughly, because the viewer hides theirs from that user (``by_me``).
    ROUGHLY_BY_ME = 3


def last_seen(book: AddressBook, own_rules: PrivacyRules, user_id: int, rules: PrivacyRules) -> Seen:
    """How the owner of ``book`` sees a user's last time online: who hides theirs does not see the other's."""
    if not sees(book, user_id, rules, STATUS_TIMESTAMP):
        return Seen.ROUGHLY
    return Seen.EXACTLY if shows(book, own_rules, user_id, STATUS_TIMESTAMP) else Seen.ROUGHLY_BY_ME
