"""One file over HTTP: its type, its encodings, what a browser has of it already, a part of it (RFC 9110)."""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

try:
    import brotli
except ImportError:  # smaller than gzip's, where the library is there
    brotli = None

from teamgram.interfaces.documents import DocumentAnswer, whole

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "text/xml; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
}
#: Others are compressed by themselves.
_COMPRESSED = (".html", ".js", ".mjs", ".css", ".json", ".map", ".webmanifest", ".wasm", ".txt", ".xml", ".svg", ".ttf")
_MIN_COMPRESSED_BYTES = 1024
_GZIP_LEVEL, _BROTLI_QUALITY = 6, 5
#: A bundler's digest at the end of a name, as ``index-CCQQZirH.js``: such a file never changes.
_DIGEST = re.compile(r"-(?=[\w-]*[A-Z0-9])[\w-]{8}\.\w{2,5}$")
_FOR_EVER, _ASK_EACH_TIME = b"public, max-age=31536000, immutable", b"no-cache"
_ONE_RANGE = re.compile(rb"bytes=(\d{0,15})-(\d{0,15})")
_QUALITY = re.compile(rb"q=0(?:\.0{0,3})?")

#: Better first.
ENCODINGS = (b"br", b"gzip") if brotli is not None else (b"gzip",)


@dataclass(frozen=True, slots=True)
class WebBody:
    """A file as it is served, in one encoding.

    Attributes:
        encoding: as Content-Encoding has it; empty: none.
        cache: as Cache-Control has it.
    """

    content: bytes
    content_type: bytes
    encoding: bytes
    etag: bytes
    cache: bytes

    def document(
        self, method: bytes, headers: Mapping[bytes, bytes], more: list[tuple[bytes, bytes]]
    ) -> DocumentAnswer:
        """The answer to one request.

        Args:
            method: GET or HEAD.
            more: headers that every answer has.
        """
        told = [(b"ETag", self.etag), (b"Cache-Control", self.cache), (b"Vary", b"Accept-Encoding"), *more]
        if _has_it(headers.get(b"if-none-match", b""), self.etag):
            return DocumentAnswer(304, told, b"", None)
        told += [(b"Content-Type", self.content_type), (b"Accept-Ranges", b"bytes")]
        if self.encoding:
            told.append((b"Content-Encoding", self.encoding))
        size = len(self.content)
        wanted = self._wanted(headers) if method == b"GET" else None
        if wanted is None:
            return whole(200, told, self.content, method)
        if not wanted:
            return whole(416, [(b"Content-Range", b"bytes */%d" % size), *more], b"")
        part = self.content[wanted.start : wanted.stop]
        told.append((b"Content-Range", b"bytes %d-%d/%d" % (wanted.start, wanted.stop - 1, size)))
        return whole(206, told, part)

    def _wanted(self, headers: Mapping[bytes, bytes]) -> range | None:
        """The one part that is asked for; empty where it lies behind the end, None where all is wanted.

        Several parts at once are answered with all (RFC 9110, 14.2 allows it).
        """
        match = _ONE_RANGE.fullmatch(headers.get(b"range", b""))
        if match is None or (b"if-range" in headers and headers[b"if-range"] != self.etag):
            return None
        first, last = match.groups()
        size = len(self.content)
        if first:
            if last and int(last) < int(first):
                return None
            return range(min(int(first), size), min(int(last) + 1, size) if last else size)
        return range(max(size - int(last), 0), size) if last else None


def body_of(path: str, content: bytes, encoding: bytes, mark: bytes, *, is_changed: bool) -> WebBody:
    """A file in an encoding; it is slow.

    Args:
        encoding: empty for none; what does not get smaller stays as it is.
        mark: what else an answer depends on.
        is_changed: it is not served as its builder made it, so its name says less.
    """
    suffix = PurePosixPath(path).suffix.lower()
    digest = sha256(mark + b"\0" + content).hexdigest()[:32].encode()
    packed = content
    if encoding and suffix in _COMPRESSED and len(content) >= _MIN_COMPRESSED_BYTES:
        packed = _packed(content, encoding)
    if len(packed) >= len(content):
        packed, encoding = content, b""
    return WebBody(
        packed,
        _TYPES.get(suffix, "application/octet-stream").encode(),
        encoding,
        b'"%b%b"' % (digest, b"-" + encoding if encoding else b""),
        _FOR_EVER if _DIGEST.search(path) and not is_changed else _ASK_EACH_TIME,
    )


def _packed(content: bytes, encoding: bytes) -> bytes:
    if encoding == b"br":
        return bytes(brotli.compress(content, quality=_BROTLI_QUALITY))
    return gzip.compress(content, _GZIP_LEVEL, mtime=0)


def best_encoding(headers: Mapping[bytes, bytes]) -> bytes:
    """What to encode an answer with; empty: nothing, as for a part of a file."""
    if b"range" in headers:
        return b""
    accepted = set()
    for item in headers.get(b"accept-encoding", b"").lower().split(b",")[:16]:
        name, _, parameter = item.partition(b";")
        if not _QUALITY.fullmatch(parameter.strip()):
            accepted.add(name.strip())
    return next((encoding for encoding in ENCODINGS if encoding in accepted), b"")


def _has_it(if_none_match: bytes, etag: bytes) -> bool:
    tags = [tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")[:16]]
    return etag in tags or tags == [b"*"]
