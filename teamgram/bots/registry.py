"""Which function answers which method of the Bot API."""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from teamgram.bots.parameters import Parameters
from teamgram.bots.table import declared_methods
from teamgram.domain.bots.bot import Bot

_MARK = "_bot_api_methods"
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call.

    Attributes:
        address: who asks, for the log.
    """

    bot: Bot
    parameters: Parameters
    address: str

    @property
    def bot_id(self) -> int:
        """The bot's account."""
        return self.bot.user_id


Handler = Callable[[ApiCall], Awaitable[Any]]


def api_method(name: str) -> Callable[[_Function], _Function]:
    """Register a function as the answer to a method; may stand several times above one."""

    def register(function: _Function) -> _Function:
        setattr(function, _MARK, (name, *getattr(function, _MARK, ())))
        return function

    return register


def handlers_of(families: Iterable[object]) -> dict[str, Handler]:
    """The functions of all families by their method's name in lower case.

    Raises:
        ValueError: a method that the Bot API has not, or two functions for one.
    """
    found: dict[str, Handler] = {}
    declared = declared_methods()
    for family in families:
        for attribute, function in inspect.getmembers(type(family), inspect.isfunction):
            for name in getattr(function, _MARK, ()):
                key = name.lower()
                if key not in declared or declared[key].name != name:
                    raise ValueError(f"the Bot API has no method {name}")
                if key in found:
                    raise ValueError(f"{name} is answered twice")
                found[key] = getattr(family, attribute)
    return found
