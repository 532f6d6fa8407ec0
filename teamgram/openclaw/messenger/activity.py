"""What a person sees while an agent has not answered yet: that it types, and a word when its model keeps failing."""

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.domain.errors import DomainError

#: Clients show "typing" for six seconds.
TYPING_SECONDS = 5.0
#: After this much waiting for a model that fails, a word.
WORD_SECONDS = 10.0


class RunActivity:
    """Of one run, from its acceptance to its end."""

    _log = Logger()

    def __init__(self, reactor: Any, type_there: Callable[[], Awaitable[None]], note: Callable[[str], None]) -> None:
        """Args:
        type_there: tells the chat that the agent types.
        note: shows a word in place of the reply until there is one.
        """
        self._reactor = reactor
        self._type_there = type_there
        self._note = note
        self._timer: Any = None
        self._typing: Deferred[None] | None = None
        self._word_timer: Any = None
        self._waiting_for = ""
        self._is_over = False

    def start(self) -> None:
        """The run is accepted."""
        self._timer = None
        if self._typing is None:
            self._typing = Deferred.fromCoroutine(self._say_typing())
            self._typing.addBoth(self._typed)
        if not self._is_over:
            self._timer = self._reactor.callLater(TYPING_SECONDS, self.start)

    async def _say_typing(self) -> None:
        try:
            await self._type_there()
        except DomainError:
            pass  # Nobody there may see it; the end of the run says why, if anything.
        except Exception:
            self._log.failure("nobody could be told that an agent types")

    def _typed(self, result: None) -> None:
        self._typing = None

    def waits(self, text: str) -> None:
        """The model failed and is asked again in a while."""
        self._waiting_for = text
        if self._word_timer is None and not self._is_over:
            self._word_timer = self._reactor.callLater(WORD_SECONDS, self._say_word)

    def _say_word(self) -> None:
        self._word_timer = None
        self._note(f"⏳ {self._waiting_for}")

    def words(self) -> None:
        """The model answers after all."""
        if self._word_timer is not None:
            self._word_timer.cancel()
            self._word_timer = None

    def stop(self) -> None:
        """The run has ended."""
        self._is_over = True
        self.words()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
