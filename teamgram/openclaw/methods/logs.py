"""``logs.tail``."""

from collections.abc import Callable
from typing import Any

from teamgram.openclaw.config import redaction
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.log_tail import LogTail
from teamgram.openclaw.gateway.router import Call, method

_DEFAULT_LINES = 500
_DEFAULT_BYTES = 250_000


class LogMethods:
    """What the process said lately."""

    def __init__(self, log: LogTail, secrets: Callable[[], list[str]]) -> None:
        """Show lines of ``log``, never with one of ``secrets()`` in them."""
        self._log = log
        self._secrets = secrets

    @method("logs.tail", scopes.READ)
    def tail(self, call: Call) -> dict[str, Any]:
        """Lines after a cursor."""
        params = call.params
        shown = self._log.tail(
            params.get("cursor"), params.get("limit", _DEFAULT_LINES), params.get("maxBytes", _DEFAULT_BYTES)
        )
        secrets = self._secrets()
        shown["lines"] = [redaction.without_secrets(line, secrets) for line in shown["lines"]]
        return shown
