"""Requests on their way: queued, waiting for another one, under way."""

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from teamgram.session.invoke import Invocation
from teamgram.session.routing import Route

if TYPE_CHECKING:
    from teamgram.session.main_auth import MainAuthWrapper
    from teamgram.session.session_list import ClientSession


class QueuedRpc:
    """One request in a wrapper's ``rpc_queue``."""

    __slots__ = ("invocation", "msg_id", "session")

    def __init__(self, session: "ClientSession", msg_id: int, invocation: Invocation) -> None:
        self.session = session
        self.msg_id = msg_id
        self.invocation = invocation


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
    """

    __slots__ = ("deadline", "deferred", "msg_id", "route", "session", "started", "wrapper")

    def __init__(
        self,
        wrapper: "MainAuthWrapper",
        session: "ClientSession",
        msg_id: int,
        route: Route,
        deferred: "Deferred[Any]",
        started: float,
        deadline: float,
    ) -> None:
        self.wrapper = wrapper
        self.session = session
        self.msg_id = msg_id
        self.route = route
        self.deferred = deferred
        self.started = started
        self.deadline = deadline
