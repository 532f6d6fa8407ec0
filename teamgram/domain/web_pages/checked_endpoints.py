"""Connections to strangers' servers: to addresses that were checked, and to no other.

A name is looked up once for each connection, and the connection goes to an address that was checked: who answers
another one the next time gets nobody to call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IProtocolFactory, IResolutionReceiver, IStreamClientEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from teamgram.domain.web_pages.errors import AddressForbidden, PageNotFetched

if TYPE_CHECKING:
    from twisted.web.client import URI

MAX_RECEIVED = 8 << 20
"""Bytes of one connection, whatever they are."""
MAX_HEAD = 256 << 10
"""Bytes from a request to the end of its answer's head, with what of the body comes beside it. Each line of a head is
kept, in fifty times its bytes if it is short, and the client has no other bound for them.
"""
CONNECT_SECONDS = 5
_ADDRESSES = 3
"""Of a name, that are tried one after the other."""
_LOOKUPS = 4
"""Names that are looked up at once: each holds a thread, also when nobody waits for it any more."""

Resolve = Callable[[str], Awaitable[list[str]]]
"""The addresses of a name."""
Allows = Callable[[str, int], bool]
"""Whether something may be fetched from an address and port."""


Tls = Callable[[str], Any]
"""How a host has to prove that it is who it is."""


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
    head: int | None = None

    def client(self) -> Any:
        """What speaks HTTP in here, watched for its requests."""
        client: Any = self.wrappedProtocol
        ask = client.request

        def asked(request: Any) -> Deferred[Any]:
            # Fires with the head of the answer.
            answered: Deferred[Any] = ask(request)
            if not answered.called:
                self.head = 0
                answered.addBoth(self._answered)
            return answered

        client.request = asked
        return client

    def _answered(self, result: Any) -> Any:
        self.head = None
        return result

    def dataReceived(self, data: bytes) -> None:
        self.received += len(data)
        if self.head is not None:
            self.head += len(data)
        if self.received > MAX_RECEIVED or (self.head or 0) > MAX_HEAD:
            transport: Any = self.transport
            transport.abortConnection()
        else:
            super().dataReceived(data)  # type: ignore[no-untyped-call]


class _CountedFactory(WrappingFactory):
    protocol = _Counted
    noisy = False


@implementer(IStreamClientEndpoint)
class CheckedEndpoint:
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
                return wrapper.client()
        raise failure


@implementer(IAgentEndpointFactory)
class CheckedEndpoints:
    """For an ``Agent``: each connection is checked by itself."""

    def __init__(self, reactor: Any, resolve: Resolve, allows: Allows, tls: Tls) -> None:
        self._parts = resolve, allows, tls
        self._reactor = reactor

    def endpointForURI(self, uri: URI) -> CheckedEndpoint:
        return CheckedEndpoint(self._reactor, uri, *self._parts)
