"""The two ways by which a code leaves: the user's other devices, and the operator's provider."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from teamgram.domain.codes.settings import CodeSettings


class CodeMessages(Protocol):
    """Messages from the service account (777000) to a user."""

    async def send(self, user_id: int, text: str, entities: Sequence[Any] = (), reply_markup: bytes = b"") -> None:
        """Put a message into the user's history and push it to their devices."""


class CodeWebhook:
    """Asks the operator's provider to send, and if it wants to check, a code.

    Both requests are JSON with ``phone``, ``code`` and ``code_hash`` beside the
    configured ``key`` and ``region_id``. ``X-Teamgram-Signature`` is the
    hexadecimal HMAC-SHA256 of the body under ``Secret``. A 2xx answer means yes.
    """

    _log = Logger()

    def __init__(self, settings: CodeSettings, clock: IReactorTime, http: Any = None) -> None:
        self._settings = settings
        self._clock = clock
        self._http = http

    def use(self, settings: CodeSettings) -> None:
        """Another provider from now on."""
        self._settings = settings

    @property
    def sends(self) -> bool:
        """Whether a provider is configured that sends codes."""
        return bool(self._settings.send_code_url)

    @property
    def verifies(self) -> bool:
        """Whether the provider checks codes itself."""
        return bool(self._settings.verify_code_url)

    async def send(self, phone: str, code: str, phone_code_hash: str) -> bool:
        """Whether the provider took the code to send."""
        return await self._post(
            self._settings.send_code_url,
            {
                "phone": phone,
                "code": code,
                "code_hash": phone_code_hash,
                "expires_in": self._settings.lifetime_seconds,
            },
        )

    async def verify(self, phone: str, code: str, phone_code_hash: str) -> bool:
        """Whether the provider says that the code is right."""
        return await self._post(
            self._settings.verify_code_url, {"phone": phone, "code": code, "code_hash": phone_code_hash}
        )

    async def _post(self, url: str, fields: dict[str, Any]) -> bool:
        settings = self._settings
        fields |= {"key": settings.key, "region_id": settings.region_id}
        body = json.dumps(fields).encode()
        signature = hmac.new(settings.secret.encode(), body, hashlib.sha256).hexdigest()
        if self._http is None:
            # Few have a provider, and an HTTP client is half a megabyte.
            import treq

            self._http = treq
        try:
            answering = self._http.post(
                url,
                data=body,
                headers={"Content-Type": ["application/json"], "X-Teamgram-Signature": [signature]},
            )
            answering.addTimeout(settings.webhook_timeout_seconds, self._clock)
            response = await answering
            await response.content()
        except Exception as error:
            # Whatever it is (refused, timed out, no such name), the answer is no; the URL holds no secret.
            self._log.warn("code provider at {url} failed: {kind}", url=url, kind=type(error).__name__)
            return False
        if not 200 <= response.code < 300:
            self._log.warn("code provider at {url} answered {code}", url=url, code=response.code)
            return False
        return True
