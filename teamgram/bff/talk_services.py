"""The services about conversations, made together because they share one ``Talk``."""

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from teamgram.bff.chats.invites import ChatInvites as ChatInvitesService
from teamgram.bff.chats.service import Chats as ChatsService
from teamgram.bff.chats.service import ProtectedChats
from teamgram.bff.dialogs import Conversations
from teamgram.bff.dialogs import Dialogs as DialogsService
from teamgram.bff.drafts import Drafts
from teamgram.bff.messages.history import MessageHistory
from teamgram.bff.messages.marks import GroupReadMarks, ReadMarks
from teamgram.bff.messages.removing import RemovingMessages
from teamgram.bff.messages.sending import SendingMessages
from teamgram.bff.people_services import People
from teamgram.bff.registry import RpcService
from teamgram.bff.saved_message_dialogs import SavedMessageDialogs
from teamgram.bff.talk import Talk
from teamgram.bff.updates import Updates
from teamgram.bff.views.chats import ChatViews
from teamgram.bff.views.updates import UpdateViews
from teamgram.database import Database
from teamgram.domain.chats.chats import Chats
from teamgram.domain.chats.invites import ChatInvites
from teamgram.domain.dialogs.dialogs import Dialogs
from teamgram.domain.dialogs.saved import SavedDialogs
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.observers import MessageObservers
from teamgram.domain.messages.service_messages import ServiceMessages
from teamgram.domain.updates.difference import UpdateLog
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.updates.trimming import LogTrimming
from teamgram.interfaces.updates import UpdatesPush


@dataclass(frozen=True, slots=True)
class Talking:
    """The domain of conversations and what the rest of the program needs of it.

    Attributes:
        service_messages: how the server itself writes to a user.
        observers: how agents hear of what is written to their accounts.
        conversations: what profiles tell of private chats.
    """

    talk: Talk
    service_messages: ServiceMessages
    observers: MessageObservers
    conversations: Conversations
    trimming: LogTrimming

    @classmethod
    def build(
        cls,
        database: Database,
        fanout: Fanout,
        clock: IReactorTime,
        people: People,
        push: UpdatesPush,
        *,
        keep_log_seconds: int = 30 * 86_400,
    ) -> "Talking":
        """The conversations over one database; what happens in them leaves through ``push`` from now on.

        Args:
            keep_log_seconds: age at which what ``updates.getDifference`` reads is dropped.
        """
        chats = Chats(database, fanout)
        updates = UpdateViews(people.views, ChatViews(chats), people.updates, push, clock)
        observers = MessageObservers()
        fanout.subscribe(updates)
        fanout.subscribe(observers)
        talk = Talk(
            clock=clock,
            input_peers=people.peers,
            users=people.users,
            contacts=people.contacts,
            notifications=people.notifications,
            messages=Messages(database, fanout),
            dialogs=Dialogs(database, fanout),
            saved_dialogs=SavedDialogs(database, fanout),
            chats=chats,
            invites=ChatInvites(database, chats),
            log=UpdateLog(database),
            fanout=fanout,
            updates=updates,
        )
        return cls(
            talk,
            ServiceMessages(database, fanout, clock),
            observers,
            Conversations(talk),
            LogTrimming(database, clock, keep_log_seconds),
        )

    def start(self) -> None:
        """Drop old log entries from now on."""
        self.trimming.start()

    async def stop(self) -> None:
        """Wait until what was committed has been pushed."""
        self.trimming.stop()
        await self.talk.updates.settled()


def talk_services(talking: Talking) -> list[RpcService]:
    """Every service about conversations."""
    talk = talking.talk
    return [
        SendingMessages(talk),
        MessageHistory(talk),
        ReadMarks(talk),
        GroupReadMarks(talk),
        RemovingMessages(talk),
        ProtectedChats(talk),
        DialogsService(talk),
        SavedMessageDialogs(talk),
        Drafts(talk),
        ChatsService(talk),
        ChatInvitesService(talk),
        Updates(talk),
    ]
