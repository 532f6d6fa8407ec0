"""The services about conversations, made together because they share one ``Talk``."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from twisted.internet.interfaces import IReactorTime

from teamgram.bff.chats.invites import ChatInvites as ChatInvitesService
from teamgram.bff.chats.service import Chats as ChatsService
from teamgram.bff.chats.service import ProtectedChats
from teamgram.bff.dialogs import Conversations
from teamgram.bff.dialogs import Dialogs as DialogsService
from teamgram.bff.drafts import Drafts
from teamgram.bff.live_updates import LiveUpdates
from teamgram.bff.messages.history import MessageHistory
from teamgram.bff.messages.marks import GroupReadMarks, ReadMarks
from teamgram.bff.messages.removing import RemovingMessages
from teamgram.bff.messages.sending import SendingMessages
from teamgram.bff.people_services import People
from teamgram.bff.registry import RpcService
from teamgram.bff.reports import Reports
from teamgram.bff.saved_message_dialogs import SavedMessageDialogs
from teamgram.bff.talk import Talk
from teamgram.bff.updates import Updates
from teamgram.bff.views.chats import ChatViews
from teamgram.bff.views.updates import UpdateViews
from teamgram.domain.messages.service_messages import ServiceMessages
from teamgram.domain.talk import TalkStores
from teamgram.interfaces.updates import UpdatesPush


@dataclass(frozen=True, slots=True)
class Talking:
    """The conversations with their views, and what the rest of the program needs of them.

    Attributes:
        conversations: what profiles tell of private chats.
    """

    talk: Talk
    stores: TalkStores
    live: LiveUpdates
    conversations: Conversations

    @classmethod
    def build(
        cls,
        stores: TalkStores,
        clock: IReactorTime,
        people: People,
        push: UpdatesPush,
        seconds: Callable[[], float] = perf_counter,
    ) -> "Talking":
        """What happens in conversations leaves through ``push`` from now on."""
        updates = UpdateViews(people.views, ChatViews(stores.chats), people.updates, clock)
        live = LiveUpdates(updates, push, clock, seconds=seconds)
        stores.fanout.subscribe(live)
        talk = Talk(
            clock=clock,
            input_peers=people.peers,
            users=people.users,
            contacts=people.contacts,
            notifications=people.notifications,
            messages=stores.messages,
            dialogs=stores.dialogs,
            saved_dialogs=stores.saved_dialogs,
            chats=stores.chats,
            invites=stores.invites,
            log=stores.log,
            fanout=stores.fanout,
            updates=updates,
        )
        return cls(talk, stores, live, Conversations(talk))

    @property
    def service_messages(self) -> ServiceMessages:
        """How the server itself writes to a user."""
        return self.stores.service_messages

    def start(self) -> None:
        """Drop old log entries from now on."""
        self.stores.trimming.start()

    async def stop(self) -> None:
        """Wait until what was committed has been pushed."""
        self.stores.trimming.stop()
        await self.live.settled()


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
        Reports(talk),
        Updates(talk),
    ]
