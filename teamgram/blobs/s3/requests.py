"""Signed requests to one bucket, sent again while that can help (Amazon S3 API Reference, "Error responses").

A request that finds nobody there, or a store that is overloaded or broken, is sent again
after a while, each time a longer one. Once one has failed for good the next ones are
tried once each, so that a store that is away costs nobody's memory and time.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore, TimeoutError
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed

from aws_request_signer import AwsRequestSigner
from treq.client import HTTPClient

from teamgram.blobs.errors import BlobsAway, BlobsFull
from teamgram.blobs.s3.body import read_body
from teamgram.blobs.s3.settings import S3Settings

TRIES = 4
FIRST_WAIT = 0.2
"""Seconds before the second try; each wait is about four times the one before."""
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
AT_ONCE = 16
"""Requests under way; each holds a MiB at most, but for the parts of two files being joined."""
MAX_ANSWER = 2 << 20
"""Of a listing; 1,000 names are a tenth of it."""
_KEPT_CONNECTIONS = 8
_HASHED_HERE = 64 << 10
"""Bytes that are hashed in less time than it takes to hand them to a thread."""

_CODE = re.compile(rb"<Code>\s*([A-Za-z0-9.]{1,64})\s*</Code>")
_AGAIN = frozenset({429, 500, 502, 503, 504})
_FULL = frozenset({"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage", "EntityTooLarge"})


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """What the store said; ``code`` is S3's name of an error, empty where all went well."""

    status: int
    code: str
    headers: Any
    body: bytes

    def header(self, name: str) -> str:
        """A header of it, empty when it has none."""
        values = self.headers.getRawHeaders(name) or [""]
        return str(values[0])


class S3Requests:
    """Requests to the bucket of ``settings``.

    Attributes:
        failing: why the last request came to nothing; empty after one that was answered.
        retries, failures: how many times a request was sent again, and came to nothing.
    """

    _log = Logger()

    def __init__(self, settings: S3Settings, reactor: Any) -> None:
        self._settings = settings
        self._reactor = reactor
        self._pool = HTTPConnectionPool(reactor, persistent=True)
        self._pool.maxPersistentPerHost = _KEPT_CONNECTIONS
        self._pool.retryAutomatically = False
        self._client = HTTPClient(Agent(reactor, connectTimeout=CONNECT_SECONDS, pool=self._pool))
        self._signer = AwsRequestSigner(settings.region, settings.access_key_id, settings.secret_access_key, "s3")
        self._room = DeferredSemaphore(AT_ONCE)
        self.failing = ""
        self.retries = 0
        self.failures = 0

    async def ask(
        self,
        method: str,
        key: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        most: int = MAX_ANSWER,
        seconds: float = ANSWER_SECONDS,
        tries: int = 0,
        accepted: tuple[int, ...] = (),
    ) -> StoreAnswer:
        """One request, sent until it is answered; 404 is an answer.

        Args:
            key: of the object; empty: the bucket itself.
            body: its SHA-256 goes along, signed: a store takes no other bytes than these.
            most: bytes that the answer may have.
            seconds: that one try may take.
            tries: that it may take, ``TRIES`` when it is 0.
            accepted: other statuses that are answers here.

        Raises:
            BlobsAway: the store is not there, refuses us, or fails each time.
            BlobsFull: it says that it is full.
        """
        wait, left = FIRST_WAIT, 1 if self.failing else tries or TRIES
        digest = await deferToThread(_digest, body) if len(body) > _HASHED_HERE else _digest(body)
        request = _Request(method, key, query or {}, headers or {}, body, digest, most)
        while True:
            left -= 1
            try:
                answer = await self._room.run(self._once, request, seconds)
            except CancelledError:
                raise
            except Exception as error:
                # Nobody there, a connection lost, no such host, too slow: the libraries have a dozen classes for it.
                why = _reason(error, seconds)
            else:
                if answer.code in _FULL or answer.status == 507:
                    raise BlobsFull
                if answer.status not in _AGAIN:
                    return self._answered(answer, accepted)
                why = f"{answer.status} {answer.code}"
            if not left:
                raise self._away(why)
            self.retries += 1
            await deferLater(self._reactor, wait * random.uniform(0.5, 1.5))
            wait *= 4

    def _answered(self, answer: StoreAnswer, accepted: tuple[int, ...]) -> StoreAnswer:
        if answer.status < 300 or answer.status == 404 or answer.status in accepted:
            if self.failing:
                self._log.info("the store of files answers again")
            self.failing = ""
            return answer
        raise self._away(f"{answer.status} {answer.code}")

    def _away(self, why: str) -> BlobsAway:
        self.failures += 1
        if not self.failing:
            self._log.warn("the store of files does not do what it is asked: {why}", why=why)
        self.failing = why
        return BlobsAway(why)

    def _once(self, request: "_Request", seconds: float) -> "Deferred[StoreAnswer]":
        return Deferred.fromCoroutine(self._send(request)).addTimeout(seconds, self._reactor)

    async def _send(self, request: "_Request") -> StoreAnswer:
        settings = self._settings
        url = f"{settings.endpoint}/{settings.bucket}" + (f"/{request.key}" if request.key else "")
        if request.query:
            url += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(request.query.items()))
        signed = self._signer.sign_with_headers(request.method, url, request.headers, request.digest)
        try:
            response = await self._client.request(
                request.method,
                url,
                headers={**request.headers, **signed},
                data=request.body or None,
                unbuffered=True,
                allow_redirects=False,
            )
            content = await read_body(response.original, request.most)
        except ResponseFailed as error:
            # Ours, or that of whoever waits for us: the client wraps it up.
            if any(reason.check(CancelledError) for reason in error.reasons):
                raise CancelledError from None
            raise
        status, code = response.code, ""
        # A copy, or an upload's end, may fail after its 200 has been sent.
        if status >= 300 or (request.method != "GET" and b"<Error>" in content[:1024]):
            found = _CODE.search(content)
            code = found.group(1).decode() if found else "Error"
            status = max(status, 500) if status < 300 else status
        return StoreAnswer(status, code, response.headers, content)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._pool.closeCachedConnections()


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    digest: str
    most: int


def _reason(error: Exception, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer for {seconds:g} s"
    while isinstance(error, ResponseFailed) and error.reasons:
        error = error.reasons[0].value
    return f"{type(error).__name__}: {error}"[:200]


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()
