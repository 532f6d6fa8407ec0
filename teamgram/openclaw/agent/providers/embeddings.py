"""Vectors of texts, from a provider that makes some: OpenAI's ``/embeddings``, Ollama's ``/api/embed``."""

import base64
import struct
from typing import Any

from twisted.internet.defer import CancelledError, TimeoutError
from twisted.internet.error import ConnectError, ConnectionLost, DNSLookupError
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed
from twisted.web.http_headers import Headers

import treq

from teamgram.openclaw.agent.providers.failures import failure_of
from teamgram.openclaw.agent.providers.model_api import TIMEOUT, ModelRef, ProviderError
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.config.sections import ProviderSection
from teamgram.openclaw.gateway import frames

_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CONNECT_SECONDS = 15.0


class Embeddings:
    """Asks."""

    def __init__(self, config: LiveConfig, reactor: Any) -> None:
        self._config = config
        self._reactor = reactor
        self._client: Any = None
        self._pool: Any = None

    async def embed(self, ref: ModelRef, given: Any, dimensions: Any, encoding: Any) -> dict[str, Any]:
        """OpenAI's answer, whoever gave it.

        Args:
            given: a text, tokens, or a list of them.
            encoding: ``float`` or ``base64``, as the client wants the numbers.

        Raises:
            ProviderError: no answer, or a refusal.
        """
        section = self._config.sections.models.providers[ref.provider]
        body: dict[str, Any] = {"model": ref.model, "input": given}
        if isinstance(dimensions, int) and not isinstance(dimensions, bool):
            body["dimensions"] = dimensions
        path = "/embeddings"
        if section.api == "ollama":
            path = "/api/embed"
        elif encoding in ("float", "base64"):
            body["encoding_format"] = encoding
        answer = await self._post(section, section.base_url.rstrip("/") + path, body)
        try:
            return _from_ollama(answer, encoding) if section.api == "ollama" else _from_openai(answer)
        except (KeyError, TypeError, ValueError, struct.error):
            raise ProviderError("The provider's embeddings make no sense.", reason="format") from None

    async def _post(self, section: ProviderSection, url: str, body: Any) -> Any:
        sent = {"content-type": "application/json", **section.headers}
        if section.api_key:
            sent["authorization"] = f"Bearer {section.api_key}"
        try:
            asking = self._http().post(
                url, data=frames.encode_json(body), headers=Headers({name: [value] for name, value in sent.items()}),
                unbuffered=True,
            )  # fmt: skip
            asking.addTimeout(section.timeout_seconds, self._reactor)
            response = await asking
            content = await self._read(response, section.timeout_seconds)
        except CancelledError:
            raise
        except TimeoutError:
            raise ProviderError("The model provider did not answer in time.", kind=TIMEOUT, reason="timeout") from None
        except (ConnectError, ConnectionLost, DNSLookupError, ResponseFailed, OSError) as error:
            text = f"The model provider cannot be reached ({type(error).__name__})."
            raise ProviderError(text, reason="network") from None
        if not 200 <= response.code < 300:
            text = content[:65536].decode("utf-8", "replace")
            raise failure_of(response.code, text, (section.api_key, *section.headers.values()))
        try:
            return frames.decode_json(content)
        except frames.NotJson:
            raise ProviderError("The model provider's answer is no JSON.", reason="format") from None

    async def _read(self, response: Any, seconds: float) -> bytes:
        taken: list[bytes] = []
        size = 0

        def take(data: bytes) -> None:
            nonlocal size
            size += len(data)
            if size > _MAX_ANSWER_BYTES:
                raise ProviderError("The provider's answer does not end.", reason="format")
            taken.append(data)

        reading = treq.collect(response, take)
        reading.addTimeout(seconds, self._reactor)
        await reading
        return b"".join(taken)

    def _http(self) -> Any:
        if self._client is None:
            self._pool = HTTPConnectionPool(self._reactor, persistent=True)
            self._pool.retryAutomatically = False
            agent = Agent(self._reactor, connectTimeout=_CONNECT_SECONDS, pool=self._pool)
            self._client = treq.client.HTTPClient(agent)
        return self._client


def _from_openai(answer: Any) -> dict[str, Any]:
    rows = [{"object": "embedding", "index": row["index"], "embedding": row["embedding"]} for row in answer["data"]]
    usage = answer.get("usage") or {}
    counted = int(usage.get("prompt_tokens") or 0)
    return {"object": "list", "data": rows, "usage": {"prompt_tokens": counted, "total_tokens": counted}}


def _from_ollama(answer: Any, encoding: Any) -> dict[str, Any]:
    rows = []
    for index, vector in enumerate(answer["embeddings"]):
        numbers: Any = [float(number) for number in vector]
        if encoding == "base64":
            numbers = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
        rows.append({"object": "embedding", "index": index, "embedding": numbers})
    counted = int(answer.get("prompt_eval_count") or 0)
    return {"object": "list", "data": rows, "usage": {"prompt_tokens": counted, "total_tokens": counted}}
