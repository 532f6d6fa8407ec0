"""One streamed POST to a model provider: timeouts, failures as :class:`ProviderError`, the body as events."""

from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.error import ConnectError, ConnectionLost, DNSLookupError
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone, ResponseFailed
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

import treq

from teamgram.openclaw.agent.providers.failures import failure_of, retry_after
from teamgram.openclaw.agent.providers.model_api import TIMEOUT, ProviderError
from teamgram.openclaw.agent.providers.reply_body import NotAReplyError, ReplyBody
from teamgram.openclaw.agent.providers.reply_stream import ReplyStream
from teamgram.openclaw.agent.providers.sse import SSEError
from teamgram.openclaw.config.sections import ProviderSection
from teamgram.openclaw.gateway import frames

_CONNECT_SECONDS = 15.0
_MAX_ERROR_BYTES = 65536
_MAX_BODY_BYTES = 64 * 1024 * 1024
#: After the model's word that it stopped: how long its figures and the end of the stream may take.
AFTER_STOP_SECONDS = 2.0
#: After the end of the reply: how long the body may take to end, so that the connection can be used again.
LINGER_SECONDS = 1.0


class _Body(Protocol):
    """Parses what comes; the Deferred fires at the end of the reply, which may come before the end of the body."""

    def __init__(self, told: ReplyStream, seconds: float, reactor: Any) -> None:
        self.done: Deferred[None] = Deferred(lambda _: self._hang_up())
        self._told = told
        self._seconds = seconds
        self._reactor = reactor
        self._body = ReplyBody()
        self._size = 0
        self._progress = 0
        self._is_stopping = False
        self._timer: Any = reactor.callLater(seconds, self._too_quiet)

    def _hang_up(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    def _too_quiet(self) -> None:
        if self.done.called:
            self._hang_up()
        elif self._told.is_complete:
            self._finish(None)
            self._hang_up()
        else:
            self._finish(Failure(TimeoutError()))
            self._hang_up()

    def _wait(self, seconds: float) -> None:
        if self._timer.active():
            self._timer.reset(seconds)

    def dataReceived(self, data: bytes) -> None:
        """Called by Twisted."""
        told = self._told
        if self.done.called or told.ended:
            return
        try:
            self._size += len(data)
            if self._size > _MAX_BODY_BYTES:
                raise SSEError("the provider's reply does not end")
            for event, text in self._body.feed(data):
                told.event(event, text)
        except Exception as error:
            self._finish(Failure(error))
            self._hang_up()
            return
        if told.ended:
            # The body mostly ends with the same bytes: then the connection is free before anybody goes on.
            self._reactor.callLater(0, self._finish, None)
            self._wait(LINGER_SECONDS)
        elif not told.stop:
            self._wait(self._seconds)
        elif told.progress != self._progress or not self._is_stopping:
            # Some go on after that word; but what says nothing more keeps nobody waiting.
            self._is_stopping = True
            self._wait(min(AFTER_STOP_SECONDS, self._seconds))
        self._progress = told.progress

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Called by Twisted."""
        if self._timer.active():
            self._timer.cancel()
        if self.done.called:
            return
        if self._told.ended or not reason.check(ResponseDone, PotentialDataLoss):
            self._finish(None if self._told.is_complete else reason)
            return
        try:
            for event, text in self._body.finish():
                self._told.event(event, text)
        except Exception as error:
            self._finish(Failure(error))
        else:
            self._finish(None)

    def _finish(self, failure: Failure | None) -> None:
        done = self.done
        if not done.called:
            done.callback(None) if failure is None else done.errback(failure)


class ProviderHttp:
    """Calls one provider."""

    def __init__(self, name: str, section: ProviderSection, reactor: Any, base_url: str = "") -> None:
        """Args:
        name: of the provider in the configuration.
        base_url: when it is another than the section's.
        """
        self._name = name
        self._section = section
        self._base_url = base_url or section.base_url.rstrip("/")
        self._reactor = reactor
        pool = HTTPConnectionPool(reactor, persistent=True)
        pool.retryAutomatically = False
        self._client = treq.client.HTTPClient(Agent(reactor, connectTimeout=_CONNECT_SECONDS, pool=pool))
        self._pool = pool

    async def stream(self, path: str, headers: dict[str, str], body: Any, told: ReplyStream) -> None:
        """POST JSON; ``told`` hears the events of the answer until the reply's end.

        Raises:
            ProviderError: no answer, an answer that is no success, a stream that broke, silence for too long.
        """
        try:
            await self._stream(path, headers, body, told)
        except (CancelledError, ProviderError):
            raise
        except TimeoutError:
            raise ProviderError(
                "The model provider did not answer in time.", kind=TIMEOUT, reason="timeout", retryable=True
            ) from None
        except (ConnectError, ConnectionLost, DNSLookupError, ResponseFailed, OSError) as error:
            text = f"The model provider cannot be reached ({type(error).__name__})."
            raise ProviderError(text, reason="network", retryable=True) from None
        except NotAReplyError as error:
            raise self._no_reply(200, error.text, is_page=error.is_page) from None
        except (SSEError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            text = f"The model provider's answer makes no sense ({type(error).__name__})."
            raise ProviderError(text, reason="format", retryable=True) from None

    async def _stream(self, path: str, headers: dict[str, str], body: Any, told: ReplyStream) -> None:
        seconds = self._section.timeout_seconds
        if not self._base_url.startswith(("http://", "https://")):
            raise ProviderError(f"models.providers.{self._name}.baseUrl must be an http(s) address.", reason="format")
        sent = {"content-type": "application/json", "accept": "text/event-stream", **headers, **self._section.headers}
        asking = self._client.post(
            self._base_url + path,
            data=frames.encode_json(body),
            headers=Headers({name: [value] for name, value in sent.items()}),
            unbuffered=True,
        )
        asking.addTimeout(seconds, self._reactor)
        response = await asking
        if not 200 <= response.code < 300:
            raise await self._refused(response, seconds)
        reading = _Body(told, seconds, self._reactor)
        response.original.deliverBody(reading)
        await reading.done

    async def _refused(self, response: Any, seconds: float) -> ProviderError:
        taken: list[bytes] = []
        reading = treq.collect(response, lambda data: taken.append(data) if len(taken) < 64 else None)
        reading.addTimeout(seconds, self._reactor)
        await reading
        text = b"".join(taken)[:_MAX_ERROR_BYTES].decode("utf-8", "replace")
        # A page with a 5xx is a proxy's word about the server behind it, not about the address.
        error = self._no_reply(response.code, text, is_page=text.lstrip("\ufeff \t\r\n").startswith("<"))
        value = response.headers.getRawHeaders("retry-after", [""])[0]
        wait = retry_after(value, self._reactor.seconds())
        if wait is not None:
            error.retry_after = wait
        return error

    def _no_reply(self, status: int, text: str, *, is_page: bool) -> ProviderError:
        if is_page and (status < 400 or status in (403, 404, 405)):
            return ProviderError(
                f"What answers at {shown_address(self._base_url)} is a web page and no model "
                f"(HTTP {status}). Check models.providers.{self._name}.baseUrl.",
                reason="format",
                status=status,
            )
        return failure_of(status, text, (self._section.api_key, *self._section.headers.values()))


def shown_address(url: str) -> str:
    """A ``baseUrl`` without what may be secret in it: name and password, and whatever follows a question mark."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
