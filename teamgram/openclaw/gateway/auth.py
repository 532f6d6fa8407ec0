"""The shared secret, what guessing it costs, and the words of a refusal. Plain Python.

:mod:`door` uses these for every way in. Device tokens are :mod:`pairing`'s.
"""

import hmac
import os
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from teamgram.openclaw.gateway.errors import GatewayError, invalid

TOKEN, PASSWORD, NONE, TRUSTED_PROXY = "token", "password", "none", "trusted-proxy"
TOKEN_FILE = "gateway.token"

_FIRST_DELAY_MS = 250
_MOST_DELAY_MS = 5000
_MAX_TRACKED = 10_000
#: MessageAnswers to wrong secrets that may be held back for one address at a time.
MAX_HELD = 8


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """The configured mode and secret.

    Attributes:
        mode: ``token``, ``password`` or ``none``.
        secret: empty only in mode ``none``.
    """

    mode: str
    secret: str

    def matches(self, auth: Mapping[str, Any]) -> bool:
        """Whether one of the two places holds it. Takes the same time for every wrong guess of one length."""
        if not self.secret:
            return False
        want = self.secret.encode()
        given = [auth.get(place) for place in ("token", "password")]
        return any([hmac.compare_digest(text.encode("utf-8", "replace"), want) for text in given if text])  # noqa: C419


def load_or_make_token(data_dir: Path) -> tuple[str, bool]:
    """The token in ``DIR/gateway.token`` (mode 0600), made at the first start.

    Returns:
        The token and whether it is new (then the operator is shown it, once).
    """
    path = data_dir / TOKEN_FILE
    try:
        token = path.read_text().strip()
        if token:
            return token, False
    except FileNotFoundError:
        pass
    token = secrets.token_urlsafe(32)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, 0o600)
        file.write(token + "\n")
        file.flush()
        os.fsync(descriptor)
    return token, True


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``gateway.auth.rateLimit``."""

    max_attempts: int = 10
    window_ms: int = 60_000
    lockout_ms: int = 300_000
    exempt_loopback: bool = True


@dataclass(slots=True)
class _Failures:
    count: int
    since_ms: float
    locked_until_ms: float = 0.0
    held_until_ms: list[float] = field(default_factory=list)


class FailureLimiter:
    """Failed attempts by (kind of credential, network, whether it is this machine); forgets the oldest beyond 10,000.

    Who is exempt from the lock (this machine, as shipped) pays with time: the
    answer to each failure is held back twice as long as the one before, and
    while :data:`MAX_HELD` answers are, nothing more is looked at. So the
    number of guesses is bounded however many sockets they come over.
    """

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._failures: OrderedDict[tuple[str, str, bool], _Failures] = OrderedDict()

    def locked_for_ms(self, kind: str, network: str, local: bool, now_ms: float) -> int:
        """How long this address must still wait; 0 when it may try."""
        entry = self._failures.get((kind, network, local))
        if entry is None:
            return 0
        if not (local and self.limit.exempt_loopback):
            return max(0, round(entry.locked_until_ms - now_ms))
        held = entry.held_until_ms = [until for until in entry.held_until_ms if until > now_ms]
        return max(1, round(min(held) - now_ms)) if len(held) >= MAX_HELD else 0

    def failed(self, kind: str, network: str, local: bool, now_ms: float) -> int:
        """Count a failure.

        Returns:
            Milliseconds by which the answer is to be delayed: on loopback,
            where there is no lock, each failure in a row doubles it.
        """
        key = (kind, network, local)
        entry = self._failures.get(key)
        if entry is None or now_ms - entry.since_ms > self.limit.window_ms:
            entry = self._failures[key] = _Failures(0, now_ms)
            while len(self._failures) > _MAX_TRACKED:
                self._failures.popitem(last=False)
        entry.count += 1
        self._failures.move_to_end(key)
        exempt = local and self.limit.exempt_loopback
        if not exempt and entry.count >= self.limit.max_attempts:
            entry.locked_until_ms = now_ms + self.limit.lockout_ms
        if not exempt:
            return 0
        entry.since_ms = now_ms
        hold_ms = min(_MOST_DELAY_MS, _FIRST_DELAY_MS << min(entry.count - 1, 8))
        entry.held_until_ms.append(now_ms + hold_ms)
        return hold_ms

    def succeeded(self, kind: str, network: str, local: bool) -> None:
        """Forget this address's failures."""
        self._failures.pop((kind, network, local), None)


def unauthorized(text: str, code: str, reason: str, next_step: str, *, retry_with_device: bool = False) -> GatewayError:
    """The refusal of a connect: ``unauthorized: …``."""
    return invalid(
        f"unauthorized: {text}",
        {
            "code": code,
            "authReason": reason,
            "canRetryWithDeviceToken": retry_with_device,
            "recommendedNextStep": next_step,
        },
    )


def rate_limited(wait_ms: int) -> GatewayError:
    """The refusal while locked, even of the right secret."""
    error = unauthorized(
        "too many failed authentication attempts (retry later)", "AUTH_RATE_LIMITED", "rate_limited", "wait_then_retry"
    )
    error.retryable, error.retry_after_ms = True, wait_ms
    return error


def secret_refused(mode: str, auth: dict[str, Any], *, is_cli: bool, has_device: bool) -> GatewayError:
    """Why the shared secret did not open: missing, or wrong."""
    kind = "password" if mode == PASSWORD else "token"
    hint = f"(provide gateway auth {kind})"
    if is_cli:
        hint = f"(use this gateway's gateway.auth.{kind} or pair the device)"
    if not (auth.get("token") or auth.get("password")):
        return unauthorized(
            f"gateway {kind} missing {hint}",
            f"AUTH_{kind.upper()}_MISSING",
            f"{kind}_missing",
            "update_auth_configuration",
        )
    return unauthorized(
        f"gateway {kind} mismatch {hint}",
        f"AUTH_{kind.upper()}_MISMATCH",
        f"{kind}_mismatch",
        "retry_with_device_token" if has_device else "update_auth_credentials",
        retry_with_device=has_device,
    )
