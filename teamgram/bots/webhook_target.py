"""Where updates may be brought, and one bringing: a POST with bounds on all of it.

Twisted's HTTP client is imported with the first receiver.
"""

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.python.failure import Failure
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

import msgspec

from teamgram.bots.errors import bad_request
from teamgram.domain.bots.bot import Webhook
from teamgram.domain.web_pages.checked_endpoints import CheckedEndpoints, NameLookup
from teamgram.domain.web_pages.errors import AddressForbidden
from teamgram.net.public_addresses import is_public

PORTS = (443, 80, 88, 8443)
"""core.telegram.org/bots/api#setwebhook."""
POST_SECONDS = 60.0
MAX_ANSWER = 256 << 10
MAX_CERTIFICATE = 64 << 10
_DEFAULT_PORTS = {"http": 80, "https": 443}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class NotBrought(Exception):
    """An update was not taken; the text says why, for ``getWebhookInfo``.

    Attributes:
        retry_after: seconds that the receiver asked for.
        is_gone: the receiver said that it does not exist any more (410).
    """

    def __init__(self, reason: str, retry_after: int = 0, *, is_gone: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.is_gone = is_gone


def checked_url(url: str, *, private: bool) -> str:
    """The address as it is kept.

    Args:
        private: plain HTTP, any port and addresses of this network are allowed.

    Raises:
        ApiError: nothing can be brought there.
    """
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        url = parts.geturl()
        url.encode("ascii")
    except (ValueError, UnicodeError):
        raise bad_request("bad webhook: invalid webhook URL specified") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or len(url) > 2048 or any(map(str.isspace, url)):
        raise bad_request("bad webhook: invalid webhook URL specified")
    if not private:
        if parts.scheme != "https":
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if port not in PORTS:
            raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    return url


def checked_certificate(pem: bytes) -> str:
    """A certificate as it is kept.

    Raises:
        ApiError: it is none.
    """
    try:
        if len(pem) > MAX_CERTIFICATE:
            raise ValueError
        Certificate.loadPEM(pem)
        return pem.decode("ascii")
    except Exception:
        raise bad_request("bad webhook: the certificate can't be read") from None


class _Answer(Protocol):
    """The first bytes of an answer."""

    def __init__(self) -> None:
        self._content = bytearray()
        self.done: Deferred[bytes] = Deferred(lambda _: self._stop())

    def dataReceived(self, data: bytes) -> None:
        self._content += data
        if len(self._content) > MAX_ANSWER:
            self._stop()
            self._end(b"")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        from twisted.web.client import ResponseDone

        whole = isinstance(reason.value, ResponseDone | PotentialDataLoss)
        self._end(bytes(self._content) if whole else b"")

    def _end(self, content: bytes) -> None:
        if not self.done.called:
            self.done.callback(content)

    def _stop(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.stopProducing()


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be reached: ``private`` addresses, ports and plain HTTP too."""

    private: bool

    def allows(self, address: str, port: int) -> bool:
        """Whether something may be brought to an address and port."""
        return self.private or (port in PORTS and is_public(address))


class WebhookTarget:
    """Brings updates to one receiver, over connections that stay open."""

    def __init__(self, reactor: Any, webhook: Webhook, reach: Reach, names: NameLookup) -> None:
        from twisted.web.client import Agent, HTTPConnectionPool

        trust_root: Any = None
        if webhook.certificate:
            trust_root = trustRootFromCertificates([Certificate.loadPEM(webhook.certificate.encode())])

        def tls(host: str) -> Any:
            return optionsForClientTLS(host, trust_root)

        self._reactor = reactor
        self._webhook = webhook
        self._pool: Any = HTTPConnectionPool(reactor)
        self._pool.maxPersistentPerHost = webhook.max_connections
        self._pool.retryAutomatically = False
        endpoints = CheckedEndpoints(reactor, names, reach.allows, tls)
        self._agent: Any = Agent.usingEndpointFactory(reactor, endpoints, self._pool)

    async def bring(self, update: dict[str, Any]) -> dict[str, Any]:
        """What the receiver answers, if that is an object.

        Raises:
            NotBrought: it was not taken.
        """
        asking = Deferred.fromCoroutine(self._post(_encode(update)))
        asking.addTimeout(POST_SECONDS, self._reactor)
        try:
            content = await asking
        except (NotBrought, CancelledError):
            raise
        except AddressForbidden:
            raise NotBrought("Bad webhook: the IP address is reserved, or there is none") from None
        except Exception as error:
            # Whatever a receiver, its name server and its certificate can do wrong.
            raise NotBrought(f"Connection failed: {type(error).__name__}") from None
        try:
            answer = _decode(content) if content.strip() else None
        except (msgspec.DecodeError, RecursionError):
            answer = None
        return answer if isinstance(answer, dict) else {}

    async def _post(self, body: bytes) -> bytes:
        from io import BytesIO

        from twisted.web.client import FileBodyProducer

        parts = urlsplit(self._webhook.url)
        headers = {b"Content-Type": [b"application/json"], b"User-Agent": [b"teamgram"]}
        if self._webhook.secret_token:
            headers[b"X-Telegram-Bot-Api-Secret-Token"] = [self._webhook.secret_token.encode()]
        url = self._webhook.url
        if parts.username is not None:
            secret = base64.b64encode(f"{parts.username}:{parts.password or ''}".encode())
            headers[b"Authorization"] = [b"Basic " + secret]
            url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        producer = FileBodyProducer(BytesIO(body))
        response = await self._agent.request(b"POST", url.encode("ascii"), Headers(headers), producer)
        answer = _Answer()
        response.deliverBody(answer)
        content = await answer.done
        if 200 <= response.code <= 299:
            return content
        phrase = response.phrase.decode("latin-1")[:64]
        after = response.headers.getRawHeaders(b"retry-after", [b""])[0]
        seconds = int(after) if after.isdigit() and len(after) < 6 else 0
        raise NotBrought(
            f"Wrong response from the webhook: {response.code} {phrase}", seconds, is_gone=response.code == 410
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.closeCachedConnections()
