"""The one error that a control-plane client sees, and the codes it may carry."""

from collections.abc import Collection
from typing import Any

INVALID_REQUEST = "INVALID_REQUEST"
FORBIDDEN = "FORBIDDEN"
UNAVAILABLE = "UNAVAILABLE"
NOT_PAIRED = "NOT_PAIRED"
APPROVAL_NOT_FOUND = "APPROVAL_NOT_FOUND"
#: Ours: never on the wire of protocol 4 (it becomes UNAVAILABLE), -32603 in JSON-RPC.
INTERNAL = "INTERNAL"


class GatewayError(Exception):
    """A refused or failed request.

    Attributes:
        code: one of the codes above.
        message: for people; clients compare some of them literally.
        details: machine-readable, sent as it is.
        retry_after_ms: when set, ``retryable`` is sent as true with it.
        payload: sent beside the error (the replay of a failed ``chat.send`` has one).
    """

    def __init__(
        self,
        code: str,
        message: str,
        details: dict[str, Any] | None = None,
        *,
        retryable: bool | None = None,
        retry_after_ms: int | None = None,
        payload: Any = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details = details
        self.retryable = True if retry_after_ms is not None and retryable is None else retryable
        self.retry_after_ms = retry_after_ms
        self.payload = payload

    def to_wire(self) -> dict[str, Any]:
        """The ``error`` object of a ``res`` frame."""
        wire: dict[str, Any] = {"code": UNAVAILABLE if self.code == INTERNAL else self.code, "message": self.message}
        if self.retryable is not None:
            wire["retryable"] = self.retryable
        if self.retry_after_ms is not None:
            wire["retryAfterMs"] = self.retry_after_ms
        if self.details is not None:
            wire["details"] = self.details
        return wire


def invalid(message: str, details: dict[str, Any] | None = None) -> GatewayError:
    """``INVALID_REQUEST``."""
    return GatewayError(INVALID_REQUEST, message, details)


def unavailable(message: str, details: dict[str, Any] | None = None, **more: Any) -> GatewayError:
    """``UNAVAILABLE``; ``retry_after_ms=`` tells when to come again."""
    return GatewayError(UNAVAILABLE, message, details, **more)


def missing_scope(scope: str) -> GatewayError:
    """``FORBIDDEN`` for want of ``scope``."""
    return GatewayError(
        FORBIDDEN,
        f"missing scope: {scope}",
        {"code": "MISSING_SCOPE", "missingScope": scope, "requiredScopes": [scope]},
    )


def require_scope(scope: str, granted: Collection[str]) -> None:
    """Go on only for who was granted ``scope``.

    Args:
        granted: with everything that it implies, as ``scopes.expand`` gives it.

    Raises:
        GatewayError: it is missing.
    """
    if scope not in granted:
        raise missing_scope(scope)
