"""Requests on their way: queued, waiting for another one, under way."""

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from teamgram.session.invoke import Invocation

if TYPE_CHECKING:
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
    """One request that bff has not answered yet; ``deadline`` in unix seconds."""

    __slots__ = ("deadline", "deferred", "method", "msg_id", "session")

    def __init__(
        self, session: "ClientSession", msg_id: int, method: str, deferred: "Deferred[Any]", deadline: float
    ) -> None:
        self.session = session
        self.msg_id = msg_id
        self.method = method
        self.deferred = deferred
        self.deadline = deadline
