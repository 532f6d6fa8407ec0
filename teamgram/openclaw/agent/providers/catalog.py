"""The providers and models of the configuration in force."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from teamgram.openclaw.agent.providers.echo import Echo
from teamgram.openclaw.agent.providers.model_api import ModelRef, ModelReply, ModelRequest, Provider, ProviderError
from teamgram.openclaw.agent.providers.thinking import OFF, level_of, shown_levels
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.config.sections import ModelSection, ProviderSection

DEFAULT_CONTEXT_TOKENS = 65536
#: ``api`` → (module, class); :mod:`teamgram.openclaw.config.model_apis` lets no other in.
_KINDS = {
    "openai-completions": ("openai", "OpenAICompatible"),
    "openai-responses": ("openai_responses", "OpenAIResponses"),
    "anthropic-messages": ("anthropic", "Anthropic"),
    "google-generative-ai": ("google", "Google"),
    "ollama": ("ollama", "Ollama"),
}


class _ByModel:
    """A provider some of whose models are called by another kind of API."""

    def __init__(self, usual: Provider, others: dict[str, Provider]) -> None:
        self.api = usual.api
        self._usual = usual
        self._others = others

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        """As the model's own."""
        return await self._others.get(request.ref.model, self._usual).complete(request, on_text)


class Catalog:
    """Finds the provider of a model; providers live as long as their configuration does."""

    def __init__(self, config: LiveConfig, reactor: Any) -> None:
        self._config = config
        self._reactor = reactor
        self._echo = Echo(reactor)
        self._built: dict[str, tuple[Any, Provider]] = {}

    def provider(self, name: str) -> Provider:
        """By name.

        Raises:
            ProviderError: the configuration has none of that name.
        """
        section = self.section(name)
        if section is None:
            if name == "echo":
                return self._echo
            raise ProviderError(
                f'Unknown provider "{name}". Name it under models.providers with its baseUrl and apiKey.',
                reason="model",
            )
        built = self._built.get(name)
        if built is None or built[0] is not section:
            built = self._built[name] = (section, self._make(name, section))
        return built[1]

    def _make(self, name: str, section: ProviderSection) -> Provider:
        others = {model.id: model.api for model in section.models if model.api and model.api != section.api}
        usual = self._make_for(section.api, name, section)
        if not others:
            return usual
        made = {api: self._make_for(api, name, section) for api in set(others.values())}
        return _ByModel(usual, {model: made[api] for model, api in others.items()})

    def _make_for(self, api: str, name: str, section: ProviderSection) -> Provider:
        if api == "echo":
            return self._echo
        # HTTP clients are loaded when somebody uses one: most of their weight is the import.
        module, kind = _KINDS[api]
        made: Provider = getattr(import_module(f"{__package__}.{module}"), kind)(name, section, self._reactor)
        return made

    def section(self, name: str) -> ProviderSection | None:
        """Its configuration in force; None for a provider that has none."""
        return self._config.sections.models.providers.get(name)

    def knows_provider(self, name: str) -> bool:
        """Whether :meth:`provider` would find it."""
        return name == "echo" or name in self._config.sections.models.providers

    def context_tokens(self, ref: ModelRef) -> int:
        """How much the model can see at once."""
        limit = self._config.sections.agents.defaults.context_tokens
        if limit:
            return limit
        model = self._model(ref)
        return model.context_window if model and model.context_window else DEFAULT_CONTEXT_TOKENS

    def max_tokens(self, ref: ModelRef) -> int:
        """The longest reply to ask for; 0: the provider's own."""
        model = self._model(ref)
        return model.max_tokens if model else 0

    def takes_images(self, ref: ModelRef) -> bool:
        """Whether the operator has said that it looks at pictures: ``input`` of the model has ``image`` in it."""
        model = self._model(ref)
        return model is not None and "image" in model.input

    def effort(self, ref: ModelRef, level: str) -> str:
        """How much that model is to think; empty for one that does not, or is not to."""
        return level if level != OFF and self.is_reasoning(ref) else ""

    def is_reasoning(self, ref: ModelRef) -> bool:
        """Whether the configuration says that it can think."""
        model = self._model(ref)
        return model is not None and model.reasoning

    def prices(self, ref: ModelRef) -> dict[str, Any]:
        """``cost`` of the model: US dollars for a million tokens of each kind; empty where the operator gave none."""
        model = self._model(ref)
        return model.cost if model else {}

    def _model(self, ref: ModelRef) -> ModelSection | None:
        section = self.section(ref.provider)
        return next((m for m in section.models if m.id == ref.model), None) if section else None

    def rows(self, default: ModelRef) -> list[dict[str, Any]]:
        """Every model as ``models.list`` shows it, the default one tagged."""
        found: dict[ModelRef, dict[str, Any]] = {}
        for name, section in self._config.sections.models.providers.items():
            for model in section.models:
                ref = ModelRef(name, model.id)
                found[ref] = self._row(ref, model.name or model.id, reasoning=model.reasoning)
        found.setdefault(ModelRef("echo", "echo"), self._row(ModelRef("echo", "echo"), "Echo", reasoning=False))
        if default not in found:
            found[default] = self._row(default, default.model, reasoning=False)
        found[default]["tags"] = ["default"]
        return [found.pop(default), *found.values()]

    def _row(self, ref: ModelRef, name: str, *, reasoning: bool) -> dict[str, Any]:
        return {
            "id": ref.model,
            "name": name,
            "provider": ref.provider,
            "contextWindow": self.context_tokens(ref),
            "reasoning": reasoning,
            "thinkingLevels": shown_levels(reasoning),
            "thinkingDefault": level_of(self._config.sections.agents.defaults.thinking_default) if reasoning else OFF,
            "available": self.knows_provider(ref.provider),
        }
