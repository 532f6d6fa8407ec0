"""The messenger's own objects that agents' accounts use."""

from collections.abc import Callable
from dataclasses import dataclass

from teamgram.domain.bots.bots import Bots
from teamgram.domain.bots.callbacks import Callbacks
from teamgram.domain.bots.inbox import BotInbox
from teamgram.domain.boxes.difference import UpdateLog
from teamgram.domain.channels.channels import Channels
from teamgram.domain.chats.chats import Chats
from teamgram.domain.dialogs.dialogs import Dialogs
from teamgram.domain.files.files import Files
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.observers import MessageObservers
from teamgram.domain.profiles.portraits import Portraits
from teamgram.domain.users.users import Users
from teamgram.openclaw.agent.delivery import ButtonRows


@dataclass(frozen=True, slots=True)
class MessengerDomain:
    """The messenger's own objects, from the app.

    Attributes:
        portraits: draws what agents look like.
        files: the pictures that people send.
        bots, callbacks: agents are bots like any other: with a menu, and with buttons.
        bot_inbox, channels: and in supergroups.
        keyboard: buttons as messages keep them; without it there are none.
    """

    users: Users
    messages: Messages
    observers: MessageObservers
    log: UpdateLog
    dialogs: Dialogs
    chats: Chats
    portraits: Portraits | None = None
    files: Files | None = None
    bots: Bots | None = None
    callbacks: Callbacks | None = None
    bot_inbox: BotInbox | None = None
    channels: Channels | None = None
    keyboard: Callable[[ButtonRows], bytes] | None = None
