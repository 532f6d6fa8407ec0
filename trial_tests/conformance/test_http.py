"""Page "Transports", HTTP: paths, headers, several requests at once, keys over several connections."""

import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.web.client import HTTPConnectionPool

import treq

from teamgram.mtproto.envelope import pack_plain, unpack_plain
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.house import ConformanceCase
from trial_tests.conformance.test_transports import Raw
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.exchange import ClientExchange

REQ_PQ = encode(tl.req_pq_multi(nonce=bytes(16)))


class HttpTests(ConformanceCase):
    async def ask(self, method: str, path: str, data: bytes = b"", **headers: str) -> tuple[int, Any, bytes]:
        """(status, headers, body)"""
        pool = HTTPConnectionPool(reactor, persistent=False)
        url = f"http://127.0.0.1:{self.server.files.http_port}{path}"
        named: dict[bytes | str, bytes | str] = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await treq.request(method, url, data=data, headers=named, pool=pool)
        body = await treq.content(response)
        await self.seconds(0.01)
        return response.code, response.headers, body

    async def test_paths(self) -> None:
        """Five of them, all the same server; the body of the answer is one message."""
        for path in ("/api", "/apiw", "/apiw1", "/apiw1_test", "/apiw1_premium"):
            status, _, body = await self.ask("POST", path, pack_plain(4, REQ_PQ))
            self.assertEqual((status, decode(unpack_plain(body)[1]).NAME), (200, "resPQ"))

    async def test_other_paths_and_methods(self) -> None:
        """Refused, each with its status."""
        self.assertEqual((await self.ask("POST", "/else", b"abcd"))[0], 404)
        status, headers, _ = await self.ask("GET", "/api")
        self.assertEqual((status, headers.getRawHeaders("Allow")), (405, ["POST, OPTIONS"]))

    async def test_preflight(self) -> None:
        """A browser may ask first, and may read the answer."""
        status, headers, _ = await self.ask(
            "OPTIONS", "/apiw1", Origin="https://web.example.org", Access_Control_Request_Method="POST"
        )
        self.assertEqual(status, 200)
        self.assertIn("POST", headers.getRawHeaders("Access-Control-Allow-Methods")[0])
        _, headers, _ = await self.ask("POST", "/apiw1", pack_plain(4, REQ_PQ), Origin="https://web.example.org")
        self.assertIn(headers.getRawHeaders("Access-Control-Allow-Origin")[0], ("*", "https://web.example.org"))

    async def test_unknown_key(self) -> None:
        """The four bytes of -404 are the body."""
        connection = await self.connect(Raw(), port=self.server.files.http_port)
        connection.write(b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 88\r\n\r\n" + b"\x01" * 88)
        await connection.until_closed()
        head, _, body = connection.framing.received.partition(b"\r\n\r\n")  # type: ignore[attr-defined]
        self.assertEqual(body, (-404).to_bytes(4, "little", signed=True))
        # A client that keeps connections is told that this one ends.
        self.assertIn(b"connection: close", head.lower())

    async def test_content_length_is_the_last_header(self) -> None:
        """Telethon takes the body right after that line."""
        connection = await self.connect(Raw(), port=self.server.files.http_port)
        frame = pack_plain(4, REQ_PQ)
        connection.write(b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(frame) + frame)
        while not connection.received_bytes:
            await self.seconds(0.01)
        await self.seconds(0.05)
        head = connection.framing.received.partition(b"\r\n\r\n")[0]  # type: ignore[attr-defined]
        self.assertTrue(head.splitlines()[-1].lower().startswith(b"content-length:"), head)

    async def test_keep_alive(self) -> None:
        """A second request comes by the same connection, also before the first is answered."""
        connection = await self.connect(Raw(), port=self.server.files.http_port)
        frame = pack_plain(4, REQ_PQ)
        request = b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(frame) + frame
        connection.write(request + request)
        for _ in range(100):
            if connection.framing.received.count(b"HTTP/1.1 200") == 2:  # type: ignore[attr-defined]
                break
            await self.seconds(0.01)
        else:
            self.fail("two requests, not two answers")
        self.assertFalse(connection.closed)

    async def test_key_over_several_connections(self) -> None:
        """Each step of an exchange by a connection of its own, and the first message by yet another."""
        exchange = ClientExchange(self.public_key)
        body: bytes | None = exchange.start()
        while body is not None:
            connection = self.http("/api")
            connection.send_plain(body)
            body = exchange.receive(await connection.next_plain())
            await connection.close()
        self.assertEqual((await self.ping(self.open(self.http(), exchange), 6)).ping_id, 6)

    async def test_target_that_names_a_host(self) -> None:
        """A client behind an HTTP proxy writes the whole address; its path counts."""
        for path, status in (("/apiw1", b"200"), ("/else", b"404")):
            connection = await self.connect(Raw(), port=self.server.files.http_port)
            frame = pack_plain(4, REQ_PQ)
            head = f"POST http://web.example.org:80{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(frame)}\r\n\r\n"
            connection.write(head.encode() + frame)
            await self.until(lambda connection=connection: connection.received_bytes > 0)  # type: ignore[misc]
            answer = connection.framing.received  # type: ignore[attr-defined]
            self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), answer)

    async def test_closing_a_connection_closes_no_session(self) -> None:
        """The next request goes on where the last one was."""
        session, _ = await self.user("http")
        session.attach(self.http())
        self.assertEqual((await session.call(tl.updates.getState())).NAME, "updates.state")
        created = [one for one in session.received if one.constructor_id == 0x9EC20908]
        self.assertEqual(len(created), 1)

    async def test_several_requests_at_once(self) -> None:
        """Twelve of one session in parallel are all answered once."""
        session = await self.begun("http")
        answers = []
        for number in range(12):
            message = session.core.message(encode(tl.ping(ping_id=number)))
            answers.append(session.expect(message))
            session.connection.send_frame(session.core.seal(message).frame)
        pongs = await gatherResults(answers)
        self.assertEqual([decode(pong).ping_id for pong in pongs], list(range(12)))

    async def test_updates_by_long_poll(self) -> None:
        """A signed-in client over HTTP hears what is written to it."""
        session, user = await self.user("http")
        friend, _ = await self.user()
        session.send(encode(tl.http_wait(max_delay=0, wait_after=0, max_wait=20000)), content_related=False)
        await self.seconds(0.05)
        await self.say(friend, user, "over HTTP")
        await self.hears(session, "over HTTP")

    async def test_from_tcp_to_http_and_back(self) -> None:
        """One session, whatever carries it."""
        session, _ = await self.user()
        for way in ("http", "websocket", "http", "abridged"):
            session.attach(await self.come(way))
            self.assertEqual((await self.ping(session, 5)).ping_id, 5)

    async def poll(self, session: PeerSession) -> list[int]:
        """Let a request of the session wait for something to say; the statuses of its answers to come."""
        carrier: Any = session.connection.carrier
        while carrier.waiting:
            await self.ping(session)
            await self.seconds(0.02)
        carrier.statuses.clear()
        session.send(encode(tl.http_wait(max_delay=0, wait_after=0, max_wait=30000)), content_related=False)
        await self.seconds(0.05)
        self.assertEqual(carrier.statuses, [])
        statuses: list[int] = carrier.statuses
        return statuses

    async def test_requests_that_wait_when_the_session_goes_on_by_a_stream(self) -> None:
        """They are answered, not left until their connection is idle."""
        session = await self.begun("http")
        statuses = await self.poll(session)
        session.attach(await self.connect())
        await self.ping(session)
        await self.seconds(0.05)
        self.assertEqual(statuses, [200])

    async def test_requests_that_wait_when_the_session_ends(self) -> None:
        """The same when another session of the key destroys it."""
        connection = self.http()
        made = await self.key(connection)
        session, other = self.open(connection, made), self.open(await self.connect(), made)
        await self.ping(session)
        statuses = await self.poll(session)
        other.send(encode(tl.destroy_session(session_id=session.core.session_id)))
        await other.wait_for_object("destroy_session_ok")
        await self.seconds(0.05)
        self.assertEqual(statuses, [200])

    async def test_stream_lost_while_a_request_waits(self) -> None:
        """A client that went over to HTTP hears of updates at once when its old connection is gone."""
        session, user = await self.user()
        friend, _ = await self.user()
        stream = session.connection
        session.attach(self.http())
        await self.poll(session)
        await stream.close()
        await self.seconds(0.1)
        await self.say(friend, user, "by the poll")
        await self.hears(session, "by the poll", within=2)

    async def test_stream_carries_on_when_no_request_waits(self) -> None:
        """One request over HTTP does not keep updates from the stream that is still open."""
        session, user = await self.user()
        friend, _ = await self.user()
        stream, between = session.connection, self.http()
        session.attach(between)
        await self.ping(session)
        session.attach(stream)
        await self.say(friend, user, "by the stream")
        await self.hears(session, "by the stream", within=2)

    async def test_response_that_was_lost(self) -> None:
        """Its answer comes again with the poll that waits, when nobody acknowledged it for ten seconds."""
        session = await self.begun("http")
        query = session.core.message(encode(tl.ping_delay_disconnect(ping_id=1, disconnect_delay=60)))
        created = session.core.message(encode(tl.invokeWithLayer(layer=200, query=encode(tl.help.getConfig()))))
        frame = session.core.seal(session.core.container([query, created])).frame
        lost = await self.connect(Raw(), port=self.server.files.http_port)
        lost.write(b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(frame) + frame)
        while not lost.received_bytes:
            await self.seconds(0.01)
        await lost.close()
        answer = session.expect(created)
        began = time.monotonic()
        session.send(encode(tl.http_wait(max_delay=0, wait_after=0, max_wait=20000)), content_related=False)
        await answer.addTimeout(15, reactor)
        self.assertTrue(8 < time.monotonic() - began < 13)
