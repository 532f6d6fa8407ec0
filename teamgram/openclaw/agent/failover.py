"""Asking a model until one answers: again after a while, then the next of the chain."""

from collections.abc import Callable
from typing import Protocol

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


def chain_of(run: Run, agent: Agent) -> tuple[ModelRef, ...]:
    """The models to ask: the request's, else the session's, else the agent's own."""
    chosen = run.request.model or run.session.model
    return model_chain(chosen) if chosen else agent.models


class Resting(Protocol):
    """Waiting that costs nobody else anything."""

    async def rest(self, run: Run, seconds: float) -> None:
        """Come back after that time, or later when others are being served."""


class Failover:
    """Calls models for runs."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def ask(
        self,
        run: Run,
        resting: Resting,
        chain: tuple[ModelRef, ...],
        make: Callable[[ModelRef], ModelRequest],
        on_text: Callable[[str], None],
        take_back: Callable[[], None],
    ) -> tuple[ModelRef, ModelReply]:
        """The reply of the first model that gives one.

        Args:
            take_back: what this call has said so far does not hold: it is made again.

        Raises:
            ProviderError: the last model's failure; one about the conversation itself at once.
        """
        last: ProviderError | None = None
        for position, ref in enumerate(chain):
            retries = MAX_RETRIES if position == len(chain) - 1 else MAX_RETRIES_WITH_FALLBACK
            for attempt in range(retries + 1):
                run.events.lifecycle("model", provider=ref.provider, model=ref.model)
                try:
                    provider = self._catalog.provider(ref.provider)
                    return ref, await provider.complete(make(ref), on_text)
                except ProviderError as error:
                    last = error
                take_back()
                if last.kind in (CONTEXT_LENGTH, REFUSAL):
                    raise last
                if not last.retryable or attempt == retries:
                    break
                await self._wait(run, resting, last, attempt, retries)
            if len(chain) > 1:
                self._tell_step(run, chain, position, last)
        assert last is not None
        raise last

    async def _wait(self, run: Run, resting: Resting, error: ProviderError, attempt: int, retries: int) -> None:
        seconds = min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2**attempt)
        seconds = max(seconds, error.retry_after or 0.0)
        run.events.status(
            "retrying",
            message=f"Provider temporarily unavailable. Retrying in {seconds:.0f}s ({attempt + 1}/{retries}).",
            retryAttempt=attempt + 1,
            maxRetries=retries,
            delayMs=round(seconds * 1000),
            attempt=attempt + 2,
            maxAttempts=retries + 1,
            reason=error.reason,
        )
        await resting.rest(run, seconds)

    def _tell_step(self, run: Run, chain: tuple[ModelRef, ...], position: int, error: ProviderError | None) -> None:
        following = chain[position + 1] if position + 1 < len(chain) else None
        run.events.lifecycle(
            "fallback_step",
            fallbackStepType="fallback_step",
            fallbackStepFromModel=str(chain[position]),
            fallbackStepToModel=str(following) if following else None,
            fallbackStepFromFailureReason=error.reason if error else "unknown",
            fallbackStepChainPosition=position + 1,
            fallbackStepFinalOutcome="next_model" if following else "chain_exhausted",
        )
