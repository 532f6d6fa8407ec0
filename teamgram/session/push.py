"""Updates to the sessions that want them, and who is there.

Each key has one updates session. An object is converted once for each layer
among its receivers' keys, and waits in the sessions' outboxes like any other
message; a session whose client does not read drops it there and is told to
get the difference instead.
"""

from collections.abc import Callable

from teamgram.interfaces.bus import Bus
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.updates import (
    DevicesAsked,
    PushedUpdates,
    Receiver,
    SessionsGone,
    UpdatesMayBeLost,
    UpdatesSessionChanged,
)
from teamgram.session.fan_outs import FanOuts, Forms
from teamgram.session.main_auth import MainAuthWrapper
from teamgram.session.session_list import ClientSession
from teamgram.session.turns import ReactorTurns

_TOLD_IN_A_TURN = 200
"""Users of whom somebody who asks hears in one turn: well below a millisecond."""


class Push:
    """Hears ``PushedUpdates`` on the bus, and tells there whose devices take some.

    Args:
        server: this process's name in what it tells.
        convert: a boxed object of the newest layer, and a layer, to the object in that layer.
        part_seconds: how long what many get has in a turn.
        keys_move: see ``SessionSettings``.

    Attributes:
        fan_outs: updates for a user with signed-in keys in memory, since the start.
        pushed: what became of them: one for each updates session.
    """

    def __init__(
        self,
        bus: Bus,
        server: str,
        turns: ReactorTurns,
        convert: Callable[[bytes, int], bytes],
        part_seconds: float,
        keys_move: bool = False,
    ) -> None:
        self._keys_move = keys_move
        self._bus = bus
        self._server = server
        self._turns = turns
        self._convert = convert
        self._fan_outs = FanOuts(turns, self._queue, part_seconds)
        self.pushed = 0
        self.fan_outs = 0
        self._users: dict[int, dict[int, MainAuthWrapper]] = {}
        bus.listen(PushedUpdates, self.push)
        bus.listen(DevicesAsked, self._tell_all)
        bus.listen(UpdatesMayBeLost, self._lose_all)

    def push(self, updates: PushedUpdates) -> None:
        """Queue ``updates`` for the receivers' updates sessions; for many it is done in parts of a turn."""
        forms = Forms(updates, self._convert)
        receivers = updates.receivers
        if len(receivers) == 1 and not self._fan_outs.has(receivers[0].user_id):
            for session in self._queue(forms, receivers[0]):
                self._turns.dirty(session)
            return
        self._fan_outs.add(forms, [receiver for receiver in receivers if receiver.user_id in self._users])

    def finish(self) -> None:
        """Queue what has not had its part of a turn yet; before the stage ends."""
        self._fan_outs.finish()

    def _queue(self, forms: Forms, receiver: Receiver) -> list[ClientSession]:
        """Put one receiver's updates into their sessions; those that have something to send now."""
        wrappers = self._users.get(receiver.user_id)
        if not wrappers:
            return []
        self.fan_outs += 1
        updates = forms.updates
        ready = []
        for perm_auth_key_id, wrapper in wrappers.items():
            session = wrapper.updates_session
            if session is None or perm_auth_key_id == updates.except_perm_auth_key_id:
                continue
            if updates.only_perm_auth_key_id and perm_auth_key_id != updates.only_perm_auth_key_id:
                continue
            body = forms.body(session.layer or wrapper.client.layer, receiver.numbers)
            self.pushed += 1
            if body is None:
                session.core.outbox.drop_pushes()
            else:
                session.core.outbox.add_push(body)
            if wrapper.takes_updates and session.core.outbox.push_lost:
                self.updates_session_changed(wrapper)
            if session.conn is not None:
                ready.append(session)
        return ready

    def signed_in(self, wrapper: MainAuthWrapper) -> None:
        """The wrapper's key belongs to ``wrapper.user_id`` from now on."""
        if wrapper.user_id:
            self._users.setdefault(wrapper.user_id, {})[wrapper.perm_auth_key_id] = wrapper
            self.updates_session_changed(wrapper)

    def signed_out(self, wrapper: MainAuthWrapper) -> None:
        """The wrapper's key is about to lose its user, or the wrapper to go."""
        wrappers = self._users.get(wrapper.user_id)
        if wrappers is not None:
            wrappers.pop(wrapper.perm_auth_key_id, None)
            if not wrappers:
                del self._users[wrapper.user_id]
        self._tell(wrapper, False, False)

    # Which session gets a key's updates

    def wants_updates(self, wrapper: MainAuthWrapper, session: ClientSession) -> None:
        """A session made a call that asks for updates: the latest such session gets them, no other."""
        if session.keys.key_type is AuthKeyType.MEDIA_TEMP:
            return
        session.wants_updates = True
        before, wrapper.updates_session = wrapper.updates_session, session
        if before is not None and before is not session and before.conn is None and before.core.outbox.pushes:
            # Clients that reconnect under a new session_id never come back for
            # what waits in the old one, and its messages are not for the new.
            before.core.outbox.drop_pushes()
            session.core.outbox.push_lost = True
        if before is None and self._keys_move and wrapper.user_id and not wrapper.user_told:
            # Not every client gets the difference for a session that is new to the server.
            session.core.outbox.push_lost = True
        self.updates_session_changed(wrapper)

    def elect_updates_session(self, wrapper: MainAuthWrapper) -> None:
        """Find the updates session anew after one lost its connection or ended."""
        wanting = [session for keys in wrapper.lists for session in keys.sessions if session.wants_updates]
        connected = [session for session in wanting if session.conn is not None]
        # With nobody connected the last one keeps the updates for its return.
        wrapper.updates_session = max(connected or wanting, key=lambda session: session.called_at, default=None)
        self.updates_session_changed(wrapper)

    def updates_session_changed(self, wrapper: MainAuthWrapper) -> None:
        """Another session gets the wrapper's updates, or the one that does came or went, or lost some or said so."""
        session = wrapper.updates_session
        if not wrapper.user_id or session is None:
            self._tell(wrapper, False, False)
        else:
            self._tell(wrapper, session.conn is not None, not session.core.outbox.push_lost)

    def _tell(self, wrapper: MainAuthWrapper, connected: bool, takes_updates: bool) -> None:
        if wrapper.online is connected and wrapper.takes_updates is takes_updates:
            return
        wrapper.online = connected
        wrapper.takes_updates = takes_updates
        self._publish(wrapper)

    def _publish(self, wrapper: MainAuthWrapper) -> None:
        self._bus.publish(
            UpdatesSessionChanged(
                self._server, wrapper.user_id, wrapper.perm_auth_key_id, wrapper.online, wrapper.takes_updates
            )
        )

    def start(self) -> None:
        """What another process of this name told before holds no more."""
        self._bus.publish(SessionsGone(self._server))

    def _tell_all(self, asked: DevicesAsked) -> None:
        """How it is with each device, some of them in each turn."""

        def tell(wrapper: MainAuthWrapper) -> None:
            if wrapper.online or wrapper.takes_updates:
                self._publish(wrapper)

        self._for_all(tell)

    def _lose_all(self, lost: UpdatesMayBeLost) -> None:
        """Have each device get the difference, some of them in each turn."""

        def lose(wrapper: MainAuthWrapper) -> None:
            session = wrapper.updates_session
            if session is not None and wrapper.takes_updates:
                session.core.outbox.drop_pushes()
                self.updates_session_changed(wrapper)
                if session.conn is not None:
                    self._turns.dirty(session)

        self._for_all(lose)

    def _for_all(self, do: Callable[[MainAuthWrapper], None]) -> None:
        users = list(self._users)

        def some() -> None:
            for user_id in users[-_TOLD_IN_A_TURN:]:
                for wrapper in list(self._users.get(user_id, {}).values()):
                    do(wrapper)
            del users[-_TOLD_IN_A_TURN:]
            if users:
                self._turns.last(some)

        some()
