"""One user's relations to others, both ways, as one immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass

from teamgram.domain.files.file import Avatar


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as its owner saved it.

    Attributes:
        phone: digits as the owner knows them; empty when added without a number.
        is_mutual: the contact has the owner in their book, too.
        note: what the owner wrote about the contact.
        photo: what the owner alone sees as their photo.
    """

    user_id: int
    first_name: str
    last_name: str = ""
    phone: str = ""
    is_mutual: bool = False
    is_close_friend: bool = False
    note: str = ""
    photo: Avatar | None = None


@dataclass(frozen=True, slots=True)
class SavedPhone:
    """A line of somebody's phone book that is nobody's number here.

    Attributes:
        phone: digits.
        added_at: unix seconds.
    """

    phone: str
    first_name: str
    last_name: str
    added_at: int


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Everything that decides how ``owner_id`` sees others and is seen by them.

    Attributes:
        contacts: the owner's contacts by user id.
        added_by: users who have the owner as a contact.
        close_friend_of: those of them who count the owner among their close friends.
        blocked: users whom the owner blocked -> when, in unix seconds.
        blocked_by: users who blocked the owner.
    """

    owner_id: int
    contacts: Mapping[int, Contact]
    added_by: frozenset[int]
    blocked: Mapping[int, int]
    blocked_by: frozenset[int]
    close_friend_of: frozenset[int] = frozenset()
