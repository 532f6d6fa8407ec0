"""Requests on their way through bff: refused, waiting for another one, under way, answered.

What a request needs of its key (user, device, updates session) it gets from
the wrapper that its session belongs to when it starts; from then on it
belongs to its session alone, whatever happens to the key.
"""

from collections.abc import Awaitable, Iterable
from time import perf_counter
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.interfaces.keys import ClientInfo
from teamgram.interfaces.rpc import RpcError, RpcRequest
from teamgram.session import errors
from teamgram.session.delivery import Delivery
from teamgram.session.main_auth import KeyTable, MainAuthWrapper
from teamgram.session.push import Push
from teamgram.session.refusals import Refusals
from teamgram.session.routing import UNKNOWN_METHOD, MethodRoute, Routing
from teamgram.session.rpc_queue import QueuedRpc, WaitingRpc
from teamgram.session.session_list import ClientSession
from teamgram.session.settings import SessionSettings
from teamgram.session.turns import ReactorTurns
from teamgram.session.watched_keys import WatchedKeys


class RunningRpc:
    """One request that bff has not answered yet.

    Attributes:
        wrapper: whose ``under_way`` it is counted in; its session may have another by now.
        started: on the clock of ``time.perf_counter``.
        deadline: unix seconds.
        slow_at: when it no longer counts among those that its key may have under way (unix seconds); 0: it does not.
    """

    __slots__ = ("deadline", "deferred", "msg_id", "route", "session", "slow_at", "started", "wrapper")

    def __init__(
        self,
        wrapper: MainAuthWrapper,
        queued: QueuedRpc,
        route: MethodRoute,
        deferred: "Deferred[Any]",
        started: float,
        slow_at: float,
    ) -> None:
        self.wrapper = wrapper
        self.session = queued.session
        self.msg_id = queued.msg_id
        self.deadline = queued.deadline
        self.route = route
        self.deferred = deferred
        self.started = started
        self.slow_at = slow_at


class RpcRequests:
    """Every request of the stage that was started and is not answered yet.

    Attributes:
        running: those under way in bff.
        waiting: those that wait for others (``invokeAfterMsg``), by session.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        routing: Routing,
        keys: KeyTable,
        turns: ReactorTurns,
        push: Push,
        delivery: Delivery,
        watched: WatchedKeys,
        clock: IReactorTime,
        settings: SessionSettings,
    ) -> None:
        self._routing = routing
        self._keys = keys
        self._turns = turns
        self._push = push
        self._delivery = delivery
        self._watched = watched
        self._clock = clock
        self._settings = settings
        self.running: dict[RunningRpc, None] = {}
        self.waiting: dict[ClientSession, list[WaitingRpc]] = {}
        self._by_session: dict[ClientSession, dict[int, RunningRpc]] = {}
        self._refusals = Refusals()

    def running_of(self, session: ClientSession) -> Iterable[RunningRpc]:
        """Those of one session that are under way."""
        return self._by_session.get(session, {}).values()

    def start(self, wrapper: MainAuthWrapper, queued: QueuedRpc, now: float) -> None:
        """Answer a request at once, or send it on its way."""
        session = queued.session
        invocation = queued.invocation
        if invocation.after and not self._may_start(queued, now):
            return
        route = self._routing.route(invocation.constructor_id)
        if not isinstance(route, MethodRoute):
            self._refuse_unserved(session, queued, route, wrapper.client)
            return
        if len(invocation.query) > self._settings.request_limit_bytes and not route.brings_files:
            self.refuse(session, queued.msg_id, errors.INPUT_REQUEST_TOO_LONG)
            return
        metadata = session.metadata
        if metadata is None:
            metadata = session.make_metadata(wrapper.perm_auth_key_id, wrapper.user_id, wrapper.client)
        if not wrapper.perm_auth_key_id and not route.before_binding:
            self.refuse(session, queued.msg_id, errors.AUTH_KEY_PERM_EMPTY)
            return
        if not metadata.layer and not route.before_init:
            self.refuse(session, queued.msg_id, errors.CONNECTION_NOT_INITED)
            return
        if route.for_updates and not invocation.no_updates:
            session.called_at = now
            if session is not wrapper.updates_session:
                self._push.wants_updates(wrapper, session)
        self._call(wrapper, queued, route, now)

    def refuse(self, session: ClientSession, msg_id: int, error: tuple[int, str]) -> None:
        """Answer a request with one of our own errors."""
        session.core.fail(msg_id, *error)
        self._answered(session)

    def _refuse_unserved(
        self, session: ClientSession, queued: QueuedRpc, method: str | None, client: ClientInfo
    ) -> None:
        error = errors.INPUT_METHOD_INVALID if method is None else errors.METHOD_NOT_IMPL
        self._routing.times_of(method or UNKNOWN_METHOD).failed(error[0])
        self._refusals.note(method or f"method {queued.invocation.constructor_id:08x} of no layer", client)
        self.refuse(session, queued.msg_id, error)

    def _call(self, wrapper: MainAuthWrapper, queued: QueuedRpc, route: MethodRoute, now: float) -> None:
        session, msg_id, invocation = queued.session, queued.msg_id, queued.invocation
        metadata = session.metadata
        assert metadata is not None
        request = RpcRequest(metadata, msg_id, route.service, route.method, invocation.query, invocation.no_updates)
        if route.gives_files:
            session.takes_files = True
        started = perf_counter()
        try:
            result = route.caller.call(request)
        except RpcError as error:
            self._fail(session, msg_id, route, error.code, error.message, started)
        except Exception:
            self._log.failure("{method} broke its promise", method=route.method)
            self._fail(session, msg_id, route, *errors.INTERNAL, started)
        else:
            if not isinstance(result, bytes):
                slow_at = now + self._settings.slow_rpc_after
                self._started(RunningRpc(wrapper, queued, route, _deferred(result), started, slow_at))
                return
            # bff's own kind of bytes would keep what it was encoded from alive.
            session.core.reply(msg_id, result if type(result) is bytes else bytes(result))
            if session.keys.watched:
                self._watched.answered(session, msg_id, route.method, perf_counter() - started, f"{len(result)} bytes")
        route.times.answered(perf_counter() - started)
        self._answered(session)

    # Under way

    def _started(self, running: RunningRpc) -> None:
        session = running.session
        of_session = self._by_session.get(session)
        if of_session is None:
            of_session = self._by_session[session] = {}
        of_session[running.msg_id] = running
        session.binding = session.binding or running.route.before_init
        session.giving = session.giving or running.route.gives_files
        self.running[running] = None
        running.wrapper.under_way += 1
        running.deferred.addBoth(self._ended, running)

    def _ended(self, result: bytes | Failure, running: RunningRpc) -> None:
        try:
            if isinstance(result, Failure):
                self._failed(result, running)
            else:
                self._succeeded(result, running)
        except Exception:
            self._log.failure("answering {method}", method=running.route.method)

    def _succeeded(self, result: bytes, running: RunningRpc) -> None:
        if running.session.keys.watched:
            seconds = perf_counter() - running.started
            self._watched.answered(
                running.session, running.msg_id, running.route.method, seconds, f"{len(result)} bytes"
            )
        self._finished(running)
        running.session.core.reply(running.msg_id, result)
        self._answered(running.session)

    def _failed(self, failure: Failure, running: RunningRpc) -> None:
        self._finished(running)
        error = failure.value
        if isinstance(error, RpcError):
            self._fail_running(running, error.code, error.message)
        elif not isinstance(error, CancelledError):
            self._fail_running(running, *errors.INTERNAL)
            self._log.failure("{method} broke its promise", failure=failure, method=running.route.method)
        self._answered(running.session)

    def _fail_running(self, running: RunningRpc, code: int, message: str) -> None:
        self._fail(running.session, running.msg_id, running.route, code, message, running.started)

    def _fail(
        self, session: ClientSession, msg_id: int, route: MethodRoute, code: int, message: str, started: float
    ) -> None:
        route.times.failed(code)
        if session.keys.watched:
            self._watched.answered(session, msg_id, route.method, perf_counter() - started, f"{code} {message}")
        if (code, message) == errors.METHOD_NOT_IMPL and session.metadata is not None:
            self._refusals.note(route.method, session.metadata.client)
        session.core.fail(msg_id, code, message)

    def _finished(self, running: RunningRpc) -> None:
        if running not in self.running:
            return
        del self.running[running]
        session = running.session
        of_session = self._by_session[session]
        del of_session[running.msg_id]
        if not of_session:
            del self._by_session[session]
        if running.route.before_init:
            session.binding = False
        if running.route.gives_files:
            session.giving = False
        running.route.times.answered(perf_counter() - running.started)
        self._gives_way(running)

    def _gives_way(self, running: RunningRpc) -> None:
        """It counts no longer among what its key has under way: another request may start."""
        if running.slow_at:
            running.slow_at = 0.0
            wrapper = running.wrapper
            wrapper.under_way -= 1
            if wrapper.holding:
                self._turns.rpc_ready(wrapper)

    def _answered(self, session: ClientSession) -> None:
        """An answer is queued: let it leave, start what waited for it, read again what was held back."""
        self._turns.dirty(session)
        if session in self.waiting:
            self.try_waiting(session)
        if session.refused:
            self._delivery.read_again(session)

    # Ends

    def let_slow_give_way(self, now: float) -> None:
        """Those that wait for something outside hold up no other any more."""
        for running in self.running:
            if 0 < running.slow_at <= now:
                self._gives_way(running)

    def end_overdue(self, now: float) -> None:
        """Answer for the requests whose deadline passed, and stop them."""
        for running in [running for running in self.running if running.deadline <= now]:
            self._fail_running(running, *errors.TIMEOUT)
            self._stop(running)
            self._answered(running.session)

    def cancel(self, session: ClientSession, msg_id: int) -> None:
        """The client dropped the answer of a request, which has been answered for."""
        running = self._by_session.get(session, {}).get(msg_id)
        if running is not None:
            self._stop(running)
        elif session in self.waiting:
            self._wait(session, [one for one in self.waiting[session] if one.queued.msg_id != msg_id])
        self._answered(session)

    def session_ended(self, session: ClientSession) -> None:
        """Nobody waits for its answers any more."""
        self.waiting.pop(session, None)
        for running in list(self.running_of(session)):
            self._stop(running)

    def _stop(self, running: RunningRpc) -> None:
        self._finished(running)
        running.deferred.cancel()

    # invokeAfterMsg

    def _may_start(self, queued: QueuedRpc, now: float) -> bool:
        """Whether all that the request depends on has succeeded; else it waits or is answered."""
        session = queued.session
        outcomes = [session.core.inbox.outcome(msg_id) for msg_id in queued.invocation.after]
        if False in outcomes:
            self.refuse(session, queued.msg_id, errors.MSG_WAIT_FAILED)
            return False
        if None not in outcomes:
            return True
        waiting = WaitingRpc(queued, now + self._settings.invoke_after_timeout)
        self.waiting.setdefault(session, []).append(waiting)
        return False

    def try_waiting(self, session: ClientSession) -> None:
        """Queue again what need not wait any more; it finds out there how the others ended."""
        now = self._clock.seconds()
        wrapper = self._keys.wrapper_of(session.keys)
        still: list[WaitingRpc] = []
        for one in self.waiting.get(session, ()):
            after = one.queued.invocation.after
            outcomes = [session.core.inbox.outcome(msg_id) for msg_id in after]
            if None not in outcomes or False in outcomes:
                one.queued.deadline = now + self._settings.rpc_timeout
                wrapper.queue_request(one.queued)
                self._turns.rpc_ready(wrapper)
            elif now < one.deadline or (
                # What has come has its own deadline; who waits for itself, or in a circle, has this one.
                now < one.deadline + self._settings.rpc_timeout
                and all(
                    msg_id in session.core.inbox.messages
                    for msg_id, outcome in zip(after, outcomes, strict=True)
                    if outcome is None
                )
            ):
                still.append(one)
            else:
                session.core.fail(one.queued.msg_id, *errors.MSG_WAIT_FAILED)
                self._turns.dirty(session)
        self._wait(session, still)

    def _wait(self, session: ClientSession, waiting: list[WaitingRpc]) -> None:
        if waiting:
            self.waiting[session] = waiting
        else:
            self.waiting.pop(session, None)


def _deferred(result: Awaitable[bytes]) -> Deferred[Any]:
    """bff promises a Deferred; whatever else can be awaited will do."""
    return result if isinstance(result, Deferred) else Deferred.fromCoroutine(result)  # type: ignore[arg-type]
