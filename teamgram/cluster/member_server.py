"""What an operator may ask a process for: how it is, and to go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teamgram.cluster.protos import member_grpc, member_pb2


class MemberServer(member_grpc.MemberBase):
    """The gRPC service of every process with a port for its neighbours.

    Args:
        status: makes the answer.
        drain: begins the process's orderly end.
    """

    def __init__(self, status: Callable[[], member_pb2.MemberStatus], drain: Callable[[], object]) -> None:
        self._status = status
        self._drain = drain

    async def Status(self, stream: Any) -> None:
        """See the .proto."""
        await stream.recv_message()
        await stream.send_message(self._status())

    async def Drain(self, stream: Any) -> None:
        """See the .proto."""
        await stream.recv_message()
        await stream.send_message(member_pb2.Draining())
        self._drain()
