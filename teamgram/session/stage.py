"""The parts of the session stage and which of them knows which.

``service`` is its face to the other stages. All of it runs in the reactor's
thread and nothing here waits. A part is given those below it; what a turn of
the reactor does is the one thing that goes round, through ``TurnWork``:

    turns < push < delivery < requests < starts, sessions < loaded < frames
"""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from teamgram.interfaces.authsession import SessionKeys
from teamgram.interfaces.bus import Bus
from teamgram.interfaces.session import Gateway
from teamgram.session.counts import SessionCounts
from teamgram.session.delivery import Delivery
from teamgram.session.device_notes import DeviceNotes
from teamgram.session.frames import Frames
from teamgram.session.loaded_keys import LoadedKeys
from teamgram.session.main_auth import KeyTable, MainAuthWrapper
from teamgram.session.push import Push
from teamgram.session.routing import Routing
from teamgram.session.rpc_requests import RpcRequests
from teamgram.session.rpc_starts import RpcStarts
from teamgram.session.session_list import ClientSession
from teamgram.session.sessions import Sessions
from teamgram.session.settings import SessionSettings
from teamgram.session.tasks import Tasks
from teamgram.session.turns import ReactorTurns
from teamgram.session.watched_keys import WatchedKeys

MUCH_BYTES = 64 << 10
"""Ready to leave: takes a fifth of a millisecond or more to encrypt."""


class Stage:
    """The session stage; implements ``TurnWork``.

    Args:
        convert: a boxed object of the newest layer, and a layer, to the object in that layer.
        unique_id: makes ``new_session_created.unique_id``s.
        newest_layer: what a client of a newer layer is served in.
        bus: where it hears what to push and what became of keys, and tells who is there.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        auth_sessions: SessionKeys,
        routing: Routing,
        clock: IReactorTime,
        settings: SessionSettings,
        convert: Callable[[bytes, int], bytes],
        unique_id: Callable[[], int],
        newest_layer: int,
        bus: Bus,
    ) -> None:
        self.routing = routing
        self.counts = SessionCounts()
        self.tasks = Tasks()
        self.keys = KeyTable()
        self.watched = WatchedKeys(self.keys)
        self.turns = ReactorTurns(
            clock,
            self,
            frames_per_turn=settings.frames_per_turn,
            part_seconds=settings.part_seconds,
            behind_seconds=settings.behind_seconds,
            gunzip_turn_bytes=settings.gunzip_turn_bytes,
        )
        self.push = Push(bus, settings.server, self.turns, convert, settings.fan_out_seconds, settings.keys_move)
        devices = DeviceNotes(auth_sessions, self.tasks, clock)
        self.delivery = Delivery(
            gateway=gateway,
            keys=self.keys,
            turns=self.turns,
            push=self.push,
            devices=devices,
            watched=self.watched,
            clock=clock,
            settings=settings,
        )
        self.requests = RpcRequests(
            routing=routing,
            keys=self.keys,
            turns=self.turns,
            push=self.push,
            delivery=self.delivery,
            watched=self.watched,
            clock=clock,
            settings=settings,
        )
        self.starts = RpcStarts(
            requests=self.requests,
            keys=self.keys,
            turns=self.turns,
            devices=devices,
            counts=self.counts,
            settings=settings,
            newest_layer=newest_layer,
        )
        self.sessions = Sessions(
            keys=self.keys,
            delivery=self.delivery,
            requests=self.requests,
            push=self.push,
            counts=self.counts,
            clock=clock,
            settings=settings,
            unique_id=unique_id,
        )
        self.loaded = LoadedKeys(
            table=self.keys,
            gateway=gateway,
            auth_sessions=auth_sessions,
            sessions=self.sessions,
            delivery=self.delivery,
            push=self.push,
            turns=self.turns,
            devices=devices,
            watched=self.watched,
            tasks=self.tasks,
            clock=clock,
            settings=settings,
        )
        self.frames = Frames(
            keys=self.keys,
            loaded=self.loaded,
            sessions=self.sessions,
            delivery=self.delivery,
            requests=self.requests,
            starts=self.starts,
            turns=self.turns,
            gateway=gateway,
            watched=self.watched,
            clock=clock,
            settings=settings,
        )

    # TurnWork

    def sends_much(self, session: ClientSession) -> bool:
        """See ``TurnWork``."""
        return session.core.outbox.queued_bytes >= MUCH_BYTES

    def flush(self, session: ClientSession, now: float) -> None:
        """Send what a session has ready."""
        self.delivery.flush(session, now)

    def take_next(self, wrapper: MainAuthWrapper, now: float) -> bool:
        """Take a key's next frame; False when none can be taken in this turn."""
        return self.frames.take_next(wrapper, now)

    def takes_frames(self, wrapper: MainAuthWrapper) -> bool:
        """Whether ``take_next`` would find one."""
        return self.frames.can_take(wrapper)

    def start_next(self, wrapper: MainAuthWrapper, now: float) -> bool:
        """Start or answer a key's next request; False when none can start now."""
        return self.starts.start_next(wrapper, now)

    def has_more_to_start(self, wrapper: MainAuthWrapper) -> bool:
        """Whether ``start_next`` would find one."""
        return self.starts.has_more(wrapper)

    def part_ended(self, wrapper: MainAuthWrapper) -> None:
        """A key that was behind had its part of the turn: its channel may have room."""
        self.frames.read_again(wrapper)

    def stop(self) -> None:
        """Leave no timer and nothing that waits behind."""
        self.tasks.cancel()
        self.delivery.stop()
