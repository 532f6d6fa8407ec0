"""What time ends: silent and idle connections, exchanges that stop half-way, requests that take too long."""

import time

from twisted.internet.defer import Deferred, gatherResults

from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.strict import (
    DEADLINE_SECONDS,
    EXCHANGE_SECONDS,
    FIRST_FRAME_SECONDS,
    IDLE_SECONDS,
    JITTER_SECONDS,
    ORIGIN,
    RETENTION_SECONDS,
    WAIT_SECONDS,
    StrictCase,
)
from trial_tests.conformance.test_transports import Raw
from trial_tests.conformance.watching import RPC_RESULT, Watching, history
from trial_tests.gnetway.test_websocket import handshake
from trial_tests.peer.calls import CallFailed, PeerSession
from trial_tests.peer.connection import PeerConnection
from trial_tests.peer.exchange import ClientExchange
from trial_tests.peer.transports import TransportError

#: Seconds: the timing wheel turns once in one, and this machine may have other things to do.
GRACE = 2.5


class SilenceTests(StrictCase, Watching):
    async def lives(self, connection: PeerConnection) -> float:
        """Seconds from now until the server closes it."""
        began = time.monotonic()
        await connection.until_closed(IDLE_SECONDS + JITTER_SECONDS + GRACE)
        return time.monotonic() - began

    async def test_silent_connections(self) -> None:
        """Nothing, a part of a frame, a handshake or half of one, half a request: all end at the same time."""
        files = self.server.files
        pieces = (
            (files.port, b""),
            (files.port, b"\xef\x10half"),
            (files.websocket_port, handshake()[:40]),
            (files.http_port, b""),
            (files.http_port, b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"),
        )
        connections = []
        for port, data in pieces:
            connections.append(await self.connect(Raw(), port=port))
            connections[-1].write(data)
        connections.append(await self.websocket(origin=ORIGIN))
        waiting = [Deferred.fromCoroutine(self.lives(connection)) for connection in connections]
        for _ in range(4):
            await self.seconds(FIRST_FRAME_SECONDS / 5)
            connections[1].write(b"x")  # a byte now and then is no frame
        for seconds in await gatherResults(waiting):
            self.assertTrue(FIRST_FRAME_SECONDS - 0.1 <= seconds < FIRST_FRAME_SECONDS + GRACE, seconds)

    async def test_idle_connections(self) -> None:
        """After the last valid frame, over TCP, WebSocket and HTTP; the session is there for who comes back."""
        sessions = [await self.speaks(await self.come(way)) for way in ("abridged", "websocket")]
        http = await self.connect(Raw(), port=self.server.files.http_port)
        made = await self.key()
        polled = self.open(self.http(), made)
        body = polled.core.seal(polled.core.message(encode(tl.ping(ping_id=1)))).frame
        http.write(b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await self.until(lambda: http.received_bytes > 0)
        connections = [*(session.connection for session in sessions), http]
        for seconds in await gatherResults([Deferred.fromCoroutine(self.lives(one)) for one in connections]):
            self.assertTrue(IDLE_SECONDS - 0.1 <= seconds < IDLE_SECONDS + JITTER_SECONDS + GRACE, seconds)
        sessions[0].received.clear()
        sessions[0].attach(await self.connect())
        self.assertEqual((await self.ping(sessions[0], 8)).ping_id, 8)
        created = [one for one in sessions[0].received if one.constructor_id == 0x9EC20908]
        self.assertEqual(created, [])

    async def test_exchanges_are_forgotten(self) -> None:
        """A step that comes too late belongs to no exchange: -404; in time it is answered."""
        begun = []
        for _ in range(2):
            connection, exchange = await self.connect(), ClientExchange(self.public_key)
            connection.send_plain(exchange.start())
            begun.append((exchange, exchange.receive(await connection.next_plain())))
            await connection.close()
        (_, in_time), (_, late) = begun
        assert in_time is not None and late is not None
        connection = await self.connect()
        connection.send_plain(in_time)
        await connection.next_plain()
        await self.seconds(EXCHANGE_SECONDS + 1.2)
        for step in (late, in_time):
            connection = await self.connect()
            connection.send_plain(step)
            self.assertEqual(await connection.next_event(), TransportError(-404))

    async def test_sessions_are_forgotten(self) -> None:
        """Kept for a while without a connection; then it is new, with another unique_id, and the key as it was."""
        session, _ = await self.user()
        first = await session.wait_for_object("new_session_created")
        for away, known in ((0.2, True), (RETENTION_SECONDS + 1.2, False)):
            await session.connection.close()
            session.received.clear()
            await self.seconds(away)
            session.attach(await self.connect())
            message = session.core.message(encode(tl.updates.getState()))
            await session.send_call(message)
            await self.ping(session)
            created = [decode(one.body) for one in session.received if one.constructor_id == 0x9EC20908]
            self.assertEqual(len(created), 0 if known else 1, away)
        self.assertEqual(created[0].first_msg_id, message.msg_id)
        self.assertNotEqual(created[0].unique_id, first.unique_id)

    async def test_resent_over_http(self) -> None:
        """No closed connection tells that an answer was lost: it comes again, under its id, when enough time passed."""
        session = await self.begun("http", acknowledge=False)
        seen = self.watch(session)
        await session.call(tl.help.getConfig())
        answer = next(one for one in seen if one.constructor_id == RPC_RESULT)
        seen.clear()
        await self.ping(session)
        self.assertNotIn(answer.msg_id, [one.msg_id for one in seen])
        await self.seconds(WAIT_SECONDS + 0.1)
        await self.ping(session)
        await self.ping(session)
        again = next(one for one in seen if one.msg_id == answer.msg_id)
        self.assertEqual((again.seq_no, again.body), (answer.seq_no, answer.body))
        self.assertNotEqual(again.frame_msg_id, answer.msg_id)


class RequestDeadlineTests(StrictCase):
    async def times_out(self, answer: "Deferred[bytes]") -> None:
        """503 TIMEOUT, not before the deadline and not long after it."""
        began = time.monotonic()
        with self.assertRaises(CallFailed) as caught:
            await answer
        self.assertEqual((caught.exception.code, caught.exception.message), (503, "TIMEOUT"))
        self.assertTrue(DEADLINE_SECONDS - 0.2 < time.monotonic() - began < DEADLINE_SECONDS + GRACE)

    async def goes_on(self, session: PeerSession) -> None:
        """Its next requests are answered, in the same session, on the same connection."""
        self.assertFalse(session.connection.closed)
        self.assertEqual((await session.call(tl.help.getNearestDc())).NAME, "nearestDc")
        self.assertEqual([one for one in session.received if one.constructor_id == 0x9EC20908][1:], [])

    async def test_waiting_for_another_server(self) -> None:
        """The provider of sign-in codes never answers: the request ends, others are answered meanwhile."""
        session = await self.begun()
        await session.call(tl.help.getConfig())
        phone = str(next(self._phones))
        self.server.provider.hangs.add(phone)
        settings = tl.codeSettings()
        query = encode(tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="", settings=settings))
        (answer,) = session.start_calls([query])
        await self.until(lambda: phone in self.server.provider.codes)
        self.assertEqual((await session.call(tl.help.getNearestDc())).NAME, "nearestDc")
        await self.times_out(answer)
        await self.goes_on(session)
        self.server.provider.hangs.discard(phone)
        await session.call_raw(query)

    async def test_waiting_for_the_database(self) -> None:
        """Another process holds the lock: TIMEOUT; sent again when it is free, the message is there once."""
        session, _ = await self.user()
        lock = self.server.database()
        self.addCleanup(lock.close)
        lock.execute("BEGIN IMMEDIATE")
        send = encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="at last", random_id=5))
        first = session.core.message(send)
        second = session.core.message(encode(tl.invokeAfterMsg(msg_id=first.msg_id, query=send)))
        answer, dependent = session.expect(first), session.expect(second)
        session.send_messages([first, second])
        dependent.addErrback(lambda failure: str(failure.value))
        await self.times_out(answer)
        self.assertEqual(await dependent, "400 MSG_WAIT_FAILED")
        await self.goes_on(session)
        lock.execute("ROLLBACK")
        await session.call_raw(send)
        got = await session.call(history(tl.inputPeerSelf()))
        self.assertEqual([one.message for one in got.messages], ["at last"])

    async def test_waiting_for_another_request(self) -> None:
        """invokeAfterMsg of a message that never comes: MSG_WAIT_FAILED when its time is over, and it did not run."""
        session, _ = await self.user()
        send = encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="after nothing", random_id=8))
        never = session.core.next_msg_id()
        began = time.monotonic()
        self.assertEqual(
            await self.error(session, encode(tl.invokeAfterMsg(msg_id=never, query=send))), (400, "MSG_WAIT_FAILED")
        )
        self.assertTrue(WAIT_SECONDS - 0.1 < time.monotonic() - began < WAIT_SECONDS + GRACE)
        self.assertEqual((await session.call(history(tl.inputPeerSelf()))).messages, [])

    async def test_waiting_for_one_that_takes_long(self) -> None:
        """What has come is waited for beyond that time; when it succeeds the other one runs."""
        session, _ = await self.user()
        lock = self.server.database()
        self.addCleanup(lock.close)
        lock.execute("BEGIN IMMEDIATE")
        bodies = [
            encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message=text, random_id=number))
            for number, text in enumerate(("first", "second"), 1)
        ]
        first = session.core.message(bodies[0])
        second = session.core.message(encode(tl.invokeAfterMsg(msg_id=first.msg_id, query=bodies[1])))
        answers = [session.expect(first), session.expect(second)]
        session.send_messages([second, first])
        await self.seconds(WAIT_SECONDS + 0.6)  # and half a second to the next look at what waits
        self.assertFalse(any(answer.called for answer in answers))
        lock.execute("ROLLBACK")
        await gatherResults(answers)
        got = await session.call(history(tl.inputPeerSelf()))
        self.assertEqual([one.message for one in got.messages], ["second", "first"])
