"""Ports, and what listens on them; they may be added, removed and given new certificates while it runs."""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock, gatherResults
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory

from teamgram.gnetway.proxy_protocol import ProxyProtocolFactory
from teamgram.gnetway.settings import ListenerSettings
from teamgram.gnetway.tls import CertificateError, ReloadableCertificate

#: (reactor, host, port, factory) to the open port.
Listen = Callable[[Any, str, int, IProtocolFactory], IListeningPort]

_Behind = tuple[IProtocolFactory, ReloadableCertificate | None]


class Listeners:
    """The listening ports of this process.

    Args:
        factory_for: builds the protocol factory of one listener by its kind.
        listen: opens a port.
    """

    _log = Logger()

    def __init__(
        self, reactor: Any, factory_for: Callable[[ListenerSettings], IProtocolFactory], listen: Listen
    ) -> None:
        self._reactor = reactor
        self._listen_on = listen
        self._factory_for = factory_for
        self._open: dict[ListenerSettings, _Listener] = {}
        # Two changes at a time (SIGHUP twice, or at the very end) would open a port twice or leave one open.
        self._changing = DeferredLock()

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """(kind, host, port) of each, with the port that a 0 became."""
        found = []
        for settings, listener in self._open.items():
            address: Any = listener.port.getHost()
            found.append((settings.kind, address.host, address.port))
        return found

    def websockets(self, is_tls: bool) -> list[tuple[str, str, int]]:
        """(kind, host, port) of the WebSocket listeners that a browser can dial itself, with TLS or without."""
        found = []
        for settings, listener in self._open.items():
            is_dialled = settings.kind == "websocket" and not settings.proxy_protocol_from
            if is_dialled and bool(settings.cert_file) == is_tls:
                address: Any = listener.port.getHost()
                found.append((settings.kind, address.host, address.port))
        return found

    async def set(self, wanted: Sequence[ListenerSettings]) -> None:
        """Listen on exactly these; accepted connections stay.

        New ones open first, then those not named close; one whose address stays and whose kind, certificate,
        secret or the like changes keeps its port.

        Raises:
            CertificateError, CannotListenError, ValueError: and what was
            opened in this call is closed again, so nothing has changed.
        """
        async with self._changing:
            going = [settings for settings in self._open if settings not in wanted]
            at_address = {(settings.host, settings.port): settings for settings in going if settings.port}
            coming = [settings for settings in wanted if settings not in self._open]
            opened: list[ListenerSettings] = []
            closed: list[ListenerSettings] = []
            try:
                # What is only to be spoken otherwise keeps its port; a certificate may still be refused here.
                changed = [
                    (at_address[settings.host, settings.port], settings, self._build(settings))
                    for settings in coming
                    if (settings.host, settings.port) in at_address
                ]
                for settings in coming:
                    if (settings.host, settings.port) not in at_address:
                        # 127.0.0.1:10443 is in the way of 0.0.0.0:10443.
                        in_the_way = [
                            one for one in going if one.port and one.port == settings.port and one in self._open
                        ]
                        await self._close(in_the_way)
                        closed += in_the_way
                        self._open[settings] = self._listen(settings)
                        opened.append(settings)
            except Exception:
                await self._close(opened)
                for settings in closed:
                    self._open[settings] = self._listen(settings)
                raise
            for before, settings, behind in changed:
                listener = self._open[settings] = self._open.pop(before)
                listener.change(*behind)
            await self._close([settings for settings in going if settings in self._open])

    async def stop(self) -> None:
        """Accept nobody any more."""
        async with self._changing:
            await self._close(list(self._open))

    def reload_certificates(self) -> list[CertificateError]:
        """Read every certificate again; the listeners of those that fail keep the old one."""
        errors = []
        for listener in self._open.values():
            if listener.certificate is not None:
                try:
                    listener.certificate.reload()
                except CertificateError as error:
                    self._log.warn("certificate not reloaded: {error}", error=error)
                    errors.append(error)
        return errors

    def _build(self, settings: ListenerSettings) -> "_Behind":
        factory = self._factory_for(settings)
        certificate = None
        if settings.cert_file:
            certificate = ReloadableCertificate(settings.cert_file, settings.key_file)
            factory = TLSMemoryBIOFactory(certificate, False, factory)
        if settings.proxy_protocol_from:
            # Outermost: a balancer sends its header before the client's TLS begins.
            factory = ProxyProtocolFactory(factory, settings.proxy_protocol_from, self._reactor)
        return factory, certificate

    def _listen(self, settings: ListenerSettings) -> "_Listener":
        factory, certificate = self._build(settings)
        door = _Door(factory)
        port = self._listen_on(self._reactor, settings.host, settings.port, door)
        address: Any = port.getHost()
        self._log.info(
            "listening: {kind} on {host} port {port}", kind=settings.kind, host=address.host, port=address.port
        )
        return _Listener(port, door, certificate)

    async def _close(self, names: list[ListenerSettings]) -> None:
        closing = [self._open.pop(settings).port.stopListening() for settings in names]
        await gatherResults([deferred for deferred in closing if isinstance(deferred, Deferred)])


class _Door(Factory):
    """What a port opens to; what is behind may be another one later."""

    noisy = False

    def __init__(self, behind: IProtocolFactory) -> None:
        self.behind = behind

    def buildProtocol(self, addr: Any) -> Any:
        return self.behind.buildProtocol(addr)

    def startFactory(self) -> None:
        self.behind.doStart()

    def stopFactory(self) -> None:
        self.behind.doStop()


class _Listener:
    """One open port."""

    __slots__ = ("_door", "certificate", "port")

    def __init__(self, port: IListeningPort, door: _Door, certificate: ReloadableCertificate | None) -> None:
        self.port = port
        self._door = door
        self.certificate = certificate

    def change(self, behind: IProtocolFactory, certificate: ReloadableCertificate | None) -> None:
        """Speak otherwise with whoever comes from now on."""
        before, self._door.behind = self._door.behind, behind
        behind.doStart()
        before.doStop()
        self.certificate = certificate
