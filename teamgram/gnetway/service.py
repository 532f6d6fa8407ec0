"""The edge as a Twisted service: listeners in front, session behind, the wheel's clockwork, the end."""

from collections.abc import Callable, Sequence
from random import SystemRandom
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.gnetway import prompt_port
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.dispatch import SessionDispatcher
from teamgram.gnetway.edge import Edge
from teamgram.gnetway.http import HttpFactory
from teamgram.gnetway.key_cache import AuthKeyCache
from teamgram.gnetway.key_exchange import KeyExchanges
from teamgram.gnetway.listeners import Listen, Listeners
from teamgram.gnetway.settings import GnetwaySettings, ListenerSettings
from teamgram.gnetway.tcp import TcpFactory
from teamgram.gnetway.websocket import WebSocketFactory
from teamgram.interfaces.authsession import AuthKeys
from teamgram.interfaces.documents import Documents
from teamgram.interfaces.session import ConnRef, Gateway, KeyBound, SessionInbound
from teamgram.mtproto.crypto.rsa import RsaPrivateKey

#: Seconds that the connections of a destroyed key stay, for the answer that told so to be read.
DESTROYED_KEY_GRACE = 2.0


class GnetwayService(Service):
    """Implements ``interfaces.session.Gateway``.

    Session and gnetway know each other: session is made here, with this as its gateway.
    """

    _log = Logger()

    name = "gnetway"

    def __init__(
        self,
        *,
        reactor: Any,
        listeners: Sequence[ListenerSettings],
        auth_sessions: AuthKeys,
        rsa_keys: Sequence[RsaPrivateKey],
        session: Callable[[Gateway], SessionInbound],
        settings: GnetwaySettings | None = None,
        random: Callable[[], float] | None = None,
        listen: Listen = prompt_port.listen,
        documents: Documents | None = None,
    ) -> None:
        """
        Args:
            reactor: the clock, and what ports are opened on.
            rsa_keys: the server's keys; the first is offered first.
            session: given this as its gateway, makes who takes the frames; it may keep the gateway, not yet use it.
            random: numbers in 0..1 for the jitter.
            listen: opens a port.
            documents: what HTTP listeners show browsers.
        """
        self._reactor = reactor
        self._wanted = tuple(listeners)
        self._documents = documents
        self.settings = settings or GnetwaySettings()
        self.auth_keys = AuthKeyCache(
            auth_sessions,
            reactor,
            self.settings.auth_key_cache,
            self.settings.unknown_key_memory,
            self.settings.auth_key_query_timeout,
        )
        self.listeners = Listeners(reactor, self._factory_for, listen)
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = reactor
        #: Fires when all listeners are open; fails when one cannot be.
        self.listening: Deferred[None] = Deferred()
        inbound = session(self)
        self.connections = Connections(inbound, self.settings, reactor.seconds, random or SystemRandom().random)
        self.exchanges = KeyExchanges(
            self.connections, self.auth_keys, auth_sessions, tuple(rsa_keys), self.settings, reactor
        )
        self.dispatcher = SessionDispatcher(
            inbound, self.connections, self.auth_keys, self.exchanges, self.settings, reactor
        )

    # Gateway

    def send_data(self, conn: ConnRef, auth_key_id: int, server_salt: int, session_id: int, payload: bytes) -> bool:
        """Encrypt ``payload`` and write it; False: that connection cannot carry it (any more)."""
        return self.dispatcher.send_data(conn, auth_key_id, server_salt, session_id, payload)

    def resume_reading(self, conn: ConnRef) -> None:
        """Room again in the queue that refused this connection's frame."""
        self.dispatcher.resume_reading(conn)

    def close(self, conn: ConnRef, reason: str) -> None:
        """Close one connection after what was written has left; ``reason`` is logged."""
        context = self.connections.get(conn.conn_id)
        if context is not None:
            self.connections.close(context, reason)

    def key_bound(self, bound: KeyBound) -> None:
        """The key's binding changed: change it in the cache, keep its connections."""
        self.auth_keys.bound(bound)

    def forget_auth_key(self, auth_key_id: int) -> None:
        """Drop the key from the cache; if it is gone, its connections close when they have had time to read."""
        self.auth_keys.forget(auth_key_id)
        holders = [conn for conn in self.connections if conn.uses_key(auth_key_id)]
        if not holders:
            return

        def asked(key: object) -> None:
            if key is None:
                for conn in holders:
                    self.connections.close_later(conn, DESTROYED_KEY_GRACE)

        def failed(failure: Failure) -> None:
            # The next frame under that key asks again.
            self._log.failure("asking whether a forgotten key still exists", failure=failure)

        self.auth_keys.query(auth_key_id).addCallbacks(asked, failed)

    # Listeners

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """(kind, host, port) of every open listener."""
        return self.listeners.addresses

    async def set_listeners(self, listeners: Sequence[ListenerSettings]) -> None:
        """SIGHUP: open what is new, close what is gone, read certificates again; nobody is disconnected.

        Raises:
            Exception: a new listener cannot be opened; the old ones are as they were.
        """
        self.listeners.reload_certificates()
        await self.listeners.set(listeners)
        self._wanted = tuple(listeners)

    def _factory_for(self, settings: ListenerSettings) -> IProtocolFactory:
        edge = Edge(settings, self.connections, self.dispatcher, self.settings, self._documents)
        if settings.kind == "tcp":
            return TcpFactory(edge)
        if settings.kind == "websocket":
            return WebSocketFactory(edge)
        if settings.kind == "http":
            return HttpFactory(edge)
        raise ValueError(f"no transport is called {settings.kind}")

    # Beginning and end

    def startService(self) -> None:
        """Open the listeners and start the wheel; ``listening`` tells when that is done."""
        super().startService()
        self._ticking.start(1.0, now=False).addErrback(
            lambda failure: self._log.failure("the timing wheel stopped", failure=failure)
        )
        opening = Deferred.fromCoroutine(self.listeners.set(self._wanted))
        opening.addCallbacks(self.listening.callback, self._not_listening)

    def _not_listening(self, failure: Failure) -> None:
        self._log.error("cannot listen: {error}", error=failure.getErrorMessage())
        self.listening.errback(failure)

    async def stop_listening(self) -> None:
        """The first step of a shutdown: accept nobody any more; open connections go on."""
        await self.listeners.stop()

    def stopService(self) -> Deferred[None]:
        """The last step, after session has flushed: close every connection, at the latest after ``drain_timeout``."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self.stop_listening()
        for conn in self.connections:
            self.connections.close(conn, "server stops")
        deadline = self._reactor.seconds() + self.settings.drain_timeout
        while len(self.connections) and self._reactor.seconds() < deadline:
            await deferLater(self._reactor, 0.05)
        for conn in self.connections:
            self.connections.abort(conn, "server stops")
        while len(self.connections):
            # An abort reports its loss in the reactor's next turn.
            await deferLater(self._reactor, 0)
        if self._ticking.running:
            self._ticking.stop()
        self.auth_keys.stop()
        self.exchanges.stop()

    def _tick(self) -> None:
        self.connections.tick()
        self.exchanges.tick()
