"""Address books and blocks: read through a cache in memory, changed in one transaction each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from teamgram.cache.loaded import LoadedRows, RowsBus
from teamgram.database import Database, Transaction
from teamgram.domain.bot_news.news import KICKED, MEMBER, MemberChanged, note_member_txn
from teamgram.domain.contacts import store
from teamgram.domain.contacts.book import AddressBook, Contact, SavedPhone
from teamgram.domain.contacts.relations import relation_txn
from teamgram.domain.errors import DomainError
from teamgram.domain.files.file import Avatar
from teamgram.domain.privacy.facts import allowing_txn
from teamgram.domain.privacy.keys import ADDED_BY_PHONE
from teamgram.domain.privacy.privacy import rules_txn
from teamgram.domain.users.user import User


class ContactIdInvalid(DomainError):
    """That user cannot be a contact (oneself, a deleted account)."""


class ContactMissing(DomainError):
    """Only for a contact: that user is none."""


class ContactNameEmpty(DomainError):
    """A contact needs a first name."""


@dataclass(frozen=True, slots=True)
class PhoneContact:
    """A line of the owner's phone book; ``phone`` is normalised to digits."""

    client_id: int
    phone: str
    first_name: str
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class ImportedContacts:
    """What became of a phone book.

    Attributes:
        imported: client_id -> user id, for the numbers that have an account.
        popular: client_id -> how many others have that number in their books,
            for numbers without an account.
    """

    imported: dict[int, int]
    popular: dict[int, int]


class Contacts:
    """Everybody's address book."""

    def __init__(self, database: Database, bus: RowsBus, *, max_cached: int = 10_000) -> None:
        self._database = database
        self._bus = bus
        self._books: LoadedRows[int, AddressBook] = LoadedRows.shared("contacts", bus, max_cached)

    def cached(self, user_id: int) -> AddressBook | None:
        """The user's book when it is in memory."""
        return self._books.get(user_id)

    async def book(self, user_id: int) -> AddressBook:
        """The user's book (empty when the user is unknown)."""
        book = self._books.get(user_id)
        if book is None:
            ticket = self._books.start_load()
            try:
                book = await self._database.read("address book", store.book_txn, user_id)
                self._books.finish_load(ticket, {user_id: book})
            finally:
                self._books.abandon_load(ticket)
        return book

    async def is_blocked(self, owner_id: int, user_id: int) -> bool:
        """Whether ``owner_id`` has blocked ``user_id``."""
        return user_id in (await self.book(owner_id)).blocked

    def is_blocked_cached(self, owner_id: int, user_id: int) -> bool | None:
        """As ``is_blocked`` without waiting; None when neither book is in memory."""
        book = self._books.get(owner_id)
        if book is not None:
            return user_id in book.blocked
        book = self._books.get(user_id)
        return None if book is None else owner_id in book.blocked_by

    async def add(
        self, owner_id: int, user: User, first_name: str, last_name: str, phone: str, now: int, note: str = ""
    ) -> Contact:
        """Add a user to the owner's book, or change how they are saved there.

        Args:
            phone: digits as the owner knows them; empty keeps what was known.

        Raises:
            ContactIdInvalid: oneself or a deleted account.
            ContactNameEmpty: no first name.
            UserNotFound: nobody has that id.
        """
        if user.id == owner_id:
            raise ContactIdInvalid(str(user.id))
        if not first_name:
            raise ContactNameEmpty()
        contact = Contact(user.id, first_name, last_name, phone, note=note)
        added: Contact = await self._database.write("add contact", self._add_txn, owner_id, contact, now)
        return added

    def _add_txn(self, txn: Transaction, owner_id: int, contact: Contact, now: int) -> Contact:
        store.lock_books_txn(txn, [owner_id, contact.user_id])
        if relation_txn(txn, owner_id, contact.user_id).other_is_deleted:
            raise ContactIdInvalid(str(contact.user_id))
        added = store.put_contact_txn(txn, owner_id, contact, now)
        txn.call_after(self._books.invalidate, owner_id, contact.user_id)
        return added

    async def saved_phones(self, owner_id: int) -> list[SavedPhone]:
        """The numbers in the owner's phone book that are nobody's here."""
        return await self._database.read("saved phones", store.phones_txn, owner_id)

    async def import_phones(
        self, owner_id: int, entries: Sequence[PhoneContact], users: dict[str, User], now: int
    ) -> ImportedContacts:
        """Take the owner's phone book: accounts become contacts, other numbers are remembered until they sign up.

        Args:
            users: the accounts among the numbers, by number.
        """
        result: ImportedContacts = await self._database.write(
            "import contacts", self._import_txn, owner_id, list(entries), users, now
        )
        return result

    def _import_txn(
        self, txn: Transaction, owner_id: int, entries: list[PhoneContact], users: dict[str, User], now: int
    ) -> ImportedContacts:
        store.lock_books_txn(txn, [owner_id, *(user.id for user in users.values())])
        imported: dict[int, int] = {}
        popular: dict[int, int] = {}
        for entry in entries:
            user = users.get(entry.phone)
            if user is None:
                store.remember_phone_txn(txn, owner_id, entry.phone, entry.first_name, entry.last_name, now)
                popular[entry.client_id] = store.count_phone_txn(txn, entry.phone)
            else:
                imported[entry.client_id] = user.id
                if user.id != owner_id:
                    contact = Contact(user.id, entry.first_name, entry.last_name, entry.phone)
                    store.put_contact_txn(txn, owner_id, contact, now)
        txn.call_after(self._books.invalidate_all, {owner_id, *imported.values()})
        return ImportedContacts(imported, popular)

    async def adopt_phone(self, user: User, now: int) -> list[int]:
        """A number signed up: those who had it in their phone books, and may find it, have a contact now; their ids."""
        owners: list[int] = await self._database.write("adopt phone", self._adopt_txn, user, now)
        return owners

    def _adopt_txn(self, txn: Transaction, user: User, now: int) -> list[int]:
        owners: list[int] = []
        # A new account has no rules yet; one that takes another number may not want to be found by it.
        rules = rules_txn(txn, [user.id])[user.id]
        for owner_id, first_name, last_name in store.forget_phone_txn(txn, user.phone):
            found = ADDED_BY_PHONE not in rules or allowing_txn(txn, ADDED_BY_PHONE, [user.id], owner_id)
            if owner_id != user.id and found:
                store.put_contact_txn(txn, owner_id, Contact(user.id, first_name, last_name, user.phone), now)
                owners.append(owner_id)
        txn.call_after(self._books.invalidate_all, [user.id, *owners])
        return owners

    async def remove(self, owner_id: int, user_ids: Iterable[int]) -> list[int]:
        """Take users out of the owner's book; those that were in it."""
        removed: list[int] = await self._database.write("remove contacts", self._remove_txn, owner_id, list(user_ids))
        return removed

    def _remove_txn(self, txn: Transaction, owner_id: int, user_ids: list[int]) -> list[int]:
        store.lock_books_txn(txn, [owner_id, *user_ids])
        removed = [user_id for user_id in user_ids if store.delete_contact_txn(txn, owner_id, user_id)]
        txn.call_after(self._books.invalidate_all, [owner_id, *removed])
        return removed

    async def forget(self, user_id: int) -> list[int]:
        """An account has ended: it is in nobody's book any more, nor anybody in its own; whose books changed."""
        others: list[int] = await self._database.write("forget contact", self._forget_txn, user_id)
        return others

    def _forget_txn(self, txn: Transaction, user_id: int) -> list[int]:
        others = store.delete_user_txn(txn, user_id)
        txn.call_after(self._books.invalidate_all, [user_id, *others])
        return others

    async def set_close_friends(self, owner_id: int, user_ids: Iterable[int]) -> None:
        """Exactly these of the owner's contacts are close friends."""
        await self._database.write("close friends", self._close_friends_txn, owner_id, list(user_ids))

    def _close_friends_txn(self, txn: Transaction, owner_id: int, user_ids: list[int]) -> None:
        before = store.close_friends_txn(txn, owner_id)
        store.set_close_friends_txn(txn, owner_id, user_ids)
        txn.call_after(self._books.invalidate_all, {owner_id, *before, *user_ids})

    def set_photo_txn(self, txn: Transaction, owner_id: int, user_id: int, avatar: Avatar | None) -> None:
        """Change what the owner alone sees as a contact's photo, or (None) see their own again.

        Raises:
            ContactMissing: that user is none of the owner's contacts.
        """
        if not store.is_contact_txn(txn, owner_id, user_id):
            raise ContactMissing(str(user_id))
        store.set_photo_txn(txn, owner_id, user_id, avatar)
        txn.call_after(self._books.invalidate, owner_id)

    async def set_note(self, owner_id: int, user_id: int, note: str) -> bool:
        """Write a note on a contact; False when the user is not one."""
        found: bool = await self._database.write("contact note", self._note_txn, owner_id, user_id, note)
        return found

    def _note_txn(self, txn: Transaction, owner_id: int, user_id: int, note: str) -> bool:
        txn.call_after(self._books.invalidate, owner_id)
        return store.set_note_txn(txn, owner_id, user_id, note)

    async def block(self, owner_id: int, user_id: int, now: int) -> bool:
        """Block a user; False when they were blocked already."""
        changed: bool = await self._database.write("block", self._block_txn, owner_id, user_id, now)
        return changed

    def _block_txn(self, txn: Transaction, owner_id: int, user_id: int, now: int) -> bool:
        txn.call_after(self._books.invalidate, owner_id, user_id)
        changed = store.block_txn(txn, owner_id, user_id, now)
        if changed:
            note_member_txn(txn, self._bus, (), MemberChanged(owner_id, owner_id, user_id, now, MEMBER, KICKED))
        return changed

    async def unblock(self, owner_id: int, user_id: int, now: int) -> bool:
        """Lift a block; False when there was none."""
        changed: bool = await self._database.write("unblock", self._unblock_txn, owner_id, user_id, now)
        return changed

    def _unblock_txn(self, txn: Transaction, owner_id: int, user_id: int, now: int) -> bool:
        txn.call_after(self._books.invalidate, owner_id, user_id)
        changed = store.unblock_txn(txn, owner_id, user_id)
        if changed:
            note_member_txn(txn, self._bus, (), MemberChanged(owner_id, owner_id, user_id, now, KICKED, MEMBER))
        return changed
