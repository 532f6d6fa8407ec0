"""How who wrote a message is named where it is sent on or quoted: by their id, or only by name (key ``Forwards``)."""

from collections.abc import Iterable
from dataclasses import dataclass

from teamgram.database import Transaction
from teamgram.domain.boxes.message import Message
from teamgram.domain.ids.peer import is_user
from teamgram.domain.privacy.facts import allowing_txn
from teamgram.domain.privacy.keys import FORWARDS
from teamgram.domain.users.store import users_by_id_txn

_DELETED = "Deleted Account"


@dataclass(frozen=True, slots=True)
class Author:
    """One of the two: a marked id, or a name without one."""

    from_id: int = 0
    from_name: str = ""


def authors_txn(txn: Transaction, by_user_id: int, author_ids: Iterable[int]) -> dict[int, Author]:
    """How each author is named in what ``by_user_id`` sends on, as the author allows that user."""
    ids = sorted(set(author_ids))
    allowing = allowing_txn(txn, FORWARDS, ids, by_user_id)
    hidden = users_by_id_txn(txn, [author_id for author_id in ids if author_id not in allowing])
    authors = {author_id: Author(author_id) for author_id in allowing}
    for author_id in ids:
        if author_id not in allowing:
            user = hidden.get(author_id)
            name = f"{user.first_name} {user.last_name}".strip() if user is not None else ""
            authors[author_id] = Author(from_name=name or _DELETED)
    return authors


def sender_named_txn(txn: Transaction, by_user_id: int, message: Message) -> Author:
    """How who speaks in a message is named in what ``by_user_id`` sends on: a channel by its marked id."""
    speaker = message.from_peer
    return authors_txn(txn, by_user_id, [speaker])[speaker] if is_user(speaker) else Author(speaker)
