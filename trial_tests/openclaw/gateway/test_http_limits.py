"""How much of a request is read before anybody knows whose it is: heads, targets, bodies, slow ones."""

import socket
import tempfile
import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.web.http import Request

from teamgram.openclaw.gateway import http_channel
from teamgram.openclaw.gateway.http import MAX_BODY
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import LiveTestCase

BEARER = b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"


def head(line: bytes, *headers: bytes) -> bytes:
    """A request's head."""
    return line + b" HTTP/1.1\r\nHost: localhost\r\n" + b"".join(headers) + b"\r\n"


def chunk(data: bytes) -> bytes:
    """A piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Raw:
    """A socket that says what it likes, and counts what it got rid of."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.sent = 0

    def send(self, data: bytes) -> None:
        """All of it, unless the server takes no more."""
        self.socket.sendall(data)
        self.sent += len(data)

    def pour(self, data: bytes, times: int) -> None:
        """The same again and again, until the server hangs up."""
        try:
            for _ in range(times):
                self.send(data)
        except OSError:
            pass

    def status(self) -> bytes:
        """The answer's status; empty when the connection ended without one."""
        return self.answer()[9:12]

    def answer(self) -> bytes:
        """All that comes until the server hangs up."""
        found = b""
        try:
            while data := self.socket.recv(65536):
                found += data
        except OSError:
            pass
        self.socket.close()
        return found


class LimitTestCase(LiveTestCase):
    """A server with a route that takes a body and one that takes none."""

    async def setUp(self) -> None:
        await super().setUp()
        self.bodies: list[bytes] = []
        self.plane.http.add("/take", self.take, methods=("POST",), bearer=True)
        self.plane.http.add("/small", self.take, methods=("POST",), bearer=True, max_body_bytes=1000)
        self.patch(tempfile, "TemporaryFile", self.no_file)

    def take(self, request: Request) -> None:
        assert request.content is not None
        self.bodies.append(request.content.read())
        request.setHeader(b"content-length", b"2")
        request.write(b"ok")
        request.finish()

    def no_file(self, *_: Any, **__: Any) -> None:
        raise AssertionError("a body was put into a file")

    async def ask(self, *pieces: bytes) -> bytes:
        """The status of a request."""

        def run() -> bytes:
            raw = Raw(self.port)
            for piece in pieces:
                raw.send(piece)
            raw.socket.settimeout(5)
            return raw.status()

        status: bytes = await self.in_thread(run)
        return status


class BodyTests(LimitTestCase):
    """Bodies."""

    async def test_up_to_the_limit(self) -> None:
        """Whole ones and chunked ones reach the handler, from memory; one byte more is 413, by route."""
        close = b"Connection: close\r\n"
        for path, limit in ((b"/take", MAX_BODY), (b"/small", 1000)):
            for size, status in ((limit, b"200"), (limit + 1, b"413")):
                body = b"x" * size
                whole = head(b"POST " + path, BEARER, close, b"Content-Length: %d\r\n" % size)
                self.assertEqual(await self.ask(whole, body), status, (path, size))
                pieces = b"".join(chunk(body[at : at + 50_000]) for at in range(0, size, 50_000)) + b"0\r\n\r\n"
                chunked = head(b"POST " + path, BEARER, close, b"Transfer-Encoding: chunked\r\n")
                self.assertEqual(await self.ask(chunked, pieces), status, (path, size))
        self.assertEqual([len(body) for body in self.bodies], [MAX_BODY, MAX_BODY, 1000, 1000])

    async def test_refused_before_it_is_read(self) -> None:
        """Without the secret, to a path that takes none, or announced too long: no byte is waited for."""
        for line, headers, status in (
            (b"POST /take", b"Content-Length: 209715200\r\n", b"401"),
            (b"POST /take", b"Transfer-Encoding: chunked\r\n", b"401"),
            (b"POST /take", b"Content-Length: 5\r\n", b"401"),
            (b"POST /take", BEARER + b"Content-Length: 209715200\r\n", b"413"),
            (b"POST /nowhere", b"Content-Length: 209715200\r\n", b"404"),
            (b"POST /healthz", b"Content-Length: 209715200\r\n", b"405"),
            (b"GET /healthz", b"Content-Length: 209715200\r\n", b"413"),
            (b"GET /", b"Content-Length: 209715200\r\n", b"413"),
            (b"POST /take", BEARER + b"Content-Length: " + b"9" * 4000 + b"\r\n", b"413"),
        ):
            self.assertEqual(await self.ask(head(line, headers)), status, (line, headers[:60]))
        self.assertEqual(self.bodies, [])

    async def test_a_flood_is_hung_up_on(self) -> None:
        """200 MB from somebody without the token: 401, and no more is taken than a socket holds."""

        def run() -> tuple[int, bytes]:
            raw = Raw(self.port)
            raw.send(head(b"POST /take", b"Content-Length: 209715200\r\n"))
            raw.pour(b"x" * 65536, 3200)
            return raw.sent, raw.status()

        sent, _ = await self.in_thread(run)
        self.assertLess(sent, 32 << 20)
        self.assertEqual(self.bodies, [])

    async def test_chunks_without_end(self) -> None:
        """A body in chunks is counted as it comes: it stops at the limit, not at its end."""

        def run() -> tuple[int, bytes]:
            raw = Raw(self.port)
            raw.send(head(b"POST /take", BEARER, b"Transfer-Encoding: chunked\r\n"))
            raw.pour(chunk(b"x" * 65536), 3200)
            return raw.sent, raw.status()

        sent, _ = await self.in_thread(run)
        self.assertLess(sent, 32 << 20)
        self.assertEqual(self.bodies, [])

    async def test_a_client_that_asks_first(self) -> None:
        """``Expect: 100-continue``: who may send hears so, who may not hears why."""
        expect = b"Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n"
        self.assertEqual(await self.ask(head(b"POST /take", expect)), b"401")
        answer = await self.in_thread(self.ask_first, head(b"POST /take", BEARER, expect), b"hello")
        self.assertTrue(answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), answer)
        self.assertEqual(self.bodies, [b"hello"])

    def ask_first(self, first: bytes, then: bytes) -> bytes:
        raw = Raw(self.port)
        raw.send(first)
        begun = raw.socket.recv(25)
        raw.send(then)
        return begun + raw.answer()

    async def test_one_after_the_other(self) -> None:
        """Several requests on a connection, sent without waiting; the one that is refused ends it."""
        good = head(b"POST /take", BEARER, b"Content-Length: 2\r\n") + b"hi"
        answer = await self.in_thread(
            self.all_at_once, good + good + head(b"POST /nope", b"Content-Length: 9\r\n") + good
        )
        self.assertEqual([part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]], [b"200", b"200", b"404"])
        self.assertEqual(self.bodies, [b"hi", b"hi"])

    def all_at_once(self, data: bytes) -> bytes:
        raw = Raw(self.port)
        raw.send(data)
        return raw.answer()


class HeadTests(LimitTestCase):
    """Heads."""

    async def test_bounds(self) -> None:
        """A long target, a long head and many headers, in the first request and in a later one."""
        before = head(b"GET /healthz")
        for request, first, later in (
            (head(b"GET /" + b"x" * 9000), b"414", b"414"),
            (head(b"GET /", b"X: " + b"x" * 20_000 + b"\r\n"), b"431", b""),
            (head(b"GET /", b"X: x\r\n" * 100), b"431", b"400"),
            (head(b"GET /", b"X: x\r\n" * 40), b"200", b"200"),
            (head(b"GET /", b"no colon\r\n"), b"400", b"400"),
            (head(b"GET / x"), b"400", b"400"),
        ):
            closing = request.replace(b"Host:", b"Connection: close\r\nHost:", 1)
            self.assertEqual(await self.ask(closing), first, request[:60])
            answer = await self.in_thread(BodyTests.all_at_once, self, before + closing)
            self.assertEqual(answer.split(b"HTTP/1.1 ")[2:3], [] if not later else [answer.split(b"HTTP/1.1 ")[2]])
            self.assertEqual(b"".join(part[:3] for part in answer.split(b"HTTP/1.1 ")[2:3]), later, request[:60])

    async def test_no_websocket_either(self) -> None:
        """An upgrade is bounded as every other request."""
        upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        self.assertEqual(await self.ask(head(b"GET /" + b"x" * 9000, upgrade)), b"414")
        self.assertEqual(await self.ask(head(b"GET /", upgrade, b"X: x\r\n" * 100)), b"431")
        self.assertEqual(await self.ask(head(b"GET /", upgrade, b"X: " + b"x" * 20_000 + b"\r\n")), b"431")


class SlowTests(LimitTestCase):
    """A byte now and then."""

    async def test_slow_bodies_and_heads(self) -> None:
        """Whoever drips is sent away when the time for the whole is over, however often a byte comes."""
        self.patch(http_channel, "HEAD_SECONDS", 0.5)
        self.patch(http_channel, "BODY_SECONDS", 0.5)
        body = head(b"POST /take", BEARER, b"Content-Length: 1000\r\n")
        second = head(b"GET /healthz") + b"GET /healthz HTTP/1.1\r\nHost: local"
        for first in (body, second):
            answer, seconds = await self.in_thread(self.drip, first)
            self.assertIn(b"HTTP/1.1 408 ", answer)
            self.assertLess(seconds, 5)
        self.assertEqual(self.bodies, [])

    def drip(self, first: bytes) -> tuple[bytes, float]:
        raw, begun = Raw(self.port), time.monotonic()
        raw.send(first)
        raw.socket.settimeout(0.05)
        found = b""
        while time.monotonic() - begun < 5:
            try:
                raw.send(b"x")
                data = raw.socket.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            found += data
        raw.socket.close()
        return found, time.monotonic() - begun

    async def test_nothing_stays_behind(self) -> None:
        """Who hangs up in the middle, of a head, of a body or of an answer that is held back, leaves no timer."""
        for data in (
            head(b"POST /take", BEARER, b"Content-Length: 1000\r\n") + b"x",
            head(b"GET /healthz") + b"GET /heal",
            b"GET /hea",
            head(b"POST /take", b"Authorization: Bearer wrong\r\nContent-Length: 5\r\n"),
        ):
            raw = await self.in_thread(Raw, self.port)
            raw.send(data)
            await deferLater(reactor, 0.05)
            raw.socket.close()
            await deferLater(reactor, 0.05)
