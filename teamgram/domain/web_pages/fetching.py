"""Bytes from strangers' servers: from public addresses only, within bounds.

A name is looked up once for each connection, and the connection goes to an address that was
checked: who answers another one the next time gets nobody to call. Each redirect begins anew.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocolFactory, IResolutionReceiver, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from teamgram.domain.web_pages.errors import AddressForbidden, PageNotFetched, PageUrlInvalid
from teamgram.domain.web_pages.urls import joined
from teamgram.net.public_addresses import is_public

MAX_REDIRECTS = 5
MAX_RECEIVED = 8 << 20
"""Bytes of one connection, whatever they are: heads have no other end."""
CONNECT_SECONDS = 5
_ADDRESSES = 3
"""Of a name, that are tried one after the other."""
_LOOKUPS = 4
"""Names that are looked up at once: each holds a thread, also when nobody waits for it any more."""

_PORTS = (80, 443, 8080, 8443)
"""Where pages are; what else listens somewhere is none of ours to ask."""
_REDIRECTS = (301, 302, 303, 307, 308)
USER_AGENT = b"Mozilla/5.0 (compatible; teamgram link preview)"

Resolve = Callable[[str], Awaitable[list[str]]]
"""The addresses of a name."""
Allows = Callable[[str, int], bool]
"""Whether something may be fetched from an address and port."""


Tls = Callable[[str], Any]
"""How a host has to prove that it is who it is."""


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


@implementer(IResolutionReceiver)
class _Resolution:
    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.done: Deferred[list[str]] = Deferred(lambda _: None)

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        """Nothing to do yet."""

    def addressResolved(self, address: Any) -> None:
        self.addresses.append(address.host)

    def resolutionComplete(self) -> None:
        if not self.done.called:
            self.done.callback(self.addresses)


class NameLookup:
    """Asks the system, a few names at a time."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._turns = DeferredSemaphore(_LOOKUPS)

    async def __call__(self, host: str) -> list[str]:
        """The addresses of a name; none when there is no such name."""
        found = _Resolution()

        def look() -> Deferred[list[str]]:
            ended: Deferred[list[str]] = Deferred()
            found.done.chainDeferred(ended)
            self._reactor.nameResolver.resolveHostName(found, host)
            return ended

        # The turn ends with the lookup, not with who waits for it.
        waiting: Deferred[list[str]] = Deferred(lambda _: None)
        self._turns.run(look).addBoth(lambda result: None if waiting.called else waiting.callback(result))
        result = await waiting
        return result if isinstance(result, list) else []


class _Counted(ProtocolWrapper):
    """Cuts off whoever sends too much."""

    received = 0

    def dataReceived(self, data: bytes) -> None:
        self.received += len(data)
        if self.received > MAX_RECEIVED:
            transport: Any = self.transport
            transport.abortConnection()
        else:
            super().dataReceived(data)  # type: ignore[no-untyped-call]


class _CountedFactory(WrappingFactory):
    protocol = _Counted
    noisy = False


@implementer(IStreamClientEndpoint)
class _CheckedEndpoint:
    """Connects to an address of the host that may be asked, and to no other."""

    def __init__(self, reactor: Any, uri: URI, resolve: Resolve, allows: Allows, tls: Tls) -> None:
        self._reactor = reactor
        self._uri = uri
        self._resolve = resolve
        self._allows = allows
        self._tls = tls

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> Any:
        host, port = self._uri.host.decode("ascii").strip("[]"), self._uri.port
        addresses = [address for address in await self._resolve(host) if self._allows(address, port)]
        if not addresses:
            raise AddressForbidden(host)
        failure: Exception = PageNotFetched(host)
        for address in sorted(dict.fromkeys(addresses), key=lambda text: ":" in text)[:_ADDRESSES]:
            kind = TCP6ClientEndpoint if ":" in address else TCP4ClientEndpoint
            endpoint: Any = kind(self._reactor, address, port, timeout=CONNECT_SECONDS)
            if self._uri.scheme == b"https":
                endpoint = wrapClientTLS(self._tls(host), endpoint)
            try:
                wrapper = await endpoint.connect(_CountedFactory(factory))  # type: ignore[no-untyped-call]
            except CancelledError:
                raise
            except Exception as error:
                failure = error
            else:
                return wrapper.wrappedProtocol
        raise failure


@implementer(IAgentEndpointFactory)
class _CheckedEndpoints:
    def __init__(self, reactor: Any, resolve: Resolve, allows: Allows, tls: Tls) -> None:
        self._parts = resolve, allows, tls
        self._reactor = reactor

    def endpointForURI(self, uri: URI) -> _CheckedEndpoint:
        return _CheckedEndpoint(self._reactor, uri, *self._parts)


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
        endpoints = _CheckedEndpoints(reactor, resolve or NameLookup(reactor), allows, tls)
        self._agent: Any = Agent.usingEndpointFactory(reactor, endpoints)  # type: ignore[no-untyped-call]

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
