"""The bff processes as session sees them: ``interfaces.rpc.RpcCaller``, and the bus to them and from them.

All requests of a permanent key go to one process, which the ring names, so that
their order holds and what is counted for the key is counted once. A request
whose process is gone may have run: where it only reads it is asked again
elsewhere, else its client is told so by an error after which clients ask again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred

from grpclib.client import Channel

from teamgram.cluster.bus import CarriedBus
from teamgram.cluster.callers import CallerBytes
from teamgram.cluster.events import TO_BFFS, deliver_message, event_message
from teamgram.cluster.flow import StreamQueue
from teamgram.cluster.held_keys import HeldKeys
from teamgram.cluster.links import MemberLink, MemberLinks
from teamgram.cluster.protos import calls_grpc, calls_pb2
from teamgram.cluster.ran_once import only_reads
from teamgram.interfaces.rpc import RpcError, RpcRequest
from teamgram.interfaces.updates import UpdatesMayBeLost, UpdatesSessionChanged

LOST = (500, "RPC_CALL_FAIL")
"""The request may have run: clients ask again by themselves, and what must not run twice has a ``random_id``."""

BUSY = (500, "RPC_MCGET_FAIL")
"""It has not run: too many wait for a bff."""

LOST_AFTER = 3.0
"""Seconds until sessions get the difference for a bff that does not come back; one that does has told them then."""

MAX_WAITING = 10_000
"""Requests that may wait for a bff to come back."""


class _Call:
    """A request that has no answer yet."""

    __slots__ = ("answer", "id", "key", "link", "request")

    def __init__(self, number: int, key: int, request: RpcRequest, answer: Deferred[bytes]) -> None:
        self.id = number
        self.key = key
        self.request = request
        self.answer = answer
        self.link: MemberLink | None = None


class RemoteBff:
    """Implements ``RpcCaller`` for one target of the IDMap; the speaker of its links.

    Args:
        server: this process's name.
        bus: what it publishes for bffs goes to all of them, what they tell is heard on it.
        held: the keys that this process may ask for.

    Attributes:
        links: the processes, once ``use`` said so.
        retried, failed: requests asked again elsewhere, and those that failed with their process.
    """

    links: MemberLinks

    def __init__(self, server: str, bus: CarriedBus, held: HeldKeys) -> None:
        self._server = server
        self._held = held
        self._bus = bus
        self._callers = CallerBytes(held)
        self._calls: dict[int, _Call] = {}
        self._waiting: OrderedDict[int, _Call] = OrderedDict()
        self._lost: dict[MemberLink, asyncio.TimerHandle] = {}
        self._last_id = 0
        self.retried = 0
        self.failed = 0
        bus.carry(TO_BFFS, self._tell_all)

    def use(self, links: MemberLinks) -> None:
        """These are the bff processes."""
        self.links = links

    @property
    def under_way(self) -> int:
        """Requests without an answer."""
        return len(self._calls)

    # RpcCaller

    def call(self, request: RpcRequest) -> Deferred[bytes]:
        """The boxed result encoded for the caller's layer, through a Deferred.

        Raises:
            RpcError: through the Deferred.
        """
        self._last_id += 1
        number = self._last_id
        answer: Deferred[bytes] = Deferred(lambda _: self._cancelled(number))
        metadata = request.metadata
        call = _Call(number, metadata.perm_auth_key_id or metadata.auth_key_id, request, answer)
        self._calls[number] = call
        self._send(call)
        return answer

    def _send(self, call: _Call) -> None:
        link = self.links.owner(call.key)
        if link is None or link.outgoing is None:
            if len(self._waiting) >= MAX_WAITING:
                self._fail(call, BUSY)
            else:
                self._waiting[call.id] = call
            return
        call.link = link
        request = call.request
        message = calls_pb2.RpcCall(
            id=call.id,
            caller=self._callers.of(request.metadata),
            msg_id=request.msg_id,
            service=request.service,
            method=request.method,
            body=request.body,
            no_updates=request.no_updates,
        )
        link.outgoing.put(calls_pb2.BffItem(call=message), len(request.body) + 200)

    def _cancelled(self, number: int) -> None:
        call = self._calls.pop(number, None)
        self._waiting.pop(number, None)
        if call is not None and call.link is not None and call.link.outgoing is not None:
            call.link.outgoing.put(calls_pb2.BffItem(cancel=number))

    def _fail(self, call: _Call, error: tuple[int, str]) -> None:
        self._calls.pop(call.id, None)
        self.failed += 1
        call.answer.errback(RpcError(*error))

    # The bus

    def _tell_all(self, event: object) -> None:
        told = message = event_message(self._bus, event)
        teller = None
        if isinstance(event, UpdatesSessionChanged):
            teller = self.links.owner(event.perm_auth_key_id)
            message = event_message(self._bus, replace(event, tells=False))
        for link in self.links:
            if link.outgoing is not None:
                # A bff that is away asks when it is back.
                item = calls_pb2.BffItem(event=told if link is teller else message)
                link.outgoing.put(item, len(message.body))

    # The speaker of the links

    def open(self, channel: Channel) -> Any:
        """The stream of calls."""
        return calls_grpc.BffStub(channel).Calls.open()

    def hello(self) -> calls_pb2.ToBff:
        """Who this is."""
        return calls_pb2.ToBff(server=self._server)

    def outgoing(self, link: MemberLink) -> StreamQueue[calls_pb2.BffItem]:
        """For one stream."""
        return StreamQueue(lambda items, _: calls_pb2.ToBff(items=items))

    def connected(self, link: MemberLink) -> None:
        """What waited for somebody to be there goes on, in its order."""
        if link in self._lost:
            self._updates_may_be_lost(link)
        waiting, self._waiting = self._waiting, OrderedDict()
        for call in waiting.values():
            self._send(call)

    def received(self, link: MemberLink, message: calls_pb2.FromBff) -> None:
        """MessageAnswers, and what was told before them."""
        if message.leaving:
            link.is_leaving = True
        for item in message.items:
            kind = item.WhichOneof("item")
            if kind == "result":
                self._answered(item.result)
            elif kind == "event":
                deliver_message(self._bus, item.event)

    def _answered(self, result: calls_pb2.RpcResult) -> None:
        call = self._calls.pop(result.id, None)
        if call is None:
            return
        if result.held_elsewhere:
            self._held.is_lost(call.key)
            if not call.answer.called:
                call.answer.errback(RpcError(*BUSY))
        elif result.error_code:
            call.answer.errback(RpcError(result.error_code, result.error_message))
        else:
            call.answer.callback(result.result)

    def lost(self, link: MemberLink) -> None:
        """Ask again what only reads, give up what may have run; and what it had to push may be lost."""
        for call in [one for one in self._calls.values() if one.link is link]:
            call.link = None
            if only_reads(call.request.method):
                self.retried += 1
                self._send(call)
            else:
                self._fail(call, LOST)
        self._lost[link] = asyncio.get_running_loop().call_later(LOST_AFTER, self._updates_may_be_lost, link)

    def _updates_may_be_lost(self, link: MemberLink) -> None:
        """It is back, or will not be so soon: what it had to push meanwhile, or had not when it ended, did not come."""
        self._lost.pop(link).cancel()
        self._bus.deliver(UpdatesMayBeLost())
