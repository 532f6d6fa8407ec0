"""Which function answers which TL method.

A service is a class named after its entry in the IDMap (``RPCUsers``); the
literal TL name stands once, in the ``@rpc`` line above the function that
answers it. What the caller needs to know before running it (must the key be
signed in, does it want the request) is declared there too.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

_MARK = "_rpc_registrations"


class EncodedResult(bytes):
    """An answer that its method has already encoded for the caller's layer."""


@dataclass(frozen=True, slots=True)
class RpcMethod:
    """One registered method, bound to its service.

    Attributes:
        login: whether the key must be signed in.
        takes_request: the function has a third parameter and gets the
            ``RpcRequest`` (for its msg_id).
        is_async: it is an ``async def``; otherwise its value is the answer.
    """

    name: str
    service: str
    function: Callable[..., Any]
    login: bool
    takes_request: bool
    is_async: bool


def rpc(name: str, *, login: bool = True) -> Callable[[_Function], _Function]:
    """Register a service's function as the answer to the TL method ``name``.

    May stand several times above one function. ``login=False`` is for what
    works before sign-in.
    """

    def register(function: _Function) -> _Function:
        registrations = getattr(function, _MARK, ())
        setattr(function, _MARK, ((name, login), *registrations))
        return function

    return register


class RpcService:
    """Base of the classes that hold RPC methods; ``name`` is the service's name in the IDMap."""

    name: ClassVar[str] = ""

    def rpc_methods(self) -> Iterator[RpcMethod]:
        """Every registered method of this service, bound to this object."""
        for attribute, function in inspect.getmembers(type(self), inspect.isfunction):
            for method, login in getattr(function, _MARK, ()):
                # self, caller, query[, request]
                takes_request = len(inspect.signature(function).parameters) > 3
                yield RpcMethod(
                    method,
                    self.name,
                    getattr(self, attribute),
                    login,
                    takes_request,
                    inspect.iscoroutinefunction(function),
                )


def collect(services: Iterable[RpcService]) -> dict[str, RpcMethod]:
    """The methods of all services by TL name.

    Raises:
        ValueError: two functions claim the same method, or a service has no name.
    """
    methods: dict[str, RpcMethod] = {}
    for service in services:
        if not service.name:
            raise ValueError(f"{type(service).__name__} has no service name")
        for method in service.rpc_methods():
            if method.name in methods:
                raise ValueError(f"{method.name} is registered twice: {methods[method.name].service}, {service.name}")
            methods[method.name] = method
    return methods
