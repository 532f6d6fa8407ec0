"""From a method's literal name to the function that answers it.

A family of methods is a class whose functions carry :func:`method`; what a
caller needs (role, scope, shape of the parameters) is declared there and
checked here, in the reference gateway's order: role, draining, scope,
known at all, control-plane rate, parameters. ``hello-ok.features.methods`` is
:meth:`Router.names`: exactly what is registered.
"""

import inspect
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.connection import Connection
from teamgram.openclaw.gateway.errors import INTERNAL, GatewayError, invalid, require_scope, unavailable

OPERATOR = "operator"
NODE = "node"

#: Requests of one connection that may wait at once.
MAX_IN_FLIGHT = 1024
_CONTROL_PLANE_WRITES = 30
_CONTROL_PLANE_SECONDS = 60.0
_MAX_TRACKED_WRITERS = 10_000

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Method:
    """One registered method.

    Attributes:
        scope: an operator needs it at least; None: no scope at all. Where more is needed for some parameters, the
            function asks for it with :meth:`Call.require`, about what it is going to do and not about what was sent.
        roles: who may call it at all.
        control_plane_write: counts against 30 a minute.
        while_draining: answered although the process is going down.
    """

    name: str
    function: Callable[["Call"], Any]
    scope: str | None
    roles: tuple[str, ...]
    control_plane_write: bool
    while_draining: bool


def method(
    name: str,
    scope: str | None = scopes.ADMIN,
    *,
    roles: tuple[str, ...] = (OPERATOR,),
    control_plane_write: bool = False,
    while_draining: bool = False,
) -> Callable[[F], F]:
    """Mark a function of a family as the answer to ``name``.

    The function takes one :class:`Call` and returns the payload, at once or as
    a coroutine; it raises :class:`GatewayError` to refuse.
    """

    def mark(function: F) -> F:
        declared = (name, scope, roles, control_plane_write, while_draining)
        function.__dict__.setdefault("openclaw_methods", []).append(declared)
        return function

    return mark


class Responder(Protocol):
    """Where answers to one request go; a dialect's business."""

    def result(self, payload: Any) -> None:
        """A success. May be called again for methods that answer twice (``agent``)."""

    def error(self, error: GatewayError) -> None:
        """A failure."""


@dataclass(slots=True)
class Call:
    """One request on its way to a function.

    Attributes:
        params: validated when the function gets them; absent ones are an empty object.
        connection: who asks.
        reply: for further answers after the first, e.g. ``agent``'s final one.
    """

    method: str
    params: dict[str, Any]
    connection: Connection
    reply: Responder
    request_id: Any = None

    def require(self, scope: str) -> None:
        """What the caller wants done takes ``scope`` too.

        Raises:
            GatewayError: it was not granted.
        """
        require_scope(scope, self.connection.granted)


class Schemas(Protocol):
    """Validates parameters: ``schemas/`` has ours."""

    def problem(self, method: str, params: Any) -> str | None:
        """What is wrong with them, worded for the client, or None."""


class Router:
    """All methods, and the one gate in front of them.

    Attributes:
        methods: by name, in the order of registration.
    """

    _log = Logger()

    def __init__(self, schemas: Schemas, seconds: Callable[[], float]) -> None:
        self.draining: str | None = None
        self.methods: dict[str, Method] = {}
        self._schemas = schemas
        self._seconds = seconds
        self._writes: dict[tuple[str, str, str], deque[float]] = {}
        self._running: set[Deferred[Any]] = set()
        self.calls = 0
        self.failures = 0

    def register(self, family: object) -> None:
        """Add every :func:`method` of ``family``.

        Raises:
            ValueError: a name is registered twice.
        """
        for _, function in inspect.getmembers(family, callable):
            for name, scope, roles, write, draining in getattr(function, "openclaw_methods", ()):
                if name in self.methods:
                    raise ValueError(f"{name} is registered twice")
                self.methods[name] = Method(name, function, scope, roles, write, draining)

    def register_all(self, methods: Iterable[Method]) -> None:
        """Add methods that are no functions of a family.

        Raises:
            ValueError: a name is registered twice.
        """
        for each in methods:
            if each.name in self.methods:
                raise ValueError(f"{each.name} is registered twice")
            self.methods[each.name] = each

    def names(self) -> list[str]:
        """Every method that works, in the order of registration."""
        return list(self.methods)

    def __contains__(self, name: str) -> bool:
        return name in self.methods

    def dispatch(self, call: Call) -> None:
        """Check and run one request; its answer goes to ``call.reply``, now or later."""
        self.calls += 1
        connection = call.connection
        try:
            found = self._admit(call)
            outcome = found.function(call)
        except GatewayError as error:
            self.failures += 1
            call.reply.error(error)
            return
        except Exception:
            self._fail(call, Failure())
            return
        if inspect.iscoroutine(outcome):
            outcome = Deferred.fromCoroutine(outcome)
        if not isinstance(outcome, Deferred):
            call.reply.result(outcome)
            return
        self._running.add(outcome)
        connection.in_flight += 1
        outcome.addBoth(self._settled, call, outcome)

    def _settled(self, result: Any, call: Call, running: Deferred[Any]) -> None:
        self._running.discard(running)
        call.connection.in_flight -= 1
        if not isinstance(result, Failure):
            call.reply.result(result)
        elif isinstance(result.value, GatewayError):
            self.failures += 1
            call.reply.error(result.value)
        elif result.check(CancelledError):
            call.reply.error(unavailable(f"{call.method} was cancelled"))
        else:
            self._fail(call, result)

    def _fail(self, call: Call, failure: Failure) -> None:
        self.failures += 1
        self._log.failure("{method} failed", failure=failure, method=call.method)
        call.reply.error(GatewayError(INTERNAL, f"{call.method} failed; the server's log says why"))

    def _admit(self, call: Call) -> Method:
        connection = call.connection
        found = self.methods.get(call.method)
        if connection.role not in (found.roles if found else (OPERATOR,)):
            connection.unauthorized_role_calls += 1
            raise invalid(f"unauthorized role: {connection.role}")
        connection.unauthorized_role_calls = 0
        if self.draining is not None and not (found and found.while_draining):
            raise unavailable(
                f"{call.method} unavailable during gateway restart",
                {"method": call.method, "reason": "gateway-restarting", "phase": self.draining},
                retry_after_ms=1000,
            )
        if found is None:
            # Before any scope: the real gateway sends people after a right that would not help them. Which methods
            # there are is no secret, the hello lists them.
            if call.method == "connect":
                raise invalid("connect is only valid as the first request")
            raise invalid(f"unknown method: {call.method}")
        if connection.role == OPERATOR and found.scope is not None:
            require_scope(found.scope, connection.granted)
        if found.control_plane_write:
            self._count_write(call)
        problem = self._schemas.problem(call.method, call.params)
        if problem is not None:
            raise invalid(f"invalid {call.method} params: {problem}")
        if not isinstance(call.params, dict):
            call.params = {}
        if connection.in_flight >= MAX_IN_FLIGHT:
            raise unavailable("The server is busy. Please try again in a moment.", retryable=True)
        return found

    def _count_write(self, call: Call) -> None:
        """At most 30 control-plane writes in 60 s per method, device and address; refused ones count too."""
        now = self._seconds()
        key = (call.method, call.connection.device_id or "", call.connection.caller.network)
        recent = self._writes.setdefault(key, deque(maxlen=_CONTROL_PLANE_WRITES))
        if len(self._writes) > _MAX_TRACKED_WRITERS:
            self._writes = {k: v for k, v in self._writes.items() if v and now - v[-1] < _CONTROL_PLANE_SECONDS}
        if len(recent) == _CONTROL_PLANE_WRITES and now - recent[0] < _CONTROL_PLANE_SECONDS:
            wait = _CONTROL_PLANE_SECONDS - (now - recent[0])
            raise unavailable(
                f"rate limit exceeded for {call.method}; retry after {math.ceil(wait)}s",
                {"method": call.method, "limit": f"{_CONTROL_PLANE_WRITES} per {_CONTROL_PLANE_SECONDS:.0f}s"},
                retry_after_ms=round(wait * 1000),
            )
        recent.append(now)

    def stop(self) -> None:
        """Cancel what still runs."""
        for running in tuple(self._running):
            running.cancel()
