"""Everything about people over one database, put together."""

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from teamgram.database import Database
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.watchers import StatusWatchers, Watchers
from teamgram.domain.presence.presence import Presence
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.notifications import NotificationSettings
from teamgram.domain.users.settings import AccountSettings
from teamgram.domain.users.users import Users


@dataclass(frozen=True, slots=True)
class PeopleStores:
    """One object of each kind; they share their caches with whoever gets them."""

    users: Users
    contacts: Contacts
    watchers: Watchers
    privacy: Privacy
    presence: Presence
    notifications: NotificationSettings
    account_settings: AccountSettings

    @classmethod
    def open(cls, database: Database, fanout: Fanout, clock: IReactorTime) -> "PeopleStores":
        """Set ``watchers.dialog_peers`` once conversations are there."""
        contacts = Contacts(database)
        watchers, privacy = Watchers(contacts), Privacy(database)
        return cls(
            users=Users(database),
            contacts=contacts,
            watchers=watchers,
            privacy=privacy,
            presence=Presence(database, clock, fanout, StatusWatchers(watchers, contacts, privacy)),
            notifications=NotificationSettings(database),
            account_settings=AccountSettings(database),
        )
