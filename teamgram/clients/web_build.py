"""What leads a build of Telegram Web A or Web K to Telegram, and the same build leading to this server.

Both are JavaScript that a bundler has shortened: names change with every
build, what stays is the shape. Web A (telegram-tt, ``src/lib/gramjs``:
``crypto/RSA.ts``, ``Utils.ts`` ``getDC``, ``extensions/PromisedWebSockets.ts``,
``extensions/HttpStream.ts``) has its keys as decimal numbers with their
fingerprints; Web K (tweb, ``src/lib/mtproto``: ``rsaKeysManager.ts``,
``dcConfigurator.ts``) as hexadecimal ones. In place of addresses there stand
expressions that ask the browser where the page came from: so a served build
goes wherever the browser reached this server, by whatever name.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from string import Template
from urllib.parse import quote_plus

from teamgram.clients.build import UnknownBuildError
from teamgram.clients.web_files import Mark, TooManyFilesError, WebFiles, list_files, mark_of, read_file
from teamgram.mtproto.crypto.rsa import RsaPublicKey

INDEX = "index.html"
#: Ours, beside a build's own files: see there.
FRESH = "teamgram.js"


@dataclass(frozen=True, slots=True)
class WebTarget:
    """Where a web app shall go.

    Attributes:
        key: the server's.
        websocket_port: of the WebSocket listener, as browsers reach it, at the host that the page has.
    """

    key: RsaPublicKey
    websocket_port: int

    def mark(self) -> str:
        """Tells this target from others."""
        return f"{self.key.fingerprint & (1 << 64) - 1:016x} {self.websocket_port}"


@dataclass(frozen=True, slots=True)
class _Shape:
    """Something of Telegram's, what it is called, and what stands there instead."""

    what: str
    pattern: re.Pattern[bytes]
    ours: Callable[[re.Match[bytes], WebTarget], bytes]
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class WebApp:
    """One of the two apps."""

    name: str
    path: str
    shapes: tuple[_Shape, ...] = field(repr=False)


#: ``self``: the same in a page and in its workers. An IPv6 address has its brackets in ``hostname``.
_HOST = b"self.location.hostname"
_WEBSOCKET = b'${self.location.protocol.replace("http","ws")}//${self.location.hostname}:%d'
_NAME = rb"[\w$]{1,12}"
_QUOTE = rb"[\"'`]"


def _websocket(match: re.Match[bytes], target: WebTarget) -> bytes:
    return b"`" + _WEBSOCKET % target.websocket_port + match["rest"]


def _a_key(match: re.Match[bytes], target: WebTarget) -> bytes:
    return b"fingerprint:BigInt(`%d`),n:BigInt(`%d`),e:%d" % (target.key.fingerprint, target.key.n, target.key.e)


def _k_key(match: re.Match[bytes], target: WebTarget) -> bytes:
    exponent = f"{target.key.e:x}"
    exponent = exponent.zfill(len(exponent) + len(exponent) % 2)
    return b'modulus:"%x",exponent:"%s"' % (target.key.n, exponent.encode())


#: A page may say in itself what it may load, for Telegram's servers; the headers here say it for this one.
_POLICY = _Shape(
    "policy in the page",
    re.compile(rb'<meta\s{1,20}http-equiv="Content-Security-Policy"\s{1,20}content="[^"<>]{0,4000}"\s{0,5}/?>', re.I),
    lambda match, target: b"",
    at_least=0,
)
#: A service worker keeps the app's files; it forgets them when its own text has changed.
_WORKER_VERSION = _Shape(
    "version of the service worker",
    re.compile(rb"\.skipWaiting\("),
    lambda match, target: match[0] + b"/* %s */" % target.mark().encode(),
    at_least=0,
)

WEB_A = WebApp(
    "Telegram Web A",
    "/a/",
    (
        _Shape(
            "RSA key",
            re.compile(
                rb"fingerprint:BigInt\((%b)-?\d{15,20}\1\),n:BigInt\((%b)\d{600,620}\2\),e:65537" % (_QUOTE, _QUOTE)
            ),
            _a_key,
            at_least=2,
        ),
        _Shape(
            "data centre",
            re.compile(rb"ipAddress:%bzws[1-5][^\n;]{0,60}?\.web\.telegram\.org%b\)?,port:443" % (_QUOTE, _QUOTE)),
            lambda match, target: b"ipAddress:%b,port:%d" % (_HOST, target.websocket_port),
            at_least=5,
        ),
        _Shape(
            "WebSocket address",
            re.compile(rb"`wss?://\$\{%b\}:\$\{%b\}(?P<rest>/apiws)" % (_NAME, _NAME)),
            _websocket,
        ),
        _Shape(
            "HTTP address",
            re.compile(rb"`https?://\$\{%b\}:\$\{%b\}(?P<rest>/apiw1)" % (_NAME, _NAME)),
            lambda match, target: b"`${self.location.origin}" + match["rest"],
        ),
        _POLICY,
        _WORKER_VERSION,
    ),
)

WEB_K = WebApp(
    "Telegram Web K",
    "/k/",
    (
        _Shape(
            "RSA key",
            re.compile(rb"modulus:(%b)[0-9a-f]{512}\1,exponent:(%b)0?10001\2" % (_QUOTE, _QUOTE)),
            _k_key,
            at_least=2,
        ),
        _Shape(
            "data centre",
            re.compile(rb"host:(?<=\bid:[1-5],host:)(%b)(?:\d{1,3}\.){3}\d{1,3}\1,port:\d{2,4}\b" % _QUOTE),
            lambda match, target: b"host:%b,port:%d" % (_HOST, target.websocket_port),
            at_least=5,
        ),
        _Shape(
            "WebSocket address",
            re.compile(rb"`wss://[^`\s]{1,120}?\.web\.telegram\.org(?P<rest>/\$\{)"),
            _websocket,
        ),
        _Shape(
            "HTTP address",
            re.compile(rb"(%b)https://\1\+%b\+(%b)\.web\.telegram\.org/\2" % (_QUOTE, _NAME, _QUOTE)),
            lambda match, target: b'self.location.origin+"/"',
        ),
        _POLICY,
        _WORKER_VERSION,
    ),
)

#: What must be left nowhere in the text of a program: ends and beginnings of Telegram's addresses, and the beginnings
#: of its keys, its servers' and its test servers', as either app writes them. Each begins with letters of its own: many
#: alternatives in one pattern take ten times as long, and nobody else runs meanwhile.
_TRACES = {
    "an address": [rb"\.web\.telegram\.org", rb"zws[1-5](?:\$\{|[-.\"'`])", rb"149\.154\.1\d\d\.", rb"95\.161\.7\d\."],
    "a key": [rb"e8bb3305c0b52c6c", rb"c8c11d635691fac0", rb"2937959817066933702", rb"2534288944884041556"],
}
_NAMED = re.compile(rb'\s(?:src|href)="(?![a-z]{1,10}:|/|#)([^"?#<>]{1,200})')
_LOOKED_AT = (".js", ".mjs", ".html")


@dataclass(frozen=True, slots=True)
class WebPlace:
    """Something that is replaced: what, in which file, how often."""

    what: str
    file: str
    times: int


@dataclass(frozen=True, slots=True)
class WebBuild:
    """A build that is known well enough to be served.

    Attributes:
        absent: what its page names and is not there.
        mark: of its page, when it was looked through.
    """

    directory: Path
    app: WebApp
    files: WebFiles
    places: tuple[WebPlace, ...]
    absent: tuple[str, ...]
    mark: Mark | None

    def changed_files(self) -> frozenset[str]:
        """The files that are not served as they lie there; the page is always one."""
        return frozenset((INDEX, FRESH, *(place.file for place in self.places)))

    def read(self, path: str, target: WebTarget) -> bytes:
        """A file as it is served.

        Raises:
            OSError: as ``read_file``.
        """
        if path == FRESH:
            return self._fresh(target)
        content = read_file(self.directory, path)
        if not path.endswith(_LOOKED_AT):
            return content
        content = _pointed(content, self.app, target)
        if path == INDEX:
            script = f'<script src="./{FRESH}?{quote_plus(target.mark())}"></script>'
            content = content.replace(b"<script", script.encode() + b"<script", 1)
        return content

    def _fresh(self, target: WebTarget) -> bytes:
        changed = json.dumps(sorted(self.changed_files() - {INDEX}))
        return _fresh_script().substitute(server=target.mark(), changed=changed).encode()


def examine_web(directory: Path) -> WebBuild:
    """Find out which app's build a directory holds, and what leads it to Telegram.

    Raises:
        OSError: it cannot be read.
        UnknownBuildError: it holds no build, or one in which something was not found; says what.
    """
    try:
        files = list_files(directory)
    except TooManyFilesError as error:
        raise UnknownBuildError(str(error)) from None
    mark = mark_of(directory / INDEX)
    if INDEX not in files.sizes or "package.json" in files.sizes:
        raise UnknownBuildError(_no_build(files))
    texts = {path: read_file(directory, path) for path in files.sizes if path.endswith(_LOOKED_AT)}
    places = {app.name: _places(texts, app) for app in (WEB_A, WEB_K)}
    app = min((WEB_A, WEB_K), key=lambda each: len(_missing(places[each.name], each)))
    if missing := _missing(places[app.name], app):
        if len(missing) == len(_needed(app)):
            raise UnknownBuildError("nothing in it is as in Telegram Web A or Telegram Web K")
        raise UnknownBuildError(f"it looks like {app.name}, but this was not found in it: {', '.join(missing)}")
    absent = tuple(sorted({path for path in _named(texts[INDEX]) if path not in files.sizes}))
    build = WebBuild(directory, app, files, tuple(places[app.name]), absent, mark)
    _check(texts, build)
    return build


@cache
def _fresh_script() -> Template:
    text = Path(__file__).with_name("web_fresh.js").read_text(encoding="utf-8")
    return Template(text.replace("${", "$${"))


def _named(page: bytes) -> list[str]:
    """The files that a page names beside itself."""
    return [match[1].decode("utf-8", "replace").removeprefix("./") for match in _NAMED.finditer(page)]


def _no_build(files: WebFiles) -> str:
    if "dist/" + INDEX in files.sizes:
        return "these are sources, with a build in dist/ below them: name that directory"
    if "package.json" in files.sizes:
        return "these are sources: build them first, as their README says"
    return f"it has no {INDEX}"


def _places(texts: dict[str, bytes], app: WebApp) -> list[WebPlace]:
    found = []
    for shape in app.shapes:
        for path, content in texts.items():
            if times := len(shape.pattern.findall(content)):
                found.append(WebPlace(shape.what, path, times))
    return found


def _needed(app: WebApp) -> list[_Shape]:
    return [shape for shape in app.shapes if shape.at_least]


def _missing(places: list[WebPlace], app: WebApp) -> list[str]:
    """What every known build has and this one has not, or not as often."""
    times = {shape.what: sum(place.times for place in places if place.what == shape.what) for shape in app.shapes}
    return [
        f"{shape.what} ({times[shape.what]} of {shape.at_least})" if shape.at_least > 1 else shape.what
        for shape in _needed(app)
        if times[shape.what] < shape.at_least
    ]


def _ours(shape: _Shape, target: WebTarget, match: re.Match[bytes]) -> bytes:
    return shape.ours(match, target)


def _pointed(content: bytes, app: WebApp, target: WebTarget) -> bytes:
    for shape in app.shapes:
        content = shape.pattern.sub(partial(_ours, shape, target), content)
    return content


def _check(texts: dict[str, bytes], build: WebBuild) -> None:
    """That no key or address of Telegram's is left in a program.

    Raises:
        UnknownBuildError: it is not so.
    """
    ours = WebTarget(RsaPublicKey(1 << 2047, 65537), 1)
    for path, content in texts.items():
        if path.endswith(".html"):
            continue  # it names Telegram's page in its head; what it may load is said by the headers
        after = _pointed(content, build.app, ours)
        for what, traces in _TRACES.items():
            for trace in traces:
                if left := re.search(trace, after):
                    raise UnknownBuildError(f"{what} of Telegram's is left in {path}: {left[0].decode()!r}")
