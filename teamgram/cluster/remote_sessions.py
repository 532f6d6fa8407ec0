"""The session processes as gnetway sees them: ``interfaces.session.SessionInbound``, and where keys come from.

A connection's first frame goes to the process that owns its permanent key in
the ring (an unbound temporary key's by itself), and the rest of its session
after it. What is on its way of one connection is bounded: one with more than
``CONNECTION_WINDOW`` that no session has taken is refused, as a full data
channel refuses it in one process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grpclib.client import Channel

from teamgram.cluster.flow import StreamQueue
from teamgram.cluster.keys import key_found, key_message
from teamgram.cluster.links import MemberLink, MemberLinks
from teamgram.cluster.protos import frames_grpc, frames_pb2
from teamgram.cluster.waiting import from_asyncio
from teamgram.interfaces.authsession import AuthKeyIdTaken
from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType
from teamgram.interfaces.session import ConnRef, DataChannelFull, Gateway, KeyBound, SessionData

CONNECTION_WINDOW = 256 << 10
"""Bytes of one connection's frames that may be on their way, in either direction."""

FRAME_COST = 256
"""What a frame counts beside its bytes: many small ones are not free either."""

YIELDED_FOR = 4.0
"""Seconds that a session process that may be cut off has to find that it is not: when etcd comes back, all do."""

_WRITTEN_STEP = CONNECTION_WINDOW // 4


class _Carried:
    """A connection, as far as sessions elsewhere know of it.

    Attributes:
        links: who has got frames of it, the last one first.
        on_the_way: cost of frames that no session has taken.
        written: bytes written since that was told.
    """

    __slots__ = ("links", "on_the_way", "refused", "sessions", "writable", "written")

    def __init__(self) -> None:
        self.links: tuple[MemberLink, ...] = ()
        self.sessions: dict[tuple[int, int], tuple[MemberLink, int]] = {}
        self.on_the_way = 0
        self.refused = False
        self.writable = True
        self.written = 0


class RemoteSessions:
    """Implements ``SessionInbound``; the speaker of the links.

    Args:
        gateway: whom answers are for.
        gateway_id: this process's name in ``ConnRef``.
        is_open: whether a connection of that number is.
        call_later: in so many seconds.
    """

    def __init__(
        self,
        gateway: Gateway,
        gateway_id: str,
        is_open: Callable[[int], bool],
        call_later: Callable[[float, Callable[[], object]], object],
    ) -> None:
        self._call_later = call_later
        self._gateway = gateway
        self._gateway_id = gateway_id
        self._is_open = is_open
        self._carried: dict[int, _Carried] = {}
        self._refused: dict[ConnRef, None] = {}
        self._links: MemberLinks | None = None

    def use(self, links: MemberLinks) -> None:
        """These are the session processes."""
        self._links = links

    # SessionInbound

    def send_data(self, data: SessionData) -> None:
        """Hand a frame to its owner.

        Raises:
            DataChannelFull: too much of the connection, or of all, is on its way, or nobody can be reached.
        """
        link = self._link_for(data)
        if link is None or link.outgoing is None or link.outgoing.is_full:
            self._refused[data.conn] = None
            raise DataChannelFull
        frame = frames_pb2.FrameIn(
            conn_id=data.conn.conn_id,
            auth_key_id=data.auth_key_id,
            key_type=int(data.key_type),
            perm_auth_key_id=data.perm_auth_key_id,
            session_id=data.session_id,
            server_salt=data.server_salt,
            payload=data.payload,
            dc_id=data.dc_id,
        )
        is_http = data.transport == "http"
        if is_http or self._carry(data, link):
            frame.connection.client_addr = data.client_addr
            frame.connection.local_addr = data.local_addr
            frame.connection.transport = data.transport
        link.outgoing.put(frames_pb2.SessionItem(frame=frame), len(data.payload))

    def _link_for(self, data: SessionData) -> MemberLink | None:
        """Who has the connection's session already, whosever the key is now; else the key's owner.

        An answer that is under way leaves by the connection that asked, and some clients would wait for it for ever.
        """
        assert self._links is not None
        carried = self._carried.get(data.conn.conn_id)
        held = carried.sessions.get((data.auth_key_id, data.session_id)) if carried is not None else None
        if held is not None and held[0].outgoing is not None:
            return held[0]
        return self._links.owner(data.perm_auth_key_id or data.auth_key_id)

    def _carry(self, data: SessionData, link: MemberLink) -> bool:
        """Count a frame in; whether it is the connection's first on that link.

        Raises:
            DataChannelFull
        """
        conn_id = data.conn.conn_id
        carried = self._carried.get(conn_id)
        if carried is None:
            carried = self._carried[conn_id] = _Carried()
        elif carried.on_the_way >= CONNECTION_WINDOW:
            carried.refused = True
            raise DataChannelFull
        carried.on_the_way += len(data.payload) + FRAME_COST
        carried.sessions[data.auth_key_id, data.session_id] = (link, data.perm_auth_key_id)
        if link in carried.links:
            return False
        carried.links = (link, *carried.links)
        if not carried.writable and link.outgoing is not None:
            link.outgoing.put(_writable(conn_id, False))
        return True

    def close_session(self, perm_auth_key_id: int, auth_key_id: int, session_id: int, conn: ConnRef) -> None:
        """That connection no longer carries that session."""
        carried = self._carried.get(conn.conn_id)
        if carried is None:
            return
        is_gone = not self._is_open(conn.conn_id)
        held = carried.sessions.pop((auth_key_id, session_id), None)
        if held is not None:
            self._say_closed(held[0], conn.conn_id, held[1], auth_key_id, session_id, False)
        if is_gone:
            del self._carried[conn.conn_id]
            self._refused.pop(conn, None)
            for link in carried.links:
                self._say_closed(link, conn.conn_id, 0, 0, 0, True)

    def _say_closed(
        self, link: MemberLink, conn_id: int, perm_auth_key_id: int, auth_key_id: int, session_id: int, whole: bool
    ) -> None:
        if link.outgoing is not None:
            closed = frames_pb2.SessionClosed(
                conn_id=conn_id,
                auth_key_id=auth_key_id,
                perm_auth_key_id=perm_auth_key_id,
                session_id=session_id,
                connection_closed=whole,
            )
            link.outgoing.put(frames_pb2.SessionItem(closed=closed))

    def set_writable(self, conn: ConnRef, writable: bool) -> None:
        """The connection's send buffer filled up (False) or drained (True)."""
        carried = self._carried.get(conn.conn_id)
        if carried is None:
            return
        carried.writable = writable
        for link in carried.links:
            if link.outgoing is not None:
                link.outgoing.put(_writable(conn.conn_id, writable))
        if writable and carried.written:
            self._say_written(conn.conn_id, carried)

    def _say_written(self, conn_id: int, carried: _Carried) -> None:
        written, carried.written = carried.written, 0
        for link in carried.links:
            if link.outgoing is not None:
                item = frames_pb2.SessionItem(written=frames_pb2.Written(conn_id=conn_id, bytes=written))
                link.outgoing.put(item)

    # The speaker of the links

    def open(self, channel: Channel) -> Any:
        """The stream of frames."""
        return frames_grpc.SessionStub(channel).Frames.open()

    def hello(self) -> frames_pb2.ToSession:
        """Who this is."""
        return frames_pb2.ToSession(gateway_id=self._gateway_id)

    def outgoing(self, link: MemberLink) -> StreamQueue[frames_pb2.SessionItem]:
        """For one stream."""
        return StreamQueue(lambda items, _: frames_pb2.ToSession(items=items), self._read_again)

    def connected(self, link: MemberLink) -> None:
        """Frames that found nobody can go on."""
        self._read_again()
        self._call_later(YIELDED_FOR, self._leave_those_that_yield)

    def _leave_those_that_yield(self) -> None:
        """Close the connections of sessions in processes that may be cut off, when there is a better one."""
        assert self._links is not None
        links = list(self._links)
        if not any(link.is_good for link in links):
            return
        yielding = [link for link in links if link.yields and link.outgoing is not None]
        if not yielding:
            return
        for conn_id, carried in list(self._carried.items()):
            if any(link in carried.links for link in yielding):
                self._gateway.close(ConnRef(self._gateway_id, conn_id), "its session process may be cut off")

    def _read_again(self) -> None:
        refused, self._refused = self._refused, {}
        for conn in refused:
            self._gateway.resume_reading(conn)

    def received(self, link: MemberLink, message: frames_pb2.ToGateway) -> None:
        """What a session process has for our connections."""
        if message.leaving:
            link.is_leaving = True
        if message.yields is not link.yields:
            link.yields = message.yields
            self._call_later(YIELDED_FOR, self._leave_those_that_yield)
        for item in message.items:
            kind = item.WhichOneof("item")
            if kind == "frame":
                self._frame(link, item.frame)
            elif kind == "taken":
                self._taken(item.taken)
            elif kind == "close":
                self._gateway.close(ConnRef(self._gateway_id, item.close.conn_id), item.close.reason)
            elif kind == "forget_auth_key":
                self._gateway.forget_auth_key(item.forget_auth_key)
            elif kind == "key_bound":
                bound = item.key_bound
                self._gateway.key_bound(
                    KeyBound(
                        bound.auth_key_id,
                        AuthKeyType(bound.key_type),
                        bound.perm_auth_key_id,
                        bound.expires_at,
                        bound.dc_id,
                    )
                )

    def _frame(self, link: MemberLink, frame: frames_pb2.FrameOut) -> None:
        conn_id = frame.conn_id
        payload = frame.payload
        carried = self._carried.get(conn_id)
        if carried is not None:
            held = carried.sessions.get((frame.auth_key_id, frame.session_id))
            if held is not None and held[0] is not link:
                # Two processes would be one session to the client: what it says comes of the one that hears it.
                self._say_closed(link, conn_id, 0, frame.auth_key_id, frame.session_id, False)
                return
        sent = self._gateway.send_data(
            ConnRef(self._gateway_id, conn_id), frame.auth_key_id, frame.server_salt, frame.session_id, payload
        )
        if not sent:
            self._say_closed(link, conn_id, 0, frame.auth_key_id, frame.session_id, carried is None)
        if carried is not None:
            carried.written += len(payload) + FRAME_COST
            if carried.written >= _WRITTEN_STEP and carried.writable:
                self._say_written(conn_id, carried)

    def _taken(self, taken: frames_pb2.Taken) -> None:
        carried = self._carried.get(taken.conn_id)
        if carried is None:
            return
        carried.on_the_way = max(0, carried.on_the_way - taken.bytes)
        if carried.refused and carried.on_the_way < CONNECTION_WINDOW:
            carried.refused = False
            self._gateway.resume_reading(ConnRef(self._gateway_id, taken.conn_id))

    def lost(self, link: MemberLink) -> None:
        """Nobody knows what of theirs arrived: the connections that it carried end, and their clients come again."""
        for conn_id, carried in list(self._carried.items()):
            if link in carried.links:
                carried.links = tuple(one for one in carried.links if one is not link)
                carried.sessions = {key: held for key, held in carried.sessions.items() if held[0] is not link}
                self._gateway.close(ConnRef(self._gateway_id, conn_id), "its session process is gone")


def _writable(conn_id: int, writable: bool) -> frames_pb2.SessionItem:
    return frames_pb2.SessionItem(writable=frames_pb2.Writable(conn_id=conn_id, writable=writable))


class RemoteAuthKeys:
    """What gnetway asks of authsession, by way of the session processes; each may be asked twice."""

    def __init__(self, links: Callable[[], MemberLinks]) -> None:
        self._links = links

    async def query_auth_key(self, auth_key_id: int) -> AuthKeyInfo | None:
        """The key, or None when it is unknown.

        Raises:
            NobodyAnswers: nothing is known about it.
        """
        question = frames_pb2.AuthKeyId(auth_key_id=auth_key_id)
        return key_found(await from_asyncio(self._links().ask(auth_key_id, lambda c: _stub(c).QueryAuthKey(question))))

    async def set_auth_key(self, key: AuthKeyInfo, first_salt: int) -> None:
        """Store a freshly exchanged key; on disk when this is done.

        Raises:
            AuthKeyIdTaken: another key has its id.
            NobodyAnswers: it may be stored or not.
        """
        new = frames_pb2.NewAuthKey(key=key_message(key), first_salt=first_salt)
        stored = await from_asyncio(self._links().ask(key.auth_key_id, lambda c: _stub(c).SetAuthKey(new)))
        if stored.taken:
            raise AuthKeyIdTaken(key.auth_key_id)


def _stub(channel: Channel) -> frames_grpc.SessionStub:
    return frames_grpc.SessionStub(channel)
