"""``models.authStatus`` and ``models.probe``: whether the providers of the configuration can be used."""

from typing import Any

from twisted.internet.defer import Deferred, TimeoutError

from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.providers.model_api import ModelRef, ModelRequest, ProviderError
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method

_PROBE = [{"role": "user", "content": "Reply with the word ok."}]
_PROBE_TOKENS = 64
_DEFAULT_MS, _LONGEST_MS = 15_000, 120_000
#: Our reasons as this method's words.
_STATUSES = {"auth": "auth", "rate_limit": "rate_limit", "billing": "billing", "timeout": "timeout", "format": "format"}


class ModelMethods:
    """The family."""

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts

    @method("models.authStatus", scopes.READ)
    def auth_status(self, call: Call) -> dict[str, Any]:
        """The providers, and whether they have a key; never which."""
        rows = []
        for name, section in self._parts.config.sections.models.providers.items():
            row = {"provider": name, "authProvider": name, "displayName": name, "status": "static", "profiles": []}
            rows.append({**row, "apiKey": {"source": "config"}} if section.api_key else {**row, "status": "missing"})
        return {"ts": self._parts.now_ms(), "providers": rows, "providerCapabilities": []}

    @method("models.probe", scopes.ADMIN, control_plane_write=True)
    async def probe(self, call: Call) -> dict[str, Any]:
        """Ask a provider's first model for one word."""
        name, parts = call.params["provider"], self._parts
        section = parts.config.sections.models.providers.get(name)
        if section is None:
            raise invalid(f'no provider "{name[:64]}" is configured')
        if not section.models:
            return {"provider": name, "status": "no_model", "results": []}
        ref = ModelRef(name, section.models[0].id)
        begun = parts.now_ms()
        request = ModelRequest(ref, "", _PROBE, max_tokens=_PROBE_TOKENS)
        asking = Deferred.fromCoroutine(_ask(parts, request))
        timeout_ms = min(call.params.get("timeoutMs") or _DEFAULT_MS, _LONGEST_MS)
        asking.addTimeout(timeout_ms / 1000, parts.reactor)
        status, error = "ok", ""
        try:
            await asking
        except TimeoutError:
            status, error = "timeout", "The model provider did not answer in time."
        except ProviderError as failure:
            status, error = _STATUSES.get(failure.reason, "unknown"), failure.message
        result = {"label": str(ref), "status": status, "latencyMs": max(0, parts.now_ms() - begun)}
        answer = {"provider": name, "status": status, "latencyMs": result["latencyMs"], "results": [result]}
        return {**answer, "error": error} if error else answer


async def _ask(parts: AgentParts, request: ModelRequest) -> None:
    await parts.catalog.provider(request.ref.provider).complete(request, lambda text: None)
