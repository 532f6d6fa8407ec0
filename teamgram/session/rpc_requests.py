"""Requests on their way through bff: refused, waiting for another one, under way, answered.

What a request needs of its key (user, device, updates session) it gets from
the wrapper that its session belongs to when it starts; from then on it
belongs to its session alone, whatever happens to the key.
"""

from collections.abc import Awaitable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.interfaces.keys import ClientInfo
from teamgram.interfaces.rpc import RpcError, RpcRequest
from teamgram.session import errors
from teamgram.session.refusals import Refusals
from teamgram.session.routing import UNKNOWN_METHOD, Route
from teamgram.session.rpc_queue import QueuedRpc, RunningRpc, WaitingRpc
from teamgram.session.session_list import ClientSession

if TYPE_CHECKING:
    from teamgram.session.main_auth import MainAuthWrapper
    from teamgram.session.stage import Stage


class RpcRequests:
    """Every request of the stage that is not answered yet.

    Attributes:
        running: those under way in bff.
        waiting: sessions with requests that wait for others.
    """

    _log = Logger()

    def __init__(self, stage: "Stage") -> None:
        self._stage = stage
        self.running: dict[RunningRpc, None] = {}
        self.waiting: dict[ClientSession, None] = {}
        self._refusals = Refusals()

    def start(self, wrapper: "MainAuthWrapper", queued: QueuedRpc, now: float) -> None:
        """Answer a request at once, or send it on its way."""
        session = queued.session
        invocation = queued.invocation
        if invocation.after and not self._may_start(queued, now):
            return
        route = self._stage.routing.route(invocation.constructor_id)
        if not isinstance(route, Route):
            self._refuse_unserved(session, queued, route, wrapper.client)
            return
        if len(invocation.query) > self._stage.settings.request_limit_bytes and not route.brings_files:
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
                wrapper.wants_updates(session)
        self._call(wrapper, queued, route, now)

    def in_flight(self) -> bool:
        """Whether a request that was taken has no answer yet: in bff, queued for it, or held back."""
        keys = self._stage.keys
        return (
            bool(self.running)
            or any(wrapper.rpc_queue for wrapper in keys.wrappers.values())
            or any(session.held for lists in keys.lists.values() for session in lists.sessions.values())
        )

    def refuse(self, session: ClientSession, msg_id: int, error: tuple[int, str]) -> None:
        """Answer a request with one of our own errors."""
        session.core.fail(msg_id, *error)
        self._answered(session)

    def _refuse_unserved(
        self, session: ClientSession, queued: QueuedRpc, method: str | None, client: ClientInfo
    ) -> None:
        error = errors.INPUT_METHOD_INVALID if method is None else errors.METHOD_NOT_IMPL
        self._stage.routing.times_of(method or UNKNOWN_METHOD).failed(error[0])
        self._refusals.note(method or f"method {queued.invocation.constructor_id:08x} of no layer", client)
        self.refuse(session, queued.msg_id, error)

    def _call(self, wrapper: "MainAuthWrapper", queued: QueuedRpc, route: Route, now: float) -> None:
        session, msg_id, invocation = queued.session, queued.msg_id, queued.invocation
        metadata = session.metadata
        assert metadata is not None
        request = RpcRequest(metadata, msg_id, route.service, route.method, invocation.query, invocation.no_updates)
        started = perf_counter()
        try:
            result = route.caller.call(request)
        except RpcError as error:
            self._fail(session, msg_id, route, error.code, error.message)
        except Exception:
            self._log.failure("{method} broke its promise", method=route.method)
            self._fail(session, msg_id, route, *errors.INTERNAL)
        else:
            if not isinstance(result, bytes):
                slow_at = now + self._stage.settings.slow_rpc_after
                self._started(RunningRpc(wrapper, queued, route, _deferred(result), started, slow_at))
                return
            # bff's own kind of bytes would keep what it was encoded from alive.
            session.core.reply(msg_id, result if type(result) is bytes else bytes(result))
        route.times.answered(perf_counter() - started)
        self._answered(session)

    # Under way

    def _started(self, running: RunningRpc) -> None:
        session = running.session
        if session.running is None:
            session.running = {}
        session.running[running.msg_id] = running
        session.binding = session.binding or running.route.before_init
        self.running[running] = None
        running.wrapper.under_way += 1
        running.deferred.addCallbacks(
            self._succeeded, self._failed, callbackArgs=(running,), errbackArgs=(running,)
        ).addErrback(self._not_answered, running)

    def _succeeded(self, result: bytes, running: RunningRpc) -> None:
        self._finished(running)
        running.session.core.reply(running.msg_id, result)
        self._answered(running.session)

    def _failed(self, failure: Failure, running: RunningRpc) -> None:
        self._finished(running)
        error = failure.value
        if isinstance(error, RpcError):
            self._fail(running.session, running.msg_id, running.route, error.code, error.message)
        elif not isinstance(error, CancelledError):
            self._fail(running.session, running.msg_id, running.route, *errors.INTERNAL)
            self._log.failure("{method} broke its promise", failure=failure, method=running.route.method)
        self._answered(running.session)

    def _not_answered(self, failure: Failure, running: RunningRpc) -> None:
        self._log.failure("answering {method}", failure=failure, method=running.route.method)

    def _fail(self, session: ClientSession, msg_id: int, route: Route, code: int, message: str) -> None:
        route.times.failed(code)
        if (code, message) == errors.METHOD_NOT_IMPL and session.metadata is not None:
            self._refusals.note(route.method, session.metadata.client)
        session.core.fail(msg_id, code, message)

    def _finished(self, running: RunningRpc) -> None:
        of_session = running.session.running
        if self.running.pop(running, _ABSENT) is None and of_session is not None:
            del of_session[running.msg_id]
            if running.route.before_init:
                running.session.binding = False
            running.route.times.answered(perf_counter() - running.started)
            self._gives_way(running)

    def _gives_way(self, running: RunningRpc) -> None:
        """It counts no longer among what its key has under way: another request may start."""
        if running.slow_at:
            running.slow_at = 0.0
            wrapper = running.wrapper
            wrapper.under_way -= 1
            if wrapper.holding:
                self._stage.turns.rpc_ready(wrapper)

    def _answered(self, session: ClientSession) -> None:
        """An answer is queued: let it leave, start what waited for it, read again what was held back."""
        self._stage.turns.dirty(session)
        if session.waiting:
            self.try_waiting(session)
        if session.refused:
            self._stage.read_again(session)

    # Ends

    def end_overdue(self, now: float) -> None:
        """Answer for the requests whose deadline passed, and stop them; let slow ones hold up no other."""
        for running in self.running:
            if 0 < running.slow_at <= now:
                self._gives_way(running)
        for wrapper in self._stage.keys.wrappers.values():
            if wrapper.holding and wrapper.is_full():
                wrapper.end_overdue(now)
        for running in [running for running in self.running if running.deadline <= now]:
            self._fail(running.session, running.msg_id, running.route, *errors.TIMEOUT)
            self._stop(running)
            self._answered(running.session)

    def cancel(self, wrapper: "MainAuthWrapper", session: ClientSession, msg_id: int) -> None:
        """The client dropped the answer of a request, which has been answered for."""
        running = session.running.get(msg_id) if session.running else None
        if running is not None:
            self._stop(running)
        else:
            wrapper.rpc_queue[:] = [
                queued for queued in wrapper.rpc_queue if queued.session is not session or queued.msg_id != msg_id
            ]
            if session.waiting:
                session.waiting = [one for one in session.waiting if one.queued.msg_id != msg_id]
            if session.held:
                session.held = [queued for queued in session.held if queued.msg_id != msg_id]
                if not session.held:
                    wrapper.hold_nothing(session)
        self._answered(session)

    def session_ended(self, session: ClientSession) -> None:
        """Nobody waits for its answers any more."""
        self.waiting.pop(session, None)
        session.waiting = None
        for running in list((session.running or {}).values()):
            self._stop(running)

    def _stop(self, running: RunningRpc) -> None:
        self._finished(running)
        running.deferred.cancel()

    # invokeAfterMsg

    def _may_start(self, queued: QueuedRpc, now: float) -> bool:
        """Whether all that the request depends on has succeeded; else it waits or is answered."""
        session = queued.session
        outcomes = [session.core.outcome(msg_id) for msg_id in queued.invocation.after]
        if False in outcomes:
            self.refuse(session, queued.msg_id, errors.MSG_WAIT_FAILED)
            return False
        if None not in outcomes:
            return True
        if session.waiting is None:
            session.waiting = []
        session.waiting.append(WaitingRpc(queued, now + self._stage.settings.invoke_after_timeout))
        self.waiting[session] = None
        return False

    def try_waiting(self, session: ClientSession) -> None:
        """Queue again what need not wait any more; it finds out there how the others ended."""
        waiting, session.waiting = session.waiting or [], None
        now = self._stage.clock.seconds()
        wrapper = self._stage.keys.wrapper_of(session.keys)
        still: list[WaitingRpc] = []
        for one in waiting:
            after = one.queued.invocation.after
            outcomes = [session.core.outcome(msg_id) for msg_id in after]
            if None not in outcomes or False in outcomes:
                one.queued.deadline = now + self._stage.settings.rpc_timeout
                wrapper.rpc_queue.append(one.queued)
                self._stage.turns.rpc_ready(wrapper)
            elif now < one.deadline or (
                # What has come has its own deadline; who waits for itself, or in a circle, has this one.
                now < one.deadline + self._stage.settings.rpc_timeout
                and all(
                    session.core.has_received(msg_id)
                    for msg_id, outcome in zip(after, outcomes, strict=True)
                    if outcome is None
                )
            ):
                still.append(one)
            else:
                session.core.fail(one.queued.msg_id, *errors.MSG_WAIT_FAILED)
                self._stage.turns.dirty(session)
        if still:
            session.waiting = still
        else:
            self.waiting.pop(session, None)


_ABSENT = object()


def _deferred(result: Awaitable[bytes]) -> Deferred[Any]:
    """bff promises a Deferred; whatever else can be awaited will do."""
    return result if isinstance(result, Deferred) else Deferred.fromCoroutine(result)  # type: ignore[arg-type]
