"""Who wants to know when something about a user changes."""

from collections.abc import Awaitable, Callable, Container, Iterable

from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.sight import sees, shows
from teamgram.domain.privacy.keys import STATUS_TIMESTAMP
from teamgram.domain.privacy.privacy import Privacy

DialogPeers = Callable[[int], Awaitable[Iterable[int]]]
"""The users with whom a user has a private chat."""


class Watchers:
    """Those who have a user as a contact, those the user has, and those with whom they write (``dialog_peers``)."""

    def __init__(self, contacts: Contacts, dialog_peers: DialogPeers) -> None:
        self._contacts = contacts
        self._dialog_peers = dialog_peers

    async def of(self, user_id: int) -> set[int]:
        """The ids, never the user's own."""
        book = await self._contacts.book(user_id)
        watchers = {*book.added_by, *book.contacts, *await self._dialog_peers(user_id)}
        watchers.discard(user_id)
        return watchers


class StatusWatchers:
    """Those who may know to the second when a user comes and goes.

    Who sees it roughly is told nothing: the moment in which "recently" is said again would tell them.
    """

    def __init__(self, watchers: Watchers, contacts: Contacts, privacy: Privacy) -> None:
        self._watchers = watchers
        self._contacts = contacts
        self._privacy = privacy

    async def of(self, user_id: int, here: Container[int]) -> list[int]:
        """The ids of those of them who are ``here``."""
        found = [watcher for watcher in await self._watchers.of(user_id) if watcher in here]
        if not found:
            return found
        book = await self._contacts.book(user_id)
        rules = await self._privacy.get([user_id, *found])
        return [
            watcher
            for watcher in found
            if shows(book, rules[user_id], watcher, STATUS_TIMESTAMP)
            and sees(book, watcher, rules[watcher], STATUS_TIMESTAMP)
        ]
