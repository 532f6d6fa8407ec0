"""Requests on their way that have not started: queued, or waiting for another one."""

from teamgram.session.invoke import UnwrappedQuery
from teamgram.session.session_list import ClientSession


class QueuedRpc:
    """One request in a wrapper's ``rpc_queue``, to be answered until ``deadline`` (unix seconds)."""

    __slots__ = ("deadline", "invocation", "msg_id", "session")

    def __init__(self, session: ClientSession, msg_id: int, invocation: UnwrappedQuery, deadline: float) -> None:
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
