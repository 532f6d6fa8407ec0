"""Who wants to know when something about a user changes."""

from collections.abc import Awaitable, Callable, Iterable

from teamgram.domain.contacts.contacts import Contacts

DialogPeers = Callable[[int], Awaitable[Iterable[int]]]
"""The users with whom a user has a private chat."""


class Watchers:
    """Those who have a user as a contact, those the user has, and those with whom they write.

    Attributes:
        dialog_peers: tells the last; set once conversations are there.
    """

    def __init__(self, contacts: Contacts, dialog_peers: DialogPeers | None = None) -> None:
        self._contacts = contacts
        self.dialog_peers = dialog_peers

    async def of(self, user_id: int) -> set[int]:
        """The ids, never the user's own."""
        book = await self._contacts.book(user_id)
        watchers = {*book.added_by, *book.contacts}
        if self.dialog_peers is not None:
            watchers.update(await self.dialog_peers(user_id))
        watchers.discard(user_id)
        return watchers
