"""The session processes as bff sees them: answers their requests, and carries the bus between them."""

from __future__ import annotations

import asyncio
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.cluster.bus import CarriedBus
from teamgram.cluster.callers import Callers
from teamgram.cluster.events import TO_SESSIONS, deliver_message, event_message
from teamgram.cluster.flow import PeerSilent, StreamQueue, converse
from teamgram.cluster.key_holders import KeyHolders
from teamgram.cluster.protos import calls_grpc, calls_pb2
from teamgram.cluster.ran_once import RanOnce
from teamgram.interfaces.rpc import RpcCaller, RpcError, RpcRequest
from teamgram.interfaces.updates import DevicesAsked, SessionsGone

GONE_AFTER = 4.0
"""Seconds for which a session process may be away until its devices are: a broken stream is opened again at once."""


class SessionStream:
    """One session process while its stream lives."""

    _log = Logger()

    def __init__(self, caller: RpcCaller, callers: Callers, bus: CarriedBus, holders: KeyHolders) -> None:
        self._caller = caller
        self._holders = holders
        self._callers = callers
        self._bus = bus
        self._running: dict[int, Deferred[Any]] = {}
        self.outgoing: StreamQueue[calls_pb2.BffAnswer] = StreamQueue(
            lambda items, leaving: calls_pb2.FromBff(items=items, leaving=leaving)
        )

    @property
    def running(self) -> int:
        """Requests that are not answered."""
        return len(self._running)

    def tell(self, event: calls_pb2.BusEvent) -> None:
        """Something was published here."""
        self.outgoing.put(calls_pb2.BffAnswer(event=event), len(event.body))

    def received(self, message: calls_pb2.ToBff) -> None:
        """Requests and events, in order."""
        for item in message.items:
            kind = item.WhichOneof("item")
            if kind == "call":
                self._call(item.call)
            elif kind == "cancel":
                running = self._running.pop(item.cancel, None)
                if running is not None:
                    running.cancel()
            elif kind == "event":
                deliver_message(self._bus, item.event)

    def _call(self, call: calls_pb2.RpcCall) -> None:
        number = call.id
        try:
            metadata, epoch = self._callers.of(call.caller)
            if self._holders.is_over(metadata.perm_auth_key_id, epoch):
                self.outgoing.put(calls_pb2.BffAnswer(result=calls_pb2.RpcResult(id=number, held_elsewhere=True)))
                return
            request = RpcRequest(metadata, call.msg_id, call.service, call.method, call.body, call.no_updates)
            result: Any = self._caller.call(request)
        except RpcError as error:
            self._failed(number, error)
            return
        except Exception:
            self._log.failure("{method} broke its promise", method=call.method)
            self._failed(number, RpcError(500, "INTERNAL"))
            return
        if isinstance(result, bytes):
            self._answered(result, number)
            return
        self._running[number] = result
        result.addCallbacks(
            self._answered, self._failed_later, callbackArgs=(number,), errbackArgs=(number, call.method)
        )

    def _answered(self, result: bytes, number: int) -> None:
        self._running.pop(number, None)
        answer = calls_pb2.BffAnswer(result=calls_pb2.RpcResult(id=number, result=bytes(result)))
        self.outgoing.put(answer, len(result))

    def _failed_later(self, failure: Failure, number: int, method: str) -> None:
        if self._running.pop(number, None) is None:
            return  # it was cancelled
        error = failure.value
        if not isinstance(error, RpcError):
            self._log.failure("{method} broke its promise", failure=failure, method=method)
            error = RpcError(500, "INTERNAL")
        self._failed(number, error)

    def _failed(self, number: int, error: RpcError) -> None:
        result = calls_pb2.RpcResult(id=number, error_code=error.code, error_message=error.message)
        self.outgoing.put(calls_pb2.BffAnswer(result=result))


class BffServer(calls_grpc.BffBase):
    """The gRPC service of a bff process.

    Args:
        caller: runs requests.
        bus: what it publishes for sessions goes to all of them; what they tell is heard on it.
        holders: refuses who has a key no more.
    """

    _log = Logger()

    def __init__(self, caller: RpcCaller, bus: CarriedBus, clock: IReactorTime, holders: KeyHolders) -> None:
        self._holders = holders
        self._caller = RanOnce(caller)
        self._callers = Callers()
        self._bus = bus
        self._clock = clock
        self.streams: dict[str, SessionStream] = {}
        self.is_leaving = False
        bus.carry(TO_SESSIONS, self._tell_all)

    def leave(self) -> None:
        """Say that this process will end."""
        self.is_leaving = True
        for stream in self.streams.values():
            stream.outgoing.leave()

    @property
    def running(self) -> int:
        """Requests that are not answered."""
        return sum(stream.running for stream in self.streams.values())

    def _tell_all(self, event: object) -> None:
        if self.streams:
            message = event_message(self._bus, event)
            for stream in self.streams.values():
                stream.tell(message)

    async def Calls(self, stream: Any) -> None:
        """See the .proto."""
        hello = await stream.recv_message()
        if hello is None or not hello.server:
            return
        await stream.send_initial_metadata()
        server = hello.server
        session = self.streams[server] = SessionStream(self._caller, self._callers, self._bus, self._holders)
        # What it told before its stream broke may have got lost with it.
        session.tell(event_message(self._bus, DevicesAsked()))
        self._log.info("session {server} came", server=server)
        try:
            await converse(stream, session.outgoing, session.received)
        except asyncio.CancelledError:
            if not self.is_leaving:
                raise
            # The port closes: returning ends the stream, of which the peer hears nothing else.
        except PeerSilent as silence:
            self._log.warn("session {server}: {silence}", server=server, silence=str(silence))
        finally:
            # Its requests go on: what they change they may have changed already.
            if self.streams.get(server) is session:
                del self.streams[server]
                self._log.info("session {server} is gone", server=server)
                self._clock.callLater(GONE_AFTER, self._is_gone, server)

    def _is_gone(self, server: str) -> None:
        if server not in self.streams:
            self._bus.deliver(SessionsGone(server))
