"""Who knows whom, and who does not want to hear from whom."""

from teamgram.domain.contacts.book import AddressBook, Contact
from teamgram.domain.contacts.contacts import Contacts

__all__ = ["AddressBook", "Contact", "Contacts"]
