"""The gnetway processes as session sees them: ``interfaces.session.Gateway``, and the service they come to.

Frames that session refuses wait here, in order, until it calls
``resume_reading``; what a connection may have here is bounded by what gnetway lets be on its
way. Toward clients the same holds: a connection with too much that is not
written yet counts as not writable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from twisted.logger import Logger

from teamgram.cluster.flow import PeerSilent, StreamQueue, converse
from teamgram.cluster.keys import found_message, key_of
from teamgram.cluster.protos import frames_grpc, frames_pb2
from teamgram.cluster.remote_sessions import CONNECTION_WINDOW, FRAME_COST
from teamgram.cluster.waiting import to_asyncio
from teamgram.interfaces.authsession import AuthKeyIdTaken, SessionKeys
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.session import ConnRef, DataChannelFull, KeyBound, SessionData, SessionInbound

_TAKEN_STEP = CONNECTION_WINDOW // 4


class _Connection:
    """A client's connection that a gnetway process holds.

    Attributes:
        held: frames that session refused, and sessions that were closed behind them.
        taken: cost of frames that session took since that was told.
        on_the_way: cost of what was sent to it and is not known to be written.
        writable: gnetway says so; ``holds_back``: we say that it is not.
    """

    __slots__ = (
        "client_addr",
        "held",
        "holds_back",
        "local_addr",
        "on_the_way",
        "ref",
        "sessions",
        "taken",
        "transport",
        "writable",
    )

    def __init__(self, ref: ConnRef, said: frames_pb2.Connection) -> None:
        self.ref = ref
        self.client_addr = said.client_addr
        self.local_addr = said.local_addr
        self.transport = said.transport
        self.held: deque[SessionData | frames_pb2.SessionClosed] = deque()
        self.sessions: dict[tuple[int, int], int] = {}
        self.taken = 0
        self.on_the_way = 0
        self.writable = True
        self.holds_back = False


class GatewayStream:
    """One gnetway process while its stream lives."""

    _log = Logger()

    def __init__(self, gateway_id: str, session: SessionInbound, yields: bool = False) -> None:
        self.gateway_id = gateway_id
        self.yields = yields
        self._session = session
        self._connections: dict[int, _Connection] = {}
        self._crowded: dict[int, None] = {}
        self.outgoing: StreamQueue[frames_pb2.GatewayItem] = StreamQueue(
            lambda items, leaving: frames_pb2.ToGateway(items=items, leaving=leaving, yields=self.yields),
            self._has_room,
        )

    def __len__(self) -> int:
        return len(self._connections)

    # In

    def received(self, message: frames_pb2.ToSession) -> None:
        """What came, in order."""
        for item in message.items:
            kind = item.WhichOneof("item")
            if kind == "frame":
                self._frame(item.frame)
            elif kind == "closed":
                self._closed(item.closed)
            elif kind == "written":
                self._written(item.written)
            elif kind == "writable":
                self._set_writable(item.writable)

    def _frame(self, frame: frames_pb2.FrameIn) -> None:
        conn = self._connections.get(frame.conn_id)
        if frame.HasField("connection"):
            if conn is None or frame.connection.transport != "http":
                conn = _Connection(ConnRef(self.gateway_id, frame.conn_id), frame.connection)
                if conn.transport != "http":
                    self._connections[frame.conn_id] = conn
        elif conn is None:
            return
        data = SessionData(
            conn.ref,
            frame.auth_key_id,
            AuthKeyType(frame.key_type),
            frame.perm_auth_key_id,
            frame.session_id,
            frame.server_salt,
            conn.client_addr,
            conn.local_addr,
            conn.transport,
            frame.payload,
            frame.dc_id,
        )
        conn.sessions[frame.auth_key_id, frame.session_id] = frame.perm_auth_key_id
        if conn.held or not self._take(conn, data):
            conn.held.append(data)
            # Those over HTTP are remembered only while something waits.
            self._connections[frame.conn_id] = conn

    def _take(self, conn: _Connection, data: SessionData) -> bool:
        try:
            self._session.send_data(data)
        except DataChannelFull:
            return False
        conn.taken += len(data.payload) + FRAME_COST
        if conn.taken >= _TAKEN_STEP:
            self._say_taken(conn)
        return True

    def _say_taken(self, conn: _Connection) -> None:
        taken, conn.taken = conn.taken, 0
        item = frames_pb2.GatewayItem(taken=frames_pb2.Taken(conn_id=conn.ref.conn_id, bytes=taken))
        self.outgoing.put(item)

    def resume_reading(self, conn_id: int) -> None:
        """Session has room for what it refused of that connection."""
        conn = self._connections.get(conn_id)
        if conn is None or not conn.held:
            return
        while conn.held:
            first = conn.held[0]
            if isinstance(first, SessionData):
                if not self._take(conn, first):
                    return
            else:
                self._close_session(conn, first)
            conn.held.popleft()
        self._say_taken(conn)
        if conn.transport == "http":
            self._connections.pop(conn_id, None)

    def _closed(self, closed: frames_pb2.SessionClosed) -> None:
        conn = self._connections.get(closed.conn_id)
        if conn is None:
            # Over HTTP an answer that cannot be delivered closes no session: it leaves with the next request.
            return
        if closed.connection_closed:
            self._drop(conn)
        elif conn.held:
            conn.held.append(closed)
        else:
            self._close_session(conn, closed)

    def _close_session(self, conn: _Connection, closed: frames_pb2.SessionClosed) -> None:
        perm_auth_key_id = conn.sessions.pop((closed.auth_key_id, closed.session_id), closed.perm_auth_key_id)
        self._session.close_session(perm_auth_key_id, closed.auth_key_id, closed.session_id, conn.ref)

    def _drop(self, conn: _Connection) -> None:
        self._connections.pop(conn.ref.conn_id, None)
        self._crowded.pop(conn.ref.conn_id, None)
        held = [one for one in conn.held if isinstance(one, SessionData)]
        conn.held.clear()
        for data in held:
            # It came whole, so it counts; nothing leaves by its connection any more.
            try:
                self._session.send_data(data)
            except DataChannelFull:
                break
        for (auth_key_id, session_id), perm_auth_key_id in conn.sessions.items():
            self._session.close_session(perm_auth_key_id, auth_key_id, session_id, conn.ref)

    def lost(self) -> None:
        """The process is gone, or cannot be reached: so are its connections."""
        for conn in list(self._connections.values()):
            self._drop(conn)

    # Out

    def send_data(self, conn_id: int, auth_key_id: int, server_salt: int, session_id: int, payload: bytes) -> bool:
        """Send a frame on its way; whether it arrives only gnetway knows."""
        frame = frames_pb2.FrameOut(
            conn_id=conn_id,
            auth_key_id=auth_key_id,
            server_salt=server_salt,
            session_id=session_id,
            payload=payload,
        )
        self.outgoing.put(frames_pb2.GatewayItem(frame=frame), len(payload))
        conn = self._connections.get(conn_id)
        if conn is not None:
            conn.on_the_way += len(payload) + FRAME_COST
            crowded = self.outgoing.is_full
            if crowded:
                self._crowded[conn_id] = None
            if (crowded or conn.on_the_way >= CONNECTION_WINDOW) and not conn.holds_back:
                conn.holds_back = True
                if conn.writable:
                    self._session.set_writable(conn.ref, False)
        return True

    def _written(self, written: frames_pb2.Written) -> None:
        conn = self._connections.get(written.conn_id)
        if conn is not None:
            conn.on_the_way = max(0, conn.on_the_way - written.bytes)
            self._go_on(conn)

    def _has_room(self) -> None:
        crowded, self._crowded = self._crowded, {}
        for conn_id in crowded:
            conn = self._connections.get(conn_id)
            if conn is not None:
                self._go_on(conn)

    def _go_on(self, conn: _Connection) -> None:
        if not conn.holds_back or conn.on_the_way >= CONNECTION_WINDOW or conn.ref.conn_id in self._crowded:
            return
        conn.holds_back = False
        if conn.writable:
            self._session.set_writable(conn.ref, True)

    def _set_writable(self, said: frames_pb2.Writable) -> None:
        conn = self._connections.get(said.conn_id)
        if conn is None or conn.writable == said.writable:
            return
        conn.writable = said.writable
        if not conn.holds_back:
            self._session.set_writable(conn.ref, said.writable)

    def close(self, conn_id: int, reason: str) -> None:
        """Have it close a connection."""
        close = frames_pb2.CloseConnection(conn_id=conn_id, reason=reason)
        self.outgoing.put(frames_pb2.GatewayItem(close=close))


class RemoteGateways:
    """Implements ``interfaces.session.Gateway`` for all gnetway processes that have a stream here."""

    def __init__(self) -> None:
        self.streams: dict[str, GatewayStream] = {}

    def send_data(self, conn: ConnRef, auth_key_id: int, server_salt: int, session_id: int, payload: bytes) -> bool:
        """Send a frame to the connection's process; False: that is gone."""
        stream = self.streams.get(conn.gateway_id)
        return stream is not None and stream.send_data(conn.conn_id, auth_key_id, server_salt, session_id, payload)

    def resume_reading(self, conn: ConnRef) -> None:
        """Room again in the queue that refused this connection's frame."""
        stream = self.streams.get(conn.gateway_id)
        if stream is not None:
            stream.resume_reading(conn.conn_id)

    def close(self, conn: ConnRef, reason: str) -> None:
        """Close one connection."""
        stream = self.streams.get(conn.gateway_id)
        if stream is not None:
            stream.close(conn.conn_id, reason)

    def forget_auth_key(self, auth_key_id: int) -> None:
        """Any of them may have the key in memory."""
        for stream in self.streams.values():
            stream.outgoing.put(frames_pb2.GatewayItem(forget_auth_key=auth_key_id))

    def key_bound(self, bound: KeyBound) -> None:
        """Any of them may have the key in memory."""
        for stream in self.streams.values():
            message = frames_pb2.BoundKey(
                auth_key_id=bound.auth_key_id,
                key_type=int(bound.key_type),
                perm_auth_key_id=bound.perm_auth_key_id,
                expires_at=bound.expires_at,
                dc_id=bound.dc_id,
            )
            stream.outgoing.put(frames_pb2.GatewayItem(key_bound=message))


class SessionServer(frames_grpc.SessionBase):
    """The gRPC service of a session process.

    Args:
        gateways: knows the streams while they live.
        auth_sessions: answers for keys.
    """

    _log = Logger()

    def __init__(self, session: SessionInbound, gateways: RemoteGateways, auth_sessions: SessionKeys) -> None:
        self._session = session
        self._gateways = gateways
        self._auth_sessions = auth_sessions
        self.is_leaving = False
        self._yields_for: set[str] = set()

    @property
    def yields(self) -> bool:
        """Whether gnetways are told to have others do what is done here."""
        return bool(self._yields_for)

    def may_be_cut_off(self, why: str, may_be: bool) -> None:
        """Say to gnetways that others are better for all that this process has, while there is a reason."""
        before = self.yields
        (self._yields_for.add if may_be else self._yields_for.discard)(why)
        if self.yields is before:
            return
        if may_be:
            self._log.warn("leaving clients to others that are better: {why}", why=why)
        else:
            self._log.info("serving clients again")
        for stream in self._gateways.streams.values():
            stream.yields = self.yields
            stream.outgoing.say_again()

    def leave(self) -> None:
        """Say that this process will end."""
        self.is_leaving = True
        for stream in self._gateways.streams.values():
            stream.outgoing.leave()

    async def Frames(self, stream: Any) -> None:
        """See the .proto."""
        hello = await stream.recv_message()
        if hello is None or not hello.gateway_id:
            return
        await stream.send_initial_metadata()
        before = self._gateways.streams.get(hello.gateway_id)
        if before is not None:
            before.lost()
        gateway = self._gateways.streams[hello.gateway_id] = GatewayStream(hello.gateway_id, self._session, self.yields)
        self._log.info("gnetway {gateway} came", gateway=hello.gateway_id)
        try:
            await converse(stream, gateway.outgoing, gateway.received)
        except asyncio.CancelledError:
            if not self.is_leaving:
                raise
            # The port closes: returning ends the stream, of which the peer hears nothing else.
        except PeerSilent as silence:
            self._log.warn("gnetway {gateway}: {silence}", gateway=hello.gateway_id, silence=str(silence))
        finally:
            if self._gateways.streams.get(hello.gateway_id) is gateway:
                del self._gateways.streams[hello.gateway_id]
            self._log.info("gnetway {gateway} is gone", gateway=hello.gateway_id)
            gateway.lost()

    async def QueryAuthKey(self, stream: Any) -> None:
        """See the .proto."""
        asked = await stream.recv_message()
        found = await to_asyncio(self._auth_sessions.query_auth_key(asked.auth_key_id))
        await stream.send_message(found_message(found))

    async def SetAuthKey(self, stream: Any) -> None:
        """See the .proto."""
        new = await stream.recv_message()
        taken = False
        try:
            await to_asyncio(self._auth_sessions.set_auth_key(key_of(new.key), new.first_salt))
        except AuthKeyIdTaken:
            taken = True
        await stream.send_message(frames_pb2.AuthKeyStored(taken=taken))
