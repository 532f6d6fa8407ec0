"""``GET /v1/models`` and ``/v1/models/{id}``, ``POST /v1/embeddings``, and 404 for all else below ``/v1``."""

from importlib import import_module
from typing import Any
from urllib.parse import unquote

from twisted.web.http import Request

from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.providers.model_api import ModelRef, ProviderError
from teamgram.openclaw.gateway.http import HttpRoutes, answer_json
from teamgram.openclaw.openai_api.turns import MODEL, ApiRefusal, ApiTurns, body_of, header

_MODELS = "/v1/models/"
MAX_INPUTS = 2048
#: Kinds of providers that make embeddings.
_EMBEDDING_APIS = ("openai-completions", "openai-responses", "ollama")


class Models:
    """The resources."""

    def __init__(self, parts: AgentParts, turns: ApiTurns, routes: HttpRoutes) -> None:
        self._parts = parts
        self._turns = turns
        self._embeddings: Any = None
        self._started_at = parts.now_ms() // 1000
        routes.add("/v1/models", self.list, bearer=True)
        routes.add(_MODELS, self.one, bearer=True)
        routes.add("/v1/embeddings", self.embed, methods=("POST",), bearer=True)
        routes.add("/v1/", self.nothing, methods=("GET", "POST", "PUT", "PATCH", "DELETE"), bearer=True)

    def _row(self, name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": self._started_at, "owned_by": MODEL}

    def list(self, request: Request) -> None:
        """The agents, as models."""
        names = [MODEL, f"{MODEL}/default", *(f"{MODEL}/{agent.id}" for agent in self._parts.roster.all())]
        answer_json(request, 200, {"object": "list", "data": [self._row(name) for name in names]})

    def one(self, request: Request) -> None:
        """One of them, by any of its names."""
        name = unquote(request.path.decode("utf-8", "replace").removeprefix(_MODELS))
        if self._turns.agent_of(name) is None:
            text = f"The model '{name[:100]}' does not exist"
            ApiRefusal(404, text, parameter="model", code="model_not_found").answer(request)
            return
        answer_json(request, 200, self._row(name))

    def nothing(self, request: Request) -> None:
        """What is not there."""
        path = request.path.decode("utf-8", "replace")[:200]
        ApiRefusal(404, f"Unknown request URL: {path}", code="unknown_url").answer(request)

    async def embed(self, request: Request) -> None:
        """Vectors, where a provider of the configuration makes some."""
        try:
            await self._embed(request)
        except ApiRefusal as error:
            error.answer(request)

    async def _embed(self, request: Request) -> None:
        body = body_of(request)
        ref = self._embedding_model(request, body.get("model"))
        given = body.get("input")
        if not _is_input(given):
            text = f"input must be a text, tokens, or a list of at most {MAX_INPUTS} of them"
            raise ApiRefusal(400, text, parameter="input")
        try:
            answer = await self._provider().embed(ref, given, body.get("dimensions"), body.get("encoding_format"))
        except ProviderError as error:
            status = error.status if error.status in (400, 404, 413, 422, 429) else 502
            raise ApiRefusal(status, error.message, kind="api_error") from None
        answer_json(request, 200, {**answer, "model": str(body.get("model"))})

    def _provider(self) -> Any:
        # An HTTP client is loaded when somebody uses one: most of its weight is the import.
        if self._embeddings is None:
            module = import_module("teamgram.openclaw.agent.providers.embeddings")
            self._embeddings = module.Embeddings(self._parts.config, self._parts.reactor)
        return self._embeddings

    def _embedding_model(self, request: Request, model: Any) -> ModelRef:
        """The header's, the request's own, or that of ``agents.defaults.memorySearch``."""
        wanted = header(request, "x-openclaw-model") or (model if isinstance(model, str) else "")
        if self._turns.agent_of(wanted) is not None:
            about = self._parts.roster.defaults.memory_search
            wanted = f"{about.get('provider')}/{about.get('model')}" if about.get("provider") else ""
            if not wanted or not about.get("model"):
                text = "no embeddings are configured: name provider and model under agents.defaults.memorySearch"
                raise ApiRefusal(404, text, parameter="model", code="model_not_found")
        try:
            ref = ModelRef.parse(wanted)
        except ValueError:
            raise ApiRefusal(400, "model must be provider/model", parameter="model") from None
        section = self._parts.config.sections.models.providers.get(ref.provider)
        if section is None or section.api not in _EMBEDDING_APIS:
            text = f"The model '{wanted[:100]}' does not exist or makes no embeddings"
            raise ApiRefusal(404, text, parameter="model", code="model_not_found")
        return ref


def _is_input(given: Any) -> bool:
    if isinstance(given, str):
        return bool(given)
    if not isinstance(given, list) or not 0 < len(given) <= MAX_INPUTS:
        return False
    kinds = {type(each) for each in given}
    return kinds in ({str}, {int}) or (kinds == {list} and all(type(n) is int for each in given for n in each))
