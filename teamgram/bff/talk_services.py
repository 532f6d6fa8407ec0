"""The services about conversations, made together because they share one ``Talk``."""

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from teamgram.bff.chats.invites import ChatInvites as ChatInvitesService
from teamgram.bff.chats.service import Chats as ChatsService
from teamgram.bff.chats.service import ProtectedChats
from teamgram.bff.dialogs import Dialogs as DialogsService
from teamgram.bff.drafts import Drafts
from teamgram.bff.messages.history import MessageHistory
from teamgram.bff.messages.marks import GroupReadMarks, ReadMarks
from teamgram.bff.messages.removing import RemovingMessages
from teamgram.bff.messages.sending import SendingMessages
from teamgram.bff.peers import InputPeers
from teamgram.bff.registry import RpcService
from teamgram.bff.talk import Talk
from teamgram.bff.updates import Updates
from teamgram.bff.views.chats import ChatViews
from teamgram.bff.views.people_updates import PeopleUpdates
from teamgram.bff.views.updates import UpdateViews
from teamgram.bff.views.users import UserViews
from teamgram.database import Database
from teamgram.domain.chats.chats import Chats
from teamgram.domain.chats.invites import ChatInvites
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.dialogs.dialogs import Dialogs
from teamgram.domain.messages.messages import Messages
from teamgram.domain.updates.difference import UpdateLog
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.notifications import NotificationSettings
from teamgram.domain.users.users import Users
from teamgram.interfaces.updates import UpdatesPush


@dataclass(frozen=True, slots=True)
class People:
    """What conversations need to know about people."""

    users: Users
    contacts: Contacts
    notifications: NotificationSettings
    user_views: UserViews
    updates: PeopleUpdates
    input_peers: InputPeers


def make_talk(
    database: Database, fanout: Fanout, people: People, push: UpdatesPush, clock: IReactorTime, *, keep_log_seconds: int
) -> Talk:
    """The conversations over one database; their updates leave through ``push`` from now on.

    Args:
        keep_log_seconds: age at which ``Talk.log.trim`` drops what ``updates.getDifference`` reads.
    """
    chats = Chats(database, fanout)
    updates = UpdateViews(people.user_views, ChatViews(chats), people.updates, push, clock)
    fanout.subscribe(updates)
    return Talk(
        clock=clock,
        input_peers=people.input_peers,
        users=people.users,
        contacts=people.contacts,
        notifications=people.notifications,
        messages=Messages(database, fanout),
        dialogs=Dialogs(database, fanout),
        chats=chats,
        invites=ChatInvites(database, chats),
        log=UpdateLog(database, keep_seconds=keep_log_seconds),
        fanout=fanout,
        updates=updates,
    )


def talk_services(talk: Talk) -> list[RpcService]:
    """Every service about conversations."""
    return [
        SendingMessages(talk),
        MessageHistory(talk),
        ReadMarks(talk),
        GroupReadMarks(talk),
        RemovingMessages(talk),
        ProtectedChats(talk),
        DialogsService(talk),
        Drafts(talk),
        ChatsService(talk),
        ChatInvitesService(talk),
        Updates(talk),
    ]
