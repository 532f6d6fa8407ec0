"""The services about people and the server itself, put together."""

from dataclasses import dataclass
from pathlib import Path

from twisted.internet.interfaces import IReactorTime

from teamgram.bff.accent_colors import AccentColors
from teamgram.bff.account import Account, Devices
from teamgram.bff.authorization import AccountEnd, Bindings, SignIn, SignIns
from teamgram.bff.authorization.welcome import Welcome
from teamgram.bff.configuration import Configuration, ConfigurationSettings
from teamgram.bff.contacts import Blocks, ContactsService
from teamgram.bff.langpack import Langpack, load_languages
from teamgram.bff.notification import Notification
from teamgram.bff.peers import InputPeers
from teamgram.bff.privacy_settings import PrivacySettings
from teamgram.bff.qr_code import QrCode
from teamgram.bff.registry import RpcService
from teamgram.bff.terms import Promotions, Terms
from teamgram.bff.two_fa import TwoFa
from teamgram.bff.user_profiles import UserProfiles
from teamgram.bff.usernames import Usernames
from teamgram.bff.users import UsersService
from teamgram.bff.views.full_users import Conversations, FullUserViews
from teamgram.bff.views.people_updates import PeopleUpdates
from teamgram.bff.views.users import UserViews
from teamgram.domain.codes.codes import SignInCodes
from teamgram.domain.codes.delivery import ServiceMessages
from teamgram.domain.codes.tokens import SignInTokens
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.watchers import Watchers
from teamgram.domain.people import PeopleStores
from teamgram.domain.presence.presence import Presence
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.notifications import NotificationSettings
from teamgram.domain.users.settings import AccountSettings
from teamgram.domain.users.users import Users
from teamgram.interfaces.authsession import AuthSessions
from teamgram.interfaces.session import SessionControl
from teamgram.interfaces.updates import UpdatesPush


@dataclass(frozen=True, slots=True)
class People:
    """The domain of people and its views: what the other services share.

    Made by ``People.build``; ``presence`` is the ``PresenceSink`` that session
    is given.
    """

    users: Users
    contacts: Contacts
    watchers: Watchers
    privacy: Privacy
    presence: Presence
    notifications: NotificationSettings
    account_settings: AccountSettings
    peers: InputPeers
    views: UserViews
    updates: PeopleUpdates

    @classmethod
    def build(cls, stores: PeopleStores) -> "People":
        """The stores with their views."""
        views = UserViews(stores.users, stores.contacts, stores.presence, stores.privacy)
        return cls(
            users=stores.users,
            contacts=stores.contacts,
            watchers=stores.watchers,
            privacy=stores.privacy,
            presence=stores.presence,
            notifications=stores.notifications,
            account_settings=stores.account_settings,
            peers=InputPeers(stores.users),
            views=views,
            updates=PeopleUpdates(
                stores.users, stores.contacts, stores.presence, stores.privacy, stores.notifications, views
            ),
        )


def people_services(
    people: People,
    *,
    sign_ins: SignIns,
    codes: SignInCodes,
    auth_sessions: AuthSessions,
    session_control: SessionControl,
    push: UpdatesPush,
    tokens: SignInTokens,
    service_messages: ServiceMessages,
    fanout: Fanout,
    clock: IReactorTime,
    configuration: ConfigurationSettings,
    langpacks: Path | None = None,
    conversations: Conversations | None = None,
) -> list[RpcService]:
    """Every service of this half, but for the honest empties (``honest_empties``), which come last.

    Args:
        langpacks: directory of an operator's language packs.
        conversations: tells profiles about private chats.

    Raises:
        ValueError: a language pack cannot be read.
    """
    users, contacts, views = people.users, people.contacts, people.views
    account_end = AccountEnd(users, contacts, people.watchers, sign_ins, fanout)
    full_views = FullUserViews(contacts, people.privacy, people.notifications, conversations)
    return [
        Configuration(configuration, views, clock),
        AccentColors(),
        Langpack(load_languages(langpacks) if langpacks is not None else None),
        Terms(clock),
        Promotions(clock),
        TwoFa(),
        SignIn(
            users, contacts, codes, sign_ins, views, fanout, Welcome(users, service_messages, configuration.welcome)
        ),
        Bindings(auth_sessions, session_control, sign_ins, views, tokens, configuration.dc_id),
        QrCode(sign_ins, auth_sessions, views, tokens, push),
        Account(users, contacts, people.watchers, codes, sign_ins, account_end, people.account_settings, views, fanout),
        Devices(sign_ins),
        UsersService(users, contacts, people.privacy, people.peers, views, full_views),
        UserProfiles(users, contacts, people.watchers, people.privacy, people.presence, views, fanout),
        Usernames(users, people.watchers, views, fanout),
        ContactsService(
            users,
            contacts,
            people.privacy,
            people.presence,
            people.account_settings,
            people.peers,
            views,
            fanout,
        ),
        Blocks(contacts, people.presence, people.peers, views, fanout),
        PrivacySettings(people.privacy, people.peers, views, fanout),
        Notification(people.notifications, people.peers, views, fanout),
    ]
