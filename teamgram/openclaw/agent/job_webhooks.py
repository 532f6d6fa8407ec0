"""What a scheduled job tells a program: a POST of JSON to an address on the Internet."""

from collections.abc import Callable
from functools import cached_property
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import optionsForClientTLS
from twisted.web.http_headers import Headers

from teamgram.domain.web_pages.checked_endpoints import CheckedEndpoints, NameLookup
from teamgram.net.public_addresses import is_public
from teamgram.openclaw.config.sections import CronSection
from teamgram.openclaw.gateway.errors import GatewayError, invalid, unavailable

SECONDS = 10.0
_MAX_URL = 2048
#: Refusals that may pass.
_LATER = frozenset({408, 425, 429})
#: Keys of ``cron.webhookSsrfPolicy`` that let addresses of this machine and its network in.
_PRIVATE = ("allowPrivateNetwork", "dangerouslyAllowPrivateNetwork")


def check_url(url: Any) -> str:
    """An address that may be asked, as it stands.

    Raises:
        GatewayError: it is none.
    """
    try:
        parts = urlsplit(url) if isinstance(url, str) and len(url) <= _MAX_URL and url.isascii() else None
        good = parts is not None and parts.scheme in ("http", "https") and parts.hostname and not parts.username
        good = good and (parts is None or parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or any(char <= " " for char in url):
        raise invalid("invalid cron job: a webhook needs an http or https address in delivery.to, without a password")
    return str(url)


class _Unread(Protocol):
    """Takes nothing of an answer's body: who sends a large one is left in the middle of it."""

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.stopProducing()


class JobWebhooks:
    """Posts."""

    def __init__(self, reactor: Any, policy: Callable[[], CronSection]) -> None:
        self._reactor = reactor
        self._policy = policy

    @cached_property
    def _agent(self) -> Any:
        # Few jobs have a webhook, and Twisted's HTTP client is half a megabyte.
        from twisted.web.client import Agent

        endpoints = CheckedEndpoints(self._reactor, NameLookup(self._reactor), self._allows, optionsForClientTLS)
        return Agent.usingEndpointFactory(self._reactor, endpoints)  # type: ignore[no-untyped-call]

    def _allows(self, address: str, port: int) -> bool:
        policy = self._policy().webhook_ssrf_policy
        return is_public(address) or any(policy.get(name) is True for name in _PRIVATE)

    async def deliver(self, to: str, text: str, agent_id: str, key: str) -> dict[str, Any]:
        """Post once; the key goes along, so that a repetition can be known for one.

        Raises:
            GatewayError: it did not get there; ``UNAVAILABLE`` if it may the next time.
        """
        url = check_url(to)
        headers = {
            b"Content-Type": [b"application/json"],
            b"User-Agent": [b"teamgram cron"],
            b"Idempotency-Key": [key.encode("ascii", "replace")],
        }
        token = self._policy().webhook_token
        if token:
            headers[b"Authorization"] = [f"Bearer {token}".encode()]
        asking = Deferred.fromCoroutine(self._post(url, Headers(headers), text.encode()))
        asking.addTimeout(SECONDS, self._reactor)
        try:
            code = await asking
        except (GatewayError, CancelledError):
            raise
        except Exception as error:
            raise unavailable(f"the webhook could not be reached ({type(error).__name__})") from None
        if 200 <= code < 300:
            return {"status": code}
        if code >= 500 or code in _LATER:
            raise unavailable(f"the webhook answered {code}")
        raise invalid(f"the webhook answered {code}")

    async def _post(self, url: str, headers: Headers, body: bytes) -> int:
        from twisted.web.client import FileBodyProducer

        producer = FileBodyProducer(BytesIO(body))  # type: ignore[no-untyped-call]
        response = await self._agent.request(b"POST", url.encode("ascii"), headers, producer)
        code = int(response.code)
        response.deliverBody(_Unread())
        return code
