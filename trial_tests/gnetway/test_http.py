"""MTProto over HTTP, without sockets."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.http import MAX_WAITING
from teamgram.gnetway.settings import GnetwaySettings, ListenerSettings
from teamgram.interfaces.documents import DocumentAnswer, DocumentRequest, whole
from teamgram.interfaces.session import ConnRef
from teamgram.mtproto.crypto.rsa import RsaPrivateKey, RsaPublicKey
from teamgram.mtproto.envelope import pack_plain, unpack_plain
from trial_tests.gnetway.client import opened, payload, sealed
from trial_tests.gnetway.edges import Gnetway
from trial_tests.gnetway.fakes import perm_key
from trial_tests.peer.exchange import ClientExchange

KEY = perm_key(1)


def post(body: bytes, *headers: bytes, path: bytes = b"/apiw1") -> bytes:
    """A request as clients write it."""
    head = [b"POST " + path + b" HTTP/1.1", b"Host: x", *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def answers(data: bytes) -> list[tuple[int, list[bytes], bytes]]:
    """(status, header lines, body) of each response."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        length = int(lines[-1].removeprefix(b"Content-Length: "))
        found.append((int(lines[0].split()[1]), lines[1:], data[:length]))
        data = data[length:]
    return found


class HttpConnectionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.gnetway = Gnetway("http", KEY)
        self.protocol, self.transport = self.gnetway.connect()

    def reply(self, msg_id: int, ref: ConnRef | None = None) -> bool:
        ref = ref or self.gnetway.session.frames[0].conn
        return self.gnetway.service.send_data(ref, KEY.auth_key_id, 1, 7, payload(msg_id))

    def test_frame_in_answer_out(self) -> None:
        """A POST brings a frame to session; its reply is the answer's body, and the connection stays."""
        self.protocol.dataReceived(post(sealed(KEY)))
        self.assertEqual(self.gnetway.session.frames[0].transport, "http")
        self.assertEqual(self.transport.taken(), b"")
        self.assertTrue(self.reply(9))
        ((status, lines, body),) = answers(self.transport.taken())
        self.assertEqual((status, opened(KEY, body)), (200, (1, 7, payload(9))))
        self.assertIn(b"Connection: keep-alive", lines)
        self.assertFalse(self.transport.closed)

    def test_content_length_is_the_last_header(self) -> None:
        """Also with everything that CORS adds: Telethon takes the body to follow right after it."""
        self.protocol.dataReceived(post(sealed(KEY), b"Origin: https://web.example"))
        self.reply(9)
        ((_, lines, _),) = answers(self.transport.taken())
        self.assertTrue(lines[-1].startswith(b"Content-Length: "))
        self.assertIn(b"Access-Control-Allow-Origin: https://web.example", lines)

    def test_reply_without_a_waiting_request(self) -> None:
        """With nothing to answer session is told so and keeps the reply for the next request."""
        self.protocol.dataReceived(post(sealed(KEY)))
        self.assertTrue(self.reply(9))
        self.assertFalse(self.reply(13))
        self.protocol.dataReceived(post(sealed(KEY)))
        self.assertTrue(self.reply(13))
        self.assertEqual(
            [opened(KEY, body)[2] for _, _, body in answers(self.transport.taken())], [payload(9), payload(13)]
        )

    def test_requests_sent_without_waiting(self) -> None:
        """A later request is served while an earlier one waits, and replies answer the oldest."""
        self.protocol.dataReceived(post(sealed(KEY)) + post(sealed(KEY, plaintext=payload(8))))
        self.assertEqual(len(self.gnetway.session.frames), 2)
        self.reply(9)
        self.assertEqual(len(answers(self.transport.taken())), 1)
        self.reply(13)
        self.assertEqual(len(answers(self.transport.taken())), 1)

    def test_waiting_requests_are_bounded(self) -> None:
        """A client that only asks is not read beyond a number of waiting requests, and read on as they are answered."""
        self.protocol.dataReceived(post(sealed(KEY)) * (MAX_WAITING + 2))
        self.assertEqual(len(self.gnetway.session.frames), MAX_WAITING)
        self.assertEqual(self.transport.producerState, "paused")
        self.reply(9)
        self.assertEqual(len(self.gnetway.session.frames), MAX_WAITING + 1)
        self.reply(13)
        self.reply(17)
        self.assertEqual(self.transport.producerState, "producing")

    def test_many_requests_answered_at_once(self) -> None:
        """A session that replies within the call takes hundreds of requests of one segment without recursion."""
        session = self.gnetway.session
        take = session.send_data

        def take_and_reply(data: object) -> None:
            take(data)  # type: ignore[arg-type]
            self.reply(9)

        session.send_data = take_and_reply  # type: ignore[method-assign]
        self.gnetway.service.dispatcher._session = session
        self.protocol.dataReceived(post(sealed(KEY)) * 1500)
        self.assertEqual(len(answers(self.transport.taken())), 1500)

    def test_preflight(self) -> None:
        """OPTIONS is answered at once, with what a browser wants to know before it posts."""
        self.protocol.dataReceived(b"OPTIONS /apiw1 HTTP/1.1\r\nOrigin: https://web.example\r\n\r\n")
        ((status, lines, body),) = answers(self.transport.taken())
        self.assertEqual((status, body), (200, b""))
        self.assertIn(b"Access-Control-Allow-Origin: https://web.example", lines)
        self.assertIn(b"Access-Control-Allow-Methods: POST, OPTIONS", lines)
        self.assertIn(b"Access-Control-Allow-Headers: origin, content-type", lines)

    def test_what_is_not_served(self) -> None:
        """Other paths, other methods and bodies without a frame are answered as such; the connection lives on."""
        self.protocol.dataReceived(
            post(sealed(KEY), path=b"/")
            + b"GET /apiw1 HTTP/1.1\r\n\r\n"
            + post(b"1234")
            + post(sealed(KEY), path=b"/apiw1_test")
        )
        self.reply(9)
        self.assertEqual([status for status, _, _ in answers(self.transport.taken())], [404, 405, 400, 200])

    def test_answers_keep_the_order_of_requests(self) -> None:
        """A quick answer does not overtake one that waits."""
        self.protocol.dataReceived(post(sealed(KEY)) + b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(self.transport.taken(), b"")
        self.reply(9)
        self.assertEqual([status for status, _, _ in answers(self.transport.taken())], [200, 404])

    def test_unknown_key(self) -> None:
        """The transport error is the status and the 4 bytes of the body, then the connection closes."""
        self.protocol.dataReceived(post(sealed(perm_key(5))))
        ((status, _, body),) = answers(self.transport.taken())
        self.assertEqual((status, body), (404, (-404).to_bytes(4, "little", signed=True)))
        self.assertTrue(self.transport.closed)

    def test_connection_close(self) -> None:
        """The last request's answer ends the connection; what follows it is not read."""
        self.protocol.dataReceived(post(sealed(KEY), b"Connection: close") + post(sealed(KEY)))
        self.assertEqual(len(self.gnetway.session.frames), 1)
        self.reply(9)
        ((_, lines, _),) = answers(self.transport.taken())
        self.assertIn(b"Connection: close", lines)
        self.assertTrue(self.transport.closed)

    def test_malformed_request(self) -> None:
        """What is not HTTP is answered 400 and closed, what is too long 413."""
        for data, status in (
            (b"\xef\x01\x02\x03\r\n\r\n", 400),
            (b"POST /api HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
        ):
            protocol, transport = self.gnetway.connect()
            protocol.dataReceived(data)
            self.assertEqual(answers(transport.taken())[0][0], status)
            self.assertTrue(transport.closed)

    def test_client_that_does_not_read_is_not_read(self) -> None:
        """While its answers pile up, no request of that client is taken."""
        self.transport.producer.pauseProducing()
        self.protocol.dataReceived(post(sealed(KEY)))
        self.assertEqual(self.gnetway.session.frames, [])
        self.assertEqual(self.transport.producerState, "paused")
        self.transport.producer.resumeProducing()
        self.assertEqual(len(self.gnetway.session.frames), 1)
        self.assertEqual(self.transport.producerState, "producing")

    def test_idle_connection(self) -> None:
        """An HTTP connection stays sixty seconds after its last request, and its end closes no session."""
        self.protocol.dataReceived(post(sealed(KEY)))
        self.gnetway.pass_seconds(59)
        self.assertFalse(self.transport.closed)
        self.gnetway.pass_seconds(3)
        self.assertTrue(self.transport.closed)
        self.assertEqual(self.gnetway.session.closed, [])

    def test_origins(self) -> None:
        """With a list of origins, pages from elsewhere are refused; programs send none and are served."""
        listener = ListenerSettings("http", "127.0.0.1", 8801, allowed_origins=("https://web.example",))
        gnetway = Gnetway("http", KEY, listener=listener)
        protocol, transport = gnetway.connect()
        protocol.dataReceived(post(sealed(KEY), b"Origin: https://evil.example"))
        ((status, lines, _),) = answers(transport.taken())
        self.assertEqual((status, gnetway.session.frames), (403, []))
        self.assertFalse([line for line in lines if line.startswith(b"Access-Control")])
        protocol.dataReceived(post(sealed(KEY), b"Origin: https://web.example") + post(sealed(KEY)))
        self.assertEqual(len(gnetway.session.frames), 2)

    def test_key_exchange_over_several_connections(self) -> None:
        """Each step may come over its own connection; each is answered on the one it came by."""
        rsa_key = RsaPrivateKey.generate()
        gnetway = Gnetway("http", rsa_keys=(rsa_key,), settings=GnetwaySettings())
        client = ClientExchange(RsaPublicKey.from_pem(rsa_key.public_pem()))
        body: bytes | None = client.start()
        while body is not None:
            protocol, transport = gnetway.connect()
            protocol.dataReceived(post(pack_plain(4, body), path=b"/api"))
            ((status, _, answer),) = answers(transport.taken())
            self.assertEqual(status, 200)
            body = client.receive(unpack_plain(answer)[1])
        self.assertEqual(len(gnetway.authsessions.keys), 1)


LARGE = b"0123456789" * 25_000


class DocumentTests(SynchronousTestCase):
    """What a browser is shown beside MTProto."""

    def setUp(self) -> None:
        self.asked: list[tuple[bytes, str, int, bool]] = []
        self.slow: dict[bytes, Deferred[DocumentAnswer]] = {}
        self.gnetway = Gnetway("http", KEY, documents=self.document)
        self.protocol, self.transport = self.gnetway.connect()

    async def document(self, request: DocumentRequest) -> DocumentAnswer | None:
        self.asked.append((request.path, request.host, request.port, request.is_tls))
        if request.path in self.slow:
            return await self.slow[request.path]
        if request.path == b"/refused":
            return whole(403, [], b"no")
        if request.path == b"/large":
            return whole(200, [], LARGE, request.method)
        if request.path == b"/":
            return whole(200, [(b"Content-Type", b"text/html")], b"<p>hello", request.method)
        return None

    def get(self, path: bytes, method: bytes = b"GET", *headers: bytes) -> tuple[int, list[bytes], bytes]:
        """The one answer to a request without a body."""
        self.protocol.dataReceived(
            b"\r\n".join((method + b" " + path + b" HTTP/1.1", b"Host: x", *headers)) + b"\r\n\r\n"
        )
        (answer,) = answers(self.transport.taken())
        return answer

    def test_shown(self) -> None:
        """Its headers and body, for the address by which the browser came, and the connection stays for more."""
        status, lines, body = self.get(b"/?from=somewhere")
        self.assertEqual((status, body), (200, b"<p>hello"))
        self.assertIn(b"Content-Type: text/html", lines)
        self.assertNotIn(b"Content-Type: application/octet-stream", lines)
        self.assertEqual(self.asked, [(b"/", "127.0.0.1", 10443, False)])
        self.assertEqual(self.get(b"/favicon.ico")[0], 404)
        self.assertFalse(self.transport.closed)

    def test_only_read(self) -> None:
        """No page of another origin may read it."""
        elsewhere = b"Origin: https://elsewhere.example"
        for path in (b"/", b"/nothing"):
            lines = self.get(path, b"GET", elsewhere)[1]
            self.assertEqual([line for line in lines if line.startswith(b"Access-Control")], [])

    def test_head(self) -> None:
        """The length of what GET would bring, and nothing behind it."""
        self.protocol.dataReceived(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = self.transport.taken()
        self.assertTrue(head.endswith(b"Content-Length: 8\r\n\r\n"), head)

    def test_slow(self) -> None:
        """What takes its time comes when it is there, and what was asked for behind it after it."""
        self.slow[b"/slow"] = Deferred()
        self.protocol.dataReceived(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(self.transport.taken(), b"")
        self.slow[b"/slow"].callback(whole(200, [], b"late"))
        self.assertEqual([body for _, _, body in answers(self.transport.taken())], [b"late", b"<p>hello"])

    def test_slow_and_failing(self) -> None:
        """A fault of ours is 503 and a line in the log, and the connection stays."""
        self.slow[b"/slow"] = Deferred()
        self.protocol.dataReceived(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        self.slow[b"/slow"].errback(ZeroDivisionError())
        ((status, _, _),) = answers(self.transport.taken())
        self.assertEqual(status, 503)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.get(b"/")[0], 200)

    def test_slow_and_gone(self) -> None:
        """Nothing is written to a browser that left meanwhile."""
        self.slow[b"/slow"] = Deferred()
        self.protocol.dataReceived(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        self.protocol.connectionLost()
        self.slow[b"/slow"].callback(whole(200, [], b"late"))
        self.assertEqual(self.transport.taken(), b"")

    def test_frames_pass_by(self) -> None:
        """What session has to say does not go out with a document that is waited for."""
        self.slow[b"/slow"] = Deferred()
        self.protocol.dataReceived(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        self.protocol.dataReceived(post(sealed(KEY)))
        ref = self.gnetway.session.frames[0].conn
        self.gnetway.service.send_data(ref, KEY.auth_key_id, 1, 7, payload(9))
        self.slow[b"/slow"].callback(whole(200, [], b"late"))
        self.assertEqual([body == b"late" for _, _, body in answers(self.transport.taken())], [True, False])

    def test_a_browser_that_does_not_read(self) -> None:
        """It has one part of a file in our memory, not all of it, and gets the rest as it reads on."""
        self.protocol.dataReceived(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        self.transport.producer.pauseProducing()
        first = self.transport.taken()
        self.protocol.dataReceived(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(self.transport.taken(), b"")
        self.transport.producer.resumeProducing()
        got = answers(first + self.transport.taken())
        self.assertEqual([(status, body == LARGE) for status, _, body in got], [(200, True)] * 4)

    def test_parts(self) -> None:
        """Between two parts of a file the transport may say that it has enough."""
        written: list[int] = []
        write = self.transport.write

        def writing(data: bytes) -> None:
            written.append(len(data))
            write(data)
            self.transport.producer.pauseProducing()

        self.patch(self.transport, "write", writing)
        self.protocol.dataReceived(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(len(written), 1, "the head, and nothing of what is behind it")
        for number in range(2, 6):
            self.transport.producer.resumeProducing()
            self.assertEqual(len(written), number)
        self.transport.producer.resumeProducing()
        self.assertEqual(written[1:], [65536, 65536, 65536, len(LARGE) - 3 * 65536])

    def test_time(self) -> None:
        """A browser that shows something here has longer than the time to a first frame; others have not."""
        self.get(b"/refused")
        other, transport = self.gnetway.connect()
        other.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.gnetway.pass_seconds(40)
        self.assertTrue(self.transport.closed)
        self.assertFalse(transport.closed)

    def test_the_order_of_answers(self) -> None:
        """Behind a request that waits for its frame the page waits, too."""
        self.protocol.dataReceived(post(sealed(KEY)))
        self.protocol.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(self.transport.taken(), b"")
        ref = self.gnetway.session.frames[0].conn
        self.gnetway.service.send_data(ref, KEY.auth_key_id, 1, 7, payload(9))
        self.assertEqual([len(body) == 8 for _, _, body in answers(self.transport.taken())], [False, True])

    def test_mtproto_goes_before(self) -> None:
        """No document is asked for at the paths of MTProto."""
        self.get(b"/apiw1")
        self.assertEqual(self.asked, [])
