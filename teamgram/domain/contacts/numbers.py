"""Who is found by their number, and by whom."""

from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.sight import sees, visible_phone
from teamgram.domain.ids.phone import PhoneNumberInvalid, normalize_phone
from teamgram.domain.privacy.keys import ADDED_BY_PHONE
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.users.user import User
from teamgram.domain.users.users import Users


class Numbers:
    """Looks numbers up as their owners allow."""

    def __init__(self, users: Users, contacts: Contacts, privacy: Privacy) -> None:
        self._users = users
        self._contacts = contacts
        self._privacy = privacy

    async def find(self, owner_id: int, written: str) -> User | None:
        """Whose number it is, if they let that user find them by it; None as well when it is no number.

        A bot finds nobody: numbers are for it to be told, not to guess. Who may not be found is not told from who is
        not here: saying "hidden" would tell that the number is here.
        """
        try:
            user = await self._users.by_phone(normalize_phone(written))
        except PhoneNumberInvalid:
            return None
        if user is None or user.id == owner_id:
            return user
        if (await self._users.require(owner_id)).is_bot:
            return None
        rules = (await self._privacy.get([user.id]))[user.id]
        book = await self._contacts.book(owner_id)
        # A contact may be saved without a number, or with a guessed one: that it is a contact tells nothing.
        is_known = user.id in book.contacts and visible_phone(user, book, rules)
        return user if is_known or sees(book, user.id, rules, ADDED_BY_PHONE) else None
