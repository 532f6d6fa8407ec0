"""One streamed POST to a model provider: timeouts, failures as :class:`ProviderError`, the body as SSE events."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.error import ConnectError, ConnectionLost, DNSLookupError
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone, ResponseFailed
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

import treq

from teamgram.openclaw.agent.providers.model_api import TIMEOUT, ProviderError, failure_of
from teamgram.openclaw.agent.providers.sse import SSEError, SSEParser
from teamgram.openclaw.config.sections import ProviderSection
from teamgram.openclaw.gateway import frames

_CONNECT_SECONDS = 15.0
_MAX_ERROR_BYTES = 65536
_MAX_BODY_BYTES = 64 * 1024 * 1024

#: Hears one event: (name, data).
OnEvent = Callable[[str, str], None]


class _Body(Protocol):
    """Parses what comes; the Deferred fires at the end of the body."""

    def __init__(self, on_event: OnEvent, heard: Callable[[], None]) -> None:
        self.done: Deferred[None] = Deferred(lambda _: self._stop())
        self._parser = SSEParser()
        self._on_event = on_event
        self._heard = heard
        self._size = 0

    def _stop(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        """Called by Twisted."""
        self._heard()
        self._size += len(data)
        try:
            if self._size > _MAX_BODY_BYTES:
                raise SSEError("the provider's reply does not end")
            for event, text in self._parser.feed(data):
                self._on_event(event, text)
        except Exception as error:
            self._finish(Failure(error))
            self._stop()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Called by Twisted."""
        self._finish(None if reason.check(ResponseDone, PotentialDataLoss) else reason)

    def _finish(self, failure: Failure | None) -> None:
        done = self.done
        if not done.called:
            done.callback(None) if failure is None else done.errback(failure)


class ProviderHttp:
    """Calls one provider."""

    def __init__(self, section: ProviderSection, reactor: Any) -> None:
        self._section = section
        self._reactor = reactor
        pool = HTTPConnectionPool(reactor, persistent=True)
        pool.retryAutomatically = False
        self._client = treq.client.HTTPClient(Agent(reactor, connectTimeout=_CONNECT_SECONDS, pool=pool))
        self._pool = pool

    async def stream(self, path: str, headers: dict[str, str], body: Any, on_event: OnEvent) -> None:
        """POST JSON and hear the events of the answer until its end.

        Raises:
            ProviderError: no answer, an answer that is no success, a stream that broke, silence for too long.
        """
        try:
            await self._stream(path, headers, body, on_event)
        except (CancelledError, ProviderError):
            raise
        except TimeoutError:
            raise ProviderError(
                "The model provider did not answer in time.", kind=TIMEOUT, reason="timeout", retryable=True
            ) from None
        except (ConnectError, ConnectionLost, DNSLookupError, ResponseFailed, OSError) as error:
            text = f"The model provider cannot be reached ({type(error).__name__})."
            raise ProviderError(text, reason="network", retryable=True) from None
        except (SSEError, ValueError, KeyError, TypeError) as error:
            text = f"The model provider's answer makes no sense ({type(error).__name__})."
            raise ProviderError(text, reason="format", retryable=True) from None

    async def _stream(self, path: str, headers: dict[str, str], body: Any, on_event: OnEvent) -> None:
        seconds = self._section.timeout_seconds
        told = {"content-type": "application/json", "accept": "text/event-stream", **headers, **self._section.headers}
        asking = self._client.post(
            self._section.base_url.rstrip("/") + path,
            data=frames.encode_json(body),
            headers=Headers({name: [value] for name, value in told.items()}),
            unbuffered=True,
        )
        asking.addTimeout(seconds, self._reactor)
        response = await asking
        if response.code != 200:
            raise await self._refused(response, seconds)
        silence: Any = None

        def heard() -> None:
            silence.reset(seconds)

        reading = _Body(on_event, heard)
        timed_out = False

        def too_quiet() -> None:
            nonlocal timed_out
            timed_out = True
            reading.done.cancel()

        silence = self._reactor.callLater(seconds, too_quiet)
        try:
            response.original.deliverBody(reading)
            await reading.done
        except CancelledError:
            if timed_out:
                raise TimeoutError from None
            raise
        finally:
            if silence.active():
                silence.cancel()

    async def _refused(self, response: Any, seconds: float) -> ProviderError:
        taken: list[bytes] = []
        reading = treq.collect(response, lambda data: taken.append(data) if len(taken) < 64 else None)
        reading.addTimeout(seconds, self._reactor)
        await reading
        error = failure_of(response.code, b"".join(taken)[:_MAX_ERROR_BYTES].decode("utf-8", "replace"))
        wait = response.headers.getRawHeaders("retry-after", [""])[0]
        if wait.isdigit():
            error.retry_after = min(float(wait), 300.0)
        return error
