"""A web server on this machine, and a fetcher that takes it for one on the Internet."""

from collections import defaultdict
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from teamgram.domain.web_pages.fetching import PageFetcher

PUBLIC = "127.0.0.1"
"""What tests take for an address on the Internet; every other one is not."""


def fake_rule(address: str, port: int) -> bool:
    """What may be asked in tests."""
    return address == PUBLIC


class FakeSite(Resource):
    """Answers by path: ``pages[path]`` is (code, headers, body); a path that is not there never answers.

    Attributes:
        hits: requests by path.
        names: addresses of names; what is not there is ``PUBLIC``. A list of lists is given out one after the other.
        lookups: names that were asked for.
    """

    isLeaf = True

    def __init__(self, case: Any) -> None:
        super().__init__()
        from twisted.internet import reactor

        any_reactor: Any = reactor
        self._reactor = any_reactor
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.hits: dict[str, int] = defaultdict(int)
        self.waiting: dict[str, list[Any]] = defaultdict(list)
        self.names: dict[str, list[list[str]]] = {}
        self.lookups: list[str] = []
        listening = self._reactor.listenTCP(0, Site(self), interface=PUBLIC)
        self.port: int = listening.getHost().port
        case.addCleanup(listening.stopListening)

    def url(self, path: str, host: str = "site.example") -> str:
        """The address of a path."""
        return f"http://{host}:{self.port}{path}"

    def page(self, path: str, body: bytes | str, kind: str = "text/html; charset=utf-8", **headers: str) -> str:
        """Put a page there; its address."""
        content = body.encode() if isinstance(body, str) else body
        self.pages[path] = 200, {"Content-Type": kind, **headers}, content
        return self.url(path)

    def redirect(self, path: str, to: str, code: int = 302) -> str:
        """Put a redirect there; its address."""
        self.pages[path] = code, {"Location": to}, b""
        return self.url(path)

    def render(self, request: Any) -> Any:
        path = request.path.decode()
        self.hits[path] += 1
        if path not in self.pages:
            self.waiting[path].append(request)
            return NOT_DONE_YET
        return self._answer(request, path)

    def answer(self, path: str) -> None:
        """Who asked for a page before it was there gets it now."""
        for request in self.waiting.pop(path, ()):
            request.write(self._answer(request, path))
            request.finish()

    def _answer(self, request: Any, path: str) -> bytes:
        code, headers, body = self.pages[path]
        request.setResponseCode(code)
        for name, value in headers.items():
            request.setHeader(name.replace("_", "-").encode(), value.encode())
        return body

    async def resolve(self, host: str) -> list[str]:
        """The addresses of a name."""
        self.lookups.append(host)
        answers = self.names.get(host, [[PUBLIC]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def fetcher(self, seconds: float = 5.0) -> PageFetcher:
        """Asks this site under any name."""
        return PageFetcher(self._reactor, seconds, resolve=self.resolve, allows=fake_rule)


class _Endless(Protocol):
    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n")
        transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        transport: Any = self.transport
        transport.write(b"X-More: " + b"x" * 4000 + b"\r\n")

    def stopProducing(self) -> None:
        """The other end is gone."""


def endless_head(case: Any) -> int:
    """The port of a server whose head never ends."""
    from twisted.internet import reactor

    any_reactor: Any = reactor
    factory = Factory.forProtocol(_Endless)
    port = any_reactor.listenTCP(0, factory, interface=PUBLIC)
    case.addCleanup(port.stopListening)
    number: int = port.getHost().port
    return number


async def pause(seconds: float) -> None:
    """Let the real reactor turn."""
    from twisted.internet import reactor

    any_reactor: Any = reactor
    done: Deferred[None] = Deferred()
    any_reactor.callLater(seconds, done.callback, None)
    await done
