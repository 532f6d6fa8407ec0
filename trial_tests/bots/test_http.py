"""The Bot API's listener, on real sockets: the ways parameters come by, and what a stranger may do to it."""

import json
import socket
import tempfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from teamgram.bots import body as body_module
from teamgram.bots import connections
from teamgram.bots.body import Body
from teamgram.bots.connections import ApiFactory
from teamgram.bots.errors import UNAUTHORIZED, bad_request, too_many
from teamgram.bots.parameters import UploadedFile
from teamgram.net.connection_counts import ConnectionCounts

TOKEN = "7:" + "a" * 35
MAX_BYTES = 3 << 20


class FakeDownload:
    """Some bytes."""

    size = 1_500_000

    async def read(self, offset: int, limit: int) -> bytes:
        """Told by their place."""
        whole = bytes(range(250)) * 6000
        return whole[offset : offset + limit] or bytes(limit)


class FakeAnswers:
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any], dict[str, tuple[str, bytes]]]] = []
        self.waiting: Deferred[None] = Deferred()
        self.cancelled = False
        self.admitting: Deferred[None] | None = None

    async def admit(self, token: str, address: str) -> None:
        if self.admitting is not None:
            await self.admitting
        if token != TOKEN:
            raise UNAUTHORIZED

    async def call(
        self, token: str, method: str, given: dict[str, Any], files: dict[str, UploadedFile], address: str
    ) -> Any:
        if token != TOKEN:
            raise UNAUTHORIZED
        if method == "flood":
            raise too_many(7)
        if method == "wrong":
            raise bad_request("wrong")
        if method == "break":
            raise RuntimeError("a fault")
        if method == "wait":
            try:
                await self.waiting
            except BaseException:
                self.cancelled = True
                raise
        self.calls.append((method, given, {name: (one.name, one.content.read()) for name, one in files.items()}))
        return {"method": method}

    async def download(self, token: str, path: str, address: str) -> FakeDownload:
        if token != TOKEN or path != "documents/x.bin":
            raise UNAUTHORIZED
        return FakeDownload()


class HttpTestCase(TestCase):
    """One listener."""

    timeout = 60.0

    def setUp(self) -> None:
        self.answers = FakeAnswers()
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.factory = ApiFactory(self.answers, reactor, MAX_BYTES, self.folder)
        any_factory: Any = self.factory
        listener: Any = reactor.listenTCP(0, any_factory, interface="127.0.0.1")
        self.addCleanup(listener.stopListening)
        self.port = listener.getHost().port

    async def tearDown(self) -> None:
        await self.until(lambda: self.factory.counts.total == 0)

    def fetch(self, path: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """(status, what the JSON says); blocks."""
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data, headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    async def ask(self, path: str, data: bytes | None = None, kind: str = "") -> tuple[int, Any]:
        """The same, in a thread."""
        return await deferToThread(self.fetch, path, data, {"content-type": kind} if kind else None)

    def raw(self, sent: bytes) -> bytes:
        """Everything that comes back for these bytes; blocks."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(sent)
            if b"connection: close" not in sent:
                connection.shutdown(socket.SHUT_WR)
            found = b""
            while piece := connection.recv(65536):
                found += piece
            return found

    async def until(self, condition: Callable[[], bool]) -> None:
        """It comes true."""
        for _ in range(300):
            if condition():
                return
            await deferLater(reactor, 0.01)
        self.fail("it did not come true")


class HttpTests(HttpTestCase):
    """What libraries do."""

    async def test_ways(self) -> None:
        """Query, form, JSON and multipart all say the same; what stands in the body counts before the query."""
        path, form = f"/bot{TOKEN}/sendMessage", "application/x-www-form-urlencoded"
        boundary = uuid.uuid4().hex
        part = f'--{boundary}\r\ncontent-disposition: form-data; name="text"\r\n\r\nhi\r\n--{boundary}--\r\n'
        for where, data, kind in (
            (f"{path}?text=hi", None, ""),
            (path, b"text=hi", form),
            (f"{path}?text=other", b"text=hi", form),
            (path, b'{"text": "hi"}', "application/json"),
            (path, part.encode(), f"multipart/form-data; boundary={boundary}"),
            (path.replace(":", "%3A"), b"text=hi", form),
            (path.replace(f"{TOKEN}/", f"{TOKEN}/test/"), b"text=hi", form),
        ):
            self.assertEqual(
                await self.ask(where, data, kind), (200, {"ok": True, "result": {"method": "sendMessage"}})
            )
        self.assertEqual([given for _, given, _ in self.answers.calls], [{"text": "hi"}] * 7)

    async def test_files(self) -> None:
        """A file comes whole, and none is left behind."""
        boundary, content = "b" * 20, bytes(range(256)) * 4000
        head = f'--{boundary}\r\ncontent-disposition: form-data; name="document"; filename="a.bin"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        self.assertEqual((await self.ask(f"/bot{TOKEN}/sendDocument", body, kind))[0], 200)
        self.assertEqual(self.answers.calls[0][2], {"document": ("a.bin", content)})
        self.assertEqual(list(self.folder.iterdir()), [])

    async def test_refusals(self) -> None:
        """Codes, descriptions and parameters as libraries read them."""
        for path, status, told in (
            (f"/bot{TOKEN}/wrong", 400, {"error_code": 400, "description": "Bad Request: wrong"}),
            ("/bot1:x/getMe", 401, {"error_code": 401, "description": "Unauthorized"}),
            ("/", 404, {"error_code": 404, "description": "Not Found"}),
            (f"/bot{TOKEN}/", 404, {"error_code": 404, "description": "Not Found"}),
            (f"/bot{TOKEN}/../x", 404, {"error_code": 404, "description": "Not Found"}),
            (f"/bot{TOKEN}/flood", 429, {
                "error_code": 429, "description": "Too Many Requests: retry after 7",
                "parameters": {"retry_after": 7},
            }),
        ):  # fmt: skip
            self.assertEqual(await self.ask(path), (status, {"ok": False, **told}), path)

    async def test_fault(self) -> None:
        """A fault of ours is a 500 that says nothing, and the token is in no log."""
        self.assertEqual((await self.ask(f"/bot{TOKEN}/break"))[0], 500)
        (failure,) = self.flushLoggedErrors(RuntimeError)
        self.assertNotIn(TOKEN, str(failure))

    async def test_bodies(self) -> None:
        """What is no body, or too much of one."""
        path = f"/bot{TOKEN}/x"
        for data, kind, status in (
            (b"{", "application/json", 400),
            (b"[1]", "application/json", 400),
            (b"x", "multipart/form-data", 400),
            (b"--b\r\nnonsense", "multipart/form-data; boundary=b", 400),
            (b"--b\r\n" * 300, "multipart/form-data; boundary=b", 400),
            (b"[" * 100_000, "application/json", 400),
            (b"a=" + b"x" * (2 << 20), "application/x-www-form-urlencoded", 413),
        ):
            self.assertEqual((await self.ask(path, data, kind))[0], status, (data[:20], kind))
        self.assertEqual(self.answers.calls, [])

    async def test_too_large(self) -> None:
        """A body beyond the bound is answered or cut off, never kept."""
        boundary = "b" * 20
        head = f'--{boundary}\r\ncontent-disposition: form-data; name="d"; filename="a"\r\n\r\n'.encode()
        content = head + b"x" * (2 * MAX_BYTES)
        request = (
            f"POST /bot{TOKEN}/x HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary={boundary}\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        found = await deferToThread(self.raw, request.encode() + content)
        self.assertIn(b" 413 ", found[:20])
        self.assertEqual((self.answers.calls, list(self.folder.iterdir())), ([], []))

    async def test_too_large_by_pieces(self) -> None:
        """So is one that does not say beforehand how long it is."""
        boundary = "b" * 20
        content = f'--{boundary}\r\ncontent-disposition: form-data; name="d"; filename="a"\r\n\r\n'.encode()
        content += b"x" * (2 * MAX_BYTES) + f"\r\n--{boundary}--\r\n".encode()
        request = (
            f"POST /bot{TOKEN}/x HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary={boundary}\r\n"
            "transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        ).encode()
        found = await deferToThread(self.raw, request + b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content))
        self.assertIn(b" 413 ", found[:20])
        self.assertEqual((self.answers.calls, list(self.folder.iterdir())), ([], []))

    async def test_gone(self) -> None:
        """Who goes away while a call waits is not waited for."""

        def go() -> None:
            with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
                connection.sendall(f"GET /bot{TOKEN}/wait HTTP/1.1\r\nhost: x\r\n\r\n".encode())

        await deferToThread(go)
        for _ in range(100):
            if self.answers.cancelled:
                break
            done: Deferred[None] = Deferred()
            reactor.callLater(0.02, done.callback, None)
            await done
        self.assertTrue(self.answers.cancelled)

    async def test_download(self) -> None:
        """A file, whole and in ranges."""
        path = f"http://127.0.0.1:{self.port}/file/bot{TOKEN}/documents/x.bin"

        def fetch(asked: str) -> tuple[int, bytes, str]:
            request = urllib.request.Request(path, headers={"range": asked} if asked else {})
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read(), answer.headers.get("content-range", "")

        whole = bytes(range(250)) * 6000
        self.assertEqual(await deferToThread(fetch, ""), (200, whole, ""))
        for asked, first, last in (("bytes=10-19", 10, 19), ("bytes=1499000-", 1499000, 1499999)):
            self.assertEqual(
                await deferToThread(fetch, asked), (206, whole[first : last + 1], f"bytes {first}-{last}/1500000")
            )
        self.assertEqual((await self.ask(f"/file/bot{TOKEN}/documents/y.bin"))[0], 401)


class StrangerTests(HttpTestCase):
    """What one may do to the listener who has no token, or too many connections."""

    async def test_so_many_at_once(self) -> None:
        """More of one address are closed as they come, and one that goes makes room."""
        self.factory.counts = counts = ConnectionCounts(100, 3)
        address = ("127.0.0.1", self.port)
        before = [socket.create_connection(address, timeout=20) for _ in range(3)]
        await self.until(lambda: counts.total == 3)
        with socket.create_connection(address, timeout=20) as fourth:
            self.assertEqual(await deferToThread(fourth.recv, 10), b"")
        for each in before:
            each.close()
        await self.until(lambda: counts.total == 0)
        self.assertEqual((await self.ask(f"/bot{TOKEN}/x"))[0], 200)

    async def test_a_body_without_a_token(self) -> None:
        """Nothing of a large one is read until the token is known, then none of it is kept."""
        bodies: list[Body] = []

        def body(*given: Any) -> Body:
            bodies.append(Body(*given))
            return bodies[-1]

        self.patch(body_module, "Body", body)
        part = b'--b\r\ncontent-disposition: form-data; name="d"; filename="a"\r\n\r\n'
        for kind, size in ((b"multipart/form-data; boundary=b", 5000), (b"application/json", 1 << 20)):
            self.answers.admitting = Deferred()
            head = b"POST /bot1:x/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
            head += b"content-type: %s\r\ncontent-length: %d\r\n\r\n" % (kind, size)
            answered = deferToThread(self.raw, head + part + b"x" * (size - len(part)))
            await self.until(lambda: len(bodies) > 0)
            await deferLater(reactor, 0.05)
            self.answers.admitting.callback(None)
            self.assertIn(b" 401 ", (await answered)[:20])
            self.assertEqual(([one.size for one in bodies], list(self.folder.iterdir())), ([0], []))
            bodies.clear()
        self.assertEqual(self.answers.calls, [])

    async def test_refused_at_once(self) -> None:
        """Who has much to bring and may not is told before bringing it, and so is whose head is too long."""
        post = "POST /bot{token}/x HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{more}\r\n"
        long = "x" * (connections.MAX_HEAD + 100)
        for sent, status in (
            (post.format(token="1:x", more=f"content-length: {10 << 30}\r\n"), 401),
            (post.format(token="1:x", more="transfer-encoding: chunked\r\n") + "5\r\n", 401),
            (post.format(token=TOKEN, more=f"content-length: {10 << 30}\r\n"), 413),
            (post.format(token=TOKEN, more="content-length: x\r\n"), 400),
            (f"GET /bot{TOKEN}/x?text={long} HTTP/1.1\r\nhost: x\r\n\r\n", 414),
            (f"GET /bot{TOKEN}/x?text={long}", 414),
            (f"GET /bot{TOKEN}/x HTTP/1.1\r\nhost: {long}\r\n\r\n", 431),
            (f"GET /bot{TOKEN}/x HTTP/1.1\r\n" + f"a: {'x' * 9000}\r\n" * 10 + "\r\n", 431),
            ("nonsense\r\n\r\n", 400),
        ):
            with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
                connection.sendall(sent.encode())
                answer = b""
                # The client keeps its side open and brings more: the answer is there all the same, and whole.
                while piece := await deferToThread(connection.recv, 65536):
                    answer += piece
                connection.sendall(b"x" * 5000)
            head, _, body = answer.partition(b"\r\n\r\n")
            self.assertEqual((int(head.split()[1]), json.loads(body)["error_code"]), (status, status), sent[:60])
            self.assertIn(b"Connection: close", head)
        self.assertEqual(self.answers.calls, [])
        text = "%E2%82%AC" * 4096
        self.assertEqual((await self.ask(f"/bot{TOKEN}/x?text={text}"))[0], 200)

    async def test_refused_and_silent(self) -> None:
        """Who was refused and does not go is let go."""
        self.patch(connections, "LINGER_SECONDS", 0.1)
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(b"POST /bot1:x/x HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000000\r\n\r\n")
            await self.until(lambda: self.factory.counts.total == 1)
            await self.until(lambda: self.factory.counts.total == 0)

    async def test_many_files(self) -> None:
        """All the files of a call lie in one."""
        part = '--b\r\ncontent-disposition: form-data; name="f{0}"; filename="a{0}"\r\n\r\n{0}\r\n'
        body = "".join(part.format(number) for number in range(150)) + "--b--\r\n"
        made: list[Any] = []
        temporary = tempfile.TemporaryFile

        def counted(**given: Any) -> Any:
            made.append(temporary(**given))
            return made[-1]

        self.patch(tempfile, "TemporaryFile", counted)
        answer = await self.ask(f"/bot{TOKEN}/x", body.encode(), "multipart/form-data; boundary=b")
        self.assertEqual((answer[0], len(made), made[0].closed), (200, 1, True))
        files = self.answers.calls[0][2]
        self.assertEqual(files, {f"f{number}": (f"a{number}", b"%d" % number) for number in range(150)})

    async def test_who_takes_nothing(self) -> None:
        """Who fetches a file and does not read it is let go."""
        self.patch(connections, "STALLED_SECONDS", 0.2)
        self.patch(FakeDownload, "size", 60_000_000)
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(f"GET /file/bot{TOKEN}/documents/x.bin HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            await self.until(lambda: self.factory.counts.total == 1)
            await self.until(lambda: self.factory.counts.total == 0)
