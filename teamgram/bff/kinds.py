"""Who may call what: people, bots, or both (``callers.tsv``)."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Protocol

from teamgram.bff.errors import BOT_METHOD_INVALID, USER_BOT_REQUIRED
from teamgram.domain.users.user import User
from teamgram.interfaces.rpc import RpcError


class KnownAccounts(Protocol):
    """Who tells people from bots."""

    def cached(self, user_id: int) -> User | None:
        """The account when it is in memory."""

    async def require(self, user_id: int) -> User:
        """The account."""


@lru_cache(maxsize=1)
def only_for() -> Mapping[str, str]:
    """ "user" or "bot" for each method that the others may not call."""
    lines = (files("teamgram.bff") / "callers.tsv").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        if not line.startswith("#"):
            method, who = line.split("\t")
            found[method] = who
    return found


def check_kind(user: User, only: str) -> None:
    """Whether that account may call a method that is for "user" or "bot" alone.

    Raises:
        RpcError: ``BOT_METHOD_INVALID``, ``USER_BOT_REQUIRED``.
    """
    if user.is_bot != (only == "bot"):
        raise RpcError(*(BOT_METHOD_INVALID if user.is_bot else USER_BOT_REQUIRED))
