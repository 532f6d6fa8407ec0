"""HTTP requests out of bytes."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.http_requests import HttpRequest, RequestParser
from teamgram.net.http_head import MAX_HEAD_BYTES, MAX_TARGET_BYTES, HttpError, response

TELETHON = (
    b"POST /api HTTP/1.1\r\n"
    b"Host: 127.0.0.1:8801\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
    b"Connection: keep-alive\r\n"
    b"Keep-Alive: timeout=100000, max=10000000\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)


def parse(data: bytes, max_body_bytes: int = 1000) -> HttpRequest | None:
    parser = RequestParser(max_body_bytes)
    parser.receive_data(data)
    return parser.next_request()


class RequestParserTests(SynchronousTestCase):
    def test_request_at_every_split(self) -> None:
        """A request is given out when its last byte has come, however the bytes were cut."""
        for split in range(len(TELETHON)):
            parser = RequestParser(1000)
            parser.receive_data(TELETHON[:split])
            self.assertIsNone(parser.next_request())
            parser.receive_data(TELETHON[split:])
            request = parser.next_request()
            assert request is not None
            self.assertEqual((request.method, request.path, request.body), (b"POST", b"/api", b"hello"))
            self.assertTrue(request.keep_alive)

    def test_requests_sent_without_waiting(self) -> None:
        """Pipelined requests come out one by one, in order."""
        parser = RequestParser(1000)
        parser.receive_data(TELETHON + TELETHON.replace(b"hello", b"world") + TELETHON[:20])
        bodies = []
        while (request := parser.next_request()) is not None:
            bodies.append(request.body)
        self.assertEqual(bodies, [b"hello", b"world"])
        self.assertEqual(parser.buffered_bytes, 20)

    def test_keep_alive_by_version_and_header(self) -> None:
        """HTTP/1.1 stays unless told to close, HTTP/1.0 closes unless asked to stay."""
        for head, expected in (
            (b"GET / HTTP/1.1\r\n\r\n", True),
            (b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", False),
            (b"GET / HTTP/1.0\r\n\r\n", False),
            (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", True),
        ):
            request = parse(head)
            assert request is not None
            self.assertEqual(request.keep_alive, expected, head)

    def test_query_string_is_no_part_of_the_path(self) -> None:
        """What follows a question mark does not change where a request goes."""
        request = parse(b"GET /apiw1?x=1 HTTP/1.1\r\n\r\n")
        assert request is not None
        self.assertEqual(request.path, b"/apiw1")

    def test_target_that_names_a_host(self) -> None:
        """The form that goes to proxies means the same path, whatever the host and the case of the scheme."""
        for target, path in (
            (b"HTTP://149.154.175.50:80/api", b"/api"),  # as TDLib writes it
            (b"https://[::1]:8801/apiw1?x=http://y/", b"/apiw1"),
            (b"http://host", b"/"),
            (b"http://host?/api", b"/"),
            (b"http://a/http://b/api", b"/http://b/api"),
        ):
            request = parse(b"OPTIONS " + target + b" HTTP/1.1\r\n\r\n")
            assert request is not None
            self.assertEqual(request.path, path, target)
        for target in (b"http://", b"http:///api", b"ftp://host/api", b"host:80", b"*", b"http://ho\0st/api"):
            self.assert_refused(b"GET " + target + b" HTTP/1.1\r\n\r\n", 400)

    def assert_refused(self, data: bytes, status: int) -> None:
        with self.assertRaises(HttpError) as caught:
            parse(data)
        self.assertEqual(caught.exception.status, status, data)

    def test_what_cannot_be_read_on_is_refused(self) -> None:
        """Malformed heads, unknown body lengths and ambiguous ones end the stream with the right status."""
        self.assert_refused(b"POST api HTTP/1.1\r\n\r\n", 400)
        self.assert_refused(b"POST /api HTTP/2.0\r\n\r\n", 400)
        self.assert_refused(b"\xef\xef\xef\xef\r\n\r\n", 400)
        self.assert_refused(b"POST /api HTTP/1.1\r\nno colon\r\n\r\n", 400)
        self.assert_refused(b"POST /api HTTP/1.1\r\nContent-Length : 5\r\n\r\n", 400)
        self.assert_refused(b"POST /api HTTP/1.1\r\n\r\n", 411)
        self.assert_refused(b"POST /api HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411)
        self.assert_refused(b"POST /api HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400)
        self.assert_refused(b"POST /api HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400)

    def test_bounds(self) -> None:
        """A long body, a long head, and many headers are refused before they are stored."""
        self.assert_refused(b"POST /api HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413)
        self.assert_refused(b"POST /api HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413)
        self.assert_refused(b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES, 431)
        self.assert_refused(b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 65 + b"\r\n", 431)
        self.assert_refused(b"GET /" + b"x" * MAX_TARGET_BYTES + b" HTTP/1.1\r\n\r\n", 414)


class ResponseTests(SynchronousTestCase):
    def test_content_length_is_the_last_header(self) -> None:
        """Telethon reads the body right after the Content-Length line."""
        data = response(200, [(b"Content-Type", b"application/octet-stream")], b"body", keep_alive=True)
        head, _, body = data.partition(b"\r\n\r\n")
        self.assertEqual(head.split(b"\r\n")[0], b"HTTP/1.1 200 OK")
        self.assertEqual(head.split(b"\r\n")[-1], b"Content-Length: 4")
        self.assertIn(b"Connection: keep-alive", head)
        self.assertEqual(body, b"body")
