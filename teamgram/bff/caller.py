"""From one request to one result: the bff's only door.

Flood limit, login gate, what only people or only bots may call, decoding, the function, the error table and encoding
happen here and nowhere else. What does not have to wait is answered without a
Deferred, also when it is an ``async def`` that finished at once.
"""

from collections.abc import Awaitable, Iterable
from functools import partial
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.bff.coroutines import RunningCoroutine
from teamgram.bff.errors import AUTH_KEY_UNREGISTERED, INTERNAL, METHOD_NOT_IMPL, rpc_error_for
from teamgram.bff.kinds import KnownAccounts, check_kind, only_for
from teamgram.bff.registry import EncodedResult, RpcMethod, RpcService, collect
from teamgram.domain.errors import DomainError
from teamgram.domain.flood.limits import FloodLimits
from teamgram.interfaces.rpc import ASKING, RpcError, RpcRequest
from teamgram.mtproto.tl import BadConstructorError, TLError, decode, encode_result
from teamgram.mtproto.tl.errors import NotInLayerError


class HandlerFailed(Exception):
    """What is logged in place of an unexpected exception: the method and the exception's type."""


class Caller:
    """Implements ``interfaces.rpc.RpcCaller`` over a set of services.

    Args:
        limits: asked once for each request, by key and method.
        accounts: tells people from bots; None: everybody may call everything.
    """

    _log = Logger()

    def __init__(
        self, services: Iterable[RpcService], limits: FloodLimits, accounts: KnownAccounts | None = None
    ) -> None:
        self.methods = collect(services)
        self._limits = limits
        self._accounts = accounts
        self._only = only_for() if accounts is not None else {}

    def call(self, request: RpcRequest) -> bytes | Awaitable[bytes]:
        """The boxed result for the caller's layer, at once or through a Deferred.

        Raises:
            RpcError: at once or through the Deferred; nothing else.
        """
        method = self.methods.get(request.method)
        if method is None:
            raise RpcError(*METHOD_NOT_IMPL)
        caller = request.metadata
        if method.login and not caller.user_id:
            raise RpcError(*AUTH_KEY_UNREGISTERED)
        wait = self._limits.take(caller.perm_auth_key_id or caller.auth_key_id, method.name)
        if wait:
            raise RpcError(420, "FLOOD_WAIT", wait)
        try:
            query = decode(request.body)
        except BadConstructorError:
            raise RpcError(400, "INPUT_CONSTRUCTOR_INVALID") from None
        except TLError:
            raise RpcError(400, "INPUT_FETCH_ERROR") from None
        if getattr(query, "NAME", None) != method.name:
            raise RpcError(400, "INPUT_METHOD_INVALID")
        only = self._only.get(method.name)
        try:
            if only is not None and caller.user_id and self._accounts is not None:
                user = self._accounts.cached(caller.user_id)
                if user is None:
                    return self._run(method, request, self._after_a_look(self._accounts, only, method, request, query))
                check_kind(user, only)
            answer = self._asked(method, request, query)
            if method.is_async:
                return self._run(method, request, answer)
            return self._encoded(answer, method, request)
        except Exception as error:
            raise self._rpc_error(method, error) from None

    def _asked(self, method: RpcMethod, request: RpcRequest, query: Any) -> Any:
        if method.takes_request:
            return method.function(request.metadata, query, request)
        return method.function(request.metadata, query)

    async def _after_a_look(
        self, accounts: KnownAccounts, only: str, method: RpcMethod, request: RpcRequest, query: Any
    ) -> Any:
        """The answer for somebody of whom it is not known yet whether they are a bot."""
        check_kind(await accounts.require(request.metadata.user_id), only)
        answer = self._asked(method, request, query)
        return await answer if method.is_async else answer

    def _run(self, method: RpcMethod, request: RpcRequest, coroutine: Any) -> bytes | Deferred[bytes]:
        # The coroutine keeps this; what it asks of the database stands in its key's line.
        asked_before = ASKING.set(request.metadata.perm_auth_key_id or request.metadata.auth_key_id)
        try:
            answer, waiting = RunningCoroutine(coroutine, partial(self._answered, method, request)).begin()
        finally:
            ASKING.reset(asked_before)
        return self._encoded(answer, method, request) if waiting is None else waiting

    def _answered(self, method: RpcMethod, request: RpcRequest, answer: Any) -> bytes:
        if isinstance(answer, Failure):
            assert answer.value is not None
            raise self._rpc_error(method, answer.value) from None
        try:
            return self._encoded(answer, method, request)
        except Exception as error:
            raise self._rpc_error(method, error) from None

    def _encoded(self, answer: Any, method: RpcMethod, request: RpcRequest) -> bytes:
        if type(answer) is EncodedResult:
            return answer
        return encode_result(method.name, answer, request.metadata.layer)

    def _rpc_error(self, method: RpcMethod, error: BaseException) -> RpcError:
        """What the client is told; logged when it is nobody's fault but ours."""
        if isinstance(error, RpcError):
            return error
        if isinstance(error, DomainError):
            known = rpc_error_for(error)
            if known is not None:
                return known
        elif isinstance(error, CancelledError):
            # The session gave the request up; nobody reads this answer.
            return RpcError(*INTERNAL)
        elif isinstance(error, NotInLayerError):
            self._log.warn("{method}: {error}", method=method.name, error=error)
            return RpcError(*METHOD_NOT_IMPL)
        # An exception's text may quote what the client sent; its type and the lines it came through do not.
        unexpected = HandlerFailed(f"{method.name}: {type(error).__name__}")
        failure = Failure(unexpected, HandlerFailed, error.__traceback__)  # type: ignore[no-untyped-call]
        self._log.failure("{method} failed", failure=failure, method=method.name)
        return RpcError(*INTERNAL)
