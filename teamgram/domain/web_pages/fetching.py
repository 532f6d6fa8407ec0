"""Bytes from strangers' servers: from public addresses only, within bounds.

A name is looked up once for each connection, and the connection goes to an address that was
checked: who answers another one the next time gets nobody to call. Each redirect begins anew.

Twisted's HTTP client is imported with the first page.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.python.failure import Failure
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

from teamgram.domain.web_pages.checked_endpoints import Allows, CheckedEndpoints, NameLookup, Resolve, Tls
from teamgram.domain.web_pages.errors import PageNotFetched, PageUrlInvalid
from teamgram.domain.web_pages.urls import joined
from teamgram.net.public_addresses import is_public

MAX_REDIRECTS = 5
_PORTS = (80, 443, 8080, 8443)
"""Where pages are; what else listens somewhere is none of ours to ask."""
_REDIRECTS = (301, 302, 303, 307, 308)
USER_AGENT = b"Mozilla/5.0 (compatible; teamgram link preview)"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What lies at ``url``, the last that was asked. ``is_cut``: there is more of it."""

    url: str
    content_type: str
    charset: str
    content: bytes
    is_cut: bool


def public_only(address: str, port: int) -> bool:
    """The rule outside of tests."""
    return port in _PORTS and is_public(address)


class _Body(Protocol):
    """Collects until there is enough."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._content = bytearray()
        self.is_cut = False
        self.done: Deferred[bytes] = Deferred(lambda _: self._stop())

    def dataReceived(self, data: bytes) -> None:
        self._content += data
        if len(self._content) > self._limit and not self.is_cut:
            self.is_cut = True
            self._stop()
            self._end()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        from twisted.web.client import ResponseDone

        if isinstance(reason.value, ResponseDone | PotentialDataLoss | ConnectionDone):
            self._end()
        elif not self.done.called:
            self.done.errback(reason)

    def _stop(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.stopProducing()

    def _end(self) -> None:
        if not self.done.called:
            self.done.callback(bytes(self._content[: self._limit]))


class PageFetcher:
    """Asks strangers' servers.

    Args:
        resolve, allows, tls: the system's names, public addresses, and whom the system trusts; but in tests.
    """

    def __init__(
        self,
        reactor: Any,
        seconds: float,
        *,
        resolve: Resolve | None = None,
        allows: Allows = public_only,
        tls: Tls = optionsForClientTLS,
    ) -> None:
        self._reactor = reactor
        self._seconds = seconds
        self._endpoints = CheckedEndpoints(reactor, resolve or NameLookup(reactor), allows, tls)

    @cached_property
    def _agent(self) -> Any:
        from twisted.web.client import Agent

        return Agent.usingEndpointFactory(self._reactor, self._endpoints)  # type: ignore[no-untyped-call]

    async def fetch(self, url: str, kinds: tuple[str, ...], limit: int) -> Fetched:
        """What lies at an address, or where that redirects to.

        Args:
            url: as ``urls.page_url`` makes them.
            kinds: beginnings of the content types that are wanted.
            limit: bytes that are read at most.

        Raises:
            PageNotFetched: it could not be had.
        """
        asking = Deferred.fromCoroutine(self._follow(url, kinds, limit))
        asking.addTimeout(self._seconds, self._reactor)
        try:
            return await asking
        except (PageNotFetched, CancelledError):
            raise
        except Exception as error:
            # Whatever a stranger's server, and its certificate, can do wrong; a TimeoutError, too.
            raise PageNotFetched(type(error).__name__) from None

    async def _follow(self, url: str, kinds: tuple[str, ...], limit: int) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._agent.request(b"GET", url.encode("ascii"), _headers(kinds), None)
            if response.code not in _REDIRECTS:
                return await _read(url, response, kinds, limit)
            places = response.headers.getRawHeaders(b"location", [])
            _abandon(response)
            try:
                url = joined(url, places[0].decode("utf-8") if places else "")
            except (PageUrlInvalid, UnicodeDecodeError):
                raise PageNotFetched("a redirect to nowhere") from None
        raise PageNotFetched("too many redirects")


def _headers(kinds: tuple[str, ...]) -> Headers:
    accepted = ", ".join(f"{kind}*" if kind.endswith("/") else kind for kind in kinds)
    return Headers(
        {
            b"User-Agent": [USER_AGENT],
            b"Accept": [accepted.encode()],
            # What is not packed does not have to be unpacked.
            b"Accept-Encoding": [b"identity"],
            b"Accept-Language": [b"en, *;q=0.5"],
        }
    )


def _abandon(response: Any) -> None:
    body = _Body(0)
    body.done.addBoth(lambda _: None)
    response.deliverBody(body)
    body._stop()


async def _read(url: str, response: Any, kinds: tuple[str, ...], limit: int) -> Fetched:
    said = response.headers.getRawHeaders(b"content-type", [b""])[0].decode("latin-1")
    kind, _, parameters = said.partition(";")
    kind = kind.strip().lower()
    packed = response.headers.getRawHeaders(b"content-encoding", [b"identity"])[0].strip().lower()
    if response.code != 200 or not kind.startswith(kinds) or packed not in (b"identity", b""):
        _abandon(response)
        raise PageNotFetched(f"{response.code} {kind[:64]}")
    charset = ""
    for parameter in parameters.split(";")[:8]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip("\"'")[:40]
    body = _Body(limit)
    response.deliverBody(body)
    content = await body.done
    return Fetched(url, kind, charset, content, body.is_cut)
