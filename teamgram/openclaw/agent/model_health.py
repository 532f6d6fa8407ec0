"""Which models are known to be dead, so that later turns do not find it out again. Plain Python.

A circuit breaker for each model: closed while it answers; open for a cool-down after it was given up; then half-open:
one call may try it, and how that ends closes it or opens it for longer. The times are OpenClaw's
(https://docs.openclaw.ai/concepts/model-failover: one minute, five, twenty-five, an hour; for billing five hours and up
to a day), except that none of them outlives a restart or a change of the provider's configuration.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from teamgram.openclaw.agent.providers.model_api import ModelRef, ProviderError

_FIRST_SECONDS, _FACTOR, _LONGEST_SECONDS = 60.0, 5.0, 3600.0
_BILLING_SECONDS, _BILLING_FACTOR, _BILLING_LONGEST_SECONDS = 5 * 3600.0, 2.0, 24 * 3600.0
#: A call that tries a model again and never comes back keeps others from it no longer than this, in seconds.
_TRIAL_SECONDS = 600.0

#: Failures that say nothing about the next conversation.
_OF_THE_CONVERSATION = frozenset({"context_length", "refusal", "empty", "roles"})
#: Failures of everything behind one address and key, whatever the model.
_OF_THE_PROVIDER = frozenset({"auth", "billing", "network"})


@dataclass(slots=True)
class _Broken:
    failures: int
    until: float
    tried_at: float | None = None


class ModelHealth:
    """Remembers failures; the clock is the caller's."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._broken: dict[tuple[str, str], _Broken] = {}
        self._sections: dict[str, Any] = {}

    def configured(self, provider: str, section: Any) -> None:
        """The provider's configuration, before each call: when it is another than before, all is forgiven."""
        if self._sections.get(provider, section) != section:
            for key in [key for key in self._broken if key[0] == provider]:
                del self._broken[key]
        self._sections[provider] = section

    def is_dead(self, ref: ModelRef) -> bool:
        """Whether to leave it out: it cools down, or somebody is trying it."""
        now = self._seconds()
        for key in _keys(ref):
            broken = self._broken.get(key)
            if broken is None:
                continue
            if now < broken.until or (broken.tried_at is not None and now < broken.tried_at + _TRIAL_SECONDS):
                return True
        return False

    def trying(self, ref: ModelRef) -> None:
        """It is asked now. How that ends must be told: succeeded, failed or undecided."""
        for key in _keys(ref):
            if key in self._broken:
                self._broken[key].tried_at = self._seconds()

    def is_doubtful(self, ref: ModelRef) -> bool:
        """Whether it failed the last time it was asked: then one attempt is enough."""
        return any(key in self._broken for key in _keys(ref))

    def succeeded(self, ref: ModelRef) -> None:
        """It answered."""
        for key in _keys(ref):
            self._broken.pop(key, None)

    def failed(self, ref: ModelRef, error: ProviderError) -> None:
        """It was given up."""
        if error.reason in _OF_THE_CONVERSATION:
            self.undecided(ref)
            return
        key = (ref.provider, "" if error.reason in _OF_THE_PROVIDER else ref.model)
        before = self._broken.get(key)
        failures = before.failures + 1 if before is not None else 1
        if error.reason == "billing":
            seconds = min(_BILLING_SECONDS * _BILLING_FACTOR ** min(failures - 1, 8), _BILLING_LONGEST_SECONDS)
        else:
            seconds = min(_FIRST_SECONDS * _FACTOR ** min(failures - 1, 8), _LONGEST_SECONDS)
        self._broken[key] = _Broken(failures, self._seconds() + max(seconds, error.retry_after or 0.0))

    def undecided(self, ref: ModelRef) -> None:
        """The call ended without telling anything of the model: the next may try it."""
        for key in _keys(ref):
            if key in self._broken:
                self._broken[key].tried_at = None


def _keys(ref: ModelRef) -> tuple[tuple[str, str], tuple[str, str]]:
    return (ref.provider, ""), (ref.provider, ref.model)
