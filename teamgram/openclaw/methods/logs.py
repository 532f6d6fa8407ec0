"""``logs.tail``."""

from collections.abc import Callable
from typing import Any

from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.log_tail import LogTail
from teamgram.openclaw.gateway.router import Call, method

_DEFAULT_LINES = 500
_DEFAULT_BYTES = 250_000


class LogMethods:
    """What the process said lately."""

    def __init__(self, log: LogTail, secret: Callable[[], str]) -> None:
        """Show lines of ``log``, never with ``secret()`` in them."""
        self._log = log
        self._secret = secret

    @method("logs.tail", scopes.READ)
    def tail(self, call: Call) -> dict[str, Any]:
        """Lines after a cursor."""
        params = call.params
        shown = self._log.tail(
            params.get("cursor"), params.get("limit", _DEFAULT_LINES), params.get("maxBytes", _DEFAULT_BYTES)
        )
        secret = self._secret()
        if secret:
            shown["lines"] = [line.replace(secret, "***") for line in shown["lines"]]
        return shown
