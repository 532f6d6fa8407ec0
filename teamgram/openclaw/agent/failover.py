"""Asking a model until one answers: again after a while, then the next of the chain."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from teamgram.openclaw.agent.model_health import ModelHealth
from teamgram.openclaw.agent.providers.catalog import Catalog
from teamgram.openclaw.agent.providers.model_api import (
    CONTEXT_LENGTH,
    REFUSAL,
    ModelRef,
    ModelReply,
    ModelRequest,
    ProviderError,
)
from teamgram.openclaw.agent.roster import Agent, model_chain
from teamgram.openclaw.agent.run import Run

#: Attempts after the first: many when there is no other model to turn to.
MAX_RETRIES = 8
MAX_RETRIES_WITH_FALLBACK = 2
_FIRST_DELAY_SECONDS = 1.0
_LONGEST_DELAY_SECONDS = 30.0

NOTHING_SAID = "The model said nothing."


def chain_of(run: Run, agent: Agent) -> tuple[ModelRef, ...]:
    """The models to ask: the request's, else the session's, else the agent's own."""
    chosen = run.request.model or run.session.model
    return model_chain(chosen) if chosen else agent.models


class Resting(Protocol):
    """Waiting that costs nobody else anything."""

    async def rest(self, run: Run, seconds: float) -> None:
        """Come back after that time, or later when others are being served."""


class Asker(Protocol):
    """Who asks: hears how it goes, and waits between attempts.

    Attributes:
        most_retries: attempts after the first at the last model of a chain.
    """

    most_retries: int

    def asking(self, ref: ModelRef) -> None:
        """A model is being asked."""

    async def rest(self, error: ProviderError, attempt: int, retries: int, seconds: float) -> None:
        """Wait so long before the next attempt, which is number ``attempt + 2`` of ``retries + 1``."""

    def giving_up(
        self, chain: tuple[ModelRef, ...], position: int, following: ModelRef | None, error: ProviderError
    ) -> None:
        """A model of the chain is given up for the following one, or for good."""

    def may_be_silent(self) -> bool:
        """Whether a reply without words and calls is one."""

    def take_back(self) -> None:
        """What this call has said so far does not hold: it is made again."""


class Failover:
    """Calls models; those that are dead are left out while others live."""

    def __init__(self, catalog: Catalog, health: ModelHealth) -> None:
        self._catalog = catalog
        self._health = health

    async def ask(
        self,
        asker: Asker,
        chain: tuple[ModelRef, ...],
        make: Callable[[ModelRef], ModelRequest],
        on_text: Callable[[str], None],
    ) -> tuple[ModelRef, ModelReply]:
        """The reply of the first model that gives one.

        Raises:
            ProviderError: the last model's failure; one about the conversation itself at once.
        """
        for ref in chain:
            self._health.configured(ref.provider, self._catalog.section(ref.provider))
        # Where all are dead, or there is but one, nothing is left but to try.
        living = [ref for ref in chain if len(chain) == 1 or not self._health.is_dead(ref)] or list(chain)
        last: ProviderError | None = None
        for position, ref in enumerate(living):
            following = living[position + 1] if position + 1 < len(living) else None
            self._health.trying(ref)
            try:
                return ref, await self._ask_one(asker, ref, make(ref), on_text, is_last=following is None)
            except ProviderError as error:
                last = error
            except BaseException:
                self._health.undecided(ref)
                raise
            self._health.failed(ref, last)
            if last.kind in (CONTEXT_LENGTH, REFUSAL):
                raise last
            if len(chain) > 1:
                asker.giving_up(chain, chain.index(ref), following, last)
        assert last is not None
        raise last

    async def _ask_one(
        self, asker: Asker, ref: ModelRef, request: ModelRequest, on_text: Callable[[str], None], *, is_last: bool
    ) -> ModelReply:
        retries = asker.most_retries if is_last else min(asker.most_retries, MAX_RETRIES_WITH_FALLBACK)
        if not is_last and self._health.is_doubtful(ref):
            retries = 0
        request = replace(request, take_back=asker.take_back)
        attempt = silences = 0
        while True:
            asker.asking(ref)
            try:
                reply = await self._catalog.provider(ref.provider).complete(request, on_text)
                is_empty = not (reply.text.strip() or reply.tool_calls or reply.images)
                if is_empty and not asker.may_be_silent():
                    raise ProviderError(NOTHING_SAID, reason="empty", retryable=True)
                self._health.succeeded(ref)
                return reply
            except ProviderError as error:
                failure = error
            asker.take_back()
            if failure.reason == "empty":
                silences += 1
                if silences > 1:
                    raise failure
                continue
            seconds = min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2**attempt)
            seconds = max(seconds, failure.retry_after or 0.0)
            # Where another model waits, nobody waits long for this one.
            if not failure.retryable or attempt == retries or (not is_last and seconds > _LONGEST_DELAY_SECONDS):
                raise failure
            await asker.rest(failure, attempt, retries, seconds)
            attempt += 1


class RunAsker:
    """A run asks: its clients hear how it goes."""

    most_retries = MAX_RETRIES

    def __init__(self, run: Run, resting: Resting, take_back: Callable[[], None]) -> None:
        self._run = run
        self._resting = resting
        self._take_back = take_back

    def asking(self, ref: ModelRef) -> None:
        """See :class:`Asker`."""
        self._run.events.lifecycle("model", provider=ref.provider, model=ref.model)

    async def rest(self, error: ProviderError, attempt: int, retries: int, seconds: float) -> None:
        """See :class:`Asker`."""
        text = f"Provider temporarily unavailable. Retrying in {seconds:.0f}s ({attempt + 1}/{retries})."
        if self._run.request.on_wait is not None:
            self._run.request.on_wait(text)
        self._run.events.status(
            "retrying",
            message=text,
            retryAttempt=attempt + 1,
            maxRetries=retries,
            delayMs=round(seconds * 1000),
            attempt=attempt + 2,
            maxAttempts=retries + 1,
            reason=error.reason,
        )
        await self._resting.rest(self._run, seconds)

    def giving_up(
        self, chain: tuple[ModelRef, ...], position: int, following: ModelRef | None, error: ProviderError
    ) -> None:
        """See :class:`Asker`."""
        self._run.events.lifecycle(
            "fallback_step",
            fallbackStepType="fallback_step",
            fallbackStepFromModel=str(chain[position]),
            fallbackStepToModel=str(following) if following else None,
            fallbackStepFromFailureReason=error.reason,
            fallbackStepChainPosition=position + 1,
            fallbackStepFinalOutcome="next_model" if following else "chain_exhausted",
        )

    def may_be_silent(self) -> bool:
        """A run that has said something may end without another word; so may one that nobody asked for."""
        return bool(self._run.live.text) or self._run.request.is_heartbeat

    def take_back(self) -> None:
        """See :class:`Asker`."""
        self._take_back()
