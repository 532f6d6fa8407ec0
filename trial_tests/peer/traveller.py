"""A client on a train: its connections break, it goes on with the same session on the next one.

It does what a client must so that nothing is lost: sends again, under the
same msg_id, what has no answer, takes each of the server's messages once, by
its msg_id, and keeps the order of updates by their pts.
"""

import random
from collections import Counter
from typing import Any

from twisted.internet.task import deferLater

from teamgram.mtproto.container import GZIP_PACKED, RPC_ERROR, RPC_RESULT, InnerMessage, constructor_id, unpack_gzip
from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.tl import NEWEST_LAYER, decode, decode_result, encode, tl
from trial_tests.peer.calls import BAD_MSG_NOTIFICATION, PeerSession
from trial_tests.peer.connection import PeerConnection, connect
from trial_tests.peer.session import BAD_SERVER_SALT, Received, refused_msg_id
from trial_tests.peer.transports import Transport

PONG = 0x347773C5


class FaultyConnection(PeerConnection):
    """A connection with faults in it.

    Attributes:
        out_left, in_left: bytes that still pass in each direction until the cut; None: all.
        dripping: bytes pass one at a time, a reactor's turn between them.
    """

    def __init__(self, framing: Transport, reactor: Any) -> None:
        super().__init__(framing, reactor)
        self.out_left: int | None = None
        self.in_left: int | None = None
        self.dripping = False
        self._drops = bytearray()

    def made(self, carrier: Any) -> None:
        carrier.setTcpNoDelay(True)
        self._wire = carrier
        super().made(_Through(self, carrier))

    def pass_out(self, data: bytes) -> None:
        """Bytes to the server, as many as get through."""
        if self.closed:
            return
        if self.dripping:
            idle = not self._drops
            self._drops += data
            if idle:
                self._reactor.callLater(0, self._drop)
            return
        if self.out_left is not None:
            data, whole = data[: self.out_left], len(data)
            self.out_left -= len(data)
            self._wire.write(data)
            if len(data) < whole:
                self._wire.loseConnection()
            return
        self._wire.write(data)

    def data_received(self, data: bytes) -> None:
        if self.in_left is not None:
            if not self.in_left:
                return
            data = data[: self.in_left]
            self.in_left -= len(data)
            if not self.in_left:
                self._wire.abortConnection()
        if self.dripping:
            for index in range(len(data)):
                super().data_received(data[index : index + 1])
        else:
            super().data_received(data)

    def _drop(self) -> None:
        if self.closed:
            self._drops.clear()
        if self._drops:
            self._wire.write(bytes(self._drops[:1]))
            del self._drops[:1]
            if self._drops:
                self._reactor.callLater(0, self._drop)


class _Through:
    """The carrier with the connection's faults before it."""

    def __init__(self, connection: FaultyConnection, wire: Any) -> None:
        self.write = connection.pass_out
        self.loseConnection = wire.loseConnection
        self.abortConnection = wire.abortConnection
        self.pauseProducing = wire.pauseProducing
        self.resumeProducing = wire.resumeProducing


class Traveller(PeerSession):
    """One session over many connections.

    Attributes:
        unanswered: requests by msg_id.
        given_up: those that are not sent again.
        answers: how many answers, different messages of the server's, each request got.
        errors: (code, message) of answers that were errors, bad_msg_notification as code with "BAD_MSG".
        results: boxed results by msg_id of the request.
        opened: connections so far.
        pts: up to which the updates are known.
        texts: how many times each message came, by updates and by the difference.
    """

    def __init__(self, auth_key: AuthKey, port: int, *, reactor: Any, **options: Any) -> None:
        super().__init__(auth_key, reactor=reactor, **options)
        self._port = port
        self._seen: set[int] = set()
        self._early: dict[int, tuple[int, str]] = {}
        self.connections: list[PeerConnection] = []
        self.unanswered: dict[int, InnerMessage] = {}
        self.given_up: set[int] = set()
        self.answers: Counter[int] = Counter()
        self.errors: list[tuple[int, str]] = []
        self.results: dict[int, bytes] = {}
        self.opened = 0
        self.pts = 0
        self.texts: Counter[str] = Counter()

    # Connections

    async def go_on(self, transport: str = "abridged", **faults: Any) -> FaultyConnection:
        """Over a new connection, the last one besides if it stands; sends again what has no answer."""
        connection = await connect("127.0.0.1", self._port, transport, reactor=self._reactor, make=FaultyConnection)
        assert isinstance(connection, FaultyConnection)
        for name, value in faults.items():
            setattr(connection, name, value)
        connection.sessions.append(self)
        self.connection = connection
        self.opened += 1
        self.connections = [one for one in self.connections if not one.closed] + [connection]
        self.send_again()
        return connection

    def send_again(self) -> None:
        """Everything that has no answer, oldest first."""
        for msg_id in sorted(self.unanswered):
            self.send_messages([self.unanswered[msg_id]])

    async def close(self) -> None:
        """Leave; what the server still has for this session is of no interest any more."""
        for connection in self.connections:
            await connection.close()

    # Requests

    def ask(self, query: Any, *, send: bool = True) -> int:
        """A request's msg_id."""
        message = self.core.message(encode(query))
        self.unanswered[message.msg_id] = message
        if send:
            self.send_messages([message])
        return message.msg_id

    def give_up(self) -> None:
        """Send none of those without an answer again."""
        self.given_up.update(self.unanswered)
        self.unanswered.clear()

    async def answered(self, *, chance: random.Random | None = None, within: float = 20.0) -> None:
        """Until every request has an answer, over as many connections as it takes."""
        deadline = self._reactor.seconds() + within
        cuts = 2
        while self.unanswered:
            if self._reactor.seconds() > deadline:
                raise AssertionError(f"{len(self.unanswered)} requests without an answer")
            if self.connection.closed:
                faults = {}
                if chance is not None and cuts:
                    cuts -= 1
                    faults = cut_somewhere(chance)
                await self.go_on(**faults)
            await deferLater(self._reactor, 0.002)

    async def result(self, query: Any) -> Any:
        """Ask and wait, over as many connections as it takes."""
        msg_id = self.ask(query, send=not self.connection.closed)
        await self.answered()
        return decode_result(query.NAME, self.results[msg_id], NEWEST_LAYER)

    # Messages

    def take(self, messages: Any) -> None:
        for message in messages:
            if message.msg_id not in self._seen:
                self._seen.add(message.msg_id)
                self._take(message)

    def _take(self, message: Received) -> None:
        number = message.constructor_id
        if number == RPC_RESULT:
            self._answer(*message.result)
        elif number == PONG:
            self._answer(int.from_bytes(message.body[4:12], "little", signed=True), message.body)
        elif number == BAD_SERVER_SALT:
            msg_id, self.core.salt = refused_msg_id(message.body)
            if msg_id in self.unanswered:
                self.send_messages([self.unanswered[msg_id]])
        elif number == BAD_MSG_NOTIFICATION:
            self.errors.append((decode(message.body).error_code, "BAD_MSG"))
        else:
            self._update(decode(message.body))

    def _answer(self, msg_id: int, result: bytes) -> None:
        self.answers[msg_id] += 1
        self.unanswered.pop(msg_id, None)
        if constructor_id(result) == GZIP_PACKED:
            result = unpack_gzip(result)
        self.results[msg_id] = result
        if constructor_id(result) == RPC_ERROR:
            error = decode(result)
            self.errors.append((error.error_code, error.error_message))

    def _update(self, update: Any) -> None:
        if update.NAME == "updateShortMessage":
            self._early[update.pts] = (update.pts_count, update.message)
        for one in getattr(update, "updates", ()):
            if getattr(one, "pts_count", None) is not None:
                text = one.message.message if one.NAME == "updateNewMessage" else ""
                self._early[one.pts] = (one.pts_count, text)

    async def catch_up(self) -> None:
        """Take the updates that follow each other, and the difference for the rest."""
        for pts, (count, text) in sorted(self._early.items()):
            if pts - count == self.pts:
                self.pts = pts
                self.texts[text] += 1
        while True:
            difference = await self.result(tl.updates.getDifference(pts=self.pts, date=1, qts=0))
            if difference.NAME == "updates.differenceEmpty":
                return
            self.texts.update(message.message for message in difference.new_messages)
            state = getattr(difference, "state", None) or difference.intermediate_state
            self.pts = state.pts
            if difference.NAME == "updates.difference":
                return


def cut_somewhere(chance: random.Random) -> dict[str, Any]:
    """Faults that end a connection at a random byte, in a random direction."""
    return {chance.choice(("out_left", "in_left")): chance.randrange(1, 1500)}
