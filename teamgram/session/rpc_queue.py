"""Requests on their way: queued, waiting for another one, under way."""

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from teamgram.session.invoke import Invocation
from teamgram.session.routing import Route

if TYPE_CHECKING:
    from teamgram.session.main_auth import MainAuthWrapper
    from teamgram.session.session_list import ClientSession


class QueuedRpc:
    """One request in a wrapper's ``rpc_queue``, to be answered until ``deadline`` (unix seconds)."""

    __slots__ = ("deadline", "invocation", "msg_id", "session")

    def __init__(self, session: "ClientSession", msg_id: int, invocation: Invocation, deadline: float) -> None:
        self.session = session
        self.msg_id = msg_id
        self.invocation = invocation
        self.deadline = deadline


class WaitingRpc:
    """One request that ``invokeAfterMsg`` makes wait, until ``deadline`` (unix seconds)."""

    __slots__ = ("deadline", "queued")

    def __init__(self, queued: QueuedRpc, deadline: float) -> None:
        self.queued = queued
        self.deadline = deadline


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
        wrapper: "MainAuthWrapper",
        queued: QueuedRpc,
        route: Route,
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
