"""Accounts of this server whose messages a program in the same process wants to hear of: agents."""

from collections.abc import Callable, Mapping, Sequence

from twisted.logger import Logger

from teamgram.domain.boxes.events import OF_WORDS, LogEntry, MessageEdited
from teamgram.domain.boxes.message import Message
from teamgram.domain.updates.events import BotCallbackAsked, TransientEvent

Observer = Callable[[Message, bool], object]
"""Called with the account's own copy of a message, and whether it is an edit of one that came before."""

Pressed = Callable[[BotCallbackAsked], object]
"""Called when somebody has pressed a button below a message of the account's, a bot's."""


class MessageObservers:
    """Tells observers of what was committed, in commit order; subscribe it to the ``Fanout``.

    What an account itself sends is told as well (``Message.out``). Nothing is
    told twice and nothing is kept: after a restart an observer reads the
    account's log (``UpdateLog.difference``) from the pts that it last saw.
    """

    _log = Logger()

    def __init__(self) -> None:
        self._observers: dict[int, Observer] = {}
        self._pressed: dict[int, Pressed] = {}

    def observe(self, user_id: int, observer: Observer, pressed: Pressed | None = None) -> None:
        """From now on ``observer`` hears of this account's messages, ``pressed`` of its buttons; one an account."""
        self._observers[user_id] = observer
        if pressed is not None:
            self._pressed[user_id] = pressed

    def forget(self, user_id: int) -> None:
        """Nobody hears of this account's messages any more."""
        self._observers.pop(user_id, None)
        self._pressed.pop(user_id, None)

    # --- FanoutSubscriber ---

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        """Tell of pressed buttons; typing and the like are nothing to answer."""
        if not (self._pressed and isinstance(event, BotCallbackAsked)):
            return
        for user_id in user_ids:
            pressed = self._pressed.get(user_id)
            if pressed is not None:
                try:
                    pressed(event)
                except Exception:
                    self._log.failure("the buttons of user {user_id} failed", user_id=user_id)

    def logged(
        self,
        entries: Sequence[LogEntry],
        messages: Mapping[tuple[int, int], Message],
        except_perm_auth_key_id: int,
    ) -> None:
        """Tell of new and edited messages."""
        if not self._observers:
            return
        for entry in entries:
            observer = self._observers.get(entry.owner_id)
            if observer is None or not isinstance(entry.event, OF_WORDS):
                continue
            message = messages.get((entry.owner_id, entry.event.id))
            if message is not None:
                try:
                    observer(message, isinstance(entry.event, MessageEdited))
                except Exception:
                    self._log.failure("the observer of user {user_id} failed", user_id=entry.owner_id)
