"""Everything about conversations over one database, put together."""

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from teamgram.database import Database
from teamgram.domain.boxes.difference import UpdateLog
from teamgram.domain.chats.chats import Chats
from teamgram.domain.chats.invites import ChatInvites
from teamgram.domain.dialogs.dialogs import Dialogs
from teamgram.domain.dialogs.saved import SavedDialogs
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.observers import MessageObservers
from teamgram.domain.messages.service_messages import ServiceMessages
from teamgram.domain.messages.trimming import LogTrimming
from teamgram.domain.updates.fanout import Fanout

KEEP_LOG = 30 * 86_400
"""Seconds."""


@dataclass(frozen=True, slots=True)
class TalkStores:
    """One object of each kind.

    Attributes:
        service_messages: how the server itself writes to a user.
        observers: how agents hear of what is written to their accounts.
    """

    fanout: Fanout
    messages: Messages
    dialogs: Dialogs
    saved_dialogs: SavedDialogs
    chats: Chats
    invites: ChatInvites
    log: UpdateLog
    trimming: LogTrimming
    service_messages: ServiceMessages
    observers: MessageObservers

    @classmethod
    def open(
        cls, database: Database, fanout: Fanout, clock: IReactorTime, *, keep_log_seconds: int = KEEP_LOG
    ) -> "TalkStores":
        """What happens is told through ``fanout``.

        Args:
            keep_log_seconds: age at which what ``updates.getDifference`` reads is dropped.
        """
        chats = Chats(database, fanout)
        observers = MessageObservers()
        fanout.subscribe(observers)
        return cls(
            fanout=fanout,
            messages=Messages(database, fanout),
            dialogs=Dialogs(database, fanout),
            saved_dialogs=SavedDialogs(database, fanout),
            chats=chats,
            invites=ChatInvites(database, chats),
            log=UpdateLog(database),
            trimming=LogTrimming(database, clock, keep_log_seconds),
            service_messages=ServiceMessages(database, fanout, clock),
            observers=observers,
        )
