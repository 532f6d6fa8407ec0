"""Between Twisted's Deferreds and asyncio's futures, on the reactor that is both."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


def from_asyncio(coroutine: Coroutine[Any, Any, T]) -> Deferred[T]:
    """A Deferred of what asyncio's coroutine comes to; cancelling it cancels that."""
    return Deferred.fromFuture(asyncio.ensure_future(coroutine))


async def to_asyncio(coroutine: Coroutine[Any, Any, T]) -> T:
    """What Twisted's coroutine comes to, awaited in one of asyncio's."""
    result: T = await Deferred.fromCoroutine(coroutine).asFuture(asyncio.get_running_loop())
    return result
