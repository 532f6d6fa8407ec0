"""The session stage as a Twisted service: its face to gnetway, bff and updates, its clockwork, its end."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from teamgram.interfaces.authsession import SessionKeys
from teamgram.interfaces.bus import Bus
from teamgram.interfaces.rpc import RpcCaller
from teamgram.interfaces.session import (
    ConnRef,
    Gateway,
    KeyBound,
    KeyDestroyed,
    SessionData,
    UserSignedIn,
    UserSignedOut,
)
from teamgram.mtproto.tl import NEWEST_LAYER, decode, encode, registry
from teamgram.session.memory import hold_bound
from teamgram.session.routing import Routing
from teamgram.session.settings import SessionSettings
from teamgram.session.stage import Stage


def method_name(constructor_id: int) -> str | None:
    """Literal name of a method of any layer, None for everything else."""
    return registry.name_of(constructor_id) if registry.is_function(constructor_id) else None


def to_layer(body: bytes, layer: int) -> bytes:
    """A boxed object of the newest layer in another layer.

    Raises:
        TLError: it is none.
    """
    return encode(decode(body), layer)


def random_long() -> int:
    """A random signed 64-bit number."""
    return int.from_bytes(secrets.token_bytes(8), "little", signed=True)


_KEY_SWEEP_INTERVAL = 10.0
"""Seconds between two looks through all keys, which is too much for every sweep."""


class SessionService(Service):
    """Implements ``SessionInbound`` of ``interfaces``, and listens to the bus.

    Args:
        gateway: where answers leave.
        id_map: ``BFFProxyClients.IDMap`` of ``etc/session.yaml``.
        callers: given this service, makes who is behind each of its targets; they may keep it and call it later.
        bus: where it hears what to push and what became of keys, and tells who is there.

    Raises:
        ValueError: the IDMap names a target without a caller.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        gateway: Gateway,
        auth_sessions: SessionKeys,
        id_map: Mapping[str, str],
        callers: Callable[["SessionService"], Mapping[str, RpcCaller]],
        clock: IReactorTime,
        bus: Bus,
        settings: SessionSettings | None = None,
        convert: Callable[[bytes, int], bytes] = to_layer,
        name_of: Callable[[int], str | None] = method_name,
        unique_id: Callable[[], int] = random_long,
    ) -> None:
        self._clock = clock
        self._gateway = gateway
        self.settings = settings or SessionSettings()
        self.stage = Stage(
            gateway=gateway,
            auth_sessions=auth_sessions,
            routing=Routing({}, {}, name_of),
            clock=clock,
            settings=self.settings,
            convert=convert,
            unique_id=unique_id,
            newest_layer=NEWEST_LAYER,
            bus=bus,
        )
        # Bound here because they are called for every frame.
        self.send_data: Callable[[SessionData], None] = self.stage.frames.send_data
        self.set_writable: Callable[[ConnRef, bool], None] = self.stage.delivery.set_writable
        self._listen(bus)
        self._housekeeping = LoopingCall(self._tick)
        self._housekeeping.clock = clock
        self._next_key_sweep = 0.0
        # Last, for they know this service: all that it offers is there.
        self.set_id_map(id_map, callers(self))

    def set_id_map(self, id_map: Mapping[str, str], callers: Mapping[str, RpcCaller]) -> None:
        """Route by another IDMap from now on.

        Raises:
            ValueError: it names a target without a caller; nothing changed.
        """
        self.stage.routing.set_id_map(id_map, callers)

    # SessionInbound

    def close_session(self, perm_auth_key_id: int, auth_key_id: int, session_id: int, conn: ConnRef) -> None:
        """That connection no longer carries that session."""
        self.stage.delivery.close_session(auth_key_id, session_id, conn)

    # The bus

    def _listen(self, bus: Bus) -> None:
        """Hear what became of keys."""
        stage = self.stage
        bus.listen(UserSignedIn, lambda told: stage.loaded.set_user(told.perm_auth_key_id, told.user_id))
        bus.listen(UserSignedOut, lambda told: stage.loaded.set_user(told.perm_auth_key_id, 0))
        bus.listen(KeyBound, stage.loaded.bound)
        bus.listen(KeyDestroyed, self._key_destroyed)

    def _key_destroyed(self, told: KeyDestroyed) -> None:
        """At the turn's end, when who asked for it was answered, its sessions end."""
        self.stage.turns.last(lambda: self.stage.loaded.destroyed(told.auth_key_id))

    # Clockwork

    def _tick(self) -> None:
        try:
            self.sweep()
        except Exception:
            # Logged, and tried again: without housekeeping nothing here would ever end.
            self._log.failure("sweeping")

    def sweep(self) -> None:
        """What is due: late acknowledgements, timeouts, sessions and keys that nobody came back to."""
        stage = self.stage
        settings = self.settings
        now = self._clock.seconds()
        for session in list(stage.delivery.ack_due):
            if not session.core.to_ack or session.conn is None:
                del stage.delivery.ack_due[session]
            elif session.core.handle_timer(now):
                stage.turns.dirty(session)
        stage.requests.let_slow_give_way(now)
        stage.starts.end_overdue(now)
        stage.requests.end_overdue(now)
        for session in list(stage.requests.waiting):
            stage.requests.try_waiting(session)
        for conn in stage.delivery.overdue_connections(now):
            self._gateway.close(conn, "ping_delay_disconnect")
        for session, since in list(stage.delivery.disconnected.items()):
            if since + settings.retention > now:
                break
            stage.sessions.end(session)
        if now >= self._next_key_sweep:
            self._next_key_sweep = now + _KEY_SWEEP_INTERVAL
            stage.loaded.remove_idle(now - settings.idle_wrapper_retention)
            stage.loaded.refresh_salts(now)
            hold_bound(stage, settings.kept_limit_bytes)

    def startService(self) -> None:
        """Start the clockwork."""
        super().startService()
        self.stage.push.start()
        self._housekeeping.start(self.settings.sweep_interval, now=False)

    async def _drain(self) -> None:
        """Give requests in flight their time, then let every answer leave."""
        self.stage.frames.draining = True
        self.stage.turns.end()  # what was taken is started
        deadline = self._clock.seconds() + self.settings.drain_timeout
        while self.stage.starts.in_flight() and self._clock.seconds() < deadline:
            pause: Deferred[None] = Deferred()
            self._clock.callLater(0.05, pause.callback, None)
            await pause
        self.stage.push.finish()
        self.stage.turns.end()

    def stopService(self) -> "Deferred[None]":
        """Drain; frames that come meanwhile stay with gnetway."""
        drained: Deferred[None] = Deferred.fromCoroutine(self._drain())
        return drained.addBoth(self._stopped)

    def _stopped(self, result: Any) -> Any:
        if self._housekeeping.running:
            self._housekeeping.stop()
        self.stage.stop()
        super().stopService()
        return result
